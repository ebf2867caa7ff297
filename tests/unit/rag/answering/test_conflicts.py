"""Conflict detection: found where two documents have the same words around another figure, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.conflicts import find_conflict
from rag.answering.grounding import Evidence, Support, ground
from rag.domain.probability import log_odds
from rag.domain.values import Chunk, Document, Hit, Passage, Span
from tests.unit.conftest import page_of

QUESTION = "How long is the warranty of the pump?"
TEXT = "The pump has a warranty of 24 months from delivery."


def evidence(
    name: str, text: str, *, title: str = "", relevance: float | None = 0.9, document_match: float = 0.0
) -> Evidence:
    document = Document(f"{name:0>64}", (name,), title or name, 1, 1)
    chunk = Chunk(Span(1, 0, len(text)), text)
    return Evidence(
        Hit(Passage(0, document, chunk), 1.0, None if relevance is None else log_odds(relevance), document_match),
        page_of(text),
    )


def conflict(question: str, answer: str, *given_evidence: Evidence) -> Support | None:
    return find_conflict(question, ground(question, answer, given_evidence), given_evidence)


def test_a_conflict_quotes_both_documents() -> None:
    ours = evidence("2023.pdf", f"Damage by frost is excluded. {TEXT}", title="Terms, old")
    theirs = evidence("2025.pdf", "The pump has a warranty of 36 months from delivery.", title="Terms, new")
    found = conflict(QUESTION, "24 months", ours, theirs)
    assert found is not None
    assert found.sentence == "The documents disagree: Terms, old says 24 months; Terms, new says 36 months."
    assert found.supported
    assert [(quote.evidence, quote.text) for quote in found.quotes] == [
        (ours, TEXT),
        (theirs, TEXT.replace("24", "36")),
    ]


@pytest.mark.parametrize(
    ("answer", "one", "other", "values"),
    [
        pytest.param(
            "31 May 2020", "The lease of the pump ends on 31 May 2020.", "The lease of the pump ends on June 1, 2021.",
            "31 May 2020; b says June 1, 2021", id="dates in two formats",
        ),
        pytest.param(
            "$1,200", "The pump costs us $1,200 in all.", "The pump costs us $1,300 in all.", "$1,200; b says $1,300",
            id="currency",
        ),
        pytest.param(
            "5%", "The rent of the pump rises by 5% a year.", "The rent of the pump rises by 6% a year.",
            "5%; b says 6%", id="per cent",
        ),
        pytest.param(
            "10", "We answer for the pump within 10 working days.", "We answer for the pump within 5 working days.",
            "10 working days; b says 5 working days", id="a unit of two words",
        ),
        pytest.param(
            "4.75", "Parts of the pump\nHose clamp filter 12 mm 4.75\nBolt 1.20", "Hose clamp filter 12 mm 5.10, pump",
            "4.75; b says 5.10", id="rows of a table",
        ),
    ],
)  # fmt: skip
def test_figures(answer: str, one: str, other: str, values: str) -> None:
    found = conflict("What of the pump?", answer, evidence("a", one), evidence("b", other))
    assert found is not None
    assert found.sentence == f"The documents disagree: a says {values}."


OTHER = TEXT.replace("24", "36")


@pytest.mark.parametrize(
    ("question", "answer", "one", "other"),
    [
        pytest.param(QUESTION, "24 months", evidence("a", TEXT), evidence("a", OTHER), id="the same document"),
        pytest.param(
            QUESTION, "24 months", evidence("a", TEXT),
            evidence("b", "The pump has a warranty of twenty-four months from delivery."), id="the same in words",
        ),
        pytest.param(
            QUESTION, "24 months", evidence("a", TEXT), evidence("b", TEXT.replace("pump", "seal")),
            id="the same figure",
        ),
        pytest.param(
            QUESTION, "24 months", evidence("a", TEXT), evidence("b", OTHER.replace("pump", "seal")),
            id="of something that was not asked about",
        ),
        pytest.param(
            QUESTION, "24 months", evidence("a", TEXT),
            evidence("b", "For the pump, every warranty claim takes 36 working days or more."), id="other words",
        ),
        pytest.param(
            QUESTION, "24 months", evidence("a", TEXT),
            evidence("b", "The pump has a warranty of 36 months from delivery, 12 for parts."), id="one figure more",
        ),
        pytest.param(
            QUESTION, "24 months", evidence("a", TEXT), evidence("b", OTHER.replace("has a", "does not have a")),
            id="a denial",
        ),
        pytest.param(
            "How long is the warranty of the pump of 2023?", "24 months", evidence("a", TEXT, title="Terms 2023"),
            evidence("b", OTHER, title="Terms 2025"), id="the question names a year",
        ),
        pytest.param(
            QUESTION, "24 months", evidence("a", TEXT, document_match=0.8), evidence("b", OTHER, document_match=0.2),
            id="the question names the document",
        ),
        pytest.param(
            QUESTION, "24 months", evidence("a", TEXT), evidence("b", OTHER, relevance=0.2),
            id="the reranker does not find it relevant",
        ),
        pytest.param("Has the pump 24 months?", "Yes.", evidence("a", TEXT), evidence("b", OTHER), id="yes"),
        pytest.param(
            "Is the warranty of the pump 24 months?", "24 months", evidence("a", TEXT), evidence("b", OTHER),
            id="the figure is the question's",
        ),
        pytest.param(QUESTION, "from delivery", evidence("a", TEXT), evidence("b", OTHER), id="no figure"),
        pytest.param(
            QUESTION, "24 months and 9 days", evidence("a", TEXT), evidence("b", OTHER), id="an unsupported answer"
        ),
        pytest.param(
            QUESTION, "24", evidence("a", "Pump: 24"), evidence("b", "Pump: 36"), id="too few words to be sure"
        ),
        pytest.param(
            QUESTION, "24 months", evidence("a", TEXT), evidence("b", TEXT.replace("24", "31 May 2020")),
            id="a date for a number",
        ),
    ],
)  # fmt: skip
def test_no_conflict(question: str, answer: str, one: Evidence, other: Evidence) -> None:
    assert conflict(question, answer, one, other) is None


def test_documents_of_one_title_are_named_by_file() -> None:
    found = conflict(QUESTION, "24 months", evidence("a.pdf", TEXT, title="X"), evidence("b.pdf", OTHER, title="X"))
    assert found is not None
    assert found.sentence == "The documents disagree: a.pdf says 24 months; b.pdf says 36 months."


@given(st.lists(st.text("ab 12.\n%", max_size=40), max_size=3), st.text("ab 12.\n%", max_size=20))
def test_quotes_are_of_different_documents_and_verbatim(texts: list[str], answer: str) -> None:
    given_evidence = [evidence(str(number), text) for number, text in enumerate(texts)]
    found = conflict("What of a and b?", answer, *given_evidence)
    if found:
        one, other = found.quotes
        assert one.evidence.hit.passage.document != other.evidence.hit.passage.document
        assert all(quote.text in quote.evidence.page.text for quote in (one, other))
