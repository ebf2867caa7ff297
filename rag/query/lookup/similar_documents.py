"""Similar documents: editions, plans or models of one kind, of which a question names one and not the others.

Their pages say the same of different things, so that what one says is a wrong answer about another.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final, TypeAlias

from rag.domain.values import Document
from rag.text.words import words_of_name

_Words: TypeAlias = frozenset[str]

# Least share of the words of two names that they have in common.
_SIMILAR: Final = 1 / 3
# Of a run in the question: "standard" by itself is a word like others, "Northwind Standard" is a name.
_FEWEST_WORDS: Final = 2
_MOST_DOCUMENTS: Final = 500


def left_out(question: str, documents: Sequence[Document]) -> list[Document]:
    """The documents that a question does not mean: it names another whose name is like theirs, and tells them apart.

    Args:
        question: as it is searched for.
        documents: those that may be searched; of more than 500 none is left out.
    """
    if len(documents) > _MOST_DOCUMENTS:
        return []
    typed = question.split()
    words = {word: frozenset(words_of_name(word)) for word in set(typed)}
    asked = [own for word in typed if (own := words[word])]
    names = [(one, name, _named(asked, name)) for one in documents for name in _names(one)]
    meant = [(one, name, named) for one, name, named in names if named]
    found = {
        other.id
        for other, yours, named in names
        for one, mine, own in meant
        if one is not other and _is_meant_alone(mine, own, yours, named)
    }
    return [one for one in documents if one.id in found]


def _is_meant_alone(mine: _Words, own: _Words, yours: _Words, named: _Words) -> bool:
    """True where the question has all words by which one name differs from another like it, and none the other way.

    ``mine`` and ``yours`` are the words of the two names, ``own`` and ``named`` those of them that the question has.
    """
    is_similar = len(mine & yours) >= _SIMILAR * len(mine | yours)
    return is_similar and bool(mine - yours) and mine - yours <= own and not named - mine


def _names(document: Document) -> list[_Words]:
    """The words of a document's names without folder and suffix, and of its title; each once."""
    stems = [name.rsplit("/", 1)[-1].rsplit(".", 1)[0] for name in document.names]
    return list({frozenset(words_of_name(text)) for text in [*stems, document.title]})


def _named(asked: Sequence[_Words], name: _Words) -> _Words:
    """The words of a name that the question has in runs of two or more."""
    runs = [list(run) for is_name, run in groupby(asked, key=name.issuperset) if is_name]
    return frozenset[str]().union(*(word for run in runs if len(run) >= _FEWEST_WORDS for word in run))
