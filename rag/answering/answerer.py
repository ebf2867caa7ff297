"""The whole flow from a question to a verified answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

from rag.answering.answer_builder import AnswerBuilder
from rag.answering.confidence import CONFIDENCE_MODEL, ConfidenceModel, Features
from rag.answering.conflicts import find_conflict
from rag.answering.draft import Draft, calibrate_yes_no, self_check
from rag.answering.extractive_summary import central_sentences
from rag.answering.features import extract_features
from rag.answering.grounding import Evidence, Support, ground
from rag.answering.prompt import NO, NOT_FOUND, YES, EvidencePrompt, build_prompt
from rag.answering.records import AnswerTrace, Recorder
from rag.domain.values import Answer, AnswerEvent, AnswerReady, Hit, PassagesFound, Question, TokenGenerated
from rag.index.generation import Generation
from rag.index.reading import ServingState
from rag.models.llm.language_model import Finish, LanguageModel, RefusalProbability
from rag.query.types import UnderstoodQuestion
from rag.query.understand import understand
from rag.retrieval.cached import RetrievalCache
from rag.retrieval.interleaving import interleave
from rag.retrieval.retriever import Retriever
from rag.runtime.cancellation import Cancellation


class ServedIndex(Protocol):
    """An index that may change while it is served."""

    @property
    def state(self) -> ServingState:
        """What has become of the generations that were published while it was served."""

    def generation(self) -> Generation:
        """The generation to answer from; IndexFault where there is none that can be served."""

    def refresh(self) -> None:
        """Looks now whether there is a new generation, and takes it."""

    def followed(self) -> AbstractContextManager[None]:
        """While the context is open, new generations are taken as they are published."""

    def close(self) -> None:
        """Lets go of the generation, which is freed when nobody holds it any more."""


@dataclass(frozen=True)
class Answerer:
    """Answers questions from the current generation of an index.

    Attributes:
        index: where the current generation comes from; each question is answered from one, from beginning to end.
        passages: most passages in a prompt.
        evidence_tokens: most tokens of passages in a prompt.
        max_tokens: of an answer, where the question does not say.
        judge: decides whether an answer is given, and says how sure it is.
        recorder: is told how each answer came about.
        searches: how the retriever is used.
    """

    index: ServedIndex
    retriever: Retriever
    model: LanguageModel
    passages: int
    evidence_tokens: int
    max_tokens: int
    confidence_model: ConfidenceModel = CONFIDENCE_MODEL
    recorder: Recorder | None = None
    searches: RetrievalCache = field(default_factory=RetrievalCache)

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
            builder = AnswerBuilder(question, self.model.name, generation.id, (), Draft(), clock.timings)
            answer = understood.answered_by(builder.reply(understood.reply))
            self._record(AnswerTrace(understood.asked, generation, (), None, "", answer))
            yield AnswerReady(answer)
            return
        if understood.passages:
            yield from self._summarised(understood, generation, cancelled, clock)
            return
        with clock.measuring("retrieve"):
            hits = interleave(
                self.searches.hits(self.retriever, generation, search, self.passages, cancelled)
                for search in understood.searches
            )
            cancelled.check()
        yield PassagesFound(tuple(hits))

        draft = Draft()
        asked, verified = None, None
        if hits and not self.confidence_model.fails_prefilter(extract_features(question.text, hits, draft, (), 0.0)):
            asked = self._asked(question, hits)
            with clock.measuring("generate"):
                yield from self._generate(asked, understood, draft, cancelled, clock)
            with clock.measuring("verify"):
                verified = self._verified(generation, question, asked, draft, cancelled)
        hits = list(asked.hits) if asked else hits
        evidence = [_evidence(generation, hit) for hit in hits]
        builder = AnswerBuilder(question, self.model.name, generation.id, evidence, draft, clock.timings)
        answer = understood.answered_by(self._decided(builder, verified))
        features = verified.features if verified else None
        self._record(AnswerTrace(understood.asked, generation, hits, draft.prompt, draft.text, answer, features))
        yield AnswerReady(answer)

    def _summarised(
        self, understood: UnderstoodQuestion, generation: Generation, cancelled: Cancellation, clock: _Clock
    ) -> Iterator[AnswerEvent]:
        """Sentences of the section itself: neither a search nor the model is needed."""
        with clock.measuring("retrieve"):
            evidence = [_evidence(generation, Hit(passage, 0.0)) for passage in understood.passages]
            cancelled.check()
            support = central_sentences(evidence, self.retriever.encoder)
            cancelled.check()
        hits = tuple(dict.fromkeys(quote.evidence.hit for item in support for quote in item.quotes))
        yield PassagesFound(hits)
        question = understood.standalone
        builder = AnswerBuilder(question, self.model.name, generation.id, evidence, Draft(), clock.timings)
        # They are the document's own words.
        answer = understood.answered_by(builder.answer(support, 1.0) if support else builder.abstention((), 0.0))
        self._record(AnswerTrace(understood.asked, generation, hits, None, "", answer))
        yield AnswerReady(answer)

    def _asked(self, question: Question, hits: Sequence[Hit]) -> EvidencePrompt:
        return build_prompt(
            self.model,
            question,
            hits,
            max_tokens=question.max_tokens or self.max_tokens,
            evidence_tokens=self.evidence_tokens,
        )

    def _generate(
        self,
        asked: EvidencePrompt,
        understood: UnderstoodQuestion,
        draft: Draft,
        cancelled: Cancellation,
        clock: _Clock,
    ) -> Iterator[AnswerEvent]:
        draft.prompt = self.model.prompt(asked.chat)
        yes_or_no = understood.kind == "yes_no"
        generated = self.model.generate(
            draft.prompt,
            max_tokens=1 if yes_or_no else understood.standalone.max_tokens or self.max_tokens,
            cancelled=cancelled,
            vocabulary=f"{YES[0]} {NO[0]}" if yes_or_no else asked.vocabulary,
            refusal=NOT_FOUND,
        )
        for piece in generated:
            if isinstance(piece, RefusalProbability):
                draft.refusal_probability = piece.refusal_probability
            elif isinstance(piece, Finish):
                draft.finish = piece
            else:
                clock.mark("first_token")
                draft.add(piece)
                if not yes_or_no and draft.is_likely:
                    yield TokenGenerated(piece.text)
        if yes_or_no:
            calibrate_yes_no(draft, self.confidence_model.yes_bias)
            if draft.is_likely and not draft.is_empty:
                yield TokenGenerated(draft.text)

    def _verified(
        self, generation: Generation, question: Question, asked: EvidencePrompt, draft: Draft, cancelled: Cancellation
    ) -> _Verified:
        if draft.is_empty:
            return _Verified((), extract_features(question.text, asked.hits, draft, (), 0.0))
        evidence = [_evidence(generation, hit) for hit in asked.hits]
        support = ground(question.text, draft.text, evidence)
        yes = self_check(self.model, asked.chat, draft, cancelled)
        return _Verified(support, extract_features(question.text, asked.hits, draft, support, yes))

    def _decided(self, builder: AnswerBuilder, verified: _Verified | None) -> Answer:
        """The answer if it may be given, else an abstention."""
        if verified is None:
            return builder.abstention((), 0.0)
        confidence = self.confidence_model.correct.probability(verified.features)
        if any(item.supported for item in verified.support) and self.confidence_model.is_given(verified.features):
            conflict = find_conflict(builder.question.text, verified.support, builder.evidence)
            return builder.answer([*verified.support, *([conflict] if conflict else [])], confidence)
        return builder.abstention(verified.support, confidence)

    def _record(self, trace: AnswerTrace) -> None:
        if self.recorder:
            self.recorder.keep(trace)


@dataclass(frozen=True)
class _Verified:
    """What verification found of a draft."""

    support: Sequence[Support]
    features: Features


def _evidence(generation: Generation, hit: Hit) -> Evidence:
    passage = hit.passage
    return Evidence(hit, generation.page(passage.document.id, passage.chunk.span.page))


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
