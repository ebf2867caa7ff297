"""Numbers that Word puts before paragraphs of lists and headings, from their levels and the paragraphs before.

ECMA-376 part 1, 17.9. The text has no numbers: "3.2 Notice period" is written as "Notice period", with a level of a
list. Without them a person's "section 3.2" is nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ingest.markup.numbering.numerals import WORD_NUMERALS
from ingest.markup.word_styles import VALUE, W, switch
from rag.text.characters import clean

if TYPE_CHECKING:
    from docx.oxml.xmlchemy import BaseOxmlElement

BULLET: Final = "-"
_LEVELS: Final = 9
_MOST_DIGITS: Final = 9
_NONE: Final = "0"
_PLACE: Final = re.compile(r"%([1-9])")
# Longer ones are sentences, which are no numbers.
_LONGEST_LABEL: Final = 60


@dataclass(frozen=True)
class _Level:
    """A level of a list, as its definition gives it.

    Attributes:
        start: the first number.
        numeral: its format, as Word names it.
        text: with %1 for the number of the first level.
        gap: whether space is between number and text.
        restarts_after: the level, from 1, after which it begins again; 0 for never.
        legal: whether the numbers of all levels are written in digits.
        style: id of the paragraph style that is tied to it.
    """

    start: int
    numeral: str
    text: str
    gap: bool
    restarts_after: int
    legal: bool
    style: str

    @classmethod
    def of(cls, element: BaseOxmlElement, place: int) -> _Level:
        given = {child.tag: child.get(VALUE) or "" for child in element}
        return cls(
            start=_number(given.get(f"{W}start"), 0),
            numeral=given.get(f"{W}numFmt", "decimal"),
            text=given.get(f"{W}lvlText", ""),
            gap=given.get(f"{W}suff") != "nothing",
            restarts_after=_number(given.get(f"{W}lvlRestart"), place),
            legal=bool(switch(element, "isLgl")),
            style=given.get(f"{W}pStyle", ""),
        )


@dataclass
class _List:
    """A list: its levels, and the numbers that were counted, which all lists of one definition share."""

    levels: dict[int, _Level]
    counts: dict[int, int]
    restarted: dict[int, int] = field(default_factory=dict)

    def next(self, place: int) -> str:
        """The label of the next paragraph at a level."""
        level = self.levels.get(place)
        if level is None:
            return BULLET
        if place in self.restarted:
            self.counts[place] = self.restarted.pop(place)
        else:
            self.counts[place] = self.counts.get(place, level.start - 1) + 1
        for deeper in range(place + 1, _LEVELS):
            if deeper not in self.levels or self.levels[deeper].restarts_after > place:
                self.counts.pop(deeper, None)
        return self._label(level)

    def _label(self, level: _Level) -> str:
        if level.numeral == "bullet":
            return BULLET
        text = ""
        parts: Sequence[str] = _PLACE.split(level.text)
        for position, part in enumerate(parts):
            if position % 2 == 0:
                text += part
                continue
            named = self.levels.get(int(part) - 1)
            if named is None:
                continue
            write = WORD_NUMERALS.get("decimal" if level.legal else named.numeral)
            if write is None:
                return BULLET
            text += write(self.counts.get(int(part) - 1, named.start))
        label = " ".join(clean(text).split())
        return label if len(label) <= _LONGEST_LABEL else ""


class WordLists:
    """The lists of a document, which count its paragraphs in their order."""

    def __init__(self, numbering: BaseOxmlElement | None, styles: BaseOxmlElement) -> None:
        self._definitions: dict[str, dict[int, _Level]] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._lists: dict[str, _List] = {}
        if numbering is not None:
            self._read(numbering)
        self._of_styles = dict(_numbered_styles(styles))

    def label(self, properties: BaseOxmlElement | None) -> str:
        """The label of a paragraph: a number with its signs, :data:`BULLET`, or nothing.

        Args:
            properties: of the paragraph; the number counts on with each call.
        """
        if properties is None:
            return ""
        own = properties.find(f"{W}numPr")
        style = _value(properties, "pStyle")
        key, place = self._of_styles.get(style, (_NONE, ""))
        if own is not None:
            key, place = _value(own, "numId") or key, _value(own, "ilvl") or place
        if key == _NONE or _is_gone(properties):
            return ""
        found = self._lists.get(key)
        if found is None:
            return f"{BULLET} "
        tied = next((number for number, level in found.levels.items() if style and level.style == style), 0)
        level = _number(place, tied)
        label = found.next(level)
        gap = level not in found.levels or found.levels[level].gap
        return f"{label} " if label and gap else label

    def _read(self, root: BaseOxmlElement) -> None:
        linked: dict[str, str] = {}
        by_style: dict[str, str] = {}
        for definition in root.iterchildren(f"{W}abstractNum"):
            key = definition.get(f"{W}abstractNumId") or ""
            self._definitions[key] = _levels(definition)
            linked[key] = _value(definition, "numStyleLink")
            if style := _value(definition, "styleLink"):
                by_style[style] = key
        for one in root.iterchildren(f"{W}num"):
            key = _value(one, "abstractNumId")
            key = by_style.get(linked.get(key, ""), key)
            if key not in self._definitions:
                continue
            levels = dict(self._definitions[key])
            restarted: dict[int, int] = {}
            for override in one.iterchildren(f"{W}lvlOverride"):
                place = _number(override.get(f"{W}ilvl"), 0)
                levels |= _levels(override)
                if start := _value(override, "startOverride"):
                    restarted[place] = _number(start, 1)
            counts = self._counts.setdefault(key, {})
            self._lists[one.get(f"{W}numId") or ""] = _List(levels, counts, restarted)


def _levels(parent: BaseOxmlElement) -> dict[int, _Level]:
    found = ((_number(level.get(f"{W}ilvl"), 0), level) for level in parent.iterchildren(f"{W}lvl"))
    return {place: _Level.of(level, place) for place, level in found if place < _LEVELS}


def _numbered_styles(styles: BaseOxmlElement) -> list[tuple[str, tuple[str, str]]]:
    """Ids of the paragraph styles with numbers, each with the id of its list and its level; inherited ones, too."""
    own: dict[str, tuple[str, str]] = {}
    based_on: dict[str, str] = {}
    for style in styles.iter(f"{W}style"):
        key = style.get(f"{W}styleId") or ""
        based_on[key] = _value(style, "basedOn")
        numbering = style.find(f"{W}pPr/{W}numPr")
        if numbering is not None:
            own[key] = _value(numbering, "numId"), _value(numbering, "ilvl")
    found = []
    for key in based_on:
        chain = [key]
        while chain[-1] not in own and based_on.get(chain[-1]) and based_on[chain[-1]] not in chain:
            chain.append(based_on[chain[-1]])
        if chain[-1] in own:
            numbered, place = own[chain[-1]]
            if not numbered:  # the list is that of the style which it is based on
                numbered = own.get(based_on.get(chain[-1], ""), (_NONE, ""))[0]
            found.append((key, (numbered, place)))
    return found


def _is_gone(properties: BaseOxmlElement) -> bool:
    """True if the paragraph itself is deleted or hidden, and has no number."""
    mark = properties.find(f"{W}rPr")
    return mark is not None and (mark.find(f"{W}del") is not None or bool(switch(mark, "vanish")))


def _value(parent: BaseOxmlElement, name: str) -> str:
    found = parent.find(f"{W}{name}")
    return "" if found is None else str(found.get(VALUE) or "")


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else default
