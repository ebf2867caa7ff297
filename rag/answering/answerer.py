"""Question answering: from a question to a verified answer with citations, and the events on the way."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from rag.answering.answer_builder import AnswerBuilder, sentence_events
from rag.answering.answer_translation import answer_translator
from rag.answering.composing.value_answer import repeats_question
from rag.answering.confidence import CONFIDENCE_MODEL, WHOLE_CONFIDENCE_MODEL, ConfidenceModel, FittedLater
from rag.answering.evidence.question_hits import NEAR, QuestionSearch
from rag.answering.evidence.selection import with_page
from rag.answering.run import Clock, Findings, Run
from rag.answering.trace import AnswerTrace, Recorder
from rag.answering.writers.value_writer import ValueWriter
from rag.answering.writers.whole_writer import TELLS_ENOUGH, WholeWriter
from rag.domain.values import Answer, AnswerEvent, AnswerReady, Form, Hit, PassagesFound, Question, Usage
from rag.index.generation import Generation
from rag.index.joint.interfaces import ServedIndex
from rag.models.llm.language_model import LanguageModel
from rag.query.types import Reply, UnderstoodQuestion
from rag.query.understand import understand
from rag.retrieval.cached import RetrievalCache
from rag.retrieval.retriever import Retriever
from rag.runtime.cancellation import Cancellation

# Probability that the model refuses to answer from which on it is taken at its word.
_REFUSED: Final = 0.5
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
        rereads: whether the model writes a further, short draft of an answer of several sentences.
        rereads_below: where fewer statements of its first draft than these are borne out by passages.
        restates: whether a question for which nothing near is found is searched for in formal words, too.
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
    restates: bool = False
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
            limit = self.passages if understood.form in VALUE_FORMS else self.whole_passages
            search = QuestionSearch(self.retriever, self.searches, self.model if self.restates else None)
            hits, usage = search.hits(run, limit)
        found = yield from self._answered(run, hits, today, is_translated=is_translated)
        _add_usage(found, usage)
        return found

    def _answered(
        self, run: Run, hits: list[Hit], today: str | None, *, is_translated: bool
    ) -> Generator[AnswerEvent, None, Findings]:
        """The findings from the passages that a search has found, after these as an event."""
        understood, spent, is_indirect = run.understood, Usage(), False
        yield PassagesFound(tuple(hits))
        if statement := _unknown(understood):
            return Findings(hits, [with_page(run.generation, hit) for hit in hits], statement=statement)
        if understood.form == "overview" and (document := _main_document(hits)):
            rows = run.generation.rows_named([document])
            passages = run.generation.passages([] if rows is None else rows.tolist())
            written = self._whole_writer(run).overview(run, passages, today)
            return (yield from self._streamed(run, written, is_translated=is_translated))
        if understood.form in VALUE_FORMS:
            found = self._value_writer(run).write(run, hits, today)
            if not _tells_more(run, found):
                return found
            run = replace(run, understood=replace(understood, form="about"))
            spent, is_indirect = found.draft.finish.usage, understood.form == "yes_no"
        written = self._whole_writer(run).write(run, hits, today)
        found = yield from self._streamed(run, written, is_translated=is_translated)
        _add_usage(found, spent)
        return replace(found, is_indirect=is_indirect)

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


def _main_document(hits: Sequence[Hit]) -> str | None:
    """The document of most of the best hits, by which a subject is that document; None where there is none."""
    counts = Counter(hit.passage.document.name for hit in hits[:_BEST])
    name, count = counts.most_common(1)[0] if counts else ("", 0)
    return name if count > _BEST / 2 else None


def _add_usage(found: Findings, usage: Usage) -> None:
    found.draft.finish = replace(found.draft.finish, usage=found.draft.finish.usage + usage)


def _tells_more(run: Run, found: Findings) -> bool:
    """True where what the passages say is worth more than the value: it is none, though they do not lack an answer.

    A yes/no question got neither; or the value says nothing that the question does not.
    """
    draft, features = found.draft, found.features
    if found.is_given or features is None or draft.is_empty or draft.refusal_probability >= _REFUSED:
        return False
    if features.relevance < NEAR:
        return False
    return run.form == "yes_no" or repeats_question(draft.text, run.question.text)


def _unknown(understood: UnderstoodQuestion) -> str | None:
    """The sentence that names what a question is about and no document mentions; None where there is no such thing."""
    unknown = [one for one in understood.unknown_identifiers if not one.is_period]
    return " ".join(one.statement(understood.language) for one in unknown) or None


def _built(builder: AnswerBuilder, reply: Reply | None, found: Findings) -> Answer:
    if reply:
        return builder.reply(reply)
    return builder.answer(found) if found.is_given else builder.abstention(found)
