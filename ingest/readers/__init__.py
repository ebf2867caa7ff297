"""From a file to pages of text: one module for each kind of file, and what they share.

Reading is meant for a process of its own with little memory. So a library is imported when a file comes that needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
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

# By the suffix of the name, in lower case.
READERS: Final[Mapping[str, Reader]] = {
    ".pdf": read_pdf,
    ".txt": read_text,
    ".text": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".docx": read_docx,
}
