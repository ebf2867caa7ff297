"""Prompts as named constants, and evidence packed to a budget: a passage goes in whole, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rag.domain import Hit, Question
from rag.errors import PromptTooLong
from rag.generation import LanguageModel, Message, Prompt

NOT_FOUND: Final = "NOT IN THE DOCUMENTS"

SYSTEM: Final = f"""\
You answer questions from numbered passages and from nothing else. \
Answer in one short, complete sentence that uses the words, names and numbers of the passages. \
Use a second sentence only if the question asks for several things. \
If the passages do not say it, reply with exactly: {NOT_FOUND}"""

PASSAGE: Final = "[{number}] {document}, page {page}{headings}\n{text}"

QUESTION: Final = "{passages}\n\nQuestion: {question}"


def build_prompt(
    model: LanguageModel, question: Question, hits: Sequence[Hit], *, max_tokens: int, evidence_tokens: int
) -> tuple[Prompt, list[Hit]]:
    """The prompt, and the hits that are in it.

    Hits are taken in their order while they fit: both in ``evidence_tokens``, and in what the model's context leaves
    beside instructions, history, question and ``max_tokens`` of answer. One that does not fit is left out whole.

    Raises:
        PromptTooLong: not even the question fits, or not one passage.
    """
    empty = model.prompt(_messages(question, []))
    room = model.context_tokens - max_tokens - len(empty.tokens)
    if room < 0:
        raise PromptTooLong(
            f"the question and its history take {len(empty.tokens)} tokens, which the context of "
            f"{model.context_tokens} does not hold beside an answer of {max_tokens}; ask shorter, or lower max_tokens",
            "question",
        )
    evidence = _fitting(model, hits, min(room, evidence_tokens))
    if hits and not evidence:
        raise PromptTooLong(
            f"no passage fits: {min(room, evidence_tokens)} tokens are left; lower max_tokens, or raise "
            "RAG_CONTEXT_TOKENS or RAG_EVIDENCE_TOKENS",
            "question",
        )
    return model.prompt(_messages(question, evidence)), evidence


def _fitting(model: LanguageModel, hits: Sequence[Hit], budget: int) -> list[Hit]:
    evidence: list[Hit] = []
    for hit in hits:
        # Two line breaks between passages are part of the price.
        cost = model.count_tokens(_passage(len(evidence) + 1, hit) + "\n\n") + 1
        if cost <= budget:
            evidence.append(hit)
            budget -= cost
    return evidence


def _messages(question: Question, evidence: Sequence[Hit]) -> list[Message]:
    passages = "\n\n".join(_passage(number, hit) for number, hit in enumerate(evidence, start=1))
    history = [
        message
        for turn in question.history
        for message in (Message("user", turn.question), Message("assistant", turn.answer))
    ]
    return [
        Message("system", SYSTEM),
        *history,
        Message("user", QUESTION.format(passages=passages, question=question.text)),
    ]


def _passage(number: int, hit: Hit) -> str:
    passage = hit.passage
    return PASSAGE.format(
        number=number,
        document=passage.document.title,
        page=passage.chunk.span.page,
        headings="".join(f" > {heading}" for heading in passage.chunk.headings[-2:]),
        text=passage.chunk.text,
    )
