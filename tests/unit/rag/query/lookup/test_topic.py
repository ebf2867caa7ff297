"""Topic of a question that names a document."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.values import Question, Turn
from rag.index.generation import Generation
from rag.query.lookup.topic import topic_of
from tests.unit.rag.query.library import Written, library_of


@pytest.fixture(scope="module")
def generation() -> Iterator[Generation]:
    documents = {
        "harbour_guide.pdf": Written(["Berths are let by the week."], title="Ostrel Harbour Guide for Visitors"),
        "tarn_lease.pdf": Written(["The tenant pays the rent in May."], title="Lease of the Tarn boathouse"),
        "minutes_2024.pdf": Written(["The meeting was opened at noon."], title="Minutes"),
        "minutes_2025.pdf": Written(["The meeting was opened at ten."], title="Minutes"),
    }
    with library_of(documents) as generation:
        yield generation


@pytest.mark.parametrize(
    ("question", "topic", "documents"),
    [
        pytest.param(
            "What does the Ostrel Harbour Guide say about berths?",
            "What does the say about berths?",
            ("harbour_guide.pdf",),
            id="title",
        ),
        pytest.param(
            "What does Ostrel Harbour's guide say about berths?",
            "What does say about berths?",
            ("harbour_guide.pdf",),
            id="possessive",
        ),
        pytest.param("Who pays by the Tarn lease?", "Who pays by the", ("tarn_lease.pdf",), id="file name"),
    ],
)
def test_topic(generation: Generation, question: str, topic: str, documents: tuple[str, ...]) -> None:
    found = topic_of(Question(question, history=(Turn("Hello?", "Hello."),)), generation)
    assert found == Question(topic, documents=documents)


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("When is the meeting opened?", id="no document is named"),
        pytest.param("Can I visit the harbour?", id="one word of a name is a word like others"),
        pytest.param("Ostrel Harbour Guide", id="nothing is asked"),
        pytest.param("What does the Ostrel Harbour Guide say?", id="no topic"),
        pytest.param("", id="nothing"),
    ],
)
def test_no_topic(generation: Generation, question: str) -> None:
    assert topic_of(Question(question), generation) is None


def test_documents_that_were_chosen_stay_so(generation: Generation) -> None:
    question = Question("What does the Ostrel Harbour Guide say about berths?", documents=("tarn_lease.pdf",))
    assert topic_of(question, generation) is None


@given(st.lists(st.sampled_from("Ostrel harbour guide tarn lease rent the of berths ?".split()), max_size=12))
def test_a_topic_is_a_part_of_its_question(generation: Generation, chosen: list[str]) -> None:
    found = topic_of(Question(" ".join(chosen)), generation)
    if found:
        left = iter(chosen)
        assert all(word in left for word in found.text.split())
        assert 0 < len(found.text.split()) < len(chosen)
