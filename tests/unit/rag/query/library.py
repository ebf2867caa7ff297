"""Small indexes with headings, page labels and properties of files, made without PDFs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.chunking import Chunker
from rag.domain.file_status import FileRow
from rag.domain.stored import DocumentRecord, PageRecord
from rag.domain.values import Heading, Page, in_context
from rag.index.docstore.writing import Entry
from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.index.writer import GenerationMetadata, open_writer
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import id_of, quick_folder


@dataclass(frozen=True)
class Written:
    """A document: the text of its pages, in which a line that begins with ``# `` is a heading, ``## `` one below it."""

    pages: Sequence[str]
    title: str | None = None
    author: str | None = None
    created: str | None = None
    labels: Sequence[str] = ()


@contextmanager
def library_of(documents: Mapping[str, Written | Sequence[str]]) -> Iterator[Generation]:
    """The opened index of these documents, by name."""
    encoder = BagOfWordsEncoder()
    with quick_folder() as folder:
        root = Path(folder)
        with open_writer(root) as writer:
            staging, vectors = writer.staging()
            entries, rows = [], []
            for name, written in documents.items():
                written = written if isinstance(written, Written) else Written(written)
                record, document_id = _record(written), id_of(name, written.pages)
                writer.layout.source(document_id).write_bytes(b"")
                staging.add(document_id, sum(map(len, written.pages)), record)
                vectors.reserve(document_id, len(record.chunks))
                for position, chunk in enumerate(record.chunks):
                    text = in_context(chunk.headings, chunk.text)
                    vectors.put(document_id, position, encoder.encode([text])[0])
                entries.append(Entry(document_id, (name,), fresh=True))
                pages, chunks = len(record.pages), len(record.chunks)
                rows.append(FileRow(path=name, sha256=document_id, status="ok", pages=pages, chunks=chunks))
            about = GenerationMetadata(encoder.identity, {"name": "test"}, rows)
            writer.publish(entries, None, (staging, vectors), about, lambda: {"files": []})
        generation = open_current(root, encoder.identity)
        yield generation
        generation.close()


def _record(written: Written) -> DocumentRecord:
    labels = [*written.labels, *[None] * (len(written.pages) - len(written.labels))]
    pages = [
        _page(text, number, label) for number, (text, label) in enumerate(zip(written.pages, labels, strict=True), 1)
    ]
    chunks = list(Chunker(min_tokens=1).chunks(pages, lambda text: len(text.split())))
    records = [PageRecord.of(page) for page in pages]
    return DocumentRecord(written.title, records, chunks, written.author, written.created)


def _page(text: str, number: int, label: str | None) -> Page:
    lines, headings, position = [], [], 0
    for line in text.splitlines():
        level = len(line) - len(line.lstrip("#")) if line.startswith("#") else 0
        bare = line.lstrip("# ") if level else line
        if level:
            headings.append(Heading(position, position + len(bare), level))
        lines.append(bare)
        position += len(bare) + 1
    return Page(number, "\n".join(lines), 595.0, 842.0, (), tuple(headings), label=label)
