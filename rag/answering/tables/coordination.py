"""Coordination in questions: the things that a question names side by side, each as a question of its own.

"How much rain fell in Ashby and Colne in March?" asks "... in Ashby in March?" and "... in Colne in March?". How many
words the first and the last of the things have is not known beforehand: that is decided by which of these questions
have an answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeVar

_JOINER: Final = re.compile(
    r"\s{0,9},\s{0,9}(?:and|or)\s|\s{1,9}(?:and|or|vs\.?|versus|than|with|to)\s|\s{0,9}[,&]\s", re.IGNORECASE
)
_COMMA: Final = re.compile(r"\s{0,9},\s{0,9}")
# "From 2022 to 2024", "compare X with Y": elsewhere these join nothing.
_WIDE: Final = re.compile(r"\b(?:compare|comparing|comparison)\b", re.IGNORECASE)
_THAN: Final = re.compile(r"\s+than\s", re.IGNORECASE)
_PREPOSITION: Final = re.compile(r"\s{1,9}(?:with|to)\s", re.IGNORECASE)
_BOTH: Final = re.compile(r"\bboth\s{1,9}", re.IGNORECASE)
_LONGEST: Final = 400
_MOST_ITEMS: Final = 6
# Joiners that are tried as the last one: "steaks and roasts" may be one thing.
_MOST_ENDS: Final = 2
# Words between a thing and "than": "how much more does X weigh than Y".
_MOST_AFTER: Final = 2
# Words of one thing.
_MOST_WORDS: Final = 6

Found = TypeVar("Found")


@dataclass(frozen=True)
class _CutQuestion:
    """A question cut where its things are joined.

    Attributes:
        parts: the words between the joiners.
        after: how many words at the end of the first part are of no thing.
    """

    parts: tuple[tuple[str, ...], ...]
    after: int = 0

    def first(self, dropped: int) -> str:
        """The question about the first thing, without ``dropped`` words of the last one."""
        return " ".join([*self.parts[0], *self.parts[-1][dropped:]])

    def last(self, dropped: int) -> str:
        """The question about the last thing, without ``dropped`` words of the first one."""
        end = len(self.parts[0]) - self.after
        return " ".join([*self.parts[0][: max(end - dropped, 0)], *self.parts[-1], *self.parts[0][end:]])

    def between(self, item: int, first: int, last: int) -> str:
        """The question about a thing between them, given the words of the first and of the last one."""
        before = self.parts[0][: len(self.parts[0]) - first]
        return " ".join([*before, *self.parts[item], *self.parts[-1][last:]])


def side_by_side(
    text: str,
    find: Callable[[str], Found | None],
    is_same: Callable[[Found, Found], bool],
    *,
    belong: Callable[[Sequence[Found]], bool] = bool,
    compares: bool = False,
) -> list[Found]:
    """The finding for each of the things that a question names; empty where it names one, or one is not found.

    Args:
        text: of the question; its first 400 characters are read.
        find: answers a question about one thing; None where that is not settled.
        is_same: whether two findings are the same.
        belong: whether findings can be those for the things of one question, such as cells of one row.
        compares: whether "to" and "with" join things, as in "from 2022 to 2024"; they do after "compare" as well.
    """
    for chain in _chains(_BOTH.sub("", text[:_LONGEST].rstrip(" ?!.")), compares=compares):
        found = _found(chain, find, is_same)
        if found and belong(found) and not any(is_same(one, other) for one, other in pairwise(found)):
            return found
    return []


def _chains(text: str, *, compares: bool) -> Iterator[_CutQuestion]:
    """The ways to read a question as a list, the longest first."""
    wide = compares or bool(_WIDE.search(text))
    joiners = [match for match in _JOINER.finditer(text) if wide or not _PREPOSITION.fullmatch(match[0])]
    strong = [place for place, match in enumerate(joiners) if not _COMMA.fullmatch(match[0])]
    for end in reversed(strong[-_MOST_ENDS:]):
        for start in range(max(0, end - _MOST_ITEMS + 2), end + 1):
            yield from _cut(text, joiners[start : end + 1])


def _cut(text: str, joiners: Sequence[re.Match[str]]) -> Iterator[_CutQuestion]:
    edges = [0, *(edge for match in joiners for edge in match.span()), len(text)]
    parts = tuple(tuple(text[edges[n] : edges[n + 1]].split()) for n in range(0, len(edges), 2))
    if all(parts) and all(len(part) <= _MOST_WORDS for part in parts[1:-1]):
        afters = range(_MOST_AFTER + 1 if _THAN.fullmatch(joiners[-1][0]) else 1)
        yield from (_CutQuestion(parts, after) for after in afters)


def _found(
    chain: _CutQuestion, find: Callable[[str], Found | None], is_same: Callable[[Found, Found], bool]
) -> list[Found]:
    of_first = list(_tried(len(chain.parts[-1]), chain.first, find))
    of_last = list(_tried(len(chain.parts[0]), chain.last, find)) if of_first else []
    last = _settled(of_first, of_last, is_same)
    first = _settled(of_last, [last], is_same) if last else None
    if last is None or first is None:
        return []
    middle = [find(chain.between(item, first[0], last[0])) for item in range(1, len(chain.parts) - 1)]
    found = [one for one in (last[1], *middle, first[1]) if one is not None]
    return found if len(found) == len(chain.parts) else []


def _tried(
    words: int, question: Callable[[int], str], find: Callable[[str], Found | None]
) -> Iterator[tuple[int, Found]]:
    """The numbers of words that can be left out of a question, with what is found then."""
    for count in range(1, min(words, _MOST_WORDS) + 1):
        found = find(question(count))
        if found is not None:
            yield count, found


def _settled(
    tried: Sequence[tuple[int, Found]],
    others: Sequence[tuple[int, Found]],
    is_same: Callable[[Found, Found], bool],
) -> tuple[int, Found] | None:
    """The fewest words that can be left out, if all that is found then is the same.

    What is found for the other thing, too, does not count: some of its words were left in.
    """
    own = [pair for pair in tried if not any(is_same(pair[1], other) for _, other in others)]
    return own[0] if own and all(is_same(own[0][1], other) for _, other in own) else None
