"""What the unit tests share: one Hypothesis profile, a quick folder, and small indexes made without PDFs."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from ingest.chunking import Chunker
from rag.domain import Document, Page, in_context
from rag.embedding import Encoder
from rag.index import Contents, Publication, SourceRow, writing

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


def page_of(text: str, number: int = 1) -> Page:
    """A page that is nothing but text."""
    return Page(number, text, 595.0, 842.0)


def contents_of(name: str, texts: Sequence[str], encoder: Encoder) -> Contents:
    """A document with one page for each text, cut and encoded as the job does it."""
    pages = [page_of(text, number) for number, text in enumerate(texts, start=1)]
    digest = hashlib.sha256("\f".join([name, *texts]).encode()).hexdigest()
    chunks = list(Chunker().chunks(pages, encoder.count_tokens))
    vectors = encoder.encode([in_context(chunk.headings, chunk.text) for chunk in chunks])
    document = Document(digest, (name,), name.removesuffix(".pdf"), len(pages), sum(map(len, texts)))
    return Contents(document, pages, chunks, vectors)


def publish(root: Path, documents: Mapping[str, Sequence[str]], encoder: Encoder) -> str:
    """Publishes an index of these documents; returns the name of the generation."""
    contents = [contents_of(name, texts, encoder) for name, texts in documents.items()]
    rows = [
        SourceRow(path=entry.document.name, sha256=entry.document.id, status="ok", pages=len(entry.pages))
        for entry in contents
    ]
    texts = [in_context(chunk.headings, chunk.text) for entry in contents for chunk in entry.chunks]
    about = Publication(encoder.identity, {"name": "test"}, rows)
    with writing(root) as writer:
        return writer.publish(contents, texts, about, {"files": []})
