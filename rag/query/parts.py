"""Question decomposition by rules for English: the questions in one text, each understandable by itself.

Also the attributes that a question asks for, "length, start date and price of every course", and labels by which an
answer says that nothing was found about a part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rag.query.english.clauses import asks_of, lowered, own_questions, plain
from rag.query.english.cues import ASKING, AUXILIARY, DEGREE
from rag.query.english.names import Name, find_names
from rag.query.english.nouns import DETERMINERS
from rag.text.words import words

_ORDERS: Final = (
    r"(?:list|name|give|tell|show|state|describe|explain|summari[sz]e|compare|provide|find|outline|define|"
    r"make|identify)"
)

_MOST_WORDS_OF_TOPIC: Final = 12
_FEWEST_CONTENT_WORDS: Final = 2
_MOST_WORDS_OF_ATTRIBUTE: Final = 4
# Characters in which attributes are looked for, and from which a label is made.
_LONGEST: Final = 400

_SUBJECT_PRONOUN: Final = re.compile(r"\b(?:it|they|them)\b(?!')", re.IGNORECASE)
_POSSESSIVE: Final = re.compile(r"\b(?:its|their)\b", re.IGNORECASE)
_DEMONSTRATIVE: Final = re.compile(r"\b(?:this|that|these|those|such) \w", re.IGNORECASE)
_REFERS_BACK: Final = re.compile(
    r"\b(?:it|its|they|them|their|he|him|his|she|her|this|these|those|there|one|ones|each|both|either|such|that)\b",
    re.IGNORECASE,
)
_OPINION: Final = re.compile(
    r"(?:i|we) (?:think|believe|guess|suppose|suspect|heard|know|see|feel|assume)(?: that)? ", re.IGNORECASE
)
_VERB: Final = re.compile(rf"\b{AUXILIARY}\b|'s\b")
_CUE: Final = re.compile(rf"(?:.*?\b)??{ASKING}(?:'s)?(?: {DEGREE}\b)?(?: {AUXILIARY}\b)?(?: (?:i|we|you)\b)? ?")
_ORDER_CUE: Final = re.compile(rf"{_ORDERS}(?: me| us)? ")
_CLAUSE_END: Final = re.compile(r"[,;:]")
_AUXILIARY_WORD: Final = re.compile(rf" {AUXILIARY}(?= )")
_NO_CONTENT: Final = frozenset(words("i me my we us you your be get one"))

_EACH: Final = re.compile(r" (?:of|for|per|with|on|in) (?:each|every|all|both)\b")
_LEAD: Final = re.compile(
    r"(?:\b(?:give|list|show|state|tell|provide|need|want|get|name|find|compare|table|columns|what(?:'s| is| are| was|"
    r" were)?)\b(?: (?:me|us|of|with|for))?|:)(?: the| a| an| its| their)? "
)
_ASKED_OF_ONE: Final = re.compile(r"\bwhat(?:'s| is| are| was| were) (?:the |its |their )?")
_OF_ONE: Final = re.compile(r" (?:of|for|under|in|at|on|per|to) ")
_IN_TERMS_OF: Final = re.compile(
    r"\b(?:with (?:its|their)|along with|together with|in terms of|regarding|concerning|with (?:respect|regard) to|"
    r"as to|(?:differ|different|difference|compare) (?:on|in)) "
)
_BETWEEN_ITEMS: Final = re.compile(r",? and |, ?| & |,? or |; ?")
_ASIDE: Final = re.compile(r" (?:while|when|if|during|because|please|for someone|so that)\b|[?!] ")
_ITEM: Final = re.compile(r"(?:(?:the|a|an|its|their|on|in|for|of|as well as|also) )*+(?P<item>[^\s].*)")
_NO_ATTRIBUTE: Final = re.compile(
    rf"\b(?:{ASKING}|{AUXILIARY}|i|we|you|it|they|give|list|show|tell|explain|me|please|if|not)\b"
)

_NOUN_PHRASE_ASKED: Final = re.compile(
    rf"(?:what|who|which)(?:'s| is| are| was| were)(?: the same as)? (?P<asked>(?!{AUXILIARY}\b).+)"
)
_ORDERED: Final = re.compile(rf"{_ORDERS}(?: me| us)?(?: all| every)?(?: about| of)? (?P<asked>.+)")
_PRONOUN_ASKED: Final = re.compile(
    rf"(?P<word>{ASKING}(?: {DEGREE})?(?: \w+)??) (?P<auxiliary>{AUXILIARY}) (?P<subject>i|we|you|he|she|it|they|one|"
    r"there) (?P<rest>.+)"
)
_SUBJECT_ASKED: Final = re.compile(
    r"(?P<word>when|where|why|how) (?P<auxiliary>is|are|was|were|has|have|had|can|must|should|"
    r"will) (?P<subject>.+) (?P<rest>\w+ed)$"
)
_YES_NO: Final = re.compile(rf"(?P<auxiliary>{AUXILIARY}) (?P<subject>i|we|you|he|she|it|they|one|there) (?P<rest>.+)")
_YOURS: Final = {"i": "you", "we": "you", "me": "you", "us": "you", "my": "your", "our": "your", "am": "are"}
_ABOUT: Final = re.compile(r" (?:about|regarding|concerning) ", re.IGNORECASE)
_IN_BRACKETS: Final = re.compile(r" \([^()]*\)$")


def parts_of(text: str) -> tuple[str, ...]:
    """The questions in one text, in order, at least one and at most eight.

    A question that refers back to an earlier one, or names nothing, gets what that one names: "Who signed the Tarn
    lease, and when does it end?" has the parts "Who signed the Tarn lease?" and "when does the Tarn lease end?". Of a
    text with one question the part is the text itself.
    """
    found = asks_of(plain(text))
    questions = own_questions(found.questions)
    if len(questions) < 2:
        return (text,)
    parts = []
    for number, ask in enumerate(questions):
        before = [each.text for each in questions[:number]]
        parts.append(_by_itself(ask.text, before, found.statements) + ("." if ask.is_order else "?"))
    return tuple(parts)


def _by_itself(question: str, before: Sequence[str], statements: Sequence[str]) -> str:
    """A question with the name or the topic that it takes from the questions and statements before it."""
    names = find_names(question)
    earlier = [name for text in (*statements, *before) for name in find_names(text)]
    refers = _REFERS_BACK.search(question) is not None
    has_context = bool(earlier or statements)
    names_little = not names and (has_context or len(_content(question)) < _FEWEST_CONTENT_WORDS)
    if not (statements or before) or not (refers or names_little):
        return question
    if statements:
        return _with(question, _topic(statements[-1]))
    topic = next(filter(None, map(_topic, reversed(before))), "")
    if not _VERB.search(lowered(question)):
        # "And to how many countries?" lacks all but what it asks for.
        return _with(question, _topic(before[-1], is_whole=True))
    if _DEMONSTRATIVE.search(question):
        return _with(question, topic)
    if about := _asked_about(before):
        return _with(question, about)
    if not names and (name := _last_name(before[-1])):
        return _with_name(question, name)
    return _with(question, earlier[-1].phrase if earlier and not names else topic)


def _asked_about(before: Sequence[str]) -> str:
    """The subject of the last question that has one, if it asks about it: "What does the guide say about berths"."""
    for question in reversed(before):
        *others, found = _ABOUT.split(question[-_LONGEST:])
        if others and len(found.split()) <= _MOST_WORDS_OF_TOPIC and not _REFERS_BACK.search(found):
            return found.strip(" ,;:-")
        if _topic(question):
            break
    return ""


def _content(text: str) -> list[str]:
    return [word for word in words(text) if word not in _NO_CONTENT]


def _with(question: str, topic: str) -> str:
    return f"{question} ({topic})" if topic and topic.lower() not in question.lower() else question


def _last_name(question: str) -> Name | None:
    """The name with which a question ends, "the Tarn lease" of "Who signed the Tarn lease"."""
    names = find_names(question)
    return names[-1] if names and names[-1].phrase_end == len(question) else None


def _with_name(question: str, name: Name) -> str:
    """A question with the name in the place of its pronoun, or after it."""
    if _SUBJECT_PRONOUN.search(question):
        return _SUBJECT_PRONOUN.sub(lambda _: name.phrase, question, count=1)
    if _POSSESSIVE.search(question):
        return _POSSESSIVE.sub(lambda _: f"{name.phrase}'s", question, count=1)
    return _with(question, name.phrase)


def _topic(text: str, *, is_whole: bool = False) -> str:
    """The noun phrase that a text is about, at most twelve words; empty where it only refers to something else.

    It begins with the first article; with ``is_whole``, after the question word.
    """
    opinion = _OPINION.match(text)
    lower = lowered(text[:_LONGEST])
    cue = _CUE.match(lower) or _ORDER_CUE.match(lower)
    rest = text[opinion.end() :] if opinion else text[cue.end() :] if cue else text
    tokens = (_AUXILIARY_WORD.sub("", _CLAUSE_END.split(rest, maxsplit=1)[0]) if cue else rest).split()
    articles = (place for place, token in enumerate(tokens) if token.lower() in DETERMINERS)
    article = next(articles, 0) if cue and not is_whole else 0
    topic = " ".join(tokens[article:][:_MOST_WORDS_OF_TOPIC]).rstrip(" ,;:")
    return "" if _SUBJECT_PRONOUN.search(topic) else topic


def attributes_of(text: str) -> tuple[str, ...]:
    """The attributes that a question asks for, in lower case, two at least; none for most questions.

    They are enumerated before "of every course", "for each model"; after a colon; after "in terms of", "with their" or
    "differ on"; or between "what are the" and a preposition.
    """
    lower = _ASIDE.split(lowered(plain(text[: 2 * _LONGEST]))[:_LONGEST].rstrip(" .?!"), maxsplit=1)[0]
    for enumeration, fewest in _enumerations(lower):
        if len(found := _attributes(enumeration)) >= fewest:
            return found
    return ()


def _enumerations(lower: str) -> Iterator[tuple[str, int]]:
    """Stretches of a question that may enumerate attributes, and how many they must be."""
    if (each := _EACH.search(lower)) and (leads := list(_LEAD.finditer(lower, 0, each.start()))):
        yield lower[leads[-1].end() : each.start()], 2
    if terms := _IN_TERMS_OF.search(lower):
        yield lower[terms.end() :], 2
    before, colon, after = lower.partition(": ")
    if colon and before:
        yield after, 3
    if (one := _ASKED_OF_ONE.search(lower)) and (of := _OF_ONE.search(lower, one.end())):
        yield lower[one.end() : of.start()], 2


def _attributes(enumeration: str) -> tuple[str, ...]:
    """The items of an enumeration; none where one of them is no short noun phrase."""
    items = [
        match["item"].strip() for part in _BETWEEN_ITEMS.split(enumeration) if (match := _ITEM.match(part.strip()))
    ]
    is_short = all(len(item.split()) <= _MOST_WORDS_OF_ATTRIBUTE and not _NO_ATTRIBUTE.search(item) for item in items)
    return tuple(items) if is_short else ()


def part_label(part: str) -> str:
    """A short phrase for "Nothing about ... was found": "the penalty for delays" for "what is the penalty for delays?".

    Where the question is too complex to be turned into a phrase, the question itself in quotation marks.
    """
    text = _IN_BRACKETS.sub("", plain(part[:_LONGEST]).rstrip(" .?!"))
    asks = asks_of(text).questions
    asked = text[len(text) - len(asks[0].asked) :] if asks and text.lower().endswith(asks[0].asked) else text
    lower = lowered(asked)
    if asks and asks[0].is_order and (match := _ORDERED.match(lower)):
        return asked[match.start("asked") :]
    if match := _NOUN_PHRASE_ASKED.match(lower):
        return asked[match.start("asked") :]
    match = _PRONOUN_ASKED.match(lower) or _SUBJECT_ASKED.match(lower)
    if match and match["auxiliary"] != "did":
        subject, rest = asked[slice(*match.span("subject"))], asked[slice(*match.span("rest"))]
        return _addressed(match["word"], subject, match["auxiliary"], rest)
    if match := _YES_NO.match(lower):
        return _addressed("whether", match["subject"], match["auxiliary"], asked[match.start("rest") :])
    return asked if not asks else f"“{text}?”"


def _addressed(word: str, subject: str, auxiliary: str, rest: str) -> str:
    """An indirect question with "you" for "I" and without "do", which only questions have."""
    auxiliary = "" if auxiliary in ("do", "does") else auxiliary
    return " ".join(_YOURS.get(each.lower(), each) for each in f"{word} {subject} {auxiliary} {rest}".split())
