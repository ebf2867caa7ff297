"""Which of the model's questions are kept. What is doubtful is thrown away: there are more facts than are needed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

from rag.evaluation.synthetic.matching import says, subject
from rag.evaluation.synthetic.types import Fact
from rag.text.sentences import is_number, words

_FEWEST_WORDS: Final = 5
_MOST_WORDS: Final = 30
# Share of a question that may be one stretch of its fact: more is the fact with a question mark.
_MOST_COPIED: Final = 0.8
# Without a name it takes more words to say what it is about.
_FEWEST_CONTENT_WORDS: Final = 3
_FEWEST_UNNAMED: Final = 5
# Words of the question that the fact must say: less, and the question is about something else.
_FEWEST_SHARED: Final = 2
# Shares of the words of a question: in none of the passage, its headings and title; and beyond the fact, for yes or no.
_MOST_INVENTED: Final = 0.25
_MOST_ADDED: Final = 0.4
# What sends the reader back to a text that he does not have.
_POINTS: Final = re.compile(
    r"\b(?:this|these|those|it|they|them|he|she|him|we|our|us|i|my|"
    r"the (?:passage|text|section|document|fact|sentence|paragraph|table|article|excerpt)|"
    r"the (?:above|following)|mentioned|aforementioned|aforesaid|foregoing|herein|hereof|hereto|hereunder|"
    r"according to|in question)\b",
    re.IGNORECASE,
)
# Whose, must have been said before.
_OWNERLESS: Final = re.compile(r"\S+[^A-Z]*\b(?:its|their|his|her)\b")
_CAPITAL: Final = re.compile(r"(?<=[^.?!] )[A-Z][\w’'&.-]*\w")
# "the Company" is whatever a contract calls so.
_NAME: Final = re.compile(r"(?<=[^.?!] )(?<!\b[Tt]he )(?<!\beach )(?<!\ba )(?<!\bany )[A-Z][\w’'&.-]*\w")
# Capitals that name nobody.
_ROLES: Final = frozenset(
    "agreement company party parties section article exhibit i customer supplier licensee licensor board note".split()
)
# What a question says of itself.
_ASKING: Final = frozenset(words("many much long often far take happen name type kind amount number percentage not"))


def rejection_reason(question: str, fact: Fact) -> str:
    """Why a question is not kept, in a word or two; empty where it is.

    It stands alone, is about its fact, invents nothing and does not give its answer away.
    """
    if not question.endswith("?") or not _FEWEST_WORDS <= len(question.split()) <= _MOST_WORDS:
        return "length"
    if _POINTS.search(question) or _OWNERLESS.match(question):
        return "points"
    if _gives_answer_away(question, fact):
        return "answer given away"
    if not _stands_alone(question):
        return "unnamed"
    return _fault_against(question, fact)


def _gives_answer_away(question: str, fact: Fact) -> bool:
    return fact.form != "yes_no" and (says(question, fact.answer) or set(words(fact.answer)) <= set(words(question)))


def _stands_alone(question: str) -> bool:
    """Whether it names something, or says so much that it can be about one thing only."""
    named = [name for name in _NAME.findall(question) if name.casefold() not in _ROLES]
    return len(set(words(question))) >= (_FEWEST_CONTENT_WORDS if named else _FEWEST_UNNAMED)


def _fault_against(question: str, fact: Fact) -> str:
    asked = set(words(question))
    said = set(words(fact.text))
    known = set(
        words(" ".join([fact.passage.chunk.text, *fact.passage.chunk.headings, subject(fact.passage.document)]))
    )
    if len(asked & said) < min(_FEWEST_SHARED, len(said)):
        return "another fact"
    names = {stem for name in _CAPITAL.findall(question) for stem in words(name)}
    invented = asked - known
    if invented & names or any(is_number(word) for word in invented):
        return "invented"
    if len(invented - _ASKING) > _MOST_INVENTED * len(asked):
        return "invented much"
    if fact.form == "yes_no":
        return "another fact" if len(asked - said) > _MOST_ADDED * len(asked) else ""
    return "copied" if _is_copied(question, fact.text) else ""


def _is_copied(question: str, fact: str) -> bool:
    asked, said = question.casefold().rstrip("?").split(), fact.casefold().split()
    match = SequenceMatcher(None, asked, said, autojunk=False).find_longest_match()
    return match.size > _MOST_COPIED * len(asked)


def is_new(question: str, earlier: Sequence[frozenset[str]]) -> bool:
    """Whether no earlier question, each given by its words, asks the same in nearly the same words."""
    asked = frozenset(words(question))
    return all(len(asked & other) < 0.8 * max(len(asked | other), 1) for other in earlier)
