"""Rows of a docstore as documents and chunks. Any row is read or refused: the file may be damaged, or made to harm."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from rag.domain.values import Chunk, Document, Span

_ID: Final = re.compile(r"[0-9a-f]{64}")


def rows_by_document(rows: Sequence[tuple[Any, ...]]) -> dict[str, range]:
    """The rows of each document; ValueError where they do not follow each other without a gap, from 0 on."""
    spans: dict[str, range] = {}
    after = 0
    for first, chunks, document_id, *_ in rows:
        if type(first) is not int or type(chunks) is not int or first != after or chunks < 0:
            raise ValueError("the rows of its documents do not follow each other")
        after = first + chunks
        spans[document_id] = range(first, after)
    if len(spans) != len(rows):
        raise ValueError("a document is there twice")
    return spans


def document_of(
    document_id: str,
    names: str,
    title: str | None,
    pages: int,
    size: int,
    author: str | None,
    created: str | None,
    language: str | None,
) -> Document:
    """A document from its row; ValueError where a field is of another type, or it has no id or no name."""
    listed = _strings(names)
    if not isinstance(document_id, str) or not _ID.fullmatch(document_id) or not all(listed) or not listed:
        raise ValueError("a document has no id or no name")
    if type(pages) is not int or type(size) is not int or pages < 0 or size < 0:
        raise ValueError("the size of a document is no number")
    if not all(isinstance(text, str) for text in (title or "", author or "", created or "", language or "")):
        raise ValueError("a property of a document is no text")
    return Document(document_id, listed, title or _title_of(listed[0]), pages, size, author, created, language)


def _title_of(name: str) -> str:
    return PurePosixPath(name).stem.replace("_", " ")


def existing(row: tuple[Any, ...] | None) -> tuple[Any, ...]:
    """A row that must be there; ValueError where it is missing."""
    if row is None:
        raise ValueError("a row is missing")
    return row


def chunk_of(row: tuple[Any, ...]) -> Chunk:
    """A chunk from its row; ValueError where it is not within its page."""
    _, page, start, end, headings, lead_in, text = row
    texts = (text, lead_in or "")
    if not all(type(number) is int for number in (page, start, end)) or not all(isinstance(one, str) for one in texts):
        raise ValueError("a field of a chunk is of another type")
    if start < 0 or len(text) != end - start:
        raise ValueError("a chunk is not within its page")
    return Chunk(Span(page, start, end), text, _strings(headings), lead_in or "")


def _strings(data: str) -> tuple[str, ...]:
    """Texts from a JSON list of them; ValueError where it is none, or where one could not be encoded."""
    texts = json.loads(data)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("a list of texts is none")
    "".join(texts).encode()  # lone surrogates
    return tuple(texts)
