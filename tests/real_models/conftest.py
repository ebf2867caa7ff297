"""The real encoder, the real reranker, and the smallest real language model. Without weights the tests are skipped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.discovery import discover
from rag.answering.answerer import Answerer
from rag.composition import open_answerer
from rag.errors import ModelError
from rag.models.embedding.interfaces import Encoder
from rag.models.opening import open_encoder, open_store
from rag.settings import Settings
from tests.fakes import ingest_job

ROOT = Path(__file__).parents[2]
SMALL = "smollm2-135m-instruct-q4_1"

pytestmark = pytest.mark.real_models


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(model=SMALL, index=tmp_path_factory.mktemp("indexes"), context_tokens=2048)
    try:
        for name in (settings.model, settings.encoder, settings.reranker):
            open_store(settings).locate(name)
    except ModelError as error:
        pytest.skip(str(error))
    return settings


@pytest.fixture(scope="session")
def encoder(settings: Settings) -> Encoder:
    return open_encoder(settings)


@pytest.fixture(scope="session")
def index(settings: Settings, encoder: Encoder) -> Path:
    report = ingest_job(settings.index, encoder).run(discover([ROOT / "knowledge_base"]))
    assert not report.failed
    return settings.index


@pytest.fixture(scope="session")
def answerer(settings: Settings, index: Path) -> Iterator[Answerer]:
    answerer = open_answerer(settings)
    yield answerer
    answerer.model.close()
