"""Nested lists: the items that an item belongs to, the items within it, and its siblings.

"At least 10 days notice:" says nothing without "We may cancel by mailing:" above it and the cases below it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from rag.answering.evidence.units import Unit

# Items that are shown because another one cannot be understood without them, and their words.
_MOST_COMPLETED: Final = 8
_MOST_WORDS: Final = 120
_MOST_WORDS_INLINED: Final = 60
# What an item ends with that its list goes on from: "by post; or".
_JOINED: Final = re.compile(r"(?:;|,|\b(?:and|or))$")
_OPEN: Final = (":", "：")


def parents_of(units: Sequence[Unit]) -> dict[int, int]:
    """By the position of each item of a nested list, the position of the item that the list belongs to.

    Args:
        units: of the evidence, in reading order; some of a list may be missing.
    """
    parents: dict[int, int] = {}
    open_items: dict[int, list[int]] = {}
    for place, unit in enumerate(units):
        if unit.block is None or unit.row:
            continue
        above = open_items.setdefault(unit.block, [])
        while above and units[above[-1]].level >= unit.level:
            above.pop()
        if above and units[above[-1]].level == unit.level - 1:
            parents[place] = above[-1]
        above.append(place)
    return parents


def completed(units: Sequence[Unit], chosen: Collection[int]) -> set[int]:
    """The positions of the items that chosen ones cannot be understood without.

    They are the items that a chosen one belongs to, those within one that ends with a colon, and the others of a series
    joined by "or" or "and", as far as they are few.

    Args:
        units: of the evidence, in reading order.
        chosen: positions of units that are shown.
    """
    lists = _Lists(units)
    found: set[int] = set()
    for place in sorted(chosen):
        above = list(lists.above(place))
        beside = [*lists.within(place), *lists.joined_to(place)]
        new = [one for one in dict.fromkeys(beside) if one not in chosen and one not in found]
        is_short = len(new) <= _MOST_COMPLETED and sum(len(units[one].text.split()) for one in new) <= _MOST_WORDS
        found.update(above, new if is_short else ())
    return found.difference(chosen)


def inlined(units: Sequence[Unit], places: Sequence[int]) -> dict[int, int]:
    """By the position of an item that is shown within the one it belongs to, the position of that one.

    Displays have one level of items below steps. Those below are told in the line of their item, where they follow it
    at once and are short: "at least 10 days notice: if you have not paid; or if the policy is new".

    Args:
        units: of the evidence, in reading order.
        places: positions of the units in the order in which they are shown.
    """
    parents = parents_of(units)
    found: dict[int, int] = {}
    for number, place in enumerate(places):
        if units[place].level < 1 or not units[place].text.endswith(_OPEN):
            continue
        last = number + 1
        while last < len(places) and parents.get(places[last]) == place:
            last += 1
        within = places[number + 1 : last]
        is_short = sum(len(units[one].text.split()) for one in (place, *within)) <= _MOST_WORDS_INLINED
        if is_short and not any(units[one].text.endswith(_OPEN) for one in within):
            found.update(dict.fromkeys(within, place))
    return found


class _Lists:
    """The items of the units' lists by the item that they belong to, or by their list."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._units = units
        self._parents = parents_of(units)
        self._children: dict[int, list[int]] = {}
        self._roots: dict[int, list[int]] = {}
        for place, unit in enumerate(units):
            if place in self._parents:
                self._children.setdefault(self._parents[place], []).append(place)
            elif unit.block is not None and unit.row is None:
                self._roots.setdefault(unit.block, []).append(place)

    def above(self, place: int) -> Iterator[int]:
        """The items that an item belongs to, the nearest first."""
        while place in self._parents:
            place = self._parents[place]
            yield place

    def within(self, place: int) -> Iterator[int]:
        """The items within one that introduces them, and those within them."""
        if self._units[place].text.endswith(_OPEN):
            for child in self._children.get(place, ()):
                yield child
                yield from self.within(child)

    def joined_to(self, place: int) -> Iterator[int]:
        """The others of a series that an item ends in the middle of, with the items within them."""
        unit = self._units[place]
        if unit.block is None or unit.row or not _JOINED.search(unit.text):
            return
        for other in self._children[self._parents[place]] if place in self._parents else self._roots[unit.block]:
            yield other
            yield from self.within(other)
