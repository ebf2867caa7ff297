"""Labelled question of an answer that a person has judged: a line of ``questions.jsonl``, as docs/evaluation.md has it.

An answer that is right is its own gold answer, with the pages that it cites. One that is wrong has that of the person;
where the person only says that it is wrong, ``answers`` is null: nobody knows what is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from rag.answering.records import AnswerRecord

Verdict: TypeAlias = Literal["right", "wrong"]
_Pages: TypeAlias = dict[str, list[int]]


@dataclass(frozen=True)
class Feedback:
    """Feedback of a person on an answer.

    Attributes:
        expected: what a wrong answer should have been; None where that is not said.
        absent: whether the documents do not answer the question.
        place: document and page, from 1, where the right answer stands; None where that is not said.
    """

    verdict: Verdict
    expected: str | None = None
    absent: bool = False
    place: tuple[str, int] | None = None


def labelled(record: AnswerRecord, feedback: Feedback) -> dict[str, Any]:
    """The line of an answer.

    Args:
        record: of the answer.
        feedback: what is said of it.
    """
    pages = _pages(record, feedback)
    return {
        "id": record.id,
        "question": record.question.text,
        "answers": _gold(record, feedback),
        **_places(pages),
        **({"history": [turn.model_dump() for turn in record.question.history]} if record.question.history else {}),
        **({"within": list(record.question.documents)} if record.question.documents else {}),
        "feedback": {
            "verdict": feedback.verdict,
            "answer": record.short_answer or record.answer,
            "answered": _is_answered(record),
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    }


def _is_answered(record: AnswerRecord) -> bool:
    return record.reason in (None, "length")


def _gold(record: AnswerRecord, feedback: Feedback) -> list[str] | None:
    """The gold answers; empty where the documents have none, None where nobody knows."""
    if feedback.verdict == "right":
        return [_said(record)] if _is_answered(record) else []
    if feedback.absent:
        return []
    return [feedback.expected] if feedback.expected else None


def _said(record: AnswerRecord) -> str:
    supported = [sentence.text for sentence in record.sentences if sentence.verdict == "supported"]
    return record.short_answer or " ".join(supported) or record.answer


def _pages(record: AnswerRecord, feedback: Feedback) -> _Pages:
    """The pages where the answer stands, by document."""
    if feedback.place:
        document, page = feedback.place
        return {document: [page]}
    if feedback.verdict == "right" and _is_answered(record):
        return _cited(record)
    return {}


def _cited(record: AnswerRecord) -> _Pages:
    """The pages that supported sentences cite."""
    numbers = {number for each in record.sentences if each.verdict == "supported" for number in each.quotes}
    pages: dict[str, set[int]] = {}
    for number, place in enumerate(record.quotes, start=1):
        if number in numbers:
            pages.setdefault(place.document, set()).add(place.page)
    return {document: sorted(numbers) for document, numbers in pages.items()}


def _places(pages: Mapping[str, list[int]]) -> dict[str, Any]:
    if len(pages) == 1:
        [(document, numbers)] = pages.items()
        return {"document": document, "pages": numbers}
    return {"evidence": dict(pages)} if pages else {}
