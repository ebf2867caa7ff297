"""Schemas of HTTP requests and responses: the contract of docs/api.md."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from rag.domain.file_status import FileRow, FileStatus
from rag.domain.values import (
    Answer,
    Certainty,
    Citation,
    Document,
    Form,
    Hit,
    Length,
    Page,
    Question,
    Reason,
    Sentence,
    SentenceKind,
    SentenceVerified,
    Strictness,
    Turn,
    Verdict,
)
from rag.runtime.background import BackgroundStatus
from rag.service.media_types import has_page_images
from rag.service.page_links import PageLinks
from rag.service.uploads.schemas import AddingBody

MAX_QUESTION = 4000
MAX_HISTORY = 20
MAX_DOCUMENTS = 1000
MAX_COLLECTIONS = 20

_PLAIN = PageLinks()


def _has_words(text: str) -> str:
    if not any(character.isalnum() for character in text):
        raise ValueError("there is no word in it")
    return text


Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION), AfterValidator(_has_words)
]
# Four numbers of one kind are an array to JSON Schema, which has another word for tuples that few tools know.
Points = Annotated[
    tuple[float, float, float, float],
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}),
]
# Where one collection was asked, it need not be told for each document.
Home = Annotated[
    str | None,
    Field(exclude_if=lambda name: name is None, description="that has the document; where several were asked"),
]
# As the schema says: pydantic would take "yes" and 1 for true, and "5" for 5.
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=1)]


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
    collection: Annotated[str | None, Field(description="to answer from; `GET /collections` lists them")] = None
    collections: Annotated[
        tuple[str, ...],
        Field(max_length=MAX_COLLECTIONS, description="several to answer from, in place of `collection`"),
    ] = ()
    history: Annotated[tuple[TurnBody, ...], Field(max_length=MAX_HISTORY)] = ()
    length: Annotated[Length, Field(description="short: the direct answer alone; full: all that is stated")] = "normal"
    strictness: Annotated[
        Strictness, Field(description="strict: fewer answers to what the documents do not say; lenient: more answers")
    ] = "normal"
    max_tokens: Annotated[Count | None, Field(le=4096, description="lowered to half of the model's context")] = None
    stream: Flag = False

    @model_validator(mode="after")
    def _names_them_once(self) -> AskBody:
        if self.collection is not None and self.collections:
            raise ValueError("collection is for one collection, and collections for several: leave one of them out")
        return self

    def to_domain(self, *, context_tokens: int | None = None) -> Question:
        """The question as a domain value.

        Args:
            context_tokens: of the model. An answer gets half of it at most, or no passage would fit beside it; None
                leaves ``max_tokens`` as it is.
        """
        history = tuple(Turn(turn.question, turn.answer) for turn in self.history)
        half = context_tokens // 2 if context_tokens else self.max_tokens
        limit = min(self.max_tokens, half) if self.max_tokens and half else None
        return Question(self.question, self.documents, history, limit, self.length, self.strictness)


class SentenceBody(_Body):
    """A sentence, list item or table row of the answer; ``citations`` are ids of the answer's citations."""

    text: Annotated[str, Field(description="cells of a row are separated by ' | '")]
    kind: SentenceKind
    verdict: Verdict
    confidence: Annotated[float | None, Field(ge=0, le=1, description="null where it is not calibrated")]
    citations: tuple[int, ...]
    original: Annotated[
        str | None,
        Field(
            exclude_if=lambda text: text is None,
            description="the document's sentence that text translates; left out where it is no translation",
        ),
    ] = None

    @classmethod
    def of(cls, sentence: Sentence) -> SentenceBody:
        """The schema of a sentence."""
        return cls.model_validate(asdict(sentence))


class CitationBody(_Body):
    """A verbatim quote: ``page_text[start:end] == quote``. ``boxes`` in PDF points, origin top left."""

    id: int
    document: str
    document_id: str
    page: Annotated[int, Field(description="1-based")]
    label: Annotated[str | None, Field(description="the number that is printed on the page")]
    quote: str
    start: int
    end: int
    boxes: tuple[Points, ...]
    score: float
    url: Annotated[str, Field(description="picture of the page with the quote highlighted")]
    collection: Home = None

    @classmethod
    def of(cls, citation: Citation, links: PageLinks) -> CitationBody:
        """The schema of a citation."""
        url = links.url(citation.document, citation.document_id, citation.page, citation.start, citation.end)
        return cls.model_validate({**asdict(citation), "url": url, "collection": links.homes.get(citation.document_id)})


class VerifiedBody(_Body):
    """A verified sentence of an answer in progress, and the citations that it is the first to use."""

    sentence: SentenceBody
    citations: tuple[CitationBody, ...]

    @classmethod
    def of(cls, verified: SentenceVerified, links: PageLinks) -> VerifiedBody:
        """The schema of a verified sentence."""
        citations = tuple(CitationBody.of(citation, links) for citation in verified.citations)
        return cls(sentence=SentenceBody.of(verified.sentence), citations=citations)


class UsageBody(_Body):
    """Tokens of the language model."""

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


class AnswerBody(_Body):
    """An answer. Not in the documents is ``answered: false``, with the nearest passages as citations."""

    id: str
    question: str
    answer: Annotated[str, Field(description="Markdown with lists, tables and bold, and nothing else")]
    short_answer: Annotated[str | None, Field(description="the value alone, such as a name, a number or Yes")]
    form: Annotated[Form, Field(description="of the answer that the question asks for")]
    answered: bool
    reason: Reason | None
    certainty: Certainty | None
    confidence: Annotated[float | None, Field(ge=0, le=1)]
    sentences: tuple[SentenceBody, ...]
    missing: Annotated[tuple[str, ...], Field(description="parts of the question for which nothing was found")]
    citations: tuple[CitationBody, ...]
    model: str
    index: str
    collection: Annotated[
        str | None,
        Field(exclude_if=lambda name: name is None, description="left out for the default one, and for several"),
    ] = None
    collections: Annotated[
        tuple[str, ...], Field(exclude_if=lambda names: not names, description="those that were asked, if several")
    ] = ()
    usage: UsageBody
    timings_ms: dict[str, float]

    @classmethod
    def of(cls, answer: Answer, links: PageLinks = _PLAIN) -> AnswerBody:
        """The schema of an answer; ``links`` are those of the collection that it is from."""
        citations = [CitationBody.of(citation, links) for citation in answer.citations]
        asked = {"collection": links.collection, "collections": links.collections}
        return cls.model_validate({**asdict(answer), **asked, "citations": citations})


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
    collection: Home = None

    @classmethod
    def of(cls, hit: Hit, links: PageLinks = _PLAIN) -> PassageBody:
        """The schema of a passage; ``links`` are those of the collections that are asked."""
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
            collection=links.homes.get(passage.document.id),
        )


class DocumentBody(_Body):
    """A document of the index; ``reason`` tells which parts of it could not be read."""

    id: str
    name: str
    names: tuple[str, ...]
    title: str
    author: Annotated[str | None, Field(description="as the file's properties give it")]
    created: Annotated[str | None, Field(description="date in the file's properties, such as 2024-05-31")]
    language: Annotated[str | None, Field(description="of most of its text, such as German; null where it is unknown")]
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
            author=document.author,
            created=document.created,
            language=document.language,
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
    label: Annotated[str | None, Field(description="the number that is printed on the page")]
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
            label=page.label,
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
    requests_per_minute: Annotated[int | None, Field(description="of the key that was sent; null: any number")]


class BackgroundBody(_Body):
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


class VectorsBody(_Body):
    """Vectors of an index whose text was published before them: passages are found by their words alone until then."""

    done: Annotated[int, Field(description="passages whose vectors are computed, as far as is known")]
    total: Annotated[int, Field(description="all passages")]


class InfoBody(_Body):
    """Versions, model, encoder, index and limits of the running service."""

    title: str
    version: str
    model: str
    encoder: dict[str, str | int | bool]
    index: str | None
    limits: LimitsBody
    adding: AddingBody
    feedback: Annotated[bool, Field(description="whether this client may say what it thinks of answers")]
    background: BackgroundBody
    vectors: Annotated[VectorsBody | None, Field(description="null where the index has all vectors")]


class StateBody(_Body):
    """Health of the service."""

    status: str
    reason: str | None = None
    model: str | None = None
    index: str | None = None
