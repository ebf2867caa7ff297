"""Whole-answer writer: explanations, procedures, lists, comparisons and overviews in the documents' own sentences."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rag.answering.composing.arrangement import has_lead, note_on_lists
from rag.answering.composing.evidence_tables import page_reader
from rag.answering.composing.material import Composition
from rag.answering.composing.overview import (
    opening_of_overview,
    overview_usefulness,
    passages_of_overview,
    telling_passages,
)
from rag.answering.composing.table_answer import table_of_form
from rag.answering.composing.whole_answer import (
    announcing_lead,
    beginning_of_list,
    compose,
    is_answer,
    opening_of,
    possible_leads,
)
from rag.answering.confidence import LEAST_CONFIDENCE, ConfidenceModel, Features
from rag.answering.draft import Draft, generate_draft
from rag.answering.evidence.page_breaks import with_torn_sentences
from rag.answering.evidence.selection import EvidenceBudget, select_evidence, with_page
from rag.answering.evidence.units import units_of
from rag.answering.features import extract_features
from rag.answering.grounding import SUPPORTED, Evidence
from rag.answering.prompt import SYSTEM_WHOLE, EvidencePrompt, rereading_prompt, room_for_evidence, whole_prompt
from rag.answering.run import Findings, Run
from rag.answering.usefulness.pointers import Pointer, pointers_of, points_anywhere, statements_of
from rag.answering.usefulness.targets import best_unit, served_units
from rag.answering.writers.whole_material import WholeMaterial, composition_of, gather, targets_of
from rag.domain.values import Hit, Passage
from rag.models.embedding.interfaces import Reranker
from rag.models.llm.language_model import LanguageModel
from rag.query.parts import part_label
from rag.retrieval.retriever import reranker_text

# Hits that bring along the passages beside them.
_CONTINUED: Final = 3
# Passages in front of these that are brought along for a comparison: it may begin before the words that were found.
_BEFORE: Final = 2
# Tokens of passages whose units may be shown, as a multiple of those that the model reads.
_WIDER: Final = 2
_FEWEST_PARTS: Final = 2
# Statements of the draft after which the sentence that the answer begins with is settled: it is the right one as often
# as with all of them.
_SETTLED: Final = 2
# Statements of the draft, borne out by passages, from which on a further draft tells nothing new: with it fewer of the
# facts that matter are found. When it was chosen, on 48 questions in folds and with two further drafts: .783 with those
# of all, .797 by this rule (python -m benchmarks.fit_usefulness --set NAME=INDEX:QUESTIONS --rereads-below 99 5). A
# second further draft adds nothing: .764 in folds with one and with two, .722 with none.
TELLS_ENOUGH: Final = 5
# Most tokens of a further draft: its first statements tell most.
_REREAD_TOKENS: Final = 72
# P(True) of a long draft is not asked: it was as high where the draft answered something else.
_NOT_ASKED: Final = 0.5
# The reranker's logit at or below which a passage is about something else: those of unanswered questions go down to -4.
_ABSENT: Final = -6.0


@dataclass(frozen=True)
class WholeWriter:
    """Writes answers of several sentences.

    Attributes:
        confidence_model: fitted to answers of this kind.
        reranker: None where there is none; then only what the model points to is shown.
        evidence_tokens: most tokens of passages in the prompt.
        passages: most hits that are considered.
        max_tokens: of the draft, where the question does not say.
        is_masked: whether the model is held to the words of passages and question.
        rereads: whether it writes a further draft, by which the sentences to show are chosen better.
        rereads_below: where fewer statements of its first draft than these are borne out by passages.
    """

    model: LanguageModel
    confidence_model: ConfidenceModel
    reranker: Reranker | None
    evidence_tokens: int
    passages: int
    max_tokens: int
    is_masked: bool = True
    rereads: bool = False
    rereads_below: int = TELLS_ENOUGH

    def write(self, run: Run, hits: Sequence[Hit], today: str | None) -> Generator[Findings, None, Findings]:
        """Drafts the answer from the best passages, and composes it of what the draft points to.

        Nothing is drafted where a table has the answer beyond doubt, or where the passages show that they do not answer
        the question. Yields the sentence that the answer begins with as soon as it is settled, while the draft goes on;
        from then on the answer is given.

        Raises:
            PromptTooLong: the question does not fit.
            Cancelled: the run was cancelled.
            ModelError: the model failed.
        """
        evidence = [with_page(run.generation, hit) for hit in hits]
        with run.clock.measuring("verify"):
            read = page_reader(run.generation)
            table = table_of_form(run.form, run.question.text, evidence[: self.passages], read)
        if table and table.is_sure:
            return Findings(hits, evidence, support=list(table.support), confidence=table.confidence, is_given=True)
        evidence_only = _features(run.question.text, hits, Draft(), ()) if hits else None
        if evidence_only is None or not self.confidence_model.is_given(evidence_only):
            return Findings(hits, evidence)
        prompt = self._prompt(run, hits, today, continued=_CONTINUED)
        with run.clock.measuring("verify"):
            wider = self._evidence(run, hits, self.evidence_tokens * _WIDER, _CONTINUED)
            material = gather(run, hits, wider, self.reranker, table.support if table else ())
        draft = Draft()
        begun: _Written | None = None
        is_settled = False
        for text in self._drafting(run, prompt, draft):
            if not is_settled and len(statements_of(text)) > _SETTLED:
                is_settled = True
                if begun := self._begun(run, self._written(run, material, draft)):
                    yield begun.beginning
        written = self._written(run, material, draft)
        if not is_settled and (begun := self._begun(run, written)):
            yield begun.beginning
        if self.rereads and written.is_worth_rereading(self.rereads_below):
            written = self._written(run, material, draft, self._further_draft(run, prompt, today))
        with run.clock.measuring("verify"):
            lead = begun.composition.lead if begun else self._lead(run, written.composition)
            composition = self._served(run, replace(written.composition, lead=lead))
            # What is shown stays shown, with the confidence that it was shown with.
            confidence = (begun or written).confidence
            support = compose(composition) if confidence >= LEAST_CONFIDENCE else []
            support = support if is_answer(run.form, support) else []
        return Findings(
            prompt.hits,
            prompt.evidence,
            draft,
            written.features,
            support,
            confidence,
            is_given=bool(support),
            missing=self._missing(run, material.evidence) if support else (),
            note=note_on_lists(composition, support),
            sent=1 if begun else 0,
            composition=composition,
        )

    def overview(self, run: Run, passages: Sequence[Passage], today: str | None) -> Generator[Findings, None, Findings]:
        """An overview of a section or a document, of its most central sentences; raises as :meth:`write`.

        Yields its first sentence before the model reads the text, which takes long.
        """
        passages = passages_of_overview(passages)
        with run.clock.measuring("verify"):
            evidence = [with_page(run.generation, Hit(passage, 0.0)) for passage in passages]
            units = units_of(with_torn_sentences(run.generation, evidence))
            useful = overview_usefulness(units)
            run.cancelled.check()
        question = run.question
        material = Composition(question.text, "overview", (), units, useful, question.length)
        opening = opening_of_overview(material)
        if opening is not None:
            yield Findings(support=[units[opening].support("lead")], confidence=1.0)
        telling = telling_passages(passages, units, useful)
        prompt = self._prompt(run, [Hit(passage, 0.0) for passage in telling], today, continued=0)
        draft = Draft()
        for _ in self._drafting(run, prompt, draft):
            pass
        with run.clock.measuring("verify"):
            pointers = pointers_of(question.text, draft.text, units)
            support = compose(replace(material, pointers=pointers, lead=opening))
        # They are the document's own sentences, which no model has worded.
        sent = 0 if opening is None else 1
        return Findings(prompt.hits, prompt.evidence, draft, None, support, 1.0, is_given=bool(support), sent=sent)

    def _prompt(self, run: Run, hits: Sequence[Hit], today: str | None, *, continued: int) -> EvidencePrompt:
        room = room_for_evidence(self.model, run.question, self._tokens(run), system=SYSTEM_WHOLE)
        evidence = self._evidence(run, hits, min(room, self.evidence_tokens), continued)
        return whole_prompt(run.question, run.form, evidence, today=today)

    def _evidence(self, run: Run, hits: Sequence[Hit], tokens: int, continued: int) -> list[Evidence]:
        before = _BEFORE if run.form == "comparison" else 0
        budget = EvidenceBudget(tokens, self.passages if continued else len(hits), continued, before)
        return select_evidence(run.generation, hits, run.question.text, budget, self.model.count_tokens)

    def _tokens(self, run: Run) -> int:
        return run.question.max_tokens or self.max_tokens

    def _missing(self, run: Run, evidence: Sequence[Evidence]) -> tuple[str, ...]:
        """The parts of a question that no passage of the evidence is about."""
        parts = run.understood.parts
        if self.reranker is None or run.form != "parts" or len(parts) < _FEWEST_PARTS:
            return ()
        texts = [reranker_text(item.hit.passage) for item in evidence[: self.passages]]
        best = {part: float(self.reranker.logits(part, texts).max(initial=_ABSENT)) for part in parts}
        run.cancelled.check()
        return tuple(part_label(part) for part, logit in best.items() if logit <= _ABSENT)

    def _served(self, run: Run, composition: Composition) -> Composition:
        """The composition with the units that answer the parts of the question, or the sides of a comparison."""
        targets = targets_of(run, composition)
        if self.reranker is None or not targets:
            return composition
        useful = composition.usefulness
        served = served_units(targets, composition.units, useful, self.reranker, run.cancelled)
        return replace(composition, served=served)

    def _drafting(self, run: Run, prompt: EvidencePrompt, draft: Draft, most: int | None = None) -> Iterator[str]:
        """Generates into a draft, ``most`` tokens if given; yields its text so far as :func:`generate_draft` does."""
        with run.clock.measuring("generate"):
            for text in generate_draft(
                self.model,
                prompt,
                draft,
                max_tokens=min(most, self._tokens(run)) if most else self._tokens(run),
                vocabulary=prompt.vocabulary if self.is_masked else None,
                cancelled=run.cancelled,
            ):
                run.clock.mark("first_token")
                yield text

    def _further_draft(self, run: Run, prompt: EvidencePrompt, today: str | None) -> Draft:
        """The draft of the other instruction, from the same passages, which are in the model's memory."""
        draft = Draft()
        other = rereading_prompt(run.question, prompt.evidence, today=today)
        for _ in self._drafting(run, other, draft, _REREAD_TOKENS):
            pass
        return draft

    def _written(self, run: Run, material: WholeMaterial, draft: Draft, *further: Draft) -> _Written:
        """The composition and the confidence of an answer by a draft, or by its beginning, and by a further draft."""
        first, *others = (pointers_of(run.question.text, each.text, material.units) for each in (draft, *further))
        # A small model that repeats the question, or its orders, tells nothing of the passages.
        read = [first, *filter(points_anywhere, others)]
        features = _features(run.question.text, material.hits, draft, read[0])
        composition = composition_of(run, material, read)
        return _Written(composition, features, self.confidence_model.correct.probability(features))

    def _begun(self, run: Run, written: _Written) -> _Written | None:
        """The answer that begins with the sentence which is settled by now; None where there is none."""
        composition = written.composition
        if written.confidence < LEAST_CONFIDENCE:
            return None
        lead = self._lead(run, composition) if has_lead(run.form) else beginning_of_list(composition)
        begun = replace(written, composition=replace(composition, lead=lead))
        is_first = lead is not None and begun.beginning.support[0].sentence == composition.units[lead].text
        return begun if is_first else None

    def _lead(self, run: Run, composition: Composition) -> int | None:
        """The position of the unit that an answer begins with; None where it has none that answers directly."""
        if (announced := announcing_lead(composition)) is not None:
            return announced
        places, useful = possible_leads(composition), composition.usefulness
        if self.reranker is None:
            return max(places, key=useful.__getitem__, default=None)
        # Of several parts, what answers the first one comes first.
        asked = run.understood.parts[0] if run.form == "parts" and run.understood.parts else run.question.text
        lead = best_unit(asked, places, composition.units, useful, self.reranker)
        return None if lead is None else opening_of(composition, lead, places)


@dataclass(frozen=True)
class _Written:
    """A draft, or its beginning, with what it points to."""

    composition: Composition
    features: Features
    confidence: float

    def is_worth_rereading(self, enough: int) -> bool:
        """True if an answer by this draft is given, as further ones do not change that, and it tells little.

        Args:
            enough: statements that are borne out by passages, from which on it tells enough.
        """
        supported = sum(one.share >= SUPPORTED and bool(one.units) for one in self.composition.pointers)
        return self.confidence >= LEAST_CONFIDENCE and supported < enough

    @property
    def beginning(self) -> Findings:
        """The sentence that the answer begins with as it is composed by now."""
        return Findings(support=compose(self.composition)[:1], confidence=self.confidence)


def _features(question: str, hits: Sequence[Hit], draft: Draft, pointers: Sequence[Pointer]) -> Features:
    """The features of a long draft: how much of it the evidence has, in place of one value's support."""
    shares = [pointer.share for pointer in pointers]
    return replace(
        extract_features(question, hits, draft, (), _NOT_ASKED),
        share=sum(shares) / len(shares) if shares else 0.0,
        agrees=sum(share >= SUPPORTED for share in shares) / len(shares) if shares else 0.0,
    )
