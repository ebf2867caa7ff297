"""Named section: the one whose heading a question has word for word, "the ring test", and what is outside of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

from rag.answering.evidence.units import Unit
from rag.text.words import words

# Words of a heading that tell what its section is about: one, such as "Test", is in many questions.
_FEWEST_WORDS: Final = 2


def outside_named_section(question: str, units: Sequence[Unit]) -> frozenset[int]:
    """The positions of units that are not in the section whose heading a question has; empty where it has none.

    The words of the heading stand side by side in the question, in lower case: names, as of a product or a document,
    are in the headings of many sections. Of several such headings the longest ones count.

    Args:
        question: on its own.
        units: of the evidence, in reading order.
    """
    asked, plain = words(question), frozenset(words(_in_lower_case(question)))

    @cache
    def length(heading: str) -> int:
        """Words of a heading that the question has word for word; 0 for other headings."""
        own = words(heading)
        is_named = len(own) >= _FEWEST_WORDS and plain.issuperset(own) and _has(asked, own)
        return len(own) if is_named else 0

    lengths: list[int] = []
    of_block: dict[int, int] = {}
    for place, unit in enumerate(units):
        headings = [*unit.headings, *filter(None, [unit.heading])]
        # What stands at the top of a page has no heading there.
        goes_on = not headings and place > 0 and _is_next(units[place - 1], unit)
        own = lengths[-1] if goes_on else max(map(length, headings), default=0)
        if unit.block is not None:
            own = of_block.setdefault(unit.block, own)
        lengths.append(own)
    longest = max(lengths, default=0)
    return frozenset(place for place, own in enumerate(lengths) if own < longest)


def _is_next(unit: Unit, other: Unit) -> bool:
    """True where another unit is of the same document, on the same page or the next one."""
    return unit.place[0] == other.place[0] and 0 <= other.span.page - unit.span.page <= 1


def _in_lower_case(text: str) -> str:
    """The words of a text that are in lower case, and its first one."""
    first, *others = text.split() or [""]
    return " ".join([first, *(word for word in others if word[:1].islower() or not word[:1].isalnum())])


def _has(asked: Sequence[str], own: Sequence[str]) -> bool:
    """True where a question has the words one after the other."""
    return any(list(asked[start : start + len(own)]) == list(own) for start in range(len(asked) - len(own) + 1))
