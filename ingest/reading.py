"""One file to what the index keeps of it: read, cut, and counted, so that no text is lost unseen.

It runs in a process of its own (``ingest/sandbox/worker.py``), because a file may crash or exhaust whatever reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Final, Protocol

from ingest.chunking import Chunker, TokenCounter
from ingest.readers.registry import READERS, thumbnails
from ingest.readers.source import ReadingOptions, Remark, SourceText, ranges
from rag.domain.stored import DocumentRecord, PageRecord
from rag.domain.values import Chunk, Page, in_context
from rag.errors import FileFault

# Pages of a file that are shown in the report, the worst first.
_SHOWN: Final = 4
_WORST_FIRST: Final = ("empty", "suspect", "second_opinion", "hidden", "ocr")


@dataclass(frozen=True)
class ReadRequest:
    """A file to read; ``suffix`` in lower case says by which reader, because a stored copy has none."""

    path: Path
    suffix: str


@dataclass(frozen=True)
class Cutting:
    """How text is cut for an encoder that takes ``max_tokens``."""

    chunker: Chunker
    count_tokens: TokenCounter
    max_tokens: int


@dataclass(frozen=True)
class Reading:
    """What a file gave.

    Attributes:
        record: title, pages and chunks.
        texts: for each chunk the text to encode: under as many of its headings as the encoder takes.
        pages_with_text: how many.
        characters: of all pages, without white space.
        indexed_characters: those of them that are in chunks.
        remarks: pages of which something is to be known, by kind and detail, as ``{"empty: ocr off": "3, 7-9"}``.
        reason: what is missing, in one line; None where nothing is.
        thumbnails: small pictures of the pages with the gravest remarks, by page.
        seconds: of reading and of cutting.
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


class Readers(Protocol):
    """Reads files. The real one does it in other processes."""

    def read(self, requests: Iterable[ReadRequest]) -> Iterable[tuple[ReadRequest, Reading | FileFault]]:
        """Each request with its outcome, in any order. Only a few are read ahead of what is taken."""


def read_document(request: ReadRequest, cutting: Cutting, options: ReadingOptions) -> Reading:
    """Reads and cuts a file.

    Raises:
        FileFault: it cannot be read.
    """
    start = perf_counter()
    source = READERS[request.suffix](request.path, options)
    read = perf_counter()
    chunks = list(cutting.chunker.chunks(source.pages, cutting.count_tokens))
    if not chunks:
        raise FileFault("empty_text", source.reason or "no text in it")
    texts = [_fitting(chunk, cutting) for chunk in chunks]
    pages = [PageRecord.of(page) for page in source.pages]
    cut = perf_counter()
    return Reading(
        record=DocumentRecord(source.title, pages, chunks),
        texts=texts,
        pages_with_text=sum(1 for page in source.pages if page.text),
        characters=sum(_visible(page.text) for page in source.pages),
        indexed_characters=_indexed(source.pages, chunks),
        remarks=_by_kind(source.remarks),
        reason=source.reason,
        thumbnails=_pictures(request, source),
        seconds={"read": read - start, "cut": cut - read},
    )


def _fitting(chunk: Chunk, cutting: Cutting) -> str:
    """The chunk under as many of its headings as the encoder takes; it would cut the chunk's end silently."""
    for dropped in range(len(chunk.headings)):
        text = in_context(chunk.headings[dropped:], chunk.text)
        if cutting.count_tokens(text) <= cutting.max_tokens:
            return text
    return chunk.text


def _visible(text: str) -> int:
    return sum(map(len, text.split()))


def _indexed(pages: Sequence[Page], chunks: Iterable[Chunk]) -> int:
    """Characters in chunks, each once: chunks that overlapped would otherwise hide that text is missing."""
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


def _pictures(request: ReadRequest, source: SourceText) -> dict[int, bytes]:
    """Small pictures of the pages that a person should look at."""
    order = sorted(
        (remark for remark in source.remarks if remark.kind in _WORST_FIRST and remark.kind != "ocr"),
        key=lambda remark: (_WORST_FIRST.index(remark.kind), remark.page),
    )
    numbers = list(dict.fromkeys(remark.page for remark in order))[:_SHOWN]
    if request.suffix != ".pdf" or not numbers:
        return {}
    try:
        return dict(zip(numbers, thumbnails(request.path, numbers), strict=True))
    except FileFault:  # only pypdf could open it
        return {}
