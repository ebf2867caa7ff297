"""Reading of one file: text extraction, chunking, and counts that show lost text.

It runs in a process of its own (``ingest/sandbox/worker.py``), because a file may crash or exhaust its reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Final, Protocol

from ingest.chunking import Chunker, TokenCounter
from ingest.readers.registry import READERS, thumbnails
from ingest.readers.source import ReadingOptions, Remark, SourceText, ranges
from rag.domain.attached_file import AttachedFile
from rag.domain.stored import DocumentRecord, PageRecord
from rag.domain.values import Chunk, Page, in_context
from rag.errors import FileFault

# Most thumbnails of a file in the report, the worst pages first.
_MOST_THUMBNAILS: Final = 4
_WORST_FIRST: Final = ("empty", "suspect", "second_opinion", "hidden", "ocr")


@dataclass(frozen=True)
class ReadRequest:
    """A file to read; ``suffix``, in lower case, selects the reader, because a stored copy has no name."""

    path: Path
    suffix: str


@dataclass(frozen=True)
class Cutting:
    """Chunker and token limit for an encoder."""

    chunker: Chunker
    count_tokens: TokenCounter
    max_tokens: int


@dataclass(frozen=True)
class Reading:
    """Result of reading a file.

    Attributes:
        record: title, author, date, pages and chunks.
        texts: the text to encode for each chunk: under as many of its headings as the encoder takes.
        pages_with_text: number of pages with text.
        characters: of all pages, without white space.
        indexed_characters: those of them that are in chunks.
        remarks: page numbers by kind of remark and its detail, as ``{"empty: ocr off": "3, 7-9"}``.
        reason: what is missing, in one line; None where nothing is.
        thumbnails: small images of the pages with the worst remarks, by page.
        seconds: of reading and of chunking.
        attached: files that are attached to it, which are read as documents of their own.
    """

    record: DocumentRecord
    texts: Sequence[str]
    pages_with_text: int
    characters: int
    indexed_characters: int
    remarks: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None
    thumbnails: Mapping[int, bytes] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    attached: Sequence[AttachedFile] = ()


class Readers(Protocol):
    """Reads files. :class:`ingest.sandbox.pool.SandboxedReaders` does it in other processes."""

    def read(self, requests: Iterable[ReadRequest]) -> Iterable[tuple[ReadRequest, Reading | FileFault]]:
        """Yields each request with its outcome, in any order; reads only a few ahead of the consumer."""


def read_document(request: ReadRequest, cutting: Cutting, options: ReadingOptions) -> Reading:
    """Reads and chunks a file.

    Raises:
        FileFault: it cannot be read.
    """
    start = perf_counter()
    source = READERS[request.suffix](request.path, replace(options, attached=frozenset(READERS)))
    read = perf_counter()
    chunks = list(cutting.chunker.chunks(source.pages, cutting.count_tokens))
    if not chunks:
        raise FileFault("empty_text", source.reason or "no text in it")
    texts = [text_to_encode(chunk, cutting.count_tokens, cutting.max_tokens) for chunk in chunks]
    pages = [PageRecord.of(page) for page in source.pages]
    cut = perf_counter()
    return Reading(
        record=DocumentRecord(source.title, pages, chunks, source.author, source.created),
        texts=texts,
        pages_with_text=sum(1 for page in source.pages if page.text),
        characters=sum(_visible(page.text) for page in source.pages),
        indexed_characters=_indexed(source.pages, chunks),
        remarks=_by_kind(source.remarks),
        reason=source.reason,
        thumbnails=_thumbnails(request, source),
        seconds={"read": read - start, "cut": cut - read},
        attached=source.attachments,
    )


def text_to_encode(chunk: Chunk, count_tokens: Callable[[str], int], max_tokens: int) -> str:
    """The chunk under as much of its context as the encoder takes; it would silently truncate a longer text."""
    for dropped in range(len(chunk.context)):
        text = in_context(chunk.context[dropped:], chunk.text)
        if count_tokens(text) <= max_tokens:
            return text
    return chunk.text


def _visible(text: str) -> int:
    return sum(map(len, text.split()))


def _indexed(pages: Sequence[Page], chunks: Iterable[Chunk]) -> int:
    """Number of characters in chunks, each once: counted twice, overlaps would hide missing text."""
    texts = {page.number: page.text for page in pages}
    reached = dict.fromkeys(texts, 0)
    total = 0
    for page, start, end in sorted(chunk.span for chunk in chunks):
        total += _visible(texts[page][max(start, reached[page]) : end])
        reached[page] = max(end, reached[page])
    return total


def _by_kind(remarks: Iterable[Remark]) -> dict[str, str]:
    pages: dict[str, set[int]] = {}
    for remark in remarks:
        kind = f"{remark.kind}: {remark.detail}" if remark.detail else remark.kind
        pages.setdefault(kind, set()).add(remark.page)
    return {kind: ranges(sorted(numbers)) for kind, numbers in sorted(pages.items())}


def _thumbnails(request: ReadRequest, source: SourceText) -> dict[int, bytes]:
    """Thumbnails of the pages that a person should check."""
    order = sorted(
        (remark for remark in source.remarks if remark.kind in _WORST_FIRST and remark.kind != "ocr"),
        key=lambda remark: (_WORST_FIRST.index(remark.kind), remark.page),
    )
    numbers = list(dict.fromkeys(remark.page for remark in order))[:_MOST_THUMBNAILS]
    if request.suffix != ".pdf" or not numbers:
        return {}
    try:
        return dict(zip(numbers, thumbnails(request.path, numbers), strict=True))
    except FileFault:  # only pypdf could open it
        return {}
