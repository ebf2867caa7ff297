"""Which documents may be added: what their names must be like, and how their bytes must begin."""

from __future__ import annotations

import codecs
import unicodedata
from pathlib import PurePosixPath
from typing import Final

from rag.errors import RequestFault
from rag.service.media_types import SUFFIXES

MAX_NAME_BYTES: Final = 200
# So many bytes of a document are enough to see what it is; pdfium, too, looks for the mark of a PDF in these.
HEAD_BYTES: Final = 1024

# Controls, halves of characters and what is none; separators of lines and paragraphs; and what is not seen, with which
# a name pretends to be another one, but for the joiners that Persian, Hindi and emoji are written with.
_REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
_JOINERS: Final = "\u200c\u200d"
_NOT_DECODED: Final = "\ufffd"
_PDF: Final = b"%PDF"
_ZIP: Final = b"PK\x03\x04"
# UTF-32 LE begins as UTF-16 LE does.
_TEXT_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
# Of the bytes of western text in UTF-16, every second is zero.
_WIDE: Final = 0.4


def checked_name(name: str) -> str:
    """The name of a document as it is stored: one part of a path, in Unicode's form NFC.

    Raises:
        RequestFault: it is no such name.
    """
    name = unicodedata.normalize("NFC", name)
    if fault := _fault(name):
        raise RequestFault(f"this cannot be the name of a document: {fault}", "name")
    return name


def _fault(name: str) -> str | None:
    if any(unicodedata.category(character) in _REFUSED and character not in _JOINERS for character in name):
        return "it has characters that are not seen"
    if _NOT_DECODED in name:
        return "it is not in UTF-8"
    if "/" in name or "\\" in name:
        return "it is a path; send the name of the file alone"
    if name.startswith("."):
        return "it begins with a dot"
    if name != name.strip():
        return "it begins or ends with a blank"
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"it has more than {MAX_NAME_BYTES} bytes"
    if _suffix(name) not in SUFFIXES:
        return f"it does not end with one of {', '.join(SUFFIXES)}, which are the documents that can be read"
    return None


def check_head(name: str, head: bytes) -> None:
    """Refuses what is surely not what its name says; what else is wrong with a document the ingest job finds out.

    Args:
        name: of the document, as :func:`checked_name` gives it.
        head: its first :data:`HEAD_BYTES` bytes; all of it where there are fewer.

    Raises:
        RequestFault: it is not.
    """
    if not head:
        raise RequestFault("the document is empty (0 bytes)", "body")
    suffix = _suffix(name)
    if suffix == ".pdf":
        whole = _PDF in head
    elif suffix == ".docx":
        whole = head.startswith(_ZIP)
    else:
        whole = b"\0" not in head or head.startswith(_TEXT_MARKS) or _is_wide(head)
    if not whole:
        raise RequestFault(f"this is no {suffix} file, whatever its name says; open and save it anew", "body")


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _is_wide(head: bytes) -> bool:
    return max(head[1::2].count(0), head[::2].count(0)) > _WIDE * (len(head) // 2)
