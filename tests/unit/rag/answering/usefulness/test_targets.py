"""Units that answer the parts of a question, or the sides of a comparison, best."""

from __future__ import annotations

import pytest

from rag.answering.evidence.units import Unit, units_of
from rag.answering.usefulness.targets import Target, best_unit, served_units
from rag.errors import Cancelled
from rag.runtime.cancellation import Cancellation
from rag.testing import OverlapReranker
from tests.unit.rag.answering.material import document_of, evidence_on, page_with_headings

FIRST, SECOND = document_of("first.pdf"), document_of("second.pdf")
PAGE = """\
The lid of the pump is made of red steel.
The price of a new lid is 30 euros.
Who may change the lid of the pump?
A trained keeper may change the lid."""


def units() -> list[Unit]:
    page = page_with_headings(PAGE)
    return units_of([evidence_on(page, document=FIRST), evidence_on(page, document=SECOND)])


def served(*targets: Target, usefulness: float = 0.5) -> list[tuple[str, str]]:
    found = units()
    answer = served_units(targets, found, [usefulness] * len(found), OverlapReranker(), Cancellation())
    return [(found[place].evidence.hit.passage.document.name, found[place].text) for place in answer.places]


def test_each_part_gets_its_unit_and_a_question_answers_none() -> None:
    found = served(Target("Who may change the lid?"), Target("the price of a new lid"))
    assert [text for _, text in found] == [
        "A trained keeper may change the lid.",
        "The price of a new lid is 30 euros.",
    ]


def test_a_side_gets_units_of_its_documents_alone() -> None:
    price = "the price of a new lid"
    found = served(Target(price, frozenset([SECOND.id])), Target(price, frozenset([FIRST.id])))
    assert [name for name, _ in found] == ["second.pdf", "first.pdf"]


def test_a_unit_that_answers_two_targets_is_there_once() -> None:
    target = Target("the price of a new lid", frozenset([FIRST.id]))
    assert len(served(target, target)) == 1


@pytest.mark.parametrize("target", [Target("the price", frozenset(["f" * 64])), Target("zebra giraffe")], ids=str)
def test_what_no_unit_is_about_gets_none(target: Target) -> None:
    assert served(target) == []


def test_each_unit_has_the_target_that_it_is_most_about() -> None:
    found = units()
    targets = [Target("Who may change the lid?"), Target("the price of a new lid")]
    nearest = served_units(targets, found, [0.5] * len(found), OverlapReranker(), Cancellation()).nearest
    about = {found[place].text: targets[number].text for place, number in nearest.items()}
    assert about["A trained keeper may change the lid."] == "Who may change the lid?"
    assert about["The price of a new lid is 30 euros."] == "the price of a new lid"


def test_what_is_of_no_use_serves_nothing() -> None:
    assert served(Target("the price of a new lid"), usefulness=0.0) == []


def test_it_can_be_cancelled() -> None:
    cancelled = Cancellation()
    cancelled.cancel()
    with pytest.raises(Cancelled):
        served_units([Target("the lid")], units(), [0.5] * 8, OverlapReranker(), cancelled)


class TestBestUnit:
    """The unit that an answer begins with."""

    def test_by_the_reranker_among_the_most_useful(self) -> None:
        found = units()
        useful = [0.9 if "red steel" in unit.text else 0.8 for unit in found]
        best = best_unit("the price of a new lid", range(4), found, useful, OverlapReranker())
        assert best is not None
        assert found[best].text == "The price of a new lid is 30 euros."

    def test_not_one_of_little_use(self) -> None:
        found = units() * 3
        useful = [0.01 if "price" in unit.text else 0.8 for unit in found]
        best = best_unit("the price of a new lid", range(len(found)), found, useful, OverlapReranker())
        assert best is not None
        assert "price" not in found[best].text

    def test_not_one_that_is_about_something_else(self) -> None:
        found = units()
        assert best_unit("where moorings lie", range(4), found, [0.9] * len(found), OverlapReranker()) is None

    def test_of_none(self) -> None:
        assert best_unit("the price", (), units(), [0.5] * 8, OverlapReranker()) is None
