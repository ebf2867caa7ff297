"""Sentences and table rows of documents, with the headings above them: what claims are made from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ingest.readers.limits import ReadingLimits
from ingest.readers.registry import READERS
from ingest.readers.source import ReadingOptions
from rag.domain.values import Page
from rag.text.sentences import line_spans, sentence_spans

_FEWEST_WORDS: Final = 6
_MOST_WORDS: Final = 45
# Prose, and no formula or list of contents.
_PROSE: Final = re.compile(r"[A-Z“\"][^$\\{}_=|<>#~]+[.]")
_FEWEST_LETTERS: Final = 0.7
_ROW: Final = re.compile(r"([A-Z][^\W\d_][^\d€$£]{2,50}?) ((?:[€$£] ?)?\d[\d,.]*(?: ?%| [a-z]{3,8})?)")
_FOOTNOTE: Final = re.compile(r"(?<=\.) \d{1,2}(?= [A-Z]|$)")


@dataclass(frozen=True)
class Sentence:
    """A sentence of a page, on one line; ``before`` and ``after`` are its neighbours in the paragraph, or empty."""

    text: str
    before: str
    after: str
    context: str
    document: str
    page: int


@dataclass(frozen=True)
class TableRow:
    """A row of a table with two columns: a label and a value; ``others`` are the other rows."""

    label: str
    value: str
    others: Sequence[tuple[str, str]]
    context: str
    document: str


@dataclass(frozen=True)
class SourceDocument:
    """Sentences and rows of a document, in their order."""

    name: str
    sentences: Sequence[Sentence]
    rows: Sequence[TableRow]


def read_document(path: Path) -> SourceDocument:
    """Reads a PDF as the ingest job does, without OCR.

    Raises:
        FileFault: it cannot be read.
    """
    source = READERS[path.suffix.lower()](path, ReadingOptions(ReadingLimits(), "off"))
    title = source.title or path.stem
    sentences = [found for page in source.pages for found in _sentences(page, title, path.name)]
    rows = [found for page in source.pages for found in _rows(page, title, path.name)]
    return SourceDocument(path.name, sentences, rows)


def _sentences(page: Page, title: str, document: str) -> Iterator[Sentence]:
    tables = [(table.start, table.end) for table in page.tables]
    spans = [
        (start, end)
        for start, end in sentence_spans(page.text)
        if not any(start < stop and end > begin for begin, stop in tables)
    ]
    texts = [_one_line(page.text[start:end]) for start, end in spans]
    for number, (start, _) in enumerate(spans):
        if not _is_prose(texts[number]):
            continue
        before = after = ""
        if number and "\n\n" not in page.text[spans[number - 1][1] : start] and _is_prose(texts[number - 1]):
            before = texts[number - 1]
        if number + 1 < len(spans) and "\n\n" not in page.text[spans[number][1] : spans[number + 1][0]]:
            after = texts[number + 1] if _is_prose(texts[number + 1]) else ""
        yield Sentence(texts[number], before, after, _context(page, start, title), document, page.number)


def _rows(page: Page, title: str, document: str) -> Iterator[TableRow]:
    for table in page.tables:
        lines = [page.text[start:end] for start, end in line_spans(page.text, table.header[1], table.end)]
        rows = [(match[1], match[2]) for match in map(_ROW.fullmatch, lines) if match]
        for row in rows:
            others = [other for other in rows if other[0] != row[0] and other[1] != row[1]]
            if others:
                yield TableRow(*row, others, _context(page, table.start, title), document)


def _context(page: Page, start: int, title: str) -> str:
    above = [page.text[heading.start : heading.end] for heading in page.headings if heading.start <= start]
    return " > ".join([title, *above[-1:]])


def _one_line(text: str) -> str:
    return " ".join(_FOOTNOTE.sub("", text).split())


def _is_prose(text: str) -> bool:
    letters = sum(character.isalpha() or character == " " for character in text)
    return (
        _FEWEST_WORDS <= len(text.split()) <= _MOST_WORDS
        and bool(_PROSE.fullmatch(text))
        and letters >= _FEWEST_LETTERS * len(text)
    )
