"""Documents like one that a question names, which it does not mean."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.values import Document
from rag.query.lookup.similar_documents import left_out
from tests.unit.rag.answering.material import document_of

PLANS = ("plans/Ostrel_Health_Plus_Benefits.pdf", "plans/Ostrel_Standard_Benefits.pdf")
TERMS = ("terms_2023.pdf", "terms_2025.pdf")
LIBRARY = [*(document_of(name, title="") for name in (*PLANS, *TERMS)), document_of("garden.pdf", "Garden Book")]


def names_of(documents: Sequence[Document]) -> list[str]:
    return [document.name for document in documents]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        pytest.param("What does Ostrel Health Plus cover?", [PLANS[1]], id="a plan"),
        pytest.param("What does the Ostrel Standard plan cover?", [PLANS[0]], id="the other plan"),
        pytest.param("Who repairs a pump under the 2025 terms?", [TERMS[0]], id="an edition"),
        pytest.param("What does Ostrel Health cover?", [], id="a name in part"),
        pytest.param("Is health insured?", [], id="a word like others"),
        pytest.param("How do Ostrel Standard and Ostrel Health Plus differ?", [], id="both"),
        pytest.param("What does the Garden Book say?", [], id="none is like it"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_left_out(question: str, expected: list[str]) -> None:
    assert names_of(left_out(question, LIBRARY)) == expected


def test_titles_tell_documents_apart() -> None:
    library = [document_of(f"{number}.pdf", f"Manual of the Bittern {number}") for number in (4, 9)]
    assert names_of(left_out("How loud is the Bittern 9?", library)) == ["4.pdf"]


def test_a_large_library_is_not_compared() -> None:
    library = [document_of(f"terms_{number}.pdf", title="") for number in range(501)]
    assert left_out("Who pays by the terms 7?", library) == []


@given(st.lists(st.sampled_from("Ostrel Health Plus Standard terms 2023 2025 the Garden Book".split()), max_size=9))
def test_a_document_that_is_named_whole_is_never_left_out_for_one_that_is_not(words: list[str]) -> None:
    found = names_of(left_out(" ".join(words), LIBRARY))
    assert len(found) < len(LIBRARY)
    assert set(PLANS) - set(found)
    assert set(TERMS) - set(found)
    assert "garden.pdf" not in found
