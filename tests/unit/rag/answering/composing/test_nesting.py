"""Nested lists: what an item cannot be understood without."""

from __future__ import annotations

import pytest

from rag.answering.composing.material import Composition
from rag.answering.composing.nesting import completed, parents_of
from rag.answering.composing.whole_answer import compose
from rag.answering.evidence.units import units_of
from tests.unit.rag.answering.material import evidence_of

CANCELLATION = """\
This policy may be canceled as follows:

1. You may cancel by:

a. returning this policy to us; or

b. giving us notice in writing.

2. We may cancel by mailing to you:

a. at least 10 days notice:

1. if you have not paid the premium; or

2. if the policy is new.

b. at least 20 days notice in all other cases.

3. Nobody else may cancel it."""
ON_TWO_PAGES = CANCELLATION.partition("2. if the policy")[0], "2. if the policy is new.\n\nb. at least 20 days notice."


def units(*pages: str) -> list[str]:
    return [unit.text for unit in units_of(evidence_of(*pages))]


def shown_with(*chosen: str, pages: tuple[str, ...] = (CANCELLATION,)) -> set[str]:
    found = units_of(evidence_of(*pages))
    places = {next(place for place, unit in enumerate(found) if unit.text.startswith(text)) for text in chosen}
    return {found[place].text for place in completed(found, places)}


def test_parents() -> None:
    found = units_of(evidence_of(CANCELLATION))
    assert {found[place].text[:12]: found[parent].text[:12] for place, parent in parents_of(found).items()} == {
        "returning th": "You may canc",
        "giving us no": "You may canc",
        "at least 10 ": "We may cance",
        "if you have ": "at least 10 ",
        "if the polic": "at least 10 ",
        "at least 20 ": "We may cance",
    }


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        pytest.param("Nobody", set(), id="an item of its own"),
        pytest.param("at least 20", {"We may cancel by mailing to you:"}, id="what an item belongs to"),
        pytest.param(
            "at least 10",
            {"We may cancel by mailing to you:", "if you have not paid the premium; or", "if the policy is new."},
            id="the items that an item introduces",
        ),
        pytest.param(
            "if you have",
            {"We may cancel by mailing to you:", "at least 10 days notice:", "if the policy is new."},
            id="the rest of a series",
        ),
        pytest.param(
            "You may",
            {"returning this policy to us; or", "giving us notice in writing."},
            id="the items of an item that says nothing by itself",
        ),
    ],
)
def test_an_item_is_shown_with_what_it_cannot_be_understood_without(chosen: str, expected: set[str]) -> None:
    assert shown_with(chosen) == expected


def test_over_a_page_break() -> None:
    assert shown_with("at least 20", pages=ON_TWO_PAGES) == {"We may cancel by mailing to you:"}


def test_a_long_series_is_not_completed() -> None:
    names = "bow stern hull mast keel deck rail boom rudder sail".split()
    items = "\n".join(f"- the {name} of the ship;" for name in names)
    assert shown_with("the mast", pages=(f"We insure:\n{items}\n- the crew.",)) == set()


def test_a_short_series_in_no_other_item_is_completed() -> None:
    text = "We insure:\n- the bow;\n- the stern; and\n- the crew."
    assert shown_with("the bow", pages=(text,)) == {"the stern; and", "the crew."}


def test_items_of_the_third_level_are_told_in_the_line_of_their_item() -> None:
    found = units_of(evidence_of(CANCELLATION))
    material = Composition("How can it be canceled?", "list", (), found, [0.9] * len(found))
    shown = compose(material)
    assert [(one.kind, one.sentence) for one in shown[4:7]] == [
        ("step", "We may cancel by mailing to you:"),
        ("item", "at least 10 days notice: if you have not paid the premium; or if the policy is new."),
        ("item", "at least 20 days notice in all other cases."),
    ]
    assert len(shown[5].quotes) == 3
