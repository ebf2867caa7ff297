"""Scopes of negation in a text, after NegEx (Chapman and others, 2001): which words are denied, and which affirmed.

A scope goes from a negation to the next clause. Words that negate by their meaning ("excluded", "prohibited") deny the
word that they stand for ("cover", "allow"). "Not ... unless" and "not ... without" deny and affirm at once: what they
are about is allowed under a condition.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from rag.answering.claims.language.analysis import AnalyzedText, analyze
from rag.answering.claims.language.lexicon import (
    AFFIRMED,
    AUXILIARIES,
    COMPARATIVES,
    EXCEPTIONS,
    LIMITS,
    NEGATING_PHRASES,
    NEGATIVE_HEADING,
    NEGATIVE_PREFIXES,
    NEGATIVE_WORDS,
    NO_NEGATION_BEFORE,
    REJECTING,
    RESTRICTIONS,
    SCOPE_ENDS,
    Phrases,
)
from rag.answering.claims.language.tokens import NOT, TextToken, root

_NEGATED: Final = {root(word): root(meaning) for word, meaning in NEGATIVE_WORDS.items()}
_AFFIRMED: Final = {root(word): root(meaning) for word, meaning in AFFIRMED.items()}
# An exception takes out a few words only: "all parts except gaskets are covered".
_LONGEST_EXCEPTION: Final = 4
_STOPS: Final = frozenset(";.:(—–")
_SUBJECTS: Final = frozenset("no nobody nothing none neither".split())
# Where they are no subjects they deny what is before them: "it costs nothing to join".
_PRONOUNS: Final = frozenset("nothing nobody none nowhere".split())
_NOBODY: Final = _PRONOUNS | {"one"}
_ALLOWANCES: Final = frozenset((root("cover"), root("allow")))
_FEWEST_LETTERS: Final = 3
_NUMBERS: Final = ("number", "sign")
_REJECTION: Final = root("accept")
# Words that are looked at before and after one: no sentence has so many in a clause, and the work stays linear.
_FARTHEST: Final = 30


@dataclass(frozen=True, slots=True)
class Polarity:
    """Keys of the content words of a stretch of text that are denied, and those that are affirmed; some are both.

    Attributes:
        negations: number of negations, those included that a condition lifts.
        restricted: true where one is lifted: "no work unless".
    """

    denied: frozenset[str] = frozenset()
    affirmed: frozenset[str] = frozenset()
    negations: int = 0
    restricted: bool = False

    @property
    def negative(self) -> bool:
        """True where something is denied without a condition."""
        return self.negations > 0 and not self.restricted

    def under(self, introduction: Polarity) -> Polarity:
        """That of an item whose introduction is negative: "It does not cover:"; it denies all that the item says."""
        if self.negations or not introduction.negative:
            return self
        return Polarity(self.affirmed | introduction.denied, self.denied, introduction.negations)

    def joined(self, other: Polarity) -> Polarity:
        """That of two stretches together."""
        return Polarity(
            self.denied | other.denied,
            self.affirmed | other.affirmed,
            self.negations + other.negations,
            self.restricted or other.restricted,
        )


def polarity(text: AnalyzedText, tokens: Iterable[int]) -> Polarity:
    """The polarity of some tokens of a text, by their indices; a negation before them in their sentence counts."""
    denied: set[str] = set()
    affirmed: set[str] = set()
    negations = 0
    restricted = False
    states = _states(text)
    for index in tokens:
        token, state = text.tokens[index], states[index]
        negations += state.negates
        restricted |= state.lifted
        if state.meaning:
            (affirmed if state.scope == "denied" else denied).add(state.meaning)
        if token.content or token.key in _AFFIRMED:
            keys = {token.key, _AFFIRMED.get(token.key, token.key)}
            denied |= keys if state.scope != "affirmed" else set()
            affirmed |= keys if state.scope != "denied" else set()
    negations = negations or int(bool(denied))
    return Polarity(frozenset(denied), frozenset(affirmed), negations, restricted=restricted and negations > 0)


def introducing_polarity(introduction: str) -> Polarity:
    """The polarity that an introduction or a heading gives to what is under it.

    It is negative for "The plan does not cover:", and for "Exclusions", which does not say from what.
    """
    text = analyze(introduction)
    found = polarity(text, range(len(text.tokens)))
    if NEGATIVE_HEADING.isdisjoint(token.lower for token in text.tokens):
        return found
    return Polarity(found.denied | _ALLOWANCES, found.affirmed - _ALLOWANCES, max(1, found.negations))


def is_denied(text: AnalyzedText, index: int) -> bool:
    """True if a token is within the scope of a negation, lifted or not."""
    return _states(text)[index].scope != "affirmed"


@lru_cache(maxsize=256)
def _states(text: AnalyzedText) -> tuple[_State, ...]:
    scan = _Scan(text)
    return tuple(scan.step(index, token) for index, token in enumerate(text.tokens))


def meanings(key: str) -> frozenset[str]:
    """A key, with that of the word that it stands for where a negative word denies this."""
    return frozenset((key, _AFFIRMED.get(key, key), _NEGATED.get(key, key)))


def all_meanings(keys: Iterable[str]) -> frozenset[str]:
    """The :func:`meanings` of several keys."""
    return frozenset().union(*map(meanings, keys))


def opposite_by_prefix(key: str, keys: frozenset[str]) -> bool:
    """True if one of ``keys`` is the word with a negative prefix, or without it: "paid" and "unpaid"."""
    return any(
        prefix + key in keys
        or (key.startswith(prefix) and len(key) - len(prefix) >= _FEWEST_LETTERS and key.removeprefix(prefix) in keys)
        for prefix in NEGATIVE_PREFIXES
    )


def phrase_length(text: AnalyzedText, index: int, phrases: Phrases) -> int:
    """Length in words of the longest of the phrases that begins at a token, within its unit; 0 for none."""
    found = phrases.get(text.tokens[index].lower)
    if not found:
        return 0
    stop = text.units[text.unit_of[index]].stop
    for phrase in found:
        end = index + len(phrase)
        if end <= stop and tuple(token.lower for token in text.tokens[index:end]) == phrase:
            return len(phrase)
    return 0


@dataclass(frozen=True, slots=True)
class _State:
    """A token in the scopes around it.

    Attributes:
        negates: true for a negation, an exception, and a word that negates by its meaning.
        meaning: what such a word denies.
        lifted: true where a condition in the sentence lifts its negation.
    """

    scope: Literal["denied", "affirmed", "both"]
    negates: bool
    meaning: str | None
    lifted: bool


class _Scan:
    """Scopes that are open while the tokens of a text are read in order."""

    def __init__(self, text: AnalyzedText) -> None:
        self._text = text
        self._unit = -1
        self._lifted = False
        self._open = False
        # Auxiliaries that the scope may go over: one after a negative subject, "no damage is covered".
        self._over = 0
        self._content = 0
        # Content words that an exception still takes out.
        self._excepted = 0

    def step(self, index: int, token: TextToken) -> _State:
        """Reads the next token."""
        text = self._text
        if text.unit_of[index] != self._unit:
            self._unit, self._open, self._excepted = text.unit_of[index], False, 0
            self._lifted = _is_lifted(text, self._unit)
        else:
            self._close(index, token)
        denied = self._open or self._excepted > 0
        scope: Literal["denied", "affirmed", "both"] = "affirmed"
        if denied:
            scope = "both" if self._open and self._lifted else "denied"
        self._excepted -= self._excepted > 0 and token.content
        self._content += token.content
        meaning = _NEGATED.get(token.key) or (_REJECTION if phrase_length(text, index, REJECTING) else None)
        negates = meaning is not None
        if opens_scope(text, index):
            subject = _is_subject(text, index)
            if token.lower != "nor" or not self._open:
                self._over = int(token.lower in _SUBJECTS and subject)
            self._open, self._content = subject or token.lower not in _PRONOUNS, 0
            negates = True
        elif phrase_length(text, index, EXCEPTIONS):
            self._excepted = _LONGEST_EXCEPTION
            negates = True
        return _State(scope, negates, meaning, self._lifted)

    def _close(self, index: int, token: TextToken) -> None:
        gap = self._text.gap(index)
        # "Not because": what follows is denied.
        follows = opens_scope(self._text, index - 1) or phrase_length(self._text, index - 1, EXCEPTIONS)
        ends = (token.lower in SCOPE_ENDS and not follows) or not _STOPS.isdisjoint(gap)
        auxiliary = token.lower in AUXILIARIES
        if ends or auxiliary or "," in gap:
            self._excepted = 0
        if not self._open:
            return
        if auxiliary and self._content and not ends:
            self._over -= 1
            ends = self._over < 0
        if ends or ("," in gap and not _list_goes_on(self._text, index)):
            self._open = False


def opens_scope(text: AnalyzedText, index: int) -> bool:
    """True for a negation, but for those of bounds ("no more than") and of "not only"; also for "refused to"."""
    token = text.tokens[index]
    following, then = (text.tokens[place].lower if place < len(text.tokens) else "" for place in (index + 1, index + 2))
    if token.key in _NEGATED:
        return following in ("to", "from")
    if token.key == NOT:
        is_bound = following in COMPARATIVES and then == "than"
        return not is_bound and following not in NO_NEGATION_BEFORE
    return bool(phrase_length(text, index, NEGATING_PHRASES))


def _is_lifted(text: AnalyzedText, unit: int) -> bool:
    """True if a unit has a condition or a bound after a negation: "no work unless", "nobody but", "no more than"."""
    seen = False
    units = text.units[unit]
    for index in units:
        word = text.tokens[index].lower
        following = text.tokens[index + 1] if index + 1 < units.stop else None
        bound = following and (
            (word in COMPARATIVES and following.lower == "than") or (word in LIMITS and following.kind in _NUMBERS)
        )
        alone = word == "but" and index > units.start and text.tokens[index - 1].lower in _NOBODY
        if seen and (bound or alone or word in RESTRICTIONS):
            return True
        seen = seen or opens_scope(text, index)
    return False


def _is_subject(text: AnalyzedText, index: int) -> bool:
    """True if nothing is said before a negation in its segment."""
    start = max(text.units[text.unit_of[index]].start, index - _FARTHEST)
    before = [place for place in range(start, index) if text.segment_of[place] == text.segment_of[index]]
    return not any(text.tokens[place].content or text.tokens[place].lower in AUXILIARIES for place in before)


def _list_goes_on(text: AnalyzedText, index: int) -> bool:
    """True if the words after a comma are items of a list: "cannot be sold, given away or used"."""
    stop = min(text.units[text.unit_of[index]].stop, index + _FARTHEST)
    for place in range(index, stop):
        word = text.tokens[place].lower
        if word in ("or", "nor"):
            return True
        if place > index and (word in SCOPE_ENDS or not _STOPS.isdisjoint(text.gap(place))):
            return False
    return False
