"""Clause segmentation by rules for English: where in a text its questions and orders begin.

A question may begin at the start of a sentence, after punctuation and after a conjunction. At each such place a
pattern is matched within a bounded stretch, so that the time is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rag.query.english.cues import ASKING, AT, AUXILIARY, DEGREE, PICTURES, TEXTS
from rag.text.sentences import sentence_spans

# What stands between a question word and the verb of a clause that is embedded: "how it works", "what the fee is".
_SUBJECT: Final = (
    r"(?:i|you|we|he|she|it|they|this|that|these|those|there|one|the|a|an|my|your|our|his|her|its|their|each|somebody|"
    r"someone|people)\b"
)
_QUESTION: Final = re.compile(
    rf"{AT}{ASKING}(?:'s|'re|'d|'ll)\b"
    rf"|{AT}{ASKING} (?:exactly |else )?{AUXILIARY}\b"
    rf"|{AT}how {DEGREE}\b(?! {_SUBJECT})"
    r"|how (?:to|come)\b"
    rf"|{AT}(?:what|which|whose|whom|who) (?!{_SUBJECT})[^\s,;:?]"
)
# Nothing comes before that these could be embedded in; "when it rains," is a condition.
_FIRST_QUESTION: Final = re.compile(
    rf"{AT}(?:what|which|who|whom|whose|why|how)\b|{AT}(?:when|where)(?:'s|'re|'d|'ll| {AUXILIARY}\b)"
)
_EMBEDDED: Final = re.compile(rf"{AT}(?:what|who|whom|whose|when|where|why|how)\b|whether\b")
# "the board did", "do not" and "May 2024" are none; nor is a tag, "is it?".
_FIRST_AUXILIARY: Final = re.compile(rf"(?!may \d|(?:do|have) (?:not|a|an)\b){AUXILIARY} [^\s?]+ [^\s?]")
_INVERTED: Final = re.compile(
    rf"{AUXILIARY} (?:i|we|you|he|she|it|they|this|that|these|those|there|the|a|an|my|our|your|his|her|its|their|any|"
    r"anyone|anybody|someone|somebody|all|some|each|every|both|people)\b(?= [^\s?])"
)
_ORDER: Final = re.compile(
    r"(?!list price\b|list of\b|help desk\b)(?:"
    r"(?:explain|describe|summari[sz]e|compare|contrast|define|translate|calculate|compute|clarify|enumerate|tabulate|"
    r"discuss|elaborate|distinguish|recap|sum|list|recommend|suggest|analy[sz]e|assess|examine|evaluate)\b"
    r"|(?:walk|guide|talk|teach|help|show|give|tell|send) (?:me|us)\b"
    r"|(?:name|show|state|give|find|present|provide|identify|outline|specify|quote|read|count|mention|break|put) "
    r"(?:all|the|every|each|some|any|an?|out|them|it|one|two|three|four|five|six|seven|eight|nine|ten|\d+|how|what|"
    r"which|who|when|where|whether|details|information|page|down)\b"
    r"|(?:make|create|build|draw|produce|generate|prepare|compile|write|print|display|compose|draft|return) "
    r"(?:me|us|an?|the|all|some|down|out)\b"
    rf"|(?:write|compose|draw|generate|create|draft|plot|design) (?:\w+ )?(?:{TEXTS}|{PICTURES})"
    r"|(?:search|send|browse|google|remind|schedule|book|reserve|delete|rename|upload|edit|sign|forward|e-?mail|call|phone|"
    r"set|"
    r"plot|paint|sketch|visuali[sz]e|design|render|illustrate|add up|total up|sum all|multiply|divide|subtract|look|"
    r"check) (?:me|us|him|her|them|an?|the|this|that|my|our|all|for|up|online|it)\b"
    rf"|(?:tell|say|state|check|confirm|verify|find out|see|know|decide) (?:whether|if|{ASKING})\b)"
)
_TELLING: Final = re.compile(
    r"(?:explain|describe|tell|say|state|show|clarify|find out|check|outline|know)(?: (?:me|us|to me|"
    r"to us))?(?: \w+ly)? "
    rf"(?:{ASKING}|if|whether)\b"
)
_LET_ME_KNOW: Final = rf"(?={ASKING}\b|if\b|whether\b)(?!how to\b)"
_POLITE: Final = re.compile(
    r"(?:hi|hello|hey|please|so|well|ok|okay|and|but|or|also|then|now|plus|just|kindly|finally|next|lastly)\b[ ,!.]*+"
    r"|(?:can|could|would|will) (?:you|someone|anyone|somebody) (?:please |kindly |perhaps |also |just |quickly |"
    r"briefly )?"
    r"(?=(?:explain|tell|describe|say|show|list|name|give|find|summari[sz]e|compare|check|confirm|walk|help|make|"
    r"create|"
    r"provide|outline|define|translate|write|draw|read|calculate|clarify|state|put|build|sum|identify|guide|teach|let|"
    r"draft|compose|generate|produce|prepare|enumerate|tabulate|elaborate|recap|send|look|search|browse|google|talk|"
    r"compute|quote|print|display|break|count|compile|distinguish|contrast|discuss|specify|email|code|recommend|"
    r"suggest)\b)"
    rf"|(?:can|could|may|might) (?:i|we) (?:please |just )?(?:ask|know)(?: you)?[ ,:]*+{_LET_ME_KNOW}"
    rf"|(?:do|would) you (?:happen to |by any chance )?know {_LET_ME_KNOW}"
    r"|(?:i|we)(?: would|'d)?(?: really| just| also)? (?:want|like|need|wish) to (?:know|understand|find out|learn|"
    rf"ask|see) {_LET_ME_KNOW}"
    rf"|(?:i|we)(?: was| were| am|'m)? (?:wonder|wondering|not sure|don't know|do not know) {_LET_ME_KNOW}"
    rf"|(?:let|tell|remind|show) (?:me|us)(?: know)?,? {_LET_ME_KNOW}"
    rf"|any idea {_LET_ME_KNOW}"
)
_WITHOUT_CONTENT: Final = re.compile(rf"(?:if (?:so|not|yes|no),? )?(?:why|how|{ASKING})(?: (?:not|so))?$")
# "Give me all of them please", "explain it briefly".
_REPEATED_ORDER: Final = re.compile(
    r"(?:list|name|give|show|tell|explain|describe|answer|elaborate|clarify|summari[sz]e|include|mention|be|quote)"
    r"(?: (?:me|us|all|of|them|it|this|that|these|those|everything|every|each|one|please|briefly|shortly|in|detail|"
    r"short|full|a|complete|list|the|answer|your|sources?|brief|precise))*$"
)
_MOST_QUESTIONS: Final = 8
# At the beginning, and as many at the end: what has more sentences is no question that was written by hand.
_MOST_SENTENCES: Final = 50
_SWAPS: Final = {
    "waht": "what", "whta": "what", "hwat": "what", "hwo": "how", "ohw": "how", "wehn": "when", "whne": "when",
    "wehre": "where", "whree": "where", "wihch": "which", "whcih": "which", "whihc": "which",
}  # fmt: skip
_SWAPPED: Final = re.compile(rf"\b(?:{'|'.join(_SWAPS)})\b")
_PLEASE: Final = re.compile(r",? (?:please|thanks|thank you)$", re.IGNORECASE)
_MARKS: Final = str.maketrans({"’": "'", "‘": "'", "´": "'", "`": "'"})
_TOKEN: Final = re.compile(r"\S+")
_KNOWING: Final = re.compile(r"\b(?:know|tell|show|remind|wonder|wondering|sure|understand|find|learn|ask|see|idea)\b")
# "the pump, which ..." says more of the pump; "what happened, who was hurt" asks.
_RELATIVE: Final = re.compile(r"(?:which|who|whom|whose)$")
_MOST_WORDS_BEFORE_WHO: Final = 2
_PRONOUNS: Final = frozenset("it them this that these those me us him her".split())
# "Since the reform, who appoints ...": nothing before it that "who" could be said of.
_OPENS_CLAUSE: Final = re.compile(
    r"(?:since|under|in|on|at|for|with|after|before|during|according to|as|from|by|if|when|where|given|without|until)\b"
)
_INNER: Final = re.compile(rf"(?<=[^\W_] )(?:{AT}{ASKING} {AUXILIARY} |how {DEGREE}\b|how to\b)")
_DASHES: Final = frozenset("-–—")
_CONJUNCTIONS: Final = frozenset("and but so then also plus &".split())
_OPENING: Final = "([\"'“„«"
# Characters after the place where a question may begin that decide it.
_WINDOW: Final = 100
_MOST_POLITE: Final = 6
_EDGES: Final = " ,;:-–—&"


@dataclass(frozen=True, slots=True)
class Ask:
    """A question or order within a text.

    Attributes:
        text: as it was typed, with what introduces it, such as "In the lease,"; without the mark at its end.
        asked: the same in lower case, from its question word, auxiliary verb or order on.
        is_order: true for an order, "list all fees", rather than a question.
        is_marked: true where a question mark ends its sentence.
    """

    text: str
    asked: str
    is_order: bool = False
    is_marked: bool = False

    @property
    def opening(self) -> str:
        """Text before the question itself; empty for nothing but politeness."""
        return without_politeness(lowered(self.text[: max(len(self.text) - len(self.asked), 0)])).strip(_EDGES)


@dataclass(frozen=True, slots=True)
class Asks:
    """A text as its questions, and the sentences around them that ask nothing."""

    questions: tuple[Ask, ...]
    statements: tuple[str, ...]


def plain(text: str) -> str:
    """A text with single spaces and straight apostrophes, as the rules for English expect it."""
    return " ".join(text.translate(_MARKS).split())


def lowered(text: str) -> str:
    """A text in lower case, of the same length, and with question words that are misspelt by a swap set right."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(low if len(low := character.lower()) == 1 else character for character in text)
    return _SWAPPED.sub(lambda match: _SWAPS[match.group()], lower)


def without_politeness(lower: str) -> str:
    """A text in lower case without greetings, fillers and "can you tell me" at its beginning."""
    start = 0
    for _ in range(_MOST_POLITE):
        match = _POLITE.match(lower, start)
        if not match:
            break
        start = match.end()
    return lower[start:]


# Most steps of query understanding ask this of the same question.
@lru_cache(maxsize=16)
def asks_of(text: str) -> Asks:
    """The questions and orders of a text of :func:`plain`, in order; those of its first and last 50 sentences."""
    questions: list[Ask] = []
    statements: list[str] = []
    spans = list(sentence_spans(text))
    if len(spans) > 2 * _MOST_SENTENCES:
        spans = spans[:_MOST_SENTENCES] + spans[-_MOST_SENTENCES:]
    for start, end in spans:
        sentence = text[start:end]
        if found := _asks(sentence):
            questions += found
        elif without_politeness(lowered(sentence)).strip(_EDGES + ".!?"):
            statements.append(sentence.rstrip(" .!"))
    return Asks(tuple(questions), tuple(statements))


def own_questions(questions: Sequence[Ask]) -> list[Ask]:
    """The questions but those that ask nothing by themselves: "If so, why?", "Give me all of them.".

    From the eighth on they are one.
    """
    own = [
        ask
        for number, ask in enumerate(questions)
        if not _WITHOUT_CONTENT.match(ask.asked) and not (number and ask.is_order and _REPEATED_ORDER.match(ask.asked))
    ] or list(questions)
    if len(own) <= _MOST_QUESTIONS:
        return own
    rest = own[_MOST_QUESTIONS - 1 :]
    last = Ask(", ".join(ask.text for ask in rest), rest[0].asked, rest[0].is_order, rest[0].is_marked)
    return [*own[: _MOST_QUESTIONS - 1], last]


def _asks(sentence: str) -> list[Ask]:
    """The questions of one sentence: each goes on until the next one begins."""
    is_marked = sentence.rstrip(" )\"'”").endswith("?")
    body = _PLEASE.sub("", sentence.rstrip(" .!?"))
    lower = lowered(body)
    starts = list(_starts(body, lower)) or [(0, at) for at in _inner_question(lower)]
    # What comes before the first question belongs to it.
    begins = [0, *(clause for clause, _ in starts[1:])]
    ends = [*begins[1:], len(body)]
    asks = []
    for begin, end, (_, at) in zip(begins, ends, starts, strict=bool(starts)):
        asked = _without_joint(without_politeness(lower[at:end]))
        asks.append(Ask(_without_joint(body[begin:end]), asked, _ORDER.match(asked) is not None, is_marked))
    return asks


def _without_joint(text: str) -> str:
    """A part of a sentence without the punctuation and the conjunctions between it and its neighbours."""
    text = text.strip(_EDGES)
    unbalanced = text.count("(") - text.count(")")
    if unbalanced > 0:
        text = text.lstrip("(").rstrip("( ")
    elif unbalanced < 0:
        text = text.rstrip(")")
    text = text.strip(_EDGES)
    first, _, rest = text.partition(" ")
    while rest and first.lower() in ("and", "but", "also", "plus", "&"):
        text = rest.lstrip(_EDGES)
        first, _, rest = text.partition(" ")
    for word in (" and", " but", " or"):
        text = text.removesuffix(word).rstrip(_EDGES)
    return text


def _starts(body: str, lower: str) -> Iterator[tuple[int, int]]:
    """Pairs of offsets: where the clause of a question begins, and where in it the question itself.

    Args:
        body: a sentence.
        lower: the same in lower case.
    """
    opens_with_clause = _OPENS_CLAUSE.match(without_politeness(lower)) is not None
    clause, words, previous, after_name = 0, 0, "", False
    is_embedding, last = False, -1
    for token in _TOKEN.finditer(lower):
        word = token.group()
        boundary = _boundary(previous, word, is_first=token.start() == 0)
        is_short = words <= _MOST_WORDS_BEFORE_WHO or previous.rstrip(",") in _PRONOUNS
        may_ask = is_short and not after_name if last >= 0 else opens_with_clause
        is_relative = previous.endswith(",") and not may_ask and _RELATIVE.match(word) is not None
        if not (previous in _CONJUNCTIONS or previous in _DASHES):
            clause = token.start()
        previous, after_name = word, body[token.start()].isupper()
        words += 1
        if not boundary or is_relative:
            continue
        at = token.start() + len(word) - len(word.lstrip(_OPENING))
        window = lower[at : at + _WINDOW]
        asked = without_politeness(window) if boundary != "weak" else window
        introduced = window[: len(window) - len(asked)]
        embeds = is_embedding or _KNOWING.search(introduced) is not None
        # After "Hello," the question has been found already.
        if at + len(introduced) > last and _begins(asked, boundary, is_embedding=embeds):
            is_embedding = embeds or _TELLING.match(asked) is not None
            words, last = 0, at + len(introduced)
            yield clause, last


def _boundary(previous: str, word: str, *, is_first: bool) -> str:
    """The kind of place before a word: the "start" of a sentence, a "strong" or a "weak" boundary, or none ("")."""
    if is_first:
        return "start"
    if previous in _DASHES or previous[-1] in ":;" or word[0] == "(" or previous == "so":
        return "strong"
    return "weak" if previous[-1] in ",)" or previous in _CONJUNCTIONS else ""


def _begins(window: str, boundary: str, *, is_embedding: bool) -> bool:
    """True if a question or an order begins with these words."""
    if _ORDER.match(window) or _QUESTION.match(window) or _INVERTED.match(window):
        return True
    if is_embedding and _EMBEDDED.match(window):
        return True
    if boundary == "weak":
        return False
    return bool(_FIRST_QUESTION.match(window) or (boundary == "start" and _FIRST_AUXILIARY.match(window)))


def _inner_question(lower: str) -> Iterator[int]:
    """Offset of a question in the middle of a clause: "under the old terms how long is ..."."""
    if match := _INNER.search(lower):
        yield match.start()
