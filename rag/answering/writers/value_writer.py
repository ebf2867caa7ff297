"""Value writer: answers facts and yes/no questions with a short value, verified, and a sentence around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from rag.answering.claims.asked_quantity import is_of_another_quantity
from rag.answering.composing.evidence_tables import page_reader
from rag.answering.composing.listed_answer import LISTED_CONFIDENCE, listed_answer
from rag.answering.composing.named_item import named_item
from rag.answering.composing.relative_date import with_right_date
from rag.answering.composing.table_answer import TableAnswer, contradicts_tables, table_answer, yes_no_of_table
from rag.answering.composing.value_answer import (
    announced_list,
    repeats_question,
    sentence_of_value,
    sentence_of_yes_or_no,
)
from rag.answering.confidence import LEAST_CONFIDENCE, ConfidenceModel
from rag.answering.conflicts import find_conflict
from rag.answering.draft import Draft, calibrate_yes_no, generate_draft, self_check
from rag.answering.evidence.page_breaks import with_torn_sentences
from rag.answering.evidence.relevance import unit_relevance
from rag.answering.evidence.selection import EvidenceBudget, select_evidence, with_beginnings, with_page
from rag.answering.evidence.units import units_of
from rag.answering.features import extract_features
from rag.answering.grounding import Evidence, Support, ground
from rag.answering.prompt import NO, SENTENCE, YES, EvidencePrompt, room_for_evidence, value_prompt
from rag.answering.run import Findings, Run
from rag.domain.values import Hit, Usage
from rag.models.embedding.interfaces import Reranker
from rag.models.llm.language_model import LanguageModel, Message
from rag.text.languages.table import in_language

_SENTENCE_TOKENS: Final = 80
# A value of more words is a sentence.
_LONGEST_VALUE: Final = 12


@dataclass(frozen=True)
class ValueWriter:
    """Writes answers that are one value.

    Attributes:
        reranker: finds the sentence that gives the reason of a yes or no; None where there is none.
        evidence_tokens: most tokens of passages in the prompt.
        passages: most passages in the prompt.
        max_tokens: of the value, where the question does not say.
    """

    model: LanguageModel
    confidence_model: ConfidenceModel
    reranker: Reranker | None
    evidence_tokens: int
    passages: int
    max_tokens: int

    def write(self, run: Run, hits: Sequence[Hit], today: str | None) -> Findings:
        """Drafts the value from the best passages, and verifies it.

        Raises:
            PromptTooLong: the question does not fit.
            Cancelled: the run was cancelled.
            ModelError: the model failed.
        """
        draft, question = Draft(), run.question
        if ruled := self._by_rule(run, hits):
            return ruled
        if not hits or not self._may_be_answered(run, hits):
            return Findings(hits, [with_page(run.generation, hit) for hit in hits])
        max_tokens = question.max_tokens or self.max_tokens
        room = room_for_evidence(self.model, question, max_tokens)
        budget = EvidenceBudget(min(room, self.evidence_tokens), self.passages)
        evidence = select_evidence(run.generation, hits, question.text, budget, self.model.count_tokens)
        prompt = value_prompt(question, evidence, today=today)
        with run.clock.measuring("generate"):
            self._generate(run, prompt, draft, max_tokens)
        draft.text = with_right_date(question.text, draft.text, evidence, today)
        with run.clock.measuring("verify"):
            return self._verified(run, prompt, draft)

    def _may_be_answered(self, run: Run, hits: Sequence[Hit]) -> bool:
        """True where the passages may hold the answer; of a table, the reranker tells too little."""
        if not self.confidence_model.fails_prefilter(extract_features(run.question.text, hits, Draft(), (), 0.0)):
            return True
        evidence = [with_page(run.generation, hit) for hit in hits[: self.passages]]
        table = table_answer(run.question.text, evidence, page_reader(run.generation)) if run.form == "fact" else None
        return table is not None and table.is_sure

    def _by_rule(self, run: Run, hits: Sequence[Hit]) -> Findings | None:
        """The answer to a yes/no question by a table's cell, or by a list that has the thing; no model is asked.

        None where there is none.
        """
        if run.form != "yes_no" or run.understood.language not in (None, "English"):
            return None
        with run.clock.measuring("verify"):
            evidence = [with_page(run.generation, hit) for hit in hits[: self.passages]]
            if table := yes_no_of_table(run.question.text, evidence, page_reader(run.generation)):
                return _from_table(Findings(hits, evidence), table)
            evidence = with_beginnings(run.generation, hits)
            support = listed_answer(run.question.text, evidence)
        if support is None:
            return None
        answer = support.sentence.partition(":")[0]
        return Findings(
            hits, evidence, support=[support], confidence=LISTED_CONFIDENCE, is_given=True, short_answer=answer
        )

    def _generate(self, run: Run, prompt: EvidencePrompt, draft: Draft, max_tokens: int) -> None:
        yes_or_no = run.form == "yes_no"
        for _ in generate_draft(
            self.model,
            prompt,
            draft,
            max_tokens=1 if yes_or_no else max_tokens,
            vocabulary=f"{YES[0]} {NO[0]}" if yes_or_no else prompt.vocabulary,
            cancelled=run.cancelled,
        ):
            run.clock.mark("first_token")
        if yes_or_no:
            calibrate_yes_no(draft, self.confidence_model.yes_bias)

    def _verified(self, run: Run, prompt: EvidencePrompt, draft: Draft) -> Findings:
        """Grounds the draft in its evidence, and decides with the confidence model whether it is given."""
        text, evidence = run.question.text, prompt.evidence
        support = ground(text, draft.text, evidence)
        checked = 0.0 if draft.is_empty else self_check(self.model, prompt.chat, draft, run.cancelled)
        features = extract_features(text, prompt.hits, draft, support, checked)
        confidence = self.confidence_model.correct.probability(features)
        found = Findings(prompt.hits, evidence, draft, features, support, confidence)
        is_likely = self.confidence_model.is_given(features)
        table = table_answer(text, evidence, page_reader(run.generation)) if run.form == "fact" else None
        if table and table.value and is_of_another_quantity(text, table.value):
            table = None
        if table and (is_likely or table.is_sure):
            return _from_table(found, table)
        support = [replace(item, agrees=item.agrees and _may_answer(text, item)) for item in support]
        found = replace(found, support=support)
        is_supported = any(item.supported and not (item.bare and run.form == "fact") for item in support)
        is_given = is_supported and confidence >= LEAST_CONFIDENCE and is_likely
        is_given = is_given and not (run.form == "fact" and repeats_question(draft.text, text))
        if not is_given:
            return found
        if conflict := find_conflict(text, support, evidence, run.understood.language):
            support = [*support, conflict]
        value = [item for item in support if item.supported]
        if run.form == "fact" and (named := named_item(text, value[0], evidence)):
            return replace(found, support=[named.support], is_given=True, short_answer=_short(named.text))
        shown = self._sentences(run, prompt, draft, value)
        # Its unit may stand in the sentence alone.
        if run.form == "fact" and is_of_another_quantity(text, shown[0].sentence):
            return replace(found, support=[replace(item, agrees=False) for item in support])
        first = _in_language_of(run, value[0])
        shown += announced_list(shown[0], evidence)
        return replace(found, support=_merged(shown, support), is_given=True, short_answer=_short(first.sentence))

    def _sentences(self, run: Run, prompt: EvidencePrompt, draft: Draft, value: Sequence[Support]) -> list[Support]:
        """The supported sentences with a whole one in place of the value."""
        first, *others = value
        lead: Support | None
        if first.bare:
            lead = self._reason(run, first, prompt.evidence)
        elif len(first.sentence.split()) > _LONGEST_VALUE:
            lead = first
        else:
            lead = sentence_of_value(run.question.text, value, prompt.evidence, self._sentence(run, prompt, draft))
        return [lead or _in_language_of(run, first), *(replace(item, kind="detail") for item in others)]

    def _reason(self, run: Run, value: Support, evidence: Sequence[Evidence]) -> Support | None:
        if self.reranker is None:
            return None
        units = units_of(with_torn_sentences(run.generation, evidence))
        relevance = unit_relevance(run.question.text, units, self.reranker, run.cancelled, words=0)
        return sentence_of_yes_or_no(value.sentence.rstrip("."), units, relevance, run.understood.language)

    def _sentence(self, run: Run, prompt: EvidencePrompt, draft: Draft) -> str:
        """The model's sentence around the value of a draft; the chat goes on, so that little is to be read anew."""
        chat = (*prompt.chat, Message("assistant", draft.text.strip()), Message("user", SENTENCE))
        written = Draft()
        again = EvidencePrompt(chat, prompt.evidence, prompt.vocabulary)
        if self.model.prompt(chat).length + _SENTENCE_TOKENS > self.model.context_tokens:
            return ""
        for text in generate_draft(
            self.model,
            again,
            written,
            max_tokens=_SENTENCE_TOKENS,
            vocabulary=again.sentence_vocabulary,
            cancelled=run.cancelled,
        ):
            if "\n" in text.strip():
                break
        # Where it was broken off after its line, the model has not told what that took.
        usage = written.finish.usage
        if not usage.completion_tokens and written.prompt:
            usage = Usage(written.prompt.length, 0, len(written.probabilities))
        draft.finish = replace(draft.finish, usage=draft.finish.usage + usage)
        return written.text.strip().partition("\n")[0]


def _may_answer(question: str, support: Support) -> bool:
    """False for what stands in the row or the column of something else, and for a value that measures another thing."""
    is_other = contradicts_tables(question, support) or is_of_another_quantity(question, support.sentence)
    return not is_other


def _short(value: str) -> str | None:
    """The value; None for one that is a sentence."""
    return value if len(value.split()) <= _LONGEST_VALUE else None


def _from_table(found: Findings, table: TableAnswer) -> Findings:
    return replace(
        found,
        support=_merged(table.support, found.support),
        confidence=table.confidence,
        is_given=True,
        short_answer=table.value,
    )


def _in_language_of(run: Run, value: Support) -> Support:
    """A bare yes or no in the language of the question; anything else as it is."""
    if not value.bare:
        return value
    answer = value.sentence.rstrip(".")
    translated = in_language(answer, run.understood.language)
    return value if translated == answer else replace(value, sentence=translated)


def _merged(shown: Sequence[Support], support: Sequence[Support]) -> list[Support]:
    """Shown sentences, then the unsupported ones of the draft."""
    return [*shown, *(item for item in support if not item.supported)]
