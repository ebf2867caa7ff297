"""Quality filters for synthetic questions. They prefer precision: there are more facts than questions are needed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

from rag.evaluation.synthetic.matching import contains_words, subject
from rag.evaluation.synthetic.types import Fact
from rag.text.words import is_number, words

_FEWEST_WORDS: Final = 5
_MOST_WORDS: Final = 30
# Most of a question, as a share, that may be one span of its fact: with more it is the fact and a question mark.
_MOST_COPIED: Final = 0.8
# Without a name, a question needs more content words to identify its subject.
_FEWEST_CONTENT_WORDS: Final = 3
_FEWEST_CONTENT_WORDS_UNNAMED: Final = 5
# Fewest words that question and fact share: with fewer, the question is about something else.
_FEWEST_SHARED: Final = 2
# Most words of a question, as a share, that are in none of passage, headings and title; for yes or no, not in the fact.
_MOST_INVENTED: Final = 0.25
_MOST_ADDED: Final = 0.4
# References to a text that the reader of the question does not have.
_REFERENCE: Final = re.compile(
    r"\b(?:this|these|those|it|they|them|he|she|him|we|our|us|i|my|"
    r"the (?:passage|text|section|document|fact|sentence|paragraph|table|article|excerpt)|"
    r"the (?:above|following)|mentioned|aforementioned|aforesaid|foregoing|herein|hereof|hereto|hereunder|"
    r"according to|in question)\b",
    re.IGNORECASE,
)
# A possessive needs an antecedent.
_POSSESSIVE_WITHOUT_NAME: Final = re.compile(r"\S++[^A-Z]*\b(?:its|their|his|her)\b")
_CAPITAL: Final = re.compile(r"(?<=[^.?!] )[A-Z][\w’'&.-]*\w")
# "the Company" is a defined term of a contract, not a name.
_NAME: Final = re.compile(r"(?<=[^.?!] )(?<!\b[Tt]he )(?<!\beach )(?<!\ba )(?<!\bany )[A-Z][\w’'&.-]*\w")
# Capitalised words that are roles or references, not names.
_ROLES: Final = frozenset(
    "agreement company party parties section article exhibit i customer supplier licensee licensor board note".split()
)
# Words that belong to the phrasing of a question, not to its subject.
_PHRASING: Final = frozenset(words("many much long often far take happen name type kind amount number percentage not"))


def rejection_reason(question: str, fact: Fact) -> str:
    """The reason to reject a question, in a word or two; empty if it is kept.

    A question that is kept is self-contained, is about its fact, names nothing that is not in the passage, and does not
    contain its answer.
    """
    if not question.endswith("?") or not _FEWEST_WORDS <= len(question.split()) <= _MOST_WORDS:
        return "length"
    if _REFERENCE.search(question) or _POSSESSIVE_WITHOUT_NAME.match(question):
        return "points"
    if _contains_answer(question, fact):
        return "answer given away"
    if not _is_self_contained(question):
        return "unnamed"
    return _mismatch(question, fact)


def _contains_answer(question: str, fact: Fact) -> bool:
    return fact.form != "yes_no" and (
        contains_words(question, fact.answer) or set(words(fact.answer)) <= set(words(question))
    )


def _is_self_contained(question: str) -> bool:
    """True if it has a name, or enough content words to be about one thing only."""
    named = [name for name in _NAME.findall(question) if name.casefold() not in _ROLES]
    return len(set(words(question))) >= (_FEWEST_CONTENT_WORDS if named else _FEWEST_CONTENT_WORDS_UNNAMED)


def _mismatch(question: str, fact: Fact) -> str:
    asked = set(words(question))
    stated = set(words(fact.text))
    known = set(words(" ".join([fact.passage.chunk.text, *fact.passage.chunk.context, subject(fact.passage.document)])))
    if len(asked & stated) < min(_FEWEST_SHARED, len(stated)):
        return "another fact"
    names = {stem for name in _CAPITAL.findall(question) for stem in words(name)}
    invented = asked - known
    if invented & names or any(is_number(word) for word in invented):
        return "invented"
    if len(invented - _PHRASING) > _MOST_INVENTED * len(asked):
        return "invented much"
    if fact.form == "yes_no":
        return "another fact" if len(asked - stated) > _MOST_ADDED * len(asked) else ""
    return "copied" if _is_copied(question, fact.text) else ""


def _is_copied(question: str, fact: str) -> bool:
    asked, stated = question.casefold().rstrip("?").split(), fact.casefold().split()
    match = SequenceMatcher(None, asked, stated, autojunk=False).find_longest_match()
    return match.size > _MOST_COPIED * len(asked)


def is_new(question: str, earlier: Sequence[frozenset[str]]) -> bool:
    """True if no earlier question, each given as its set of words, has a Jaccard similarity of .8 or more."""
    asked = frozenset(words(question))
    return all(len(asked & other) < 0.8 * max(len(asked | other), 1) for other in earlier)
