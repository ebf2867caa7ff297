"""Letters for the control codes that TeX's fonts have in their encodings, where a file does not say what they are.

A bitmap font of TeX has no names for its glyphs, so pdfium gives their codes: those of ligatures, quotation marks and
dashes are control codes. Pure. The length of a text does not change: each code is one character.
"""

from __future__ import annotations

import re
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


def with_letters(text: str) -> str:
    """The text of a page with the letters that stand for control codes; unchanged where most are other codes."""
    codes = len(_CONTROL.findall(text))
    if not codes or codes > _MOST_CODES * len(text):
        return text
    return _CODES.sub(lambda match: match[0].translate(_LETTERS), text)
