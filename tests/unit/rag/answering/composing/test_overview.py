"""Overviews: which sentences belong to one, and which passages the model reads for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answering.composing.material import Composition
from rag.answering.composing.overview import (
    opening_of_overview,
    overview_usefulness,
    passages_of_overview,
    telling_passages,
)
from rag.answering.composing.whole_answer import compose
from rag.answering.evidence.units import units_of
from rag.domain.values import Passage
from tests.unit.rag.answering.material import evidence_of, evidence_on, page_with_headings

CENTRAL = "The pump of the yard moves water to the tank each day."
PROSE = (
    f"Everybody depends on the pump of the yard. {CENTRAL} A heron was seen there on some mornings. "
    "The pump moves 40 litres of water each day. The tank of the yard holds the water of the pump."
)


def useful_in(text: str) -> dict[str, float]:
    units = units_of(evidence_of(text))
    return dict(zip([unit.text for unit in units], overview_usefulness(units), strict=True))


def test_what_shares_its_words_with_others_is_more_useful() -> None:
    useful = useful_in(PROSE)
    assert useful[CENTRAL] > useful["The tank of the yard holds the water of the pump."] > 0
    assert (
        useful["The tank of the yard holds the water of the pump."] > useful["A heron was seen there on some mornings."]
    )


def test_the_first_sentence_is_the_most_useful() -> None:
    useful = useful_in(PROSE)
    assert max(useful, key=useful.__getitem__) == "Everybody depends on the pump of the yard."


@pytest.mark.parametrize(
    "aim",
    [
        "The aim of this policy framework is to keep the water of the yard clean.",
        "This policy sets out how the pump is run and by whom.",
        "This quick guide for new keepers explains how the pump is run.",
    ],
)
def test_an_overview_begins_with_what_the_document_is_for(aim: str) -> None:
    page = (
        f"The old rules of the yard end on the last day of May.\n\n{PROSE}\n\n{aim}\n\n{PROSE.replace('tank', 'well')}"
    )
    units = units_of(evidence_of(page))
    useful = overview_usefulness(units)
    opening = opening_of_overview(Composition("What is it about?", "overview", (), units, useful))
    assert opening is not None
    assert units[opening].text == aim
    assert max(useful) <= 1


def test_a_figure_makes_a_sentence_more_useful() -> None:
    figures, none = useful_in(PROSE), useful_in(PROSE.replace("40", "many"))
    assert (
        figures["The pump moves 40 litres of water each day."] > none["The pump moves many litres of water each day."]
    )


def test_the_first_sentence_of_each_section_is_more_useful() -> None:
    page = page_with_headings(f"{PROSE} A heron was seen near the gate on some mornings.")
    one = units_of([evidence_on(page, headings=("A",))])
    other = [replace(unit, evidence=evidence_on(page, headings=("B",))) for unit in one[-1:]]
    assert overview_usefulness([*one[:-1], *other])[-1] == pytest.approx(overview_usefulness(one)[-1] + 0.2)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Figure 3: The pump moves water to the tank each day.", id="caption"),
        pytest.param("Implementation Date: The pump moves water to the tank from May on.", id="field of a cover"),
        pytest.param("Approved by the board: The pump moves water to the tank each day.", id="sign-off of a cover"),
        pytest.param("The pump moves water.", id="short"),
        pytest.param(f"The pump moves water{' and more water' * 40}.", id="long"),
        pytest.param("I have seen the pump move water to the tank.", id="personal"),
        pytest.param("This is no legal advice on the pump of the yard.", id="boilerplate"),
        pytest.param("The pump \\textbf{moves} water to the tank each single day.", id="mark-up"),
        pytest.param('"We love the pump and the water of the yard.', id="open quote"),
        pytest.param("What does the pump of the yard move each day?", id="question"),
    ],
)
def test_what_does_not_belong_to_an_overview(text: str) -> None:
    useful = useful_in(f"{PROSE} {text}")
    assert useful[text] == 0.0
    assert useful[CENTRAL] > 0.0


def test_what_stands_beside_the_first_sentence_goes_on_from_it() -> None:
    told, page = "It moves all of the water of the pump each day.", evidence_on(page_with_headings(PROSE, 2))
    later = replace(page, hit=replace(page.hit, passage=replace(page.hit.passage, row=9)))
    units = units_of([*evidence_of(f"OFFICES\n\nThe yard has a pump that is very old. {told} Keys are blue."), later])
    useful = dict(zip([unit.text for unit in units], overview_usefulness(units), strict=True))
    assert useful[told] > useful[CENTRAL] > 0.0
    assert overview_usefulness([*units[-5:], *units[:-5]])[-2] == 0.0


def test_no_bibliography() -> None:
    entry = "Pumps of the yard: A survey of the water of the pump."
    page = f"{PROSE}\n\n{{}}\n\n{entry}"
    assert useful_in(page.format("References"))[entry] == 0.0
    assert useful_in(page.format("Reference pumps"))[entry] > 0.0


def test_where_there_are_few_sentences_each_item_is_useful() -> None:
    assert useful_in("The lid is red.\n\n• twelve lids\n• nine keys") == {
        "The lid is red.": 0.2, "twelve lids": 0.2, "nine keys": 0.2,
    }  # fmt: skip


def test_a_letter_may_be_personal() -> None:
    useful = useful_in("I have moved to the yard. I have a pump there. " + "I love all the water of my pump. " * 4)
    assert max(useful.values()) > 0.0


@pytest.mark.parametrize(
    ("text", "opening"),
    [
        pytest.param(PROSE, 0, id="first sentence"),
        pytest.param(f"All rights reserved.\n\n{PROSE}", 1, id="after boilerplate"),
        pytest.param("• twelve lids\n• nine keys", None, id="items"),
        pytest.param("OFFICES", None, id="nothing that is shown"),
    ],
)
def test_the_opening_of_an_overview(text: str, opening: int | None) -> None:
    units = units_of(evidence_of(text))
    material = Composition("What is it about?", "overview", (), units, overview_usefulness(units))
    assert opening_of_overview(material) == opening
    if opening is not None:
        assert compose(replace(material, lead=opening))[0] == units[opening].support("lead")


def test_nothing_of_nothing() -> None:
    assert overview_usefulness([]) == []


def _passages(count: int) -> list[Passage]:
    passage = evidence_of(PROSE)[0].hit.passage
    return [replace(passage, row=row) for row in range(count)]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        pytest.param(0, [], id="none"),
        pytest.param(3, [0, 1, 2], id="all of few"),
        pytest.param(1_000, [int(2.5 * number) for number in range(400)], id="evenly spread over many"),
    ],
)
def test_passages_of_an_overview(count: int, expected: list[int]) -> None:
    assert [passage.row for passage in passages_of_overview(_passages(count))] == expected


def test_the_model_reads_the_first_passage_and_then_the_most_telling() -> None:
    passages = _passages(4)
    units = [
        replace(unit, evidence=replace(unit.evidence, hit=replace(unit.evidence.hit, passage=passage)))
        for passage in passages
        for unit in units_of(evidence_of("The lid is red."))
    ]
    assert [one.row for one in telling_passages(passages, units, [0.1, 0.2, 0.0, 0.5])] == [0, 3, 1, 2]
