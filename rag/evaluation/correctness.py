"""Whether an answer is right: the one place where that is said.

Words can only come near to what a person would judge; docs/evaluation.md says how near, and where they err.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable
from typing import Final

from rag.text.sentences import is_number, words

# Golds of more words are explanations: no answer repeats them, and f1 says more of its length than of its content.
LONGEST_SHORT_GOLD: Final = 12
# Two of two words are 1.0, one of two (December 2022 for November 2022) .5, two of three .67.
SHORT_BAR: Final = 0.6
# Of a long gold: the share of the shorter one's words that both say.
LONG_BAR: Final = 0.5
_FEWEST_IN_ANY_ORDER: Final = 3
_YES_OR_NO: Final = re.compile(r"\b(yes|no)\b")


def normalised(text: str) -> str:
    """As the SQuAD evaluation script does: lower case, no punctuation, no articles, single spaces."""
    text = "".join(character for character in text.lower() if character not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def contains(text: str, gold: str) -> bool:
    """Whether the words of ``gold`` stand in ``text``; whole words, so that 120 does not contain 12."""
    return bool(text) and f" {normalised(gold)} " in f" {normalised(text)} "


def f1(answer: str, gold: str) -> float:
    """The harmonic mean of the precision and the recall of words, 0..1.

    Rajpurkar and others: SQuAD: 100,000+ Questions for Machine Comprehension of Text (2016), section 6.1.
    """
    given, expected = normalised(answer).split(), normalised(gold).split()
    common = sum((Counter(given) & Counter(expected)).values())
    if not common:
        return 0.0
    precision, recall = common / len(given), common / len(expected)
    return 2 * precision * recall / (precision + recall)


def is_correct(question: str, answer: str, golds: Iterable[str]) -> bool:
    """Whether an answer that was given agrees with one of the gold answers.

    - A gold that is nothing but yes or no: the first yes or no of the answer is the same one.
    - Any other gold: where both open with yes or no, it is the same one, and
    - a short gold (up to 12 words) is contained, or f1 is at least .6 and no number of the gold is missing, or the
      answer holds all of its words, three or more, in any order;
    - a long gold, and an answer, share at least half of what the shorter of the two says beyond the question, and
      half of the numbers of the one with fewer (the overlap coefficient of Szymkiewicz and Simpson): so a short
      answer may be a part of a long gold, and a long one may say more than it.
    """
    return any(_agrees(question, answer, gold) for gold in golds)


def _agrees(question: str, answer: str, gold: str) -> bool:
    expected, given = normalised(gold).split(), normalised(answer).split()
    if expected in (["yes"], ["no"]):
        first = _YES_OR_NO.search(normalised(answer))
        return first is not None and [first.group()] == expected
    if _contradicts(given[:1], expected[:1]):
        return False
    if len(expected) <= LONGEST_SHORT_GOLD:
        return contains(answer, gold) or _nearly(answer, gold) or _in_any_order(given, expected)
    return _overlap(question, answer, gold)


def _contradicts(one: list[str], other: list[str]) -> bool:
    return {*one, *other} == {"yes", "no"}


def _nearly(answer: str, gold: str) -> bool:
    numbers = {word for word in words(gold) if is_number(word)}
    return f1(answer, gold) >= SHORT_BAR and numbers <= set(words(answer))


def _in_any_order(given: Iterable[str], expected: Iterable[str]) -> bool:
    distinct = set(expected)
    return len(distinct) >= _FEWEST_IN_ANY_ORDER and distinct <= set(given)


def _overlap(question: str, answer: str, gold: str) -> bool:
    asked = set(words(question))
    said, expected = set(words(answer)) - asked, set(words(gold)) - asked
    numbers = {word for word in said if is_number(word)}, {word for word in expected if is_number(word)}
    return _shared(said, expected) >= LONG_BAR and (not all(numbers) or _shared(*numbers) >= LONG_BAR)


def _shared(one: set[str], other: set[str]) -> float:
    """The overlap coefficient: 1 where one is a part of the other; 0 where one is empty."""
    fewer = min(len(one), len(other))
    return len(one & other) / fewer if fewer else 0.0
