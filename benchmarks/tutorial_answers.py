"""Answers of the baseline: LangChain's RetrievalQA prompt over the best four pieces, one locked ``llama_cpp.Llama``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Final, Protocol

from benchmarks.tutorial import Piece
from rag.domain.values import Answer, Chunk, Document, Hit, Passage, Question, Span, Usage
from rag.evaluation.runner import RANKS
from rag.text.sentences import sentence_spans

# CHAT_PROMPT of langchain's question_answering/stuff_prompt.py: what RetrievalQA sends to a chat model.
SYSTEM: Final = """\
Use the following pieces of context to answer the user's question.
If you don't know the answer, just say that you don't know, don't try to make up an answer.
----------------
{context}"""
PIECES: Final = 4
MAX_TOKENS: Final = 256
# Four pieces of 1,000 characters, where each is a token at worst, and room for the rest.
_CONTEXT_TOKENS: Final = 8192

_SOURCE: Final = r"\b(?:context|text|passages?|documents?|information|excerpts?|article)\b"
_EXACTLY: Final = r"(?:(?:explicitly|specifically|directly|clearly) )?"
_SAID: Final = "(?:mentioned|provided|specified|stated|given|included|contained|found|discussed|addressed|described)"
_REFUSALS: Final = (
    r"\bi (?:do not|don't) (?:actually )?know\b",
    r"\bi(?:'m| am) (?:not sure|unsure)\b",
    r"\b(?:do|does) ?(?:not|n't) have (?:(?:any|enough|sufficient|specific|the|access to) )*"
    r"(?:information|context|data)\b",
    rf"\b(?:cannot|can not|can't|could not|couldn't|unable to|not able to|not possible to) {_EXACTLY}"
    r"(?:be )?(?:answer|determine|find|provide|say|tell|identify)",
    r"\bno (?:(?:specific|explicit|direct|relevant|clear) )?(?:information|mention|details?|data|answer)\b",
    rf"{_SOURCE}[^.]{{0,60}} (?:does not|doesn't|do not|don't) {_EXACTLY}"
    r"(?:mention|provide|specify|state|give|include|contain|say|discuss|address|describe)\b",
    rf"\bnot {_EXACTLY}{_SAID}(?: anywhere| explicitly)?(?: (?:in|by|within|from) [^.]{{0,40}}{_SOURCE}|\.?$)",
)
_REFUSAL: Final = re.compile("|".join(_REFUSALS), re.IGNORECASE)


def is_refusal(text: str) -> bool:
    """True if an answer says that it does not know: its first sentence has a common phrase for that.

    The first sentence only: a small model that answers, and then adds what it does not know, has answered. The phrases
    are those of "I don't know", "it cannot be determined" and "the context does not mention it" with their kin.
    """
    text = text.replace("’", "'")
    first = next((text[start:end] for start, end in sentence_spans(text)), "")
    return _REFUSAL.search(first) is not None


class ChatModel(Protocol):
    """Interface of ``llama_cpp.Llama``, as the tutorial needs it."""

    def create_chat_completion(
        self, messages: list[dict[str, str]], *, max_tokens: int, temperature: float
    ) -> dict[str, Any]:
        """The completion, in the form of OpenAI's."""


class SearchablePieces(Protocol):
    """Interface of the index, as the tutorial needs it."""

    def search(self, question: str, limit: int) -> Sequence[Piece]:
        """The nearest pieces, best first."""


def open_chat_model(file: Path, threads: int) -> ChatModel:
    """``Llama`` as it comes, but for a context that is large enough, and as many threads as ours has.

    Its own default is half of the cores.
    """
    from llama_cpp import Llama

    model: ChatModel = Llama(
        str(file), n_ctx=_CONTEXT_TOKENS, n_threads=threads, n_threads_batch=threads, verbose=False
    )
    return model


@dataclass(frozen=True)
class TutorialAnswerer:
    """Answers as the tutorial does, in the form that ours have, so that the same code judges them."""

    index: SearchablePieces
    model: ChatModel
    name: str
    lock: Lock = field(default_factory=Lock)

    def ask(self, question: Question) -> Answer:
        """The model's answer as it is: without citations, and refused where its words say so."""
        context = "\n\n".join(piece.text for piece in self.index.search(question.text, PIECES))
        messages = [
            {"role": "system", "content": SYSTEM.format(context=context)},
            {"role": "user", "content": question.text},
        ]
        with self.lock:
            made = self.model.create_chat_completion(messages, max_tokens=MAX_TOKENS, temperature=0.0)
        choice, usage = made["choices"][0], made["usage"]
        text = choice["message"]["content"].strip()
        refused = not text or is_refusal(text)
        return Answer(
            id=made["id"],
            question=question.text,
            answer=text,
            answered=not refused,
            reason="not_in_documents" if refused else "length" if choice["finish_reason"] == "length" else None,
            certainty=None if refused else "stated",
            confidence=1.0,
            sentences=(),
            citations=(),
            model=self.name,
            index="tutorial",
            usage=Usage(usage["prompt_tokens"], 0, usage["completion_tokens"]),
        )

    def retrieve(self, question: Question) -> list[Hit]:
        """The nearest pieces as hits."""
        return [_hit(row, piece) for row, piece in enumerate(self.index.search(question.text, RANKS))]


def _hit(rank: int, piece: Piece) -> Hit:
    document = Document(piece.document, (piece.document,), piece.document, piece.page, 0)
    chunk = Chunk(Span(piece.page, 0, len(piece.text)), piece.text)
    return Hit(Passage(rank, document, chunk), score=-float(rank))
