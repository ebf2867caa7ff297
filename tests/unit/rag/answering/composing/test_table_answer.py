"""Answers from tables: the cell, the row or the column that is asked for, with the cells as quotes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rag.answering.composing.table_answer import TableAnswer, contradicts_tables, table_answer, table_of_form
from rag.answering.grounding import Evidence, Quote, Support
from rag.domain.values import Form, Page, Span
from tests.unit.rag.answering.material import document_of, evidence_on, page_with_headings

PUMPS = """\
# Pumps of the works

The works make three pumps.

| Pump | Weight (kg) | Oil (litres) | Price (€) |
| --- | --- | --- | --- |
| Bittern 4 | 120 | 0.6 | 4,200 |
| Bittern 6 | 285 | 1.4 | 7,900 |
| Bittern 9 | 410 | 2.8 | 9,300 |

All of them are blue."""


def evidence() -> Sequence[Evidence]:
    return [evidence_on(page_with_headings(PUMPS))]


def answer(question: str) -> TableAnswer:
    found = table_answer(question, evidence())
    assert found
    for support in found.support:
        assert support.supported
        assert support.verbatim
        for quote in support.quotes:
            assert quote.text == quote.evidence.page.text[quote.span.start : quote.span.end] != ""
    return found


@pytest.mark.parametrize(
    ("question", "value", "row"),
    [
        ("How much does the Bittern 6 weigh?", "285", "Bittern 6"),
        ("What is the price of the Bittern 9?", "9,300", "Bittern 9"),
        ("How many litres of oil does the Bittern 4 take?", "0.6", "Bittern 4"),
    ],
)
def test_one_cell(question: str, value: str, row: str) -> None:
    found = answer(question)
    (support,) = found.support
    assert found.value
    assert value in found.value
    assert 0.9 <= found.confidence <= 1
    assert found.is_sure
    assert not found.is_several
    assert support.kind == "lead"
    assert row in support.sentence
    assert value in support.sentence
    assert all(other not in support.sentence for other in ("4,200", "120", "410") if other != value)
    assert any(value in quote.text for quote in support.quotes)


def test_several_cells_side_by_side() -> None:
    found = answer("What are the weight and the price of the Bittern 6?")
    assert [support.kind for support in found.support] == ["item", "item"]
    weight, price = (support.sentence for support in found.support)
    assert "285" in weight
    assert "7,900" in price
    assert found.value is None
    assert found.is_several


@pytest.mark.parametrize(
    ("question", "what", "sentences"),
    [
        pytest.param(
            "How much more does the Bittern 9 weigh than the Bittern 6?",
            "difference",
            ["Bittern 9, Weight (kg): 410.", "Bittern 6, Weight (kg): 285."],
            id="difference",
        ),
        pytest.param(
            "What is the sum of the prices of the Bittern 4 and the Bittern 6?",
            "sum",
            ["Bittern 4, Price (€): 4,200.", "Bittern 6, Price (€): 7,900."],
            id="sum",
        ),
        pytest.param(
            "What is the ratio of the weight to the price of the Bittern 4?",
            "ratio",
            ["Bittern 4, Weight (kg): 120.", "Bittern 4, Price (€): 4,200."],
            id="ratio",
        ),
        pytest.param(
            "What is the average weight of all the pumps?",
            "average",
            ["Pump | Weight (kg)", "Bittern 4 | 120", "Bittern 6 | 285", "Bittern 9 | 410"],
            id="average over rows",
        ),
    ],
)
def test_nothing_is_computed(question: str, what: str, sentences: list[str]) -> None:
    found = table_answer(question, evidence())
    assert found
    lead, *others = found.support
    assert (found.kind, found.value, found.is_several) == ("not_computed", None, True)
    assert (lead.kind, lead.verbatim) == ("lead", False)
    assert lead.sentence == f"The {what} is not computed here; the table has these values:"
    assert [support.sentence for support in others] == sentences
    assert all(support.supported for support in found.support)


@pytest.mark.parametrize(
    ("form", "question", "count"),
    [
        ("comparison", "Compare the price of the Bittern 4 and the Bittern 9", 2),
        ("parts", "What are the weight and the price of the Bittern 6?", 2),
        ("list", "What are the weight and the price of the Bittern 6?", 2),
        ("table", "Give me a table of the weight of each pump", 4),
        ("list", "How much does the Bittern 6 weigh?", 1),
        ("parts", "How much does the Bittern 6 weigh?", None),
        ("explain", "What are the weight and the price of the Bittern 6?", None),
    ],
)
def test_forms_of_several_sentences(form: Form, question: str, count: int | None) -> None:
    found = table_of_form(form, question, evidence())
    assert (found and len(found.support)) == count


HEADED = """\
| Part | Price (€) | Stock |
| --- | --- | --- |
| Belt | 17 | 3 |
| Seal | 22 | 5 |"""
REST = ["| Cap | 33 | 7 |\n| Fuse | 5 | 9 |", "| Rope | 41 | 2 |\n| Hook | 43 | 1 |"]


class TestPageBreaks:
    PAGES = tuple(page_with_headings(text, number) for number, text in enumerate([HEADED, *REST], 4))

    def read(self, _document: str, number: int) -> Page | None:
        return next((page for page in self.PAGES if page.number == number), None)

    @pytest.mark.parametrize(
        ("question", "page", "value", "places"),
        [
            pytest.param("What is the price of the cap?", 5, "33", [(5, "| Cap | 33 | 7 |")], id="second page"),
            pytest.param("What is the stock of the rope?", 6, "2", [(6, "| Rope | 41 | 2 |")], id="third page"),
        ],
    )
    def test_heads_of_an_earlier_page_that_is_no_evidence(
        self, question: str, page: int, value: str, places: list[tuple[int, str]]
    ) -> None:
        found = table_answer(question, [evidence_on(self.PAGES[page - 4])], self.read)
        assert found
        assert found.value == value
        (support,) = found.support
        quoted = [(quote.span.page, quote.text) for quote in support.quotes]
        assert quoted == [*places, (4, "| Part | Price (€) | Stock |")]

    def test_without_the_earlier_page_no_column_is_known(self) -> None:
        assert table_answer("What is the price of the cap?", [evidence_on(self.PAGES[1])]) is None

    def test_pages_of_the_evidence_in_any_order(self) -> None:
        found = table_answer("What is the price of the cap?", [evidence_on(page) for page in reversed(self.PAGES)])
        assert found
        assert found.value == "33"

    @pytest.mark.parametrize("page", [4, 5, 6])
    @pytest.mark.parametrize(
        "question",
        ["Which part has the highest price?", "List the price of all parts", "What is the average price of all parts?"],
    )
    def test_a_part_of_a_table_says_nothing_about_all_rows(self, question: str, page: int) -> None:
        assert table_answer(question, [evidence_on(self.PAGES[page - 4])], self.read) is None

    def test_a_table_that_ends_on_its_page(self) -> None:
        def read(_document: str, number: int) -> Page | None:
            return {4: self.PAGES[0], 5: page_with_headings("All parts are sold at the works.", 5)}.get(number)

        found = table_answer("Which part has the highest price?", [evidence_on(self.PAGES[0])], read)
        assert found
        assert found.value == "Seal"

    def test_repeated_heads_go_on_too(self) -> None:
        heads = "\n".join(HEADED.splitlines()[:2])
        second = page_with_headings(f"{heads}\n{REST[0]}", 5)
        pages = {4: self.PAGES[0], 5: second}
        for page in pages.values():
            read = lambda _document, number: pages.get(number)  # noqa: E731
            assert table_answer("Which part has the highest price?", [evidence_on(page)], read) is None
            assert table_answer("What is the price of the cap?", [evidence_on(second)], read)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        pytest.param("285", False, id="the row that is asked for"),
        pytest.param("The Bittern 6 weighs 285 kg.", False, id="in a sentence"),
        pytest.param("410", True, id="another row"),
        pytest.param("The Bittern 6 weighs 410 kg.", True, id="another row under the right name"),
        pytest.param("blue", False, id="not from the table"),
    ],
)
def test_a_value_from_another_row_contradicts(sentence: str, expected: bool) -> None:
    (item,) = evidence()
    start, end = item.page.text.index("| Bittern 4"), item.page.text.index("All of them")
    support = Support(sentence, (Quote(item, Span(1, start, end), 1.0),), 1.0, agrees=True)
    assert contradicts_tables("How much does the Bittern 6 weigh?", support) is expected


def test_the_whole_table_has_its_head_first() -> None:
    found = answer("Give me a table of the weight of each pump")
    head, *rows = found.support
    assert {support.kind for support in found.support} == {"row"}
    assert "Pump" in head.sentence
    assert [row.sentence.split(" | ")[0] for row in rows] == ["Bittern 4", "Bittern 6", "Bittern 9"]
    assert found.value is None


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("How much does the Osprey 2 weigh?", id="no such row"),
        pytest.param("How loud is the Bittern 6?", id="no such column"),
        pytest.param("Who wrote the manual?", id="something else"),
        pytest.param("", id="nothing"),
    ],
)
def test_none_where_no_cell_is_meant(question: str) -> None:
    assert table_answer(question, evidence()) is None


def test_each_page_is_parsed_once_and_pages_without_tables_are_none() -> None:
    page = page_with_headings("The pump weighs 285 kg, says the works.")
    assert table_answer("How much does the Bittern 6 weigh?", [evidence_on(page)]) is None
    twice = [*evidence(), *evidence()]
    found = table_answer("How much does the Bittern 6 weigh?", twice)
    assert found
    assert len(found.support) == 1


def test_only_the_pages_of_the_best_passages() -> None:
    fillers = [
        evidence_on(page_with_headings("The pump is blue."), document=document_of(f"{number}.pdf"))
        for number in range(6)
    ]
    assert table_answer("How much does the Bittern 6 weigh?", [*fillers, *evidence()]) is None
