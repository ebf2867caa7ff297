"""What the unit tests share: one Hypothesis profile, a quick folder, and small indexes made without PDFs."""

from __future__ import annotations

import hashlib
import os
import resource
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from ingest.chunking import Chunker
from rag.domain.file_status import FileRow
from rag.domain.stored import DocumentRecord, PageRecord
from rag.domain.values import Page, in_context
from rag.index.docstore.writing import Entry
from rag.index.writer import GenerationMetadata, open_writer
from rag.models.embedding.interfaces import Encoder

# Repeatable, and never a failure because the machine was busy.
settings.register_profile(
    "unit",
    deadline=None,
    max_examples=60,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("unit")

_MEMORY = Path("/dev/shm")  # noqa: S108 - each test makes a folder of its own in it


@contextmanager
def quick_folder() -> Iterator[Path]:
    """In memory where that is possible: a publication syncs each of its files, which on a disk takes 0.1 s."""
    place = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="pageproof-", dir=place) as folder:
        yield Path(folder)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In place of pytest's: see :func:`quick_folder`."""
    with quick_folder() as folder:
        yield folder


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A disk that takes no larger file: writing more fails as on a full one."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def page_of(text: str, number: int = 1) -> Page:
    """A page that is nothing but text."""
    return Page(number, text, 595.0, 842.0)


def record_of(texts: Sequence[str], title: str | None = None) -> DocumentRecord:
    """A document with one page for each text, cut as the job does it."""
    pages = [page_of(text, number) for number, text in enumerate(texts, start=1)]
    chunks = list(Chunker().chunks(pages, lambda text: len(text.split())))
    return DocumentRecord(title, [PageRecord.of(page) for page in pages], chunks)


def id_of(name: str, texts: Sequence[str]) -> str:
    """The content of a document that is made of these texts."""
    return hashlib.sha256("\f".join([name, *texts]).encode()).hexdigest()


def publish(
    root: Path, documents: Mapping[str, Sequence[str]], encoder: Encoder, sources: Mapping[str, bytes] | None = None
) -> str:
    """Publishes an index of these documents; returns the name of the generation.

    Args:
        sources: contents to store in the place of the documents' files, by name; none by default.
    """
    with open_writer(root) as writer:
        staging, vectors = writer.staging()
        entries, rows = [], []
        for name, texts in documents.items():
            record, document_id = record_of(texts), id_of(name, texts)
            if sources and name in sources:
                writer.layout.source(document_id).write_bytes(sources[name])
            staging.add(document_id, sum(map(len, texts)), record)
            vectors.reserve(document_id, len(record.chunks))
            for position, chunk in enumerate(record.chunks):
                vectors.put(document_id, position, encoder.encode([in_context(chunk.headings, chunk.text)])[0])
            entries.append(Entry(document_id, (name,), fresh=True))
            rows.append(
                FileRow(path=name, sha256=document_id, status="ok", pages=len(record.pages), chunks=len(record.chunks))
            )
        about = GenerationMetadata(encoder.identity, {"name": "test"}, rows)
        return writer.publish(entries, None, (staging, vectors), about, lambda: {"files": []})
