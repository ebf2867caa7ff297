"""Questions that have no answer: made ones whose sources are withheld, made ones about another name, foreign ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from rag.domain.values import Passage
from rag.evaluation.synthetic.general_knowledge import GENERAL_KNOWLEDGE
from rag.evaluation.synthetic.matching import plain, says
from rag.evaluation.synthetic.types import SyntheticQuestion
from rag.index.generation import Generation
from rag.text.sentences import words

# How many of the passages that BM25 finds are looked at; what holds the answer and the question's words is among them.
_MATCHING: Final = 100
# A passage with the answer and this share of the question's words answers it, or may do so.
_SURELY: Final = 0.7
_PERHAPS: Final = 0.6
# Passages as alike as this say the same.
_SAME: Final = 0.6
_YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b")
_YEARS_BACK: Final = (11, 19)
_NAME: Final = re.compile(r"(?<=[^.?!] )[A-Z][\w’'&-]*(?: (?:[A-Z][\w’'&-]*|\d+))*")


def answering_rows(generation: Generation, made: SyntheticQuestion) -> list[int]:
    """The rows, ascending, that answer a question.

    Those are its own passage, neighbours on the page that overlap its fact, and every passage that says its answer and
    most of its words.
    """
    return sorted(other.row for other in _candidates(generation, made) if _answers(other, made, _SURELY))


def withheld_rows(generation: Generation, made: SyntheticQuestion) -> list[int]:
    """The rows, ascending, without which the documents do not answer a question any more.

    Those that may answer it, and near-duplicates of its passage in whatever document: the same text with another number
    would pass for an answer.
    """
    own = set(words(made.fact.passage.chunk.text))
    return sorted(
        other.row
        for other in _candidates(generation, made)
        if _answers(other, made, _PERHAPS) or _likeness(own, set(words(other.chunk.text))) >= _SAME
    )


def _candidates(generation: Generation, made: SyntheticQuestion) -> list[Passage]:
    texts = (f"{made.question} {made.answer} {made.fact.text}", made.fact.passage.chunk.text)
    rows = {row for text in texts for row, _ in generation.matching(text, _MATCHING)}
    return generation.passages(sorted(rows | {made.fact.passage.row}))


def _likeness(one: set[str], other: set[str]) -> float:
    """Jaccard's: the share of all their words that both have."""
    return len(one & other) / max(len(one | other), 1)


def _answers(other: Passage, made: SyntheticQuestion, least: float) -> bool:
    if other.row == made.fact.passage.row or _overlaps(other, made):
        return True
    asked = set(words(made.fact.text if made.form == "yes_no" else made.question))
    shared = asked & set(words(other.chunk.text))
    # What a yes or no rests on is the fact.
    return len(shared) >= least * len(asked) and (made.form == "yes_no" or says(other.chunk.text, made.answer))


def _overlaps(other: Passage, made: SyntheticQuestion) -> bool:
    span, fact = other.chunk.span, made.fact.span
    same_page = other.document.id == made.fact.passage.document.id and span.page == fact.page
    return same_page and span.start < fact.end and span.end > fact.start


@dataclass(frozen=True, slots=True)
class Swapped:
    """A question about ``name``, which another name or year gave way to."""

    question: str
    name: str


def swapped_questions(made: Sequence[SyntheticQuestion], seed: int = 0) -> Iterator[Swapped]:
    """Made questions about another name of the documents, or another year: most have no answer.

    Whether one has is for the caller to see: that no passage which matches it says both the name and the rest.
    """
    random = Random(seed)  # noqa: S311 - for spreading, not for secrets
    for question in random.sample(list(made), len(made)):
        others = sorted(_names(other.question for other in made if _is_elsewhere(other, question)))
        if changed := _swapped(question, others, random):
            yield changed


def _is_elsewhere(other: SyntheticQuestion, question: SyntheticQuestion) -> bool:
    return other.fact.passage.row != question.fact.passage.row


def _names(questions: Iterable[str]) -> set[str]:
    return {name for question in questions for name in _NAME.findall(question)}


def _swapped(made: SyntheticQuestion, others: Sequence[str], random: Random) -> Swapped | None:
    known = plain(f"{made.fact.passage.document.title} {made.fact.passage.chunk.text} {made.question}")
    strange = [name for name in others if f" {plain(name)} " not in f" {known} "]
    if (names := _NAME.findall(made.question)) and strange:
        name = random.choice(strange)
        return Swapped(made.question.replace(random.choice(names), name), name)
    if year := _YEAR.search(made.question):
        other = str(int(year.group()) - random.randint(*_YEARS_BACK))
        return Swapped(made.question.replace(year.group(), other), other)
    return None


def general_knowledge_questions(generation: Generation, seed: int = 0) -> Iterator[str]:
    """Questions of general knowledge that no passage has most of the words of, in random order."""
    random = Random(seed)  # noqa: S311 - for spreading, not for secrets
    for question in random.sample(GENERAL_KNOWLEDGE, len(GENERAL_KNOWLEDGE)):
        asked = set(words(question))
        rows = [row for row, _ in generation.matching(question, _MATCHING)]
        if all(len(asked & set(words(p.chunk.text))) < _PERHAPS * len(asked) for p in generation.passages(rows)):
            yield question
