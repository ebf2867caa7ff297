"""Questions about two things at once: each side is searched for on its own, so that both are in the evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rag.domain.values import Document, Question
from rag.text.sentences import is_number, words

# Two sides and what joins them. These say that they are compared, so that numbers tell them apart, too ...
_COMPARED: Final = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:differ\w*|chang\w*|compar\w*)\b[^?]*\bbetween\s+(?P<a>[^,?]+?)\s+(?:and|versus|vs\.?)\s+(?P<b>[^,?]+)",
        r"\b(?:compare|comparing|contrast|distinguish|comparison of)\s+(?P<a>[^?]+?)\s+"
        r"(?:and|with|to|from|versus|vs\.?)\s+(?P<b>[^?]+)",
        r"\b(?:do|does|did|is|are)\s+(?P<a>[^,?]+?)\s+(?:differ(?:ent)?|compare)\s+(?:from|to|with)\s+(?P<b>[^,?]+)",
        r"(?P<a>[^,?]+?)\s+(?:versus|vs\.?|compared\s+(?:to|with))\s+(?P<b>[^,?]+)",
    )
]
# ... these join much else: there each side must be called as one document is, and the two documents be much alike.
_JOINED: Final = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bbetween\s+(?P<a>[^,?]+?)\s+and\s+(?P<b>[^,?]+)",
        r"(?P<a>[^,?]+?)\s+(?:rather\s+)?than\s+(?P<b>[^,?]+)",
        r"(?P<a>[^?]+?),?\s+and\s+(?P<b>[^?]+)",
    )
]
_TOKEN: Final = re.compile(r"[^\W_]+(?:['’.\-][^\W_]+)*")
_ALIKE: Final = 0.6
_NAME_PARTS: Final = re.compile(r"[\W_]+")


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
    for pattern in (*_COMPARED, *_JOINED):
        for match in pattern.finditer(question.text):
            pair = _told_apart(match["a"], match["b"], names, is_compared=pattern in _COMPARED)
            if pair:
                one, other = pair
                return _search(question, one, other), _search(question, other, one)
    return ()


def _told_apart(one: str, other: str, names: _Names, *, is_compared: bool) -> tuple[_Side, _Side] | None:
    said = [list(dict.fromkeys(words(text))) for text in (one, other)]
    only = [[word for word in mine if word not in theirs] for mine, theirs in (said, said[::-1])]
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

    def having(self, word: str) -> frozenset[str]:
        """The documents with a word in their name or title; none where all have it."""
        found = frozenset(name for name, parts in self._words.items() if word in parts)
        return found if len(found) < len(self._words) else frozenset()

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
    return frozenset(words(" ".join(_NAME_PARTS.split(" ".join([*document.names, document.title])))))


def _search(question: Question, side: _Side, other: _Side) -> Question:
    def kept(match: re.Match[str]) -> str:
        return "" if set(words(match.group())) & other.words else match.group()

    text = " ".join(_TOKEN.sub(kept, question.text).split())
    return replace(question, text=text, documents=tuple(side.documents) or question.documents)
