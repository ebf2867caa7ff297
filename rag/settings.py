"""The one place where configuration is defined. Read from ``RAG_*`` at the entry points, then handed down.

Importing this module reads nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from rag.errors import SettingsError

PREFIX = "RAG_"
MOST_WORKERS: Final = 256
# What is wrong with these is said without what was set: it may be secret.
_UNSHOWN: Final = (f"{PREFIX}API_KEYS", f"{PREFIX}ADMIN_KEYS", f"{PREFIX}MODEL", f"{PREFIX}MODEL_KEY")

# A name or an address; with two colons and more, of IPv6.
_HOST: Final = re.compile(r"\*|[\w.-]+|[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*")

Choice: TypeAlias = Literal["auto", "on", "off"]


def _comma_separated(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if value and not parts:
        raise ValueError("it is set, but holds no key; unset it to serve without keys")
    return parts


def _without_credentials(model: str) -> str:
    """An address is shown and logged, so nothing secret may be in it."""
    if not _is_address(model):
        return model
    try:
        parts = urlsplit(model)
        whole = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise ValueError("it is no address of a server; one is http://127.0.0.1:8080/v1") from error
    if "@" in parts.netloc or parts.query or parts.fragment or not whole:
        raise ValueError("an address has a host, and no credentials (RAG_MODEL_KEY is for them), query or fragment")
    return model.rstrip("/")


def _is_address(model: str) -> bool:
    return model.casefold().startswith(("http://", "https://"))


def _printable(key: SecretStr) -> SecretStr:
    if not (key.get_secret_value().isascii() and key.get_secret_value().isprintable()):
        raise ValueError("a key is printable ASCII")
    return key


def _addresses(value: str) -> str:
    for part in filter(None, value.split(",")):
        ip_network(part.strip())  # uvicorn would take what is wrong, and believe nobody
    return value


def _host_names(value: object) -> object:
    """As :mod:`rag.service.allowed_hosts` compares them."""
    if not isinstance(value, str):
        return value
    names = tuple(name.strip().casefold().strip("[]") for name in value.split(",") if name.strip())
    if wrong := [name for name in names if not _HOST.fullmatch(name)]:
        raise ValueError(f"{wrong[0]!r} is no host: a name or an address alone, without http:// and port; * for any")
    return names


def _history_file() -> Path | None:
    """In the state directory of the XDG Base Directory Specification 0.8; None where nobody has a home."""
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    try:
        return (state if state.is_absolute() else Path.home() / ".local/state") / "pageproof/history"
    except RuntimeError:
        return None


class Settings(BaseSettings):
    """Everything that an operator can set; each field is the variable ``RAG_<FIELD>``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    # Where things are
    index: Annotated[Path, Field(description="index directory")] = Path("indexes")
    models: Annotated[Path, Field(description="directory of the weights")] = Path("models")

    # What runs
    model: Annotated[
        str,
        AfterValidator(_without_credentials),
        Field(
            description="language model: a name of the catalogue, a path to a GGUF file, or the address of an "
            "OpenAI-compatible server that runs one"
        ),
    ] = "qwen2.5-coder-1.5b-instruct-q4_k_m"
    model_id: Annotated[
        str, Field(description="which of the models of that server; empty means the first that it lists")
    ] = ""
    model_key: Annotated[
        SecretStr, AfterValidator(_printable), Field(description="key for that server, if it wants one")
    ] = SecretStr("")
    model_seconds: Annotated[
        int, Field(ge=1, le=3600, description="longest wait for that server to begin an answer, and to go on with it")
    ] = 120
    encoder: Annotated[str, Field(description="text encoder: a name of the catalogue")] = "all-minilm-l6-v2"
    reranker: Annotated[str, Field(description="reranker: a name of the catalogue, or empty for none")] = (
        "ms-marco-minilm-l12-v2"
    )
    threads: Annotated[
        int, Field(ge=0, le=512, description="threads of the models; 0 means what suits this machine")
    ] = 0
    micro_batch: Annotated[
        int,
        Field(ge=0, le=4096, description="most tokens that the language model computes at once; 0 means as measured"),
    ] = 0
    flash_attention: Annotated[Choice, Field(description="fused attention; auto means as measured")] = "auto"
    repack: Annotated[
        Choice, Field(description="weights rearranged for the processor's vector units; auto means as measured")
    ] = "auto"
    tune: Annotated[
        Literal["auto", "off"], Field(description="whether the service measures this machine once, when it starts")
    ] = "auto"
    tuning: Annotated[
        Path | None,
        BeforeValidator(lambda value: value or None),
        Field(description="directory where what was measured is kept; empty means that of the weights"),
    ] = None
    gpu_layers: Annotated[
        int, Field(ge=-1, le=1000, description="layers of the language model that a GPU computes; -1 means all")
    ] = 0
    context_tokens: Annotated[
        int, Field(ge=512, le=131_072, description="context window of the language model, in tokens")
    ] = 4096
    temperature: Annotated[float, Field(ge=0, le=2, description="0 means greedy, and repeatable")] = 0.0

    # What an answer is made of
    passages: Annotated[int, Field(ge=1, le=50, description="most passages in a prompt")] = 6
    evidence_tokens: Annotated[int, Field(ge=64, le=100_000, description="most tokens of passages in a prompt")] = 350
    max_tokens: Annotated[int, Field(ge=1, le=4096, description="most tokens of an answer, unless asked otherwise")] = (
        256
    )

    # What is kept of an answer
    records: Annotated[
        Path | None,
        BeforeValidator(lambda value: value or None),
        Field(description="directory of the records of answers; empty means that none is kept"),
    ] = None
    keep_records: Annotated[int, Field(ge=1, le=100_000, description="records that stay; the oldest go")] = 1000
    false_answers: Annotated[
        float,
        Field(
            gt=0,
            lt=1,
            description="the dial: share of the questions that the documents do not answer which may be answered all "
            "the same; less means more abstentions",
        ),
    ] = 0.2

    # The prompt of `rag ask`
    history: Annotated[Path | None, BeforeValidator(lambda value: value or None)] = Field(
        default_factory=_history_file,
        description="file of the last lines that were typed at the prompt; empty means that none is kept",
    )

    # Ingest
    workers: Annotated[
        int, Field(ge=0, le=MOST_WORKERS, description="processes that read files; 0 means all cores")
    ] = 0
    keep_generations: Annotated[int, Field(ge=1, le=1000, description="generations that stay on the disk")] = 3
    file_megabytes: Annotated[int, Field(ge=1, le=100_000, description="largest file that is read")] = 200
    file_pages: Annotated[int, Field(ge=1, le=1_000_000, description="most pages of a file")] = 5_000
    file_characters: Annotated[int, Field(ge=1, description="most characters of a file")] = 20_000_000
    page_characters: Annotated[int, Field(ge=1, description="most characters of a page")] = 200_000
    file_seconds: Annotated[int, Field(ge=1, description="longest time for a file; scans have more for each page")] = (
        600
    )
    page_seconds: Annotated[int, Field(ge=1, description="longest time for a page")] = 60
    reader_megabytes: Annotated[int, Field(ge=256, description="most memory of a process that reads files")] = 2048

    # The service
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 8000
    parallel: Annotated[int, Field(ge=1, le=64, description="most answers at work at a time")] = 8
    # Twice the answers at work: an admitted request then ends within three times what an answer takes.
    max_queue: Annotated[int, Field(ge=0, le=10_000, description="most requests that wait behind those at work")] = 16
    answer_seconds: Annotated[
        float, Field(gt=0, le=86_400, description="longest time of a request, from its arrival; waiting counts")
    ] = 120.0
    proxies: Annotated[
        str,
        AfterValidator(_addresses),
        Field(description="addresses or networks of proxies, separated by commas, whose X-Forwarded-For is believed"),
    ] = "127.0.0.1"
    hosts: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(_host_names),
        Field(
            description="host names, beside localhost, under which a service without keys is asked, separated by "
            "commas; * for any"
        ),
    ] = ()
    api_keys: Annotated[
        tuple[SecretStr, ...],
        NoDecode,
        BeforeValidator(_comma_separated),
        Field(description="access keys, separated by commas; empty means that none is needed"),
    ] = ()

    # Adding documents over HTTP
    documents: Annotated[
        Path | None,
        BeforeValidator(lambda value: value or None),
        Field(description="folder that the service ingests, and puts added documents into; empty means none is added"),
    ] = None
    admin_keys: Annotated[
        tuple[SecretStr, ...],
        NoDecode,
        BeforeValidator(_comma_separated),
        Field(description="keys for adding documents, separated by commas; each opens what an access key opens, too"),
    ] = ()
    upload_bytes: Annotated[int, Field(ge=1, description="largest document that may be added, in bytes")] = 100 << 20

    @property
    def model_is_remote(self) -> bool:
        """Whether a server runs the language model, so that this machine needs no weights of it."""
        return _is_address(self.model)


def _remedy(unknown: str, known: Collection[str]) -> str:
    """What it may have been meant for, else all that there are; the prefix, which all share, makes none alike."""
    near = get_close_matches(unknown.removeprefix(PREFIX), [name.removeprefix(PREFIX) for name in known], 1)
    return f"did you mean {PREFIX}{near[0]}?" if near else f"the settings are {', '.join(sorted(known))}"


def read_settings(secrets: Path = Path("/run/secrets")) -> Settings:
    """The settings of this process: ``RAG_*`` variables, then files ``rag_*`` in ``secrets`` (Docker's secrets).

    Raises:
        SettingsError: a ``RAG_`` variable is unknown, a value is wrong, or one that it needs is missing; the message
            names the variable.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    if unknown := sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known):
        raise SettingsError(f"unknown setting {unknown[0]}; {_remedy(unknown[0], known)}")
    try:
        settings = Settings(_secrets_dir=secrets if secrets.is_dir() else None)  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        shown = "" if name in _UNSHOWN else f"={first['input']!r}"
        raise SettingsError(f"{name}{shown} is wrong: {first['msg']}") from None
    if settings.documents and not settings.admin_keys:
        raise SettingsError(
            f"{PREFIX}DOCUMENTS is set, and nobody may add documents without a key: set {PREFIX}ADMIN_KEYS too, "
            f"or unset {PREFIX}DOCUMENTS"
        )
    return settings
