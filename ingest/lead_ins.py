"""Lead-ins of chunks: the introduction of the list, or the column heads of the table, that a chunk goes on with.

"• Smart watches" says nothing without "The following items of clothing should not be worn:", which may be in the chunk,
or on the page, before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rag.domain.values import Page
from rag.text.structure.lists import TextList, find_lists

_LONGEST: Final = 500
_LONGEST_INTRODUCTION: Final = 300
# Characters on a page in front of a list that goes on from the page before: the rest of an item.
_LONGEST_REST: Final = 300
_OPENS_LIST: Final = (":", "：", "…")


class LeadIns:
    """The lead-ins of the chunks of one document, whose pages are given in order."""

    def __init__(self) -> None:
        self._page: Page | None = None
        self._lists: list[tuple[TextList, str]] = []

    def turn_to(self, page: Page) -> None:
        """Makes ``page`` the current one."""
        apart = sorted([(heading.start, heading.end) for heading in page.headings] + _spans_of_tables(page))
        found = find_lists(page.text, fewest=1, apart=apart)
        self._lists = [(one, _own_introduction(page, one) or self._carried(page, found, one)) for one in found]
        self._page = page

    def of(self, start: int) -> str:
        """The lead-in of a chunk that begins at this offset of the current page; empty where it has none."""
        assert self._page is not None  # noqa: S101 - turn_to comes first
        heads = _column_heads(self._page, start)
        return heads or next((_lead_in(self._page, *each, start) for each in self._lists if _has(each[0], start)), "")

    def _carried(self, page: Page, found: Sequence[TextList], one: TextList) -> str:
        """The introduction of the list on the page before that a list goes on from."""
        if self._page is None or (not one.is_numbered and not (one is found[0] and self._is_open(page, one.start))):
            return ""
        above = reversed(self._lists) if one.is_numbered else self._lists[-1:]
        return next((introduction for other, introduction in above if other.goes_on_in(one)), "")

    def _is_open(self, page: Page, start: int) -> bool:
        """True if nothing is between the last list of the page before and an offset but the rest of an item."""
        assert self._page is not None  # noqa: S101 - the caller has looked
        first = slice(*page.body).indices(len(page.text))[0]
        rest = page.text[first:start].strip()
        is_rest = not rest or (rest[0].islower() and len(rest) <= _LONGEST_REST)
        last = self._lists[-1][0].end if self._lists else 0
        is_last = not any(heading.start >= last for heading in self._page.headings)
        return is_rest and is_last and not any(heading.start < start for heading in page.headings)


def _has(one: TextList, start: int) -> bool:
    return one.start <= start < one.end


def _own_introduction(page: Page, one: TextList) -> str:
    if one.intro is None:
        return ""
    text = " ".join(page.text[slice(*one.intro)].split())
    return text if text.endswith(_OPENS_LIST) and len(text) <= _LONGEST_INTRODUCTION else ""


def _lead_in(page: Page, one: TextList, introduction: str, start: int) -> str:
    """The introduction of a list and those of the lists in it that are open at an offset, in one line."""
    if one.intro and one.intro[0] >= start:
        return ""
    return " ".join(filter(None, [introduction, *_open_items(page, one, start)]))[:_LONGEST]


def _open_items(page: Page, one: TextList, start: int) -> Iterator[str]:
    """The items around the one at an offset that introduce it: "5. Loss to:" of "b) any camper body"."""
    level = next((item.level for item in one.items if item.end > start), 0)
    for outer in range(level):
        around = [item for item in one.items if item.level == outer and item.start < start]
        text = " ".join(page.text[around[-1].body : around[-1].end].split()) if around else ""
        if text.endswith(_OPENS_LIST) and len(text) <= _LONGEST_INTRODUCTION:
            yield text


def _column_heads(page: Page, start: int) -> str:
    """Column heads of the table in which a chunk begins, where it begins after them."""
    for table in page.tables:
        head_start, head_end = table.header
        if head_start < head_end <= start < table.end:
            return " ".join(page.text[head_start:head_end].split())[:_LONGEST]
    return ""


def _spans_of_tables(page: Page) -> list[tuple[int, int]]:
    return [(table.start, table.end) for table in page.tables]
