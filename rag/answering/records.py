"""Answer records: the question, the setup that answered it, and the trace of the answer, as JSON."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import AliasChoices, Field, model_validator

from rag.answering.answer_builder import POSSIBLY
from rag.answering.trace import AnswerTrace
from rag.domain.frozen_model import FrozenModel
from rag.domain.values import (
    Certainty,
    Citation,
    Form,
    Hit,
    Length,
    Question,
    Sentence,
    SentenceKind,
    Strictness,
    Turn,
    Verdict,
)
from rag.models.llm.language_model import Prompt

FORMAT: Final = 5
_ID: Final = re.compile(r"[0-9a-f]{32}")
_DIGEST: Final = r"[0-9a-f]{64}"


class ModelIdentity(FrozenModel):
    """Identity of a model: its name, and the SHA-256 of its main weights file.

    For a model on a server, the SHA-256 is of the server's address and the model's name there.
    """

    name: str
    sha256: str


class Setup(FrozenModel):
    """The program, models and settings that answer. While they are the same, so is the text of an answer.

    Attributes:
        versions: of the program and of the numerical libraries, and the name of the processor.
        encoder: its identity, as in the manifest of an index.
        confidence_model: its digest.
        whole_confidence_model: digest of that for answers of several sentences; None before format 5.
        settings: those that influence answers, by the name of their environment variable.
    """

    versions: dict[str, str]
    model: ModelIdentity
    encoder: dict[str, str | int | bool]
    reranker: ModelIdentity | None
    # Records of format 3, which Pageproof 0.1 wrote, call it judge.
    confidence_model: str = Field(validation_alias=AliasChoices("confidence_model", "judge"))
    whole_confidence_model: str | None = None
    settings: dict[str, int | float | str]


class TurnRecord(FrozenModel):
    """An earlier question of the same conversation, and its answer."""

    question: str
    answer: str


class QuestionRecord(FrozenModel):
    """A question; ``max_tokens`` is None where it was not given, so that the setting applied."""

    text: str
    documents: tuple[str, ...] = ()
    history: tuple[TurnRecord, ...] = ()
    max_tokens: int | None = None
    length: Length = "normal"
    strictness: Strictness = "normal"

    @classmethod
    def of(cls, question: Question) -> QuestionRecord:
        """The record of a question."""
        return cls(
            text=question.text,
            documents=question.documents,
            history=tuple(TurnRecord(question=turn.question, answer=turn.answer) for turn in question.history),
            max_tokens=question.max_tokens,
            length=question.length,
            strictness=question.strictness,
        )

    def to_domain(self) -> Question:
        """The inverse of :meth:`of`."""
        history = tuple(Turn(turn.question, turn.answer) for turn in self.history)
        return Question(self.text, self.documents, history, self.max_tokens, self.length, self.strictness)


class PlaceRecord(FrozenModel):
    """A span of a page: a passage that was read, or a quote. ``page`` is 1-based; offsets are of the page's text.

    ``label`` is the number that is printed on the page of a quote; None where there is none, and for passages.
    """

    document: str
    document_id: str
    page: int
    start: int
    end: int
    score: float
    label: str | None = None

    @classmethod
    def of_hit(cls, hit: Hit) -> PlaceRecord:
        """The place of a retrieved passage."""
        document, span = hit.passage.document, hit.passage.chunk.span
        return cls(
            document=document.name,
            document_id=document.id,
            page=span.page,
            start=span.start,
            end=span.end,
            score=round(hit.score, 4),
        )

    @classmethod
    def of_citation(cls, citation: Citation) -> PlaceRecord:
        """The place of a citation's quote."""
        return cls(
            document=citation.document,
            document_id=citation.document_id,
            page=citation.page,
            start=citation.start,
            end=citation.end,
            score=citation.score,
            label=citation.label,
        )

    @property
    def place(self) -> tuple[str, int, int, int]:
        """Document, page, start and end: the identity of a place."""
        return self.document_id, self.page, self.start, self.end


class SentenceRecord(FrozenModel):
    """A sentence of an answer, and its verdict.

    Attributes:
        kind: of the sentence; before format 5 always ``lead``.
        confidence: that its quotes state it, 0..1; None where it is not calibrated.
        quotes: of the record's quotes those that support it, from 1.
        original: see :class:`rag.domain.values.Sentence`.
    """

    text: str
    verdict: Verdict
    kind: SentenceKind = "lead"
    confidence: float | None = None
    quotes: tuple[int, ...] = ()
    original: str | None = None

    @classmethod
    def of(cls, sentence: Sentence) -> SentenceRecord:
        """The record of a sentence."""
        return cls(
            text=sentence.text,
            verdict=sentence.verdict,
            kind=sentence.kind,
            confidence=sentence.confidence,
            quotes=sentence.citations,
            original=sentence.original,
        )


class AnswerRecord(FrozenModel):
    """The record of an answer, with all that it depends on.

    Attributes:
        time: of the answer, in UTC, ISO 8601.
        manifest_sha256: of the generation that it was answered from.
        prompt_sha256: see :func:`prompt_digest`; None where the model was not asked.
        today: see :class:`rag.answering.trace.AnswerTrace`.
        passages: those that were read, best first.
        draft: the model's text before verification.
        form: of the answer; None before format 5.
        short_answer, missing: see :class:`rag.domain.values.Answer`.
    """

    format: Literal[3, 4, 5] = 5
    id: Annotated[str, Field(pattern=rf"^{_ID.pattern}$")]
    time: str
    question: QuestionRecord
    setup: Setup
    generation: str
    manifest_sha256: Annotated[str, Field(pattern=rf"^{_DIGEST}$")]
    prompt_sha256: Annotated[str, Field(pattern=rf"^{_DIGEST}$")] | None
    today: date | None = None
    passages: tuple[PlaceRecord, ...]
    draft: str
    answer: str
    reason: str | None
    certainty: Certainty | None = None
    form: Form | None = None
    short_answer: str | None = None
    missing: tuple[str, ...] = ()
    sentences: tuple[SentenceRecord, ...]
    quotes: tuple[PlaceRecord, ...]

    @model_validator(mode="before")
    @classmethod
    def _certainty_from_text(cls, data: Any) -> Any:  # noqa: ANN401 - parsed JSON
        """Sets the certainty of a record that has it in the answer's text, as Pageproof 0.1 wrote it."""
        if not isinstance(data, dict) or "certainty" in data or not isinstance(data.get("answer"), str):
            return data
        if data.get("reason") not in (None, "length"):
            return data
        text = data["answer"].removeprefix(POSSIBLY)
        return {**data, "answer": text, "certainty": "stated" if text == data["answer"] else "possible"}

    @classmethod
    def of(cls, trace: AnswerTrace, setup: Setup) -> AnswerRecord:
        """The record of an answer that has just been made."""
        answer = trace.answer
        return cls(
            id=answer.id,
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            question=QuestionRecord.of(trace.question),
            setup=setup,
            generation=trace.generation.id,
            manifest_sha256=trace.generation.manifest_digest,
            prompt_sha256=prompt_digest(trace.prompt) if trace.prompt else None,
            today=trace.today,
            passages=tuple(PlaceRecord.of_hit(hit) for hit in trace.hits),
            draft=trace.draft,
            answer=answer.answer,
            reason=answer.reason,
            certainty=answer.certainty,
            form=answer.form,
            short_answer=answer.short_answer,
            missing=answer.missing,
            sentences=tuple(SentenceRecord.of(sentence) for sentence in answer.sentences),
            quotes=tuple(PlaceRecord.of_citation(citation) for citation in answer.citations),
        )

    def to_bytes(self) -> bytes:
        """The record as indented JSON."""
        return self.model_dump_json(indent=1).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> AnswerRecord:
        """The inverse of :meth:`to_bytes`; ValueError where ``data`` is no record of this format."""
        return cls.model_validate_json(data)


def prompt_digest(prompt: Prompt) -> str:
    """SHA-256 of a prompt's tokens, each as four bytes, little-endian; of its messages as JSON where there are none."""
    if prompt.chat:
        chat = [[message.role, message.text] for message in prompt.chat]
        return hashlib.sha256(json.dumps(chat).encode()).hexdigest()
    return hashlib.sha256(np.array(prompt.tokens, dtype="<i4").tobytes()).hexdigest()


def is_record_id(text: str) -> bool:
    """True for the form of an answer's id: 32 hexadecimal digits, which is safe as a file name."""
    return _ID.fullmatch(text) is not None
