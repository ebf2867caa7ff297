"""Table of contents within a page's text, without dot leaders: titles and page numbers, one after the other."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

# The page number of an entry, with what follows it: the next title, or the end of a line.
_PAGE_NUMBER: Final = re.compile(r"(?:(?<=[^\W\d_] )|(?<=[)\].] ))(?P<number>\d{1,3})(?=\s*\n|\s+[A-Z(“\"]|\s*$)")
# Entries of a table of contents, and characters of one.
_FEWEST: Final = 8
_LONGEST: Final = 160
# Numbers in a row that are none of pages: "ITEM 1 A".
_MOST_SKIPPED: Final = 2


@lru_cache(maxsize=256)
def contents_span(text: str) -> tuple[int, int] | None:
    """Start and end of the longest table of contents in a text; None where it has none of eight entries.

    Its entries follow on each other, and their page numbers never fall; where each is one more than the last, things
    are counted. Linear in the text.
    """
    best: tuple[int, int, int] | None = None
    count, start, end, last, skipped, counts = 0, 0, 0, 0, 0, True
    for match in _PAGE_NUMBER.finditer(text):
        number, is_near = int(match["number"]), match.start() - end <= _LONGEST
        if count and is_near and number < last and skipped < _MOST_SKIPPED:
            skipped += 1
            continue
        if count and is_near and number >= last:
            count, counts = count + 1, counts and number == last + 1
        else:
            # Its title, which is on the line of the number: what is above may be a sentence.
            line = text.rfind("\n", end, match.start()) + 1
            counts, count, start = True, 1, max(end, line, match.start() - _LONGEST)
        end, last, skipped = match.end(), number, 0
        if count >= _FEWEST and not counts and (best is None or count > best[0]):
            best = (count, start, end)
    return None if best is None else best[1:]
