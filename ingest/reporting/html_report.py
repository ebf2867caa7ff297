"""HTML report of an ingest run: one file without scripts and requests.

Names, titles and reasons come from untrusted files: all of them are escaped, and the page's Content Security Policy
forbids scripts and requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ingest.reporting.console import duration, needs_attention
from ingest.reporting.report import Report, pages_by_kind
from rag.domain.file_status import FAILED, INDEXED, FileRow
from rag.runtime.files import write_atomically
from rag.text.characters import printable
from rag.text.templates import as_uri, fill

_TEMPLATE: Final = Path(__file__).with_name("html_report.html")
# Most files of a group and most thumbnails in all, so that a browser opens the page at once.
_CARDS: Final = 200
_PICTURES: Final = 300
# With more files the table of all files is folded.
_UNFOLDED: Final = 200

# Remedies for files that are not in the index, by status.
REMEDIES: Final[Mapping[str, str]] = {
    "empty_text": "Scan it again at 300 dpi, or check that OCR is installed and not switched off (--ocr).",
    "encrypted": "Save a copy that needs no password, for example with qpdf --decrypt, and ingest that.",
    "malformed": "Open it in the program it belongs to and save it anew; if that fails too, get another copy.",
    "too_large": "Split it, or raise RAG_FILE_MEGABYTES, RAG_FILE_PAGES, RAG_FILE_CHARACTERS or RAG_PAGE_CHARACTERS.",
    "timeout": "Split it, or raise RAG_FILE_SECONDS or RAG_PAGE_SECONDS, and ingest again.",
    "out_of_memory": "Split it, or raise RAG_READER_MEGABYTES, and ingest again.",
    "crashed": "The reader died of this file, and of this file only. Save it anew with another program.",
    "unreadable": "Check that it is still there, and that the user who ingests may read it.",
}

_NOT_INDEXED: Final = "failed"
# Groups of files that need attention, the worst first: heading and explanation.
_GROUPS: Final[Mapping[str, tuple[str, str]]] = {
    _NOT_INDEXED: ("Not in the index", "Nothing in these files can be found or cited."),
    "partial": ("Not complete", "Something of these files could not be read."),
    "empty": ("Pages without text", "Something is on these pages, and nothing of it can be found or cited."),
    "suspect": ("Garbled text", "The text does not look like language. It is in the index for want of a better one."),
    "second_opinion": ("No highlights", "Read by the second reader, without places: quotes are not marked on them."),
    "hidden": ("Hidden text", "Words that a person cannot see are on these pages: they were left out."),
    "crossed_out": ("Crossed-out text", "Words with a line through them are on these pages: they were left out."),
    "deleted": ("Deleted text", "Words that a tracked change deletes are on these pages: they were left out."),
    "ocr": ("Read by OCR", "The text was recognised in a picture of the page and may hold mistakes."),
    "blank": ("Blank pages", "Nothing is on these pages."),
    "figure": ("Figures", "What pictures and charts on these pages show is not read; their captions are."),
}
# Groups that are never folded, however many files there are.
_UNFOLDED_GROUPS: Final = (_NOT_INDEXED, "partial", "empty", "suspect", "hidden")
# The reason of a file has the pages with missing text, and not those.
_BESIDE_THE_REASON: Final = ("hidden", "crossed_out", "deleted", "ocr", "blank")
_CAPTIONS: Final = {
    "empty": "no text",
    "suspect": "garbled",
    "second_opinion": "no highlights",
    "hidden": "hidden text",
    "crossed_out": "crossed out",
    "deleted": "deleted",
    "ocr": "OCR",
    "blank": "blank",
    "figure": "figure, not read",
}


def write_report_page(path: Path, report: Report) -> None:
    """Writes the page atomically.

    Raises:
        OSError: it cannot be written.
    """
    # Names of files that are not UTF-8 have lone surrogates.
    write_atomically(path, render(report).encode(errors="replace"))


def render(report: Report) -> str:
    """Renders the page as HTML."""
    return fill(_TEMPLATE, _contents(report))


@dataclass(frozen=True)
class _Picture:
    source: str
    caption: str


@dataclass(frozen=True)
class _Card:
    """A file that needs attention."""

    path: str
    status: str
    reason: str
    remedy: str
    pages: Sequence[tuple[str, str]]
    pictures: Sequence[_Picture]


@dataclass(frozen=True)
class _Group:
    kind: str
    heading: str
    meaning: str
    cards: Sequence[_Card]
    more: int


@dataclass(frozen=True)
class _Stage:
    """Bar of a stage; ``start`` and ``width`` in percent of the run."""

    name: str
    seconds: str
    start: float
    width: float


def _contents(report: Report) -> dict[str, Any]:
    rows = [row for row in report.files if row.status in INDEXED]
    found, indexed = sum(row.characters for row in rows), sum(row.indexed_characters for row in rows)
    return {
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "report": report,
        "note": printable(report.note or ""),
        "attention": sum(map(needs_attention, report.files)),
        "statuses": sorted(report.counts.items(), key=lambda item: (item[0] not in FAILED, -item[1])),
        "failed": FAILED,
        "documents": sum(row.status != "duplicate" for row in rows),
        "found": found,
        "indexed": indexed,
        "share": indexed * 1000 // found / 10 if found else 0.0,
        "took": duration(report.seconds) if report.seconds >= 10 else f"{report.seconds:.1f} s",
        "stages": list(_stages(report)),
        "groups": list(_groups(report)),
        "files": [_table_row(row) for row in sorted(report.files, key=lambda row: row.path)],
        "unfolded": _UNFOLDED,
        "unfolded_groups": _UNFOLDED_GROUPS,
    }


def _table_row(row: FileRow) -> dict[str, Any]:
    """Fields of a file in the table of all files."""
    return {**vars(row), "path": printable(row.path), "reason": printable(row.reason or "")}


def _stages(report: Report) -> Iterator[_Stage]:
    """The stages at their times in the run: encoding overlaps with reading, and ends after it."""
    seconds = report.stages
    check, publish = seconds.get("check", 0.0), seconds.get("publish", 0.0)
    both = max(seconds.get("read and embed", 0.0), seconds.get("read", 0.0))
    whole = max(report.seconds, check + both + publish) or 1.0
    encoder = seconds.get("encoder at work", 0.0)
    for name, stage, start in (
        ("checking", "check", 0.0),
        ("reading", "read", check),
        ("encoding", "encoder at work", check + both - encoder),
        ("publishing", "publish", check + both),
    ):
        if stage in seconds:
            yield _Stage(name, f"{seconds[stage]:.1f} s", 100 * start / whole, 100 * seconds[stage] / whole)


def _groups(report: Report) -> Iterator[_Group]:
    """The files that need attention, each in the group of its worst remark."""
    members: dict[str, list[FileRow]] = {kind: [] for kind in _GROUPS}
    for row in report.files:
        if (kind := _group_of(row)) is not None:
            members[kind].append(row)
    pictures = _PICTURES
    for kind, rows in members.items():
        cards = []
        for row in sorted(rows, key=lambda row: row.path)[:_CARDS]:
            cards.append(card := _card(row, report.thumbnails.get(row.path, {}), pictures))
            pictures -= len(card.pictures)
        if cards:
            yield _Group(kind, *_GROUPS[kind], cards, len(rows) - len(cards))


def _group_of(row: FileRow) -> str | None:
    if row.status in FAILED:
        return _NOT_INDEXED
    remarked = pages_by_kind(row)
    return next((kind for kind in _CAPTIONS if kind in remarked), "partial" if row.status == "partial" else None)


def _card(row: FileRow, thumbnails: Mapping[int, bytes], most: int) -> _Card:
    remarked = pages_by_kind(row)
    return _Card(
        path=printable(row.path),
        status=row.status,
        reason=printable(row.reason or ""),
        remedy=REMEDIES.get(row.status, ""),
        pages=[(_CAPTIONS[kind], printable(remarked[kind])) for kind in _BESIDE_THE_REASON if kind in remarked],
        pictures=[
            _Picture(as_uri(picture), f"page {page}" + _caption(remarked, page))
            for page, picture in list(thumbnails.items())[:most]
        ],
    )


def _figures(row: FileRow) -> Iterator[tuple[str, str]]:
    """The figures of a file, with their captions and pages."""
    for remark, numbers in row.remarks.items():
        kind, _, caption = remark.partition(": ")
        if kind == "figure":
            yield _CAPTIONS[kind], printable(f"{numbers}: {caption}" if caption else numbers)


def _caption(remarked: Mapping[str, str], page: int) -> str:
    return next((f": {caption}" for kind, caption in _CAPTIONS.items() if _has_page(remarked.get(kind, ""), page)), "")


def _has_page(ranges: str, page: int) -> bool:
    """True if page ranges such as ``"3, 7-9"`` include a page; False for anything that is no range."""
    runs = re.findall(r"(\d{1,9})(?:-(\d{1,9}))?", ranges)
    return any(int(first) <= page <= int(last or first) for first, last in runs)
