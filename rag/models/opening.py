"""Opening of models from the settings: the store of weights, encoder, reranker and language model.

A machine that only embeds, for ingest, opens its encoder by this and loads nothing that answers questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import ModelUntrusted, ModelUnusable, SettingsError
from rag.models.embedding.e5_file import FILE_NAME
from rag.models.embedding.encoder import open_text_encoder
from rag.models.embedding.interfaces import Encoder, Reranker
from rag.models.embedding.reranker import OnnxReranker
from rag.models.llm.language_model import LanguageModel, Message
from rag.models.llm.tuning.autotune import tuning_of, warn_of_unused_instructions
from rag.models.weights.catalogue import Catalogue, Kind
from rag.models.weights.mlflow_registry import MlflowRegistry
from rag.models.weights.store import ModelStore, Weights
from rag.runtime.cpu_gate import CpuGate
from rag.runtime.processor import read_processor
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.models.llm.remote_model import OpenAIServerModel


def open_store(settings: Settings) -> ModelStore:
    """The store of model weights on this machine."""
    registry = MlflowRegistry(settings.registry, settings.registry_key.get_secret_value())
    return ModelStore(settings.models, Catalogue.load(), registry=registry)


def locate_weights(settings: Settings, name: str, kind: Kind) -> Weights:
    """The verified weights of a model of this kind.

    Raises:
        ModelError: they are missing or corrupt, or of an origin that the settings do not trust.
        SettingsError: the model of this name is of another kind.
    """
    store = open_store(settings)
    if kind == "generator" and settings.trust_model != "yes" and (file := store.own_file(name)):
        raise ModelUntrusted(
            f"{file} is not in the catalogue, so nobody has checked it, and the parsers of such files have had "
            "vulnerabilities; if you trust its origin, set RAG_TRUST_MODEL=yes"
        )
    if name in store.catalogue and (other := store.catalogue.get(name).kind) != kind:
        setting = "MODEL" if kind == "generator" else kind.upper()
        raise SettingsError(
            f"RAG_{setting}={name} is wrong: {name} is for another use ({other}); "
            f"known models: {store.catalogue.names(kind)}"
        )
    return store.locate(name, kind)


def generator_weights(settings: Settings) -> Weights | None:
    """The weights that run here, None where another server runs them; ModelError where they are missing or corrupt."""
    return None if settings.model_is_remote else locate_weights(settings, settings.model, "generator")


def probe_own_model(settings: Settings) -> None:
    """Tries a model that is not in the catalogue in a process of its own; ModelError where it cannot be used."""
    weights = generator_weights(settings)
    if weights and settings.model not in open_store(settings).catalogue:
        from rag.models.llm.probe import probe

        probe(weights.file, gpu_layers=settings.gpu_layers)


def open_encoder(settings: Settings) -> Encoder:
    """Opens the text encoder, which may load its network later; ModelError where it is missing, corrupt or unusable."""
    weights = locate_weights(settings, settings.encoder, "encoder")
    return open_text_encoder(weights.directory, name=weights.name, digest=weights.digest, threads=cores(settings))


def tokenizer_file(settings: Settings) -> Path:
    """The file of the encoder's tokenizer, for counting tokens in another process; ModelError where it is missing."""
    weights = locate_weights(settings, settings.encoder, "encoder")
    if weights.file.name == FILE_NAME:
        return weights.file
    file = weights.path("tokenizer.json")
    if not file.is_file():
        folder = repr(str(file.parent))
        raise ModelUnusable(
            f"there is no {file}, by which ingest counts tokens; have transformers write it: python -c "
            f'"from transformers import AutoTokenizer as T; T.from_pretrained({folder}).save_pretrained({folder})"'
        )
    return file


def cores(settings: Settings) -> int:
    """Number of threads or processes to run at a time: the setting, or the processors this process may use."""
    return settings.threads or read_processor().usable


def open_reranker(settings: Settings) -> Reranker | None:
    """Loads the reranker, unless none is wanted; ModelError where it is missing, corrupt or unusable."""
    if not settings.reranker:
        return None
    weights = locate_weights(settings, settings.reranker, "reranker")
    return OnnxReranker(weights.file, weights.path("tokenizer.json"), threads=cores(settings))


def open_remote_model(settings: Settings) -> OpenAIServerModel:
    """Connects to the server that runs the language model; ModelError where it cannot be reached, or refuses."""
    from rag.models.llm.remote_model import OpenAIServerModel

    return OpenAIServerModel(
        settings.model,
        key=settings.model_key.get_secret_value(),
        model_id=settings.model_id,
        context_tokens=settings.context_tokens,
        seconds=settings.model_seconds,
        temperature=settings.temperature,
    )


def open_language_model(settings: Settings, cpu_gate: CpuGate, system_prompts: Sequence[str] = ()) -> LanguageModel:
    """Loads the language model, or connects to its server; ModelError where it is missing, corrupt or unusable.

    Args:
        settings: that name it.
        cpu_gate: gives it the processors while it computes.
        system_prompts: that many of its chats begin with; a model that runs here computes their tokens now.
    """
    if settings.model_is_remote:
        return open_remote_model(settings)
    weights = locate_weights(settings, settings.model, "generator")
    # Imported here: `rag models fetch` and ingest do not need llama.cpp.
    from rag.models.llm.local_model import LlamaCppModel

    warn_of_unused_instructions()
    return LlamaCppModel(
        weights.file,
        name=weights.name,
        context_tokens=settings.context_tokens,
        tuning=tuning_of(settings, weights),
        parallel=settings.parallel,
        gpu_layers=settings.gpu_layers,
        cpu_gate=cpu_gate,
        temperature=settings.temperature,
        common_prefixes=[(Message("system", system),) for system in system_prompts],
    )
