"""Files that are embedded in a PDF, by its tree of names: attachments, and the members of a portfolio."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import PurePosixPath
from typing import Any, Final, NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium

from rag.text.characters import clean

# Most files, and bytes of one and of all of them.
MOST_ATTACHMENTS: Final = 50
_LARGEST: Final = 32 << 20
_LARGEST_ALL: Final = 64 << 20
_LONGEST_NAME: Final = 200
_LONGEST_STRING: Final = 1 << 16


class AttachedFile(NamedTuple):
    """An embedded file: its name without folders, and its contents; None where these are missing or too large."""

    name: str
    data: bytes | None

    @property
    def suffix(self) -> str:
        """Of the name, in lower case."""
        return PurePosixPath(self.name).suffix.lower()


def attached_files(document: pypdfium2.PdfDocument) -> list[AttachedFile]:
    """The embedded files, PDFs first: their pages are counted on from those of the document, and can be drawn."""
    count = max(pdfium.FPDFDoc_GetAttachmentCount(document), 0)
    files: list[AttachedFile] = []
    left = _LARGEST_ALL
    for index in range(min(count, MOST_ATTACHMENTS)):
        attachment = pdfium.FPDFDoc_GetAttachment(document, index)
        if attachment:
            data = _contents(attachment, min(_LARGEST, left))
            left -= len(data or b"")
            files.append(AttachedFile(_name(attachment) or f"attachment {index + 1}", data))
    if count > MOST_ATTACHMENTS:
        files.append(AttachedFile(f"{count - MOST_ATTACHMENTS} more", None))
    return sorted(files, key=lambda file: file.suffix != ".pdf")


@contextmanager
def open_attached(file: AttachedFile) -> Iterator[pypdfium2.PdfDocument | None]:
    """Opens an embedded PDF; None for another file, and one that cannot be opened."""
    try:
        document = pypdfium2.PdfDocument(file.data) if file.data and file.suffix == ".pdf" else None
    except pypdfium2.PdfiumError:
        document = None
    if document is None:
        yield None
        return
    with closing(document):
        yield document


def _contents(attachment: Any, most: int) -> bytes | None:  # noqa: ANN401 - a pointer of ctypes
    size = ctypes.c_ulong()
    if not pdfium.FPDFAttachment_GetFile(attachment, None, 0, size) or not 0 < size.value <= most:
        return None
    buffer = (ctypes.c_char * size.value)()
    if not pdfium.FPDFAttachment_GetFile(attachment, buffer, size.value, ctypes.c_ulong()):
        return None
    return bytes(buffer)


def _name(attachment: Any) -> str:  # noqa: ANN401 - a pointer of ctypes
    size = pdfium.FPDFAttachment_GetName(attachment, None, 0)
    if not 2 < size <= _LONGEST_STRING:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    pdfium.FPDFAttachment_GetName(attachment, buffer, size)
    name = bytes(buffer)[: size - 2].decode("utf-16-le", "ignore").replace("\\", "/").rpartition("/")[2]
    return " ".join(clean(name).split())[-_LONGEST_NAME:]
