"""Composition of whole answers: the documents' own words, complete lists, order, and length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.composing.arrangement import note_on_lists
from rag.answering.composing.material import Composition
from rag.answering.composing.whole_answer import compose, is_answer, opening_of, possible_leads
from rag.answering.evidence.units import Unit, one_line, units_of
from rag.answering.grounding import Evidence, Support
from rag.answering.usefulness.pointers import Pointer
from rag.answering.usefulness.targets import Served
from rag.domain.values import Form, Length
from tests.unit.rag.answering.material import document_of, evidence_of, evidence_on, page_with_headings

# Probabilities of a unit that serves the question, and of one that does not.
USEFUL, USELESS = 0.9, 0.01

STEPS = """\
To replace the lid of the pump, do this:
1. Shut the valve.
2. Take the old lid off.
3. Put the new lid on."""


def composed(
    evidence: Sequence[Evidence],
    useful: Mapping[str, float],
    form: Form = "about",
    pointed: Sequence[str] = (),
    length: Length = "normal",
) -> list[Support]:
    """An answer from units of which some are useful, by the beginning of their text, and some are pointed to."""
    units = units_of(evidence)
    usefulness = [next((p for start, p in useful.items() if unit.text.startswith(start)), USELESS) for unit in units]
    pointers = [Pointer(text, (_place(units, text),), 1.0) for text in pointed]
    return compose(Composition("What about the lid?", form, pointers, units, usefulness, length))


def _place(units: Sequence[Unit], text: str) -> int:
    return next(place for place, unit in enumerate(units) if unit.text.startswith(text))


def texts(supports: Sequence[Support]) -> list[str]:
    return [support.sentence for support in supports]


def kinds(supports: Sequence[Support]) -> list[str]:
    return [support.kind for support in supports]


class TestLists:
    @pytest.mark.parametrize("form", ["how_to", "list"])
    def test_all_items_with_their_introduction_as_soon_as_one_is_shown(self, form: Form) -> None:
        found = composed(evidence_of(STEPS), {"Take": USEFUL}, form)
        assert texts(found) == [
            "To replace the lid of the pump, do this:",
            "Shut the valve.",
            "Take the old lid off.",
            "Put the new lid on.",
        ]
        assert kinds(found) == ["lead", "step", "step", "step"]

    @pytest.mark.parametrize(("other", "count"), [(0.4, 1), (0.6, 2)])
    def test_a_sentence_that_enumerates_is_the_list(self, other: float, count: int) -> None:
        page = "The kit has a key, a tin, a bag and a card. Put the lid of the kit back."
        assert len(composed(evidence_of(page), {"The kit": 0.9, "Put": other}, "list")) == count
        assert len(composed(evidence_of(page), {"The kit": 0.9, "Put": other}, "about")) == 2

    @pytest.mark.parametrize(
        ("form", "usefulness", "is_shown"),
        [
            pytest.param("how_to", 0.34, False, id="procedure"),
            pytest.param("how_to", 0.4, True, id="procedure, useful enough"),
            pytest.param("about", 0.28, False, id="other form"),
            pytest.param("about", 0.35, True, id="other form, useful enough"),
        ],
    )
    def test_what_is_far_less_useful_is_left_out(self, form: Form, usefulness: float, *, is_shown: bool) -> None:
        page = f"{STEPS}\n\nThe works are open on weekdays."
        found = composed(evidence_of(page), {"Take": USEFUL, "The works": usefulness}, form)
        assert ("The works are open on weekdays." in texts(found)) is is_shown

    @pytest.mark.parametrize(
        ("question", "count"),
        [("What questions should I ask the keeper?", 4), ("What about the lid?", 0)],
        ids=["asked for", "not asked for"],
    )
    def test_of_questions_only_where_they_are_asked_for(self, question: str, count: int) -> None:
        text = "You may find this checklist helpful:\n• What does it weigh?\n• Who built it?\n• Does it leak?"
        units = units_of(evidence_of(text))
        shown = compose(Composition(question, "list", (), units, [USEFUL] * len(units)))
        assert len(shown) == count

    def test_over_a_page_break(self) -> None:
        evidence = evidence_of(STEPS, "4. Open the valve.\n5. Wipe the lid.")
        found = composed(evidence, {"Wipe": USEFUL}, "how_to")
        assert kinds(found) == ["lead", *["step"] * 5]
        assert [support.quotes[0].evidence.page.number for support in found] == [1, 1, 1, 1, 2, 2]

    def test_where_the_draft_points_to_two_of_its_items(self) -> None:
        found = composed(evidence_of(STEPS), {"Shut": 0.3, "Put": 0.3}, "explain", ["Shut the valve", "Put the new"])
        assert "Take the old lid off." in texts(found)

    def test_without_a_word_that_is_not_in_the_documents(self) -> None:
        found = composed(evidence_of(STEPS), {"Take": USEFUL}, "how_to", ["Take the old"])
        assert all(support.verbatim and support.supported for support in found)


class TestOrder:
    PAGE = (
        "The pump is blue and new. The lid is made of red steel. It is sold at the works. The valve is shut at night."
    )

    def test_a_direct_answer_begins_with_what_answers_best(self) -> None:
        found = composed(evidence_of(self.PAGE), {"The pump": 0.5, "The lid": 0.9}, "explain")
        assert texts(found)[:2] == ["The lid is made of red steel.", "The pump is blue and new."]
        assert kinds(found)[:2] == ["lead", "detail"]

    def test_others_go_in_reading_order(self) -> None:
        found = composed(evidence_of(self.PAGE), {"The pump": 0.5, "The lid": 0.9}, "comparison")
        assert texts(found)[:2] == ["The pump is blue and new.", "The lid is made of red steel."]
        assert kinds(found)[0] == "lead"

    def test_documents_by_their_most_useful_sentence(self) -> None:
        pages = ["The lid of the first is blue today.", "The lid of the second is red today."]
        evidence = [
            evidence_on(page_with_headings(text), document=document_of(f"{number}.pdf"))
            for number, text in enumerate(pages)
        ]
        found = composed(evidence, {"The lid of the first": 0.5, "The lid of the second": 0.9}, "overview")
        assert texts(found) == pages[::-1]

    def test_a_sentence_that_refers_back_brings_the_one_before_it(self) -> None:
        found = composed(evidence_of(self.PAGE), {"It is sold": USEFUL}, "about")
        assert texts(found) == ["The lid is made of red steel.", "It is sold at the works."]

    def test_both_sides_of_a_comparison(self) -> None:
        one, two = document_of("one.pdf"), document_of("two.pdf")
        page = page_with_headings(
            " ".join(f"The lid of number {n} is rather red and round and new." for n in range(30))
        )
        evidence = [evidence_on(page, document=document) for document in (one, two)]
        units = units_of(evidence)
        usefulness = [0.9 if unit.place[0] == one.id else 0.5 for unit in units]
        sides = [{place for place, unit in enumerate(units) if unit.place[0] == own.id} for own in (one, two)]
        found = compose(Composition("How do they differ?", "comparison", (), units, usefulness, sides=sides))
        shown = [support.quotes[0].evidence.hit.passage.document.id for support in found]
        assert abs(shown.count(one.id) - shown.count(two.id)) <= 1
        assert min(shown.count(one.id), shown.count(two.id)) > 1

    def test_each_document_of_a_comparison_is_named_by_its_title(self) -> None:
        one, two = document_of("one.pdf", "Terms of 2023"), document_of("two.pdf", "Terms of 2025")
        page = page_with_headings("The lid is free for a year.\nIt is sent by post after that.")
        evidence = [evidence_on(page, document=document) for document in (one, two)]
        found = composed(evidence, {"The lid": 0.9, "It is": 0.9}, "comparison")
        assert texts(found) == [
            "Terms of 2023: The lid is free for a year.",
            "It is sent by post after that.",
            "Terms of 2025: The lid is free for a year.",
            "It is sent by post after that.",
        ]
        assert kinds(found) == ["lead", "detail"] * 2
        assert texts(composed(evidence[:1], {"The lid": 0.9}, "comparison")) == ["The lid is free for a year."]

    def test_documents_of_one_title_are_named_by_their_files(self) -> None:
        page = page_with_headings("The lid is free for a year.")
        evidence = [evidence_on(page, document=document_of(name, "Terms")) for name in ("a.pdf", "b.pdf")]
        found = composed(evidence, {"The lid": 0.9}, "comparison")
        assert texts(found) == ["a: The lid is free for a year.", "b: The lid is free for a year."]

    def test_what_serves_a_part_of_the_question_comes_in_before_what_is_useful(self) -> None:
        page = " ".join(f"The lid of number {number} is red and round." for number in range(30))
        units = units_of(evidence_of(page))
        found = compose(Composition("Which lid?", "parts", (), units, [0.9] * 29 + [USELESS], served=Served([29])))
        assert "The lid of number 29 is red and round." in texts(found)

    def test_the_parts_of_a_question_are_answered_one_after_another(self) -> None:
        page = "The lid costs 30 euros. The key is in the office. A lid lasts for a year. Ask for the key at noon."
        units = units_of(evidence_of(page))
        nearest = {0: 1, 1: 0, 2: 1, 3: 0}
        useful = [0.5, 0.9, 0.5, 0.5]
        found = compose(Composition("Where and what?", "parts", (), units, useful, served=Served([1, 0], nearest)))
        assert texts(found) == [
            "The key is in the office.",
            "Ask for the key at noon.",
            "The lid costs 30 euros.",
            "A lid lasts for a year.",
        ]

    def test_a_sentence_stays_with_the_one_that_it_refers_to_whatever_part_it_is_about(self) -> None:
        page = "The lid costs 30 euros. This price holds for a year. The key is in the office of the harbour."
        units = units_of(evidence_of(page))
        nearest = {0: 0, 1: 1, 2: 1}
        found = compose(
            Composition("What and where?", "parts", (), units, [0.9, 0.5, 0.6], served=Served([0, 2], nearest))
        )
        assert texts(found) == [unit.text for unit in units]

    @pytest.mark.parametrize(("others", "shown"), [(USELESS, ["seal"]), (0.5, ["lids", "keys", "seal"])])
    def test_the_list_of_an_item_that_serves_a_part_is_shown_where_it_is_useful(
        self, others: float, shown: list[str]
    ) -> None:
        units = units_of(evidence_of("• lids\n• keys\n• seal"))
        found = compose(Composition("Which?", "parts", (), units, [others, others, 0.15], served=Served([2])))
        assert texts(found) == shown

    def test_a_list_stays_together_with_its_introduction_whatever_part_its_items_are_about(self) -> None:
        units = units_of(evidence_of(f"The lid is red and round.\n\n{STEPS}"))
        nearest = {0: 1, 1: 1, 2: 0, 3: 1, 4: 0}
        useful = [0.5, 0.3, 0.9, 0.5, 0.5]
        pointers = [Pointer(unit.text, (place,), 1.0) for place, unit in enumerate(units) if place > 1]
        found = compose(Composition("How?", "parts", pointers, units, useful, served=Served([2, 0], nearest)))
        assert texts(found)[:4] == [unit.text for unit in units[1:5]]

    @pytest.mark.parametrize(
        ("form", "between", "is_shown"),
        [
            pytest.param("about", "A cracked one buzzes at once.", True, id="one sentence"),
            pytest.param("about", "A cracked one buzzes at once. It is old.", False, id="two sentences"),
            pytest.param("about", f"A cracked one buzzes{' and buzzes' * 20}.", False, id="a long one"),
            pytest.param("about", "What does a cracked one do?", False, id="what cannot be shown"),
            pytest.param("overview", "A cracked one buzzes at once.", False, id="in an overview"),
        ],
    )
    def test_what_stands_between_two_sentences_that_are_shown(
        self, form: Form, between: str, *, is_shown: bool
    ) -> None:
        page = f"A sound lid rings for long. {between} Anything between is a doubt. The pump is new. The key is blue."
        found = composed(evidence_of(page), {"A sound": 0.9, "Anything": 0.9}, form)
        assert ("A cracked one" in " ".join(texts(found))) is is_shown
        assert {"A sound lid rings for long.", "Anything between is a doubt."} <= set(texts(found))

    def test_steps_that_are_titles_have_the_best_sentence_of_the_text_below_them(self) -> None:
        page = (
            "1. Gather papers\n\nYou need papers. Take the bill and the card. Then go on.\n\n"
            "2. Write a letter\n\nName the lid in it.\n\n3. Send it in\n\nPost goes at noon. Fax it to 555.\n\nOFFICES"
        )
        useful = {"Gather": 0.9, "Write": 0.9, "Send": 0.9, "Take the bill": 0.1, "Fax": 0.08}
        assert texts(composed(evidence_of(page), useful, "how_to")) == [
            "Gather papers", "Take the bill and the card.", "Write a letter", "Name the lid in it.", "Send it in",
            "Fax it to 555.",
        ]  # fmt: skip

    def test_what_stands_in_two_places_is_shown_once(self) -> None:
        page = "1. Gather papers\n\nTake the bill and the card.\n\n2. Write a letter\n\nName the lid in it."
        tips = "Here are tips on lids.\n\n• Take the bill and the card."
        pages = [evidence_on(page_with_headings(page)), evidence_on(page_with_headings(tips, 2))]
        useful = {"Gather": 0.9, "Write": 0.9, "Take the bill": 0.9, "Name": 0.9}
        assert texts(composed(pages, useful, "about")).count("Take the bill and the card.") == 1

    def test_the_text_below_a_list_is_not_that_of_its_last_item(self) -> None:
        page = "They pay for:\n\n• skiing lessons\n• diving lessons\n\nThese lessons are good fun."
        found = composed(evidence_of(page), {"skiing": 0.9, "diving": 0.9}, "list")
        assert texts(found) == ["They pay for:", "skiing lessons", "diving lessons"]

    def test_what_refers_back_to_nothing_that_can_be_shown_is_not_shown(self) -> None:
        page = "LEVELS OF THE LID\n\nThis is the first step of the lid. The lid is red. It is also round and flat."
        found = composed(evidence_of(page), {"This": 0.9, "The lid": 0.1, "It is": 0.8})
        assert texts(found) == ["The lid is red.", "It is also round and flat."]

    def test_what_fits_the_question_less_is_no_lead(self) -> None:
        units = units_of(evidence_of("The lid is red. The key is blue. The pump is new."))
        material = Composition("Which lid?", "about", (), units, [0.5, 0.9, 0.4], fitness=[1.0, 0.7, 1.0])
        assert possible_leads(material) == [0, 2]
        assert possible_leads(replace(material, fitness=[0.7, 0.7, 0.3])) == [0, 1]
        assert possible_leads(replace(material, fitness=())) == [0, 1, 2]

    def test_what_follows_the_direct_answer_in_its_section_goes_on_from_it(self) -> None:
        care = evidence_on(
            page_with_headings("The lid is red. The lid is wiped dry. The lid is oiled."), headings=("Care",)
        )
        other = evidence_on(page_with_headings("The lid is sold at the works.", 2), headings=("Sale",))
        units = units_of([care, other])
        useful, lead = [0.4, 0.5, 0.4, 0.9], 1
        found = compose(Composition("What about the lid?", "about", (), units, useful, lead=lead))
        assert texts(found) == [
            "The lid is wiped dry.", "The lid is oiled.", "The lid is red.", "The lid is sold at the works.",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("useful", "lead", "opening"),
        [
            pytest.param([0.5, 0.1, 0.9], 2, 0, id="the first of the paragraph that is useful"),
            pytest.param([0.4, 0.1, 0.9], 2, 2, id="one that is far less useful"),
            pytest.param([0.9, 0.9, 0.1, 0.1, 0.1, 0.9], 5, 1, id="no further than a paragraph"),
            pytest.param([0.9, 0.9], 0, 0, id="none before it"),
        ],
    )
    def test_an_answer_begins_with_its_paragraph(self, useful: list[float], lead: int, opening: int) -> None:
        units = units_of(evidence_of(" ".join(f"The lid is part {number}." for number in range(len(useful)))))
        material = Composition("What about the lid?", "about", (), units, useful)
        assert opening_of(material, lead, possible_leads(material)) == opening

    def test_an_answer_does_not_begin_in_another_paragraph(self) -> None:
        units = units_of(evidence_of("The lid is red.\n\nThe lid is oiled. The lid is wiped dry."))
        material = Composition("What about the lid?", "about", (), units, [0.9, 0.9, 0.9])
        assert opening_of(material, 2, possible_leads(material)) == 1

    def test_an_answer_does_not_begin_in_another_section(self) -> None:
        care = evidence_on(page_with_headings("The lid is red."), headings=("Care",))
        sale = evidence_on(page_with_headings("The lid is sold at the works.", 2), headings=("Sale",))
        material = Composition("What about the lid?", "about", (), units_of([care, sale]), [0.9, 0.9])
        assert opening_of(material, 1, [0, 1]) == 1

    def test_names_and_headings_in_lines_of_their_own_are_not_shown(self) -> None:
        lines = "Ada Ferrow\nCOMPLAINTS AND APPEALS TO US\nThe Lid Of Pump Four\nTelephone: 555\nask Ada for a lid"
        found = composed(evidence_of(lines), {"": 0.5})
        assert texts(found) == ["Telephone: 555", "ask Ada for a lid"]

    def test_clauses_of_an_overview_have_no_numbers(self) -> None:
        page = "1. The buyer pays the lid within ten days.\n2. The key is lent.\n3. The seller sends the lid in May."
        found = composed(evidence_of(page), {"The buyer": 0.5, "The seller": 0.4}, "overview")
        assert kinds(found) == ["lead", "detail"]

    def test_what_the_draft_points_to_does_not_take_the_turn_of_the_other_side(self) -> None:
        pages = " ".join(f"Archive number {n} is red and rather cheap." for n in range(20))
        units = units_of(evidence_of(f"{pages} Standard storage is blue and fast."))
        usefulness = [0.9] * 20 + [0.5]
        pointers = [Pointer(unit.text, (place,), 1.0) for place, unit in enumerate(units[:20])]
        sides = [set(range(20)), {20}]
        found = compose(Composition("How?", "comparison", pointers, units, usefulness, sides=sides))
        assert "Standard storage is blue and fast." in texts(found)


class TestPartialLists:
    """An answer that shows a list in part says so."""

    @staticmethod
    def note(page: str, shown: Sequence[int], form: Form = "list") -> str | None:
        units = units_of(evidence_of(page))
        material = Composition("Which?", form, (), units, [0.5] * len(units))
        return note_on_lists(material, [units[place].support() for place in shown])

    ITEMS = "\n".join(f"• lid number {number}" for number in range(5))
    ROWS = "| Pump | Price |\n| --- | --- |\n| A 1 | €90 |\n| A 2 | €99 |\n| A 3 | €80 |"

    def test_a_whole_list(self) -> None:
        assert self.note(self.ITEMS, range(5)) is None

    def test_a_part_of_a_list(self) -> None:
        assert self.note(self.ITEMS, range(3)) == "The list on page 1 has 5 items; 3 of them are shown."

    def test_a_part_of_a_table(self) -> None:
        assert self.note(self.ROWS, range(2), "table") == "The table on page 1 has 3 rows; 2 of them are shown."

    def test_sentences_may_not_be_all_of_a_list(self) -> None:
        assert self.note("The lid is red.\nThe key is blue.", [0, 1]) == "The documents may name more."

    def test_a_sentence_may_be_a_whole_list(self) -> None:
        assert self.note("It comes with a key, two gaskets, a tin of paste and a card.", [0]) is None
        assert self.note("If it rains, the lid and the key are wet.", [0]) is not None

    @pytest.mark.parametrize(("usefulness", "is_whole"), [(0.5, True), (0.15, False)], ids=["useful", "hardly useful"])
    def test_a_long_list_beside_the_answer_must_be_as_useful(self, usefulness: float, is_whole: bool) -> None:
        items = "\n".join(f"{n}. Take the lid of number {n} off with a key and put it down." for n in range(1, 13))
        useful = {"The lid rings": 0.95, "Take": usefulness}
        page = f"The lid rings when it is tapped with a key.\n\n# Taking it off\n{items}"
        found = composed(evidence_of(page), useful, "how_to")
        assert (len(found) == 13) == is_whole

    def test_other_forms_promise_no_whole_list(self) -> None:
        assert self.note(self.ITEMS, range(3), "about") is None

    def test_a_long_list_is_shown_from_its_beginning(self) -> None:
        items = "\n".join(f"• lid {number}" for number in range(99))
        found = composed(evidence_of(items), {"lid 5": USEFUL}, "list")
        assert texts(found)[0] == "lid 0"
        assert len(found) == 40


class TestLength:
    PAGE = " ".join(f"The lid of number {number} is red and round." for number in range(99))

    def count(self, length: Length) -> int:
        found = composed(evidence_of(self.PAGE), {"The lid": USEFUL}, "explain", length=length)
        return sum(len(support.sentence.split()) for support in found)

    def test_by_the_length_that_is_asked_for(self) -> None:
        short, normal, full = map(self.count, get_args(Length))
        assert 0 < short < normal < full
        assert full <= 250

    def test_nothing_that_does_not_serve_is_added(self) -> None:
        found = composed(evidence_of(self.PAGE), {"The lid of number 7 ": USEFUL}, "explain", length="full")
        assert texts(found) == ["The lid of number 7 is red and round."]


class TestTables:
    TABLE = "| Pump | Weight | Price |\n| --- | --- | --- |\n| A 1 | 20 kg | €90 |\n| A 2 | 30 kg | €99 |"

    def test_rows_follow_their_head(self) -> None:
        found = composed(evidence_of(self.TABLE), {"A": USEFUL}, "table")
        assert texts(found) == ["Pump | Weight | Price", "A 1 | 20 kg | €90", "A 2 | 30 kg | €99"]
        assert kinds(found) == ["row", "row", "row"]

    def test_the_table_that_was_asked_for_is_shown_though_its_rows_say_little(self) -> None:
        page = f"The pumps are very good and cheap.\n\n{self.TABLE}"
        found = composed(evidence_of(page), {"The pumps": USEFUL, "A": 0.05}, "table")
        assert [support.kind for support in found] == ["row", "row", "row"]

    @pytest.mark.parametrize("form", ["how_to", "parts", "explain"])
    def test_a_row_answers_by_itself_where_no_table_was_asked_for(self, form: Form) -> None:
        found = composed(evidence_of(self.TABLE), {"A 2": USEFUL}, form, pointed=["A 2"])
        assert texts(found) == ["A 2: Weight 30 kg; Price €99"]

    @pytest.mark.parametrize(("other", "shown"), [(0.5, 3), (0.01, 1)], ids=["useful", "of something else"])
    def test_a_list_takes_a_table_whole_where_all_of_it_is_useful(self, other: float, shown: int) -> None:
        table = f"{self.TABLE}\n| A 3 | 40 kg | €80 |"
        found = composed(evidence_of(table), {"A 2": USEFUL, "A": other}, "list")
        assert sum("€" in text for text in texts(found)) == shown

    def test_rows_that_were_chosen_one_by_one_are_all_shown(self) -> None:
        table = "| Fault | Remedy |\n| --- | --- |\n| No ice made | Wait |\n| Lid stuck | Thaw |\n| Lid wet | Dry |"
        page = f"{table}\n| Lamp dark | Change it |"
        found = composed(evidence_of(page), {"Lamp": 0.8, "Lid stuck": 0.8, "Lid wet": 0.8}, "how_to")
        assert len(found) == 4
        assert any("Lamp dark" in text for text in texts(found))

    def test_rows_that_a_rule_found_are_shown_instead(self) -> None:
        units = units_of(evidence_of(self.TABLE))
        rows = [unit.support("row") for unit in units]
        assert compose(Composition("Which?", "table", (), units, [0.5] * len(units), table=rows)) == rows


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        pytest.param("explain", "• Report of the Steward", False, id="item of an agenda"),
        pytest.param("explain", "• Report of the Steward\n• Report of the Chair", True, id="several items"),
        pytest.param("explain", "The Steward is ill.", True, id="sentence"),
        pytest.param("list", "• Report of the Steward", True, id="item of a list that was asked for"),
        pytest.param("list", "", False, id="nothing"),
        pytest.param("explain", "| Lid | Days |\n| --- | --- |\n| red | 3 |", True, id="row"),
    ],
)
def test_what_is_an_answer(form: Form, text: str, *, expected: bool) -> None:
    assert is_answer(form, composed(evidence_of(text), {"": USEFUL}, form)) is expected


def test_nothing_of_nothing() -> None:
    assert compose(Composition("Which lid?", "about", (), (), ())) == []


PLAIN = [
    "The lid is made of steel.",
    "It is sold at the works.",
    "Do it like this:",
    "Lid blue",
    "",
    "Is the lid blue?",
]
MARKED = ["# Care", "1. Open it.", "2. Close it.", "• a lid", "• a key", "| A | B |", "| --- | --- |", "| 1 | 2 |"]
lines = st.sampled_from([*PLAIN, *MARKED, "| 3 | 4 |"])
pages = st.lists(lines, min_size=1, max_size=14).map("\n".join).filter(str.strip)


@given(
    st.lists(pages, min_size=1, max_size=3),
    st.sampled_from(get_args(Form)),
    st.sampled_from(get_args(Length)),
    st.lists(st.floats(0, 1), min_size=50, max_size=50),
    st.lists(st.integers(0, 49), max_size=4),
)
def test_what_is_shown_is_in_the_documents_once(
    texts: list[str], form: Form, length: Length, probabilities: list[float], places: list[int]
) -> None:
    units = units_of(evidence_of(*texts))
    usefulness = [probabilities[place % 50] for place in range(len(units))]
    pointers = [Pointer("x", (place,), 1.0) for place in places if place < len(units)]
    found = compose(Composition("Which lid?", form, pointers, units, usefulness, length))
    rows = {unit.span for unit in units if unit.row}
    for support in found:
        assert support.supported
        assert support.verbatim
        quote, *more = support.quotes
        # A row by itself is quoted with the heads of its columns.
        assert len(more) <= (quote.span in rows)
        assert all(header.text.startswith("|") for header in more)
        assert quote.text == quote.evidence.page.text[quote.span.start : quote.span.end]
        if support.kind == "row":
            assert all(cell in quote.text for cell in support.sentence.split(" | "))
        elif quote.span not in rows:
            title = quote.evidence.hit.passage.document.title
            # A title that runs into its sentence is told apart by a colon.
            sentence = support.sentence.removeprefix(f"{title}: ").replace(":", "")
            assert sentence in one_line(quote.text).replace(":", "")
    spans = [support.quotes[0].span for support in found]
    assert len(spans) == len(set(spans))
    assert bool(found) <= bool(units)
    later = [support.sentence for support in found[1:] if support.kind == "lead"]
    assert form == "comparison" or all(text.endswith(":") for text in later)
