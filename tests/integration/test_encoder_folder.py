"""RAG_ENCODER as the path of a folder, from ingest with its reading processes to a search."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from ingest.__main__ import open_job
from ingest.discovery import discover
from ingest.reporting.progress import Progress
from rag.domain.values import Question
from rag.errors import IndexForeign
from rag.index.current_index import CurrentIndex
from rag.models.opening import open_encoder
from rag.retrieval.retriever import Retriever
from rag.settings import Settings
from tests.unit.rag.models.embedding.tiny_bert import cls_pooling, dense_layer, tiny_bert


@pytest.mark.parametrize("change", [lambda _: None, cls_pooling, dense_layer], ids=["plain", "cls", "dense"])
def test_ingest_and_search(documents: Path, tmp_path: Path, change: Callable[[Path], None]) -> None:
    folder = tmp_path / "my-encoder"
    folder.mkdir()
    change(tiny_bert(folder))
    settings = Settings(encoder=str(folder), models=tmp_path / "models", index=tmp_path / "index", workers=1)
    with open_job(settings, settings.index, Progress()) as job:
        assert job.run(discover([documents])).published
    encoder = open_encoder(settings)
    index = CurrentIndex(settings.index, encoder.identity)
    hits = Retriever(encoder, None).retrieve(index.generation(), Question("When does the ferry to Skarholm leave?"), 3)
    assert hits[0].passage.document.names == ("ferry.pdf",)
    # Its index belongs to these weights: an encoder with others is refused.
    other = tmp_path / "other"
    other.mkdir()
    save_file({"other": np.zeros(1)}, tiny_bert(other) / "model.safetensors")
    identity = open_encoder(settings.model_copy(update={"encoder": str(other)})).identity
    with pytest.raises(IndexForeign, match="RAG_ENCODER"):
        CurrentIndex(settings.index, identity).generation()
