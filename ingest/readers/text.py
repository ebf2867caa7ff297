"""Plain text reader: character encoding detection, paragraphs, and pages at form feeds."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ingest.readers.blocks import Block, paginated
from ingest.readers.limits import ReadingLimits
from ingest.readers.source import ReadingOptions, SourceText
from rag.errors import FileFault
from rag.text.characters import clean

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is a prefix of it
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Bytes in which the encoding is detected.
_SAMPLE: Final = 100_000
# Encodings from before UTF-8, western ones first: of those that fit equally well the first is taken, because the bytes
# of western text are valid in the others too.
_LEGACY: Final = (
    *("cp1252", "cp1250", "cp1254", "cp1251", "koi8_r", "cp1253", "cp1255", "cp1256"),
    *("cp932", "gb18030", "big5", "euc_jp", "cp949", "mac_roman"),
)
# Most bytes of a character.
_WIDEST: Final = 4


def read_text(path: Path, options: ReadingOptions) -> SourceText:
    """Reads a text file; it gets no title, for the first line is seldom one.

    Raises:
        FileFault: ``malformed`` for a binary file, ``empty_text`` or ``too_large``.
    """
    pages, remarks = paginated(text_blocks(decoded(read_bytes(path, options.limits))), options.limits)
    if not pages:
        raise FileFault("empty_text", "the file holds no text")
    return SourceText(None, pages, remarks)


def read_bytes(path: Path, limits: ReadingLimits) -> bytes:
    """Reads a whole file.

    Raises:
        FileFault: ``too_large`` if it has more bytes than the limit of characters allows.
    """
    size = path.stat().st_size
    if size > limits.characters * _WIDEST:
        raise FileFault("too_large", f"{size:,} bytes; at most {limits.characters:,} characters are read: split it")
    return path.read_bytes()


def decoded(data: bytes, declared: str | None = None) -> str:
    """Decodes bytes: by byte order mark, as UTF-8, as declared, or in the most likely legacy encoding.

    Args:
        data: a whole file.
        declared: the encoding that the file itself names; used only if the bytes are valid in it.

    Raises:
        FileFault: ``malformed`` for binary data.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if b"\0" in data:
        return _wide(data)
    for encoding in filter(None, ("utf-8", declared)):
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode(_likely(data), "replace")


def _wide(data: bytes) -> str:
    """Decodes UTF-16 without a byte order mark: every second byte of western text is zero. Else it is binary data."""
    sample = data[: _SAMPLE // 2 * 2]
    for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if zeros.count(0) > 0.4 * len(zeros) and sample.count(0) < 0.6 * len(sample):
            return data.decode(encoding, "replace")
    raise FileFault("malformed", "a binary file, not text")


def _likely(data: bytes) -> str:
    from charset_normalizer import from_bytes

    fitting = list(from_bytes(data[:_SAMPLE], cp_isolation=list(_LEGACY)))
    # Encodings that decode to the same text are one match, under the name of any of them.
    ranked = [(found.chaos, -found.coherence, _rank(found.could_be_from_charset)) for found in fitting]
    return _LEGACY[min(ranked)[2] if ranked else 0]


def _rank(encodings: Sequence[str]) -> int:
    return min(_LEGACY.index(encoding) for encoding in encodings if encoding in _LEGACY)


def text_blocks(text: str) -> Iterator[Block]:
    """Paragraphs, separated by blank lines; a form feed begins a page."""
    for number, page in enumerate(text.split("\f")):
        paragraphs = re.split(r"\n(?:[^\S\n]*+\n)++", clean(page))
        for position, paragraph in enumerate(paragraphs):
            yield Block(
                "\n".join(line.rstrip() for line in paragraph.split("\n")), new_page=number > 0 and position == 0
            )
