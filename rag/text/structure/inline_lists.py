"""Inline list parsing: items with dashes or bullets that run on in a paragraph, "... as follows: - a - b - c".

Converters write them where the source has a list without a blank line above it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

from rag.text.sentences import sentence_spans
from rag.text.structure.lists import ListItem, TextList

_OPENING: Final = re.compile(r"(?<=[^\s:?])[:?][ \t]{1,3}(?P<bullet>[-–•*·▪●])[ \t](?=\S)")
_MARKER: Final = re.compile(r"(?<=\s)(?P<bullet>[-–•*·▪●])\s(?=[^\W\d_\s]|[\"“'(])")
_PARAGRAPH_END: Final = re.compile(r"\n[ \t]{0,9}\n")
_LONGEST_PARAGRAPH: Final = 2_000
_LONGEST_INTRO: Final = 600
_FEWEST: Final = 2


def find_inline_lists(text: str, *, apart: Sequence[tuple[int, int]] = ()) -> list[TextList]:
    """The lists that run on in the paragraphs of a text, in order.

    Args:
        text: of a page.
        apart: spans that no list reaches into, such as tables and headings.
    """
    found: list[TextList] = []
    apart, end = sorted(apart), 0
    starts = [start for start, _ in apart]
    for opening in _OPENING.finditer(text):
        begin, place = opening.start("bullet"), bisect_right(starts, opening.start("bullet"))
        # What opens within a paragraph that was read is in its list, or in none.
        if begin < end or (place and begin < apart[place - 1][1]):
            continue
        end = min([_end_of_paragraph(text, opening.end()), *starts[place : place + 1]])
        items = list(_items(text, begin, end, opening["bullet"]))
        if len(items) >= _FEWEST:
            found.append(TextList(tuple(items), (_start_of_intro(text, opening.start()), opening.start() + 1)))
    return found


def _items(text: str, begin: int, end: int, bullet: str) -> Iterator[ListItem]:
    """The items of a paragraph from the first bullet on; a dash between numbers is none."""
    marks = [match for match in _MARKER.finditer(text, begin, end) if match["bullet"] == bullet]
    edges = [*(match.start() for match in marks), end]
    for mark, following in zip(marks, edges[1:], strict=True):
        body = text[mark.end() : following].rstrip()
        yield ListItem(mark.start(), mark.end() + len(body), mark.end(), None, "-" if bullet == "–" else bullet)


def _end_of_paragraph(text: str, start: int) -> int:
    most = min(len(text), start + _LONGEST_PARAGRAPH)
    blank = _PARAGRAPH_END.search(text, start, most)
    return blank.start() if blank else most


def _start_of_intro(text: str, colon: int) -> int:
    """Offset at which the sentence begins that ends with a colon or a question mark."""
    first = max(0, colon - _LONGEST_INTRO)
    *_, (start, _) = sentence_spans(text[first : colon + 1])
    return first + start
