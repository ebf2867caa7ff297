"""Features of units, and the probability that they belong to an answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.evidence.units import Unit, units_of
from rag.answering.grounding import Evidence
from rag.answering.usefulness.model import USEFULNESS_MODEL, UnitFeatures, UsefulnessModel, unit_features
from rag.answering.usefulness.pointers import Pointer
from rag.domain.values import Hit
from tests.unit.rag.answering.material import evidence_on, page_with_headings

PAGE = page_with_headings("The lid is blue.\n1. Open the valve.\n2. Close it.\nWhere is it?\n\nLid blue\nKey red")


def material(**changes: float) -> tuple[list[Evidence], list[Unit], list[Hit]]:
    evidence = [evidence_on(PAGE, logit=2.0, headings=("Manual", "Care"))]
    hits = [replace(item.hit, **changes) for item in evidence]  # type: ignore[arg-type]
    return evidence, units_of(evidence), hits


def features(
    pointed: Sequence[int] = (),
    relevance: Sequence[float] | None = None,
    question: str = "Which lid?",
    share: float = 1.0,
) -> list[UnitFeatures]:
    _, units, hits = material(document_match=0.5)
    pointers = [Pointer("x", (place,), share) for place in pointed]
    return list(unit_features(question, units, relevance or [0.0] * len(units), [pointers], hits))


def test_relevance_is_relative_to_the_best() -> None:
    assert [each.gap for each in features(relevance=[3.0, 1.0, -9.0, 0.0, 0.0, 0.0])] == [0, -2, -8, -3, -3, -3]


def test_what_the_draft_points_to_and_what_is_beside_it() -> None:
    found = features(pointed=[1])
    assert [each.pointed for each in found] == [0, 1, 0, 0, 0, 0]
    assert [each.near for each in found] == [1, 0, 1, 0, 0, 0]
    assert [each.block_share for each in found] == [0, 0.5, 0.5, 0, 0, 0]


def test_of_several_drafts_the_mean() -> None:
    _, units, hits = material()
    drafts = [[Pointer("The valve.", (1,), 1.0)], [], [Pointer("Open the valve.", (1,), 1.0)], []]
    found = list(unit_features("Which lid?", units, [0.0] * len(units), drafts, hits))
    assert [each.pointed for each in found] == [0, 0.5, 0, 0, 0, 0]
    assert [each.near for each in found] == [0.5, 0, 0.5, 0, 0, 0]
    assert found[2].block_share == 0.25
    assert found[1].drafted == pytest.approx((0.5 + 1.0) / 4)


def test_an_unsupported_statement_points_to_nothing() -> None:
    assert not any(each.pointed or each.near or each.block_share for each in features(pointed=[1], share=0.5))


def test_share_of_a_unit_that_the_draft_adds_to_the_question() -> None:
    _, units, hits = material()
    draft = [Pointer("The valve of the lid.", (1,), 1.0)]
    found = list(unit_features("Which lid?", units, [0.0] * len(units), [draft], hits))
    assert found[1].drafted == pytest.approx(0.5)  # "Open the valve.", both words equally rare
    assert found[4].drafted == 0  # "Lid blue": the question has its lid, too


@given(st.lists(st.text("ab .", max_size=12), max_size=6), st.text("ab ", max_size=12))
def test_the_share_is_within_0_and_1(lines: list[str], draft: str) -> None:
    evidence = [evidence_on(page_with_headings("\n".join(["A lid.", *lines])), logit=0.0)]
    units = units_of(evidence)
    pointers = [Pointer(draft, (), 0.0)]
    found = unit_features("Which b?", units, [0.0] * len(units), [pointers], [item.hit for item in evidence])
    assert all(0 <= each.drafted <= 1 for each in found)


def test_words_of_the_question_in_the_unit_and_its_headings() -> None:
    assert [each.coverage for each in features(question="The lid?")] == [1, 0, 0, 0, 1, 0]
    assert [each.coverage for each in features(question="The care?")] == [1] * 6
    assert [each.coverage for each in features(question="")] == [0] * 6


def test_kinds_and_length() -> None:
    found = features()
    assert [each.item for each in found] == [0, 1, 1, 0, 0, 0]
    assert [each.line for each in found] == [0, 0, 0, 0, 1, 1]
    assert [each.statement for each in found] == [1, 1, 1, 0, 0, 0]
    assert found[0].length == pytest.approx(math.log(5))


def test_rank_logit_and_document_of_the_passage() -> None:
    evidence, units, hits = material(document_match=0.5)
    other = Hit(replace(hits[0].passage, row=99), 1.0, 4.0, 1.0)
    first = next(unit_features("Which lid?", units, [0.0] * 6, [()], [other, *hits]))
    assert (first.rank, first.hit_logit, first.document) == (0.25, 2.0, 0.5)
    # A passage that was brought along has those of the hit before it, a little less.
    before = Hit(replace(hits[0].passage, row=evidence[0].hit.passage.row - 1), 1.0, 4.0, 1.0)
    first = next(unit_features("Which lid?", units, [0.0] * 6, [()], [before]))
    assert (first.rank, first.hit_logit, first.document) == (0.0, 3.0, 1.0)
    first = next(unit_features("Which lid?", units, [0.0] * 6, [()], [other]))
    assert (first.rank, first.hit_logit, first.document) == (3.0, -8.0, 0.0)


def test_of_nothing() -> None:
    assert list(unit_features("Which lid?", [], [], [()], [])) == []


class TestModel:
    NOTHING = UnitFeatures(**{field.name: 0.0 for field in fields(UnitFeatures)})

    def test_logistic_regression(self) -> None:
        weights = {**dict.fromkeys(asdict(self.NOTHING), 0.0), "pointed": 2.0}
        model = UsefulnessModel(-1.0, weights)
        assert model.probability(self.NOTHING) == pytest.approx(1 / (1 + math.e))
        assert model.probability(replace(self.NOTHING, pointed=1.0)) == pytest.approx(1 / (1 + 1 / math.e))

    def test_the_fitted_one_has_a_weight_for_each_feature(self) -> None:
        assert USEFULNESS_MODEL.weights.keys() == asdict(self.NOTHING).keys()
        assert 0 < USEFULNESS_MODEL.probability(self.NOTHING) < 1
