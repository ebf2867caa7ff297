"""Question answering: from a question to a verified answer with citations, and the events on the way."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
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
from rag.query.types import Reply, UnderstoodQuestion
from rag.query.understand import understand
from rag.retrieval.cached import RetrievalCache
from rag.retrieval.interleaving import interleave
from rag.retrieval.retriever import Retriever
from rag.runtime.cancellation import Cancellation


class ServedIndex(Protocol):
    """An index that is served while new generations of it are published."""

    @property
    def state(self) -> ServingState:
        """Counts of the generations that were switched to and refused, and why the newest is not served."""

    def generation(self) -> Generation:
        """The current generation; IndexFault where there is none that can be served."""

    def refresh(self) -> None:
        """Checks now for a new generation, and switches to it."""

    def followed(self) -> AbstractContextManager[None]:
        """A context in which the index switches to new generations as they are published."""

    def close(self) -> None:
        """Releases the generation, which is freed when its last user is done."""


@dataclass(frozen=True)
class Answerer:
    """Answers questions from the current generation of an index.

    Attributes:
        index: supplies the current generation; each question is answered from one, from beginning to end.
        passages: most passages in a prompt.
        evidence_tokens: most tokens of passages in a prompt.
        max_tokens: of an answer, where the question does not say.
        confidence_model: decides whether an answer is given, and gives its confidence.
        recorder: receives the trace of each answer.
        searches: retrieval results by question, kept in memory and shared by concurrent requests.
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

    def close(self) -> None:
        """Releases the model and the index; no answer may be under way."""
        self.model.close()
        self.index.close()

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
        """The events of an answer: the passages, then the draft as it grows, then the answer.

        Iterate it in one thread; raises as :meth:`ask`.

        Args:
            question: with its history.
            cancelled: stops the work before its next step.
            generation: to answer from; the current one where None is given.
        """
        cancelled = cancelled or Cancellation()
        clock = _Clock()
        generation = generation or self.generation()
        with clock.measuring("understand"):
            understood = understand(question, generation, self.model, self.retriever.encoder, cancelled)
        run = _Run(understood, generation, cancelled, clock)

        if understood.reply:
            yield PassagesFound(())
            found = _Findings()
        elif understood.passages:
            found = yield from self._summarise(run)
        else:
            found = yield from self._retrieve_and_draft(run)

        draft = found.draft
        builder = AnswerBuilder(run.question, self.model.name, generation.id, found.evidence, draft, clock.timings)
        answer = understood.answered_by(_built(builder, understood.reply, found))
        if self.recorder:
            self.recorder.keep(
                AnswerTrace(understood.asked, generation, found.hits, draft.prompt, draft.text, answer, found.features)
            )
        yield AnswerReady(answer)

    def _summarise(self, run: _Run) -> Generator[AnswerEvent, None, _Findings]:
        """An extractive summary of the section that was asked for: neither a search nor the model is needed."""
        with run.clock.measuring("retrieve"):
            evidence = _evidence(run.generation, [Hit(passage, 0.0) for passage in run.understood.passages])
            run.cancelled.check()
            support = central_sentences(evidence, self.retriever.encoder)
            run.cancelled.check()
        hits = tuple(dict.fromkeys(quote.evidence.hit for item in support for quote in item.quotes))
        yield PassagesFound(hits)
        if not support:
            return _Findings(hits, evidence)
        # They are the document's own sentences, which no model has worded.
        return _Findings(hits, evidence, support=support, confidence=1.0, is_given=True)

    def _retrieve_and_draft(self, run: _Run) -> Generator[AnswerEvent, None, _Findings]:
        """Retrieval, the model's draft from the best passages, and its verification."""
        question, draft = run.question, Draft()
        with run.clock.measuring("retrieve"):
            hits = interleave(
                self.searches.hits(self.retriever, run.generation, search, self.passages, run.cancelled)
                for search in run.understood.searches
            )
            run.cancelled.check()
        yield PassagesFound(tuple(hits))

        if not hits or self.confidence_model.fails_prefilter(extract_features(question.text, hits, draft, (), 0.0)):
            return _Findings(hits, _evidence(run.generation, hits))
        prompt = build_prompt(
            self.model,
            question,
            hits,
            max_tokens=question.max_tokens or self.max_tokens,
            evidence_tokens=self.evidence_tokens,
        )
        with run.clock.measuring("generate"):
            yield from self._generate(run, prompt, draft)
        with run.clock.measuring("verify"):
            return self._verify(run, prompt, draft)

    def _generate(self, run: _Run, prompt: EvidencePrompt, draft: Draft) -> Iterator[AnswerEvent]:
        """Generates the draft; its tokens are events while the model is more likely to answer than to refuse."""
        draft.prompt = self.model.prompt(prompt.chat)
        yes_or_no = run.understood.kind == "yes_no"
        generated = self.model.generate(
            draft.prompt,
            max_tokens=1 if yes_or_no else run.question.max_tokens or self.max_tokens,
            cancelled=run.cancelled,
            vocabulary=f"{YES[0]} {NO[0]}" if yes_or_no else prompt.vocabulary,
            refusal=NOT_FOUND,
        )
        for piece in generated:
            if isinstance(piece, RefusalProbability):
                draft.refusal_probability = piece.refusal_probability
            elif isinstance(piece, Finish):
                draft.finish = piece
            else:
                run.clock.mark("first_token")
                draft.add(piece)
                if not yes_or_no and draft.is_likely:
                    yield TokenGenerated(piece.text)
        if yes_or_no:
            calibrate_yes_no(draft, self.confidence_model.yes_bias)
            if draft.is_likely and not draft.is_empty:
                yield TokenGenerated(draft.text)

    def _verify(self, run: _Run, prompt: EvidencePrompt, draft: Draft) -> _Findings:
        """Grounds the draft in its evidence, and decides with the confidence model whether it is given."""
        text, evidence = run.question.text, _evidence(run.generation, prompt.hits)
        support = ground(text, draft.text, evidence)
        checked = 0.0 if draft.is_empty else self_check(self.model, prompt.chat, draft, run.cancelled)
        features = extract_features(text, prompt.hits, draft, support, checked)
        confidence = self.confidence_model.correct.probability(features)
        is_given = any(item.supported for item in support) and self.confidence_model.is_given(features)
        if is_given and (conflict := find_conflict(text, support, evidence)):
            support = [*support, conflict]
        return _Findings(prompt.hits, evidence, draft, features, support, confidence, is_given)


@dataclass(frozen=True)
class _Run:
    """One question on its way through the steps."""

    understood: UnderstoodQuestion
    generation: Generation
    cancelled: Cancellation
    clock: _Clock

    @property
    def question(self) -> Question:
        return self.understood.standalone


@dataclass(frozen=True)
class _Findings:
    """The result of the steps, from which the answer is built.

    Attributes:
        hits: the passages that were read.
        evidence: the same with their pages; of a summary, the whole section.
        features: None where there is no draft.
        support: of each sentence of the draft.
        is_given: whether the answer is given; else it is an abstention.
    """

    hits: Sequence[Hit] = ()
    evidence: Sequence[Evidence] = ()
    draft: Draft = field(default_factory=Draft)
    features: Features | None = None
    support: Sequence[Support] = ()
    confidence: float = 0.0
    is_given: bool = False


def _evidence(generation: Generation, hits: Sequence[Hit]) -> list[Evidence]:
    passages = [hit.passage for hit in hits]
    pages = [generation.page(passage.document.id, passage.chunk.span.page) for passage in passages]
    return [Evidence(hit, page) for hit, page in zip(hits, pages, strict=True)]


def _built(builder: AnswerBuilder, reply: Reply | None, found: _Findings) -> Answer:
    if reply:
        return builder.reply(reply)
    build = builder.answer if found.is_given else builder.abstention
    return build(found.support, found.confidence)


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
