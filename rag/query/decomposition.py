"""Query decomposition: a comparison becomes two searches, so that both of its sides are in the evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rag.domain.values import Document, Question
from rag.text.words import camel_case_apart, is_number, words, words_of_name

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


@dataclass(frozen=True)
class _Differing:
    """A comparison in the form "do A and B differ"; of each clause the first verb and the first join count."""

    head: re.Pattern[str]
    verb: re.Pattern[str]
    sides: re.Pattern[str]

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        """Matches with groups ``a`` and ``b``, in order."""
        for clause in _CLAUSE_END.split(text):
            verb = self.verb.search(clause)
            head = self.head.search(clause) if verb else None
            if verb and head and (match := self.sides.match(clause[head.end() : verb.start()])):
                yield match


def _pattern(ends: re.Pattern[str], head: str, sides: str) -> _Pattern:
    return _Pattern(ends, re.compile(head, re.IGNORECASE) if head else None, re.compile(sides, re.IGNORECASE))


_A_AND_B: Final = re.compile(r"(?P<a>.+?) (?:and|or) (?P<b>.+)", re.IGNORECASE)
# Forms that say that two things are compared: there the sides may also differ in a number only ...
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
    _Differing(
        re.compile(r"\b(?:do|does|did|are|is) ", re.IGNORECASE),
        re.compile(r" (?:differ|different|compare)\b", re.IGNORECASE),
        _A_AND_B,
    ),
    _pattern(_CLAUSE_END, "", r"(?P<a>.+?) (?:versus|vs\.?|compared (?:to|with)) (?P<b>.+)"),
)
# "Compare what is paid to leave A and B": only the last join is one of sides.
_LAST_JOINED: Final = _pattern(_SENTENCE_END, r"\b(?:compare|comparing) ", r"(?P<a>.+) and (?P<b>.+)")
# ... and forms that join much else: there each side must name one document, and the two documents have similar names.
_JOINED: Final = (
    _pattern(_CLAUSE_END, r"\bbetween ", r"(?P<a>.+?) and (?P<b>.+)"),
    _pattern(_CLAUSE_END, "", r"(?P<a>.+?) (?:rather )?than (?P<b>.+)"),
    _pattern(_SENTENCE_END, "", r"(?P<a>.+?),? and (?P<b>.+)"),
)
# Where the first side begins at the latest, and where the second ends: what else is asked belongs to both.
_BEFORE_SIDE: Final = re.compile(r"[:;(,]| [-–—] ")
_AFTER_SIDE: Final = re.compile(
    r"[:;(,]| [-–—] | (?:for|on|in|under|when|with|regarding|at|of|if|as|by|during|according) "
)
_ARTICLE: Final = re.compile(r"(?:the|an?|that|those|its|their) ", re.IGNORECASE)
_BEFORE_NAME: Final = re.compile(r"(?:^|(?<= ))(?:the|an?|of|in|for|under|between|to|with|by|from|on) ", re.IGNORECASE)
# "What is the difference between", with nothing else in the question than the two.
_WHAT_DIFFERS: Final = re.compile(
    r"(?:(?:what(?:['’]s| is| are)|explain|describe|tell me|show me|give me) )?(?:the )?(?:main |key |exact |big )?"
    r"differences? between ",
    re.IGNORECASE,
)
_WHAT_IS: Final = "What is "
_SIDES: Final = 2
_MOST_WORDS_OF_SIDE: Final = 6
_MOST_WORDS_OF_NAME: Final = 3
_TOKEN: Final = re.compile(r"[^\W_]+(?:['’.\-][^\W_]+)*")
_DIGIT: Final = re.compile(r"\d")
# Share of the shorter name's words that two similar names have in common.
_SIMILAR_NAMES: Final = 0.6


@dataclass(frozen=True)
class _Side:
    """One side of a comparison: the words that only it has, and the documents with all of these in name or title."""

    words: frozenset[str]
    documents: frozenset[str] = frozenset()


def split_comparison(question: Question, documents: Sequence[Document]) -> tuple[Question, ...]:
    """The two searches for a comparison; none for another question.

    Each is the question without the words that name the other side. Where each side names exactly one document, by its
    file name or title, only that document is searched. Sides that are neither documents nor numbers, "the ring test and
    the dye test", are searched for in all.
    """
    names = _DocumentNames([one for one in documents if not question.documents or {*one.names} & {*question.documents}])
    text = " ".join(question.text.split())
    for pattern in (*_COMPARED, _LAST_JOINED, *_JOINED):
        for match in pattern.matches(text):
            is_compared = pattern in _COMPARED or pattern is _LAST_JOINED
            if sides := _distinct_sides(match["a"], match["b"], names, is_compared=is_compared):
                alone = _each_alone(match["a"], match["b"]) if is_compared else None
                return _searches(question, match, sides, alone)
    for pattern in (*_COMPARED, _LAST_JOINED):
        for match in pattern.matches(text):
            if subjects := _subjects(match["a"], match["b"]):
                one, other = subjects
                if _asks_what_differs(text, match):
                    return _definition(question, match["a"]), _definition(question, match["b"])
                return _search(question, one, other), _search(question, other, one)
    return ()


def _asks_what_differs(text: str, match: re.Match[str]) -> bool:
    """True for "What is the difference between A and B?": each of them is to be told what it is."""
    before, _, after = text.partition(match.string[match.start("a") : match.end("b")])
    return _WHAT_DIFFERS.fullmatch(before) is not None and not after.strip(" ?.!")


def _definition(question: Question, side: str) -> Question:
    return replace(question, text=f"{_WHAT_IS}{side.strip(' .?!')}?")


def asks_for_definitions(searches: Sequence[Question]) -> bool:
    """True for the searches of a comparison, its sides first, that ask what each side is."""
    return len(searches) > _SIDES and all(side.text.startswith(_WHAT_IS) for side in searches[:_SIDES])


def _named_last(side: str) -> str:
    """What the first side of a comparison names: "Standard" of "the fees of Standard"."""
    return _BEFORE_NAME.split(_BEFORE_SIDE.split(side)[-1])[-1]


def _named_first(side: str) -> str:
    """What the second side of a comparison names: "archive" of "archive of the store"."""
    return _AFTER_SIDE.split(_ARTICLE.sub("", side, count=1), maxsplit=1)[0]


def _subjects(one: str, other: str) -> tuple[_Side, _Side] | None:
    """The words that only one side of a comparison of two subjects has; None where a side is long, or has none."""
    each = [_BEFORE_SIDE.split(one)[-1], _AFTER_SIDE.split(other, maxsplit=1)[0]]
    if len(each[0].split()) > _MOST_WORDS_OF_SIDE:
        each[0] = _named_last(one)
    if any(len(side.split()) > _MOST_WORDS_OF_SIDE for side in each):
        return None
    found = [words(side) for side in each]
    if len(each[0].split()) < len(each[1].split()) and not _ARTICLE.match(each[1]):
        # "Dental and vision cover": the last word belongs to both.
        found[1] = found[1][:-1]
    own = [_Side(frozenset(found[0]) - frozenset(found[1])), _Side(frozenset(found[1]) - frozenset(found[0]))]
    return (own[0], own[1]) if own[0].words and own[1].words else None


def _distinct_sides(one: str, other: str, names: _DocumentNames, *, is_compared: bool) -> tuple[_Side, _Side] | None:
    """The two sides, where they name two documents or, in a comparison, differ in numbers; else None."""
    each = [dict.fromkeys(words(text)) for text in (one, other)]
    only = [[word for word in mine if word not in theirs] for mine, theirs in (each, each[::-1])]
    pair = [names.side(mine) for mine in only]
    are_named = names.name_all(_named_last(one), pair[0].documents) and names.name_all(
        _named_first(other), pair[1].documents
    )
    if names.are_two(pair[0].documents, pair[1].documents, similar=not (is_compared and are_named)):
        return names.without_shared(pair[0], pair[1]), names.without_shared(pair[1], pair[0])
    numbers = [frozenset(filter(is_number, side)) for side in only]
    if is_compared and (all(numbers) or _each_alone(one, other)):
        return _Side(numbers[0]), _Side(numbers[1])
    return None


def _searches(
    question: Question, match: re.Match[str], sides: tuple[_Side, _Side], alone: tuple[str, str] | None
) -> tuple[Question, Question]:
    """The searches for two sides; with ``alone``, each as if only that one had been asked about."""
    one, other = sides
    if not alone:
        return _search(question, one, other), _search(question, other, one)
    both = match.string[match.start("a") : match.end("b")]
    before, _, after = " ".join(question.text.split()).partition(both)
    first, second = (
        replace(question, text=f"{before}{text}{after}", documents=tuple(side.documents) or question.documents)
        for side, text in zip(sides, alone, strict=True)
    )
    return first, second


def _each_alone(one: str, other: str) -> tuple[str, str] | None:
    """Both sides with all that is said of both: "the oil of the Bittern 4" and "the oil of the Bittern 9".

    The second side has the name of the first one where it has only a number, and the first side what follows the
    second. None where they do not differ in one number each.

    Args:
        one: what stands before the joining word, "the oil of the Bittern 4".
        other: what stands after it, "9 in winter".
    """
    mine, theirs = ([token for token in _TOKEN.finditer(text) if _DIGIT.search(token.group())] for text in (one, other))
    known, also = {token.group() for token in mine}, {token.group() for token in theirs}
    number = next((token for token in reversed(mine) if token.group() not in also), None)
    other_number = next((token for token in theirs if token.group() not in known), None)
    if number is None or other_number is None:
        return None
    name = _ARTICLE.sub("", other[: other_number.start()], count=1)
    if len(name.split()) > _MOST_WORDS_OF_NAME:
        return None
    rest, tail = other[other_number.end() :], one[number.end() :]
    common = rest[len(tail) :] if rest.startswith(tail) else ""
    return one + common, _before_number(one, number, name, other_number.group()) + name + other_number.group() + rest


def _before_number(one: str, number: re.Match[str], name: str, other_number: str) -> str:
    """What of the first side belongs before the second one: all but its name and its number."""
    before = one[: number.start()]
    if name:
        shared = name if before.lower().endswith(name.lower()) else _named_last(before)
        return before[: len(before) - len(shared)]
    # "TR-40 and 60".
    code = _DIGIT.split(number.group(), maxsplit=1)[0] if other_number[0].isdigit() else ""
    return before + code


class _DocumentNames:
    """Inverted index of the words in the documents' file names and titles."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._words = {document.name: _name_words(document) for document in documents}
        postings: dict[str, set[str]] = {}
        for name, parts in self._words.items():
            for word in parts:
                postings.setdefault(word, set()).add(name)
        # Words that are run together in a name, as in "ZtoExpressCayman", where no name has them by themselves.
        whole = frozenset(postings)
        self._parts = {document.name: _words_apart(document) - whole for document in documents}
        for name, parts in self._parts.items():
            for word in parts:
                postings.setdefault(word, set()).add(name)
        # A word that all documents have tells none of them apart.
        self._postings = {word: frozenset(names) for word, names in postings.items() if len(names) < len(self._words)}

    def documents_with(self, word: str) -> frozenset[str]:
        """The documents with a word in their name or title; none where all have it."""
        return self._postings.get(word, frozenset())

    def side(self, words_of_side: Iterable[str]) -> _Side:
        """The words that are in names, and the documents that have all of these in theirs."""
        found = {word: names for word in words_of_side if (names := self.documents_with(word))}
        return _Side(frozenset(found), frozenset.intersection(*found.values()) if found else frozenset())

    def name_all(self, text: str, documents: frozenset[str]) -> bool:
        """True if the names of the documents have all words of a text, so that it is the name of one."""
        return all(set(words(text)) <= self._words[name] | self._parts[name] for name in documents)

    def without_shared(self, side: _Side, other: _Side) -> _Side:
        """The side without the words that the name of the other's document has, too."""
        own = frozenset(word for word in side.words if not other.documents & self.documents_with(word))
        return _Side(own, side.documents)

    def are_two(self, one: frozenset[str], other: frozenset[str], *, similar: bool) -> bool:
        """True if each is one document, and not the same; with ``similar``, two whose names share most words."""
        if not len(one) == len(other) == 1 or one == other:
            return False
        mine, theirs = (self._words[name] for name in (*one, *other))
        return not similar or len(mine & theirs) >= _SIMILAR_NAMES * min(len(mine), len(theirs))


def _name_words(document: Document) -> frozenset[str]:
    return frozenset(words_of_name(" ".join([*document.names, document.title])))


def _words_apart(document: Document) -> frozenset[str]:
    return frozenset(words_of_name(camel_case_apart(" ".join(document.names))))


def _search(question: Question, side: _Side, other: _Side) -> Question:
    """The question without the other side's words, for the documents of this side."""

    def kept(match: re.Match[str]) -> str:
        return "" if set(words(match.group())) & other.words else match.group()

    text = " ".join(_TOKEN.sub(kept, question.text).split())
    return replace(question, text=text, documents=tuple(side.documents) or question.documents)
