"""Name rule: names and codes of the claim are in the quotes or above them, and have the role that they have there.

``name_missing``: share of the claim's names that are nowhere. ``name_margin``: how much nearer a name's words are to it
than to another name of the same kind, the least of all names, -1..1; 1 where there is no other. ``roles_swapped``: 1
where the claim has "A pays B" and the quotes "B pays A".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rag.answering.claims.alignment import ClaimComparison, Part
from rag.answering.claims.binding import margin
from rag.answering.claims.findings import Problem, RuleFindings
from rag.answering.claims.language.analysis import AnalyzedText
from rag.answering.claims.language.tokens import TextToken

# Names of one series are told apart more surely than other names.
_MISPLACED_CODE: Final = -0.1
_MISPLACED: Final = -0.25
# A name has at least so many letters, and an ending of at most so many, as "Belgian" for "Belgium".
_LEAST_BEGINNING: Final = 4
_LONGEST_ENDING: Final = 3
# A capital after one of these may be that of a first word.
_OPENING: Final = frozenset(':\n"“‘(')
_FIRST: Final = re.compile(r"[^\d\s-]+|.")
_LETTERS: Final = re.compile(r"[\d.\s-]+")
# With "by" after the verb, they make it passive.
_BE: Final = frozenset("is are was were be been being gets get got".split())


@dataclass(frozen=True, slots=True)
class _Triple:
    """Three things in a row in a segment, as subject, verb and object may be; a name of several words is one thing.

    Attributes:
        passive: true for "paid by".
        first: true where nothing is said before them in their segment, as where it begins with its subject.
        segment: that they are in.
    """

    before: frozenset[str]
    verb: frozenset[str]
    after: frozenset[str]
    passive: bool
    first: bool
    segment: int

    def turned(self, other: _Triple) -> bool:
        """True if the other has the same verb, and subject and object in each other's place."""
        if self.verb != other.verb:
            return False
        if self.passive == other.passive:
            return bool(self.before & other.after and self.after & other.before)
        return bool(self.before & other.before and self.after & other.after)

    def same(self, other: _Triple) -> bool:
        """True if the other says the same."""
        return (
            self.verb == other.verb
            and self.passive == other.passive
            and bool(self.before & other.before and self.after & other.after)
        )


def name_findings(comparison: ClaimComparison) -> RuleFindings:
    """The features above, and the problems of names."""
    names = list(_names(comparison))
    missing = [token for _, token in names if not _is_known(comparison, token)]
    problems = [Problem("name_missing", token.text) for token in missing]
    margins = [1.0]
    for index, token in names:
        if token.key not in comparison.positions or comparison.is_verbatim(index):
            continue
        rivals = _rivals(comparison, token)
        margins.append(margin(comparison, range(index, index + 1), comparison.positions[token.key], rivals))
        if margins[-1] < (_MISPLACED_CODE if token.kind == "code" else _MISPLACED):
            problems.append(Problem("name_misplaced", token.text))
    swapped = [triple for part in comparison.parts for triple in _swapped(comparison, part)]
    problems += [Problem("roles_swapped", _words(triple)) for triple in swapped]
    return RuleFindings(
        {
            "name_missing": len(missing) / len(names) if names else 0.0,
            "name_margin": min(margins),
            "roles_swapped": float(bool(swapped)),
        },
        tuple(problems),
    )


def _names(comparison: ClaimComparison) -> Iterator[tuple[int, TextToken]]:
    """Codes, and words with a capital; the first of a sentence only where the quotes write it so within one."""
    for index, token in enumerate(comparison.tokens):
        if token.kind == "code":
            yield index, token
        elif token.kind == "word" and token.content and token.capital:
            opens = index == comparison.claim.units[comparison.claim.unit_of[index]].start or not _OPENING.isdisjoint(
                comparison.claim.gap(index)
            )
            if not opens or _is_name_in(comparison.quotes, comparison.positions.get(token.key, ())):
                yield index, token


def _is_known(comparison: ClaimComparison, token: TextToken) -> bool:
    """True if a name is in the quotes or the context; also as "Belgium" for "Belgian"."""
    if token.key in comparison.positions or token.key in comparison.known:
        return True
    if token.kind == "code":
        return token.lower in comparison.quotes.text.casefold() or token.lower in comparison.context.text.casefold()
    beginning = token.key[: max(_LEAST_BEGINNING, len(token.key) - _LONGEST_ENDING)]
    return len(token.key) >= _LEAST_BEGINNING and any(
        key.startswith(beginning) for key in (*comparison.positions, *comparison.known)
    )


def _is_name_in(text: AnalyzedText, places: Sequence[int]) -> bool:
    """True if one of the places has a capital within a sentence."""
    return any(text.tokens[place].capital and place != text.units[text.unit_of[place]].start for place in places)


def _rivals(comparison: ClaimComparison, token: TextToken) -> list[int]:
    """Tokens of the quotes that are another name of the same kind."""
    others = ((place, comparison.quotes.tokens[place]) for place in _name_places(comparison.quotes))
    return [
        place
        for place, other in others
        if other.kind == token.kind
        and other.key != token.key
        and (token.kind != "code" or _series(other) == _series(token))
    ]


@lru_cache(maxsize=256)
def _name_places(text: AnalyzedText) -> tuple[int, ...]:
    """Tokens of a text that are codes, or words with a capital within a sentence."""
    return tuple(
        place
        for place, token in enumerate(text.tokens)
        if token.content and token.capital and (token.kind == "code" or _is_name_in(text, [place]))
    )


def _series(code: TextToken) -> str:
    """The letters that codes of one series share: "TR" of "TR-40", "Party" of "Party A", "S" of "4S"."""
    return _LETTERS.sub("", code.key) if code.key[0].isdigit() else _FIRST.match(code.key)[0]  # type: ignore[index]


def _words(triple: _Triple) -> str:
    return " ".join(" ".join(sorted(thing)) for thing in (triple.before, triple.verb, triple.after))


def _swapped(comparison: ClaimComparison, part: Part) -> Iterator[_Triple]:
    """The triples of a part of the claim whose subject is another one in the quotes."""
    if not part.units or part.verbatim:
        return
    quoted = list(_triples(comparison.quotes, comparison.unit_tokens(part.units)))
    for triple in _triples(comparison.claim, list(part.tokens)):
        if any(triple.same(other) for other in quoted):
            continue
        if any(triple.turned(other) or _has_other_subject(comparison, triple, other) for other in quoted):
            yield triple


def _has_other_subject(comparison: ClaimComparison, triple: _Triple, other: _Triple) -> bool:
    """True if the quotes have the verb and object with another subject, and the claim's subject elsewhere."""
    if triple.verb != other.verb or triple.passive != other.passive or not triple.after & other.after:
        return False
    if not (triple.first and other.first):
        return False
    places = [place for key in triple.before for place in comparison.positions.get(key, ())]
    # In the segment before it may be the subject: "members who are present decide".
    near = (other.segment - 1, other.segment)
    return bool(places) and not any(comparison.quotes.segment_of[place] in near for place in places)


def _triples(text: AnalyzedText, indices: Sequence[int]) -> Iterator[_Triple]:
    things = _things(text, indices)
    for number, (before, verb, after) in enumerate(zip(things, things[1:], things[2:], strict=False)):
        segment = text.segment_of[before[0]]
        numeric = any(text.tokens[place].numeric for place in (*before, *verb, *after))
        between = [text.tokens[index].lower for index in range(before[-1] + 1, after[0])]
        # The subject of "to enter" is not the word before it.
        infinitive = text.tokens[verb[0] - 1].lower == "to"
        if text.segment_of[after[-1]] == segment and not numeric and not infinitive:
            passive = "by" in between and not _BE.isdisjoint(between)
            first = not number or text.segment_of[things[number - 1][-1]] != segment
            yield _Triple(_keys(text, before), _keys(text, verb), _keys(text, after), passive, first, segment)


def _keys(text: AnalyzedText, thing: Sequence[int]) -> frozenset[str]:
    return frozenset(text.tokens[place].key for place in thing)


def _things(text: AnalyzedText, indices: Sequence[int]) -> list[list[int]]:
    """The content words of some tokens; those of a name that follow each other are one thing."""
    things: list[list[int]] = []
    for index in indices:
        token = text.tokens[index]
        if not token.content:
            continue
        last = text.tokens[things[-1][-1]] if things else None
        joined = last and things[-1][-1] == index - 1 and last.capital and token.capital
        if joined and text.segment_of[index] == text.segment_of[index - 1]:
            things[-1].append(index)
        else:
            things.append([index])
    return things
