"""Characters of symbol fonts, by font and code: Word stores these codes, which are not those of Unicode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_GREEK: Final = "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", "αβχδεφγηιϕκλμνοπθρστυϖωξψζ"
_SYMBOL: Final[Mapping[int, str]] = {
    **{0x41 + place: letter for place, letter in enumerate(_GREEK[0])},
    **{0x61 + place: letter for place, letter in enumerate(_GREEK[1])},
    **dict(zip(bytes.fromhex("a3 a5 a8 a9 aa ab"), "≤∞♦♥♠↔", strict=True)),
    **dict(zip(bytes.fromhex("ac ad ae af b0 b1 b3 b4 b5"), "←↑→↓°±≥×∝", strict=True)),
    **dict(zip(bytes.fromhex("b6 b7 b8 b9 ba bb d2 d3 d4 d5 d6 e5 f2"), "∂•÷≠≡≈®©™∏√∑∫", strict=True)),
}
_WINGDINGS: Final[Mapping[int, str]] = {
    **dict.fromkeys((0x6F, 0x71, 0x72, 0xA8), "☐"),
    **dict.fromkeys((0x52, 0xFE), "☑"),
    **dict.fromkeys((0x53, 0x54, 0x78, 0xFD), "☒"),
    **dict(zip(bytes.fromhex("fb fc e0 e8 df a7 6c 6e 76 d8 b7"), "✗✓→➔←▪●■❖➢•", strict=True)),
}
_FONTS: Final[Mapping[str, Mapping[int, str]]] = {"symbol": _SYMBOL, "wingdings": _WINGDINGS}


def symbol(font: str, code: str) -> str:
    """The character of a symbol font; empty where it is unknown.

    Args:
        font: its name.
        code: hexadecimal, as "F0B0"; the fonts' codes begin at F000.
    """
    try:
        number = int(code[:8], 16)
    except ValueError:
        return ""
    if 0xF000 <= number <= 0xF0FF:
        return _FONTS.get(font.lower(), {}).get(number - 0xF000, "")
    return chr(number) if 0x20 <= number < 0xD800 else ""
