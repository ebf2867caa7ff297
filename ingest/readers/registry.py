"""Reader registry: the reader of each file type, by suffix.

Files are read in a process of its own with little memory, so a library is imported with the first file that needs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from ingest.readers.source import Reader, ReadingOptions, SourceText
from rag.errors import FileFault


def _reader(module: str, name: str) -> Reader:
    """A reader that is imported with the first file, and raises nothing but FileFault, also where memory gives out."""

    def reader(path: Path, options: ReadingOptions) -> SourceText:
        read: Reader = getattr(import_module(f"ingest.readers.{module}"), name)
        try:
            return read(path, options)
        except MemoryError as error:
            raise FileFault("out_of_memory", "needs more memory than there is for one file; split it") from error
        except RecursionError as error:
            raise FileFault("malformed", "nested deeper than any document should be") from error
        except OSError as error:
            raise FileFault("unreadable", error.strerror or str(error)) from error

    return reader


def _by_suffix() -> Iterator[tuple[str, Reader]]:
    for suffixes, module, name in (
        (".pdf", "pdf", "read_pdf"),
        (".txt .text", "text", "read_text"),
        (".md .markdown", "markdown", "read_markdown"),
        (".html .htm", "html", "read_html"),
        (".docx", "docx", "read_docx"),
    ):
        reader = _reader(module, name)
        yield from ((suffix, reader) for suffix in suffixes.split())


# By the suffix of the name, in lower case.
READERS: Final[Mapping[str, Reader]] = dict(_by_suffix())


def thumbnails(path: Path, numbers: Sequence[int]) -> list[bytes]:
    """Thumbnails of pages of a PDF; see :func:`ingest.readers.pdf.thumbnails`."""
    from ingest.readers import pdf

    return pdf.thumbnails(path, numbers)
