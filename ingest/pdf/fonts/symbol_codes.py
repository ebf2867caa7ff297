"""Characters for the codes of symbol fonts (U+F020 to U+F0FF), which are a font's own and mean nothing elsewhere.

Word writes the bullets and boxes of Wingdings and Symbol so. Pure. The length of a text does not change: each code is
one character.
"""

from __future__ import annotations

import re
from typing import Final

from ingest.markup.symbols import symbol

# A code, after the same character as the font has it in its keyboard's place: "v\uf076" is one glyph.
_CODE: Final = re.compile(r"(?P<twice>[!-~])?(?P<code>[\uf021-\uf0ff])")
_BEGINS: Final = re.compile(r"(?:\A|[\r\n])[ \t]{0,8}\Z")
_SHIFT: Final = 0xF000
_BULLET: Final = "•"
# Characters before a code in which the beginning of its line is looked for.
_BEFORE: Final = 10


def with_symbols(text: str) -> str:
    """The text of a page with the characters that its symbol codes stand for.

    At the beginning of a line a code without a known character is a bullet; elsewhere it stays.
    """
    return _CODE.sub(lambda match: _characters(text, match), text)


def _characters(text: str, match: re.Match[str]) -> str:
    code = ord(match["code"])
    is_twice = match["twice"] is not None and ord(match["twice"]) + _SHIFT == code
    begin = match.start() if is_twice else match.start("code")
    begins_line = _BEGINS.search(text[max(0, begin - _BEFORE) : begin]) is not None
    found = symbol("wingdings", f"{code:X}") or (_BULLET if begins_line else match["code"])
    # The glyph has two places in the text, of which the second one becomes a blank.
    return f"{found} " if is_twice else f"{match['twice'] or ''}{found}"
