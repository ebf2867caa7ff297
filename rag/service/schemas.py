"""Schemas of HTTP requests and responses: the contract of docs/api.md."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from rag.domain.file_status import FileRow, FileStatus
from rag.domain.values import Answer, Certainty, Document, Hit, Page, Question, Reason, Turn, Verdict
from rag.service.media_types import has_page_images
from rag.service.uploads.folder import Stored
from rag.service.uploads.ingest_jobs import IngestJobStatus

MAX_QUESTION = 4000
MAX_HISTORY = 20
MAX_DOCUMENTS = 1000


def _has_words(text: str) -> str:
    if not any(character.isalnum() for character in text):
        raise ValueError("there is no word in it")
    return text


Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION), AfterValidator(_has_words)
]
Points = tuple[float, float, float, float]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TurnBody(_Body):
    """An earlier question of the same conversation, and its answer."""

    question: Text
    answer: Annotated[str, StringConstraints(max_length=MAX_QUESTION)]


class AskBody(_Body):
    """A question.

    Unknown fields are refused, so that a misspelt one is noticed.
    """

    question: Text
    documents: Annotated[tuple[str, ...], Field(max_length=MAX_DOCUMENTS, description="names to search in")] = ()
    history: Annotated[tuple[TurnBody, ...], Field(max_length=MAX_HISTORY)] = ()
    max_tokens: Annotated[int | None, Field(ge=1, le=4096)] = None
    stream: bool = False

    def to_domain(self) -> Question:
        """The question as a domain value."""
        history = tuple(Turn(turn.question, turn.answer) for turn in self.history)
        return Question(self.question, self.documents, history, self.max_tokens)


class SentenceBody(_Body):
    """A sentence of the answer; ``citations`` are ids of the answer's citations."""

    text: str
    verdict: Verdict
    citations: tuple[int, ...]


class CitationBody(_Body):
    """A verbatim quote: ``page_text[start:end] == quote``. ``boxes`` in PDF points, origin top left."""

    id: int
    document: str
    document_id: str
    page: Annotated[int, Field(description="1-based")]
    quote: str
    start: int
    end: int
    boxes: tuple[Points, ...]
    score: float
    url: Annotated[str, Field(description="picture of the page with the quote highlighted")]


class UsageBody(_Body):
    """Tokens of the language model."""

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


class AnswerBody(_Body):
    """An answer. Not in the documents is ``answered: false``, with the nearest passages as citations."""

    id: str
    question: str
    answer: str
    answered: bool
    reason: Reason | None
    certainty: Certainty | None
    confidence: Annotated[float, Field(ge=0, le=1)]
    sentences: tuple[SentenceBody, ...]
    citations: tuple[CitationBody, ...]
    model: str
    index: str
    usage: UsageBody
    timings_ms: dict[str, float]

    @classmethod
    def of(cls, answer: Answer) -> AnswerBody:
        """The schema of an answer."""
        citations = [
            {
                **asdict(citation),
                "url": page_url(citation.document, citation.document_id, citation.page, citation.start, citation.end),
            }
            for citation in answer.citations
        ]
        return cls.model_validate({**asdict(answer), "citations": citations})


def page_url(name: str, document_id: str, page: int, start: int, end: int) -> str:
    """Path of a page's image with ``start`` to ``end`` of its text highlighted; of its text, if it has no image."""
    suffix = ".png" if has_page_images(name) else ""
    return f"/documents/{document_id}/pages/{page}{suffix}?start={start}&end={end}"


class PassageBody(_Body):
    """A passage that the answer is generated from."""

    document: str
    document_id: str
    page: int
    headings: tuple[str, ...]
    text: str
    start: int
    end: int
    score: float

    @classmethod
    def of(cls, hit: Hit) -> PassageBody:
        """The schema of a passage."""
        passage = hit.passage
        return cls(
            document=passage.document.name,
            document_id=passage.document.id,
            page=passage.chunk.span.page,
            headings=passage.chunk.headings,
            text=passage.chunk.text,
            start=passage.chunk.span.start,
            end=passage.chunk.span.end,
            score=round(hit.score, 4),
        )


class DocumentBody(_Body):
    """A document of the index; ``reason`` tells which parts of it could not be read."""

    id: str
    name: str
    names: tuple[str, ...]
    title: str
    pages: int
    size: int
    status: FileStatus
    reason: str | None
    added: Annotated[str | None, Field(description="when the index got it, in ISO 8601; null where it is unknown")]

    @classmethod
    def of(cls, document: Document, row: FileRow | None, added: datetime | None) -> DocumentBody:
        """The schema of a document, with its row in the ingest report, and the time when it was added."""
        return cls(
            id=document.id,
            name=document.name,
            names=document.names,
            title=document.title,
            pages=document.pages,
            size=document.size,
            status=row.status if row else "ok",
            reason=row.reason if row else None,
            added=added.isoformat(timespec="seconds") if added else None,
        )


class UnreadBody(_Body):
    """A file that is not in the index, and why."""

    name: str
    status: FileStatus
    reason: str | None

    @classmethod
    def of(cls, row: FileRow) -> UnreadBody:
        """The file as it is sent."""
        return cls(name=row.path, status=row.status, reason=row.reason)


class DocumentsBody(_Body):
    """All documents of the served generation, and the files that the run which published it could not read."""

    index: str
    published: Annotated[str, Field(description="when that was, in ISO 8601")]
    documents: tuple[DocumentBody, ...]
    unread: tuple[UnreadBody, ...]


class PageBody(_Body):
    """The text of a page, which offsets of citations refer to; ``boxes`` of the requested range."""

    document: str
    document_id: str
    page: int
    pages: int
    text: str
    width: float
    height: float
    has_picture: bool
    boxes: tuple[Points, ...]

    @classmethod
    def of(cls, document: Document, page: Page, start: int, end: int) -> PageBody:
        """The schema of a page, with the boxes of ``text[start:end]``."""
        return cls(
            document=document.name,
            document_id=document.id,
            page=page.number,
            pages=document.pages,
            text=page.text,
            width=page.width,
            height=page.height,
            has_picture=has_page_images(document.name),
            boxes=page.boxes(start, end),
        )


class LimitsBody(_Body):
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


class AddingBody(_Body):
    """Uploads: whether they are on, and which documents are accepted."""

    enabled: bool
    max_bytes: int
    suffixes: tuple[str, ...]


class InfoBody(_Body):
    """Versions, model, encoder, index and limits of the running service."""

    title: str
    version: str
    model: str
    encoder: dict[str, str | int | bool]
    index: str | None
    limits: LimitsBody
    adding: AddingBody


class UploadBody(_Body):
    """A document in the upload folder; it can be found once the ingest job has read it."""

    name: str
    size: int
    sha256: str
    replaced: Annotated[bool, Field(description="whether another one of its name was there before")]

    @classmethod
    def of(cls, stored: Stored) -> UploadBody:
        """The schema of a stored document."""
        return cls(name=stored.name, size=stored.size, sha256=stored.sha256, replaced=stored.replaced)


class IngestedFileBody(_Body):
    """A file of the latest ingest run."""

    name: str
    status: FileStatus
    reason: str | None
    pages: int

    @classmethod
    def of(cls, row: FileRow) -> IngestedFileBody:
        """The file as it is sent."""
        return cls(name=row.path, status=row.status, reason=row.reason, pages=row.pages)


class IngestBody(_Body):
    """Status of the latest ingest run; see :class:`rag.service.uploads.ingest_jobs.IngestJobStatus`."""

    state: Literal["idle", "running", "finished", "failed"]
    stage: str | None
    done: int
    total: int
    share: Annotated[float, Field(ge=0, le=1, description="of the whole work")]
    seconds_left: float | None
    started: str | None
    finished: str | None
    index: str | None
    error: str | None
    again: Annotated[bool, Field(description="whether another run follows")]
    files: tuple[IngestedFileBody, ...]

    @classmethod
    def of(cls, status: IngestJobStatus) -> IngestBody:
        """The status as it is sent."""
        files = tuple(IngestedFileBody.of(row) for row in status.files)
        return cls.model_validate({**vars(status), "files": files})


class StateBody(_Body):
    """Health of the service."""

    status: str
    reason: str | None = None
    model: str | None = None
    index: str | None = None
