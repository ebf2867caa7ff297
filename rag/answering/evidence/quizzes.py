"""Quizzes in documents: passages of questions with choices, most of which are wrong, put behind all others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rag.domain.values import Hit

_HEADING: Final = re.compile(
    r"(?:test|check) your (?:knowledge|understanding|skills)\b|"
    r"(?:sample|practice|review|quiz|revision|self-assessment) "
    r"(?:questions?|tests?|exams?|quiz(?:zes)?|problems?)\b|(?:quiz|self[- ]test|knowledge check)\b",
    re.IGNORECASE,
)
_ASKED: Final = re.compile(
    r"\b(?:quiz(?:zes)?|sample|practice|test|tests|exam|review|question|questions)\b", re.IGNORECASE
)


def quizzes_last(question: str, hits: Sequence[Hit]) -> list[Hit]:
    """The hits, those under the heading of a quiz behind the others; in their order for a question about a quiz."""
    if _ASKED.search(question):
        return list(hits)
    # A sort is stable.
    return sorted(hits, key=_is_quiz)


def _is_quiz(hit: Hit) -> bool:
    headings = hit.passage.chunk.headings[-1:]
    return any(_HEADING.match(heading.strip()) for heading in headings)
