"""Maker of source guides: one small step at a time, each kept, so that it can be broken off and go on at any moment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from rag.answering.answerer import Answerer
from rag.domain.values import Answer, Document
from rag.errors import RequestFault
from rag.index.generation import Generation
from rag.index.layout import IndexLayout
from rag.runtime.cancellation import Cancellation
from rag.service.guides.guide import GuideQuote, GuideSentence, SourceGuide
from rag.service.guides.kinds import OPENING, kind_of
from rag.service.guides.questions import MOST_QUESTIONS, candidate_of, subjects_of, tried
from rag.service.guides.store import GuideStore
from rag.service.guides.topics import topics_of
from rag.text.language import language_of

_MOST_SENTENCES: Final = 5
# Each takes minutes of the processor.
_MOST_AHEAD: Final = 50
# Pages of which the opening and the language are read.
_FIRST_PAGES: Final = 5


@dataclass
class GuideMaker:
    """Makes the guides of the served index: those of its newest documents, and of any that is waited for.

    Attributes:
        answerer: makes summaries, and tries questions; what it answers for this is not recorded.
        store: of the guides.
        wanted: id of a document whose guide is waited for; its is made first.
        most_ahead: documents whose guides are made before somebody opens them, the newest.
    """

    answerer: Answerer
    store: GuideStore
    wanted: str | None = None
    most_ahead: int = _MOST_AHEAD
    _ordered: tuple[str, list[Document]] = field(default=("", []))
    _whole: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Takes the answerer without its recorder: nobody has asked these questions."""
        self.answerer = replace(self.answerer, recorder=None)

    def for_collection(self, answerer: Answerer, layout: IndexLayout) -> GuideMaker:
        """A maker as this one for another collection, whose guides are kept in its own index directory."""
        return GuideMaker(answerer, GuideStore(layout), most_ahead=self.most_ahead)

    def step(self, cancelled: Cancellation) -> bool:
        """Makes the next piece of a guide; False where none is left to make, or the index has no vectors yet.

        Raises:
            Cancelled: ``cancelled`` was called; the piece is made again at the next step.
            IndexFault, ModelError: the index cannot be read, or the model failed.
        """
        generation = self.answerer.generation()
        # Without vectors nothing is answered as a fact: no question would be kept.
        document = self._next(generation) if generation.has_vectors else None
        if document is None:
            return False
        guide = self.store.read(document.id)
        guide = self._advanced(guide, generation, document, cancelled) if guide else self._begun(generation, document)
        # A document that was erased meanwhile must leave nothing.
        if document.id in {each.id for each in self.answerer.generation().documents}:
            self.store.write(guide)
            if guide.is_whole:
                self._whole.add(document.id)
        return True

    def guide(self, generation: Generation, document: Document) -> SourceGuide | None:
        """The guide of a document, as far as it is made; one whose quotes its pages do not have is made anew."""
        guide = self.store.read(document.id)
        if guide and not _fits(guide, generation, document):
            self.store.drop(document.id)
            self._whole.discard(document.id)
            return None
        return guide

    def progress(self) -> tuple[int, int]:
        """The number of documents whose guide is whole, as far as was looked, and of those that get one unasked."""
        ids = {each.id for each in self.answerer.generation().documents}
        most = min(len(ids), self.most_ahead)
        return min(len(ids & self._whole), most), most

    def _next(self, generation: Generation) -> Document | None:
        if self._ordered[0] != generation.id:
            added = {each.id: generation.added(each.id) for each in generation.documents}
            newest = sorted(generation.documents, key=lambda each: str(added[each.id] or ""), reverse=True)
            self._ordered = (generation.id, newest)
        waiting = (each for each in self._ordered[1][: self.most_ahead] if not self._is_whole(each.id))
        first = next(waiting, None)
        wanted = next((each for each in self._ordered[1] if each.id == self.wanted), None)
        return wanted if wanted and not self._is_whole(wanted.id) else first

    def _is_whole(self, document_id: str) -> bool:
        if document_id in self._whole:
            return True
        guide = self.store.read(document_id)
        if guide and guide.is_whole:
            self._whole.add(document_id)
        return document_id in self._whole

    def _begun(self, generation: Generation, document: Document) -> SourceGuide:
        """A new guide, with the parts that need no model: kind, language and topics."""
        pages = generation.pages_without_words(document.id)
        opening = "\n".join(page.text for page in pages[:_FIRST_PAGES])[: 2 * OPENING]
        return SourceGuide(
            document_id=document.id,
            model=self.answerer.model.name,
            kind=kind_of(document, opening),
            language=document.language or language_of(opening),
            topics=topics_of(document, pages),
        )

    def _advanced(
        self, guide: SourceGuide, generation: Generation, document: Document, cancelled: Cancellation
    ) -> SourceGuide:
        if guide.summary is None:
            return _with(guide, summary=self._summary(document, cancelled))
        if len(guide.questions) >= MOST_QUESTIONS:
            return _with(guide, is_whole=True)
        subject = next(islice(subjects_of(generation, document, guide), guide.tried, None), None)
        if subject is None:
            return _with(guide, is_whole=True)
        found = None
        try:
            if candidate := candidate_of(subject, document, self.answerer, cancelled):
                found = tried(candidate, document, guide, self.answerer, cancelled)
        except RequestFault:  # such as a prompt that is too long: it would be so again
            pass
        return _with(guide, questions=(*guide.questions, *([found] if found else [])), tried=guide.tried + 1)

    def _summary(self, document: Document, cancelled: Cancellation) -> tuple[GuideSentence, ...]:
        try:
            answer = self.answerer.overview(document.name, cancelled)
        except RequestFault:
            return ()
        return _sentences(answer, document)


def _fits(guide: SourceGuide, generation: Generation, document: Document) -> bool:
    """False where another version of the reader has read the same file, to another text."""
    quotes = [quote for sentence in guide.summary or () for quote in sentence.quotes]
    quotes += [topic.place for topic in guide.topics[:1]]
    return all(
        1 <= quote.page <= document.pages and quote.is_on(generation.page(document.id, quote.page)) for quote in quotes
    )


def _sentences(answer: Answer, document: Document) -> tuple[GuideSentence, ...]:
    """The supported sentences of an overview, each with its quotes."""
    quotes = {
        each.id: GuideQuote(page=each.page, start=each.start, end=each.end, text=each.quote)
        for each in answer.citations
        if each.document_id == document.id
    }
    shown = [
        GuideSentence(text=each.text, quotes=tuple(quotes[number] for number in each.citations if number in quotes))
        for each in answer.sentences
        if each.verdict == "supported" and each.kind != "row"
    ]
    return tuple(sentence for sentence in shown if sentence.quotes)[:_MOST_SENTENCES]


def _with(guide: SourceGuide, **fields: object) -> SourceGuide:
    return guide.model_copy(update=fields)
