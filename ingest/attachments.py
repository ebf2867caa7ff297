"""Attached files of a PDF, read as further pages of it: each begins with a heading that names it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from ingest.readers.registry import READERS
from ingest.readers.source import (
    BLANK,
    ReadingOptions,
    Remark,
    SourceText,
    check_pages,
    check_size,
    missing_reason,
)
from rag.domain.values import Heading, Page, Word
from rag.errors import FileFault
from rag.pdf.attachments import AttachedFile, open_attached

_A4: Final = (595.0, 842.0)
# Names of files that are not read are told up to this length.
_LONGEST_LIST: Final = 500


def with_attachments(source: SourceText, options: ReadingOptions) -> SourceText:
    """The text of a file, and after it that of the files that are attached to it; of their own attachments only names.

    Raises:
        FileFault: ``too_large`` for all of it together.
    """
    pages, remarks, unread = list(source.pages), list(source.remarks), []
    for file in source.attachments:
        part = _read(file, len(pages), options)
        if isinstance(part, FileFault):
            unread.append(f"{file.name} ({part.status})" if file.data else file.name)
            found: Sequence[Page] = _blank(file)
            remarks += [Remark(len(pages) + page.number, "empty", BLANK) for page in found]
        else:
            found = part.pages
            remarks += [replace(remark, page=remark.page + len(pages)) for remark in part.remarks]
            unread += [f"{file.name} › {other.name}" for other in part.attachments]
        pages += _renumbered(file.name, found, len(pages))
        check_pages(len(pages), options.limits)
        check_size(sum(len(page.text) for page in pages), options.limits)
    missing = [f"attached files that were not read: {_listed(unread)}"] if unread else []
    reason = "; ".join([*filter(None, [missing_reason(remarks)]), *missing]) or None
    return replace(source, pages=tuple(pages), remarks=remarks, reason=reason, attachments=())


def _read(file: AttachedFile, before: int, options: ReadingOptions) -> SourceText | FileFault:
    if file.data is None or file.suffix not in READERS:
        return FileFault("unreadable", "no reader for it")

    def on_page(number: int, count: int, ocr: bool) -> None:  # noqa: FBT001 - the signature of OnPage
        options.on_page(before + number, before + count, ocr)

    try:
        with _in_memory(file.data) as path:
            return READERS[file.suffix](path, replace(options, on_page=on_page))
    except FileFault as fault:
        return fault


@contextmanager
def _in_memory(data: bytes) -> Iterator[Path]:
    """A file in memory: the process that reads may write none."""
    descriptor = os.memfd_create("attachment")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(data)
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _blank(file: AttachedFile) -> list[Page]:
    """Pages of an attached PDF that has no text: they are counted, as those that are drawn."""
    with open_attached(file) as document:
        return [Page(number, "", *_A4) for number in range(1, len(document) + 1)] if document else []


def _renumbered(name: str, pages: Sequence[Page], before: int) -> Iterator[Page]:
    for page in pages:
        number = before + page.number
        headings = tuple(heading._replace(level=heading.level + 1) for heading in page.headings)
        page = replace(page, number=number, label=None, headings=headings)
        yield _named(name, page) if page.number == before + 1 and page.text else page


def _named(name: str, page: Page) -> Page:
    """The page with a heading before its text."""
    heading = f"Attached file: {name}"
    shift = len(heading) + 2
    start, end = page.body
    return replace(
        page,
        text=f"{heading}\n\n{page.text}",
        words=tuple(Word(word.start + shift, word.end + shift, word.box) for word in page.words),
        headings=(
            Heading(0, len(heading), 1),
            *(one._replace(start=one.start + shift, end=one.end + shift) for one in page.headings),
        ),
        tables=tuple(
            table._replace(
                start=table.start + shift,
                end=table.end + shift,
                header=(table.header[0] + shift, table.header[1] + shift),
            )
            for table in page.tables
        ),
        body=(0 if start == 0 else start + shift, min(end, len(page.text)) + shift),
    )


def _listed(names: Sequence[str]) -> str:
    text = ", ".join(names)
    return text if len(text) <= _LONGEST_LIST else f"{text[:_LONGEST_LIST].rpartition(', ')[0]}, and more"
