"""Attribution of a draft: each of its statements points to the units of the evidence that it was written from.

A small model copies more than it words. What it points to is shown rather than what it wrote, wherever its wording
cannot be verified.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rag.answering.evidence.units import Unit
from rag.answering.grounding import SUPPORTED
from rag.text.normalization import normalized_words
from rag.text.sentences import sentence_spans
from rag.text.words import is_number

# Term weights; see rag.answering.grounding, which has the same.
_WEIGHT_QUESTION: Final = 0.5
_WEIGHT_WORD: Final = 1.0
_WEIGHT_NUMBER: Final = 2.0
# Least share of a statement's weight in one unit.
_LEAST_SHARE: Final = 0.3
_MOST_UNITS: Final = 2
# Each word of a unit that the statement does not have costs so much of its share: the shorter of two units is meant.
_COST_OF_WORD: Final = 0.004
_MOST_STATEMENTS: Final = 40
# Statements that a list has at least, and their share of all, to be the one that a draft follows.
_FEWEST_FOLLOWED: Final = 2
_FOLLOWED: Final = 0.8
# Times that a loop has said the same, and words of it: "Lock off." may be a step of each of three procedures.
_LOOP: Final = 3
_FEWEST_WORDS: Final = 4
# Characters at the end of a loop of less than a statement: "1000000000", "the lid of the lid of".
_TAIL: Final = 48
_LONGEST_PERIOD: Final = 16

_MARKER: Final = re.compile(r"^\s*+(?:[-•*]|\(?\d{1,2}[.)]|Step \d{1,2}[:.]?)\s++")
# A step's number within a line: "... the key. 2. Put it ...".
_INLINE_STEP: Final = re.compile(r"(?<=[.!?:;]) (?=\d{1,2}\. \S)")
_BETWEEN_NAMES: Final = re.compile(r", (?:and |or )?| (?:and|or) ")
_FEWEST_NAMES: Final = 3
_LONGEST_NAME: Final = 3
_CITATION: Final = re.compile(r" ?\[\d+(?:, \d+)*\]")


@dataclass(frozen=True, slots=True)
class Pointer:
    """A statement of a draft, and what it was written from.

    Attributes:
        statement: in one line, without a list marker.
        units: positions of the units, the nearest first; none where the statement is from nowhere.
        share: of the statement's term weight that these units have together, 0..1.
    """

    statement: str
    units: tuple[int, ...]
    share: float


def pointers_of(question: str, draft: str, units: Sequence[Unit]) -> list[Pointer]:
    """The statements of a draft in order, each with the units that it points to."""
    asked = frozenset(normalized_words(question))
    words = [frozenset(normalized_words(unit.text)) for unit in units]
    statements = statements_of(draft)
    weights = [{word: _weight(word, asked) for word in normalized_words(statement)} for statement in statements]
    nearest = [_nearest(each, words) for each in weights]
    # "Unplug it." is a step of four procedures: the one that the other statements are from is meant.
    told = Counter(units[places[0]].block for places in nearest if len(places) == 1)
    return [
        _pointer(statement, each, words, max(places, key=lambda place: told[units[place].block], default=None))
        for statement, each, places in zip(statements, weights, nearest, strict=True)
    ]


def points_anywhere(pointers: Iterable[Pointer]) -> bool:
    """True if one of the statements of a draft is supported by units of the evidence."""
    return any(pointer.units and pointer.share >= SUPPORTED for pointer in pointers)


def followed_list(pointers: Sequence[Pointer], units: Sequence[Unit]) -> int | None:
    """The block of the one list that nearly all statements of a draft are from; None where there is none."""
    blocks = Counter(units[each.units[0]].block for each in pointers if each.units and each.share >= SUPPORTED)
    block, count = blocks.most_common(1)[0] if blocks else (None, 0)
    return block if count >= max(_FEWEST_FOLLOWED, _FOLLOWED * len(pointers)) else None


def statements_of(draft: str) -> list[str]:
    """The sentences and list items of a draft, each once, without markers and citations."""
    return list(dict.fromkeys(_statements(draft)))[:_MOST_STATEMENTS]


def ends_in_a_loop(draft: str) -> bool:
    """True where a draft ends in a few characters again and again; a small model then says nothing else."""
    tail = draft[-_TAIL:]
    return len(tail) == _TAIL and any(tail[period:] == tail[:-period] for period in range(1, _LONGEST_PERIOD + 1))


def repeats_itself(draft: str) -> bool:
    """True where a draft has said a statement of several words three times; a small model then says nothing else."""
    counts = Counter(_statements(draft))
    return any(count >= _LOOP and len(statement.split()) >= _FEWEST_WORDS for statement, count in counts.items())


def _statements(draft: str) -> Iterator[str]:
    for line in draft.splitlines():
        for part in _INLINE_STEP.split(line):
            yield from _sentences(part)


def _sentences(part: str) -> Iterator[str]:
    text = _CITATION.sub("", _MARKER.sub("", part.strip()))
    for start, end in sentence_spans(text):
        if any(character.isalpha() for character in text[start:end]):
            yield from _enumerated(" ".join(text[start:end].split()))


def _enumerated(statement: str) -> Sequence[str]:
    """The names that a statement only enumerates, "Quality, Integrity and Respect", each of which is from elsewhere."""
    names = _BETWEEN_NAMES.split(statement.rstrip("."))
    is_bare = len(names) >= _FEWEST_NAMES and all(0 < len(name.split()) <= _LONGEST_NAME for name in names)
    return names if is_bare else (statement,)


def _nearest(weights: Mapping[str, float], units: Sequence[frozenset[str]]) -> list[int]:
    """The positions of the units that say most of a statement and least else; more than one where these are equal."""
    if not (weights and units):
        return []
    ranks = _ranks(weights, weights, units)
    best = max(ranks)
    return [place for place, rank in enumerate(ranks) if rank == best]


def _ranks(weights: Mapping[str, float], missing: Mapping[str, float], units: Sequence[frozenset[str]]) -> list[float]:
    """For each unit, the share of a statement's weight that is missing and in it, less the cost of its other words."""
    total = sum(weights.values())
    return [
        sum(missing[word] for word in missing.keys() & unit) / total - _COST_OF_WORD * len(unit - weights.keys())
        for unit in units
    ]


def _pointer(
    statement: str, weights: Mapping[str, float], units: Sequence[frozenset[str]], first: int | None
) -> Pointer:
    """The units that a statement was written from, ``first`` before the others."""
    total = sum(weights.values())
    missing = dict(weights)
    chosen: list[int] = []
    best = first
    while best is not None and len(chosen) < _MOST_UNITS:
        if sum(missing[word] for word in missing.keys() & units[best]) < _LEAST_SHARE * total:
            break
        chosen.append(best)
        missing = {word: weight for word, weight in missing.items() if word not in units[best]}
        ranks = _ranks(weights, missing, units)
        best = max(range(len(units)), key=ranks.__getitem__)
    share = 1 - sum(missing.values()) / total if total and chosen else 0.0
    return Pointer(statement, tuple(chosen), share)


def _weight(word: str, asked: frozenset[str]) -> float:
    if word in asked:
        return _WEIGHT_QUESTION
    return _WEIGHT_NUMBER if is_number(word) else _WEIGHT_WORD
