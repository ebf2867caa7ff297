"""Upload validation: file names, and the first bytes of a file against its type."""

from __future__ import annotations

import codecs
import unicodedata
from pathlib import PurePosixPath
from typing import Final

from rag.errors import RequestFault
from rag.service.media_types import SUFFIXES

MAX_NAME_BYTES: Final = 200
# The first bytes of a document that are checked; pdfium, too, looks for the magic number of a PDF within these.
HEAD_BYTES: Final = 1024

# Unicode categories: controls, surrogates, unassigned, line and paragraph separators, and invisible format characters,
# which can make a name look like another one. Joiners are allowed: Persian, Hindi and emoji need them.
_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
_JOINERS: Final = "\u200c\u200d"
_REPLACEMENT: Final = "\ufffd"
_PDF: Final = b"%PDF"
_ZIP: Final = b"PK\x03\x04"
# Byte order marks; that of UTF-32 LE begins with that of UTF-16 LE.
_TEXT_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
# Least share of zeros among the even or the odd bytes: in western text in UTF-16, every second byte is zero.
_UTF16_ZERO_SHARE: Final = 0.4


def checked_name(name: str) -> str:
    """Validates a document's file name and returns it in Unicode NFC.

    Raises:
        RequestFault: it is not a single path component that can be stored, or its suffix is not supported.
    """
    name = unicodedata.normalize("NFC", name)
    if fault := _fault(name):
        raise RequestFault(f"this cannot be the name of a document: {fault}", "name")
    return name


def _fault(name: str) -> str | None:
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES and character not in _JOINERS for character in name):
        return "it has invisible characters"
    if _REPLACEMENT in name:
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
    """Refuses a file whose first bytes do not fit its suffix; further defects are left to the ingest job.

    Args:
        name: of the document, as :func:`checked_name` gives it.
        head: its first :data:`HEAD_BYTES` bytes; the whole document where it is shorter.

    Raises:
        RequestFault: the document is empty, or of another type.
    """
    if not head:
        raise RequestFault("the document is empty (0 bytes)", "body")
    suffix = _suffix(name)
    if suffix == ".pdf":
        whole = _PDF in head
    elif suffix == ".docx":
        whole = head.startswith(_ZIP)
    else:
        whole = b"\0" not in head or head.startswith(_TEXT_MARKS) or _looks_like_utf16(head)
    if not whole:
        raise RequestFault(
            f"the content is not that of a {suffix} file; open it with its program, and save it again", "body"
        )


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _looks_like_utf16(head: bytes) -> bool:
    return max(head[1::2].count(0), head[::2].count(0)) > _UTF16_ZERO_SHARE * (len(head) // 2)
