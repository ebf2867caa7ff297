"""Workloads of a load benchmark: three kinds, drawn from labelled questions with a seed. Pure functions.

W1 is skewed as in RAGCache (Jin et al., 2024): which document a question is about follows Zipf's law. W2 never repeats
a question or a passage. W3 are conversations, each on one document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rag.evaluation.questions import LabelledQuestion

# Questions that one client puts one after the other, each with those before it as its history.
Conversation: TypeAlias = tuple[str, ...]
# Answerable questions by the document that answers them, the most asked for first.
Pool: TypeAlias = Mapping[str, Sequence[str]]

EXPONENT: Final = 1.0
FEWEST_TURNS: Final = 5
MOST_TURNS: Final = 6


def pool_of(questions: Sequence[LabelledQuestion], seed: int) -> Pool:
    """The answerable questions by document, each once; which documents are asked for most is left to chance.

    A question that several documents answer belongs to the first by name.
    """
    by_document: dict[str, list[str]] = {}
    for question in questions:
        if question.answerable and question.gold_documents:
            of_document = by_document.setdefault(min(question.gold_documents), [])
            if question.question not in of_document:
                of_document.append(question.question)
    names = sorted(by_document)
    return {names[row]: by_document[names[row]] for row in np.random.default_rng(seed).permutation(len(names))}


def zipf(count: int, exponent: float = EXPONENT) -> NDArray[np.float64]:
    """The probability of each rank, the first the likeliest. *Shape:* ``(count,)``."""
    weights = 1 / np.arange(1, count + 1) ** exponent
    return np.asarray(weights / weights.sum())


def skewed(pool: Pool, count: int, chance: np.random.Generator) -> list[Conversation]:
    """W1: ``count`` single questions: a document by Zipf's law, then any of its questions."""
    documents = list(pool)
    drawn = chance.choice(len(documents), size=count, p=zipf(len(documents)))
    return [(_one_of(pool[documents[row]], chance),) for row in drawn]


def _one_of(questions: Sequence[str], chance: np.random.Generator) -> str:
    return questions[int(chance.integers(len(questions)))]


def unrepeated(passages: Mapping[str, Set[int]]) -> list[str]:
    """W2: questions no two of which share a passage; as many as taking those with the fewest rivals first finds.

    Args:
        passages: rows of the passages that are retrieved for each question.
    """
    rivals = {
        question: sum(not rows.isdisjoint(others) for others in passages.values())
        for question, rows in passages.items()
        if rows
    }
    chosen: list[str] = []
    taken: set[int] = set()
    for question in sorted(rivals, key=lambda question: rivals[question]):
        if taken.isdisjoint(passages[question]):
            chosen.append(question)
            taken |= passages[question]
    return chosen


def conversations(pool: Pool, count: int, chance: np.random.Generator) -> list[Conversation]:
    """W3: ``count`` conversations of five or six turns, or of as many as the longest-asked document allows.

    The document is any of those with enough questions; no question comes twice in a conversation.
    """
    fewest = min(FEWEST_TURNS, max(map(len, pool.values())))
    documents = [document for document, questions in pool.items() if len(questions) >= fewest]
    drawn = []
    for _ in range(count):
        questions = pool[_one_of(documents, chance)]
        turns = min(int(chance.integers(fewest, MOST_TURNS + 1)), len(questions))
        drawn.append(tuple(questions[row] for row in chance.choice(len(questions), size=turns, replace=False)))
    return drawn
