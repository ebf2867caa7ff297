"""Query decomposition: a comparison becomes two searches, each without the words that name the other side."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.values import Document, Question
from rag.query.decomposition import asks_for_definitions, split_comparison


def document(name: str, title: str) -> Document:
    return Document(name, (name,), title, 1, 1)


TERMS = [
    document("terms_2023.pdf", "Warranty Terms, 2023 edition"),
    document("terms_2025.pdf", "Warranty Terms, 2025 edition"),
    document("plan_standard.pdf", "Northwind Standard Plan"),
    document("plan_plus.pdf", "Northwind Plus Plan"),
    document("handbook.pdf", "Member Handbook"),
]
EDITIONS = (("terms_2023.pdf",), ("terms_2025.pdf",))
PLANS = (("plan_standard.pdf",), ("plan_plus.pdf",))


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("What is the difference between Standard and Plus?", PLANS),
        ("Compare the deductible of Standard and Plus.", PLANS),
        ("How does the Standard plan differ from Plus?", PLANS),
        ("Standard vs Plus deductible", PLANS),
        ("Is Plus cheaper than Standard?", PLANS[::-1]),
        ("How did the cover change between the 2023 and the 2025 terms?", EDITIONS),
        ("What was the fee under the 2023 edition, and what is it under the 2025 edition?", EDITIONS),
    ],
)
def test_each_side_in_its_own_document(text: str, documents: tuple[tuple[str, ...], ...]) -> None:
    assert tuple(search.documents for search in split_comparison(Question(text), TERMS)) == documents


def test_words_that_are_run_together_in_a_name() -> None:
    contracts = [
        document("ZtoExpressCayman_2016_EX-10.pdf", "Road Transportation Agreement"),
        document("ArcGroupInc_2017.pdf", "Jacksonville Jaguars Sponsorship Agreement"),
        document("PerksPlus.pdf", "Perks"),
        *TERMS,
    ]
    question = "How do the notice periods in the ZTO agreement and the Jaguars sponsorship differ?"
    found = [search.documents for search in split_comparison(Question(question), contracts)]
    assert found == [("ZtoExpressCayman_2016_EX-10.pdf",), ("ArcGroupInc_2017.pdf",)]
    # A name that has the word by itself is meant, not one that it is run together in.
    found = [search.documents for search in split_comparison(Question("Compare Standard and Plus."), contracts)]
    assert found == list(PLANS)


def test_each_search_lacks_the_other_name() -> None:
    one, other = split_comparison(
        Question("What is the difference between the fees of 2023 and 2025?", max_tokens=9), TERMS
    )
    assert one.text == "What is the difference between the fees of 2023?"
    assert other.text == "What is the difference between the fees of 2025?"
    assert one.max_tokens == other.max_tokens == 9


@pytest.mark.parametrize(
    ("text", "searches"),
    [
        ("compare Bittern 4 and Bittern 9", ("compare Bittern 4", "compare Bittern 9")),
        ("compare the Bittern 4 and 9", ("compare the Bittern 4", "compare the Bittern 9")),
        ("compare the Bittern 4 and the 9", ("compare the Bittern 4", "compare the Bittern 9")),
        (
            "Compare the oil of the Bittern 4 and the Bittern 9",
            ("Compare the oil of the Bittern 4", "Compare the oil of the Bittern 9"),
        ),
        (
            "What is the difference between models TR-40 and TR-60?",
            ("What is the difference between models TR-40?", "What is the difference between models TR-60?"),
        ),
        ("compare TR-40 and 60", ("compare TR-40", "compare TR-60")),
        ("TR-40A vs. TR-40B weight", ("TR-40A weight", "TR-40B weight")),
        ("changes between v2.1 and 2.3", ("changes between v2.1", "changes between v2.3")),
        ("change between version 2.1 and 2.3", ("change between version 2.1", "change between version 2.3")),
        (
            "How do the Bittern 4 and the 9 differ in weight?",
            ("How do the Bittern 4 differ in weight?", "How do the Bittern 9 differ in weight?"),
        ),
        (
            "Compare Bittern 4 and Bittern 9 oil change intervals",
            ("Compare Bittern 4 oil change intervals", "Compare Bittern 9 oil change intervals"),
        ),
        (
            "compare the Bittern 4 manual and the Bittern 9 manual for winter use",
            ("compare the Bittern 4 manual for winter use", "compare the Bittern 9 manual for winter use"),
        ),
        (
            "compare the oil and filter of the Bittern 4 and 9",
            ("compare the oil and filter of the Bittern 4", "compare the oil and filter of the Bittern 9"),
        ),
        ("compare Bittern 4 and Heron 9", ("compare Bittern 4", "compare Heron 9")),
        (
            "Compare the cost of 3 nights in May and 5 nights in June",
            ("Compare the cost of 3 nights in May", "Compare the cost of 5 nights in June"),
        ),
        (
            "I own both. Compare chapter 3 and chapter 4 of the handbook. Thanks!",
            (
                "I own both. Compare chapter 3 of the handbook. Thanks!",
                "I own both. Compare chapter 4 of the handbook. Thanks!",
            ),
        ),
    ],
)
def test_sides_that_differ_in_a_number_keep_what_they_share(text: str, searches: tuple[str, str]) -> None:
    found = split_comparison(Question(text), TERMS)
    assert tuple(search.text for search in found) == searches
    assert all(search.documents == () for search in found)


@given(st.sampled_from(("the ", "")), st.sampled_from(("Bittern ", "TR-", "Ärger No. ")), st.integers(1, 99))
def test_a_name_before_one_number_is_that_of_both(article: str, name: str, number: int) -> None:
    expected = (f"compare {article}{name}{number}", f"compare {article}{name}{number + 1}")
    for other in (f"{number + 1}", f"{article}{name}{number + 1}"):
        found = split_comparison(Question(f"compare {article}{name}{number} and {other}"), TERMS)
        assert tuple(search.text for search in found) == expected


@pytest.mark.parametrize(
    "text",
    [
        "How long is the warranty under the 2025 terms?",
        "Between what hours is the office open?",
        "Is the office open between 8 and 17 o'clock?",
        "Does it support more than 100 languages?",
        "What do the Standard plan and the handbook say?",
        "Compare prices",
        "What is different in the harbour?",
        "",
    ],
)
def test_other_questions_are_one_search(text: str) -> None:
    assert split_comparison(Question(text), TERMS) == ()


def test_only_in_the_documents_asked_for() -> None:
    question = Question("What is the difference between Standard and Plus?", documents=("plan_plus.pdf",))
    assert {search.documents for search in split_comparison(question, TERMS)} == {("plan_plus.pdf",)}


@pytest.mark.parametrize(
    ("text", "searches"),
    [
        ("Compare dental and vision coverage", ("Compare dental and coverage", "Compare and vision coverage")),
        (
            "oak handle vs ash handle: which lasts longer, and why?",
            ("oak handle vs handle which lasts longer and why", "handle vs ash handle which lasts longer and why"),
        ),
        (
            "Hulls: how do oak boats and ash boats differ?",
            ("Hulls how do oak boats and boats differ", "Hulls how do boats and ash boats differ"),
        ),
        (
            "Compare how many days it takes to repair the Tarn boat and the Orrin ship",
            (
                "Compare how many days it takes to repair the Tarn boat and the",
                "Compare how many days it takes to repair the and the Orrin ship",
            ),
        ),
        (
            "compare the classes standard and archive of the store",
            ("compare the classes standard and of the store", "compare the and archive of the store"),
        ),
        (
            "How does the ring test differ from the dye test?",
            ("How does the ring test differ from the test", "How does the test differ from the dye test"),
        ),
    ],
)
def test_sides_that_are_subjects_are_searched_for_in_all_documents(text: str, searches: tuple[str, str]) -> None:
    found = split_comparison(Question(text), TERMS)
    assert tuple(" ".join(re.findall(r"\w+", search.text)) for search in found) == searches
    assert all(search.documents == () for search in found)


@given(st.text(max_size=80))
def test_accepts_any_text(text: str) -> None:
    assert len(split_comparison(Question(text), TERMS)) in (0, 2)


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        pytest.param(
            "What is the difference between a lumpectomy and a mastectomy?",
            ["What is a lumpectomy?", "What is a mastectomy?"],
            id="what each is",
        ),
        pytest.param(
            "Explain the main differences between closed visits and banning a visitor.",
            ["What is closed visits?", "What is banning a visitor?"],
            id="an order",
        ),
        pytest.param("Compare the ring test and the dye test in cost.", None, id="another comparison"),
    ],
)
def test_what_two_things_are(text: str, sides: list[str] | None) -> None:
    searches = split_comparison(Question(text), [])
    assert asks_for_definitions([*searches, Question(text)]) == (sides is not None)
    if sides:
        assert [side.text for side in searches] == sides
