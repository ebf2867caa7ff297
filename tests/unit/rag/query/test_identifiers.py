"""Identifiers: model numbers, codes, versions and periods of a question, and those that no document has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.index.generation import Generation
from rag.query.identifiers import identifiers_of, missing_identifiers
from rag.query.types import UnknownIdentifier
from tests.unit.rag.query.library import library_of

DOCUMENTS = {
    "lift_kx-20.pdf": ["The KX-20 lifts 300 kg. It was introduced in 2018.", "Part F-4 fits the KX-20 and the KX40."],
    "lift_kx-60.pdf": [
        "The KX 60 lifts 900 kg since the third quarter of 2021.",
        "Heron 4, 6 and 9 are sold until 2024.",
    ],
    "notes.pdf": ["Bulletin RB-17-02 applies to firmware 3.2 and ISO 9001. The Heron 12 came in FY23, before 2025/26."],
    "price_list_a7.pdf": ["Prices in euros, valid from 1 May 2019: 40 and 60 percent of the list."],
}


@pytest.fixture(scope="module")
def generation() -> Iterator[Generation]:
    with library_of(DOCUMENTS) as generation:
        yield generation


def missing(text: str, generation: Generation) -> tuple[str, ...]:
    return tuple(each.text for each in missing_identifiers(text, generation, generation.documents))


@pytest.mark.parametrize(
    ("text", "identifiers"),
    [
        ("What is the span of the TR-90?", ("TR-90",)),
        ("Does SB-25-03 concern the Heron 6?", ("SB-25-03", "Heron 6")),
        ("Net sales in Q3 2024", ("Q3 2024",)),
        ("sales in the third quarter of 2024", ("Q3 2024",)),
        ("revenue 2023Q1 and Q2 2023", ("Q1 2023", "Q2 2023")),
        ("Is the yard certified to ISO 9001?", ("ISO 9001",)),
        ("Where do I file form 10-K?", ("10-K",)),
        ("What is new in version 3.2?", ("version 3.2",)),
        ("What does error E14 mean in v2?", ("E14", "v2")),
        ("How was the surplus of 2024 shared?", ("2024",)),
        ("the pump kx-20 is loud", ("kx-20",)),
        ("Bittern 9 belt", ("Bittern 9",)),
        ("Which Windows 11 machines are there?", ("Windows 11",)),
    ],
)
def test_identifiers(text: str, identifiers: tuple[str, ...]) -> None:
    assert identifiers_of(text) == identifiers


@pytest.mark.parametrize(
    "text",
    [
        "What does page 12 say?",
        "Summarise Chapter 3 and Section 2.1",
        "Is 12V enough for 5 GB and 500 W?",
        "How much is 20% of $500 or RMB500?",
        "On May 12 and the 2nd of June",
        "What happens within 30 days after 400 hours?",
        "Name 5 reasons. List 3 risks.",
        "Does the Heron 9 euros offer hold?",
        "my 2-year-old and the 12-month plan",
        "e-mail a.b1@example.org or www.site4.org",
        "Why do we need it?",
        "the X3-Embedding paper and self-made B2B-shops",
        "",
    ],
)
def test_other_numbers(text: str) -> None:
    assert identifiers_of(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "What does the KX-20 weigh?",
        "What does the kx 20 weigh?",
        "What does the KX20 weigh?",
        "Is there a KX-40?",
        "KX-60 load",
        "Does F-4 fit?",
        "What does RB 17-02 say?",
        "How much is the Heron 6?",
        "How much is the Heron 9?",
        "What is new in version 3.2?",
        "Is ISO-9001 required?",
        "Sales in Q3 2021",
        "What happened in 2023?",
        "And in 2026?",
        "What does A7 cost?",
    ],
)
def test_known(generation: Generation, text: str) -> None:
    assert missing(text, generation) == ()


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("What does the KX-50 weigh?", UnknownIdentifier("KX-50", ("KX-20", "KX40", "KX 60"))),
        ("What does the HX-60 weigh?", UnknownIdentifier("HX-60", ("KX 60",))),
        ("How much is the Heron 7?", UnknownIdentifier("Heron 7", ("Heron 4", "Heron 12"))),
        ("What is in RB-17-05?", UnknownIdentifier("RB-17-05", ("RB-17-02",))),
        ("Does F-5 fit?", UnknownIdentifier("F-5", ("F-4",))),
        ("What is new in version 4.1?", UnknownIdentifier("version 4.1")),
        ("Is ISO 14001 required?", UnknownIdentifier("ISO 14001", ("ISO 9001",))),
        ("What happened in 2011?", UnknownIdentifier("2011", is_period=True)),
        ("Sales in Q3 2011", UnknownIdentifier("Q3 2011", is_period=True)),
        ("Sales in Q1 2021", UnknownIdentifier("Q1 2021", is_period=True)),
        ("Who sells the Zelkova 88?", UnknownIdentifier("Zelkova 88")),
    ],
)
def test_missing(generation: Generation, text: str, unknown: UnknownIdentifier) -> None:
    assert missing_identifiers(text, generation, generation.documents) == (unknown,)


def test_only_the_searched_documents_count(generation: Generation) -> None:
    notes = [one for one in generation.documents if one.name == "notes.pdf"]
    assert [each.text for each in missing_identifiers("KX-20 and RB-17-02", generation, notes)] == ["KX-20"]
    assert missing_identifiers("KX-20", generation, []) == ()


@pytest.mark.parametrize(
    ("unknown", "statement"),
    [
        (UnknownIdentifier("KX-50"), "No document mentions KX-50."),
        (UnknownIdentifier("KX-50", ("KX-20",)), "No document mentions KX-50; there is KX-20."),
        (UnknownIdentifier("KX-50", ("KX-20", "KX-60")), "No document mentions KX-50; there are KX-20 and KX-60."),
    ],
)
def test_statement(unknown: UnknownIdentifier, statement: str) -> None:
    assert unknown.statement() == statement


@given(st.text(max_size=80))
def test_accepts_any_text(generation: Generation, text: str) -> None:
    missing_identifiers(text, generation, generation.documents)


@settings(max_examples=10)
@given(st.sampled_from(["AB", "Qz", "m"]), st.integers(0, 9999), st.sampled_from(["-", " ", ""]))
def test_spellings_of_one_code_are_one(letters: str, number: int, joint: str) -> None:
    with library_of({"a.pdf": [f"We sell the {letters}{joint}{number} here."]}) as generation:
        for other in ("-", ""):
            assert missing(f"Is the {letters}{other}{number} sold?", generation) == ()
