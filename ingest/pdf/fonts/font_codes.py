"""Letters for the control codes that TeX's fonts have in their encodings, where a file does not say what they are.

A bitmap font of TeX has no names for its glyphs, so pdfium gives their codes: those of ligatures, quotation marks and
dashes are control codes. Pure. The length of a text does not change: each code is one character.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

# The Cork encoding (T1), and 0x0b to 0x0f of TeX's older one (OT1), whose 0x0d, "fl", comes without a line feed.
_LETTERS: Final = str.maketrans(
    "\x0b\x0c\r\x0e\x0f\x1b\x1c\x1d\x1e\x1f\x10\x11\x12\x15\x16",
    "\ufb00\ufb01\ufb02\ufb03\ufb04\ufb00\ufb01\ufb02\ufb03\ufb04“”„–—",
)
# A ligature stands before a small letter or at the end of a word, a mark at the edge of a word or number.
_CODES: Final = re.compile(
    r"(?<=[A-Za-z])[\x0b\x0c\x0e\x0f\x1b-\x1f](?![A-Z])|[\x0b\x0c\x0e\x0f\x1b-\x1f](?=[a-z])|(?<=[a-z])\r(?=[a-z])"
    r"|[\x10\x12](?=\w)|(?<=[\w.,;!?)])[\x11\x15\x16]"
)
# Codes that are no text; pdfium marks a hyphen at a line's end by \x02.
CONTROL_CODES: Final = r"[\x00\x01\x03-\x08\x0b\x0c\x0e-\x1f]"
_CONTROL: Final = re.compile(rf"{CONTROL_CODES}|\r(?!\n)")
# With more codes, as a share of all characters, the font has another order of its glyphs: these codes tell nothing.
_MOST_CODES: Final = 0.08
_FEW_CODES: Final = 2
# Ligatures, the likelier first where two are equally wide.
_SPELT: Final = {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl"}


def has_codes(text: str) -> bool:
    """True if a text has control codes that stand for letters, or for nothing."""
    return _CONTROL.search(text) is not None


def with_letters(text: str, fits: Callable[[int, str], bool] = lambda _index, _letters: True) -> str:
    """The text of a page with the letters that stand for control codes; unchanged where most are other codes.

    Args:
        text: of the page.
        fits: tells whether the glyph at an index may be a ligature of these letters. Other fonts than TeX's have other
            ligatures at these codes, or one letter; a code that fits none stays.
    """
    codes = len(_CONTROL.findall(text))
    if not codes or codes > max(_FEW_CODES, _MOST_CODES * len(text)):
        return text
    return _CODES.sub(lambda match: _letter(match, fits), text)


def _letter(match: re.Match[str], fits: Callable[[int, str], bool]) -> str:
    letter = match[0].translate(_LETTERS)
    if letter not in _SPELT or fits(match.start(), _SPELT[letter]):
        return letter
    return next((one for one, letters in _SPELT.items() if fits(match.start(), letters)), match[0])
