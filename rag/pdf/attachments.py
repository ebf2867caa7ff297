"""Files that are embedded in a PDF: by its tree of names (attachments, members of a portfolio), or by annotations.

ISO 32000-2, 7.11.4 (embedded file streams), 12.3.5 (portfolios) and 12.5.6.15 (file attachment annotations).
"""

from __future__ import annotations

import ctypes
import unicodedata
from collections.abc import Container, Iterator
from typing import Any, Final

import pypdfium2
import pypdfium2.raw as pdfium

from rag.domain.attached_file import (
    ATTACHED_TO,
    LARGEST_ALL_ATTACHED,
    LARGEST_ATTACHED,
    LONGEST_ATTACHED_NAME,
    MOST_ATTACHED,
    AttachedFile,
)
from rag.text.characters import clean

_MOST_ANNOTATIONS: Final = 5_000
_LONGEST_STRING: Final = 1 << 16


class EmbeddedFiles:
    """The embedded files of a document, as far as they were looked for; within limits of number and size."""

    def __init__(self, wanted: Container[str]) -> None:
        """``wanted``: suffixes of the files whose bytes are read."""
        self._wanted = wanted
        self._files: list[AttachedFile] = []
        self._names: set[str] = set()
        self._left = LARGEST_ALL_ATTACHED
        self._more = 0

    def add_from_page(self, page: pypdfium2.PdfPage) -> None:
        """Adds those of the page's annotations."""
        for index in range(min(max(pdfium.FPDFPage_GetAnnotCount(page), 0), _MOST_ANNOTATIONS)):
            annotation = pdfium.FPDFPage_GetAnnot(page, index)
            if not annotation:
                continue
            try:
                if pdfium.FPDFAnnot_GetSubtype(annotation) == pdfium.FPDF_ANNOT_FILEATTACHMENT:
                    self._add(pdfium.FPDFAnnot_GetFileAttachment(annotation))
            finally:
                pdfium.FPDFPage_CloseAnnot(annotation)

    def add_from_document(self, document: pypdfium2.PdfDocument) -> None:
        """Adds those of the document's tree of names."""
        count = max(pdfium.FPDFDoc_GetAttachmentCount(document), 0)
        for index in range(min(count, MOST_ATTACHED)):
            self._add(pdfium.FPDFDoc_GetAttachment(document, index))
        self._more += max(count - MOST_ATTACHED, 0)

    def all(self) -> list[AttachedFile]:
        """The files that were added, each once; the last one stands for those that are too many."""
        if not self._more:
            return list(self._files)
        reason = f"more than {MOST_ATTACHED} attached files"
        return [*self._files, AttachedFile(f"{self._more} more", None, "too_large", reason)]

    def _add(self, attachment: Any) -> None:  # noqa: ANN401 - a pointer of ctypes
        if not attachment:
            return
        if len(self._files) >= MOST_ATTACHED:
            self._more += 1
            return
        file = AttachedFile(_name(attachment) or f"attachment {len(self._files) + 1}", None)
        if file.suffix in self._wanted:
            file = _read(attachment, file.name, self._left)
        if any(_is_same(file, other) for other in self._files):
            return
        self._left -= len(file.data or b"")
        self._files.append(file._replace(name=self._unique(file.name)))

    def _unique(self, name: str) -> str:
        stem, dot, suffix = name.rpartition(".")
        variants = _variants(stem, f".{suffix}") if dot else _variants(name, "")
        free = next(one for one in variants if one not in self._names)
        self._names.add(free)
        return free


def _variants(stem: str, suffix: str) -> Iterator[str]:
    yield f"{stem}{suffix}"
    for number in range(2, MOST_ATTACHED + 2):
        yield f"{stem} ({number}){suffix}"


def _is_same(one: AttachedFile, other: AttachedFile) -> bool:
    """True for a file that both the tree of names and an annotation have."""
    return one.data is not None and one.data == other.data and one.suffix == other.suffix


def _read(attachment: Any, name: str, left: int) -> AttachedFile:  # noqa: ANN401 - a pointer of ctypes
    size = ctypes.c_ulong()
    if not pdfium.FPDFAttachment_GetFile(attachment, None, 0, size) or not size.value:
        return AttachedFile(name, None, "malformed", "the attached file is empty or damaged")
    if size.value > min(LARGEST_ATTACHED, left):
        reason = (
            f"more than {LARGEST_ATTACHED >> 20} MiB, or {LARGEST_ALL_ATTACHED >> 20} with the other attached files"
        )
        return AttachedFile(name, None, "too_large", reason)
    buffer = (ctypes.c_char * size.value)()
    if not pdfium.FPDFAttachment_GetFile(attachment, buffer, size.value, ctypes.c_ulong()):
        return AttachedFile(name, None, "malformed", "the attached file is damaged")
    return AttachedFile(name, bytes(buffer))


def _name(attachment: Any) -> str:  # noqa: ANN401 - a pointer of ctypes
    size = pdfium.FPDFAttachment_GetName(attachment, None, 0)
    if not 2 < size <= _LONGEST_STRING:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    pdfium.FPDFAttachment_GetName(attachment, buffer, size)
    name = bytes(buffer)[: size - 2].decode("utf-16-le", "ignore").replace("\\", "/").rpartition("/")[2]
    name = unicodedata.normalize("NFC", clean(name)).replace(ATTACHED_TO.strip(), ">")
    return " ".join(name.split())[-LONGEST_ATTACHED_NAME:].strip()
