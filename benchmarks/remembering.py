"""Memoizing models, for benchmarks that ask the same again: in many variants, or after an interruption."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.journal import Journal
from rag.answering.records import prompt_digest
from rag.domain.values import Usage
from rag.models.embedding.interfaces import FloatVector, Reranker
from rag.models.llm.language_model import (
    Finish,
    Generated,
    LanguageModel,
    Message,
    Prompt,
    RefusalProbability,
    Token,
)
from rag.runtime.cancellation import Cancellation
from rag.runtime.files import write_atomically


class RememberingReranker:
    """Keeps what another says in a file, from run to run."""

    def __init__(self, reranker: Reranker, path: Path) -> None:
        """``path`` may not exist yet; it belongs to this one reranker's weights."""
        self._reranker = reranker
        self._path = path
        self._known: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}
        self._saved = len(self._known)

    def logits(self, question: str, texts: Sequence[str]) -> FloatVector:
        """See :class:`rag.models.embedding.Reranker`."""
        keys = [key_of(question, text) for text in texts]
        if new := [position for position, key in enumerate(keys) if key not in self._known]:
            found = self._reranker.logits(question, [texts[position] for position in new])
            self._known |= {keys[position]: float(p) for position, p in zip(new, found, strict=True)}
        return np.array([self._known[key] for key in keys], dtype=np.float32)

    def save(self) -> None:
        """Writes what it knows, if there is something new."""
        if len(self._known) > self._saved:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, json.dumps(self._known))
            self._saved = len(self._known)


def key_of(question: str, text: str) -> str:
    """The pair, in few characters."""
    return hashlib.sha256(f"logit\0{question}\0{text}".encode()).hexdigest()[:16]


class RememberingModel:
    """Keeps what a language model generates in a journal, as soon as it is generated, and says it again.

    By the model's name, the prompt's tokens and what the generation is held to. A generation that its user has broken
    off is kept as far as it went; where more of it is wanted, the model is asked anew, which at temperature 0 says the
    same.
    """

    def __init__(self, model: LanguageModel, journal: Journal) -> None:
        """``journal`` may hold what several models have said."""
        self._model = model
        self._journal = journal
        self._generated: dict[str, list[Generated]] = {}
        self._chances: dict[str, float] = {}
        for row in journal.rows():
            if "chance" in row:
                self._chances[row["key"]] = row["chance"]
            else:
                self._generated[row["key"]] = [_piece(*piece) for piece in row["pieces"]]

    @property
    def name(self) -> str:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        return self._model.name

    @property
    def context_tokens(self) -> int:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        return self._model.context_tokens

    def count_tokens(self, text: str) -> int:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        return self._model.count_tokens(text)

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        return self._model.prompt(messages)

    def close(self) -> None:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        self._model.close()

    def generate(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        cancelled: Cancellation,
        vocabulary: str | None = None,
        refusal: str | None = None,
    ) -> Iterator[Generated]:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        key = self._key(prompt, max_tokens, vocabulary, refusal)
        known = self._generated.get(key, [])
        yield from known
        if known and isinstance(known[-1], Finish):
            return
        pieces: list[Generated] = []
        try:
            for piece in self._model.generate(
                prompt, max_tokens=max_tokens, cancelled=cancelled, vocabulary=vocabulary, refusal=refusal
            ):
                pieces.append(piece)
                if len(pieces) > len(known):
                    yield piece
        finally:
            if len(pieces) > len(known):
                self._generated[key] = pieces
                self._journal.append({"key": key, "pieces": [_written(piece) for piece in pieces]})

    def chance(self, prompt: Prompt, yes: Sequence[str], no: Sequence[str], cancelled: Cancellation) -> float:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        key = self._key(prompt, list(yes), list(no))
        if key not in self._chances:
            self._chances[key] = float(self._model.chance(prompt, yes, no, cancelled))
            self._journal.append({"key": key, "chance": self._chances[key]})
        return self._chances[key]

    def _key(self, prompt: Prompt, *held_to: object) -> str:
        text = json.dumps([self._model.name, prompt_digest(prompt), *held_to])
        return hashlib.sha256(text.encode()).hexdigest()[:24]


def _written(piece: Generated) -> list[object]:
    if isinstance(piece, RefusalProbability):
        return ["refusal", float(piece.refusal_probability)]
    if isinstance(piece, Token):
        return ["token", piece.text, float(piece.probability)]
    usage = piece.usage
    return [piece.reason, usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens]


def _piece(kind: str, *values: object) -> Generated:
    """The inverse of :func:`_written`."""
    match kind, values:
        case "refusal", (float(probability),):
            return RefusalProbability(probability)
        case "token", (str(text), float(probability)):
            return Token(text, probability)
        case ("stop" | "length") as reason, (int(read), int(cached), int(generated)):
            return Finish(reason, Usage(read, cached, generated))
    raise ValueError(f"{kind} is no piece of a generation")
