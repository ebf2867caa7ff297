"""An answerer that says what it is told, with citations of real pages: for tests of what shows an answer."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace

from rag.answering.answerer import Answerer
from rag.answering.markdown_text import markdown
from rag.domain.values import (
    Answer,
    AnswerEvent,
    AnswerReady,
    Certainty,
    Chunk,
    Citation,
    Form,
    Hit,
    Passage,
    PassagesFound,
    Question,
    Reason,
    Sentence,
    SentenceKind,
    SentenceVerified,
    Span,
    Usage,
    Verdict,
)
from rag.index.generation import Generation
from rag.runtime.cancellation import Cancellation


@dataclass(frozen=True)
class Said:
    """A sentence, and the quotes that are cited for it, which are verbatim on a page of the index."""

    text: str
    kind: SentenceKind = "lead"
    quotes: tuple[str, ...] = ()
    confidence: float | None = 0.95
    verdict: Verdict = "supported"
    original: str | None = None


@dataclass(frozen=True)
class Script:
    """An answer: its sentences; or, without any, the text of a reply, or of an abstention with the nearest quotes.

    Attributes:
        said: in order.
        text: where nothing is said.
        nearest: quotes of an abstention.
        label: printed number of each page that is cited.
        before: called before each sentence with its number, from 0, and before the answer: it may wait.
    """

    said: tuple[Said, ...] = ()
    text: str = ""
    reason: Reason | None = None
    certainty: Certainty | None = "stated"
    form: Form = "fact"
    short_answer: str | None = None
    missing: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()
    label: str | None = None
    before: Callable[[int, Cancellation], None] = lambda _number, _cancelled: None


@dataclass(frozen=True)
class ScriptedAnswerer(Answerer):
    """Answers by its scripts, one after the other; the last one again and again. ``asked`` are the questions."""

    scripts: list[Script] = field(default_factory=list)
    asked: list[Question] = field(default_factory=list)

    @classmethod
    def of(cls, answerer: Answerer, scripts: Sequence[Script]) -> ScriptedAnswerer:
        """With the index and the model of another one."""
        given = {each.name: getattr(answerer, each.name) for each in fields(Answerer)}
        return cls(**given, scripts=list(scripts))

    def stream(
        self, question: Question, cancelled: Cancellation | None = None, generation: Generation | None = None
    ) -> Iterator[AnswerEvent]:
        """See :class:`rag.answering.answerer.Answerer`."""
        cancelled = cancelled or Cancellation()
        generation = generation or self.generation()
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        self.asked.append(question)
        pages = _Pages(generation, script.label)
        supported = [said for said in script.said if said.verdict == "supported"]
        for quote in (*(quote for said in supported for quote in said.quotes), *script.nearest):
            pages.cite(quote)
        yield PassagesFound(tuple(pages.hits))
        known: set[int] = set()
        for number, said in enumerate(supported):
            script.before(number, cancelled)
            cancelled.check()
            sentence = pages.sentence(said)
            first = [pages.citations[id_ - 1] for id_ in sentence.citations if id_ not in known]
            yield SentenceVerified(sentence, tuple(first))
            known.update(sentence.citations)
        script.before(len(supported), cancelled)
        yield AnswerReady(self._answer(question, script, pages, generation))

    def _answer(self, question: Question, script: Script, pages: _Pages, generation: Generation) -> Answer:
        sentences = tuple(pages.sentence(said) for said in script.said)
        supported = [sentence for sentence in sentences if sentence.verdict == "supported"]
        return Answer(
            id=uuid.uuid4().hex,
            question=question.text,
            answer=markdown(supported) if supported else script.text,
            answered=script.reason in (None, "length"),
            reason=script.reason,
            certainty=None if script.reason else script.certainty,
            confidence=next((each.confidence for each in supported if each.confidence is not None), 0.9),
            sentences=sentences,
            citations=tuple(pages.citations),
            model=self.model.name,
            index=generation.id,
            usage=Usage(10, 0, 5),
            timings_ms={"total": 12.0},
            form=script.form,
            short_answer=script.short_answer,
            missing=script.missing,
        )


@dataclass
class _Pages:
    """Citations of quotes, looked up in the pages of a generation."""

    generation: Generation
    label: str | None
    citations: list[Citation] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)

    def sentence(self, said: Said) -> Sentence:
        ids = tuple(self.cite(quote) for quote in said.quotes) if said.verdict == "supported" else ()
        return Sentence(said.text, said.verdict, ids, said.kind, said.confidence, said.original)

    def cite(self, quote: str) -> int:
        for citation in self.citations:
            if citation.quote == quote:
                return citation.id
        hit = self._find(quote)
        document, span = hit.passage.document, hit.passage.chunk.span
        page = self.generation.page(document.id, span.page)
        number = len(self.citations) + 1
        boxes = page.boxes(span.start, span.end)
        citation = Citation(number, document.name, document.id, span.page, quote, span.start, span.end, boxes, 1.0)
        self.citations.append(replace(citation, label=self.label))
        self.hits.append(hit)
        return number

    def _find(self, quote: str) -> Hit:
        for document in self.generation.documents:
            for number in range(1, document.pages + 1):
                start = self.generation.page(document.id, number).text.find(quote)
                if start >= 0:
                    chunk = Chunk(Span(number, start, start + len(quote)), quote)
                    return Hit(Passage(0, document, chunk), 1.0)
        raise AssertionError(f"no page has {quote!r}")
