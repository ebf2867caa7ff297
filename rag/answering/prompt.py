"""Prompt construction: the prompt texts, and passages packed into a token budget, each whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rag.domain.values import Hit, Question
from rag.errors import PromptTooLong
from rag.models.llm.language_model import LanguageModel, Message
from rag.text.prompt_injection import without_instructions

NOT_FOUND: Final = "NOT IN THE DOCUMENTS"

SYSTEM: Final = f"""\
Answer the question from the passages and from nothing else. \
Give only the answer itself, as briefly as possible and in the words of the passages: \
a name, a number, a date or a short phrase. If it is a yes/no question, answer Yes or No. \
If the passages do not say it, reply with exactly: {NOT_FOUND}"""

PASSAGE: Final = "# {document}{headings}\n{text}"

QUESTION: Final = "{passages}\n\nQuestion: {question}"

# The vocabulary of an answer is the words of its question and passages, and these that join them.
JOINING: Final = "Yes No and or not , . ; :"

SELF_CHECK: Final = "Do the passages say so? Answer Yes or No."
YES: Final = ("Yes", "yes")
NO: Final = ("No", "no")


@dataclass(frozen=True)
class EvidencePrompt:
    """The prompt of a question with its evidence.

    Attributes:
        chat: system message, history, and the question with its passages.
        hits: those whose passages are in the chat, in its order.
    """

    chat: tuple[Message, ...]
    hits: Sequence[Hit]

    @property
    def vocabulary(self) -> str:
        """Text with every word that the answer may use; see the vocabulary mask of the model."""
        return f"{self.chat[-1].text}\n{JOINING}"


def build_prompt(
    model: LanguageModel, question: Question, hits: Sequence[Hit], *, max_tokens: int, evidence_tokens: int
) -> EvidencePrompt:
    """Builds the prompt from the question and as many hits as fit.

    Hits are taken in their order while they fit: both in ``evidence_tokens``, and in the room that instructions,
    history, question and ``max_tokens`` of answer leave in the model's context. A hit that does not fit is skipped, and
    the next one is tried.

    Raises:
        PromptTooLong: the question does not fit, or no passage does.
    """
    empty = model.prompt(_messages(question, []))
    room = model.context_tokens - max_tokens - empty.length
    if room < 0:
        raise PromptTooLong(
            f"the question and its history take {empty.length} tokens, which the context of "
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
    return EvidencePrompt(tuple(_messages(question, evidence)), evidence)


def _fitting(model: LanguageModel, hits: Sequence[Hit], budget: int) -> list[Hit]:
    evidence: list[Hit] = []
    for hit in hits:
        # Two line breaks between passages count too.
        cost = model.count_tokens(_passage(hit) + "\n\n") + 1
        if cost <= budget:
            evidence.append(hit)
            budget -= cost
    return evidence


def _messages(question: Question, evidence: Sequence[Hit]) -> list[Message]:
    passages = "\n\n".join(map(_passage, evidence))
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


def _passage(hit: Hit) -> str:
    passage = hit.passage
    return PASSAGE.format(
        document=passage.document.title,
        headings="".join(f" > {heading}" for heading in passage.chunk.headings[-1:]),
        text=without_instructions(passage.chunk.text),
    )
