"""Documents of a conversation, by what its questions and answers name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.domain.values import Question, Turn
from rag.index.generation import Generation
from rag.query.lookup.prior_documents import prior_documents
from tests.unit.rag.query.library import Written, library_of


@pytest.fixture(scope="module")
def generation() -> Iterator[Generation]:
    documents = {
        "tarn_lease.pdf": Written(["The tenant pays the rent in May."], title="Lease of the Tarn boathouse"),
        "orrin_contract.pdf": Written(["Orrin Freight carries all goods."], title="Contract with Orrin Freight"),
        **{f"notes_{number}.pdf": Written([f"Minutes of meeting {number}."]) for number in range(5)},
    }
    with library_of(documents) as generation:
        yield generation


@pytest.mark.parametrize(
    ("history", "names"),
    [
        ([("What is the rent of the Tarn boathouse?", "90 euros.")], ("tarn_lease.pdf",)),
        ([("Who carries the goods?", "Orrin Freight (orrin_contract.pdf).")], ("orrin_contract.pdf",)),
        (
            [("What does the Tarn lease cost?", "90 euros."), ("And who is Orrin?", "A carrier.")],
            ("orrin_contract.pdf", "tarn_lease.pdf"),
        ),
        ([("What was decided at the meeting?", "Nothing.")], ()),
        ([("Who pays?", "The tenant.")], ()),
        ([], ()),
    ],
    ids=["question", "answer", "most recent first", "too many", "none named", "no conversation"],
)
def test_prior_documents(generation: Generation, history: list[tuple[str, str]], names: tuple[str, ...]) -> None:
    turns = tuple(Turn(question, answer) for question, answer in history)
    assert prior_documents(Question("And when?", history=turns), generation) == names
