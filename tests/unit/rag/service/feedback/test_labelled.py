"""Labelled questions of judged answers, as the evaluation reads them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rag.answering.records import AnswerRecord, PlaceRecord, QuestionRecord, SentenceRecord, TurnRecord
from rag.evaluation.feedback import read_feedback
from rag.evaluation.questions import read_questions
from rag.service.feedback.labelled import Feedback, labelled
from tests.unit.rag.answering.test_records import record_of


def place(document: str, page: int) -> PlaceRecord:
    return PlaceRecord(document=document, document_id="d" * 64, page=page, start=0, end=9, score=1.0)


def answered(**changes: Any) -> AnswerRecord:
    sentences = (
        SentenceRecord(text="A berth costs 24 euros.", verdict="supported", quotes=(1, 2)),
        SentenceRecord(text="Dogs fly.", verdict="unsupported", quotes=(3,)),
    )
    quotes = (place("harbour.pdf", 2), place("harbour.pdf", 1), place("ferry.pdf", 9))
    return record_of().model_copy(
        update={"answer": "A berth costs 24 euros.", "reason": None, "sentences": sentences, "quotes": quotes} | changes
    )


ABSTAINED = {"answer": "Not there.", "reason": "not_in_documents"}


@pytest.mark.parametrize(
    ("record", "feedback", "expected"),
    [
        pytest.param(
            answered(),
            Feedback("right"),
            {"answers": ["A berth costs 24 euros."], "document": "harbour.pdf", "pages": [1, 2]},
            id="right",
        ),
        pytest.param(
            answered(short_answer="24 euros"),
            Feedback("right"),
            {"answers": ["24 euros"], "document": "harbour.pdf", "pages": [1, 2]},
            id="a value",
        ),
        pytest.param(
            answered(quotes=(place("harbour.pdf", 2), place("ferry.pdf", 1))),
            Feedback("right"),
            {"answers": ["A berth costs 24 euros."], "evidence": {"harbour.pdf": [2], "ferry.pdf": [1]}},
            id="of two documents",
        ),
        pytest.param(answered(**ABSTAINED), Feedback("right"), {"answers": []}, id="rightly not answered"),
        pytest.param(answered(), Feedback("wrong"), {"answers": None}, id="wrong, and no more is said"),
        pytest.param(answered(), Feedback("wrong", absent=True), {"answers": []}, id="not in the documents"),
        pytest.param(
            answered(**ABSTAINED),
            Feedback("wrong", "26 euros", place=("fees.pdf", 3)),
            {"answers": ["26 euros"], "document": "fees.pdf", "pages": [3]},
            id="what it should be, and where",
        ),
        pytest.param(
            answered(),
            Feedback("wrong", place=("fees.pdf", 3)),
            {"answers": None, "document": "fees.pdf", "pages": [3]},
            id="only where",
        ),
    ],
)
def test_the_line_of_an_answer(record: AnswerRecord, feedback: Feedback, expected: dict[str, Any]) -> None:
    line = labelled(record, feedback)
    assert (line.pop("id"), line.pop("question")) == (record.id, record.question.text)
    told = line.pop("feedback")
    assert (told["verdict"], told["answered"]) == (feedback.verdict, record.reason is None)
    assert line == expected


def test_the_evaluation_reads_it(tmp_path: Path) -> None:
    question = QuestionRecord(
        text="And dogs?", documents=("ferry.pdf",), history=(TurnRecord(question="When?", answer="At 9."),)
    )
    records = [answered(question=question), answered(id=f"{2:032x}"), answered(id=f"{3:032x}")]
    said = [Feedback("right"), Feedback("wrong"), Feedback("wrong", place=("fees.pdf", 3))]
    path = tmp_path / "questions.jsonl"
    lines = [labelled(record, feedback) for record, feedback in zip(records, said, strict=True)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    [first] = read_questions(path)
    asked = first.to_domain()
    assert (asked.text, asked.documents, asked.history[0].answer) == ("And dogs?", ("ferry.pdf",), "At 9.")
    assert first.answers == ("A berth costs 24 euros.",)
    # A page is enough for retrieval.
    assert [each.paged for each in read_questions(path, retrieval_only=True)] == [True, True]
    assert [each.feedback.verdict for each in read_feedback(path) if each.feedback] == ["right", "wrong", "wrong"]


def test_feedback_is_immutable() -> None:
    assert replace(Feedback("right"), verdict="wrong") == Feedback("wrong")
