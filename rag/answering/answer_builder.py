"""Answer builder: the sentences, citations, certainty and reason of an answer, from a verified draft."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rag.answering.draft import Draft
from rag.answering.grounding import Evidence, Quote, Support, nearest_quotes
from rag.domain.values import Answer, Certainty, Citation, Question, Reason, Sentence
from rag.query.types import Reply

NOT_IN_DOCUMENTS: Final = "The documents do not answer this question."
# An answer is stated as a fact from this confidence on; below it, it is only possible. Of what is stated as a fact,
# three in four are right and more, with the model that ships (docs/abstention.md).
FACT: Final = 0.6
# Displays put it in front of a possible answer. It is not part of the answer: what compares answers would count it.
POSSIBLY: Final = "Possibly: "
_NEAREST: Final = 3


@dataclass(frozen=True)
class AnswerBuilder:
    """Builds the answer, the abstention or the reply to one question.

    Attributes:
        question: as it was put to the model.
        model, index: their names, for the answer.
        evidence: the passages that were read, best first.
        draft: the model's draft; an empty one where the model was not asked.
        timings_ms: wall time per phase so far.
    """

    question: Question
    model: str
    index: str
    evidence: Sequence[Evidence]
    draft: Draft
    timings_ms: Mapping[str, float]

    def answer(self, support: Sequence[Support], confidence: float) -> Answer:
        """An answer from the supported sentences, at least one; the others are listed, and not part of the text.

        Its certainty is decided by the rounded confidence, which is the one that clients see.
        """
        citations = _Citations()
        # A small model may repeat a sentence.
        support = list({item.sentence: item for item in support}.values())
        sentences = [
            Sentence(
                item.sentence,
                "supported" if item.supported else "unsupported",
                tuple(citations.add(quote) for quote in item.quotes) if item.supported else (),
            )
            for item in support
        ]
        text = " ".join(punctuated([item.sentence for item in support if item.supported]))
        return self._build(
            text,
            reason="length" if self.draft.finish.reason == "length" else None,
            certainty="stated" if _rounded(confidence) >= FACT else "possible",
            confidence=confidence,
            sentences=sentences,
            citations=citations.all,
        )

    def abstention(self, support: Sequence[Support], confidence: float) -> Answer:
        """An abstention with the nearest quotes as citations; no sentence of the draft counts as supported."""
        citations = _Citations()
        for quote in nearest_quotes(self.question.text, self.evidence[:_NEAREST]):
            citations.add(quote)
        return self._build(
            NOT_IN_DOCUMENTS,
            reason="no_supported_sentence"
            if support and not any(item.supported for item in support)
            else "not_in_documents",
            confidence=confidence,
            sentences=[Sentence(item.sentence, "unsupported") for item in support],
            citations=citations.all,
        )

    def reply(self, reply: Reply) -> Answer:
        """A reply that needs no search, such as to a greeting."""
        return self._build(reply.text, reason=reply.reason, confidence=1.0, sentences=(), citations=())

    def _build(
        self,
        text: str,
        *,
        reason: Reason | None,
        certainty: Certainty | None = None,
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
            certainty=certainty,
            confidence=_rounded(confidence),
            sentences=tuple(sentences),
            citations=tuple(citations),
            model=self.model,
            index=self.index,
            usage=self.draft.finish.usage,
            timings_ms=self.timings_ms,
        )


def _rounded(confidence: float) -> float:
    return round(confidence, 3)


def punctuated(sentences: Sequence[str]) -> list[str]:
    """The sentences punctuated for one text: a short answer gets a full stop where another sentence follows."""
    *before, last = sentences
    return [*(text if text.endswith((".", "!", "?")) else f"{text}." for text in before), last]


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
            )
        )
        return len(self.all)
