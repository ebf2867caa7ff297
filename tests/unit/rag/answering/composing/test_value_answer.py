"""Sentences around a value: the model's where they are verified, else the document's; yes and no with their reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answering.composing.value_answer import (
    announced_list,
    is_borne_out,
    repeats_question,
    sentence_of_value,
    sentence_of_yes_or_no,
)
from rag.answering.evidence.units import units_of
from rag.answering.grounding import Evidence, Support, ground
from tests.unit.rag.answering.material import document_of, evidence_of, evidence_on, page_with_headings

QUESTION = "How long does the warranty of the Bittern last?"
PAGE = "The warranty of the Bittern lasts 24 months from delivery. It covers the lid.\n\nColour\tblue"


def value_of(text: str, page: str = PAGE) -> tuple[list[Support], list[Evidence]]:
    evidence = list(evidence_of(page))
    return ground(QUESTION, text, evidence), evidence


class TestSentenceOfValue:
    def sentence(self, written: str | None, value: str = "24 months", page: str = PAGE) -> str | None:
        support, evidence = value_of(value, page)
        found = sentence_of_value(QUESTION, support, evidence, written)
        assert found is None or found.kind == "lead"
        return found.sentence if found else None

    def test_the_one_of_the_model(self) -> None:
        written = "The warranty of the Bittern lasts 24 months."
        assert self.sentence(written) == written

    @pytest.mark.parametrize(
        "written",
        [
            pytest.param(None, id="none"),
            pytest.param("", id="empty"),
            pytest.param("24 months.", id="no sentence"),
            pytest.param("The warranty of the Bittern lasts 36 months.", id="another number"),
            pytest.param("The warranty of the Bittern lasts 24 years.", id="another unit"),
            pytest.param("The warranty of the Osprey lasts 24 months.", id="another name"),
            pytest.param("The warranty of the Bittern never lasts 24 months.", id="the opposite"),
            pytest.param("The warranty of the Bittern lasts 24 months and covers paint, wear and rust.", id="more"),
            pytest.param("The warranty lasts 24 months. It covers the lid.", id="two sentences"),
            pytest.param("Yes, the warranty of the Bittern lasts 24 months.", id="a yes"),
            pytest.param("Does the warranty of the Bittern last 24 months?", id="a question"),
        ],
    )
    def test_else_that_of_the_document(self, written: str | None) -> None:
        assert self.sentence(written) == "The warranty of the Bittern lasts 24 months from delivery."

    CONDITION = "The lid of the Bittern is replaced every 12 months or 400 hours, whichever comes first."

    @pytest.mark.parametrize(
        ("written", "page", "expected"),
        [
            pytest.param("The lid is replaced every 12 months.", CONDITION, CONDITION, id="that of the document"),
            pytest.param(
                "The lid is replaced every 12 months or 400 hours, whichever comes first.", CONDITION,
                "The lid is replaced every 12 months or 400 hours, whichever comes first.", id="it is not dropped",
            ),
            pytest.param(
                "The lid is replaced every 12 months.", "It is replaced every 12 months, unless the lid is blue.",
                "The lid is replaced every 12 months.", id="the document's cannot stand alone",
            ),
        ],
    )  # fmt: skip
    def test_a_condition_is_not_dropped(self, written: str, page: str, expected: str) -> None:
        assert self.sentence(written, "12 months", page) == expected

    def test_none_where_no_sentence_has_the_value(self) -> None:
        assert self.sentence(None, "blue") is None

    def test_none_where_the_sentence_is_too_long(self) -> None:
        page = f"The warranty lasts 24 months{', and so on' * 20}."
        assert self.sentence(None, "24 months", page) is None

    def test_it_is_verbatim_with_itself_as_its_quote(self) -> None:
        support, evidence = value_of("24 months")
        found = sentence_of_value(QUESTION, support, evidence, None)
        assert found
        assert (found.verbatim, [quote.text for quote in found.quotes]) == (True, [found.sentence])


class TestYesOrNo:
    PAGE = "Dogs may travel on the ferry only on a leash. Cats may travel in a basket. Is it so?\n\nAnimals and others"

    def answer(self, yes_or_no: str, best: int) -> str | None:
        units = units_of(evidence_of(self.PAGE))
        found = sentence_of_yes_or_no(yes_or_no, units, [float(place == best) for place in range(len(units))])
        assert found is None or (found.verbatim, found.kind) == (False, "lead")
        return found.sentence if found else None

    @pytest.mark.parametrize(
        ("yes_or_no", "best", "sentence"),
        [
            pytest.param("Yes", 1, "Yes: Cats may travel in a basket.", id="yes"),
            pytest.param(
                "Yes",
                0,
                "Yes, on a condition: Dogs may travel on the ferry only on a leash.",
                id="yes on a condition",
            ),
            pytest.param("No", 0, "No: Dogs may travel on the ferry only on a leash.", id="no"),
            pytest.param(
                "Yes", 2, "Yes, on a condition: Dogs may travel on the ferry only on a leash.", id="a question"
            ),
        ],
    )
    def test_the_most_relevant_statement_is_the_reason(self, yes_or_no: str, best: int, sentence: str) -> None:
        assert self.answer(yes_or_no, best) == sentence

    @pytest.mark.parametrize(
        ("rule", "is_conditional"),
        [
            ("Dogs may travel unless they bite.", True),
            ("Dogs may travel except on Sundays.", True),
            ("Dogs may travel provided they are small.", True),
            ("Dogs may travel if they are small.", True),
            ("Dogs may travel subject to a fee of 5 euros.", True),
            ("Dogs may not travel without the written consent.", True),
            ("Dogs may travel on every ferry.", False),
            ("The iffy dogs may travel too.", False),
        ],
    )
    def test_conditions(self, rule: str, is_conditional: bool) -> None:
        (unit,) = units_of(evidence_of(rule))
        found = sentence_of_yes_or_no("Yes", [unit], [0.0])
        assert found
        assert found.sentence.startswith("Yes, on a condition: ") is is_conditional

    def test_a_line_of_a_form(self) -> None:
        units = units_of(evidence_of("Please complete every field.\n\nName: Ines\nDesk: 3\nCar needed: [x] Yes [ ] No"))
        assert [unit.kind for unit in units] == ["sentence", "line", "line", "line"]
        found = sentence_of_yes_or_no("Yes", units, [0.0, 0.0, 0.0, 1.0])
        assert found
        assert found.sentence == "Yes: Car needed: [x] Yes [ ] No"

    def test_none_where_nothing_is_stated(self) -> None:
        units = units_of(evidence_of("Animals and others"))
        assert sentence_of_yes_or_no("Yes", units, [0.0] * len(units)) is None
        assert sentence_of_yes_or_no("Yes", [], []) is None


class TestAnnouncedList:
    ITEMS = "• a lid\n• a key\n• a pad"

    def items(self, page: str) -> list[str]:
        evidence = evidence_of(page)
        lead = units_of(evidence)[0].support("lead")
        return [support.sentence for support in announced_list(lead, evidence)]

    @pytest.mark.parametrize(
        "announcement",
        [
            pytest.param("The kit has these parts:", id="a colon"),
            pytest.param("The kit has three parts.", id="their number as a word"),
            pytest.param("The kit has 3 parts.", id="their number"),
        ],
    )
    def test_its_items(self, announcement: str) -> None:
        assert self.items(f"{announcement}\n{self.ITEMS}\n\nThe pump is blue.") == ["a lid", "a key", "a pad"]

    @pytest.mark.parametrize(
        "page",
        [
            pytest.param(f"The kit is sold at the works.\n{ITEMS}", id="no announcement"),
            pytest.param(f"The kit costs 90 euros.\n{ITEMS}", id="another number"),
            pytest.param(f"Take a break of 3 hours.\n{ITEMS}", id="a number of hours"),
            pytest.param(f"The kit has these parts:\n\nThe pump is blue.\n{ITEMS}", id="not right below"),
            pytest.param("The kit has three parts.", id="no list"),
            pytest.param("The kit has these parts:\n" + "• a lid\n" * 21, id="a long list"),
            pytest.param(f"Take a break of 3 hours.\n\n{'Care' * 80}\n\n{ITEMS}", id="a list far below"),
        ],
    )
    def test_none(self, page: str) -> None:
        assert self.items(page) == []

    def test_none_for_a_sentence_of_the_model(self) -> None:
        evidence = evidence_of(f"The kit has these parts:\n{self.ITEMS}")
        lead = replace(units_of(evidence)[0].support("lead"), verbatim=False)
        assert announced_list(lead, evidence) == []

    def test_none_of_another_document_at_the_same_place(self) -> None:
        other = evidence_on(
            page_with_headings(f"The kit has those parts:\n{self.ITEMS}"), document=document_of("b.pdf")
        )
        own = evidence_on(page_with_headings("The kit has these parts:\n\nThe pump is blue."))
        lead = units_of([own])[0].support("lead")
        assert lead.quotes[0].span == units_of([other])[0].span
        assert announced_list(lead, [other, own]) == []


def test_borne_out_by_quotes_and_their_headings() -> None:
    (page,) = evidence_of("The warranty lasts 24 months.")
    under = evidence_on(page.page, headings=("Bittern 9",))
    (support,) = ground("How long?", "The warranty of the Bittern 9 lasts 24 months.", [under])
    assert is_borne_out(support)
    assert not is_borne_out(replace(support, sentence="The warranty of the Osprey 2 lasts 24 months."))


@pytest.mark.parametrize(
    ("value", "question", "expected"),
    [
        pytest.param("Form 26AS", "What is Form 26AS?", True, id="the name that was asked about"),
        pytest.param("Maren Olvestad.", "Who is Maren Olvestad?", True, id="a person"),
        pytest.param("a tax statement", "What is Form 26AS?", False, id="other words"),
        pytest.param("2019", "In which year was the survey of 2019 printed?", False, id="a number"),
        pytest.param("red", "Is the lid red or blue?", False, id="a choice"),
        pytest.param("", "What is Form 26AS?", False, id="nothing"),
    ],
)
def test_a_value_that_only_repeats_the_question(value: str, question: str, *, expected: bool) -> None:
    assert repeats_question(value, question) == expected
