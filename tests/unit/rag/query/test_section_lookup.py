"""Section lookup: the part of a document to summarise; and the replies where there is none, or several."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.discovery import discover
from rag.answering.extractive_summary import central_sentences
from rag.answering.grounding import Evidence
from rag.domain.values import Hit, Question
from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.query.section_lookup import Section, find_section
from rag.query.types import Reply
from rag.testing import BagOfWordsEncoder
from tests.fakes import ingest_job, make_pdf
from tests.unit.conftest import quick_folder

MANUAL = [
    "# 1 Oil\nThe pump takes two litres of oil.\nChange the oil of the pump each year.",
    "# 2 Repairs\nThe lid is held by four screws in a ring.\nTurn each of the screws by hand first.",
]
TERMS = ["# 1 Fees\nEach repair of a pump costs nine euros.", "# 2 Warranty\nThe pump is covered for two whole years."]


@pytest.fixture(scope="module")
def generation() -> Iterator[Generation]:
    with quick_folder() as folder:
        documents = Path(folder) / "documents"
        documents.mkdir()
        make_pdf(documents / "manual.pdf", MANUAL, title="Pump manual")
        make_pdf(documents / "terms.pdf", TERMS, title="Terms of service")
        ingest_job(Path(folder) / "index", BagOfWordsEncoder()).run(discover([documents]))
        yield open_current(Path(folder) / "index", BagOfWordsEncoder().identity)


def places(generation: Generation, text: str) -> set[tuple[str, int]]:
    section = find_section(Question(text), generation)
    assert isinstance(section, Section), section
    return {(passage.document.name, passage.chunk.span.page) for passage in section.passages}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Summarise chapter 2 of the manual", {("manual.pdf", 2)}),
        ("Can you summarize section 1 of the terms of service, please?", {("terms.pdf", 1)}),
        ("What is chapter 2 of the manual about?", {("manual.pdf", 2)}),
        ("summarise the section Warranty", {("terms.pdf", 2)}),
        ("Give me a short summary of the Repairs chapter.", {("manual.pdf", 2)}),
        ("Summarise page 1 of terms.pdf", {("terms.pdf", 1)}),
        ("Sum up the pump manual", {("manual.pdf", 1), ("manual.pdf", 2)}),
        ("Summarise Fees", {("terms.pdf", 1)}),
    ],
)
def test_found(generation: Generation, text: str, expected: set[tuple[str, int]]) -> None:
    assert places(generation, text) == expected


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("Summarise chapter 2", "Several documents have chapter 2: Pump manual (manual.pdf); Terms of service"),
        ("Summarise chapter 9 of the manual", "There is no chapter 9. The nearest are: "),
        ("Summarise the section Warrantees", "There is no section Warrantees. The nearest are: 2 Warranty; "),
        ("Summarise page 7 of the manual", "There is no page 7."),
    ],
)
def test_replies(generation: Generation, text: str, beginning: str) -> None:
    reply = find_section(Question(text), generation)
    assert isinstance(reply, Reply)
    assert reply.text.startswith(beginning)
    assert reply.reason == "section_unknown"


@pytest.mark.parametrize(
    "text", ["What does chapter 2 cost?", "Summarise what is said of dogs", "How long is the summary of fees?", ""]
)
def test_other_questions(generation: Generation, text: str) -> None:
    assert find_section(Question(text), generation) is None


def test_only_in_the_documents_asked_for(generation: Generation) -> None:
    section = find_section(Question("Summarise chapter 2", documents=("terms.pdf",)), generation)
    assert isinstance(section, Section)
    assert section.passages[0].document.name == "terms.pdf"


class TestCentralSentences:
    def test_verbatim_in_reading_order_and_at_most_five(self, generation: Generation) -> None:
        passages = generation.passages(range(len(generation)))
        evidence = [Evidence(Hit(p, 0.0), generation.page(p.document.id, p.chunk.span.page)) for p in passages]
        support = central_sentences(evidence, BagOfWordsEncoder())
        assert len(support) == 5
        quotes = [item.quotes[0] for item in support]
        assert all(item.supported for item in support)
        assert [" ".join(quote.text.split()) for quote in quotes] == [item.sentence for item in support]
        rows = [(quote.evidence.hit.passage.row, quote.span.start) for quote in quotes]
        assert rows == sorted(rows)

    def test_nothing_of_nothing(self) -> None:
        assert central_sentences([], BagOfWordsEncoder()) == []
