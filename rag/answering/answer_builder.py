"""Answer builder: the sentences, citations, certainty and reason of an answer, from a verified draft."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from rag.answering.evidence.contacts import unnamed_contacts
from rag.answering.grounding import Evidence, Quote, Support, nearest_quotes
from rag.answering.markdown_text import markdown
from rag.answering.run import Findings, Run
from rag.domain.values import Answer, Certainty, Citation, Form, Hit, Reason, Sentence, SentenceVerified, Span
from rag.index.generation import Generation
from rag.query.types import Reply, ReplyItem
from rag.text.languages.table import in_language

UNNAMED_CONTACT: Final = (
    "Check before you go or write there: the document does not name this as a contact: {addresses}."
)
NOT_IN_DOCUMENTS: Final = "The documents do not answer this question."
# An answer is stated as a fact from this confidence on; below it, it is only possible. Of what is stated as a fact,
# three in four are right and more, with the model that ships (docs/abstention.md).
FACT: Final = 0.6
# Displays put it in front of a possible answer. It is not part of the answer: what compares answers would count it.
POSSIBLY: Final = "Possibly: "
# Confidence of a sentence that is copied from its quote.
VERBATIM: Final = 0.99
# Confidence of an overview, or a reply from the index: no model has written it.
QUOTED_ONLY: Final = 1.0
_NEAREST: Final = 3


@dataclass(frozen=True)
class AnswerBuilder:
    """Builds the answer, the abstention or the reply to one question.

    Attributes:
        run: with the question as it was put to the model.
        model: its name, for the answer.
        is_calibrated: whether confidence is fitted to the model; else it decides what is given, and is not told.
    """

    run: Run
    model: str
    is_calibrated: bool = True

    def answer(self, found: Findings) -> Answer:
        """An answer from the supported sentences, at least one; the others are listed, and not part of the text.

        Its certainty is decided by the rounded confidence, which is the one that clients see; it is only possible where
        it sends its reader to an address that no document names as a contact, where the index has no vectors yet, and
        where it tells what the passages say in place of a yes or no.
        """
        citations = _Citations()
        sentences = [_sentence(item, citations) for item in _each_once(found.support)]
        shown = [sentence for sentence in sentences if sentence.verdict == "supported"]
        # The answer's confidence is that of its direct answer.
        shown[0] = replace(shown[0], confidence=self._confidence(found))
        warning = self._warning(shown, citations.all)
        # The confidence was fitted with vectors: without them the passage that says otherwise may not be found.
        is_certain = _rounded(found.confidence) >= FACT and self.run.generation.has_vectors and not found.is_indirect
        note = found.note and self._said(found.note)
        notes = filter(None, (note, self.run.understood.scope_note, warning))
        shown += [Sentence(note, "supported", kind="detail") for note in notes]
        sentences = [*shown, *(sentence for sentence in sentences if sentence.verdict == "unsupported")]
        return self._build(
            found,
            markdown(shown),
            reason="length" if found.draft.finish.reason == "length" and self.run.form == "fact" else None,
            certainty=self._certainty(found, is_certain=is_certain and not warning),
            sentences=sentences,
            citations=citations.all,
        )

    def first(self, begun: Findings) -> SentenceVerified:
        """The sentence that an answer begins with, as an event, before the rest of it is written."""
        citations = _Citations()
        sentence = replace(_sentence(begun.support[0], citations), confidence=self._confidence(begun))
        return SentenceVerified(sentence, tuple(citations.all))

    def abstention(self, found: Findings) -> Answer:
        """An abstention with the nearest quotes as citations; no sentence of the draft counts as supported."""
        citations = _Citations()
        for quote in nearest_quotes(self.run.question.text, found.evidence[:_NEAREST]):
            citations.add(quote)
        unsupported = found.support and not any(item.supported for item in found.support)
        return self._build(
            found,
            " ".join(filter(None, (found.statement or self._said(NOT_IN_DOCUMENTS), self.run.understood.scope_note))),
            reason="no_supported_sentence" if unsupported else "not_in_documents",
            sentences=[Sentence(item.sentence, "unsupported", kind=item.kind) for item in found.support],
            citations=citations.all,
        )

    def reply(self, reply: Reply) -> Answer:
        """A reply that needs no search: to a greeting, or to a question about the collection of documents."""
        citations = _Citations()
        items = [_reply_sentence(item, citations, self.run.generation) for item in reply.items]
        is_answer = reply.reason is None
        lead = [Sentence(reply.text, "supported", _first_citation(items), "lead")] if is_answer else []
        sentences = [*lead, *(item for item in items if item.text)]
        return self._build(
            Findings(confidence=QUOTED_ONLY),
            markdown(sentences) if is_answer else reply.text,
            reason=reply.reason,
            certainty="stated" if is_answer else None,
            sentences=sentences,
            citations=citations.all,
            form=reply.form,
        )

    def _warning(self, shown: Sequence[Sentence], citations: Sequence[Citation]) -> str | None:
        """A sentence on addresses that the cited documents do not name as contacts; None where there are none."""
        found = unnamed_contacts(shown, citations, self.run.generation)
        return self._said(UNNAMED_CONTACT).format(addresses=", ".join(found)) if found else None

    def _confidence(self, found: Findings) -> float | None:
        """The confidence that is told; what no model has worded needs no calibration."""
        return _rounded(found.confidence) if self.is_calibrated or found.confidence == QUOTED_ONLY else None

    def _certainty(self, found: Findings, *, is_certain: bool) -> Certainty:
        if self._confidence(found) is None:
            return "uncalibrated"
        return "stated" if is_certain else "possible"

    def _said(self, text: str) -> str:
        """A sentence of the program in the language of the question."""
        return in_language(text, self.run.understood.language)

    def _build(
        self,
        found: Findings,
        text: str,
        *,
        reason: Reason | None,
        certainty: Certainty | None = None,
        sentences: Sequence[Sentence],
        citations: Sequence[Citation],
        form: Form | None = None,
    ) -> Answer:
        answered = reason in (None, "length")
        return Answer(
            id=uuid.uuid4().hex,
            question=self.run.question.text,
            answer=text,
            answered=answered,
            reason=reason,
            certainty=certainty,
            confidence=self._confidence(found),
            sentences=tuple(sentences),
            citations=tuple(citations),
            model=self.model,
            index=self.run.generation.id,
            usage=found.draft.finish.usage,
            timings_ms=self.run.clock.timings,
            form=form or self.run.form,
            short_answer=found.short_answer if answered else None,
            missing=found.missing if answered else (),
        )


def sentence_events(answer: Answer, *, sent: int = 0) -> Iterator[SentenceVerified]:
    """The supported sentences of an answer as events, each with the citations that it is the first to use.

    The first ``sent`` of them are left out.
    """
    cited: set[int] = set()
    by_id = {citation.id: citation for citation in answer.citations}
    shown = [sentence for sentence in answer.sentences if answer.answered and sentence.verdict == "supported"]
    for position, sentence in enumerate(shown):
        new = [number for number in sentence.citations if number not in cited]
        cited.update(new)
        if position >= sent:
            yield SentenceVerified(sentence, tuple(by_id[number] for number in new))


def _each_once(support: Sequence[Support]) -> Iterable[Support]:
    """The sentences without repetitions, which a small model may write; of equal ones, one that is supported.

    What is copied from two places is no repetition: a procedure may have the same step twice.
    """
    found: dict[tuple[str, Span | None], Support] = {}
    for item in support:
        key = (item.sentence, item.quotes[0].span if item.verbatim and item.quotes else None)
        if key not in found or (item.supported and not found[key].supported):
            found[key] = item
    return found.values()


def _sentence(item: Support, citations: _Citations) -> Sentence:
    if not item.supported:
        return Sentence(item.sentence, "unsupported", kind=item.kind)
    numbers = tuple(dict.fromkeys(citations.add(quote) for quote in item.quotes))
    confidence = VERBATIM if item.verbatim else None
    return Sentence(item.sentence, "supported", numbers, item.kind, confidence)


def _reply_sentence(item: ReplyItem, citations: _Citations, generation: Generation) -> Sentence:
    if item.passage is None:
        return Sentence(item.text, "supported", (), "item")
    span = item.passage.chunk.span
    evidence = Evidence(Hit(item.passage, 0.0), generation.page(item.passage.document.id, span.page))
    quote = Quote(evidence, Span(evidence.page.number, item.start, item.end), 1.0)
    return Sentence(item.text, "supported", (citations.add(quote),) if item.end > item.start else (), "item")


def _first_citation(items: Sequence[Sentence]) -> tuple[int, ...]:
    """The citations of items without text, which prove the text of the reply itself."""
    return tuple(number for item in items if not item.text for number in item.citations)


def _rounded(confidence: float) -> float:
    return round(confidence, 3)


@dataclass
class _Citations:
    """Citations, numbered from 1; quotes of the same span of a page are one citation."""

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
                label=quote.evidence.page.label,
            )
        )
        return len(self.all)
