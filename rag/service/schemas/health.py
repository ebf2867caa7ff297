"""Schemas of the state of the service: ``GET /info``, and health."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import Field

from rag.runtime.background import BackgroundStatus
from rag.service.language_model.schemas import LanguageModelBody
from rag.service.schemas.fields import Body
from rag.service.uploads.schemas import AddingBody


class LimitsBody(Body):
    """The limits in force."""

    question_characters: int
    history_turns: int
    context_tokens: int
    evidence_tokens: int
    passages: int
    answer_tokens: int
    parallel_answers: int
    waiting_requests: int
    answer_seconds: float
    body_bytes: int
    requests_per_minute: Annotated[int | None, Field(description="of the key that was sent; null: any number")]


class BackgroundBody(Body):
    """Work in the background: the job that runs, which makes way for questions, and those that wait."""

    job: Annotated[str | None, Field(description="kind of the job that runs")]
    state: Annotated[Literal["idle", "running", "paused"], Field(description="`paused` while a question is answered")]
    done: Annotated[int, Field(description="progress of the job, in units of its own")]
    total: Annotated[int, Field(description="0 where it does not tell")]
    waiting: Annotated[tuple[str, ...], Field(description="kinds of the jobs that wait, the next first")]

    @classmethod
    def of(cls, status: BackgroundStatus) -> BackgroundBody:
        """The state of the queue as it is sent."""
        return cls(**asdict(status))


class VectorsBody(Body):
    """Vectors of an index whose text was published before them: passages are found by their words alone until then."""

    done: Annotated[int, Field(description="passages whose vectors are computed, as far as is known")]
    total: Annotated[int, Field(description="all passages")]


class InfoBody(Body):
    """Versions, model, encoder, index and limits of the running service."""

    title: str
    version: str
    model: str
    language_model: LanguageModelBody
    encoder: dict[str, str | int | bool]
    index: str | None
    limits: LimitsBody
    adding: AddingBody
    feedback: Annotated[bool, Field(description="whether this client may say what it thinks of answers")]
    background: BackgroundBody
    vectors: Annotated[VectorsBody | None, Field(description="null where the index has all vectors")]


class StateBody(Body):
    """Health of the service."""

    status: str
    reason: str | None = None
    model: str | None = None
    index: str | None = None
