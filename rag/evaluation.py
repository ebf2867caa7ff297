"""``rag eval``: questions with known answers, and what the system makes of them.

A questions file has one JSON object per line: ``{"id", "question", "answers": [..], "document", "pages": [..]}``. Empty
``answers`` mean that the documents do not answer it; ``documents`` in place of ``document`` lists several that do.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean
from time import perf_counter
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.domain import Answer, Citation, Hit, Question
from rag.errors import QuestionsInvalid
from rag.index import Generation

# What may fall before `--compare` calls it a regression: more than the noise of a few questions.
_TOLERANCE: Final = 0.02
_HIGHER_IS_BETTER: Final = (
    "page_hit@1", "page_hit@5", "mrr@10", "document_hit@5", "f1", "contains",
    "citation_page_precision", "quotes_verbatim", "abstain_recall",
)  # fmt: skip
_LOWER_IS_BETTER: Final = ("unsupported_shown", "false_abstain")
RANKS: Final = 10


class LabelledQuestion(BaseModel):
    """A line of a questions file."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str
    question: str = Field(min_length=1)
    answers: tuple[str, ...]
    document: str | None = None
    documents: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()

    @property
    def answerable(self) -> bool:
        """Whether the documents hold an answer."""
        return bool(self.answers)

    @property
    def gold_documents(self) -> frozenset[str]:
        """Names of the documents that hold the answer."""
        return frozenset(self.documents or ([self.document] if self.document else []))


def read_questions(path: Path) -> list[LabelledQuestion]:
    """The questions of a file.

    Raises:
        QuestionsInvalid: no such file, or a line is not a question; the message names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionsInvalid(f"{path} cannot be read: {error}") from error
    questions = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            questions.append(LabelledQuestion.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise QuestionsInvalid(f"{path}, line {number}: {where or 'JSON'}: {first['msg']}") from error
    if not questions:
        raise QuestionsInvalid(f"{path} holds no question")
    return questions


@dataclass(frozen=True)
class Item:
    """What came of one question. ``page_rank`` and ``document_rank`` count from 1; None is beyond the tenth."""

    id: str
    question: str
    answerable: bool
    paged: bool
    page_rank: int | None
    document_rank: int | None
    seconds: float
    answer: str | None = None
    answered: bool | None = None
    reason: str | None = None
    confidence: float | None = None
    f1: float | None = None
    contains: bool | None = None
    citations: int = 0
    citations_on_gold_page: int = 0
    quotes_verbatim: int = 0
    sentences_shown: int = 0
    unsupported_shown: int = 0
    usage: Mapping[str, int] = field(default_factory=dict)


def evaluate(
    questions: Sequence[LabelledQuestion],
    retrieve: Callable[[Question], Sequence[Hit]],
    ask: Callable[[Question], Answer] | None,
    generation: Generation,
    on_progress: Callable[[str, int, int], None],
) -> list[Item]:
    """Puts each question to the system.

    Args:
        questions: with their known answers.
        retrieve: the first ten passages for a question.
        ask: None to measure retrieval only.
        generation: what the answers come from, to check quotes against its pages.
        on_progress: told the number of questions done.
    """
    items = []
    for number, labelled in enumerate(questions):
        on_progress("questions", number, len(questions))
        question = Question(labelled.question)
        start = perf_counter()
        answer = ask(question) if ask else None
        seconds = perf_counter() - start if ask else None
        start = perf_counter()
        hits = retrieve(question)
        seconds = seconds or perf_counter() - start
        items.append(_item(labelled, hits, answer, generation, seconds))
    on_progress("questions", len(questions), len(questions))
    return items


def _item(
    labelled: LabelledQuestion, hits: Sequence[Hit], answer: Answer | None, generation: Generation, seconds: float
) -> Item:
    item = Item(
        id=labelled.id,
        question=labelled.question,
        answerable=labelled.answerable,
        paged=labelled.answerable and bool(labelled.pages),
        page_rank=_rank(_is_gold(labelled, hit.passage.document.names, hit.passage.chunk.span.page) for hit in hits),
        document_rank=_rank(bool(labelled.gold_documents & set(hit.passage.document.names)) for hit in hits),
        seconds=round(seconds, 3),
    )
    return item if answer is None else Item(**{**item.__dict__, **_judged(labelled, answer, generation)})


def _rank(right: Iterable[bool]) -> int | None:
    return next((rank for rank, is_right in enumerate(right, start=1) if is_right), None)


def _is_gold(labelled: LabelledQuestion, names: Iterable[str], page: int) -> bool:
    return bool(labelled.gold_documents & set(names)) and page in labelled.pages


def _judged(labelled: LabelledQuestion, answer: Answer, generation: Generation) -> dict[str, Any]:
    text = answer.answer if answer.answered else ""
    shown = [sentence for sentence in answer.sentences if answer.answered and sentence.text in text]
    return {
        "answer": answer.answer,
        "answered": answer.answered,
        "reason": answer.reason,
        "confidence": answer.confidence,
        "f1": max((_f1(text, gold) for gold in labelled.answers), default=None),
        "contains": any(_contains(text, gold) for gold in labelled.answers),
        "citations": len(answer.citations),
        "citations_on_gold_page": sum(
            _is_gold(labelled, generation.document(citation.document_id).names, citation.page)
            for citation in answer.citations
        ),
        "quotes_verbatim": sum(_is_verbatim(citation, generation) for citation in answer.citations),
        "sentences_shown": len(shown),
        "unsupported_shown": sum(sentence.verdict == "unsupported" for sentence in shown),
        "usage": asdict(answer.usage),
    }


def _is_verbatim(citation: Citation, generation: Generation) -> bool:
    page = generation.page(citation.document_id, citation.page)
    return page.text[citation.start : citation.end] == citation.quote


def _normalised(text: str) -> str:
    """As the SQuAD evaluation script does: lower case, no punctuation, no articles, single spaces."""
    text = "".join(character for character in text.lower() if character not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def _contains(text: str, gold: str) -> bool:
    """Whether the words of ``gold`` stand in ``text``; whole words, so that 120 does not contain 12."""
    return bool(text) and f" {_normalised(gold)} " in f" {_normalised(text)} "


def _f1(answer: str, gold: str) -> float:
    given, expected = _normalised(answer).split(), _normalised(gold).split()
    common = sum((Counter(given) & Counter(expected)).values())
    if not common:
        return 0.0
    precision, recall = common / len(given), common / len(expected)
    return 2 * precision * recall / (precision + recall)


def summarise(items: Sequence[Item], *, model: str | None, index: str) -> dict[str, Any]:
    """The measures over all items; None where there is nothing to measure."""
    answerable = [item for item in items if item.answerable]
    paged = [item for item in answerable if item.paged]
    seconds = sorted(item.seconds for item in items)
    summary: dict[str, Any] = {
        "n": len(items),
        "answerable": len(answerable),
        "unanswerable": len(items) - len(answerable),
        "page_hit@1": _share(item.page_rank == 1 for item in paged),
        "page_hit@5": _share((item.page_rank or RANKS + 1) <= 5 for item in paged),
        "mrr@10": _mean(1 / item.page_rank if item.page_rank else 0.0 for item in paged),
        "document_hit@5": _share((item.document_rank or RANKS + 1) <= 5 for item in answerable),
    }
    if any(item.answered is not None for item in items):
        summary |= _answer_measures(items)
    return summary | {
        "seconds_p50": _percentile(seconds, 0.50),
        "seconds_p95": _percentile(seconds, 0.95),
        "model": model,
        "index": index,
        "items": [asdict(item) for item in items],
    }


def _answer_measures(items: Sequence[Item]) -> dict[str, float | None]:
    answerable = [item for item in items if item.answerable]
    answered = [item for item in answerable if item.answered]
    cited = [item for item in answered if item.paged]
    return {
        "f1": _mean(item.f1 or 0.0 for item in answerable),
        "contains": _share(bool(item.contains) for item in answerable),
        "citation_page_precision": _ratio(
            sum(item.citations_on_gold_page for item in cited), sum(item.citations for item in cited)
        ),
        "quotes_verbatim": _ratio(sum(i.quotes_verbatim for i in items), sum(i.citations for i in items)),
        "unsupported_shown": _ratio(sum(i.unsupported_shown for i in items), sum(i.sentences_shown for i in items)),
        "abstain_recall": _share(not item.answered for item in items if not item.answerable),
        "false_abstain": _share(not item.answered for item in answerable),
    }


def _share(outcomes: Iterable[bool]) -> float | None:
    return _mean(float(outcome) for outcome in outcomes)


def _mean(values: Iterable[float]) -> float | None:
    listed = list(values)
    return round(mean(listed), 4) if listed else None


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def regressions(summary: Mapping[str, Any], earlier: Mapping[str, Any]) -> list[str]:
    """The measures that are worse than in an earlier run by more than 0.02, in words."""
    worse = []
    for measure in (*_HIGHER_IS_BETTER, *_LOWER_IS_BETTER):
        now, before = summary.get(measure), earlier.get(measure)
        if now is None or before is None:
            continue
        loss = before - now if measure in _HIGHER_IS_BETTER else now - before
        if round(loss, 6) > _TOLERANCE:
            worse.append(f"{measure} was {before:.3f}, is {now:.3f}")
    return worse
