"""Rival lists: of several that hold under a condition of quantity, the one that holds for the quantity of a question.

"If you will be gone a month or more:" holds for two months, "if you will be away for less than four weeks" does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rag.answering.claims.language.analysis import analyze
from rag.answering.claims.language.quantities import Quantity, quantities
from rag.answering.evidence.units import Unit

# "A month or more" is one month or more.
_ARTICLE: Final = re.compile(r"\b(?:an?|one) (?=(?:second|minute|hour|day|week|month|year)\b)", re.IGNORECASE)
_MONTH, _SECOND = "month", "second"
_SECONDS_OF_MONTH: Final = 30.44 * 86_400
# Bounds of a quantity: at most and at least, less than and more than.
_LIMITS: Final = frozenset({-1, 1, -2, 2})
_NO_LIMITS: Final = frozenset({None, 0})


@dataclass(frozen=True, slots=True)
class RivalLists:
    """Numbers of the lists whose condition holds for the quantity of a question, and of those whose does not."""

    holding: frozenset[int] = frozenset()
    failing: frozenset[int] = frozenset()

    @property
    def only(self) -> int | None:
        """The one list that holds, where another one fails; else None: a limit alone may be about something else."""
        return next(iter(self.holding)) if len(self.holding) == 1 and self.failing else None


def rival_lists(question: str, units: Sequence[Unit]) -> RivalLists:
    """The lists that begin with a condition of the kind of quantity that a question names; none where it names none.

    Args:
        question: on its own, in English.
        units: of the evidence, in reading order.
    """
    asked = _measures(question, _NO_LIMITS)
    if not asked:
        return RivalLists()
    verdicts = {block: _holds(asked, _measures(text, _LIMITS)) for block, text in _conditions(units)}
    return RivalLists(
        frozenset(block for block, holds in verdicts.items() if holds),
        frozenset(block for block, holds in verdicts.items() if holds is False),
    )


def _conditions(units: Sequence[Unit]) -> Iterable[tuple[int, str]]:
    """The number of each list, with the sentence or line right in front of it."""
    seen: set[int] = set()
    for place, unit in enumerate(units):
        if unit.block is None or unit.block in seen:
            continue
        seen.add(unit.block)
        before = units[place - 1] if place else None
        if before is not None and before.block is None and before.place[0] == unit.place[0]:
            yield unit.block, before.text


def _measures(text: str, bounds: frozenset[int | None]) -> list[tuple[str, float, int]]:
    """Unit, amount and bound of each quantity of a text that has a unit and one of some bounds; months in seconds."""
    found = quantities(analyze(_ARTICLE.sub("1 ", text)))
    return [_measure(one) for one in found if one.unit and one.amount is not None and one.bound in bounds]


def _measure(one: Quantity) -> tuple[str, float, int]:
    amount, bound = one.amount or 0.0, one.bound or 0
    if one.turned:
        # "No need to ... if you are away for less than four weeks" is a condition as it stands.
        bound = {1: -2, 2: -1, -1: 2, -2: 1}.get(bound, bound)
    return (_SECOND, amount * _SECONDS_OF_MONTH, bound) if one.unit == _MONTH else (one.unit, amount, bound)


def _holds(asked: Sequence[tuple[str, float, int]], limits: Sequence[tuple[str, float, int]]) -> bool | None:
    """Verdict on a condition: true if quantities keep all limits of their kinds; None where there is none."""
    kept = [
        _keeps(amount, limit, bound) for unit, amount, _ in asked for other, limit, bound in limits if unit == other
    ]
    return all(kept) if kept else None


def _keeps(amount: float, limit: float, bound: int) -> bool:
    if abs(amount - limit) <= 1e-9 * max(amount, limit):
        return abs(bound) == 1
    return (amount > limit) == (bound > 0)
