"""The whole flow from a question to a verified answer."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, Protocol

from rag.cancellation import Cancellation
from rag.domain import (
    Answer,
    AnswerEvent,
    AnswerReady,
    Citation,
    Hit,
    PassagesFound,
    Question,
    Reason,
    Sentence,
    TokenGenerated,
    Usage,
)
from rag.generation import Finish, LanguageModel, Prompt, Token
from rag.grounding import RELEVANT, Evidence, Quote, Support, ground, nearest_quotes
from rag.index import Generation, ServingState
from rag.prompt import NOT_FOUND, build_prompt
from rag.recording import Course, Recorder
from rag.retrieval import Retriever
from rag.understanding import Reply, take_turns, understand

NOT_IN_DOCUMENTS: Final = "The documents do not answer this question."
_NEAREST: Final = 3


class ServedIndex(Protocol):
    """An index that may change while it is served."""

    @property
    def state(self) -> ServingState:
        """What has become of the generations that were published while it was served."""

    def generation(self) -> Generation:
        """The generation to answer from; IndexFault where there is none that can be served."""

    def followed(self) -> AbstractContextManager[None]:
        """While the context is open, new generations are taken as they are published."""


@dataclass(frozen=True)
class Answerer:
    """Answers questions from the current generation of an index.

    Attributes:
        index: where the current generation comes from; each question is answered from one, from beginning to end.
        passages: most passages in a prompt.
        evidence_tokens: most tokens of passages in a prompt.
        max_tokens: of an answer, where the question does not say.
        recorder: is told how each answer came about.
    """

    index: ServedIndex
    retriever: Retriever
    model: LanguageModel
    passages: int
    evidence_tokens: int
    max_tokens: int
    recorder: Recorder | None = None

    def generation(self) -> Generation:
        """The current generation; IndexFault where there is none that can be served."""
        return self.index.generation()

    def ask(self, question: Question, cancelled: Cancellation | None = None) -> Answer:
        """The verified answer to a question.

        Raises:
            IndexFault: there is no index, or it cannot be served.
            RequestFault: an unknown document, or a question that does not fit the model.
            Cancelled: ``cancelled`` was called.
        """
        *_, last = self.stream(question, cancelled)
        assert isinstance(last, AnswerReady)  # noqa: S101 - the contract of stream
        return last.answer

    def stream(
        self, question: Question, cancelled: Cancellation | None = None, generation: Generation | None = None
    ) -> Iterator[AnswerEvent]:
        """The same, with what happens on the way, from ``generation`` where one is given.

        Iterate it in one thread; raises as :meth:`ask`.
        """
        cancelled = cancelled or Cancellation()
        clock = _Clock()
        generation = generation or self.generation()
        with clock.measuring("understand"):
            understood = understand(question, generation, self.model, self.retriever.encoder, cancelled)
        question = understood.standalone
        if understood.reply:
            yield PassagesFound(())
            yield AnswerReady(_Composition(self, generation, question, (), _Draft(), clock).reply(understood.reply))
            return
        with clock.measuring("retrieve"):
            hits = take_turns(
                self.retriever.retrieve(generation, search, self.passages) for search in understood.searches
            )
            cancelled.check()
        yield PassagesFound(tuple(hits))

        draft, prompt = _Draft(), None
        if any(_is_relevant(hit) for hit in hits):
            max_tokens = question.max_tokens or self.max_tokens
            prompt, hits = build_prompt(
                self.model, question, hits, max_tokens=max_tokens, evidence_tokens=self.evidence_tokens
            )
            with clock.measuring("generate"):
                yield from self._generate(prompt, max_tokens, draft, cancelled, clock)
        answer = understood.answered_by(self._verified(generation, question, hits, draft, clock))
        if self.recorder:
            self.recorder.keep(Course(question, generation, hits, prompt, draft.text, answer))
        yield AnswerReady(answer)

    def _generate(
        self, prompt: Prompt, max_tokens: int, draft: _Draft, cancelled: Cancellation, clock: _Clock
    ) -> Iterator[AnswerEvent]:
        for generated in self.model.generate(prompt, max_tokens=max_tokens, cancelled=cancelled):
            if isinstance(generated, Finish):
                draft.finish = generated
                break
            clock.mark("first_token")
            if shown := draft.add(generated):
                yield TokenGenerated(shown)

    def _verified(
        self, generation: Generation, question: Question, hits: Sequence[Hit], draft: _Draft, clock: _Clock
    ) -> Answer:
        with clock.measuring("verify"):
            evidence = [_evidence(generation, hit) for hit in hits]
            support = [] if draft.refused else ground(question.text, draft.text, evidence, self.retriever.reranker)
        composition = _Composition(self, generation, question, evidence, draft, clock)
        supported = any(item.supported for item in support)
        return composition.answer(support) if supported else composition.abstention(support)


def _is_relevant(hit: Hit) -> bool:
    """Whether the reranker finds it more likely than not that the passage answers; true where there is none."""
    return hit.relevance is None or hit.relevance >= RELEVANT


def _evidence(generation: Generation, hit: Hit) -> Evidence:
    passage = hit.passage
    return Evidence(hit, generation.page(passage.document.id, passage.chunk.span.page))


class _Draft:
    """What the model has said so far."""

    def __init__(self) -> None:
        self.text = ""
        self.finish = Finish("stop", Usage())
        self._shown = 0

    @property
    def refused(self) -> bool:
        return not self.text.strip() or NOT_FOUND.casefold() in self.text.casefold()

    def add(self, token: Token) -> str:
        """Adds a token; returns what may be shown of the draft by now: nothing while it may become a refusal."""
        self.text += token.text
        start = self.text.lstrip().casefold()
        if NOT_FOUND.casefold().startswith(start) or self.refused:
            return ""
        shown, self._shown = self.text[self._shown :], len(self.text)
        return shown


class _Clock:
    """Milliseconds for each phase."""

    def __init__(self) -> None:
        self._start = perf_counter()
        self._timings = dict.fromkeys(("queue", "understand", "retrieve", "first_token", "generate", "verify"), 0.0)

    @contextmanager
    def measuring(self, phase: str) -> Iterator[None]:
        start = perf_counter()
        try:
            yield
        finally:
            self._timings[phase] = _milliseconds(start)

    def mark(self, event: str) -> None:
        self._timings[event] = self._timings[event] or _milliseconds(self._start)

    @property
    def timings(self) -> dict[str, float]:
        return {**self._timings, "total": _milliseconds(self._start)}


def _milliseconds(since: float) -> float:
    return round((perf_counter() - since) * 1000, 1)


@dataclass(frozen=True)
class _Composition:
    """Puts an answer together."""

    answerer: Answerer
    generation: Generation
    question: Question
    evidence: Sequence[Evidence]
    draft: _Draft
    clock: _Clock

    def answer(self, support: Sequence[Support]) -> Answer:
        """From the sentences that are supported; the others are listed, and not part of the text."""
        citations = _Citations()
        sentences = [
            Sentence(
                item.sentence,
                "supported" if item.supported else "unsupported",
                tuple(citations.add(quote) for quote in item.quotes) if item.supported else (),
            )
            for item in support
        ]
        shown = [item for item in support if item.supported]
        return self._whole(
            " ".join(item.sentence for item in shown),
            reason="length" if self.draft.finish.reason == "length" else None,
            confidence=min(item.score for item in shown) * self._relevance(),
            sentences=sentences,
            citations=citations.all,
        )

    def abstention(self, support: Sequence[Support]) -> Answer:
        """That the documents do not say it, and where one might look."""
        citations = _Citations()
        for quote in nearest_quotes(self.question.text, self.evidence[:_NEAREST]):
            citations.add(quote)
        return self._whole(
            NOT_IN_DOCUMENTS,
            reason="no_supported_sentence" if support else "not_in_documents",
            confidence=1.0 - self._relevance() if self.evidence else 1.0,
            sentences=[Sentence(item.sentence, "unsupported") for item in support],
            citations=citations.all,
        )

    def reply(self, reply: Reply) -> Answer:
        """What is said without a search."""
        return self._whole(reply.text, reason=reply.reason, confidence=1.0, sentences=(), citations=())

    def _relevance(self) -> float:
        """How sure the reranker is that the best passage answers the question; 1 where there is no reranker."""
        best = [item.hit.relevance for item in self.evidence if item.hit.relevance is not None]
        return max(best, default=1.0)

    def _whole(
        self,
        text: str,
        *,
        reason: Reason | None,
        confidence: float,
        sentences: Sequence[Sentence],
        citations: Sequence[Citation],
    ) -> Answer:
        return Answer(
            id=uuid.uuid4().hex,
            question=self.question.text,
            answer=text,
            answered=reason in (None, "length"),
            reason=reason,
            confidence=round(confidence, 3),
            sentences=tuple(sentences),
            citations=tuple(citations),
            model=self.answerer.model.name,
            index=self.generation.id,
            usage=self.draft.finish.usage,
            timings_ms=self.clock.timings,
        )


@dataclass
class _Citations:
    """Numbers quotes from 1, each stretch of a page once."""

    all: list[Citation] = field(default_factory=list)

    def add(self, quote: Quote) -> int:
        document = quote.evidence.hit.passage.document
        page, start, end = quote.span
        for known in self.all:
            if (known.document_id, known.page, known.start, known.end) == (document.id, page, start, end):
                return known.id
        self.all.append(
            Citation(
                id=len(self.all) + 1,
                document=document.name,
                document_id=document.id,
                page=page,
                quote=quote.text,
                start=start,
                end=end,
                boxes=quote.evidence.page.boxes(start, end),
                score=round(quote.score, 3),
            )
        )
        return len(self.all)
