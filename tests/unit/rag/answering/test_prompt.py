"""Prompt construction: instructions, history, passages and question, and the room that is left for the passages."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.prompt import (
    FUNCTION_WORDS,
    INSTRUCTIONS,
    JOINING,
    NOT_FOUND,
    QUESTION,
    REREADING,
    SYSTEM,
    SYSTEM_WHOLE,
    rereading_prompt,
    room_for_evidence,
    value_prompt,
    whole_prompt,
)
from rag.domain.values import Form, Question, Turn
from rag.errors import PromptTooLong
from rag.models.llm.language_model import Message
from rag.testing import ScriptedModel
from tests.unit.rag.answering.material import evidence_of, evidence_on, page_with_headings

LONGEST = len(max([*INSTRUCTIONS.values(), REREADING], key=len).split())
# System, "Today is 30 September 2026.", instruction, "Question:", "Which", "lid?".
BASE = len(SYSTEM.split()) + 5 + LONGEST + 3


class TestValue:
    def test_the_whole_chat(self) -> None:
        evidence = [
            evidence_on(page_with_headings("The lid is blue.")),
            evidence_on(page_with_headings("Lids are red {text}.", 5), headings=("Care", "Lids")),
        ]
        question = Question("Which lid {question}?", history=(Turn("Who?", "Nobody."), Turn("Why?", "")))
        prompt = value_prompt(question, evidence)
        assert prompt.chat == (
            Message("system", SYSTEM),
            Message("user", "Who?"),
            Message("assistant", "Nobody."),
            Message("user", "Why?"),
            Message("assistant", ""),
            Message(
                "user",
                QUESTION.format(
                    passages="# Manual\nThe lid is blue.\n\n# Manual > Lids\nLids are red {text}.",
                    question="Which lid {question}?",
                ),
            ),
        )
        assert NOT_FOUND in SYSTEM
        assert prompt.hits == [item.hit for item in evidence]

    def test_a_further_draft_reads_the_same_passages(self) -> None:
        question, evidence = Question("Which lid?"), evidence_of("The lid is blue.")
        asked = whole_prompt(question, "list", evidence, today="04 March 2026").chat[-1]
        other = rereading_prompt(question, evidence, today="04 March 2026").chat[-1]
        assert other.text == asked.text.removesuffix(INSTRUCTIONS["list"]) + REREADING

    def test_with_the_date_where_it_is_needed(self) -> None:
        evidence = evidence_of("The lid is blue.")
        (*_, asked) = value_prompt(Question("Which lid?"), evidence, today="04 March 2026").chat
        assert asked.text.endswith("Question: Which lid?\nToday is 04 March 2026.")
        (*_, asked) = value_prompt(Question("Which lid?"), evidence).chat
        assert "Today" not in asked.text

    def test_its_vocabulary_is_the_words_of_passages_and_question(self) -> None:
        question = Question("Which lid?", history=(Turn("Who?", "Nobody."),))
        prompt = value_prompt(question, evidence_of("It is blue."))
        vocabulary = set(prompt.vocabulary.split())
        assert vocabulary >= {"Manual", "It", "is", "blue.", "Which", "lid?", *JOINING.split()}
        assert not vocabulary & {"Nobody.", "reply", "exactly:", "because"}
        assert set(prompt.sentence_vocabulary.split()) >= vocabulary | set(FUNCTION_WORDS.split())


class TestWhole:
    @pytest.mark.parametrize("form", get_args(Form))
    def test_what_is_asked_for_follows_the_question(self, form: Form) -> None:
        prompt = whole_prompt(Question("Which lid?"), form, evidence_of("The lid is blue."))
        system, asked = prompt.chat
        assert system == Message("system", SYSTEM_WHOLE)
        assert asked.text == (
            "# Manual\nThe lid is blue.\n\nQuestion: Which lid?\n" + INSTRUCTIONS.get(form, INSTRUCTIONS["about"])
        )
        assert set(prompt.vocabulary.split()) >= {"blue.", "lid?", *FUNCTION_WORDS.split()}

    def test_a_further_draft_reads_the_same_passages(self) -> None:
        question, evidence = Question("Which lid?"), evidence_of("The lid is blue.")
        asked = whole_prompt(question, "list", evidence, today="04 March 2026").chat[-1]
        other = rereading_prompt(question, evidence, today="04 March 2026").chat[-1]
        assert other.text == asked.text.removesuffix(INSTRUCTIONS["list"]) + REREADING

    def test_with_the_date_where_it_is_needed(self) -> None:
        prompt = whole_prompt(Question("Which lid?"), "list", evidence_of("It is blue."), today="04 March 2026")
        assert prompt.chat[-1].text.endswith(f"Today is 04 March 2026.\n{INSTRUCTIONS['list']}")


class TestRoom:
    def test_what_instructions_question_and_answer_leave(self) -> None:
        model = ScriptedModel([""], context_tokens=1000)
        assert room_for_evidence(model, Question("Which lid?"), 10) == 1000 - BASE - 10
        system = len(SYSTEM_WHOLE.split()) - len(SYSTEM.split())
        assert room_for_evidence(model, Question("Which lid?"), 10, system=SYSTEM_WHOLE) == 1000 - BASE - 10 - system

    def test_history_takes_its_room(self) -> None:
        model = ScriptedModel([""], context_tokens=1000)
        question = Question("Which lid?", history=(Turn("Who was it?", "It was me."),))
        assert room_for_evidence(model, question, 10) == 1000 - BASE - 10 - 6

    def test_a_question_that_is_too_long(self) -> None:
        model = ScriptedModel([""], context_tokens=BASE + 10)
        assert room_for_evidence(model, Question("Which lid?"), 10) == 0
        with pytest.raises(PromptTooLong, match=f"{BASE + 1} tokens") as caught:
            room_for_evidence(model, Question("Which blue lid?"), 10)
        assert caught.value.field == "question"


short_texts = st.lists(st.sampled_from(["a", "lid", "{number}", "x" * 30, "漢"]), min_size=1, max_size=30).map(" ".join)


@given(
    short_texts,
    short_texts,
    st.lists(st.builds(Turn, short_texts, short_texts), max_size=3),
    st.integers(1, 400),
    st.integers(1, 60),
    st.none() | st.sampled_from(get_args(Form)),
    st.none() | st.just("29 November 2026"),
)
def test_what_fits_the_room_fits_the_context(
    text: str, question: str, history: list[Turn], context: int, max_tokens: int, form: Form | None, today: str | None
) -> None:
    model = ScriptedModel([""], context_tokens=context)
    asked = Question(question, history=tuple(history))
    try:
        room = room_for_evidence(model, asked, max_tokens, system=SYSTEM_WHOLE if form else SYSTEM)
    except PromptTooLong:
        return
    evidence = evidence_of(text) if model.count_tokens(f"# Manual\n{text}") <= room else ()
    prompt = whole_prompt(asked, form, evidence, today=today) if form else value_prompt(asked, evidence, today=today)
    assert model.prompt(prompt.chat).length + max_tokens <= context
