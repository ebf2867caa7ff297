"""Questions about tables in PDFs, with a model that takes the wrong row: the rule's cell is answered, with its row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.discovery import discover
from rag.answering.answerer import Answerer
from rag.answering.prompt import NOT_FOUND
from rag.domain.values import Answer, Question
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.fakes import ingest_job
from tests.integration.conftest import make_answerer

CASES = Path(__file__).parent / "cases"


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tables")
    ingest_job(root, BagOfWordsEncoder()).run(discover([CASES]))
    return root


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel([NOT_FOUND])


@pytest.fixture
def answerer(tables: Path, model: ScriptedModel) -> Iterator[Answerer]:
    made = make_answerer(tables, model)
    yield made
    made.close()


def rows(answer: Answer) -> list[str]:
    return [" ".join(citation.quote.split()) for citation in answer.citations]


@pytest.mark.parametrize("draft", [NOT_FOUND, "131", "125"])
@pytest.mark.parametrize(
    ("text", "value", "row"),
    [
        ("What was the revenue in Q3 2024?", "99", "2024 Q3 99"),
        ("Which quarter of 2022 had the highest revenue?", "Q4", "2022 Q4"),
        ("How many parking spaces does Holly Street have?", "237", "237"),
        ("When was Cedar Street opened?", "1925", "1925"),
    ],
)
def test_the_cell_that_is_asked_for(
    answerer: Answerer, model: ScriptedModel, draft: str, text: str, value: str, row: str
) -> None:
    model.replies = [draft]
    answer = answerer.ask(Question(text))
    assert (answer.answered, answer.certainty, answer.short_answer) == (True, "stated", value)
    assert [row in quote for quote in rows(answer)] == [True]


@pytest.mark.parametrize(
    ("text", "what", "values"),
    [
        ("What was the total revenue in 2023?", "sum", ["88", "104", "93", "125"]),
        ("What was the average quarterly revenue in 2024?", "average", ["97", "110", "99", "131"]),
        ("By how much did the revenue change from Q1 2023 to Q1 2024?", "difference", ["88", "97"]),
    ],
)
def test_nothing_is_computed(answerer: Answerer, model: ScriptedModel, text: str, what: str, values: list[str]) -> None:
    model.replies = ["125"]
    answer = answerer.ask(Question(text))
    lead, *others = [item.text for item in answer.sentences if item.verdict == "supported"]
    assert lead == f"The {what} is not computed here; the table has these values:"
    assert answer.short_answer is None
    assert [value for value in values if not any(value in text.replace(".", "").split() for text in others)] == []
    assert all(any(quote.split()[-1] == value for quote in rows(answer)) for value in values)
