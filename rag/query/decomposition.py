"""Questions about two things at once: each side is searched for on its own, so that both are in the evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rag.domain.values import Document, Question
from rag.text.words import is_number, words, words_of_name

_SENTENCE_END: Final = re.compile(r"\?")
_CLAUSE_END: Final = re.compile(r"[,?]")
_BETWEEN: Final = re.compile(r"\bbetween ", re.IGNORECASE)


@dataclass(frozen=True)
class _Pattern:
    """A comparison in the form "head A join B", matched in time that is linear in the length of the text.

    A single regular expression for it would try every head with every join. White space must be single spaces.

    Attributes:
        ends: where the text is cut: one match at most lies between two such ends.
        head: what stands before A; None where A begins with its part of the text.
        sides: A, the first join after it, and B up to the end of its part.
    """

    ends: re.Pattern[str]
    head: re.Pattern[str] | None
    sides: re.Pattern[str]

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        """Matches with groups ``a`` and ``b``, in order."""
        for part in self.ends.split(text):
            # The first head suffices: each join that follows a later one follows it, too.
            head = self.head.search(part) if self.head else None
            if (head or not self.head) and (match := self.sides.match(part, head.end() if head else 0)):
                yield match


@dataclass(frozen=True)
class _DifferenceBetween:
    """A comparison in the form "verb ... between A join B"; of its sentence, the last "between" with a join counts."""

    verb: re.Pattern[str]
    join: re.Pattern[str]
    sides: re.Pattern[str]

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        """Matches with groups ``a`` and ``b``, in order."""
        for sentence in _SENTENCE_END.split(text):
            if (verb := self.verb.search(sentence)) and (match := self._last(sentence[verb.end() :])):
                yield match

    def _last(self, text: str) -> re.Match[str] | None:
        for clause in reversed(text.split(",")):
            # A has a letter at least, and a space.
            last_join = max((join.start() for join in self.join.finditer(clause)), default=0) - 1
            if heads := [head.end() for head in _BETWEEN.finditer(clause) if head.end() < last_join]:
                return self.sides.match(clause, heads[-1])
        return None


def _pattern(ends: re.Pattern[str], head: str, sides: str) -> _Pattern:
    return _Pattern(ends, re.compile(head, re.IGNORECASE) if head else None, re.compile(sides, re.IGNORECASE))


# Two sides and what joins them. These say that they are compared, so that numbers tell them apart, too ...
_COMPARED: Final = (
    _DifferenceBetween(
        re.compile(r"\b(?:differ\w*|chang\w*|compar\w*)\b", re.IGNORECASE),
        re.compile(r"(?<= )(?:and|versus|vs\.?)(?= .)", re.IGNORECASE),
        re.compile(r"(?P<a>.+?) (?:and|versus|vs\.?) (?P<b>.+)", re.IGNORECASE),
    ),
    _pattern(
        _SENTENCE_END,
        r"\b(?:compare|comparing|contrast|distinguish|comparison of) ",
        r"(?P<a>.+?) (?:and|with|to|from|versus|vs\.?) (?P<b>.+)",
    ),
    _pattern(
        _CLAUSE_END,
        r"\b(?:do|does|did|is|are) ",
        r"(?P<a>.+?) (?:differ(?:ent)?|compare) (?:from|to|with) (?P<b>.+)",
    ),
    _pattern(_CLAUSE_END, "", r"(?P<a>.+?) (?:versus|vs\.?|compared (?:to|with)) (?P<b>.+)"),
)
# ... these join much else: there each side must be called as one document is, and the two documents be much alike.
_JOINED: Final = (
    _pattern(_CLAUSE_END, r"\bbetween ", r"(?P<a>.+?) and (?P<b>.+)"),
    _pattern(_CLAUSE_END, "", r"(?P<a>.+?) (?:rather )?than (?P<b>.+)"),
    _pattern(_SENTENCE_END, "", r"(?P<a>.+?),? and (?P<b>.+)"),
)
_TOKEN: Final = re.compile(r"[^\W_]+(?:['’.\-][^\W_]+)*")
_ALIKE: Final = 0.6


@dataclass(frozen=True)
class _Side:
    """What one side is called, in words that the other does not have, and the documents with those words in a name."""

    words: frozenset[str]
    documents: frozenset[str] = frozenset()


def split_comparison(question: Question, documents: Sequence[Document]) -> tuple[Question, ...]:
    """The two searches for a question about two things; none for another question.

    Each is the question without the words by which the other side is called. Where each side is called as exactly one
    document is, in its name or title, it is searched for in that document.
    """
    names = _Names([one for one in documents if not question.documents or {*one.names} & {*question.documents}])
    text = " ".join(question.text.split())
    for pattern in (*_COMPARED, *_JOINED):
        for match in pattern.matches(text):
            pair = _told_apart(match["a"], match["b"], names, is_compared=pattern in _COMPARED)
            if pair:
                one, other = pair
                return _search(question, one, other), _search(question, other, one)
    return ()


def _told_apart(one: str, other: str, names: _Names, *, is_compared: bool) -> tuple[_Side, _Side] | None:
    each = [dict.fromkeys(words(text)) for text in (one, other)]
    only = [[word for word in mine if word not in theirs] for mine, theirs in (each, each[::-1])]
    pair = [names.called(side) for side in only]
    if names.are_two(pair[0].documents, pair[1].documents, alike=not is_compared):
        return names.without_shared(pair[0], pair[1]), names.without_shared(pair[1], pair[0])
    numbers = [frozenset(filter(is_number, side)) for side in only]
    if is_compared and all(numbers):
        return _Side(numbers[0]), _Side(numbers[1])
    return None


class _Names:
    """What documents are called: the words of their names and titles that not all of them have."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._words = {document.name: _name_words(document) for document in documents}
        having: dict[str, set[str]] = {}
        for name, parts in self._words.items():
            for word in parts:
                having.setdefault(word, set()).add(name)
        self._having = {word: frozenset(names) for word, names in having.items() if len(names) < len(self._words)}

    def having(self, word: str) -> frozenset[str]:
        """The documents with a word in their name or title; none where all have it."""
        return self._having.get(word, frozenset())

    def called(self, side: Iterable[str]) -> _Side:
        """The words of a side that are in names, and the documents that have all of them in theirs."""
        found = {word: names for word in side if (names := self.having(word))}
        return _Side(frozenset(found), frozenset.intersection(*found.values()) if found else frozenset())

    def without_shared(self, side: _Side, other: _Side) -> _Side:
        """The side without the words that are in the name of the other's document, too."""
        return _Side(frozenset(word for word in side.words if not other.documents & self.having(word)), side.documents)

    def are_two(self, one: frozenset[str], other: frozenset[str], *, alike: bool) -> bool:
        """Whether each is one document, and not the same; if need be, two with much the same name."""
        if not len(one) == len(other) == 1 or one == other:
            return False
        mine, theirs = (self._words[name] for name in (*one, *other))
        return not alike or len(mine & theirs) >= _ALIKE * min(len(mine), len(theirs))


def _name_words(document: Document) -> frozenset[str]:
    return frozenset(words_of_name(" ".join([*document.names, document.title])))


def _search(question: Question, side: _Side, other: _Side) -> Question:
    def kept(match: re.Match[str]) -> str:
        return "" if set(words(match.group())) & other.words else match.group()

    text = " ".join(_TOKEN.sub(kept, question.text).split())
    return replace(question, text=text, documents=tuple(side.documents) or question.documents)
