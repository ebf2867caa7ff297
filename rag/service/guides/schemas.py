"""Schemas of guides: of one document, and of all documents of an index together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, islice, zip_longest
from typing import Annotated, Final, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from rag.domain.values import Document
from rag.index.generation import Generation
from rag.service.guides.guide import DocumentKind, GuideQuote, GuideSentence, SourceGuide
from rag.service.page_links import PageLinks
from rag.service.schemas.ask import CitationBody

GuideState: TypeAlias = Literal["off", "waiting", "making", "ready"]

# Of a guide to all documents: sentences, topics and questions.
_MOST_SENTENCES: Final = 6
_MOST_TOPICS: Final = 12
_MOST_QUESTIONS: Final = 9

_T = TypeVar("_T")


class _GuideBody(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SummarySentenceBody(_GuideBody):
    """A sentence of a summary; ``citations`` are ids of the guide's citations."""

    text: str
    citations: tuple[int, ...]


class TopicBody(_GuideBody):
    """A key topic, and where it stands first: ``start`` and ``end`` in the text of the page."""

    text: str
    document: str
    document_id: str
    page: int
    start: int
    end: int


class SuggestionBody(_GuideBody):
    """A question that was tried: the documents answered it, from this page."""

    question: str
    document: str
    document_id: str
    page: int


class DocumentGuideBody(_GuideBody):
    """The guide of a document, as far as it is made."""

    document: str
    document_id: str
    title: str
    author: str | None
    created: Annotated[str | None, Field(description="date in the file's properties, such as 2024-05-31")]
    pages: int
    kind: Annotated[DocumentKind | None, Field(description="null where it is not known")]
    language: str | None
    state: Annotated[GuideState, Field(description="`off` where this service makes no guides")]
    summary: tuple[SummarySentenceBody, ...]
    citations: tuple[CitationBody, ...]
    topics: tuple[TopicBody, ...]
    questions: tuple[SuggestionBody, ...]


class CountBody(_GuideBody):
    """Number of documents of a kind, or in a language."""

    name: str
    count: int


class CollectionGuideBody(_GuideBody):
    """The guide of all documents of the served index together, of what their own guides have so far."""

    index: str
    state: GuideState
    documents: int
    ready: Annotated[int, Field(description="documents whose guide is whole")]
    pages: int
    kinds: tuple[CountBody, ...]
    languages: tuple[CountBody, ...]
    summary: Annotated[tuple[SummarySentenceBody, ...], Field(description="a sentence for each of some documents")]
    citations: tuple[CitationBody, ...]
    topics: tuple[TopicBody, ...]
    questions: tuple[SuggestionBody, ...]


class _GuideCitations:
    """Citations of a guide, numbered from 1."""

    def __init__(self, generation: Generation, links: PageLinks) -> None:
        self.all: list[CitationBody] = []
        self._generation = generation
        self._links = links

    def add(self, document: Document, sentence: GuideSentence) -> SummarySentenceBody:
        """The schema of a sentence, whose quotes become citations."""
        ids = []
        for quote in sentence.quotes:
            ids.append(len(self.all) + 1)
            self.all.append(self._citation(ids[-1], document, quote))
        return SummarySentenceBody(text=sentence.text, citations=tuple(ids))

    def _citation(self, number: int, document: Document, quote: GuideQuote) -> CitationBody:
        page = self._generation.page(document.id, quote.page)
        return CitationBody(
            id=number,
            document=document.name,
            document_id=document.id,
            page=quote.page,
            label=page.label,
            quote=quote.text,
            start=quote.start,
            end=quote.end,
            boxes=page.boxes(quote.start, quote.end),
            score=1.0,
            url=self._links.url(document.name, document.id, quote.page, quote.start, quote.end),
        )


def document_guide(
    generation: Generation, document: Document, guide: SourceGuide | None, *, is_on: bool, links: PageLinks
) -> DocumentGuideBody:
    """The schema of one guide.

    Args:
        generation: that has the document.
        document: of the guide.
        guide: as far as it is made; None where it is not begun.
        is_on: whether this service makes guides.
        links: of the collection that the document belongs to.
    """
    citations = _GuideCitations(generation, links)
    summary = tuple(citations.add(document, sentence) for sentence in (guide.summary if guide else None) or ())
    return DocumentGuideBody(
        document=document.name,
        document_id=document.id,
        title=document.title,
        author=document.author,
        created=document.created,
        pages=document.pages,
        kind=guide.kind if guide else None,
        language=guide.language if guide else None,
        state=_state(guide, is_on=is_on),
        summary=summary,
        citations=tuple(citations.all),
        topics=_topics(document, guide),
        questions=_questions(document, guide),
    )


def collection_guide(
    generation: Generation, guides: Sequence[tuple[Document, SourceGuide | None]], *, is_on: bool, links: PageLinks
) -> CollectionGuideBody:
    """The schema of the guide of all documents; arguments as those of :func:`document_guide`."""
    begun = [(document, guide) for document, guide in guides if guide]
    ready = sum(guide.is_whole for _, guide in begun)
    citations = _GuideCitations(generation, links)
    first = [(document, guide.summary[0]) for document, guide in begun if guide.summary]
    summary = tuple(citations.add(document, sentence) for document, sentence in _spread(first, _MOST_SENTENCES))
    state: GuideState = "ready" if ready == len(guides) else "making"
    return CollectionGuideBody(
        index=generation.id,
        state=state if is_on else "off",
        documents=len(guides),
        ready=ready,
        pages=sum(document.pages for document, _ in guides),
        kinds=_counted(guide.kind for _, guide in begun),
        languages=_counted(guide.language for _, guide in begun),
        summary=summary,
        citations=tuple(citations.all),
        topics=_in_turns((_topics(*each) for each in begun), _MOST_TOPICS),
        questions=_in_turns((_questions(*each) for each in begun), _MOST_QUESTIONS),
    )


def _state(guide: SourceGuide | None, *, is_on: bool) -> GuideState:
    if guide and guide.is_whole:
        return "ready"
    if not is_on:
        return "off"
    return "making" if guide else "waiting"


def _topics(document: Document, guide: SourceGuide | None) -> tuple[TopicBody, ...]:
    return tuple(
        TopicBody(
            text=topic.text,
            document=document.name,
            document_id=document.id,
            page=topic.place.page,
            start=topic.place.start,
            end=topic.place.end,
        )
        for topic in (guide.topics if guide else ())
    )


def _questions(document: Document, guide: SourceGuide | None) -> tuple[SuggestionBody, ...]:
    return tuple(
        SuggestionBody(question=each.question, document=document.name, document_id=document.id, page=each.page)
        for each in (guide.questions if guide else ())
    )


def _counted(names: Iterable[str | None]) -> tuple[CountBody, ...]:
    return tuple(CountBody(name=name, count=count) for name, count in Counter(filter(None, names)).most_common())


def _spread(listed: Sequence[_T], most: int) -> list[_T]:
    if len(listed) <= most:
        return list(listed)
    return [listed[place * len(listed) // most] for place in range(most)]


def _in_turns(rows: Iterable[Sequence[_T]], most: int) -> tuple[_T, ...]:
    """The first of each row, then the second of each, and so on, up to ``most``."""
    return tuple(islice((each for each in chain.from_iterable(zip_longest(*rows)) if each is not None), most))
