"""Configuration: every ``RAG_*`` setting with its default, range and description.

The entry points read it from the environment and hand it down. Importing this module reads nothing. docs/settings.md
is generated from here: ``python docs/settings.py > docs/settings.md``.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Collection
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from rag.errors import SettingsError

PREFIX = "RAG_"
MOST_WORKERS: Final = 256
# Error messages leave out the values of these, which may be secret.
_UNSHOWN: Final = tuple(
    f"{PREFIX}{name}"
    for name in (
        "API_KEYS",
        "ADMIN_KEYS",
        "KEY_FILE",
        "MODEL",
        "MODEL_KEY",
        "REGISTRY",
        "REGISTRY_KEY",
        "VECTOR_DATABASE",
    )
)

# Shorter keys are guessed in days where nobody counts the attempts.
_SHORTEST_KEY: Final = 8

# A host name or an IPv4 address; with two colons or more, an IPv6 address.
_HOST: Final = re.compile(r"\*|[\w.-]+|[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*")

# First segments of the service's own paths that have others below them: with one of these as a prefix, it could not be
# told whether a proxy has taken the prefix away.
OWN_PATHS: Final = frozenset({"answers", "docs", "documents", "ingest", "v1", "web"})
# Segments of the unreserved characters of RFC 3986, none of them "." or "..".
_PATH: Final = re.compile(r"(/(?!\.\.?(/|$))[A-Za-z0-9._~-]+)+/?")

# The default encoder of each profile.
ENCODERS: Final = {
    "auto": "all-minilm-l6-v2",
    "english": "all-minilm-l6-v2",
    "multilingual": "multilingual-e5-small-q4",
}

Choice: TypeAlias = Literal["auto", "on", "off"]


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


def _without_credentials(model: str) -> str:
    """Refuses credentials in a server's address: it is shown and logged."""
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


def _registry(value: str) -> str:
    if value and not _is_address(value):
        raise ValueError("it is no address of a server; one is http://127.0.0.1:5000")
    try:
        return _without_credentials(value)
    except ValueError as error:
        raise ValueError(
            str(error).replace("RAG_MODEL_KEY", "RAG_REGISTRY_KEY").replace(":8080/v1", ":5000")
        ) from error


def _database(value: str) -> str:
    """Refuses a password in a database's address: libpq has other places for it, and messages quote addresses."""
    try:
        parts = urlsplit(value)
        is_plain = not value or (parts.scheme in ("postgresql", "postgres") and not parts.password)
    except ValueError:
        is_plain = False
    if not is_plain or "password=" in value:
        raise ValueError(
            "an address is postgresql://USER@HOST/NAME, without a password (PGPASSWORD and PGPASSFILE are for it)"
        )
    return value


def _is_address(model: str) -> bool:
    return model.casefold().startswith(("http://", "https://"))


def _named(value: object) -> object:
    """Refuses a blank path, which would be the current folder."""
    if isinstance(value, str) and not value.strip():
        raise ValueError("it is blank; name a directory, or unset it for the default")
    return value


def _printable(key: SecretStr) -> SecretStr:
    if not (key.get_secret_value().isascii() and key.get_secret_value().isprintable()):
        raise ValueError("a key is printable ASCII")
    return key


def _addresses(value: str) -> str:
    for part in filter(None, value.split(",")):
        ip_network(part.strip())  # uvicorn accepts a malformed address, and then trusts no proxy
    return value


def _collector(value: str) -> str:
    if value and not _is_address(value):
        raise ValueError("it is no address of a collector; one is http://127.0.0.1:4318")
    return value


def _path_prefix(value: str) -> str:
    """The path without a slash at its end."""
    if value.strip("/") and not _PATH.fullmatch(value):
        raise ValueError("it is no path; one is /pageproof: letters, digits and -._~ between slashes")
    first = value.lstrip("/").partition("/")[0]
    if first in OWN_PATHS:
        raise ValueError(f"/{first} is a path of the service itself; name another one")
    return value.rstrip("/")


def _host_names(value: object) -> object:
    """Host names in the form that :mod:`rag.service.allowed_hosts` compares: lower case, IPv6 without brackets."""
    if not isinstance(value, str):
        return value
    names = tuple(name.strip().casefold().strip("[]") for name in value.split(",") if name.strip())
    if wrong := [name for name in names if not _HOST.fullmatch(name)]:
        raise ValueError(f"{wrong[0]!r} is no host: a name or an address alone, without http:// and port; * for any")
    return names


def _history_file() -> Path | None:
    """Path in the state directory of the XDG Base Directory Specification 0.8; None without a home directory."""
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    try:
        return (state if state.is_absolute() else Path.home() / ".local/state") / "pageproof/history"
    except RuntimeError:
        return None


class Settings(BaseSettings):
    """All settings; each field is the variable ``RAG_<FIELD>``. Descriptions are for users: docs/settings.md."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    # Paths
    index: Annotated[
        Path,
        BeforeValidator(_named),
        Field(description="directory of the index; further collections are in its `collections/`"),
    ] = Path("indexes")
    models: Annotated[Path, BeforeValidator(_named), Field(description="directory of the model weights")] = Path(
        "models"
    )

    vector_database: Annotated[
        str,
        AfterValidator(_database),
        Field(
            description="address of a PostgreSQL database with pgvector, such as `postgresql://rag@host/rag`, in which "
            "vectors are searched; empty: in this process. Needs `requirements-pgvector.txt`"
        ),
    ] = ""

    # Models
    model: Annotated[
        str,
        AfterValidator(_without_credentials),
        Field(
            description="language model: a name of the catalogue (`python -m rag models list`), a path to a GGUF file, "
            "`mlflow:NAME/VERSION` of a model registry, or the address of an OpenAI-compatible server, such as "
            "`http://127.0.0.1:8080/v1`"
        ),
    ] = "qwen2.5-coder-1.5b-instruct-q4_k_m"
    model_id: Annotated[
        str, Field(description="model to request from that server; empty: the first that the server lists")
    ] = ""
    model_key: Annotated[
        SecretStr,
        AfterValidator(_printable),
        Field(description="API key for that server, in printable ASCII; empty: none is sent"),
    ] = SecretStr("")
    trust_model: Annotated[
        Literal["", "yes"],
        Field(
            description="`yes`: a GGUF file that is not in the catalogue, such as one of a registry, is loaded, after "
            "a trial in a process of its own; empty: it is refused. Say it only for files whose origin you trust"
        ),
    ] = ""
    registry: Annotated[
        str,
        AfterValidator(_registry),
        Field(
            description="address of an MLflow tracking server, such as `http://127.0.0.1:5000`, that "
            "`python -m rag models fetch mlflow:NAME/VERSION` downloads from; empty: none. Nothing else connects to it"
        ),
    ] = ""
    registry_key: Annotated[
        SecretStr,
        AfterValidator(_printable),
        Field(
            description="token for that server, or user and password with a colon between them, in printable ASCII; "
            "empty: none is sent"
        ),
    ] = SecretStr("")
    model_seconds: Annotated[
        int,
        Field(
            ge=1,
            le=3600,
            description="longest wait, in seconds, for that server to begin an answer, and for each further token",
        ),
    ] = 120
    profile: Annotated[
        Literal["auto", "english", "multilingual"],
        Field(
            description="which encoder is the default: `english` for English documents, `multilingual` for those in "
            "other languages and for questions in another language than the documents'; `auto`: `english`, and "
            "`ingest` says so where most documents are not English. Another encoder means another index"
        ),
    ] = "auto"
    encoder: str = Field(
        default_factory=lambda known: ENCODERS[known["profile"]],
        description="text embedding model: a name of the catalogue, or a path to a folder of sentence-transformers",
    )
    reranker: Annotated[
        str, Field(description="reranker (cross-encoder): a name of the catalogue; empty: no reranking")
    ] = "ms-marco-minilm-l12-v2"
    threads: Annotated[
        int,
        Field(
            ge=0,
            le=512,
            description="CPU threads of the models, in ingest those of the embedding model; 0: as measured by the "
            "tuning, else all cores that the process may use (a container's CPU limit counts)",
        ),
    ] = 0
    micro_batch: Annotated[
        int,
        Field(
            ge=0,
            le=4096,
            description="most tokens that the language model computes in one batch; 0: as measured by the tuning, "
            "else 512",
        ),
    ] = 0
    flash_attention: Annotated[
        Choice, Field(description="fused attention (flash attention); `auto`: as measured by the tuning, else `on`")
    ] = "auto"
    repack: Annotated[
        Choice,
        Field(
            description="rearrange the weights for the processor's vector units when they are loaded; `auto`: as "
            "measured by the tuning, else `on`"
        ),
    ] = "auto"
    tune: Annotated[
        Literal["auto", "off"],
        Field(
            description="`auto`: a new service measures in the background, for about 15 s, which way of running the "
            "language model is fastest on this machine; `off`: it measures nothing"
        ),
    ] = "auto"
    tuning: Annotated[
        Path | None,
        BeforeValidator(lambda value: value or None),
        Field(description="directory of `tuning.json`, the result of that measurement; empty: that of `RAG_MODELS`"),
    ] = None
    gpu_layers: Annotated[
        int, Field(ge=-1, le=1000, description="layers of the language model that a GPU computes; -1: all")
    ] = 0
    context_tokens: Annotated[
        int,
        Field(
            ge=512,
            le=131_072,
            description="context window of the language model, in tokens; of a model on a server, where the server "
            "does not report its own",
        ),
    ] = 4096
    temperature: Annotated[
        float, Field(ge=0, le=2, description="sampling temperature; 0: greedy decoding, which is repeatable")
    ] = 0.0

    # Answers
    passages: Annotated[int, Field(ge=1, le=50, description="most passages in a prompt")] = 6
    evidence_tokens: Annotated[
        int,
        Field(
            ge=64,
            le=100_000,
            description="most tokens of passages in the prompt for a fact; "
            "the best one is cut to what fits, and others "
            "that do not fit are left out",
        ),
    ] = 350
    whole_evidence_tokens: Annotated[
        int,
        Field(
            ge=64,
            le=100_000,
            description="the same for an answer of several sentences, such as a procedure or an explanation",
        ),
    ] = 1000
    max_tokens: Annotated[
        int, Field(ge=1, le=4096, description="most tokens of an answer, unless the request sets its own limit")
    ] = 256

    rereads: Annotated[
        bool,
        Field(
            description="for an answer of several sentences whose draft tells little, models of less than three "
            "billion parameters write two more short drafts, by which more of what matters is found; the answer then "
            "takes about half as long again"
        ),
    ] = True

    # Records of answers, and abstention
    records: Annotated[
        Path | None,
        BeforeValidator(lambda value: value or None),
        Field(description="directory where a record of each answer is kept; empty: none is kept"),
    ] = None
    guides: Annotated[
        Choice,
        Field(
            description="guides of documents (what each is, a summary, questions that it answers), which the service "
            "makes while nothing is asked; `auto`: not where a server runs the language model"
        ),
    ] = "auto"
    keep_records: Annotated[
        int, Field(ge=1, le=100_000, description="most records that are kept; the oldest are deleted")
    ] = 1000
    false_answers: Annotated[
        float,
        Field(
            gt=0,
            lt=1,
            description="accepted false-answer rate: the share of the questions that the documents do not answer which "
            "may be answered all the same; less means more abstentions",
        ),
    ] = 0.2

    # The prompt of `rag ask`
    history: Annotated[Path | None, BeforeValidator(lambda value: value or None)] = Field(
        default_factory=_history_file,
        description="file of the last 1,000 lines typed at the prompt of `rag ask`; empty: none is kept. The default "
        "follows `XDG_STATE_HOME`",
    )

    # Ingest
    workers: Annotated[
        int, Field(ge=0, le=MOST_WORKERS, description="processes that read files; 0: as many as cores")
    ] = 0
    keep_generations: Annotated[
        int, Field(ge=1, le=1000, description="generations (versions of the index) that are kept on disk")
    ] = 3
    file_megabytes: Annotated[
        int, Field(ge=1, le=100_000, description="largest file that is read, in MB (1,000,000 bytes)")
    ] = 200
    file_pages: Annotated[int, Field(ge=1, le=1_000_000, description="most pages of a file")] = 5_000
    file_characters: Annotated[int, Field(ge=1, description="most characters of a file")] = 20_000_000
    page_characters: Annotated[int, Field(ge=1, description="most characters of a page")] = 200_000
    file_seconds: Annotated[
        int,
        Field(ge=1, description="longest time for a file, in seconds; each page that needs OCR adds 30 s"),
    ] = 600
    page_seconds: Annotated[int, Field(ge=1, description="longest time for a page, in seconds")] = 60
    reader_megabytes: Annotated[
        int, Field(ge=256, description="largest address space of a process that reads files, in MiB")
    ] = 2048

    # The service
    host: Annotated[
        str, Field(description="address that the service listens on; the Docker image sets `0.0.0.0`, all interfaces")
    ] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535, description="TCP port that the service listens on")] = 8000
    parallel: Annotated[int, Field(ge=1, le=64, description="most questions that are answered at a time")] = 8
    # Twice `parallel`: an admitted request then ends within three times what an answer takes.
    max_queue: Annotated[
        int, Field(ge=0, le=10_000, description="most questions that wait behind those; one more gets a 503")
    ] = 16
    answer_seconds: Annotated[
        float | None,
        Field(
            gt=0,
            le=86_400,
            description="longest time of a request, in seconds from the end of its body, waiting included; then it "
            "gets a 503; empty: 120, or what a full queue takes on a slower machine, at most 600",
        ),
        BeforeValidator(lambda value: value or None),
    ] = None
    proxies: Annotated[
        str,
        AfterValidator(_addresses),
        Field(description="addresses or networks of proxies, separated by commas, whose X-Forwarded-For is trusted"),
    ] = "127.0.0.1"
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

    drain_seconds: Annotated[
        float,
        Field(
            ge=0,
            le=600,
            description="after SIGTERM, seconds for which questions are still taken while `/readyz` says 503, so that "
            "load balancers turn away first; then the port is closed",
        ),
    ] = 2.0
    root_path: Annotated[
        str,
        AfterValidator(_path_prefix),
        Field(
            description="path under which a proxy offers the service, such as `/pageproof`; the proxy may take it away "
            "from the requests that it passes on, or leave it. Empty: `/`"
        ),
    ] = ""
    traces: Annotated[
        str,
        AfterValidator(_collector),
        Field(
            description="address of an OpenTelemetry collector (OTLP over HTTP), such as `http://127.0.0.1:4318`, that "
            "gets the times of each answer and no text; empty: none. Needs `requirements-otel.txt`"
        ),
    ] = ""
    log: Annotated[
        Literal["text", "json"], Field(description="lines of the log: `text` for people, `json` for programs")
    ] = "text"

    # Adding documents over HTTP
    documents: Annotated[
        Path | None,
        BeforeValidator(lambda value: value or None),
        Field(
            description="folder that the service ingests, and stores uploaded documents in, those of further "
            "collections in its `.pageproof-collections/NAME`; empty: nothing can be added. Needs `RAG_ADMIN_KEYS` or "
            "`RAG_KEY_FILE`"
        ),
    ] = None
    admin_keys: Annotated[
        tuple[SecretStr, ...],
        NoDecode,
        BeforeValidator(_key_list),
        Field(
            description="keys for adding documents, as `RAG_API_KEYS`, and others than those; each is an access key, "
            "too. Set but blank is an error"
        ),
    ] = ()
    upload_bytes: Annotated[
        int,
        Field(
            ge=1, description="largest document that may be uploaded, in bytes; `RAG_FILE_MEGABYTES` is a limit, too"
        ),
    ] = 100 << 20

    @property
    def needs_keys(self) -> bool:
        """True if requests need a key, whether or not one is in force at the moment."""
        return bool(self.api_keys) or self.key_file is not None

    @property
    def model_is_remote(self) -> bool:
        """True if the language model runs on a server, so that its weights are not needed here."""
        return _is_address(self.model)


def _remedy(unknown: str, known: Collection[str]) -> str:
    """The nearest setting, else all of them. Compared without the common prefix, which would make all of them near."""
    near = get_close_matches(unknown.removeprefix(PREFIX), [name.removeprefix(PREFIX) for name in known], 1)
    return f"did you mean {PREFIX}{near[0]}?" if near else f"the settings are {', '.join(sorted(known))}"


def _origin(name: str, secrets: Path) -> str:
    """The secret file that a setting's value came from, as a remark for a message; empty for a variable."""
    file = secrets / name.lower()
    is_variable = any(variable.upper() == name for variable in os.environ)
    return f" (from the file {file})" if file.is_file() and not is_variable else ""


def read_settings(secrets: Path = Path("/run/secrets")) -> Settings:
    """The settings of this process: ``RAG_*`` variables, then files ``rag_*`` in ``secrets`` (Docker's secrets).

    Raises:
        SettingsError: a ``RAG_`` variable is unknown, a value is wrong, a secret cannot be read, or a setting that
            another one needs is missing; the message names the variable or the secret.
    """
    _check_names(secrets)
    try:
        with warnings.catch_warnings():
            # pydantic-settings only warns of a secret that is a folder or a link to elsewhere, and goes on without it;
            # without RAG_API_KEYS the service would be open to anyone.
            warnings.simplefilter("error", UserWarning)
            settings = Settings(_secrets_dir=secrets if secrets.is_dir() else None)  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        shown = "" if name in _UNSHOWN else f"={first['input']!r}"
        message = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{name}{shown}{_origin(name, secrets)} is wrong: {message}") from None
    except SourceError as error:
        raise SettingsError(f"a secret cannot be read: {error.__cause__}; {error}") from None
    _check_keys(settings)
    return settings


def _check_names(secrets: Path) -> None:
    """Refuses unknown variables and secrets: a misspelt name of the keys must not mean that there are none."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    variables = [(name, "") for name in os.environ]
    try:
        files = [(file.name, f" (the file {file})") for file in secrets.iterdir()] if secrets.is_dir() else []
    except OSError as error:
        raise SettingsError(f"the secrets cannot be read: {error}") from None
    for name, origin in sorted(variables + files):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            raise SettingsError(f"unknown setting {name}{origin}; {_remedy(name.upper(), known)}")


def _check_keys(settings: Settings) -> None:
    if settings.documents and not settings.admin_keys and settings.key_file is None:
        raise SettingsError(
            f"{PREFIX}DOCUMENTS is set, but documents are added only with an admin key: set {PREFIX}ADMIN_KEYS too "
            f"(or {PREFIX}KEY_FILE, with a key for admin), or unset {PREFIX}DOCUMENTS"
        )
    if set(settings.api_keys) & set(settings.admin_keys):
        raise SettingsError(
            f"{PREFIX}API_KEYS and {PREFIX}ADMIN_KEYS have a key in common, so whoever may ask could add documents: "
            "give each its own"
        )
