"""Prompt construction: whole passages, in their order, as many as fit, and never more than the context."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.prompt import NOT_FOUND, PASSAGE, QUESTION, SYSTEM, build_prompt
from rag.domain.values import Chunk, Document, Hit, Passage, Question, Span, Turn
from rag.errors import PromptTooLong
from rag.models.llm.language_model import Message
from rag.testing import ScriptedModel

DOCUMENT = Document("0" * 64, ("manual.pdf",), "Manual", 9, 1)
SYSTEM_TOKENS = len(SYSTEM.split())


def hit(row: int, text: str, headings: tuple[str, ...] = ()) -> Hit:
    return Hit(Passage(row, DOCUMENT, Chunk(Span(row + 1, 0, len(text)), text, headings)), 1.0)


def cost(text: str) -> int:
    """Of a passage without headings: its head, its words, and one for the gap."""
    return len(shown(text).split()) + 1


def shown(text: str, *headings: str) -> str:
    return PASSAGE.format(document="Manual", headings="".join(f" > {heading}" for heading in headings), text=text)


def build(
    model: ScriptedModel,
    hits: Sequence[Hit],
    question: Question | None = None,
    max_tokens: int = 10,
    evidence_tokens: int = 10_000,
) -> tuple[int, list[int], tuple[Message, ...]]:
    """Tokens of the prompt, the rows in it, and its messages."""
    prompt = build_prompt(
        model, question or Question("Which lid?"), hits, max_tokens=max_tokens, evidence_tokens=evidence_tokens
    )
    return len(model.prompt(prompt.chat).tokens), [found.passage.row for found in prompt.hits], prompt.chat


def test_the_whole_prompt() -> None:
    hits = [hit(0, "The lid is blue."), hit(4, "Lids are red {text}.", ("Manual", "Care", "Lids"))]
    question = Question("Which lid {question}?", history=(Turn("Who?", "Nobody."), Turn("Why?", "")))
    _, _, messages = build(ScriptedModel([""]), hits, question)
    assert messages == (
        Message("system", SYSTEM),
        Message("user", "Who?"),
        Message("assistant", "Nobody."),
        Message("user", "Why?"),
        Message("assistant", ""),
        Message(
            "user",
            QUESTION.format(
                passages=f"{shown('The lid is blue.')}\n\n{shown('Lids are red {text}.', 'Lids')}",
                question="Which lid {question}?",
            ),
        ),
    )
    assert NOT_FOUND in SYSTEM


def test_the_vocabulary_is_the_words_of_the_passages_and_the_question() -> None:
    question = Question("Which lid?", history=(Turn("Who?", "Nobody."),))
    prompt = build_prompt(ScriptedModel([""]), question, [hit(0, "It is blue.")], max_tokens=9, evidence_tokens=99)
    vocabulary = set(prompt.vocabulary.split())
    assert vocabulary >= {"Manual", "It", "is", "blue.", "Which", "lid?", "Yes", "No", "not", ","}
    assert not vocabulary & {"Nobody.", "reply", "exactly:"}


def test_passages_go_in_whole_or_not_at_all() -> None:
    texts = ["one two three", "four five six", "seven eight nine"]
    hits = [hit(row, text) for row, text in enumerate(texts)]
    budget = cost(texts[0]) * 2
    assert build(ScriptedModel([""]), hits, evidence_tokens=budget)[1] == [0, 1]
    assert build(ScriptedModel([""]), hits, evidence_tokens=budget - 1)[1] == [0]
    assert build(ScriptedModel([""]), hits, evidence_tokens=budget + cost(texts[0]))[1] == [0, 1, 2]


def test_a_passage_that_does_not_fit_is_skipped() -> None:
    hits = [hit(0, "short one"), hit(1, "long " * 100), hit(2, "short two")]
    _, rows, messages = build(ScriptedModel([""]), hits, evidence_tokens=20)
    assert rows == [0, 2]
    assert f"{shown('short one')}\n\n{shown('short two')}" in messages[-1].text
    assert "long" not in messages[-1].text


def test_order_is_kept() -> None:
    hits = [hit(row, f"text {row}") for row in (3, 1, 2)]
    assert build(ScriptedModel([""]), hits)[1] == [3, 1, 2]


def test_no_hits() -> None:
    _, rows, messages = build(ScriptedModel([""]), [])
    assert rows == []
    assert messages[-1].text == QUESTION.format(passages="", question="Which lid?")


class TestContext:
    # System, "Question:", "Which", "lid?".
    BASE = SYSTEM_TOKENS + 3

    def test_the_answer_has_its_room(self) -> None:
        text = "one two three"
        fits = self.BASE + 10 + cost(text)
        assert build(ScriptedModel([""], context_tokens=fits), [hit(0, text)])[1] == [0]
        assert build(ScriptedModel([""], context_tokens=fits + 5), [hit(0, text)], max_tokens=15)[1] == [0]
        with pytest.raises(PromptTooLong, match="no passage fits"):
            build(ScriptedModel([""], context_tokens=fits), [hit(0, text)], max_tokens=11)

    def test_history_has_its_room(self) -> None:
        text = "one two three"
        question = Question("Which lid?", history=(Turn("Who was it?", "It was me."),))
        fits = self.BASE + 10 + cost(text) + 6
        assert build(ScriptedModel([""], context_tokens=fits), [hit(0, text)], question)[1] == [0]
        with pytest.raises(PromptTooLong):
            build(ScriptedModel([""], context_tokens=fits - 1), [hit(0, text)], question)

    def test_the_question_alone_is_too_long(self) -> None:
        model = ScriptedModel([""], context_tokens=self.BASE + 10)
        assert build(model, [])[0] == self.BASE
        with pytest.raises(PromptTooLong, match=f"{self.BASE + 1} tokens") as caught:
            build(model, [], Question("Which blue lid?"))
        assert caught.value.field == "question"

    def test_no_passage_fits_names_the_settings(self) -> None:
        with pytest.raises(PromptTooLong, match="RAG_EVIDENCE_TOKENS") as caught:
            build(ScriptedModel([""]), [hit(0, "word " * 200)], evidence_tokens=100)
        assert caught.value.field == "question"


short_texts = st.lists(st.sampled_from(["a", "lid", "{number}", "x" * 30, "漢"]), min_size=1, max_size=30).map(" ".join)


@given(
    st.lists(short_texts, max_size=8),
    short_texts,
    st.lists(st.builds(Turn, short_texts, short_texts), max_size=3),
    st.integers(1, 300),
    st.integers(1, 60),
    st.integers(1, 120),
)
def test_never_more_than_the_context(
    texts: list[str], question: str, history: list[Turn], context: int, max_tokens: int, evidence_tokens: int
) -> None:
    model = ScriptedModel([""], context_tokens=context)
    hits = [hit(row, text) for row, text in enumerate(texts)]
    asked = Question(question, history=tuple(history))
    try:
        built = build_prompt(model, asked, hits, max_tokens=max_tokens, evidence_tokens=evidence_tokens)
    except PromptTooLong:
        return
    evidence = built.hits
    assert len(model.prompt(built.chat).tokens) + max_tokens <= context
    assert evidence == [found for found in hits if found in evidence]
    said = built.chat[-1].text
    ending = QUESTION.format(passages="", question=question)
    assert said.endswith(ending)
    passages = said.removesuffix(ending)
    assert model.count_tokens(passages) <= evidence_tokens
    assert all(found.passage.chunk.text in passages for found in evidence)
