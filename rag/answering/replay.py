"""Replay: answers a recorded question again, and reports the differences and the changes since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from rag.answering.answerer import Answerer
from rag.answering.records import AnswerRecord, ModelIdentity, PlaceRecord, SentenceRecord, Setup
from rag.answering.trace import LastTrace
from rag.domain.values import Verdict
from rag.errors import IndexForeign, IndexMissing, RequestFault
from rag.index.generation import Generation
from rag.index.reading import open_published

# Causes first, then the steps of the answer in their order.
ChangeKind: TypeAlias = Literal[
    "program",
    "model",
    "encoder",
    "reranker",
    "confidence model",
    "settings",
    "index",
    "form",
    "retrieval",
    "prompt",
    "draft",
    "verification",
    "short answer",
    "missing",
    "certainty",
]


@dataclass(frozen=True)
class ReplayChange:
    """A difference between the recorded answer and the answer now; ``recorded`` and ``now`` are descriptions."""

    what: ChangeKind
    recorded: str
    now: str

    def __str__(self) -> str:
        return f"{self.what}: {self.recorded} → {self.now}"


@dataclass(frozen=True)
class Replay:
    """A recorded answer, the same question's answer now, and what differs between them.

    Attributes:
        recorded, now: the records of the two answers.
        changes: of the setup (program to index), then of the steps of the answer (form to certainty).
    """

    recorded: AnswerRecord
    now: AnswerRecord
    changes: Sequence[ReplayChange]

    @property
    def first_difference(self) -> int | None:
        """Offset of the first character at which the texts differ, from 0; None where they are the same."""
        before, after = self.recorded.answer, self.now.answer
        if before == after:
            return None
        shorter = min(len(before), len(after))
        return next((n for n in range(shorter) if before[n] != after[n]), shorter)

    def to_json(self) -> dict[str, Any]:
        """The JSON output of ``rag ask --replay ID --json``."""
        return {
            "id": self.recorded.id,
            "time": self.recorded.time,
            "question": self.recorded.question.text,
            "same": self.first_difference is None,
            "first_difference": self.first_difference,
            "recorded": self.recorded.answer,
            "now": self.now.answer,
            "index": self.now.generation,
            "changes": [asdict(change) for change in self.changes],
        }


def replay(record: AnswerRecord, answerer: Answerer, setup: Setup, root: Path) -> Replay:
    """Answers a recorded question again, from the generation that it was answered from, and as of the same day.

    Where that generation is deleted, or is not for this encoder, the current one is used, which is one of the changes.

    Args:
        record: of the answer.
        answerer: the current one; its recorder is not used.
        setup: of the answerer.
        root: the index directory.

    Raises:
        IndexFault: the recorded generation is damaged, or there is no other in its place.
        RequestFault: the question is no longer accepted; the message says what has changed.
    """
    generation, why = _generation(record, answerer, root)
    changed = list(_setup_changes(record.setup, setup))
    if why:
        changed.append(ReplayChange("index", record.generation, f"{generation.id}, because {why}"))
    try:
        now = _answer_again(record, answerer, setup, generation)
    except RequestFault as fault:
        reasons = "; ".join(map(str, changed)) or "nothing that is recorded"
        raise RequestFault(f"{fault}. Changed since it was recorded: {reasons}", fault.field) from fault
    return Replay(record, now, (*changed, *_step_changes(record, now)))


def _generation(record: AnswerRecord, answerer: Answerer, root: Path) -> tuple[Generation, str | None]:
    encoder = answerer.retriever.encoder.identity
    try:
        return open_published(root, record.generation, record.manifest_sha256, encoder), None
    except IndexMissing:
        return answerer.generation(), "that one is not kept any more"
    except IndexForeign:
        return answerer.generation(), "that one is of another encoder or format"


def _answer_again(record: AnswerRecord, answerer: Answerer, setup: Setup, generation: Generation) -> AnswerRecord:
    recorder, day = LastTrace(), record.today
    again = replace(answerer, recorder=recorder, today=(lambda: day) if day else answerer.today)
    for _ in again.stream(record.question.to_domain(), generation=generation):
        pass
    return AnswerRecord.of(recorder.trace, setup)


def _setup_changes(before: Setup, now: Setup) -> Iterator[ReplayChange]:
    yield from _differing("program", before.versions, now.versions)
    if before.model != now.model:
        yield ReplayChange("model", _model_name(before.model), _model_name(now.model))
    yield from _differing("encoder", before.encoder, now.encoder)
    if before.reranker != now.reranker:
        yield ReplayChange("reranker", _model_name(before.reranker), _model_name(now.reranker))
    if before.confidence_model != now.confidence_model:
        yield ReplayChange("confidence model", before.confidence_model[:12], now.confidence_model[:12])
    # Records of format 4 and older do not have it.
    if (whole := before.whole_confidence_model) and whole != now.whole_confidence_model:
        yield ReplayChange("confidence model", whole[:12], (now.whole_confidence_model or "unknown")[:12])
    yield from _differing("settings", before.settings, now.settings)


def _differing(what: ChangeKind, before: Mapping[str, object], now: Mapping[str, object]) -> Iterator[ReplayChange]:
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            yield ReplayChange(what, f"{name} {before.get(name, 'unknown')}", f"{name} {now.get(name, 'unknown')}")


def _model_name(model: ModelIdentity | None) -> str:
    return f"{model.name} ({model.sha256[:12]})" if model else "none"


def _step_changes(before: AnswerRecord, now: AnswerRecord) -> Iterator[ReplayChange]:
    """The steps of the answer whose results differ; of an older record, those that it has."""
    is_complete = before.form is not None
    if is_complete and before.form != now.form:
        yield ReplayChange("form", str(before.form), str(now.form))
    if _places(before.passages) != _places(now.passages):
        yield ReplayChange("retrieval", *_only_in_each(before.passages, now.passages))
    if before.prompt_sha256 != now.prompt_sha256:
        yield ReplayChange("prompt", _prompt_name(before.prompt_sha256), _prompt_name(now.prompt_sha256))
    if before.draft != now.draft:
        yield ReplayChange("draft", " ".join(before.draft.split()), " ".join(now.draft.split()))
    one, two = (record.sentences if is_complete else _verdicts(record) for record in (before, now))
    if one != two or _places(before.quotes) != _places(now.quotes):
        yield ReplayChange("verification", _verification(before), _verification(now))
    # An abstention has none of these; its text is another one.
    if before.certainty and now.certainty:
        yield from _result_changes(before, now, is_complete=is_complete)


def _result_changes(before: AnswerRecord, now: AnswerRecord, *, is_complete: bool) -> Iterator[ReplayChange]:
    """The fields beside the text in which two answers differ."""
    if is_complete and before.short_answer != now.short_answer:
        yield ReplayChange("short answer", before.short_answer or "none", now.short_answer or "none")
    if is_complete and before.missing != now.missing:
        yield ReplayChange("missing", "; ".join(before.missing) or "nothing", "; ".join(now.missing) or "nothing")
    if before.certainty != now.certainty:
        yield ReplayChange("certainty", str(before.certainty), str(now.certainty))


def _places(records: Sequence[PlaceRecord]) -> list[tuple[str, int, int, int]]:
    return [record.place for record in records]


def _only_in_each(before: Sequence[PlaceRecord], now: Sequence[PlaceRecord]) -> tuple[str, str]:
    lost = [record for record in before if record.place not in _places(now)]
    new = [record for record in now if record.place not in _places(before)]
    if not lost and not new:
        return "the same passages", "in another order"
    return _listed(lost), _listed(new)


def _listed(records: Sequence[PlaceRecord]) -> str:
    return "; ".join(f"{r.document}, page {r.page}, {r.start}-{r.end}" for r in records) or "none"


def _prompt_name(prompt_sha256: str | None) -> str:
    return prompt_sha256[:12] if prompt_sha256 else "the model was not asked"


def _verdicts(record: AnswerRecord) -> Sequence[tuple[str, Verdict]]:
    return [(sentence.text, sentence.verdict) for sentence in record.sentences]


def _verification(record: AnswerRecord) -> str:
    supported = [_support(sentence) for sentence in record.sentences if sentence.verdict == "supported"]
    unsupported = [sentence.text for sentence in record.sentences if sentence.verdict == "unsupported"]
    return (
        f"supported: {', '.join(supported) or 'nothing'}; not supported: {' '.join(unsupported) or 'nothing'}; "
        f"quotes: {_listed(record.quotes)}"
    )


def _support(sentence: SentenceRecord) -> str:
    """Kind, confidence and quotes of a sentence: "lead 0.99 [1, 2]"."""
    confidence = "" if sentence.confidence is None else f" {sentence.confidence:g}"
    return f"{sentence.kind}{confidence} {list(sentence.quotes)}"
