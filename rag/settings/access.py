"""Settings of who may use the service: host names, keys and rates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import NoDecode

# A host name or an IPv4 address; with two colons or more, an IPv6 address.
_HOST: Final = re.compile(r"\*|[\w.-]+|[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*")
# Shorter keys are guessed in days where nobody counts the attempts.
_SHORTEST_KEY: Final = 8


def _host_names(value: object) -> object:
    """Host names in the form that :mod:`rag.service.allowed_hosts` compares: lower case, IPv6 without brackets."""
    if not isinstance(value, str):
        return value
    names = tuple(name.strip().casefold().strip("[]") for name in value.split(",") if name.strip())
    if wrong := [name for name in names if not _HOST.fullmatch(name)]:
        raise ValueError(f"{wrong[0]!r} is no host: a name or an address alone, without http:// and port; * for any")
    return names


def _key_list(value: object) -> object:
    """Keys separated by commas or line ends. Blank is refused: a secret that came out empty must not mean "no keys"."""
    if not isinstance(value, str):
        return value
    keys = [key.strip() for key in re.split(r"[,\r\n]", value) if key.strip()]
    if not keys:
        raise ValueError(
            "it is set, but blank; give it keys, separated by commas or line ends, or, to have no keys, unset the "
            "variable or remove the secret file"
        )
    for number, key in enumerate(keys, start=1):
        if len(key) < _SHORTEST_KEY:
            raise ValueError(
                f"key {number} has fewer than {_SHORTEST_KEY} characters, and could be guessed; make one with "
                "`openssl rand -hex 24`"
            )
        if not key.isprintable():
            raise ValueError(f"key {number} has control characters, which fit into no header")
    return keys


def _key_file(value: object) -> object:
    """Refuses a blank path: it must not mean "no keys". And contents, which a secret of this name may seem to want."""
    if isinstance(value, str):
        if not value.strip():
            raise ValueError("it is blank; name a file, or, to have no keys, unset the variable or remove the secret")
        if value.lstrip().startswith("{"):
            raise ValueError("it has the contents of a key file; name a path, such as /run/secrets/keys.json")
        return value.strip()
    return value


class AccessSettings(BaseModel):
    """Who may use the service, and how often."""

    model_config = ConfigDict(frozen=True)

    hosts: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(_host_names),
        Field(
            description="host names, beside `localhost` and any IP address, under which a service without keys answers "
            "requests, separated by commas; `*`: any"
        ),
    ] = ()
    api_keys: Annotated[
        tuple[SecretStr, ...],
        NoDecode,
        BeforeValidator(_key_list),
        Field(
            description="access keys of at least 8 characters, separated by commas or line ends; unset, without "
            "`RAG_KEY_FILE`: no key is needed, see `RAG_OPEN`. Set but blank is an error"
        ),
    ] = ()
    admin_keys: Annotated[
        tuple[SecretStr, ...],
        NoDecode,
        BeforeValidator(_key_list),
        Field(
            description="keys for adding documents, as `RAG_API_KEYS`, and others than those; each is an access key, "
            "too. Set but blank is an error"
        ),
    ] = ()
    key_file: Annotated[
        Path | None,
        BeforeValidator(_key_file),
        Field(
            description="file of further keys, with scopes and expiry dates, that `python -m rag keys` makes; while it "
            "is set, each request needs a key. Set but blank is an error"
        ),
    ] = None
    requests_per_minute: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            description="most requests a minute of each key that has no limit of its own; one more gets a 429; 0: any",
        ),
    ] = 600
    open: Annotated[
        Literal["", "local", "everyone"],
        Field(
            description="who is answered without keys where the service does not listen on this machine alone "
            "(127.0.0.1); empty: it does not start. `local`: requests for `localhost`, 127.0.0.1 or `RAG_HOSTS`; the "
            "port must be published on this machine only, as `docker-compose.yml` does. `everyone`: whoever reaches "
            "the port. With keys it means nothing"
        ),
    ] = ""

    @property
    def needs_keys(self) -> bool:
        """True if requests need a key, whether or not one is in force at the moment."""
        return bool(self.api_keys) or self.key_file is not None
