"""Features of drafts over sets of questions, saved to files: the confidence models are then fitted without an LLM.

    python -m benchmarks.collect_features --set manual=indexes/manual:manual.jsonl ...

Each question is put to the answerer with confidence models that let everything pass. Values (facts, yes or no) and
whole answers (of several sentences) have a confidence model each; a row says which of them its features are for. With
``--withheld`` each whole question whose documents and nuggets are known is asked once more without these documents: so
there are questions of the same kind that the others do not answer. Those are kept for which no vital nugget is found.

Writes ``features-SET.jsonl`` beside the drafts. What the models say is kept there, too: a rerun goes on where the last
one was interrupted, and asks the language model only what has changed.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from benchmarks.fitting import add_drafts, remembering_answerer, traced
from benchmarks.journal import Journal
from benchmarks.question_sets import QuestionSet, add_sets
from rag.answering.answerer import Answerer
from rag.answering.confidence import ConfidenceModel, Features
from rag.answering.draft import Draft
from rag.answering.features import extract_features
from rag.answering.trace import AnswerTrace
from rag.cli.console import ProgressCallback, configure_logging, fail, progress
from rag.domain.probability import log_odds
from rag.domain.values import Form, Hit, PassagesFound, Question
from rag.errors import PageproofError
from rag.evaluation.correctness import LONG_BAR, content_recall, is_correct, normalised
from rag.evaluation.nuggets import graded, recall
from rag.evaluation.questions import LabelledQuestion, read_questions
from rag.index.generation import Generation
from rag.retrieval.cached import RetrievalCache
from rag.settings import read_settings

Kind: TypeAlias = Literal["value", "whole"]
KINDS: Final[tuple[Kind, ...]] = ("value", "whole")


@dataclass(frozen=True, slots=True)
class Observed:
    """A question, and what was observed.

    Attributes:
        kind: which of the two confidence models decides.
        form: of the answer.
        answerable: whether the documents hold an answer.
        right: whether what would be shown is right: of a value, the draft.
        text: what was judged.
        withheld: whether it was asked without the documents that answer it.
        evidence: observed before the model was asked.
        verified: observed once the draft was verified.
        yes: log-odds of the model's yes, with its bias; None where it was not asked for yes or no.
        is_yes: the gold answer to a question that yes or no answers; None for others.
    """

    id: str
    kind: Kind
    form: Form
    answerable: bool
    right: bool
    text: str
    evidence: Features
    verified: Features
    withheld: bool = False
    yes: float | None = None
    is_yes: bool | None = None

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Observed:
        """The inverse of :func:`dataclasses.asdict`."""
        return cls(**{**row, **{name: Features(**row[name]) for name in ("evidence", "verified")}})


def observe_set(
    answerer: Answerer, questions: Sequence[LabelledQuestion], *, withheld: bool = False
) -> Iterator[list[Observed]]:
    """Puts each question to the answerer; yields its rows, none where the model was not asked."""
    lenient = replace(
        answerer,
        confidence_model=_lenient(answerer.confidence_model),
        whole_confidence_model=_lenient(answerer.whole_confidence_model),
    )
    for labelled in questions:
        found = [_observed(lenient, labelled)]
        if withheld and found[0] and found[0].kind == "whole":
            found.append(_observed_without(lenient, labelled, found[0]))
        yield [row for row in found if row]


def _lenient(confidence_model: ConfidenceModel) -> ConfidenceModel:
    return replace(confidence_model, prefilter_threshold=0.0, thresholds=(0.0, 0.0))


def _observed(answerer: Answerer, labelled: LabelledQuestion) -> Observed | None:
    made = traced(answerer, labelled.question)
    return _row(labelled, *made, answerer.confidence_model.yes_bias) if made and made[1].features else None


def _row(labelled: LabelledQuestion, hits: Sequence[Hit], trace: AnswerTrace, bias: float) -> Observed:
    assert trace.features is not None  # noqa: S101 - the caller looked
    kind: Kind = "whole" if trace.composition else "value"
    text = trace.draft if kind == "value" else trace.answer.answer if trace.answer.answered else ""
    is_right = is_whole_right if kind == "whole" else is_value_right
    return Observed(
        id=labelled.id,
        kind=kind,
        form=trace.answer.form,
        answerable=labelled.answerable,
        right=labelled.answerable and is_right(labelled, text),
        text=text,
        evidence=extract_features(labelled.question, hits, Draft(), (), 0.0),
        verified=trace.features,
        yes=_log_odds_of_yes(trace, bias),
        is_yes=_gold_yes(labelled.answers),
    )


def _log_odds_of_yes(trace: AnswerTrace, bias: float) -> float | None:
    """That of the model itself: what :func:`rag.answering.draft.calibrate_yes_no` has subtracted is added again."""
    word = trace.draft.strip().casefold()
    if trace.features is None or trace.answer.form != "yes_no" or word not in ("yes", "no"):
        return None
    unbiased = log_odds(trace.features.certainty)
    return bias + (unbiased if word == "yes" else -unbiased)


def _gold_yes(answers: Sequence[str]) -> bool | None:
    """True or false where all gold answers begin with yes or no, and with the same; else None."""
    first = {(normalised(answer).split() or [""])[0] for answer in answers}
    return first == {"yes"} if first in ({"yes"}, {"no"}) else None


def is_value_right(labelled: LabelledQuestion, text: str) -> bool:
    """True for a value that agrees with a gold answer; without gold answers, as :func:`is_whole_right`."""
    if labelled.answers:
        return is_correct(labelled.question, text, labelled.answers)
    return is_whole_right(labelled, text)


def is_whole_right(labelled: LabelledQuestion, text: str) -> bool:
    """True for an answer that has half of the vital nuggets, or half of the content words of a long gold answer.

    Where there is neither, for one that agrees with a short gold answer.
    """
    if labelled.nuggets:
        found = graded(labelled.nuggets, text)
        return (recall([one for one in found if one.vital] or found) or 0.0) >= LONG_BAR
    share = content_recall(text, labelled.answers)
    return share >= LONG_BAR if share is not None else is_correct(labelled.question, text, labelled.answers)


def _observed_without(answerer: Answerer, labelled: LabelledQuestion, answered: Observed) -> Observed | None:
    """The question asked of an index without the documents that answer it; None where they are not known.

    None too where a vital nugget is read elsewhere, so that there may be an answer. Nothing is drafted: the evidence
    alone decides.
    """
    generation = answerer.generation()
    rows = _gold_rows(generation, labelled)
    vital = [nugget for nugget in labelled.nuggets if nugget.vital]
    if not (rows and vital):
        return None
    partial = replace(answerer, retriever=replace(answerer.retriever, withheld=rows), searches=RetrievalCache())
    hits = next(event.hits for event in partial.stream(Question(labelled.question)) if isinstance(event, PassagesFound))
    read = "\n".join(hit.passage.chunk.text for hit in hits)
    if not hits or any(nugget.found for nugget in graded(vital, read)):
        return None
    evidence = extract_features(labelled.question, hits, Draft(), (), 0.0)
    return replace(
        answered, answerable=False, right=False, text="", evidence=evidence, verified=evidence, withheld=True
    )


def _gold_rows(generation: Generation, labelled: LabelledQuestion) -> frozenset[int]:
    """Rows of the passages of the documents that answer a question."""
    return frozenset(
        passage.row
        for document in generation.documents
        if not labelled.gold_documents.isdisjoint(document.names)
        for passage in generation.passages_on(document.id, 1, document.pages)
    )


def main() -> int:
    """Writes a file for each set."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.collect_features",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_sets(parser)
    add_drafts(parser)
    parser.add_argument("--withheld", action="store_true", help="ask again without the documents that answer")
    parser.add_argument("--limit", type=int, help="most questions of each set")
    options = parser.parse_args()
    configure_logging()
    try:
        with progress() as tell:
            for chosen in options.sets:
                _collect(chosen, options, tell)
    except PageproofError as error:
        return fail(error, 1)
    return 0


def _collect(chosen: QuestionSet, options: argparse.Namespace, tell: ProgressCallback) -> None:
    questions = read_questions(chosen.questions)[: options.limit]
    drafts: Path = options.drafts
    features = Journal(drafts.with_name(f"features-{chosen.name}.jsonl"))
    features.clear()
    with remembering_answerer(read_settings(), chosen.index, drafts) as answerer:
        for number, rows in enumerate(observe_set(answerer, questions, withheld=options.withheld), start=1):
            for row in rows:
                features.append(asdict(row))
            tell(chosen.name, number, len(questions))


if __name__ == "__main__":
    sys.exit(main())
