"""Quantities: numbers with units, dates, names of series, bounds."""

from __future__ import annotations

import pytest

from rag.answering.claims.language.analysis import analyze
from rag.answering.claims.language.quantities import COUNT, DATE, TIME, YEAR, Quantity, quantities


def only(text: str) -> Quantity:
    (found,) = quantities(analyze(text))
    return found


class TestUnits:
    @pytest.mark.parametrize(
        ("text", "unit", "amount"),
        [
            ("400 sounding hours", "second", 400 * 3600),
            ("two weeks", "second", 14 * 86400),
            ("2 years", "month", 24),
            ("5 per cent", "percent", 5),
            ("40%", "percent", 40),
            ("€3,600", "euro", 3600),
            ("US$2 million", "dollar", 2_000_000),
            ("RMB500", "renminbi", 500),
            ("20 V", "volt", 20),
            ("12 metres", "metre", 12),
            ("58 members", COUNT, 58),
            ("5 a day", COUNT, 5),
            ("in 2024", YEAR, 2024),
            ("page 4", "name:pag", 4),
            ("a Bittern 9 signal", "name:bittern", 9),
        ],
    )
    def test_unit(self, text: str, unit: str, amount: float) -> None:
        found = only(text)
        assert (found.unit, found.amount) == (unit, amount)

    def test_date_and_time(self) -> None:
        assert only("on 31 May 2025").unit == DATE
        assert only("at 8:30").unit == TIME

    def test_numbers_of_a_series_share_its_name(self) -> None:
        assert [found.unit for found in quantities(analyze("a Bittern 4 or 6 alone"))] == ["name:bittern"] * 2


class TestEquals:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("14 days", "two weeks"),
            ("24 months", "2 years"),
            ("$2 million", "$2,000,000"),
            ("May 2025", "31 May 2025"),
            ("in 2025", "31 May 2025"),
            ("40%", "40 per cent"),
            ("1000 m", "1 km"),
        ],
    )
    def test_the_same(self, one: str, other: str) -> None:
        assert only(one).equals(only(other))

    @pytest.mark.parametrize(
        ("one", "other"),
        [("24 months", "24 hours"), ("$24", "24 euros"), ("31 May 2025", "May 2025"), ("Bittern 9", "page 9")],
    )
    def test_not_the_same(self, one: str, other: str) -> None:
        assert not only(one).equals(only(other))

    def test_a_cell_without_its_unit(self) -> None:
        assert only("35 litres").may_equal(only("Pump 35"))
        assert not only("35 litres").may_equal(only("35 metres"))

    def test_rivals(self) -> None:
        assert only("24 months").rivals(only("6 months"))
        assert not only("24 months").rivals(only("6 litres"))
        assert only("Bittern 9").rivals(only("Bittern 6"))


class TestBound:
    @pytest.mark.parametrize(
        ("text", "bound"),
        [
            ("at least 6 seconds", 1),
            ("6 seconds or more", 1),
            ("up to €27", -1),
            ("within the first 60 days", -1),
            ("no more than 5 days", -1),
            ("more than 5 days", 2),
            ("less than 2 seconds", -2),
            ("about 5 years", 0),
            ("Nobody may have more than 60 hours", -1),
            ("Nobody under 16 may drive", 1),
            ("No deposit for stays of less than two weeks", -2),
            ("5 days", None),
        ],
    )
    def test_bound(self, text: str, bound: int | None) -> None:
        assert only(text).bound == bound

    def test_a_range_has_none(self) -> None:
        assert [found.bound for found in quantities(analyze("from 5 to 7 days"))] == [None, None]
