"""From a file to pages of text: one module for each kind of file, and what they share.

Reading is meant for a process of its own with little memory. So a library is imported when a file comes that needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from pathlib import Path
from typing import Final

from ingest.readers.hypertext import read_html
from ingest.readers.identity import VERSION, identity, is_read_otherwise
from ingest.readers.markdown import read_markdown
from ingest.readers.pdf import read_pdf, thumbnails
from ingest.readers.plain import read_text
from ingest.readers.source import (
    OcrMode,
    OnPage,
    Reader,
    ReadingOptions,
    Remark,
    SourceText,
    what_is_missing,
)
from ingest.readers.word import read_docx
from rag.errors import FileFault

__all__ = [
    "READERS",
    "VERSION",
    "OcrMode",
    "OnPage",
    "Reader",
    "ReadingOptions",
    "Remark",
    "SourceText",
    "identity",
    "is_read_otherwise",
    "read_pdf",
    "thumbnails",
    "what_is_missing",
]


def _guarded(read: Reader) -> Reader:
    """A reader that raises nothing but FileFault, also where memory or the disk gives out."""

    @wraps(read)
    def reader(path: Path, options: ReadingOptions) -> SourceText:
        try:
            return read(path, options)
        except MemoryError as error:
            raise FileFault("too_large", "needs more memory than there is for one file; split it") from error
        except RecursionError as error:
            raise FileFault("malformed", "nested deeper than any document should be") from error
        except OSError as error:
            raise FileFault("unreadable", error.strerror or str(error)) from error

    return reader


# By the suffix of the name, in lower case.
READERS: Final[Mapping[str, Reader]] = {
    suffix: _guarded(read)
    for suffixes, read in (
        (".pdf", read_pdf),
        (".txt .text", read_text),
        (".md .markdown", read_markdown),
        (".html .htm", read_html),
        (".docx", read_docx),
    )
    for suffix in suffixes.split()
}
