"""Scopes of negation: which words a sentence denies."""

from __future__ import annotations

import pytest

from rag.answering.claims.language.analysis import analyze
from rag.answering.claims.language.polarity import Polarity, opposite_by_prefix, polarity


def found(text: str) -> Polarity:
    analyzed = analyze(text)
    return polarity(analyzed, range(len(analyzed.tokens)))


class TestScope:
    @pytest.mark.parametrize(
        ("text", "denied", "affirmed"),
        [
            pytest.param("The seal does not settle.", {"settl"}, {"seal"}, id="verb"),
            pytest.param("No damage by frost is covered.", {"damag", "frost", "cover"}, set(), id="subject"),
            pytest.param("Candidates have a voice but no vote.", {"vot"}, {"voic"}, id="object"),
            pytest.param("It cannot be sold, given away or used.", {"sel", "use"}, set(), id="list"),
            pytest.param("Bronze settles, titanium does not corrode.", {"corrod"}, {"bronz", "settl"}, id="clause"),
            pytest.param("It is not open, and members pay.", {"open"}, {"member", "pay"}, id="new clause"),
            pytest.param("Neither roof nor walls were damaged.", {"roof", "wal", "damag"}, set(), id="neither"),
            pytest.param("All parts except gaskets are covered.", {"gasket"}, {"part", "cover"}, id="exception"),
            pytest.param("Damage by frost is excluded.", {"cover"}, {"damag", "frost"}, id="by its meaning"),
            pytest.param("The insurers refused to pay.", {"pay"}, {"insur"}, id="refused to"),
            pytest.param("They turned it down.", {"accept"}, set(), id="turned down"),
            pytest.param("It costs nothing to join.", set(), {"cost", "join"}, id="object pronoun"),
            pytest.param("It is not only red but large.", set(), {"red", "larg"}, id="not only"),
        ],
    )
    def test_what_is_denied(self, text: str, denied: set[str], affirmed: set[str]) -> None:
        polar = found(text)
        assert denied <= polar.denied
        assert affirmed <= polar.affirmed
        assert not affirmed & polar.denied

    @pytest.mark.parametrize(
        "text",
        [
            "No work may be done unless the signal is locked off.",
            "No dog may enter without a lead.",
            "Nobody may have more than 60 hours.",
            "Nobody but the foreman has a key.",
        ],
    )
    def test_a_condition_lifts_it(self, text: str) -> None:
        assert found(text).restricted
        assert not found(text).negative

    @pytest.mark.parametrize(
        "text", ["It takes no more than 5 days.", "It lasts no longer than a week.", "The notes are red."]
    )
    def test_no_negation(self, text: str) -> None:
        assert found(text).negations == 0

    def test_no_longer_is_one(self) -> None:
        assert found("The page no longer appears.").negative

    def test_a_part_knows_the_negation_before_it(self) -> None:
        analyzed = analyze("It does not cover paint, varnish or wax.")
        last = polarity(analyzed, [len(analyzed.tokens) - 1])
        assert last.denied == {"wax"}
        assert last.negative


class TestUnder:
    def test_an_introduction_denies_its_items(self) -> None:
        item = found("software by others").under(found("It does not cover"))
        assert {"softwar", "cover"} <= item.denied

    def test_an_item_that_denies_says_so_itself(self) -> None:
        item = found("no paint")
        assert item.under(found("It does not cover")) == item


@pytest.mark.parametrize(
    ("key", "keys", "opposite"),
    [("paid", {"unpaid"}, True), ("unpaid", {"paid"}, True), ("inn", {"n"}, False), ("red", {"blue"}, False)],
)
def test_opposite_by_prefix(key: str, keys: set[str], opposite: bool) -> None:
    assert opposite_by_prefix(key, frozenset(keys)) is opposite
