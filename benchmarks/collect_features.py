"""Features of drafts over a set of questions, saved to a file: the confidence model is then fitted without an LLM."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import rag.runtime.native  # noqa: F401 - first: see there
from rag.answering.answerer import Answerer
from rag.answering.confidence import ConfidenceModel, Features
from rag.answering.draft import Draft
from rag.answering.features import extract_features
from rag.answering.records import AnswerTrace, LastTrace
from rag.cli.console import configure_logging, fail, progress
from rag.composition import open_answerer
from rag.domain.values import Hit, Question
from rag.errors import PageproofError
from rag.evaluation.correctness import is_correct
from rag.evaluation.questions import LabelledQuestion, read_questions
from rag.settings import read_settings


@dataclass(frozen=True, slots=True)
class Observed:
    """A question, and what was observed.

    Attributes:
        answerable: whether the documents hold an answer.
        right: whether the draft was right.
        draft: what the model said.
        evidence: observed before the model was asked.
        verified: observed once the draft was verified.
    """

    id: str
    answerable: bool
    right: bool
    draft: str
    evidence: Features
    verified: Features

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> Observed:
        """The inverse of :meth:`to_json`."""
        row: dict[str, Any] = json.loads(line)
        return cls(**{**row, **{name: Features(**row[name]) for name in ("evidence", "verified")}})


def observe_set(
    answerer: Answerer, confidence_model: ConfidenceModel, questions: Sequence[LabelledQuestion]
) -> Iterator[Observed]:
    """Puts each question to the answerer, with a confidence model that lets everything pass."""
    collector = LastTrace()
    lenient = replace(answerer, confidence_model=replace(confidence_model, prefilter_threshold=0.0), recorder=collector)
    for labelled in questions:
        question = Question(labelled.question)
        hits = lenient.retriever.retrieve(lenient.generation(), question, lenient.passages)
        lenient.ask(question)
        trace = collector.trace
        if trace.features:
            yield _observed(labelled, hits, trace)


def _observed(labelled: LabelledQuestion, hits: Sequence[Hit], trace: AnswerTrace) -> Observed:
    assert trace.features is not None  # noqa: S101 - the caller looked
    return Observed(
        id=labelled.id,
        answerable=labelled.answerable,
        right=labelled.answerable and is_correct(labelled.question, trace.draft, labelled.answers),
        draft=trace.draft,
        evidence=extract_features(labelled.question, hits, Draft(), (), 0.0),
        verified=trace.features,
    )


def main() -> int:
    """``RAG_INDEX=... python -m benchmarks.collect_features QUESTIONS.jsonl FILE``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.collect_features", description=__doc__)
    parser.add_argument("questions", type=Path)
    parser.add_argument("file", type=Path, help="JSON lines are written here")
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    configure_logging()
    try:
        questions = read_questions(options.questions)[: options.limit]
        answerer = open_answerer(read_settings())
        with options.file.open("w") as file, progress() as tell:
            for number, observed in enumerate(observe_set(answerer, answerer.confidence_model, questions), start=1):
                file.write(observed.to_json() + "\n")
                file.flush()
                tell("questions", number, len(questions))
    except PageproofError as error:
        return fail(error, 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
