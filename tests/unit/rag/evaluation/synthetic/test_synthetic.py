"""Synthetic questions: fact extraction, sampling, prompt, filters, and unanswerable questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final

import pytest

from rag.domain.values import Chunk, Document, Hit, Passage, Span
from rag.evaluation.synthetic.drafts import answerable_draft, unanswerable_drafts
from rag.evaluation.synthetic.facts import facts_of, for_yes_or_no
from rag.evaluation.synthetic.filters import is_new, rejection_reason
from rag.evaluation.synthetic.general_knowledge import GENERAL_KNOWLEDGE
from rag.evaluation.synthetic.matching import contains_words, subject
from rag.evaluation.synthetic.negatives import (
    SwappedQuestion,
    answering_rows,
    general_knowledge_questions,
    swapped_questions,
    withheld_rows,
)
from rag.evaluation.synthetic.prompt import make_questions, messages, parse, question_about
from rag.evaluation.synthetic.sampling import facts_of_document, sampled_facts
from rag.evaluation.synthetic.types import Fact, Form, SyntheticQuestion
from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.unit.conftest import publish, quick_folder

PUMP = "The Bittern pump runs on its battery for 72 hours when the power fails."
FOUNDED = "The founding deed of the Bittern works was signed in the lifeboat shed on 3 June 1979."
WHY = "The old Bittern horn was replaced because its reed could no longer be bought anywhere."
LEAVE = "Each parent in the works has 20 weeks of leave at full pay when a child is born."
NOT_ALLOWED = "Members must not work alone on the test range after eight in the evening."


def document(name: str = "manual.pdf", title: str = "Bittern Manual") -> Document:
    return Document("0" * 64, (name,), title, 9, 1)


def passage(text: str, headings: tuple[str, ...] = (), row: int = 0, title: str = "Bittern Manual") -> Passage:
    return Passage(row, document(title=title), Chunk(Span(3, 100, 100 + len(text)), text, headings))


def fact(text: str, form: Form = "number", answer: str = "72 hours", before: str = "") -> Fact:
    whole = f"{before} {text}".strip()
    start = 100 + len(whole) - len(text)
    return Fact(passage(whole), Span(3, start, start + len(text)), form, answer)


class TestFacts:
    def found(self, text: str, seed: int = 1) -> list[tuple[str, str, str]]:
        return [(found.text, found.form, found.answer) for found in facts_of(passage(text), Random(seed))]

    @pytest.mark.parametrize(
        ("text", "form", "answer"),
        [
            pytest.param(PUMP, "number", "72 hours", id="a quantity with its unit"),
            pytest.param(
                "Crews of the works were paid $1,250.50 for the call-outs last winter.",
                "number",
                "$1,250.50",
                id="money",
            ),
            pytest.param(
                "Sales of the horn works went up by 8.5 percent over the winter season.",
                "number",
                "8.5 percent",
                id="a share",
            ),
            pytest.param(FOUNDED, "when", "3 June 1979", id="a date"),
            pytest.param("The first signal of the works was sold to a harbour in 1981.", "when", "1981", id="a year"),
            pytest.param(
                "Emma Carelli repaired the clock in the tower of the harbour office.",
                "who",
                "Emma Carelli",
                id="a name",
            ),
            pytest.param(WHY, "what", "its reed could no longer be bought anywhere", id="a reason"),
        ],
    )
    def test_form_and_answer(self, text: str, form: str, answer: str) -> None:
        assert self.found(text) == [(text, form, answer)]

    @pytest.mark.parametrize(
        ("text", "answer"),
        [
            pytest.param(NOT_ALLOWED, "No", id="no"),
            pytest.param(FOUNDED, "Yes", id="yes"),
            pytest.param("Seat the coder wheel on the pin and wait 90 seconds.", None, id="an order"),
        ],
    )
    def test_yes_or_no_is_read_from_the_sentence(self, text: str, answer: str | None) -> None:
        asked = for_yes_or_no(fact(text, "number", "90 seconds"))
        assert (asked and (asked.text, asked.form, asked.answer)) == (answer and (text, "yes_no", answer))

    def test_a_row_is_not_asked_for_yes_or_no(self) -> None:
        assert for_yes_or_no(fact("Boats that are for hire 12", "table", "12")) is None

    def test_of_several_targets_one_is_chosen(self) -> None:
        text = "The horn was replaced in 1981 because its reed had cracked in the frost."
        assert {found for seed in range(20) for found in self.found(text, seed)} == {
            (text, "when", "1981"),
            (text, "what", "its reed had cracked in the frost"),
        }

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("It runs on its battery for 72 hours when the power fails.", id="points back"),
            pytest.param("For example, the Bittern pump runs on its battery for 72 hours.", id="leans on another"),
            pytest.param(
                "The works of the Bittern had many spare pumps as of 3 June 1979.", id="the day of a statement"
            ),
            pytest.param("The case of the horn works was taken to the U.S.", id="cut off"),
            pytest.param("It costs 24 euros.", id="short"),
            pytest.param("Bittern Pump Manual And Battery Guide For 72 Keepers On Every Coast.", id="a title"),
            pytest.param("The care of the battery . . . . . . . . . . . . . . 72 pages.", id="contents"),
            pytest.param(
                "The pump runs for 72 hours when the The pump runs for 72 hours when the power fails.", id="garbled"
            ),
            pytest.param("Members of the works are glad of every visitor who comes.", id="vague"),
            pytest.param("As Table 1 shows, the pump of the horn works ran well in the storm.", id="a numbered thing"),
            pytest.param("The 3 pumps ran for 40 hours and the 2 horns for 50 hours.", id="several quantities"),
            pytest.param("How long does the Bittern pump run on its battery for 72 hours?", id="a question"),
            pytest.param("Band Typical work\n2023 2024 2025", id="years"),
            pytest.param("Typical band of work 2023 2024 2025", id="heads of columns"),
            pytest.param("", id="nothing"),
        ],
    )
    def test_no_fact(self, text: str) -> None:
        assert self.found(text) == []

    def test_rows_of_a_table(self) -> None:
        text = "Spending\nRoads and bridges 4,120 3,870\nParks and gardens $ 88 91\nTotal 4,208\nJune 30, 2023"
        assert self.found(text) == [
            ("Roads and bridges 4,120 3,870", "table", "4,120"),
            ("Parks and gardens $ 88 91", "table", "88"),
        ]

    def test_places_are_those_of_the_page(self) -> None:
        text = f"Care\n\n{PUMP}\n{FOUNDED}"
        first, second = facts_of(passage(text), Random(2))
        assert [text[f.span.start - 100 : f.span.end - 100] for f in (first, second)] == [PUMP, FOUNDED]
        assert (first.span.page, second.before) == (3, f"Care {PUMP}")


class TestPrompt:
    def test_the_fact_comes_last(self) -> None:
        chat = messages(fact(PUMP, "number", "72 hours", before="When the power fails."))
        other = messages(fact(FOUNDED, "when", "3 June 1979"))
        assert chat[:-1] == other[:-1]
        assert [message.role for message in chat[:3]] == ["system", "user", "assistant"]
        assert chat[-1].text == (
            f"Document: Bittern Manual\nBefore: When the power fails.\nFact: {PUMP}\n"
            "Answer: 72 hours\nBegin with: How many, How much or How long"
        )

    def test_context_is_cut(self) -> None:
        long = " ".join(f"word{number}" for number in range(90))
        found = Fact(
            passage(f"{long} {PUMP}", ("Manual", "Care", "Power")),
            Span(3, 101 + len(long), 101 + len(long) + len(PUMP)),
            "number",
            "72 hours",
        )
        (before,) = [line for line in messages(found)[-1].text.splitlines() if line.startswith("Before")]
        assert before.startswith("Before: Manual > Care > Power word55 ")
        assert before.endswith(" word89")

    @pytest.mark.parametrize(
        ("title", "name", "called"),
        [
            pytest.param("Warranty_Terms 2025", "a.pdf", "Warranty Terms 2025", id="a title"),
            pytest.param("0001018724-23-000018", "2023_Q3_AMZN.pdf", "2023 Q3 AMZN", id="a code"),
            pytest.param("VAXCYTE, INC_05_22_2020-EX-10.19-SUPPLY", "a.pdf", "VAXCYTE, INC", id="a code in a title"),
            pytest.param("07 18", "news/07_18.pdf", "", id="nothing that speaks"),
        ],
    )
    def test_subject(self, title: str, name: str, called: str) -> None:
        assert subject(document(name, title)) == called

    @pytest.mark.parametrize(
        ("reply", "parsed"),
        [
            pytest.param("Question: How long?", "How long?", id="the question"),
            pytest.param(" Question: How long?\nAnswer: 3 days", "How long?", id="and more"),
            pytest.param("How long?", None, id="no mark before it"),
            pytest.param("Question: How long", None, id="no question mark"),
            pytest.param("", None, id="nothing"),
        ],
    )
    def test_replies(self, reply: str, parsed: str | None) -> None:
        assert parse(reply) == parsed


class TestFilters:
    @pytest.mark.parametrize(
        ("question", "fault"),
        [
            pytest.param("How long can the Bittern pump work without power?", "", id="good"),
            pytest.param("For how long?", "length", id="too short"),
            pytest.param(f"{' '.join(['long'] * 30)} pump?", "length", id="too long"),
            pytest.param("How long does it run on its battery at Bittern?", "points", id="it"),
            pytest.param("How long does the Bittern run according to the book?", "points", id="according to"),
            pytest.param("How long does the pump in the passage run at Bittern?", "points", id="the passage"),
            pytest.param("How long does its battery run the Bittern pump?", "points", id="whose"),
            pytest.param("How long does the Bittern pump run on its battery?", "", id="an owner that is named"),
            pytest.param("Does the Bittern pump run for 72 hours?", "answer given away", id="contains the answer"),
            pytest.param(
                "How many hours does 72 mean to Bittern?", "answer given away", id="contains the answer in pieces"
            ),
            pytest.param("How long does the pump run?", "unnamed", id="which pump"),
            pytest.param("How long does the Company run?", "unnamed", id="which company"),
            pytest.param("How long does the Bittern pump run without power in Sweden?", "invented", id="a name"),
            pytest.param("How long does the Bittern pump run without power in 2024?", "invented", id="a number"),
            pytest.param("How heavy, wide and loud is the little Bittern pump?", "invented much", id="other words"),
            pytest.param("How long was the old manual of Bittern?", "another fact", id="another fact"),
            pytest.param("The Bittern pump runs on its battery for how long?", "", id="mostly a copy"),
            pytest.param("Runs on its battery for so long when the power fails?", "points", id="its, unnamed"),
        ],
    )
    def test_rejection_reason(self, question: str, fault: str) -> None:
        assert rejection_reason(question, fact(PUMP)) == fault

    def test_a_copy_of_the_fact(self) -> None:
        stated = fact(
            "Staff of the pump works must wear gloves because the discs are sharp.", "what", "the discs are sharp"
        )
        assert rejection_reason("Why staff of the pump works must wear gloves because?", stated) == "copied"

    def test_yes_or_no_is_about_the_fact_alone(self) -> None:
        stated = fact(NOT_ALLOWED, "yes_no", "No", before="Bittern rules of the canteen, the slipway and the boats.")
        assert rejection_reason("May members work alone on the Bittern test range after eight?", stated) == ""
        assert (
            rejection_reason("May members of Bittern work in the canteen, on the slipway or the boats?", stated)
            == "another fact"
        )

    def test_is_new(self) -> None:
        asked = [frozenset({"pump", "long", "run", "battery"})]
        assert not is_new("How long does the pump run on battery?", asked)
        assert is_new("How heavy is the pump?", asked)
        assert is_new("How long does the pump run on battery?", [])


HARBOUR = [
    f"{PUMP}\n\nMembers of the works are glad of every visitor who comes.",
    f"{FOUNDED} {WHY}",
    LEAVE,
]
FERRY = [
    "The ferry Patience sails to Skarholm in 45 minutes when the sea is calm.",
    "The canteen of the Patience was opened by the mayor on 2 May 1994.",
    LEAVE,
]


@pytest.fixture(scope="module")
def generation() -> Iterator[Generation]:
    with quick_folder() as folder:
        publish(folder, {"harbour.pdf": HARBOUR, "ferry.pdf": FERRY}, BagOfWordsEncoder())
        yield open_current(folder, BagOfWordsEncoder().identity)


class TestSampling:
    def test_of_every_document_and_nothing_twice(self, generation: Generation) -> None:
        found = list(sampled_facts(generation, 1))
        assert {fact.passage.row for fact in found} == {0, 1, 3, 4}
        assert {fact.passage.document.name for fact in found[:2]} == {"harbour.pdf", "ferry.pdf"}
        # A text that is in two documents has no single gold page.
        assert LEAVE not in {fact.text for fact in found}

    def test_of_one_document(self, generation: Generation) -> None:
        found = list(facts_of_document(generation, "ferry.pdf", 1))
        assert {fact.passage.document.name for fact in found} == {"ferry.pdf"}
        assert len(found) == 2
        assert list(facts_of_document(generation, "ferry.pdf", 1)) == found

    def test_the_seed_decides(self, generation: Generation) -> None:
        orders = {tuple(fact.passage.row for fact in sampled_facts(generation, seed)) for seed in range(20)}
        assert len(orders) > 3
        assert list(sampled_facts(generation, 5)) == list(sampled_facts(generation, 5))

    def test_a_long_document_has_more_and_not_all(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def pages(kind: str, count: int) -> list[str]:
            return [
                f"The {kind} pump for harbour K{n} is running for at least {n + 2} hours on its battery."
                for n in range(count)
            ]

        publish(tmp_path, {"long.pdf": pages("long", 64), "short.pdf": pages("short", 4)}, BagOfWordsEncoder())
        generation = open_current(tmp_path, BagOfWordsEncoder().identity)
        own = [fact.passage.row for fact in facts_of_document(generation, "long.pdf", 0)]
        assert sorted(own) == list(range(64))
        monkeypatch.setattr("rag.evaluation.synthetic.sampling._MOST_ROWS", 10)
        some = sorted(fact.passage.row for fact in facts_of_document(generation, "long.pdf", 0))
        assert some == list(range(0, 64, 7))
        first = Counter(fact.passage.document.name for fact in islice(sampled_facts(generation, 0), 10))
        # The roots of 64 and 4 are as 8 to 2.
        assert first["long.pdf"] in (7, 8, 9)
        assert first["short.pdf"] == 10 - first["long.pdf"]
        generation.close()


class TestMaking:
    REPLIES: Final = {
        "72 hours": "Question: How long can the Bittern pump work without power?",
        "3 June 1979": "Question: When was the deed of the Bittern works signed in the lifeboat shed?",
        "45 minutes": "Question: How long does the ferry Patience need to Skarholm?",
        "2 May 1994": "Question: When did the mayor open the canteen of the Patience?",
    }

    def test_a_question(self) -> None:
        model = ScriptedModel(["Question: How long can the Bittern pump work without power?\nAnswer: 72 hours"])
        found = fact(PUMP, "number", "72 hours")
        expected = SyntheticQuestion("How long can the Bittern pump work without power?", found, "number")
        assert question_about(found, model) == expected
        # Generation is stopped after the question mark, before the model writes the answer.
        assert model.generated_tokens == 10

    def test_rejected_questions(self) -> None:
        assert question_about(fact(PUMP), ScriptedModel(["I cannot say."])) is None
        assert question_about(fact(PUMP), ScriptedModel(["Question: How long does it run?"])) is None

    def test_as_many_as_wanted_each_once(self, generation: Generation) -> None:
        order = [self.REPLIES.get(found.answer, "I cannot say.") for found in sampled_facts(generation, 3)]
        made = list(make_questions(generation, ScriptedModel(order), 2, 3))
        assert len(made) == 2
        assert {f"Question: {question.question}" for question in made} < set(self.REPLIES.values())
        repeated = ScriptedModel(["Question: What does the Bittern Manual say about Skarholm pump power?"])
        assert len(list(make_questions(generation, repeated, 4, 3))) <= 1

    def test_fewer_where_the_documents_hold_no_more(self, generation: Generation) -> None:
        assert list(make_questions(generation, ScriptedModel(["I cannot say."]), 5)) == []


def made_of(generation: Generation, row: int, question: str, answer: str, form: Form = "number") -> SyntheticQuestion:
    (found,) = generation.passages([row])
    return SyntheticQuestion(question, Fact(found, found.chunk.span, form, answer), form)


class TestNegatives:
    TEXTS: Final = {
        "a.pdf": [
            "The Bittern pump runs on its battery for 72 hours when the power fails at sea.",
            "When power fails, a Bittern has a battery for 72 hours of pumping, as keepers learn in the first week.",
            "A parcel to the island takes 72 hours by the post boat.",
            "The Bittern pump is painted in signal red against the rust.",
        ],
        "b.pdf": ["The Bittern pump runs on its battery for 80 hours when the power fails at sea."],
        "c.pdf": ["Clocks are wound on the first Monday of the month."],
    }

    @pytest.fixture
    def twins(self, tmp_path: Path) -> Iterator[Generation]:
        publish(tmp_path, self.TEXTS, BagOfWordsEncoder())
        opened = open_current(tmp_path, BagOfWordsEncoder().identity)
        yield opened
        opened.close()

    def rows(self, generation: Generation, *starts: str) -> list[int]:
        return sorted(p.row for p in generation.passages(range(len(generation))) if p.chunk.text.startswith(starts))

    def test_withheld_rows(self, twins: Generation) -> None:
        own = self.rows(twins, "The Bittern pump runs on its battery for 72")
        made = made_of(twins, own[0], "How long does the Bittern pump run on battery when the power fails?", "72 hours")
        assert answering_rows(twins, made) == self.rows(
            twins, "The Bittern pump runs on its battery for 72", "When power"
        )
        # And its near-duplicate with another number; not the parcel, nor the paint.
        assert withheld_rows(twins, made) == self.rows(twins, "The Bittern pump runs", "When power")

    def test_a_draft_names_every_page(self, twins: Generation) -> None:
        own = self.rows(twins, "The Bittern pump runs on its battery for 72")
        made = made_of(twins, own[0], "How long does the Bittern pump run on battery when the power fails?", "72 hours")
        assert answerable_draft(twins, made) == {
            "question": made.question,
            "answers": ["72 hours"],
            "document": "a.pdf",
            "pages": [1, 2],
            "form": "number",
            "quote": self.TEXTS["a.pdf"][0],
            "draft": True,
        }

    def test_another_name(self, generation: Generation) -> None:
        pump = made_of(generation, 0, "How long can the Bittern pump work without power?", "72 hours")
        ferry = made_of(generation, 3, "How long does the ferry Patience need to reach land?", "45 minutes")
        swapped = {found for seed in range(9) for found in swapped_questions([pump, ferry], seed)}
        assert swapped == {
            SwappedQuestion("How long can the Patience pump work without power?", "Patience"),
            SwappedQuestion("How long does the ferry Bittern need to reach land?", "Bittern"),
        }

    def test_another_year(self, generation: Generation) -> None:
        (swapped,) = swapped_questions([made_of(generation, 0, "What happened to the ferry in 1994?", "nothing")])
        assert swapped.question == f"What happened to the ferry in {swapped.name}?"
        assert 1994 - 19 <= int(swapped.name) <= 1994 - 11

    def test_nothing_to_swap(self, generation: Generation) -> None:
        assert list(swapped_questions([made_of(generation, 0, "What happened to the ferry?", "nothing")])) == []

    def test_general_knowledge(self, generation: Generation, tmp_path: Path) -> None:
        assert sorted(general_knowledge_questions(generation, 1)) == sorted(GENERAL_KNOWLEDGE)
        publish(tmp_path, {"a.pdf": ["Neptune is a planet that has 16 known moons."]}, BagOfWordsEncoder())
        space = open_current(tmp_path, BagOfWordsEncoder().identity)
        assert set(GENERAL_KNOWLEDGE) - set(general_knowledge_questions(space)) == {
            "How many moons does the planet Neptune have?"
        }
        space.close()

    def test_drafts_without_an_answer(self, generation: Generation) -> None:
        pump = made_of(generation, 0, "How long can the Bittern pump work without power?", "72 hours")
        ferry = made_of(generation, 3, "How long does the ferry Patience need to reach land?", "45 minutes")

        def search(question: str) -> list[Hit]:
            (found,) = generation.passages([3])
            return [Hit(found, 1.0, 2.0 if "Patience" in question else -2.0)]

        first, second = islice(unanswerable_drafts(generation, [pump, ferry], search), 2)
        # The swap to "Patience" is left out: a relevant passage contains that name.
        assert first["question"] == "How long does the ferry Bittern need to reach land?"
        assert second["question"] in GENERAL_KNOWLEDGE
        assert (first["answers"], first["draft"]) == ([], True)


@pytest.mark.parametrize(
    ("text", "part", "expected"),
    [
        pytest.param("For seventy-two\nHours.", "two hours", True, id="over lines"),
        pytest.param("120 hours", "20 hours", False, id="part of a number"),
        pytest.param("hours", "…", False, id="nothing"),
    ],
)
def test_contains_words(text: str, part: str, expected: bool) -> None:
    assert contains_words(text, part) is expected
