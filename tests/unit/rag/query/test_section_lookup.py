"""Section lookup: the part of a document to summarise; and the replies where there is none, or several."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.discovery import discover
from rag.domain.values import Question
from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.query.lookup.sections import Section
from rag.query.section_lookup import find_section
from rag.query.types import Reply
from rag.testing import BagOfWordsEncoder
from tests.fakes import ingest_job, make_pdf
from tests.unit.conftest import quick_folder
from tests.unit.rag.query.library import Written, library_of

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
        ("What is on page 2 of the manual?", {("manual.pdf", 2)}),
        ("what's on p. 2 of terms.pdf", {("terms.pdf", 2)}),
        ("What does page 2 of the terms say?", {("terms.pdf", 2)}),
        ("page 1 of the manual", {("manual.pdf", 1)}),
        ("What does chapter two of the manual say?", {("manual.pdf", 2)}),
        ("Summarise the manual on oil and repairs of pumps", {("manual.pdf", 1), ("manual.pdf", 2)}),
        ("What is the pump manual about?", {("manual.pdf", 1), ("manual.pdf", 2)}),
        ("What are the main points of the terms of service?", {("terms.pdf", 1), ("terms.pdf", 2)}),
        ("Give me an overview of terms.pdf: what is covered?", {("terms.pdf", 1), ("terms.pdf", 2)}),
    ],
)
def test_found(generation: Generation, text: str, expected: set[tuple[str, int]]) -> None:
    assert places(generation, text) == expected


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("Summarise chapter 2", "Several documents have chapter 2: Pump manual (manual.pdf); Terms of service"),
        (
            "Summarise chapter 9 of the manual",
            "No heading of chapter 9 was found. The nearest headings are: 2 Repairs; 1 Oil.",
        ),
        (
            "Summarise the section Warrantees",
            "No heading “Warrantees” was found. The nearest headings are: 2 Warranty; ",
        ),
        ("Summarise page 7 of the manual", "No page 7 was found. Pump manual (manual.pdf) has 2 pages."),
        ("What is on page 9?", "No page 9 was found."),
        ("Summarise chapter 2 of the atlas of kilns", "No document named “atlas of kilns” was found."),
        ("What does page 1 of the pump atlas say?", "No document named “pump atlas” was found."),
    ],
)
def test_replies(generation: Generation, text: str, beginning: str) -> None:
    reply = find_section(Question(text), generation)
    assert isinstance(reply, Reply)
    assert reply.text.startswith(beginning)
    assert reply.reason == "section_unknown"


@pytest.mark.parametrize(
    "text",
    [
        "What does chapter 2 cost?",
        "What does the manual say about oil?",
        "What is the pump about to do?",
        "Summarise what is said of dogs",
        "How long is the summary of fees?",
        "",
    ],
)
def test_other_questions(generation: Generation, text: str) -> None:
    assert find_section(Question(text), generation) is None


def test_only_in_the_documents_asked_for(generation: Generation) -> None:
    section = find_section(Question("Summarise chapter 2", documents=("terms.pdf",)), generation)
    assert isinstance(section, Section)
    assert section.passages[0].document.name == "terms.pdf"


def test_several_documents_are_told_apart_by_the_conversation(generation: Generation) -> None:
    section = find_section(Question("What is on page 2?"), generation, ("terms.pdf", "manual.pdf"))
    assert isinstance(section, Section)
    assert section.passages[0].document.name == "terms.pdf"


@pytest.fixture(scope="module")
def labelled() -> Iterator[Generation]:
    guide = Written(
        [
            "Field guide to lichens",
            "Preface and thanks to all.",
            "Grey beards grow on elms.",
            "Sea ivory grows on rocks.",
        ],
        labels=("i", "ii", "1", "2"),
    )
    with library_of({"guide.pdf": guide, "empty.pdf": Written(["", "A text."], labels=("A-1", "A-2"))}) as generation:
        yield generation


@pytest.mark.parametrize(
    ("text", "page", "note"),
    [
        ("What does page 2 of the guide say?", 4, "The page with the printed number 2 is page 4 of the file."),
        ("What is on page ii?", 2, "The page with the printed number ii is page 2 of the file."),
        (
            "page 3 of the guide",
            3,
            "No page has the printed number 3; this is page 3 of the file, with the printed number 1.",
        ),
        ("What is on page A-2?", 2, "The page with the printed number A-2 is page 2 of the file."),
    ],
)
def test_the_printed_number_of_a_page_comes_first(labelled: Generation, text: str, page: int, note: str) -> None:
    section = find_section(Question(text), labelled)
    assert isinstance(section, Section)
    assert {passage.chunk.span.page for passage in section.passages} == {page}
    assert section.note == note


def test_a_page_without_text(labelled: Generation) -> None:
    reply = find_section(Question("What is on page A-1?"), labelled)
    assert isinstance(reply, Reply)
    assert reply.text == "Page A-1 of empty.pdf has no text."


@pytest.fixture(scope="module")
def book() -> Iterator[Generation]:
    pages = [
        "# CHAPTER\n# ONE\n# SCOPE\nThis book is about boats and their owners.",
        "# CHAPTER\n# TWO\n# DUTIES\nAn owner has duties.",
        "## 2.1 Mooring\nMoor with two ropes.",
        "Ropes are checked each week, and are replaced in time.",
        "# 6 Chapter 2. Duties\nAn owner also pays dues.",
        "# CHAPTER\n# THREE\n# FEES\nDues are paid in May.",
    ]
    with library_of({"book.pdf": Written(pages)}) as generation:
        yield generation


def test_a_chapter_whose_number_stands_in_a_line_of_its_own(book: Generation) -> None:
    section = find_section(Question("Summarise chapter 2"), book)
    assert isinstance(section, Section)
    assert [passage.chunk.span.page for passage in section.passages] == [2, 3, 4, 5]


def test_nearest_headings_have_no_page_numbers(book: Generation) -> None:
    reply = find_section(Question("Summarize chapter 9"), book)
    assert isinstance(reply, Reply)
    assert reply.text.startswith("No heading of chapter 9 was found. The nearest headings are: Chapter 2. Duties; ")
