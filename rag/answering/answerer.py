"""Question answering: from a question to a verified answer with citations, and the events on the way."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

import numpy as np

from rag.answering.answer_builder import AnswerBuilder, sentence_events
from rag.answering.answer_translation import answer_translator
from rag.answering.composing.comparison import names_both
from rag.answering.confidence import CONFIDENCE_MODEL, WHOLE_CONFIDENCE_MODEL, ConfidenceModel, FittedLater
from rag.answering.evidence.selection import with_page
from rag.answering.run import Clock, Findings, Run
from rag.answering.trace import AnswerTrace, Recorder
from rag.answering.writers.value_writer import ValueWriter
from rag.answering.writers.whole_writer import TELLS_ENOUGH, WholeWriter
from rag.domain.values import Answer, AnswerEvent, AnswerReady, Form, Hit, PassagesFound, Question
from rag.index.generation import Generation
from rag.index.joint.interfaces import ServedIndex
from rag.models.llm.language_model import LanguageModel
from rag.query.types import Reply, UnderstoodQuestion
from rag.query.understand import understand
from rag.retrieval.cached import RetrievalCache
from rag.retrieval.interleaving import interleave
from rag.retrieval.retriever import Retriever, reranker_text
from rag.retrieval.scoring import HIGHEST_LOGIT
from rag.runtime.cancellation import Cancellation

# Hits of the whole question that come before those of its parts.
_FIRST: Final = 4
# Documents and aspects of a comparison that are searched.
_MOST_COMPARED: Final = 4
_MOST_ASPECTS: Final = 4
# Hits that tell which document an overview is about.
_BEST: Final = 5
# Forms that are answered by one value.
VALUE_FORMS: Final[frozenset[Form]] = frozenset({"fact", "yes_no"})


@dataclass(frozen=True)
class Answerer:
    """Answers questions from the current generation of an index.

    Attributes:
        index: supplies the current generation; each question is answered from one, from beginning to end.
        passages, evidence_tokens: most passages, and most tokens of them, in a prompt for a value.
        max_tokens: of an answer, where the question does not say.
        confidence_model: decides whether a value is given, and gives its confidence.
        whole_passages, whole_evidence_tokens: as above, for an answer of several sentences.
        whole_confidence_model: the same for answers of several sentences.
        fitted_later: takes the place of ``confidence_model``, which was not fitted to this language model; until it is
            there, answers are uncalibrated. None where ``confidence_model`` was.
        is_masked: whether the model is held to the words of passages and question; a strong model need not be.
        rereads: whether the model writes further short drafts of an answer of several sentences.
        rereads_below: where fewer statements of its first draft than these are borne out by passages.
        today: gives the date that "next" and "still" refer to.
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
    whole_passages: int = 12
    whole_evidence_tokens: int = 1000
    whole_confidence_model: ConfidenceModel = WHOLE_CONFIDENCE_MODEL
    fitted_later: FittedLater | None = None
    is_masked: bool = True
    rereads: bool = False
    rereads_below: int = TELLS_ENOUGH
    today: Callable[[], date] = date.today
    recorder: Recorder | None = None
    searches: RetrievalCache = field(default_factory=RetrievalCache)

    @property
    def is_calibrated(self) -> bool:
        """True if confidence is fitted to the language model."""
        return self.fitted_later is None or self.fitted_later.model is not None

    @property
    def current_confidence_model(self) -> ConfidenceModel:
        """The confidence model in use."""
        return (self.fitted_later and self.fitted_later.model) or self.confidence_model

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

    def overview(self, name: str, cancelled: Cancellation | None = None) -> Answer:
        """An overview of one document, in its own sentences; it is not recorded.

        Raises:
            DocumentUnknown: no document has this name.
            IndexFault, PromptTooLong, Cancelled: as :meth:`ask`.
        """
        generation = self.generation()
        scope = generation.names_of((name,))
        rows = generation.rows_named(scope[:1])
        passages = () if rows is None else tuple(generation.passages(rows.tolist()))
        question = Question(f"What is {name} about, and what does it say?", scope)
        understood = UnderstoodQuestion(question, question, (), "overview", (question.text,), passages=passages)
        run = Run(understood, generation, cancelled or Cancellation(), Clock())
        found = _written(self._whole_writer(run).overview(run, passages, None))
        return _built(self._builder(run), None, found)

    def stream(
        self, question: Question, cancelled: Cancellation | None = None, generation: Generation | None = None
    ) -> Iterator[AnswerEvent]:
        """The events of an answer: the passages, then the verified sentences, then the answer.

        Iterate it in one thread; raises as :meth:`ask`.

        Args:
            question: with its history.
            cancelled: stops the work before its next step.
            generation: to answer from; the current one where None is given.
        """
        cancelled = cancelled or Cancellation()
        clock = Clock()
        generation = generation or self.generation()
        # Documents are in NFC, and so are their names.
        text, names = unicodedata.normalize("NFC", question.text), generation.names_of(question.documents)
        question = replace(question, text=text, documents=names)
        with clock.measuring("understand"):
            understood = understand(question, generation, self.model, self.retriever.encoder, cancelled)
        run = Run(understood, generation, cancelled, clock)
        today = self.today() if understood.needs_today else None
        # Once for each question: it looks through all documents.
        translator = answer_translator(run, self.model)
        found = yield from self._find(run, today, is_translated=translator is not None)
        answer = understood.answered_by(_built(self._builder(run), understood.reply, found))
        translator = translator if found.is_given else None
        if translator:
            answer = yield from translator.stream(answer)
        if self.recorder:
            asked, draft, features = understood.asked, found.draft, found.features
            trace = AnswerTrace(asked, generation, found.hits, draft.prompt, draft.text, answer, features, today)
            self.recorder.keep(replace(trace, composition=found.composition))
        if not translator:
            yield from sentence_events(answer, sent=found.sent)
        yield AnswerReady(answer)

    def _find(
        self, run: Run, date_today: date | None, *, is_translated: bool
    ) -> Generator[AnswerEvent, None, Findings]:
        """The findings for a question, after the passages as an event.

        Sentences that are settled early follow them, unless they are to be translated.
        """
        understood, today = run.understood, f"{date_today:%d %B %Y}" if date_today else None
        if understood.reply:
            yield PassagesFound(())
            return Findings()
        if understood.passages:
            yield PassagesFound(())
            written = self._whole_writer(run).overview(run, understood.passages, today)
            return (yield from self._streamed(run, written, is_translated=is_translated))
        with run.clock.measuring("retrieve"):
            hits = self._retrieve(run)
        yield PassagesFound(tuple(hits))
        if statement := _unknown(understood):
            return Findings(hits, [with_page(run.generation, hit) for hit in hits], statement=statement)
        if understood.form == "overview" and (document := _main_document(hits)):
            rows = run.generation.rows_named([document])
            passages = run.generation.passages([] if rows is None else rows.tolist())
            written = self._whole_writer(run).overview(run, passages, today)
            return (yield from self._streamed(run, written, is_translated=is_translated))
        if understood.form in VALUE_FORMS:
            return self._value_writer(run).write(run, hits, today)
        written = self._whole_writer(run).write(run, hits, today)
        return (yield from self._streamed(run, written, is_translated=is_translated))

    def _streamed(
        self, run: Run, written: Generator[Findings, None, Findings], *, is_translated: bool
    ) -> Generator[AnswerEvent, None, Findings]:
        """The sentences of an answer that is being written as events; none of them where they are to be translated."""
        builder = self._builder(run)
        while True:
            try:
                begun = next(written)
            except StopIteration as end:
                findings: Findings = end.value
                return findings
            if not is_translated:
                yield builder.first(begun)

    def _retrieve(self, run: Run) -> list[Hit]:
        """The hits of all searches, interleaved; a follow-up searches the documents of the conversation first."""
        understood = run.understood
        limit = self.passages if understood.form in VALUE_FORMS else self.whole_passages

        def search(question: Question) -> Sequence[Hit]:
            return self.searches.hits(self.retriever, run.generation, question, limit, run.cancelled)

        rankings = [search(question) for question in understood.searches]
        if understood.topic:
            rankings[0] = interleave([rankings[0], search(understood.topic)])
        whole = rankings[-1] if understood.form == "comparison" else rankings[0]
        if understood.prior_documents and understood.asked.history and not understood.asked.documents:
            rankings.insert(0, search(replace(understood.searches[0], documents=understood.prior_documents)))
        if understood.form == "comparison":
            rankings += [search(question) for question in _aspects(understood, whole)]
        # The searches for parts and sides are vague by themselves.
        first = _first(understood, whole)
        run.cancelled.check()
        return self._read_for_bare_questions(run, interleave([[*first, *interleave(rankings)]]))

    def _read_for_bare_questions(self, run: Run, hits: Sequence[Hit]) -> list[Hit]:
        """The hits, each with the highest of its logits for the whole text and for the questions in it alone.

        What a person tells beside a question, "We are going abroad.", is in no passage: each seems to be about
        something else then.
        """
        questions, reranker = run.understood.bare_questions, self.retriever.reranker
        if reranker is None or not questions or not hits:
            return list(hits)
        texts = [reranker_text(hit.passage) for hit in hits]
        best = np.max([reranker.logits(question, texts) for question in questions], axis=0)
        run.cancelled.check()
        return [
            hit if hit.logit is None else replace(hit, logit=max(hit.logit, min(float(logit), HIGHEST_LOGIT)))
            for hit, logit in zip(hits, best, strict=True)
        ]

    def _builder(self, run: Run) -> AnswerBuilder:
        return AnswerBuilder(run, self.model.name, self.is_calibrated)

    def _value_writer(self, run: Run) -> ValueWriter:
        return ValueWriter(
            self.model,
            self.current_confidence_model.at(run.understood.asked.strictness),
            self.retriever.reranker,
            self.evidence_tokens,
            self.passages,
            self.max_tokens,
        )

    def _whole_writer(self, run: Run) -> WholeWriter:
        return WholeWriter(
            self.model,
            self.whole_confidence_model.at(run.understood.asked.strictness),
            self.retriever.reranker,
            self.whole_evidence_tokens,
            self.whole_passages,
            self.max_tokens,
            self.is_masked,
            self.rereads,
            self.rereads_below,
        )


def _written(written: Generator[Findings, None, Findings]) -> Findings:
    """The findings of an answer when it is written, whatever was known before."""
    while True:
        try:
            next(written)
        except StopIteration as end:
            findings: Findings = end.value
            return findings


def _aspects(understood: UnderstoodQuestion, hits: Sequence[Hit]) -> list[Question]:
    """A search for each aspect of a comparison, in the documents that the comparison is found in."""
    documents = tuple(dict.fromkeys(hit.passage.document.name for hit in hits))[:_MOST_COMPARED]
    aspects = understood.attributes[:_MOST_ASPECTS]
    return [replace(understood.standalone, text=aspect, documents=documents, history=()) for aspect in aspects]


def _first(understood: UnderstoodQuestion, whole: Sequence[Hit]) -> Sequence[Hit]:
    """The hits of the whole question that come before those of parts and sides: first those that name both sides."""
    if understood.form == "comparison":
        # A sort is stable: the others stay as they are.
        whole = sorted(whole, key=lambda hit: -(hit.logit or 0.0) if names_both(understood.searches, hit) else math.inf)
    return whole[:_FIRST] if understood.form in ("parts", "comparison") else ()


def _main_document(hits: Sequence[Hit]) -> str | None:
    """The document of most of the best hits, by which a subject is that document; None where there is none."""
    counts = Counter(hit.passage.document.name for hit in hits[:_BEST])
    name, count = counts.most_common(1)[0] if counts else ("", 0)
    return name if count > _BEST / 2 else None


def _unknown(understood: UnderstoodQuestion) -> str | None:
    """The sentence that names what a question is about and no document mentions; None where there is no such thing."""
    unknown = [one for one in understood.unknown_identifiers if not one.is_period]
    return " ".join(one.statement(understood.language) for one in unknown) or None


def _built(builder: AnswerBuilder, reply: Reply | None, found: Findings) -> Answer:
    if reply:
        return builder.reply(reply)
    return builder.answer(found) if found.is_given else builder.abstention(found)
