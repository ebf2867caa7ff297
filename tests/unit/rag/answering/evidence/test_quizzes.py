"""Quizzes in documents are read last."""

from __future__ import annotations

import pytest

from rag.answering.evidence.quizzes import quizzes_last
from rag.domain.values import Hit
from tests.unit.rag.answering.material import evidence_on, page_with_headings


def hit(heading: str) -> Hit:
    return evidence_on(
        page_with_headings("1. When do you dim the lamp? a. At noon b. At night"), headings=(heading,)
    ).hit


@pytest.mark.parametrize(
    ("heading", "question", "is_last"),
    [
        pytest.param("Test Your Knowledge", "When do I dim the lamp?", True, id="test your knowledge"),
        pytest.param("Sample Questions:", "When do I dim the lamp?", True, id="sample questions"),
        pytest.param("QUIZ", "When do I dim the lamp?", True, id="quiz"),
        pytest.param("Sample Questions:", "What is in the sample questions?", False, id="asked for"),
        pytest.param("Review of the year", "When do I dim the lamp?", False, id="another review"),
        pytest.param("Testing the lamp", "When do I dim the lamp?", False, id="another test"),
    ],
)
def test_quizzes(heading: str, question: str, is_last: bool) -> None:
    quiz, other = hit(heading), hit("Night driving")
    assert quizzes_last(question, [quiz, other]) == ([other, quiz] if is_last else [quiz, other])
