"""Composition of collections: shared models, and nothing else that is shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rag import composition
from rag.answering.answerer import Answerer
from rag.answering.calibration_store import Calibration, write_calibration
from rag.answering.confidence import CONFIDENCE_MODEL
from rag.answering.prompt import SYSTEM, SYSTEM_WHOLE
from rag.answering.record_folder import FolderRecorder, RecordFolder
from rag.answering.records import ModelIdentity, Setup
from rag.composition import in_collection, open_collection
from rag.errors import CollectionUnknown, IndexCorrupt, IndexMissing
from rag.index.current_index import CurrentIndex
from rag.retrieval.retriever import Retriever
from rag.runtime.cpu_gate import CpuGate
from rag.settings import Settings
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.unit.conftest import publish

ENCODER = BagOfWordsEncoder()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(index=tmp_path / "index", models=tmp_path / "no models", records=tmp_path / "records")


@pytest.fixture
def other(settings: Settings) -> Path:
    root = settings.index / "collections" / "other"
    publish(root, {"pump.pdf": ["The pump is blue."]}, ENCODER)
    return root


def answerer_of(settings: Settings) -> Answerer:
    model = ModelIdentity(name="scripted", sha256="0" * 64)
    setup = Setup(versions={}, model=model, encoder={}, reranker=None, confidence_model="", settings={})
    return Answerer(
        CurrentIndex(settings.index, ENCODER.identity),
        Retriever(ENCODER, None),
        ScriptedModel([""]),
        4,
        800,
        64,
        recorder=FolderRecorder(RecordFolder(settings.index.parent / "records", 10), setup),
    )


@pytest.mark.usefixtures("other")
def test_settings_of_a_collection(settings: Settings) -> None:
    assert in_collection(settings, "default") is settings
    own = in_collection(settings, "other")
    assert own.index == settings.index / "collections" / "other"
    assert settings.records
    assert own.records == settings.records / "collections" / "other"
    assert in_collection(settings.model_copy(update={"records": None}), "other").records is None
    with pytest.raises(CollectionUnknown, match="there are: default, other"):
        in_collection(settings, "new")
    assert in_collection(settings, "new", may_be_new=True).index.name == "new"


@pytest.mark.usefixtures("other")
def test_models_are_shared_and_nothing_else_is(settings: Settings) -> None:
    answerer = answerer_of(settings)
    opened = open_collection(settings, answerer, "other")
    assert (opened.model, opened.retriever) == (answerer.model, answerer.retriever)
    assert [document.name for document in opened.generation().documents] == ["pump.pdf"]
    with pytest.raises(IndexMissing):
        answerer.generation()
    assert opened.searches is not answerer.searches
    assert isinstance(opened.recorder, FolderRecorder)
    assert opened.recorder.folder.root == settings.index.parent / "records" / "collections" / "other"
    opened.index.close()


def test_a_calibration_is_that_of_its_collection(
    settings: Settings, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composition, "model_digests", lambda _settings: ("a",))
    fitted = replace(CONFIDENCE_MODEL, thresholds=(0.25, 0.25))
    calibration = Calibration(models=("a",), generation="000001-00000000", questions=1, confidence_model=fitted)
    write_calibration(other, calibration)
    opened = open_collection(settings, answerer_of(settings), "other")
    assert opened.confidence_model.thresholds == (0.25, 0.25)
    assert composition.open_confidence_model(settings)[0].thresholds == CONFIDENCE_MODEL.thresholds
    assert isinstance(opened.recorder, FolderRecorder)
    assert opened.recorder.setup.confidence_model == opened.confidence_model.digest


def test_a_damaged_default_index_stops_a_service_only_if_it_is_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composition, "open_encoder", lambda _settings: ENCODER)
    monkeypatch.setattr(composition, "open_reranker", lambda _settings: None)
    settings.index.mkdir()
    (settings.index / "CURRENT").write_text("damaged")
    with pytest.raises(IndexCorrupt):
        composition.open_retriever(settings)
    (settings.index / "collections" / "other").mkdir(parents=True)
    _, index = composition.open_retriever(settings)
    with pytest.raises(IndexCorrupt):
        index.generation()


def test_the_model_computes_the_system_prompts_when_it_is_opened(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Sequence[str]] = []

    def opened(_settings: Settings, _gate: CpuGate, system_prompts: Sequence[str]) -> ScriptedModel:
        given.append(system_prompts)
        return ScriptedModel([""])

    for name, value in {
        "model_identity": ModelIdentity(name="scripted", sha256="0" * 64),
        "probe_own_model": None,
        "open_encoder": ENCODER,
        "open_reranker": None,
        "open_confidence_model": (CONFIDENCE_MODEL, None),
    }.items():
        monkeypatch.setattr(composition, name, lambda _settings, value=value: value)
    monkeypatch.setattr(composition, "open_language_model", opened)
    composition.open_answerer(settings).close()
    assert given == [(SYSTEM, SYSTEM_WHOLE)]
