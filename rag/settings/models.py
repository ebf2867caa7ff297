"""Settings of the models: which ones, and the servers that they come from or run on."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from rag.settings.values import is_address

# The default encoder of each profile.
ENCODERS: Final = {
    "auto": "all-minilm-l6-v2",
    "english": "all-minilm-l6-v2",
    "multilingual": "multilingual-e5-small-q4",
}


def _without_credentials(model: str) -> str:
    """Refuses credentials in a server's address: it is shown and logged."""
    if not is_address(model):
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
    if value and not is_address(value):
        raise ValueError("it is no address of a server; one is http://127.0.0.1:5000")
    try:
        return _without_credentials(value)
    except ValueError as error:
        raise ValueError(
            str(error).replace("RAG_MODEL_KEY", "RAG_REGISTRY_KEY").replace(":8080/v1", ":5000")
        ) from error


def _printable(key: SecretStr) -> SecretStr:
    if not (key.get_secret_value().isascii() and key.get_secret_value().isprintable()):
        raise ValueError("a key is printable ASCII")
    return key


class ModelSettings(BaseModel):
    """Which models are used, and the servers that they come from or run on."""

    model_config = ConfigDict(frozen=True)

    model: Annotated[
        str,
        AfterValidator(_without_credentials),
        Field(
            description="language model: a name of the catalogue (`python -m rag models list`), a path to a GGUF file, "
            "`hf:OWNER/REPO/FILE.gguf@REVISION` of the Hugging Face Hub, `mlflow:NAME/VERSION` of a model registry, or "
            "the address of an OpenAI-compatible server, such as `http://127.0.0.1:8080/v1`"
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
    model_seconds: Annotated[
        int,
        Field(
            ge=1,
            le=3600,
            description="longest wait, in seconds, for that server to begin an answer, and for each further token",
        ),
    ] = 120
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

    @property
    def model_is_remote(self) -> bool:
        """True if the language model runs on a server, so that its weights are not needed here."""
        return is_address(self.model)
