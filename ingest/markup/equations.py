"""Equations of Word (Office MathML) as a line of text: fractions with a slash, exponents with a caret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from docx.oxml.xmlchemy import BaseOxmlElement

M: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_VALUE: Final = f"{M}val"


def equation_text(element: BaseOxmlElement) -> str:
    """Text of an equation or a part of one; its depth is bounded by that of XML."""
    tag = element.tag
    if not isinstance(tag, str) or (tag.startswith(M) and tag.endswith("Pr")):
        return ""
    if tag == f"{M}t":
        return element.text or ""
    form = _FORMS.get(tag.removeprefix(M)) if tag.startswith(M) else None
    return form(element) if form else "".join(map(equation_text, element))


def _part(element: BaseOxmlElement, name: str) -> str:
    found = element.find(f"{M}{name}")
    return equation_text(found).strip() if found is not None else ""


def fraction_text(above: str, below: str) -> str:
    """A fraction; each side in brackets, unless it is a single number or name."""
    return f"{_grouped(above)}/{_grouped(below)}"


def script_text(base: str, below: str, above: str) -> str:
    """A base with a subscript and an exponent; empty for those that it has not."""
    above = above.replace("−", "-")
    below = f"_{_grouped(below)}" if below else ""
    return f"{base}{below}^{above if _is_plain(above) else f'({above})'}" if above else base + below


def root_text(degree: str, radicand: str) -> str:
    """A root; the degree is empty for a square root."""
    return f"{degree}√{_grouped(radicand)}"


def _grouped(text: str) -> str:
    """In brackets, unless it is a single number or name."""
    return text if text.isalnum() else f"({text})"


def _fraction(element: BaseOxmlElement) -> str:
    return fraction_text(_part(element, "num"), _part(element, "den"))


def _scripts(element: BaseOxmlElement) -> str:
    return script_text(*(_part(element, name) for name in ("e", "sub", "sup")))


def _is_plain(text: str) -> bool:
    return text.lstrip("-+").isalnum()


def _root(element: BaseOxmlElement) -> str:
    return root_text(_part(element, "deg"), _part(element, "e"))


def _sum(element: BaseOxmlElement) -> str:
    sign = element.find(f"{M}naryPr/{M}chr")
    below, above = _part(element, "sub"), _part(element, "sup")
    limits = (f"_({below})" if below else "") + (f"^({above})" if above else "")
    return f"{sign.get(_VALUE, '') if sign is not None else '∫'}{limits} {_part(element, 'e')}"


def _brackets(element: BaseOxmlElement) -> str:
    signs = []
    for name, default in (("begChr", "("), ("sepChr", "|"), ("endChr", ")")):
        found = element.find(f"{M}dPr/{M}{name}")
        signs.append(found.get(_VALUE, "") if found is not None else default)
    return signs[0] + signs[1].join(equation_text(child) for child in element.findall(f"{M}e")) + signs[2]


def _rows(element: BaseOxmlElement) -> str:
    return "; ".join(
        " ".join(equation_text(cell) for cell in row.findall(f"{M}e")) if row.tag == f"{M}mr" else equation_text(row)
        for row in element
        if row.tag in (f"{M}mr", f"{M}e")
    )


_FORMS: Final[Mapping[str, Callable[[BaseOxmlElement], str]]] = {
    "f": _fraction,
    **dict.fromkeys(("sSup", "sSub", "sSubSup", "sPre"), _scripts),
    "rad": _root,
    "nary": _sum,
    "d": _brackets,
    "m": _rows,
    "eqArr": _rows,
}
