"""Questions that have no answer: made ones whose sources are withheld, made ones about another name, foreign ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from rag.domain import Passage
from rag.index import Generation
from rag.question_making.foreign import FOREIGN
from rag.question_making.made import MadeQuestion
from rag.question_making.plain import plain, says
from rag.sentences import words

# How many of the passages that BM25 finds are looked at; what holds the answer and the question's words is among them.
_MATCHING: Final = 100
# A passage with the answer and this share of the question's words may well answer it.
_SHARE_ASKED: Final = 0.6
# Passages that share this much of their words (Jaccard) say the same.
_SHARE_SAME: Final = 0.6
_YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b")
_YEARS_BACK: Final = (11, 19)
_NAME: Final = re.compile(r"(?<=[^.?!] )[A-Z][\w’'&-]*(?: (?:[A-Z][\w’'&-]*|\d+))*")


def withheld_rows(generation: Generation, made: MadeQuestion) -> list[int]:
    """The rows, ascending, without which the documents do not answer a question any more.

    Those are its own passage; neighbours on the page that overlap its fact; every passage that says its answer and
    most of its words; and near-duplicates of its passage in whatever document.
    """
    passage, fact = made.fact.passage, made.fact
    found = {passage.row}
    rows = {row for row, _ in generation.matching(f"{made.question} {made.answer} {fact.text}", _MATCHING)}
    rows |= {row for row, _ in generation.matching(passage.chunk.text, _MATCHING)}
    own = set(words(passage.chunk.text))
    asked = set(words(f"{made.question} {fact.text}" if made.form in ("yes_no", "keywords") else made.question))
    for other in generation.passages(sorted(rows)):
        said = set(words(other.chunk.text))
        if (
            _overlaps(other, made)
            or (_says_answer(other, made) and len(asked & said) >= _SHARE_ASKED * len(asked))
            or len(own & said) >= _SHARE_SAME * len(own | said)
        ):
            found.add(other.row)
    return sorted(found)


def _overlaps(other: Passage, made: MadeQuestion) -> bool:
    span, fact = other.chunk.span, made.fact.span
    same_page = other.document.id == made.fact.passage.document.id and span.page == fact.page
    return same_page and span.start < fact.end and span.end > fact.start


def _says_answer(other: Passage, made: MadeQuestion) -> bool:
    # What a yes or no rests on is the fact.
    return made.form == "yes_no" or says(other.chunk.text, made.answer)


@dataclass(frozen=True, slots=True)
class Swapped:
    """A question about ``name``, which another name or year gave way to."""

    question: str
    name: str


def swapped_questions(made: Sequence[MadeQuestion], seed: int = 0) -> Iterator[Swapped]:
    """Made questions about another name of the documents, or another year: most have no answer.

    Whether one has is for the caller to see: that no passage which matches it says both the name and the rest.
    """
    random = Random(seed)  # noqa: S311 - for spreading, not for secrets
    for question in random.sample(list(made), len(made)):
        others = sorted(_names(other.question for other in made if _is_elsewhere(other, question)))
        if changed := _swapped(question, others, random):
            yield changed


def _is_elsewhere(other: MadeQuestion, question: MadeQuestion) -> bool:
    return other.fact.passage.row != question.fact.passage.row


def _names(questions: Iterable[str]) -> set[str]:
    return {name for question in questions for name in _NAME.findall(question)}


def _swapped(made: MadeQuestion, others: Sequence[str], random: Random) -> Swapped | None:
    known = plain(f"{made.fact.passage.document.title} {made.fact.passage.chunk.text} {made.question}")
    strange = [name for name in others if f" {plain(name)} " not in f" {known} "]
    if (names := _NAME.findall(made.question)) and strange:
        name = random.choice(strange)
        return Swapped(made.question.replace(random.choice(names), name), name)
    if year := _YEAR.search(made.question):
        other = str(int(year.group()) - random.randint(*_YEARS_BACK))
        return Swapped(made.question.replace(year.group(), other), other)
    return None


def foreign_questions(generation: Generation, seed: int = 0) -> Iterator[str]:
    """Questions of general knowledge that no passage has most of the words of, in random order."""
    random = Random(seed)  # noqa: S311 - for spreading, not for secrets
    for question in random.sample(FOREIGN, len(FOREIGN)):
        asked = set(words(question))
        rows = [row for row, _ in generation.matching(question, _MATCHING)]
        if all(len(asked & set(words(p.chunk.text))) < _SHARE_ASKED * len(asked) for p in generation.passages(rows)):
            yield question
