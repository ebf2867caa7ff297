"""Document matching: the formula, and questions as people ask them."""

from __future__ import annotations

from collections.abc import Mapping
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.values import Document
from rag.index.document_matching import OPENING, DocumentMatcher
from rag.text.dates import Period, period_of, with_quarters


def matcher(
    *names: str, titles: Mapping[str, str] | None = None, openings: Mapping[str, str] | None = None
) -> DocumentMatcher:
    """A matcher for documents whose ids are their names; titles are empty by default."""
    documents = [Document(name, (name,), (titles or {}).get(name, ""), 1, 1) for name in names]
    return DocumentMatcher(documents, openings or {})


def named(found: Mapping[str, float]) -> set[str]:
    """The best matches, if there are any."""
    best = max(found.values(), default=0.0)
    return {name for name, share in found.items() if share == best and best > 0}


FILINGS = [
    f"{year}_Q{quarter}_{firm}.pdf" for year in (2022, 2023) for quarter in (1, 2, 3) for firm in ("AAPL", "INTC")
]


class TestFormula:
    def test_by_hand(self) -> None:
        """Two of three documents have "plan", one "plus"; a word in n of them weighs log((3 + 1) / (n + 1/2))."""
        found = matcher("plan-plus.pdf", "plan-basic.pdf", "menu.pdf").match("What does the Plus plan pay?")
        plan, plus = log(4 / 2.5), log(4 / 1.5)
        assert found == pytest.approx({"plan-plus.pdf": 1.0, "plan-basic.pdf": plan / (plan + plus), "menu.pdf": 0.0})

    def test_the_latest_counts_as_a_word_that_one_document_has(self) -> None:
        found = matcher("terms_2023.pdf", "terms_2025.pdf", "menu.pdf").match("What do the latest terms say?")
        terms, latest = log(4 / 2.5), log(4 / 1.5)
        older = terms / (terms + latest)
        assert found == pytest.approx({"terms_2025.pdf": 1.0, "terms_2023.pdf": older, "menu.pdf": 0.0})

    def test_words_that_all_documents_have_count_nothing(self) -> None:
        found = matcher("contoso_plus.pdf", "contoso_basic.pdf").match("Contoso")
        assert found == {"contoso_plus.pdf": 0.0, "contoso_basic.pdf": 0.0}

    def test_words_that_no_document_has_count_nothing(self) -> None:
        some = matcher("plan-plus.pdf", "plan-basic.pdf", "menu.pdf")
        assert some.match("the Plus plan for zebras and unicorns") == some.match("the Plus plan")

    @pytest.mark.parametrize("question", ["", "?", "What is it?", "zebra"])
    def test_nothing_is_named(self, question: str) -> None:
        assert matcher("plus.pdf", "basic.pdf").match(question) == {"plus.pdf": 0.0, "basic.pdf": 0.0}

    @pytest.mark.parametrize("names", [(), ("only.pdf",)])
    def test_none_and_one(self, names: tuple[str, ...]) -> None:
        assert matcher(*names).match("the latest of only") == dict.fromkeys(names, 0.0)


class TestWordsInTheText:
    """A word that the text of other documents has as often names none."""

    def distinct(self, question: str, text: dict[str, tuple[float, float, float]]) -> list[float]:
        """The matches of three documents, whose passages have the words of ``text`` in these shares."""
        shares = {word: np.array(each, np.float32) for word, each in text.items()}
        some = matcher("prison visits.pdf", "visitor id.pdf", "dress code.pdf")
        found = some.shares(question, lambda word: shares.get(word, np.zeros(3, np.float32)))
        return [round(float(share), 2) for share in found]

    def test_a_subject_of_all(self) -> None:
        assert self.distinct("visiting a prison", {"visit": (0.8, 0.8, 0.4), "prison": (0.8, 0.4, 0.8)}) == [0, 0, 0]

    def test_half_as_often_elsewhere(self) -> None:
        assert self.distinct("visiting a prison", {"visit": (0.8, 0.4, 0.4), "prison": (0.8, 0.8, 0.8)}) == [0.5, 0, 0]

    def test_a_name(self) -> None:
        assert self.distinct("the dress code", {"dress": (0, 0, 0.5), "code": (0.5, 0.5, 0.5)}) == [0, 0, 1]

    def test_a_name_that_no_text_has(self) -> None:
        assert self.distinct("the dress code", {}) == [0, 0, 1]

    def test_the_rarer_of_two_with_it_in_their_names(self) -> None:
        shares = {"id": np.array([0.1, 1.0, 0.0], np.float32)}
        some = matcher("prison id.pdf", "visitor id.pdf", "dress code.pdf")
        assert np.allclose(some.shares("which ID", shares.__getitem__), [0.1, 1.0, 0.0])

    def test_the_latest_is_distinct(self) -> None:
        some = matcher("terms_2023.pdf", "terms_2025.pdf")
        found = some.shares("the latest terms", lambda _: np.ones(2, np.float32))
        assert found[1] > found[0] == 0


class TestNames:
    @pytest.mark.parametrize(
        ("question", "expected"),
        [
            pytest.param("What was the revenue of INTC in Q3 2023?", {"2023_Q3_INTC.pdf"}, id="quarter and year"),
            pytest.param("intc revenue 2023 q3", {"2023_Q3_INTC.pdf"}, id="other order, lower case"),
            pytest.param("INTC in the third quarter of 2023", {"2023_Q3_INTC.pdf"}, id="in words"),
            pytest.param("INTC's third-quarter 2023 figures", {"2023_Q3_INTC.pdf"}, id="with a hyphen"),
            pytest.param("INTC in the 1st fiscal quarter of 2022", {"2022_Q1_INTC.pdf"}, id="1st, fiscal"),
            pytest.param("INTC 2023Q2", {"2023_Q2_INTC.pdf"}, id="in one word"),
            pytest.param("Q2 of AAPL", {"2022_Q2_AAPL.pdf", "2023_Q2_AAPL.pdf"}, id="no year: both"),
            pytest.param("AAPL's latest filing", {"2023_Q3_AAPL.pdf"}, id="the latest of one firm"),
            pytest.param("AAPL's most recent quarter", {"2023_Q3_AAPL.pdf"}, id="the most recent"),
            pytest.param("the latest AAPL report of 2022", {"2022_Q3_AAPL.pdf"}, id="the latest of a year"),
            pytest.param("What does the latest thing say?", set(), id="the latest of nothing that is here"),
            pytest.param(
                "What did AAPL recently do?", {n for n in FILINGS if "AAPL" in n}, id="recently is not latest"
            ),
        ],
    )
    def test_filings(self, question: str, expected: set[str]) -> None:
        assert named(matcher(*FILINGS).match(question)) == expected

    @pytest.mark.parametrize(
        ("name", "question"),
        [
            pytest.param("PerksPlus.pdf", "What does Perks Plus cover?", id="camel case in the name"),
            pytest.param("perks_plus.pdf", "What does PerksPlus cover?", id="camel case in the question"),
            pytest.param("PDFReader.pdf", "the reader", id="capitals before a word"),
            pytest.param("safety_bulletin_sb_25_03.pdf", "What does SB-25-03 say?", id="a code"),
            pytest.param("pumps-M3.pdf", "Which oil does the M3 take?", id="a model"),
            pytest.param("FY2024 report.pdf", "What was it in 2024?", id="a fiscal year"),
            pytest.param("3M_2023Q2_10Q.pdf", "3M in Q2 of 2023", id="a quarter without a gap"),
            pytest.param("warranties/terms.pdf", "How long is the warranty?", id="a folder"),
            pytest.param("Wärme/Öfen.pdf", "Wie warm sind Öfen?", id="umlauts"),
        ],
    )
    def test_how_it_is_spelled(self, name: str, question: str) -> None:
        assert named(matcher(name, "menu.pdf", "letters.pdf").match(question)) == {name}

    def test_any_of_several_names(self) -> None:
        document = Document("1", ("a.pdf", "copies/handbook.pdf"), "", 1, 1)
        found = DocumentMatcher([document, Document("2", ("b.pdf",), "", 1, 1)], {}).match("the handbook")
        assert named(found) == {"1"}

    def test_titles(self) -> None:
        some = matcher("a.pdf", "b.pdf", titles={"a.pdf": "Member Handbook", "b.pdf": "Annual Report"})
        assert named(some.match("What do members pay?")) == {"a.pdf"}

    def test_openings(self) -> None:
        """Names, which are capitals and numbers; not the words of a first paragraph."""
        some = matcher("a.pdf", "b.pdf", openings={"a.pdf": "INTEL makes chips. June 25, 2022", "b.pdf": "x"})
        assert named(some.match("What did Intel do?")) == {"a.pdf"}
        assert named(some.match("the quarter that ended on June 25, 2022")) == {"a.pdf"}
        assert named(some.match("Who makes chips?")) == set()

    def test_only_the_beginning_of_an_opening(self) -> None:
        some = matcher("a.pdf", "b.pdf", openings={"a.pdf": " " * OPENING + "Intel"})
        assert named(some.match("Intel")) == set()


class TestLatest:
    @pytest.mark.parametrize(
        ("older", "newer"),
        [
            pytest.param("terms 2023.pdf", "terms 2025.pdf", id="years"),
            pytest.param("terms_2022_Q4.pdf", "terms_2023_Q1.pdf", id="quarters"),
            pytest.param("terms Q1 2023.pdf", "terms Q2 2023.pdf", id="quarters first"),
            pytest.param("terms 2023-09-30.pdf", "terms 2023-10-01.pdf", id="days"),
            pytest.param("terms 20230930.pdf", "terms 20231001.pdf", id="days without hyphens"),
            pytest.param("terms of March 2024.pdf", "terms of April 2024.pdf", id="months in words"),
            pytest.param("terms 2024-03.pdf", "terms 2024-11.pdf", id="months"),
        ],
    )
    def test_by_name(self, older: str, newer: str) -> None:
        assert named(matcher(newer, "menu.pdf", older).match("What do the latest terms say?")) == {newer}

    def test_by_title_and_by_opening(self) -> None:
        titles = {"terms a.pdf": "Terms of 2024", "terms b.pdf": "Terms"}
        some = matcher(
            "terms a.pdf", "terms b.pdf", "x.pdf", titles=titles, openings={"terms b.pdf": "from 1 May 2025"}
        )
        assert named(some.match("the newest terms")) == {"terms b.pdf"}

    def test_among_documents_that_share_all_words(self) -> None:
        some = matcher("terms 2023.pdf", "terms 2025.pdf")
        assert named(some.match("the latest terms")) == {"terms 2025.pdf"}

    @pytest.mark.parametrize(
        "names",
        [
            pytest.param(("terms a.pdf", "terms b.pdf", "x.pdf"), id="without dates"),
            pytest.param(("terms 2025 a.pdf", "terms 2025 b.pdf", "x.pdf"), id="of the same age"),
            pytest.param(("terms 2025.pdf", "terms b.pdf", "x.pdf"), id="one has a date"),
        ],
    )
    def test_in_doubt_none_is(self, names: tuple[str, ...]) -> None:
        assert len(named(matcher(*names).match("the latest terms"))) == 2


class TestDates:
    @pytest.mark.parametrize(
        ("text", "period"),
        [
            pytest.param("2023_Q3_AAPL", (2023, 9, 0), id="quarter in a name"),
            pytest.param("3M_2023Q2_10Q", (2023, 6, 0), id="quarter and year in one"),
            pytest.param("Q1 2024", (2024, 3, 0), id="quarter first"),
            pytest.param("the third quarter of 2023", (2023, 9, 0), id="quarter in words"),
            pytest.param("July 1, 2023", (2023, 7, 1), id="American"),
            pytest.param("1 July 2023", (2023, 7, 1), id="British"),
            pytest.param("1. Sept. 2023", (2023, 9, 1), id="short month"),
            pytest.param("10/24/2022", (2022, 10, 24), id="month first"),
            pytest.param("24/10/2022", (2022, 10, 24), id="day first where it must be"),
            pytest.param("2022-10-24", (2022, 10, 24), id="ISO"),
            pytest.param("report_20221024", (2022, 10, 24), id="ISO without hyphens"),
            pytest.param("May 2024", (2024, 5, 0), id="month"),
            pytest.param("2024-05", (2024, 5, 0), id="month in figures"),
            pytest.param("2023 edition", (2023, 0, 0), id="year"),
            pytest.param("2021 and 2023", (2023, 0, 0), id="the latest of two"),
            pytest.param("July 1, 2023; notes due 2042", (2023, 7, 1), id="the most precise, not the latest"),
            pytest.param("summary 5, 2020", (2020, 0, 0), id="no month within a word"),
            pytest.param("12023, 20231, 1785, 2100", None, id="not years"),
            pytest.param("", None, id="nothing"),
        ],
    )
    def test_dates(self, text: str, period: Period | None) -> None:
        assert period_of(text) == period

    def test_the_first_text_with_a_date_decides(self) -> None:
        assert period_of("report", "of 2021", "printed in 2024") == (2021, 0, 0)

    @given(st.text("0123456789/-. QqMayjune_", max_size=25))
    def test_any_text(self, text: str) -> None:
        period = period_of(text)
        assert period is None or (1900 <= period[0] <= 2099 and 0 <= period[1] <= 12 and 0 <= period[2] <= 39)

    def test_other_ordinals_stay(self) -> None:
        assert (
            with_quarters("The first quarterly report, the third party")
            == "The first quarterly report, the third party"
        )


parts = st.lists(st.sampled_from(["plan", "Plus", "2022", "2023", "Q3", "AAPL", "PerksPlus", "the", "ü"]), max_size=4)
libraries = st.lists(parts.map("_".join), max_size=6).map(lambda stems: [f"{n}x/{s}.pdf" for n, s in enumerate(stems)])
questions = st.lists(
    st.sampled_from(["plan", "plus", "latest", "2023", "third quarter of", "Q3", "apple", "x", "AAPL", "?"]), max_size=6
).map(" ".join)


class TestAlways:
    @given(libraries, questions)
    def test_shares(self, names: list[str], question: str) -> None:
        found = matcher(*names).match(question)
        assert found.keys() == set(names)
        assert all(0.0 <= share <= 1.0 for share in found.values())

    @given(libraries, questions, st.randoms())
    def test_the_order_of_documents_does_not_matter(self, names: list[str], question: str, random: object) -> None:
        shuffled = sorted(names, key=lambda name: hash((name, str(random))))
        assert matcher(*shuffled).match(question) == matcher(*names).match(question)
