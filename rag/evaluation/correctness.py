"""Answer correctness: string metrics against gold answers (SQuAD normalisation, F1, containment, overlap) and nuggets.

Every evaluation uses this one rule. It only approximates a person's judgement; docs/evaluation.md gives the agreement
and the known errors.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from rag.evaluation.nuggets import GradedNugget, Nugget, graded, recall
from rag.evaluation.results import QuestionResult, outcome_of
from rag.text.words import is_number, words

# A longer gold answer is an explanation: no answer repeats it, and F1 would measure length more than content.
LONGEST_SHORT_GOLD: Final = 12
# Least F1. Two of two words give 1.0, one of two (December 2022 for November 2022) .5, two of three .67.
SHORT_BAR: Final = 0.6
# Least overlap coefficient with a long gold answer; least share of the vital nuggets where there is no gold answer.
LONG_BAR: Final = 0.5
_FEWEST_IN_ANY_ORDER: Final = 3
_YES_OR_NO: Final = re.compile(r"\b(yes|no)\b")


def normalised(text: str) -> str:
    """Text normalised as by the SQuAD evaluation script: lower case, no punctuation or articles, single spaces."""
    text = "".join(character for character in text.lower() if character not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def contains(text: str, gold: str) -> bool:
    """Containment: whether the words of ``gold`` occur in ``text``, as whole words, so that 120 does not contain 12."""
    return bool(text) and f" {normalised(gold)} " in f" {normalised(text)} "


def f1(answer: str, gold: str) -> float:
    """Token F1: the harmonic mean of the precision and the recall of words, 0..1.

    Rajpurkar and others: SQuAD: 100,000+ Questions for Machine Comprehension of Text (2016), section 6.1.
    """
    given, expected = normalised(answer).split(), normalised(gold).split()
    common = sum((Counter(given) & Counter(expected)).values())
    if not common:
        return 0.0
    precision, recall = common / len(given), common / len(expected)
    return 2 * precision * recall / (precision + recall)


def content_recall(answer: str, golds: Iterable[str]) -> float | None:
    """Share of the content words of a long gold answer that the answer has, 0..1: the best of several.

    Content words are those of :func:`rag.text.words.words`, each counted once. None where no gold answer is long.
    """
    given = set(words(answer))
    expected = (set(words(gold)) for gold in golds if len(normalised(gold).split()) > LONGEST_SHORT_GOLD)
    return max((len(own & given) / len(own) for own in expected if own), default=None)


def graded_result(
    result: QuestionResult, text: str, answers: tuple[str, ...], nuggets: Iterable[Nugget]
) -> QuestionResult:
    """A result with its answer graded.

    Args:
        result: with ``answered`` and ``short_answer``.
        text: of the answer; empty for an abstention.
        answers: the gold ones.
        nuggets: the facts of a complete answer.
    """
    short = result.short_answer if result.answered and result.short_answer else None
    found = graded(nuggets, text)
    return replace(
        result,
        outcome=outcome_of(
            answerable=result.answerable,
            answered=bool(result.answered),
            right=_is_right(result.question, [text, short] if short else [text], answers, found),
        ),
        f1=max((f1(short or text, gold) for gold in answers), default=None),
        contains=any(contains(short or text, gold) for gold in answers) if answers else None,
        content_recall=content_recall(text, answers),
        nuggets=found,
    )


def _is_right(question: str, texts: Sequence[str], golds: Sequence[str], nuggets: Sequence[GradedNugget]) -> bool:
    """Whether the text or the short answer is correct; without gold answers, whether it has half of the vital nuggets.

    Where no nugget is vital, half of all.
    """
    if golds:
        return any(is_correct(question, text, golds) for text in texts)
    vital = [nugget for nugget in nuggets if nugget.vital] or nuggets
    return (recall(vital) or 0.0) >= LONG_BAR


def is_correct(question: str, answer: str, golds: Iterable[str]) -> bool:
    """Answer correctness: whether an answer agrees with one of the gold answers.

    - A gold answer that is only "yes" or "no": the first yes or no in the answer is the same.
    - Any other gold answer: if both begin with yes or no, it is the same one, and
    - a short gold answer (up to 12 words) is contained, or F1 is at least .6 and no number of the gold answer is
      missing, or the answer has all of its words, three or more, in any order;
    - a long gold answer and the answer have an overlap coefficient (Szymkiewicz-Simpson) of at least .5 over the words
      that are not in the question, and over their numbers if both have any: so a short answer may be a part of a long
      gold answer, and a long one may contain more.
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
    given, expected = set(words(answer)) - asked, set(words(gold)) - asked
    numbers = {word for word in given if is_number(word)}, {word for word in expected if is_number(word)}
    return _overlap_coefficient(given, expected) >= LONG_BAR and (
        not all(numbers) or _overlap_coefficient(*numbers) >= LONG_BAR
    )


def _overlap_coefficient(one: set[str], other: set[str]) -> float:
    """Overlap coefficient: 1 where one set is a subset of the other, 0 where one is empty."""
    fewer = min(len(one), len(other))
    return len(one & other) / fewer if fewer else 0.0
