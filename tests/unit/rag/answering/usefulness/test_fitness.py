"""Factors of the usefulness of units."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answering.evidence.units import units_of
from rag.answering.usefulness.fitness import fitness_of
from tests.unit.rag.answering.material import document_of, evidence_on, page_with_headings

PERKS, PLUS = document_of("perks.pdf"), document_of("plus.pdf")


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        pytest.param("The lid is red and round.", "Which lid is it?", 1.0, id="a statement"),
        pytest.param("It covers the lid of the pump.", "What does it not cover?", 0.0, id="the opposite"),
        pytest.param("“We” means the cooperative of the town.", "Which lid is it?", 0.3, id="a definition"),
        pytest.param("Copyright 2024 by the lid makers.", "Which lid is it?", 0.3, id="boilerplate"),
    ],
)
def test_by_what_a_unit_says(text: str, question: str, expected: float) -> None:
    evidence = [evidence_on(page_with_headings(text))]
    assert fitness_of(question, units_of(evidence), [item.hit for item in evidence], (), ()) == [expected]


@pytest.mark.parametrize(
    ("matches", "named", "expected"),
    [
        pytest.param((0.0, 0.0), (), [1.0, 1.0], id="none is named"),
        pytest.param((0.6, 0.2), (), [1.0, 0.4], id="one is named far better"),
        pytest.param((0.6, 0.4), (), [1.0, 1.0], id="both are named"),
        pytest.param((0.4, 0.1), (), [1.0, 1.0], id="neither is named well"),
        pytest.param((0.6, 0.4), (PERKS.id,), [1.0, 0.7], id="one is meant"),
    ],
)
def test_by_the_names_of_documents(matches: tuple[float, float], named: tuple[str, ...], expected: list[float]) -> None:
    page = page_with_headings("The lid is red and round.")
    evidence = [
        replace(item, hit=replace(item.hit, document_match=match))
        for item, match in zip([evidence_on(page, document=one) for one in (PERKS, PLUS)], matches, strict=True)
    ]
    assert fitness_of("Which lid is it?", units_of(evidence), [item.hit for item in evidence], named, ()) == expected


def test_none_is_worse_where_all_are_of_other_documents() -> None:
    page = page_with_headings("The lid is red and round.")
    evidence = [evidence_on(page, document=one) for one in (PERKS, PLUS)]
    units = units_of(evidence)
    assert fitness_of("Which lid is it?", units, [item.hit for item in evidence], ("other",), ()) == [1.0, 1.0]


def test_what_is_outside_of_the_named_section_is_half_as_fit() -> None:
    evidence = [evidence_on(page_with_headings("The lid is red and round.\nThe pump is blue and flat."))]
    units = units_of(evidence)
    assert fitness_of("Which lid is it?", units, [item.hit for item in evidence], (), {1}) == [1.0, 0.5]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("It is only for those who keep it.", [0.3, 0.3], id="refers back"),
        pytest.param("The lid is red and round.", [0.3, 1.0], id="goes on with something else"),
    ],
)
def test_what_goes_on_with_a_sentence_off_topic_is_off_topic(text: str, expected: list[float]) -> None:
    evidence = [evidence_on(page_with_headings(f"This manual is intended for keepers of the pump. {text}"))]
    units = units_of(evidence)
    assert fitness_of("Which lid is it?", units, [item.hit for item in evidence], (), ()) == expected


def test_a_document_that_has_fewer_words_of_the_question_is_less_fit() -> None:
    texts = {PERKS: "The trumpet is cleared of ice.", PLUS: "The tray makes cubes of water."}
    evidence = [evidence_on(page_with_headings(text), document=document) for document, text in texts.items()]
    hits = [item.hit for item in evidence]
    assert fitness_of("How do I clear the trumpet?", units_of(evidence), hits, (), ()) == [1.0, 0.4]
