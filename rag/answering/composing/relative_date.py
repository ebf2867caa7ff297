"""Relative dates of drafts: of several dates, the one that is next, or was last, on the day of the question.

A small model takes any date of "The meetings are on 20 January, 17 March and 15 September 2026" for the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from rag.answering.evidence.units import units_of
from rag.answering.grounding import Evidence
from rag.text.dates import DATE, month_number, normalized_date

_NEXT: Final = re.compile(r"\b(?:next|upcoming|forthcoming|coming)\b", re.IGNORECASE)
_LAST: Final = re.compile(r"\b(?:last|latest|previous|most recent)\b", re.IGNORECASE)
# A normalized date with day, month and year.
_WHOLE: Final = re.compile(r"(\d{1,2}) month(\w+) (\d{4})")
_FEWEST: Final = 2


def with_right_date(question: str, draft: str, evidence: Sequence[Evidence], today: str | None) -> str:
    """A draft with the date that a question for the next or the last one asks for, in place of another of its list.

    Unchanged where the draft has not one date, where its list has no date on that side of today, and where the
    question is not for the next or the last one.

    Args:
        question: on its own.
        draft: the model's value.
        evidence: the passages that were read.
        today: with a month in words; None where the question does not depend on it.
    """
    day = next((day for _, day in _dates(today or "")), None)
    is_next, is_last = _NEXT.search(question) is not None, _LAST.search(question) is not None
    written = list(_dates(draft))
    if day is None or is_next == is_last or len(written) != 1:
        return draft
    ((text, own),) = written
    listed = next((dates for dates in _lists_of_dates(evidence) if own in {one for _, one in dates}), [])
    if is_next:
        right = min(((one, name) for name, one in listed if one >= day), default=None)
    else:
        right = max(((one, name) for name, one in listed if one <= day), default=None)
    return draft.replace(text, right[1]) if right and right[0] != own else draft


def _lists_of_dates(evidence: Sequence[Evidence]) -> Iterator[list[tuple[str, date]]]:
    """The dates of each sentence, list and table that has several, as they are written."""
    of_block: dict[int, list[tuple[str, date]]] = {}
    for unit in units_of(evidence):
        dates = list(_dates(unit.text))
        if unit.block is None:
            if len(dates) >= _FEWEST:
                yield dates
        else:
            of_block.setdefault(unit.block, []).extend(dates)
    yield from (dates for dates in of_block.values() if len(dates) >= _FEWEST)


def _dates(text: str) -> Iterator[tuple[str, date]]:
    """The whole dates of a text, as they are written, and what they are."""
    for match in DATE.finditer(text):
        if whole := _WHOLE.fullmatch(normalized_date(match)):
            number, month, year = int(whole[1]), month_number(whole[2]), int(whole[3])
            try:
                yield match[0], date(year, month, number)
            except ValueError:  # 31 February
                continue
