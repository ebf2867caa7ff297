"""Schemas of questions and answers: ``POST /ask``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from rag.domain.values import (
    Answer,
    Certainty,
    Citation,
    Form,
    Hit,
    Length,
    Question,
    Reason,
    Sentence,
    SentenceKind,
    SentenceVerified,
    Strictness,
    Turn,
    Verdict,
)
from rag.service.page_links import PageLinks
from rag.service.schemas.fields import (
    MAX_COLLECTIONS,
    MAX_DOCUMENTS,
    MAX_HISTORY,
    MAX_QUESTION,
    Body,
    Count,
    Flag,
    Home,
    Points,
    Text,
)

_PLAIN = PageLinks()


class TurnBody(Body):
    """An earlier question of the same conversation, and its answer."""

    question: Text
    answer: Annotated[str, StringConstraints(max_length=MAX_QUESTION)]


class AskBody(Body):
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


class SentenceBody(Body):
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


class CitationBody(Body):
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


class VerifiedBody(Body):
    """A verified sentence of an answer in progress, and the citations that it is the first to use."""

    sentence: SentenceBody
    citations: tuple[CitationBody, ...]

    @classmethod
    def of(cls, verified: SentenceVerified, links: PageLinks) -> VerifiedBody:
        """The schema of a verified sentence."""
        citations = tuple(CitationBody.of(citation, links) for citation in verified.citations)
        return cls(sentence=SentenceBody.of(verified.sentence), citations=citations)


class UsageBody(Body):
    """Tokens of the language model."""

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


class AnswerBody(Body):
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


class PassageBody(Body):
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
