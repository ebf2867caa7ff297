"""Formulas of web pages (MathML Core) as a line of text: fractions with a slash, exponents with a caret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from ingest.markup.equations import fraction_text, root_text, script_text

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

# Deeper elements are read as their text.
_DEEPEST: Final = 40
# Copies of the formula in another notation, such as TeX.
_COPIES: Final = frozenset(["annotation", "annotation-xml"])
_ROWS: Final = frozenset(["mtr", "mlabeledtr"])


def formula_text(node: LexborNode, depth: int = 0) -> str:
    """Text of a formula or of a part of one."""
    if node.is_text_node:
        return (node.text_content or "").strip()
    tag = node.tag or ""
    if tag in _COPIES:
        return ""
    if depth == _DEEPEST:
        return " ".join(node.text(separator=" ", strip=True).split())
    form = _FORMS.get(tag)
    if form is not None:
        return form([formula_text(child, depth + 1) for child in node.iter()])
    parts = [formula_text(child, depth + 1) for child in node.iter(include_text=True)]
    if tag in _ROWS:
        return " ".join(parts)
    if tag == "mtable":
        return "; ".join(parts)
    return "".join(parts)


def _part(parts: list[str], place: int) -> str:
    return parts[place] if place < len(parts) else ""


def _with_accent(parts: list[str], otherwise: str) -> str:
    """The base alone where an accent or a brace is over or under it."""
    return otherwise if any(map(str.isalnum, _part(parts, 1))) else _part(parts, 0)


_FORMS: Final[Mapping[str, Callable[[list[str]], str]]] = {
    "mfrac": lambda parts: fraction_text(_part(parts, 0), _part(parts, 1)),
    "msup": lambda parts: script_text(_part(parts, 0), "", _part(parts, 1)),
    "mover": lambda parts: _with_accent(parts, script_text(_part(parts, 0), "", _part(parts, 1))),
    "msub": lambda parts: script_text(_part(parts, 0), _part(parts, 1), ""),
    "munder": lambda parts: _with_accent(parts, script_text(_part(parts, 0), _part(parts, 1), "")),
    **dict.fromkeys(
        ("msubsup", "munderover"), lambda parts: script_text(_part(parts, 0), _part(parts, 1), _part(parts, 2))
    ),
    "msqrt": lambda parts: root_text("", "".join(parts)),
    "mroot": lambda parts: root_text(_part(parts, 1), _part(parts, 0)),
}
