"""Composition root: builds retriever and answerer, of one collection or several, from settings and opened models."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import Final

from rag import __version__
from rag.answering.answerer import Answerer
from rag.answering.calibration_store import calibration_path, read_calibration
from rag.answering.confidence import (
    CONFIDENCE_MODEL,
    WHOLE_CONFIDENCE_MODEL,
    WHOLE_FALSE_ANSWERS,
    ConfidenceModel,
    FittedLater,
)
from rag.answering.prompt import SYSTEM, SYSTEM_WHOLE
from rag.answering.record_folder import FolderRecorder, RecordFolder
from rag.answering.records import ModelIdentity, Setup
from rag.domain.collection_name import DEFAULT_COLLECTION
from rag.errors import IndexFault, SettingsError
from rag.index.current_index import CurrentIndex
from rag.index.joint.index import JointIndex
from rag.index.layout import COLLECTIONS, collection_names, collection_root, known_collection_root
from rag.index.search.pgvector import open_vector_database
from rag.models.llm.language_model import LanguageModel
from rag.models.llm.tuning.autotune import setup_settings, tuning_of
from rag.models.opening import (
    cores,
    generator_weights,
    locate_weights,
    open_encoder,
    open_language_model,
    open_remote_model,
    open_reranker,
    open_store,
    probe_own_model,
)
from rag.models.weights.catalogue import Kind
from rag.models.weights.store import Weights
from rag.retrieval.cached import RetrievalCache
from rag.retrieval.retriever import Retriever
from rag.runtime.cpu_gate import CpuGate
from rag.runtime.processor import read_processor
from rag.settings import PREFIX, Settings
from rag.text.languages.word_lists import load_english

_log = logging.getLogger(__name__)

# What they compute depends on their version, in the last digits.
_LIBRARIES: Final = ("llama-cpp-python", "onnxruntime", "openvino")
# From so many parameters on, a model writes what the passages say without being held to their words.
_STRONG: Final = 3_000_000_000
# Settings that shape an answer, beside those that name weights.
SHAPING: Final = (
    "context_tokens", "temperature", "passages", "evidence_tokens", "whole_evidence_tokens", "max_tokens",
    "rereads", "false_answers", "gpu_layers",
)  # fmt: skip


def in_collection(settings: Settings, name: str, *, may_be_new: bool = False) -> Settings:
    """The settings for one collection: its own index directory, and its own folder of records.

    Args:
        settings: those of the default collection.
        name: of the collection.
        may_be_new: whether it may be one that is not there yet.

    Raises:
        CollectionUnknown: there is no such collection, or the name cannot be one.
    """
    find = collection_root if may_be_new else known_collection_root
    index = find(settings.index, name)
    if name == DEFAULT_COLLECTION:
        return settings
    # What people say of answers is kept with the records, and calibrates the collection.
    records = settings.records / COLLECTIONS / name if settings.records else None
    return settings.model_copy(update={"index": index, "records": records})


def open_retriever(settings: Settings) -> tuple[Retriever, CurrentIndex]:
    """Loads encoder and reranker, and opens the index; a missing index is no error here.

    Raises:
        ModelError: weights are missing, corrupt or unusable.
        IndexCorrupt, IndexForeign, VectorsUnreachable: there is an index, and it cannot be served; where there are
            other collections, too, this is logged, and raised when the index is asked for.
        SettingsError: vectors are to be searched in a database, and psycopg is not installed.
    """
    encoder = open_encoder(settings)
    index = CurrentIndex(settings.index, encoder.identity, open_vector_database(settings.vector_database))
    try:
        index.open_if_there()
    except IndexFault as fault:
        if len(collection_names(settings.index)) == 1:
            raise
        _log.error("the default collection cannot be served, which stops no other: %s", fault)
    # Loads the network now: what is wrong with it shows when a service starts. Nor does the first question wait for it.
    encoder.encode([""])
    load_english()
    return Retriever(encoder, open_reranker(settings)), index


def open_answerer(settings: Settings, *, recorded: bool = False) -> Answerer:
    """Everything that answers questions; raises as :func:`open_retriever`.

    Args:
        settings: what to open.
        recorded: whether answers are recorded, if the settings name a folder for that.
    """
    model_identity(settings)  # fails before anything slow is loaded
    probe_own_model(settings)
    retriever, index = open_retriever(settings)
    confidence_model, fitted_later = open_confidence_model(settings)
    cpu_gate = CpuGate()
    model = open_language_model(settings, cpu_gate, (SYSTEM, SYSTEM_WHOLE))
    return Answerer(
        index=index,
        retriever=retriever,
        model=model,
        is_masked=_is_small(model),
        restates=True,
        # A strong model's first draft leaves little out, and another request to a server may cost money.
        rereads=settings.rereads and _is_small(model),
        passages=settings.passages,
        evidence_tokens=settings.evidence_tokens,
        max_tokens=settings.max_tokens,
        confidence_model=confidence_model,
        fitted_later=fitted_later,
        whole_evidence_tokens=settings.whole_evidence_tokens,
        whole_confidence_model=replace(
            WHOLE_CONFIDENCE_MODEL, false_answers=min(0.95, WHOLE_FALSE_ANSWERS * settings.false_answers)
        ),
        recorder=FolderRecorder(open_records(settings), setup_of(settings, retriever, confidence_model))
        if recorded and settings.records
        else None,
        searches=RetrievalCache(cpu_gate),
    )


def open_collection(settings: Settings, answerer: Answerer, name: str) -> Answerer:
    """The answerer of another collection: the models are shared, and nothing that comes from documents is.

    Its index is opened with the first question, so that one that is damaged stops no other.

    Args:
        settings: those of the default collection.
        answerer: of the default collection.
        name: of the other one.

    Raises:
        CollectionUnknown: there is no such collection.
        ModelError: it is calibrated, and weights are missing by now, or their server cannot be reached.
    """
    own = in_collection(settings, name)
    confidence_model, fitted_later = open_confidence_model(own)
    recorder = answerer.recorder
    if isinstance(recorder, FolderRecorder):
        setup = recorder.setup.model_copy(update={"confidence_model": confidence_model.digest})
        recorder = FolderRecorder(open_records(own), setup)
    return replace(
        answerer,
        index=CurrentIndex(own.index, answerer.retriever.encoder.identity, open_vector_database(own.vector_database)),
        confidence_model=confidence_model,
        fitted_later=fitted_later,
        recorder=recorder,
        searches=answerer.searches.emptied(),
    )


def joined(answerers: Mapping[str, Answerer]) -> Answerer:
    """Joint answerer: one question is put to several collections, and answered once, from all of them.

    It is that over the indexes of several, with the models of the first. Its answers are not recorded.

    Args:
        answerers: at least one, by the names of their collections; they share encoder, reranker and language model.
    """
    first = next(iter(answerers.values()))
    models = [answerer.confidence_model for answerer in answerers.values()]
    # A calibration is of the documents of one collection: where they differ, it is the model that ships.
    are_equal = len({model.digest for model in models}) == 1
    shipped = replace(CONFIDENCE_MODEL, false_answers=first.confidence_model.false_answers)
    return replace(
        first,
        index=JointIndex({name: answerer.index for name, answerer in answerers.items()}),
        confidence_model=first.confidence_model if are_equal else shipped,
        fitted_later=next((each.fitted_later for each in answerers.values() if each.fitted_later), None),
        # A record is kept by one collection, and replayed from a generation of it.
        recorder=None,
        searches=first.searches.emptied(),
    )


def open_confidence_model(settings: Settings) -> tuple[ConfidenceModel, FittedLater | None]:
    """The confidence model fitted to the index's documents, or else the default one; with ``false_answers`` as set.

    Beside it the place for one that is fitted later, where the default one was fitted to another language model.
    """
    # Of a collection that is opened while others answer: weights that need not be looked at are not.
    is_calibrated = os.path.lexists(calibration_path(settings.index))
    calibration = read_calibration(settings.index, model_digests(settings)) if is_calibrated else None
    if calibration:
        return replace(calibration.confidence_model, false_answers=settings.false_answers), None
    default = replace(CONFIDENCE_MODEL, false_answers=settings.false_answers)
    return default, None if _default_confidence_fits(settings) else FittedLater()


def _default_confidence_fits(settings: Settings) -> bool:
    """True for the language model that the default confidence model was fitted to."""
    catalogue = open_store(settings).catalogue
    if settings.model in catalogue:
        return catalogue.get(settings.model).measured
    weights = generator_weights(settings)
    return weights is not None and any(one.measured and one.digest == weights.digest for one in catalogue)


def model_digests(settings: Settings) -> tuple[str, ...]:
    """Digests of the language model, the encoder and the reranker; ModelError where one is missing."""
    names: dict[Kind, str] = {"encoder": settings.encoder, "reranker": settings.reranker}
    others = (locate_weights(settings, name, kind).digest for kind, name in names.items() if name)
    return (model_identity(settings).sha256, *others)


def model_identity(settings: Settings) -> ModelIdentity:
    """Identity of the language model; ModelError where it is missing or corrupt, or its server cannot be reached."""
    if not settings.model_is_remote:
        return _identity(locate_weights(settings, settings.model, "generator"))
    model = open_remote_model(settings)
    model.close()
    return ModelIdentity(name=model.name, sha256=model.digest)


def open_records(settings: Settings) -> RecordFolder:
    """The folder of answer records; SettingsError where none are kept."""
    if settings.records is None:
        raise SettingsError(
            "RAG_RECORDS is not set, so no record of an answer is kept; set it to the directory that is to hold them"
        )
    return RecordFolder(settings.records, settings.keep_records)


def setup_of(settings: Settings, retriever: Retriever, confidence_model: ConfidenceModel) -> Setup:
    """Versions, models and settings, as answer records keep them; ModelError where weights are missing or corrupt."""
    shaping = {f"{PREFIX}{name.upper()}": getattr(settings, name) for name in SHAPING}
    libraries = {name: version(name) for name in _LIBRARIES}
    return Setup(
        # Libraries choose their kernels by the processor, and these round otherwise.
        versions={"pageproof": __version__, **libraries, "processor": read_processor().name},
        model=model_identity(settings),
        encoder=retriever.encoder.identity,
        reranker=_identity(locate_weights(settings, settings.reranker, "reranker")) if settings.reranker else None,
        confidence_model=confidence_model.digest,
        whole_confidence_model=WHOLE_CONFIDENCE_MODEL.digest,
        # Sums are split among the threads, and so rounded otherwise.
        settings={**shaping, f"{PREFIX}THREADS": cores(settings), **_tuning_settings(settings)},
    )


def _identity(weights: Weights) -> ModelIdentity:
    return ModelIdentity(name=weights.name, sha256=weights.digest)


def _tuning_settings(settings: Settings) -> dict[str, int | float | str]:
    weights = generator_weights(settings)
    return setup_settings(tuning_of(settings, weights)) if weights else {}


def _is_small(model: LanguageModel) -> bool:
    """True for a model of this process with fewer than three billion parameters, which copies better than it words."""
    parameters: int | None = getattr(model, "parameters", None)
    return parameters is not None and parameters < _STRONG
