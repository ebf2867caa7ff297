"""Table lookup: what is asked for is found, and what is not there is not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rag.answering.tables.finding import CellFinding
from rag.answering.tables.lookup import look_up
from rag.answering.tables.matching import TableInEvidence
from rag.answering.tables.parsing import parse_tables
from rag.answering.tables.question import TableQuestion
from tests.complexity import assert_linear
from tests.unit.rag.answering.tables.material import (
    CALLS,
    CODES,
    FERRIES,
    INCOME,
    MOWERS,
    OFFICES,
    PRICES,
    QUARTER,
    REVENUE,
    SCORES,
    SEGMENTS,
    STATIONS,
    STORAGE,
    TECHNICAL,
)
from tests.unit.rag.answering.tables.pages import evidence

TRADE = evidence(
    """
Imports by origin

Origin         Wheat     Maize    News price of maize    Retail price of maize
Brazil            12       340                      6                      €8
Canada           280        22                      7                      €9
"""
)

LOANS = evidence(
    """
Item         Loan period    Renewals
Books        4 weeks               3
Films        10 days               1
Tools        3 days                0
"""
)


def only(question: str, tables: Sequence[TableInEvidence]) -> CellFinding:
    (found,) = look_up(question, tables)
    return found


@pytest.mark.parametrize(
    ("tables", "question", "value"),
    [
        pytest.param(REVENUE, "What was the revenue in Q3 2024?", "99", id="two keys"),
        pytest.param(REVENUE, "revenue in the third quarter of 2024", "99", id="a quarter in words"),
        pytest.param(STATIONS, "How many parking spaces does Holly Street have?", "237", id="how many"),
        pytest.param(STATIONS, "When was Cedar Street opened?", "1925", id="when"),
        pytest.param(STORAGE, "How many days can I keep chicken in the fridge?", "1 to 2", id="unit of the head"),
        pytest.param(STORAGE, "How long can I store ground beef?", "1 to 2", id="only column"),
        pytest.param(
            CALLS, "How many call-outs were caused by air leaks on the Bittern 9?", "9", id="caption explains"
        ),
        pytest.param(TECHNICAL, "What is the note of the Bittern 4S?", "380", id="variant of a model"),
        pytest.param(TECHNICAL, "How loud is a Bittern 4 at one metre?", "131", id="property as a row"),
        pytest.param(TECHNICAL, "What does the sound head of a Bittern 9 weigh?", "310", id="how heavy as a row"),
        pytest.param(PRICES, "How much is a compressor belt for a Bittern 6?", "€24", id="description is a key"),
        pytest.param(PRICES, "What does K-44 cost for the Bittern 4?", "€33", id="code"),
        pytest.param(OFFICES, "Who is the Treasurer?", "Corwin Mabey", id="who"),
        pytest.param(OFFICES, "Who hears complaints?", "Yusra Finmarsh", id="row by another cell"),
        pytest.param(OFFICES, "How long is the term of the Chair?", "3 years", id="how long"),
        pytest.param(SEGMENTS, "What was the operating income of Cloud in 2022?", "8,978", id="group"),
        pytest.param(
            SEGMENTS, "revenue of Devices, three months ended September 30, 2023", "13,666", id="corner period"
        ),
        pytest.param(FERRIES, "When does the ferry from Skarra to Tarbet arrive?", "14:50", id="from and to"),
        pytest.param(FERRIES, "When does the ferry from Tarbet to Skarra arrive?", "10:20", id="to and from"),
        pytest.param(MOWERS, "What does the MZ 40 cost?", "329", id="price as a row"),
        pytest.param(MOWERS, "What is the weight of the MZ 40 E in kilograms?", "17.2", id="unit of the label"),
        pytest.param(SCORES, "What is the score of Biaffine on Finnish?", "87.9", id="the shorter of two labels"),
        pytest.param(SCORES, "What does the small Biaffine score on Finnish?", "85.0", id="the longer of two labels"),
        pytest.param(INCOME, "What was the operating income in 2023?", "7,557", id="the year of a head, not the title"),
        pytest.param(TRADE, "How much wheat was imported from Canada?", "280", id="verb of the caption"),
        pytest.param(TRADE, "What was the news price of maize from Canada?", "7", id="news is no plural of new"),
        pytest.param(TRADE, "What was the retail price of maize from Canada in euros?", "€9", id="unit of the value"),
    ],
)
def test_cell(tables: Sequence[TableInEvidence], question: str, value: str) -> None:
    found = only(question, tables)
    assert found.kind == "cell"
    assert found.value == value


@pytest.mark.parametrize(
    ("tables", "question"),
    [
        pytest.param(REVENUE, "What was the revenue in Q3 2025?", id="year"),
        pytest.param(REVENUE, "What was the profit in Q3 2024?", id="column"),
        pytest.param(STATIONS, "How many platforms does Baker Street have?", id="name"),
        pytest.param(STATIONS, "How many toilets does Holly Street have?", id="what is counted"),
        pytest.param(STORAGE, "How long does salmon keep?", id="row"),
        pytest.param(STORAGE, "How long does ground salmon keep?", id="half of a label"),
        pytest.param(STORAGE, "How long can I keep chicken soup?", id="another thing of a like name"),
        pytest.param(STORAGE, "How long can I keep smoked chicken?", id="a kind that is not there"),
        pytest.param(TECHNICAL, "What is the note of the Bittern 7?", id="model"),
        pytest.param(TECHNICAL, "What is the range of the Bittern 9S?", id="variant"),
        pytest.param(PRICES, "What does K-16 cost for the Bittern 4?", id="code"),
        pytest.param(SEGMENTS, "What was the net revenue of Cloud in 2022?", id="qualifier"),
        pytest.param(SEGMENTS, "What share of the revenue of Cloud was in 2022?", id="share"),
        pytest.param(
            SEGMENTS, "What was the revenue of Cloud in the six months ended September 30, 2023?", id="length"
        ),
        pytest.param(FERRIES, "When does the ferry from Inverkell to Skarra arrive?", id="the other way round"),
        pytest.param(MOWERS, "What is the weight of the MZ 40 in pounds?", id="another unit"),
        pytest.param(MOWERS, "What does the MZ 40 cost per month?", id="another rate"),
        pytest.param(MOWERS, "How heavy is the blade of the MZ 40?", id="part of a thing"),
        pytest.param(MOWERS, "How much oil does the MZ 40 need?", id="how much of something else"),
        pytest.param(SCORES, "What is the unlabelled score of Chain on English?", id="modifier of the caption"),
        pytest.param(INCOME, "What was the income in 2023?", id="a word of two labels"),
        pytest.param(OFFICES, "Who does not hear complaints?", id="not"),
        pytest.param(TRADE, "How much wheat was exported to Canada?", id="opposite of the caption"),
        pytest.param(TRADE, "What was the price of maize from Brazil?", id="word of two heads"),
    ],
)
def test_key_that_is_not_there(tables: Sequence[TableInEvidence], question: str) -> None:
    assert look_up(question, tables) == []


@pytest.mark.parametrize(
    ("tables", "question"),
    [
        pytest.param(SEGMENTS, "What was the revenue of Cloud?", id="two years"),
        pytest.param(SEGMENTS, "What did Cloud make in 2022?", id="two groups"),
        pytest.param(TECHNICAL, "What is the range?", id="three models"),
        pytest.param(REVENUE, "What was the revenue in Q3?", id="two rows"),
    ],
)
def test_no_cell_where_two_fit_equally_well(tables: Sequence[TableInEvidence], question: str) -> None:
    assert not [found for found in look_up(question, tables) if found.kind == "cell"]


def test_no_cell_where_two_tables_differ() -> None:
    other = evidence("""
Station         Platforms    Shops
Elm Street              4        1
Oak Street              7        2
""")
    assert only("How many platforms are at Elm Street?", STATIONS).value == "5"
    assert look_up("How many platforms are at Elm Street?", [*STATIONS, *other]) == []


def test_words_of_the_page_explain_names_but_no_rows() -> None:
    named = evidence(
        "Apple sold less.\n\nItem        2023     2022\nMac           10       20\nPhone         30       40"
    )
    assert only("What was Apple's Mac in 2023?", named).value == "10"
    assert look_up("What was Apple's Watch in 2023?", named) == []


class TestPeriods:
    """A report whose own quarter differs from that of the calendar."""

    TABLES = evidence(QUARTER, "2023_Q3_AAPL.pdf")

    @pytest.mark.parametrize(
        ("question", "value"),
        [
            ("What were Mac sales in Q3 2023?", "6,840"),
            ("What were iPad sales in Q3 2022?", "7,224"),
            ("What were Mac sales in the nine months ended June 25, 2022?", "28,669"),
            ("What were iPhone sales in the latest quarter?", "$ 39,669"),
            ("What were total net sales in the quarter ended June 25, 2022?", "$ 55,271"),
        ],
    )
    def test_quarter_of_the_report(self, question: str, value: str) -> None:
        assert only(question, self.TABLES).value == value

    @pytest.mark.parametrize("question", ["What were Mac sales in Q2 2023?", "What were Mac sales in 2021?"])
    def test_other_quarter(self, question: str) -> None:
        assert look_up(question, self.TABLES) == []

    def test_fiscal_year_that_begins_in_autumn(self) -> None:
        tables = evidence(
            """
                     Three Months Ended
                December 31,   December 25,
                        2022           2021
Products              96,388        104,429
Services              20,766         19,516
""",
            "2023_Q1_AAPL.pdf",
        )
        assert only("What were Products in Q1 2023?", tables).value == "96,388"
        assert only("What were Products in Q1 2022?", tables).value == "104,429"


class TestSuperlatives:
    @pytest.mark.parametrize(
        ("tables", "question", "value"),
        [
            pytest.param(REVENUE, "Which quarter of 2023 had the highest revenue?", "Q4", id="key column"),
            pytest.param(REVENUE, "Which quarter of 2024 had the lowest revenue?", "Q1", id="lowest"),
            pytest.param(STATIONS, "Which station has the most parking spaces?", "Iris Street", id="the most"),
            pytest.param(
                CALLS, "Which cause led to the most call-outs for the Bittern 9?", "Fog Eye lens dirty", id="totals"
            ),
            pytest.param(TECHNICAL, "Which model has the greatest range?", "Bittern 9", id="over a row"),
            pytest.param(MOWERS, "Which model is the lightest?", "MZ 40 E", id="what it compares is said by the word"),
            pytest.param(MOWERS, "Which one is cheapest?", "MZ 40 E", id="price"),
            pytest.param(LOANS, "Which item has the longest loan period?", "Books", id="period is no date"),
            pytest.param(LOANS, "Which item has the shortest loan period?", "Tools", id="days and weeks"),
        ],
    )
    def test_row(self, tables: Sequence[TableInEvidence], question: str, value: str) -> None:
        found = only(question, tables)
        assert found.kind == "superlative"
        assert found.value == value

    def test_value_is_in_the_cells(self) -> None:
        found = only("Which station has the most parking spaces?", STATIONS)
        assert found.cells == (("Iris Street", "274"),)

    @pytest.mark.parametrize(
        "question",
        [
            pytest.param("Which station has the most shops?", id="no such column"),
            pytest.param("Which station has the most platforms in Norway?", id="a name that is not there"),
        ],
    )
    def test_nothing(self, question: str) -> None:
        assert look_up(question, STATIONS) == []

    def test_nothing_for_a_tie(self) -> None:
        tables = evidence(
            "Shop      Price    Stock\nAlda         17        3\nBorn         17        5\nCelt         12        9"
        )
        assert look_up("Which shop has the highest price?", tables) == []

    def test_nothing_where_a_row_may_be_a_total(self) -> None:
        tables = evidence(
            "Method    Score    Time\nDense      61.5       3\nSparse     48.2       5\nAll        63.3       9"
        )
        assert look_up("Which method has the highest score?", tables) == []

    def test_nothing_where_a_mark_for_no_value_may_be_the_lowest(self) -> None:
        tables = evidence(
            "Pass      Price    Guests\nDay          17         -\nMonth        49         2\nYear        420        9"
        )
        assert look_up("Which pass has the fewest guests?", tables) == []
        assert only("Which pass has the most guests?", tables).value == "Year"

    def test_nothing_for_different_units(self) -> None:
        tables = evidence(
            "Part      Length    Stock\nBelt        17 m        3\nSeal       22 cm        5\nRope        12 m        9"
        )
        assert look_up("Which part has the greatest length?", tables) == []

    def test_superlative_in_a_label_is_a_label(self) -> None:
        tables = evidence(
            "Property             Alda    Born\nLowest temperature    -10     -20\nHighest temperature    45      50"
        )
        assert only("What is the lowest temperature of the Born?", tables).value == "-20"


class TestSeveral:
    def test_all_rows_of_a_column(self) -> None:
        found = only("call-outs for the Bittern 6 by cause, all rows", CALLS)
        assert found.kind == "column"
        assert found.heads == ("Cause", "Bittern 6")
        assert found.cells[1] == ("Air leak", "22")
        assert len(found.cells) == len(found.spans) == 4

    def test_all_rows_with_a_key(self) -> None:
        found = only("List the revenue of all quarters of 2024.", REVENUE)
        assert found.kind == "rows"
        assert [row[-1] for row in found.cells] == ["97", "110", "99", "131"]

    def test_whole_row(self) -> None:
        found = only("Give me all the details of Elm Street", STATIONS)
        assert found.kind == "row"
        assert found.cells == (("Elm Street", "1929", "5", "168"),)

    def test_listed_properties_of_a_model(self) -> None:
        found = only("technical data of the Bittern 9: range, note and sound level", TECHNICAL)
        assert [row[1] for row in found.cells] == ["6.5", "170", "146"]

    def test_row_of_a_code_without_a_column(self) -> None:
        found = only("What should I do at E17?", CODES)
        assert found.kind == "row"
        assert found.cells == (("E17", "Note is too high", "Turn to OFF."),)

    @pytest.mark.parametrize(
        ("tables", "question", "values"),
        [
            pytest.param(MOWERS, "Compare the price of the MZ 40 and the MZ 52.", ["329", "449"], id="two columns"),
            pytest.param(MOWERS, "What are the weight and the noise of the MZ 52?", ["31.8", "98"], id="two rows"),
            pytest.param(STATIONS, "Parking spaces and platforms of Elm Street?", ["168", "5"], id="two heads"),
            pytest.param(INCOME, "What was the net income in 2023 and 2024?", ["5,210", "6,120"], id="two periods"),
            pytest.param(
                STATIONS,
                "When were Elm Street, Cedar Street and Iris Street opened?",
                ["1929", "1925", "1985"],
                id="three",
            ),
        ],
    )
    def test_several_cells(self, tables: Sequence[TableInEvidence], question: str, values: list[str]) -> None:
        assert [one.value for one in look_up(question, tables)] == values

    def test_no_side_of_a_pair_alone(self) -> None:
        assert look_up("What do the MZ 40 and the MZ 99 cost?", MOWERS) == []

    def test_things_side_by_side(self) -> None:
        found = look_up("How long can I keep chicken and bacon? In days.", STORAGE)
        assert [(one.row_key, one.value) for one in found] == [("Chicken", "1 to 2"), ("Bacon", "5 to 7")]

    def test_two_names_in_one_phrase_are_not_side_by_side(self) -> None:
        assert look_up("For my kitchen, how many days can I keep chicken bacon?", STORAGE) == []

    def test_limit(self) -> None:
        assert len(look_up("How long can I keep chicken, bacon and ground beef? In days.", STORAGE, limit=2)) == 2


class TestNotComputed:
    @pytest.mark.parametrize(
        "question",
        ["What was the total revenue in 2023?", "What was the average revenue in 2023?", "sum of the revenue of 2023"],
    )
    def test_shows_what_it_would_be_computed_from(self, question: str) -> None:
        found = only(question, REVENUE)
        assert found.kind == "not_computed"
        assert found.value == ""
        assert [row[-1] for row in found.cells] == ["88", "104", "93", "125"]

    def test_total_that_the_table_has_is_a_cell(self) -> None:
        assert only("What was the total revenue in 2023?", SEGMENTS).value == "37,925"


def test_spans_and_header_are_those_of_the_page() -> None:
    found = only("How many parking spaces does Holly Street have?", STATIONS)
    page = found.table.surroundings
    assert [page[start:end] for start, end in found.spans] == ["Holly Street 1983 2 237"]
    assert found.header
    assert page[slice(*found.header)] == "Station Opened Platforms Parking spaces"


def test_score_is_lower_where_words_are_left_over() -> None:
    full = only("How many days can I keep chicken?", STORAGE)
    rest = only("How many days can I keep chicken in the cellar?", STORAGE)
    assert 0 < rest.score < full.score <= 1
    assert "words left over" in rest.basis
    assert "words left over" not in full.basis


@pytest.mark.parametrize("question", ["", "?", "the of and", "1"])
def test_question_without_keys(question: str) -> None:
    assert look_up(question, STATIONS) == []


def test_no_tables() -> None:
    assert look_up("How many platforms are at Elm Street?", []) == []


def test_question_is_read_to_a_bounded_length() -> None:
    assert len(TableQuestion.of("alpha beta " * 10_000).terms) == 60


@pytest.mark.parametrize("piece", ["a", "1 ", "Elm ", "by ", "which ", "“", "how many ", "Q3 ", ", "])
def test_time_is_linear_in_the_question(piece: str) -> None:
    def prepare(size: int) -> object:
        question = piece * (size // len(piece))
        return lambda: look_up(question, STATIONS)

    assert_linear(prepare, 100_000)  # type: ignore[arg-type]


def test_time_is_linear_in_the_rows() -> None:
    def prepare(size: int) -> object:
        rows = "\n".join(f"Elm {number}        {number}        {number + 1}" for number in range(size))
        tables = evidence(f"Station            Platforms    Shops\n{rows}")
        return lambda: look_up("How many platforms are at Elm 7?", tables)

    assert_linear(prepare, 1_000)  # type: ignore[arg-type]


def test_time_is_linear_in_rows_that_all_match() -> None:
    def prepare(size: int) -> object:
        rows = "\n".join(" | ".join(["Elm"] * 12) for _ in range(size))
        text = " | ".join(f"Elm {number}" for number in range(12)) + "\n" + rows
        tables = [TableInEvidence(table) for table in parse_tables(text)]
        return lambda: look_up("How many Elm are at Elm " + "Elm " * 40, tables)

    assert_linear(prepare, 400)  # type: ignore[arg-type]
