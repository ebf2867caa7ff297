"""Text analysis for claim verification: tokens with their sentences or rows, and the segments between pauses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rag.answering.claims.language.tokens import TextToken, tokenize
from rag.text.sentences import sentence_spans

# What is beyond is not read: no sentence and no set of quotes is so long.
MOST_CHARACTERS: Final = 8_000

_BULLET: Final = r"[•·◦▪‣*–—-]"
_ITEM: Final = re.compile(rf"\n(?={_BULLET}\s)")
_ROW: Final = re.compile(rf"\n(?={_BULLET}\s|[^a-z\s])")
_ITEM_START: Final = re.compile(rf"(?:{_BULLET}\s*)?[a-z]|{_BULLET}\s")
# The number of a step is no number of what is said.
_STEP_NUMBER: Final = re.compile(r"(?:\A|(?<=[.:;!?])\s{1,4})\(?\d{1,3}[.)]\s{1,4}(?=[^\W\d_])")
_PAUSE: Final = re.compile(r"[,;:()\[\]•–—|]|\s-\s")
_JOINERS: Final = frozenset(
    "and or but while whereas which who whose because if unless when whenever although though where until except so "
    "plus whichever".split()
)
_BEFORE_NUMBERS: Final = frozenset(("to", "from"))
_ANAPHORS: Final = frozenset(
    "it its they them their this these those he his him she her such beyond that there otherwise both neither each one "
    "ones none same".split()
)


@dataclass(frozen=True, slots=True, eq=False)
class AnalyzedText:
    """A text as the rules read it.

    Attributes:
        units: token ranges of its sentences, rows and list items, in order, none of them empty.
        unit_of: index of its unit, for each token.
        segment_of: index of its segment, for each token: the stretch between pauses and conjunctions.
        items: for each unit true where it is an item of a list: it begins with a bullet or in lower case.
        lead_of: for each unit the index of the unit that introduces it, as "It does not cover:" a list; None for none.
        linked: for each unit true where it goes on about the one before: it begins with "it" or "this".
    """

    text: str
    tokens: tuple[TextToken, ...]
    units: tuple[range, ...]
    unit_of: tuple[int, ...]
    segment_of: tuple[int, ...]
    items: tuple[bool, ...]
    lead_of: tuple[int | None, ...]
    linked: tuple[bool, ...]

    def gap(self, index: int) -> str:
        """The characters between a token and the one before it; empty for the first."""
        return self.text[self.tokens[index - 1].end : self.tokens[index].start] if index else ""

    def quoted(self, start: int, end: int) -> str:
        """The text of the tokens from ``start`` to before ``end``, on one line."""
        return " ".join(self.text[self.tokens[start].start : self.tokens[end - 1].end].split()) if end > start else ""


@lru_cache(maxsize=512)
def analyze(text: str) -> AnalyzedText:
    """The analysis of a text, of its first :data:`MOST_CHARACTERS` characters; linear in its length."""
    text = text[:MOST_CHARACTERS]
    steps = [match.span() for match in _STEP_NUMBER.finditer(text)]
    tokens = _outside(tokenize(text), steps)
    units, kept = _units(tokens, list(_unit_spans(text)))
    unit_of = [0] * len(tokens)
    for number, unit in enumerate(units):
        for index in unit:
            unit_of[index] = number
    openings = [text[start:end] for start, end in kept]
    return AnalyzedText(
        text,
        tokens,
        tuple(units),
        tuple(unit_of),
        tuple(_segments(text, tokens, unit_of)),
        tuple(bool(_ITEM_START.match(opening)) for opening in openings),
        tuple(_leads(openings)),
        tuple(bool(unit) and tokens[unit.start].lower in _ANAPHORS for unit in units),
    )


def _unit_spans(text: str) -> Iterator[tuple[int, int]]:
    """Sentences; where one has no full stop its lines are rows, but for a line that goes on in lower case."""
    for start, end in sentence_spans(text):
        cut = _ITEM if text[end - 1] in ".!?" else _ROW
        for match in cut.finditer(text, start, end):
            yield start, match.start()
            start = match.end()
        yield start, end


def _outside(tokens: Sequence[TextToken], spans: Sequence[tuple[int, int]]) -> tuple[TextToken, ...]:
    """The tokens that begin in none of these spans, which are in order."""
    kept, number = [], 0
    for token in tokens:
        while number < len(spans) and spans[number][1] <= token.start:
            number += 1
        if number == len(spans) or token.start < spans[number][0]:
            kept.append(token)
    return tuple(kept)


def _units(tokens: Sequence[TextToken], spans: Sequence[tuple[int, int]]) -> tuple[list[range], list[tuple[int, int]]]:
    """TextToken ranges of the spans that have tokens, and these spans."""
    units: list[range] = []
    kept: list[tuple[int, int]] = []
    index = first = 0
    for span in spans:
        while index < len(tokens) and tokens[index].start < span[1]:
            index += 1
        if index > first:
            units.append(range(first, index))
            kept.append(span)
            first = index
    return units, kept


def _segments(text: str, tokens: Sequence[TextToken], unit_of: Sequence[int]) -> Iterator[int]:
    segment = 0
    for index, token in enumerate(tokens):
        if index:
            before = tokens[index - 1]
            paused = _PAUSE.search(text, before.end, token.start)
            # "From 12 million in 2022 to 9 million in 2023."
            to_number = token.lower in _BEFORE_NUMBERS and index + 1 < len(tokens) and _is_number(tokens[index + 1])
            if paused or unit_of[index] != unit_of[index - 1] or token.lower in _JOINERS or to_number:
                segment += 1
        yield segment


def _is_number(token: TextToken) -> bool:
    return token.numeric or token.kind == "sign"


def _leads(units: Sequence[str]) -> Iterator[int | None]:
    lead: int | None = None
    for number, unit in enumerate(units):
        if _ITEM_START.match(unit):
            yield lead
        else:
            yield None
            lead = number if unit[-1] not in ".!?;" else None
