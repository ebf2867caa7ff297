"""Unanswerable questions: with the answering passages withheld, with a swapped name or year, and general knowledge."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from rag.domain.values import Passage
from rag.evaluation.synthetic.general_knowledge import GENERAL_KNOWLEDGE
from rag.evaluation.synthetic.matching import contains_words, normalized
from rag.evaluation.synthetic.types import SyntheticQuestion
from rag.index.generation import Generation
from rag.text.words import words

# Number of BM25 hits that are examined: passages with the answer and the question's words are among them.
_MOST_HITS: Final = 100
# Least share of the question's words with which a passage that has the answer counts as answering, or possibly so.
_ANSWERS: Final = 0.7
_MAY_ANSWER: Final = 0.6
# Least Jaccard similarity of near-duplicate passages.
_NEAR_DUPLICATE: Final = 0.6
_YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b")
_YEARS_BACK: Final = (11, 19)
_NAME: Final = re.compile(r"(?<=[^.?!] )[A-Z][\w’'&-]*(?: (?:[A-Z][\w’'&-]*|\d+))*")


def answering_rows(generation: Generation, made: SyntheticQuestion) -> list[int]:
    """The rows, ascending, of the passages that answer a question.

    Those are its own passage, passages of the page that overlap its fact, and every passage that contains its answer
    and most of its words.
    """
    return sorted(other.row for other in _candidates(generation, made) if _answers(other, made, _ANSWERS))


def withheld_rows(generation: Generation, made: SyntheticQuestion) -> list[int]:
    """The rows, ascending, to exclude so that the rest of the index does not answer a question.

    Those are passages that may answer it, and near-duplicates of its own passage in any document: the same text with
    another number would look like an answer.
    """
    own = set(words(made.fact.passage.chunk.text))
    return sorted(
        other.row
        for other in _candidates(generation, made)
        if _answers(other, made, _MAY_ANSWER) or _jaccard(own, set(words(other.chunk.text))) >= _NEAR_DUPLICATE
    )


def _candidates(generation: Generation, made: SyntheticQuestion) -> list[Passage]:
    texts = (f"{made.question} {made.answer} {made.fact.text}", made.fact.passage.chunk.text)
    rows = {row for text in texts for row, _ in generation.matching(text, _MOST_HITS)}
    return generation.passages(sorted(rows | {made.fact.passage.row}))


def _jaccard(one: set[str], other: set[str]) -> float:
    """The Jaccard similarity of two sets of words."""
    return len(one & other) / max(len(one | other), 1)


def _answers(other: Passage, made: SyntheticQuestion, least: float) -> bool:
    if other.row == made.fact.passage.row or _overlaps(other, made):
        return True
    asked = set(words(made.fact.text if made.form == "yes_no" else made.question))
    shared = asked & set(words(other.chunk.text))
    # The answer to a yes-or-no question is in the fact as a whole.
    return len(shared) >= least * len(asked) and (
        made.form == "yes_no" or contains_words(other.chunk.text, made.answer)
    )


def _overlaps(other: Passage, made: SyntheticQuestion) -> bool:
    span, fact = other.chunk.span, made.fact.span
    same_page = other.document.id == made.fact.passage.document.id and span.page == fact.page
    return same_page and span.start < fact.end and span.end > fact.start


@dataclass(frozen=True, slots=True)
class SwappedQuestion:
    """A question in which ``name``, a name or a year, replaces the original one."""

    question: str
    name: str


def swapped_questions(made: Sequence[SyntheticQuestion], seed: int = 0) -> Iterator[SwappedQuestion]:
    """Synthetic questions with another name from the documents, or another year: most are unanswerable.

    The caller must check that no passage matches both the name and the rest of the question.
    """
    random = Random(seed)  # noqa: S311 - for spreading, not for secrets
    for question in random.sample(list(made), len(made)):
        others = sorted(_names(other.question for other in made if _is_elsewhere(other, question)))
        if swapped := _swapped(question, others, random):
            yield swapped


def _is_elsewhere(other: SyntheticQuestion, question: SyntheticQuestion) -> bool:
    return other.fact.passage.row != question.fact.passage.row


def _names(questions: Iterable[str]) -> set[str]:
    return {name for question in questions for name in _NAME.findall(question)}


def _swapped(made: SyntheticQuestion, others: Sequence[str], random: Random) -> SwappedQuestion | None:
    known = normalized(f"{made.fact.passage.document.title} {made.fact.passage.chunk.text} {made.question}")
    unknown = [name for name in others if f" {normalized(name)} " not in f" {known} "]
    if (names := _NAME.findall(made.question)) and unknown:
        name = random.choice(unknown)
        return SwappedQuestion(made.question.replace(random.choice(names), name), name)
    if year := _YEAR.search(made.question):
        other = str(int(year.group()) - random.randint(*_YEARS_BACK))
        return SwappedQuestion(made.question.replace(year.group(), other), other)
    return None


def general_knowledge_questions(generation: Generation, seed: int = 0) -> Iterator[str]:
    """General-knowledge questions, in random order, of whose words no passage has most."""
    random = Random(seed)  # noqa: S311 - for spreading, not for secrets
    for question in random.sample(GENERAL_KNOWLEDGE, len(GENERAL_KNOWLEDGE)):
        asked = set(words(question))
        rows = [row for row, _ in generation.matching(question, _MOST_HITS)]
        if all(len(asked & set(words(p.chunk.text))) < _MAY_ANSWER * len(asked) for p in generation.passages(rows)):
            yield question
