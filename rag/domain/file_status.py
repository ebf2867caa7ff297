"""Ingest status of a source file, and its row in the ingest report and the manifest.

No libraries: the process that reads an untrusted file imports this, and its memory is capped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Final, Literal, TypeAlias, get_args

from rag.errors import FailureStatus

# ``unchanged``: carried over from the previous generation. ``removed``: in the previous generation, the file is gone.
FileStatus: TypeAlias = Literal["ok", "partial", "unchanged", "duplicate", "removed", "unsupported", FailureStatus]

# Statuses after which the file's text is in the index.
INDEXED: Final[frozenset[FileStatus]] = frozenset({"ok", "partial", "unchanged", "duplicate"})
# Statuses that need a remedy from the user. A file of an unsupported type is reported, but is not a failure.
FAILED: Final[frozenset[FileStatus]] = frozenset(get_args(FailureStatus))


@dataclass(frozen=True)
class FileRow:
    """Outcome of an ingest run for one source file.

    The manifest has the fields in this order, without ``seconds``; the report has its own order, without ``sha256``,
    ``size``, ``file``, ``added`` and ``inside``.

    Attributes:
        path: relative to the ingested folder.
        sha256: of the content; None where the file was not read.
        size: in bytes.
        characters: of all pages, without white space.
        indexed_characters: those that are in chunks; the others are running headers and footers.
        remarks: page numbers by kind of remark and its detail, as ``{"empty: ocr off": "3, 7-9"}``.
        reason: why the file failed, or what is missing of it, in one line.
        seconds: taken to read and chunk it.
        file: its absolute path; None in a manifest of before 0.3, and in a report.
        added: time at which its content was first published, in ISO 8601; None as for ``file``.
        inside: SHA-256 of the document that it is attached to; None for a file of its own, and as for ``file``.
    """

    path: str
    sha256: str | None = field(default=None, kw_only=True)
    status: FileStatus
    size: int = field(default=0, kw_only=True)
    pages: int = 0
    pages_with_text: int = 0
    chunks: int = 0
    _: KW_ONLY
    characters: int = 0
    indexed_characters: int = 0
    remarks: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None
    seconds: float = 0.0
    file: str | None = None
    added: str | None = None
    inside: str | None = None
