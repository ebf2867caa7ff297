"""Styles of a Word document, as far as they tell headings, crossed-out, hidden and raised text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from docx.oxml.xmlchemy import BaseOxmlElement

W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
VALUE: Final = f"{W}val"
_HEADING: Final = re.compile(r"heading (\d)", re.IGNORECASE)
_OFF: Final = ("0", "false", "off", "none")


@dataclass(frozen=True)
class RunFormat:
    """Formatting of a run of text; None where it is inherited."""

    crossed_out: bool | None = None
    hidden: bool | None = None
    raised: bool | None = None

    def over(self, inherited: RunFormat) -> RunFormat:
        """The formatting with what it leaves open taken from another one."""
        return RunFormat(
            inherited.crossed_out if self.crossed_out is None else self.crossed_out,
            inherited.hidden if self.hidden is None else self.hidden,
            inherited.raised if self.raised is None else self.raised,
        )


PLAIN: Final = RunFormat()
# In half points.
_LEAST_LIFT: Final = 4
_TELLING: Final = frozenset(f"{W}{name}" for name in "rStyle strike dstrike vanish vertAlign position".split())


def format_of(properties: BaseOxmlElement) -> RunFormat:
    """The formatting that run properties (``w:rPr``) give directly."""
    if not tells_format(properties):
        return PLAIN
    lines = [on for name in ("strike", "dstrike") if (on := switch(properties, name)) is not None]
    aligned = properties.find(f"{W}vertAlign")
    return RunFormat(
        crossed_out=any(lines) if lines else None,
        hidden=switch(properties, "vanish"),
        raised=aligned.get(VALUE) == "superscript" if aligned is not None else _lifted(properties),
    )


def _lifted(properties: BaseOxmlElement) -> bool | None:
    """True if text is above its line by two points or more; None where it is on it."""
    position = properties.find(f"{W}position")
    height = position.get(VALUE, "") if position is not None else ""
    return True if height.isdecimal() and int(height[:4]) >= _LEAST_LIFT else None


def tells_format(properties: BaseOxmlElement) -> bool:
    """True if run properties may give a formatting, directly or by a style."""
    return any(one.tag in _TELLING for one in properties)


def switch(properties: BaseOxmlElement, name: str) -> bool | None:
    """A property that is on or off; None where it is not there."""
    found = properties.find(f"{W}{name}")
    return None if found is None else found.get(VALUE, "true").lower() not in _OFF


class Styles:
    """Heading levels and formatting by the id of a style; what a style is based on is resolved once."""

    def __init__(self, root: BaseOxmlElement) -> None:
        self._levels: dict[str, int] = {}
        self._own: dict[str, RunFormat] = {}
        self._based_on: dict[str, str] = {}
        self._resolved: dict[str, RunFormat] = {}
        for style in root.iter(f"{W}style"):
            key = style.get(f"{W}styleId") or ""
            base = style.find(f"{W}basedOn")
            properties = style.find(f"{W}rPr")
            self._own[key] = format_of(properties) if properties is not None else PLAIN
            if base is not None:
                self._based_on[key] = base.get(VALUE) or ""
            if (level := _level(style)) is not None:
                self._levels[key] = level

    def level(self, key: str | None) -> int | None:
        """Level of the headings with this style; None for other styles."""
        return self._levels.get(key or "")

    def format(self, key: str | None) -> RunFormat:
        """The formatting of text with this style, with that of the styles that it is based on."""
        chain: list[str] = []
        while key is not None and key not in self._resolved and key not in chain:
            chain.append(key)
            key = self._based_on.get(key)
        found = self._resolved.get(key or "", PLAIN)
        for link in reversed(chain):
            found = self._resolved[link] = self._own.get(link, PLAIN).over(found)
        return found


def _level(style: BaseOxmlElement) -> int | None:
    """Heading level of a style, from its name (English in the file in any language) or its outline level."""
    name = style.find(f"{W}name")
    label = name.get(VALUE, "") if name is not None else ""
    if match := _HEADING.fullmatch(label):
        return int(match.group(1))
    return 1 if label.lower() == "title" else outline_level(style)


def outline_level(element: BaseOxmlElement) -> int | None:
    """Level of a heading by the outline level of a paragraph or a style, from 1; None where it has none."""
    outline = element.find(f"{W}pPr/{W}outlineLvl")
    value = outline.get(VALUE, "") if outline is not None else ""
    return int(value) + 1 if value.isdecimal() and int(value[:3]) < 9 else None
