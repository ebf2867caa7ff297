"""Announced lists: the list and the sentence that a question asks for by their words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rag.answering.evidence.units import Unit, units_of
from rag.answering.usefulness.announced import announced_block, enumerates, raised
from rag.answering.usefulness.model import UnitFeatures, unit_features
from rag.domain.values import Form
from tests.unit.rag.answering.material import evidence_of

MASTECTOMY = (
    "You may be offered a mastectomy if:\n• the cancer is large\n• it is in two areas.\n\n"
    "Bring the following things with you:\n• a bag\n• a book."
)
ASKED = "Why would someone be offered a mastectomy?"
EFFECTS = "The side effects of the drug may be a rash, a fever, and a cough. They go away by themselves after a week."


def read(text: str, question: str, gap: float = 0.0) -> tuple[Sequence[Unit], Sequence[UnitFeatures]]:
    """The units of a text, all of which are less relevant than the best one by ``gap``."""
    units = units_of(evidence_of(text))
    relevance = [gap] * len(units)
    relevance[-1] = 0.0
    hits = [unit.evidence.hit for unit in units[:1]]
    return units, list(unit_features(question, units, relevance, [[]], hits))


@pytest.mark.parametrize(
    ("question", "form", "gap", "fitness", "expected"),
    [
        pytest.param(ASKED, "explain", 0.0, 1.0, True, id="the words of its introduction"),
        pytest.param("What causes a fever?", "explain", 0.0, 1.0, False, id="other words"),
        pytest.param("What is a mastectomy?", "about", 0.0, 1.0, False, id="one word of several"),
        pytest.param(ASKED, "comparison", 0.0, 1.0, False, id="a comparison"),
        pytest.param(ASKED, "explain", -6.0, 1.0, False, id="far less relevant than another"),
        pytest.param(ASKED, "explain", 0.0, 0.0, False, id="a list that says the opposite"),
    ],
)
def test_a_list_is_announced_by(question: str, form: Form, gap: float, fitness: float, *, expected: bool) -> None:
    units, features = read(MASTECTOMY, question, gap)
    found = announced_block(question, form, units, features, [fitness] * len(units))
    assert (found is not None and units[1].block == found) == expected


def test_an_announced_list_is_nearly_as_useful_as_the_best_unit() -> None:
    units, features = read(MASTECTOMY, ASKED)
    useful = raised("explain", units, features, [0.5, 0.1, 0.0, 0.2, 0.1, 0.1], units[1].block)
    assert useful == pytest.approx([0.5, 0.45, 0.0, 0.2, 0.1, 0.1])


@pytest.mark.parametrize(("form", "expected"), [("list", 0.6), ("explain", 0.1)])
def test_a_sentence_that_lists_what_is_asked(form: Form, expected: float) -> None:
    units, features = read(EFFECTS, "What are the side effects of the drug?")
    assert raised(form, units, features, [0.1, 0.6], None)[0] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("A key, a tin, and a pad.", True), ("A key, a tin, a pad.", False), ("A key and a pad.", False)],
)
def test_enumerates(text: str, *, expected: bool) -> None:
    assert enumerates(text) == expected
