"""Fits the usefulness model of rag/answering/usefulness/model.py to questions with nuggets, in folds.

    python -m benchmarks.fit_usefulness --set manual=indexes/manual:manual.jsonl --set law=indexes/law:law.jsonl ...

Each answerable question is answered with the configured model. A unit of the evidence (a sentence, an item, a row) is
useful if it holds a nugget; the model is a ridge logistic regression over its features, in which every question counts
the same, however many units it has. A question's answer is then composed anew by weights that were fitted without it:
on the other sets and on the other folds of its own, or on the other sets alone. All answers are counted as given.

With ``--rereads-below N ...`` all this is done for each N: a model writes a further draft where fewer than N statements
of its first one are borne out by passages; by none with 0, of all with 99. Without it one is written as in answers.

What the models say is kept in ``benchmarks/results``, so that a run goes on where it was interrupted, and after a
change of the program asks the language model only what has changed. The units with their features and labels are
written there, too.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from benchmarks.fitting import RESULTS, add_drafts, remembering_answerer, traced
from benchmarks.journal import Journal
from benchmarks.machine import processor_line
from benchmarks.question_sets import QuestionSet, add_sets
from rag.answering.answerer import Answerer
from rag.answering.composing.material import Composition
from rag.answering.composing.whole_answer import compose
from rag.answering.markdown_text import markdown
from rag.answering.usefulness.announced import raised
from rag.answering.usefulness.model import USEFULNESS_MODEL, UnitFeatures, UsefulnessModel
from rag.cli.arguments import whole_number
from rag.cli.console import ProgressCallback, configure_logging, fail, progress
from rag.domain.values import Sentence
from rag.errors import PageproofError, QuestionsInvalid
from rag.evaluation.correctness import graded_result
from rag.evaluation.logistic_regression import fit_logistic
from rag.evaluation.metrics import COMPLETENESS, Estimate, divided
from rag.evaluation.nuggets import graded
from rag.evaluation.questions import LabelledQuestion, read_questions
from rag.evaluation.results import QuestionResult
from rag.evaluation.significance import intervals, once
from rag.settings import read_settings

Vector: TypeAlias = npt.NDArray[np.float64]
Score: TypeAlias = Callable[[UnitFeatures], float]

NAMES: Final = tuple(each.name for each in fields(UnitFeatures))
MEASURES: Final = ("vital_recall", "all_recall", "complete", "mean_words")
_PENALTY: Final = 3.0
# Observations that the units of one question count as: against the penalty, which is on a weight per spread.
_QUESTION: Final = 40.0
_FOLDS: Final = 6
# What is pointed to first, then what is beside it: the order without a model.
_BESIDE: Final = 0.1


@dataclass(frozen=True)
class ComposedQuestion:
    """A question, what its answer was composed of, and the nuggets that each unit holds, by their labels."""

    labelled: LabelledQuestion
    composition: Composition
    held: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, labelled: LabelledQuestion, composition: Composition) -> ComposedQuestion:
        """Looks for the nuggets in each unit."""
        held = [[one.label for one in graded(labelled.nuggets, unit.text) if one.found] for unit in composition.units]
        return cls(labelled, composition, tuple(map(tuple, held)))

    @property
    def labels(self) -> Vector:
        """1 for each unit that holds a nugget, else 0. *Shape:* ``(units,)``."""
        return np.array([float(bool(nuggets)) for nuggets in self.held])

    @property
    def matrix(self) -> Vector:
        """The features. *Shape:* ``(units, len(NAMES))``."""
        rows = [[getattr(features, name) for name in NAMES] for features in self.composition.features]
        return np.array(rows, dtype=np.float64)

    def answer(self, model: UsefulnessModel) -> str:
        """The text that is composed with other weights."""
        made = self.composition
        units = zip(made.features, made.fitness, strict=True)
        useful = [fitness * model.probability(features) for features, fitness in units]
        useful = raised(made.form, made.units, made.features, useful, made.announced)
        shown = {item.sentence: item for item in compose(replace(made, usefulness=useful))}
        return markdown([Sentence(item.sentence, "supported", kind=item.kind) for item in shown.values()])

    def result(self, model: UsefulnessModel) -> QuestionResult:
        """The same, graded."""
        text = self.answer(model)
        question = QuestionResult(
            id=self.labelled.id,
            question=self.labelled.question,
            answerable=True,
            paged=False,
            page_rank=None,
            document_rank=None,
            seconds=0.0,
            answer=text,
            answered=True,
        )
        return graded_result(question, text, (), self.labelled.nuggets)

    def auc(self, score: Score) -> float | None:
        """Area under the ROC curve of a score over the units; None where all of them have the same label."""
        labels = self.labels
        if not 0 < labels.sum() < len(labels):
            return None
        return float(roc_auc_score(labels, [score(features) for features in self.composition.features]))

    def to_json(self) -> dict[str, Any]:
        """The units with their places, features and labels."""
        units = [
            {
                "document": unit.evidence.hit.passage.document.name,
                "page": unit.span.page,
                "start": unit.span.start,
                "end": unit.span.end,
                "kind": unit.kind,
                "text": unit.text,
                "features": asdict(features),
                "nuggets": held,
            }
            for unit, features, held in zip(self.composition.units, self.composition.features, self.held, strict=True)
        ]
        pointers = [asdict(pointer) for pointer in self.composition.pointers]
        return {
            "id": self.labelled.id,
            "question": self.labelled.question,
            "form": self.composition.form,
            "pointers": pointers,
            "units": units,
        }


Sets: TypeAlias = Mapping[str, Sequence[ComposedQuestion]]
# A question, and the model that its units are judged by.
Judged: TypeAlias = tuple[ComposedQuestion, UsefulnessModel]


def gather(answerer: Answerer, questions: Iterable[LabelledQuestion]) -> Iterator[ComposedQuestion | None]:
    """Puts each question to an answerer; None for one whose answer is not composed of units."""
    for labelled in questions:
        made = traced(answerer, labelled.question)
        composition = made[1].composition if made else None
        yield ComposedQuestion.of(labelled, composition) if composition and composition.features else None


def fit_usefulness(questions: Sequence[ComposedQuestion]) -> UsefulnessModel:
    """The weights that the units of these questions, at least one, are best told apart by."""
    features = np.concatenate([question.matrix for question in questions])
    labels = np.concatenate([question.labels for question in questions])
    counts = np.concatenate([np.full(size, _QUESTION / size) for size in map(len, (q.held for q in questions))])
    scale = features.std(axis=0) + 1e-9
    bias, weights = fit_logistic(features / scale, labels, _PENALTY, counts)
    found = dict(zip(NAMES, (weights / scale).tolist(), strict=True))
    return UsefulnessModel(round(bias, 3), {name: round(weight, 3) for name, weight in found.items()})


def in_folds(questions: Sequence[ComposedQuestion], others: Sequence[ComposedQuestion]) -> list[Judged]:
    """Each question with a model that was fitted on the other folds and on ``others``.

    A single question, without others, is left out: there is nothing to fit its model on.
    """
    order = np.random.default_rng(0).permutation(len(questions)).tolist()
    judged = []
    for fold in range(min(_FOLDS, len(order))):
        held = set(order[fold::_FOLDS])
        kept = [*others, *(question for place, question in enumerate(questions) if place not in held)]
        if kept:
            model = fit_usefulness(kept)
            judged += [(questions[place], model) for place in sorted(held)]
    return judged


def report(sets: Sets) -> str:
    """The measures of each set as a Markdown table, with 95 % intervals over questions."""
    lines = []
    for name, questions in sets.items():
        others = [question for other, found in sets.items() if other != name for question in found]
        if judged := in_folds(questions, others):
            lines.append(_row(name, "other sets, other folds", judged))
        if others:
            apart = fit_usefulness(others)
            lines.append(_row(name, "other sets", [(question, apart) for question in questions]))
        shipped = [(question, USEFULNESS_MODEL) for question in questions]
        lines.append(_row(name, "as in the code, which may have seen them", shipped))
        lines.append(_row_of_score(name, "relevance alone", questions, lambda features: features.gap))
        lines.append(_row_of_score(name, "pointers alone", questions, _pointed))
    head = f"| set | usefulness fitted on | AUC | {' | '.join(MEASURES)} |"
    return "\n".join([head, "| --- " * (len(MEASURES) + 3) + "|", *lines])


def _pointed(features: UnitFeatures) -> float:
    return features.pointed + _BESIDE * features.near


def _row(name: str, how: str, judged: Sequence[Judged]) -> str:
    results = [question.result(model) for question, model in judged]
    estimates = {metric.name: metric.over(results) for metric in COMPLETENESS if metric.name in MEASURES}
    auc = _mean([question.auc(model.probability) for question, model in judged])
    return _line(name, how, {"AUC": auc, **estimates}, len(judged))


def _row_of_score(name: str, how: str, questions: Sequence[ComposedQuestion], score: Score) -> str:
    return _line(name, how, {"AUC": _mean([question.auc(score) for question in questions])}, len(questions))


def _mean(values: Sequence[float | None]) -> Estimate:
    """The mean of the values that there are, as a function of the weights of the questions."""
    known = np.array([float(value is not None) for value in values])
    numbers = np.array([value or 0.0 for value in values])
    return lambda weights: divided(numbers @ weights, known @ weights)


def _line(name: str, how: str, estimates: Mapping[str, Estimate], size: int) -> str:
    values, ranges = once(estimates, size), intervals(estimates, size)
    cells = [_cell(values.get(measure), ranges.get(measure), measure) for measure in ("AUC", *MEASURES)]
    return f"| {name}, {size} questions | {how} | {' | '.join(cells)} |"


def _cell(value: float | None, interval: tuple[float, float] | None, measure: str) -> str:
    if value is None or interval is None:
        return "–"
    form = ".0f" if measure == "mean_words" else ".3f"
    return f"{value:{form}} ({interval[0]:{form}}–{interval[1]:{form}})"


def constants(model: UsefulnessModel) -> str:
    """The model as it stands in the source."""
    weights = "".join(f'        "{name}": {model.weights[name]},\n' for name in NAMES)
    return f"USEFULNESS_MODEL: Final = UsefulnessModel(\n    {model.bias},\n    {{\n{weights}    }},\n)"


def main() -> int:
    """Prints the measures and the constants, which are written to ``benchmarks/results/usefulness.md``, too."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fit_usefulness",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_sets(parser)
    add_drafts(parser)
    parser.add_argument(
        "--rereads-below",
        type=whole_number(0),
        nargs="+",
        metavar="N",
        help="a further draft where fewer than N statements of the first are borne out; a report for each N",
    )
    options = parser.parse_args()
    configure_logging()
    parts = [f"{processor_line()}; {read_settings().model}"]
    try:
        for below in options.rereads_below or [None]:
            with progress() as tell:
                sets = {chosen.name: _gathered(chosen, options.drafts, below, tell) for chosen in options.sets}
            sets = {name: found for name, found in sets.items() if found}
            if not sets:
                raise QuestionsInvalid("no question with nuggets has an answer that is composed of several sentences")
            together = fit_usefulness([question for questions in sets.values() for question in questions])
            parts += [] if below is None else [f"A further draft where fewer than {below} statements are borne out:"]
            parts += [report(sets), constants(together)]
    except PageproofError as error:
        return fail(error, 1)
    text = "\n\n".join(parts)
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "usefulness.md").write_text(text + "\n")
    return 0


def _gathered(
    chosen: QuestionSet, drafts: Path, rereads_below: int | None, tell: ProgressCallback
) -> list[ComposedQuestion]:
    """The composed questions of a set, which are written to ``units-SET.jsonl`` beside the drafts.

    Args:
        chosen: the set.
        drafts: journal of what the language model says.
        rereads_below: a further draft where fewer statements are borne out; None as in answers. With it the file is
            ``units-SET-rereads-below-N.jsonl``.
        tell: told how far it is.
    """
    questions = [question for question in read_questions(chosen.questions) if question.nuggets]
    if not questions:
        print(f"{chosen.name} has no nuggets, and is left out", file=sys.stderr)
        return []
    rule = "" if rereads_below is None else f"-rereads-below-{rereads_below}"
    units = Journal(drafts.with_name(f"units-{chosen.name}{rule}.jsonl"))
    units.clear()
    composed = []
    with remembering_answerer(read_settings(), chosen.index, drafts) as opened:
        answerer = opened if rereads_below is None else replace(opened, rereads=True, rereads_below=rereads_below)
        for number, question in enumerate(gather(answerer, questions)):
            tell(chosen.name, number, len(questions))
            if question:
                composed.append(question)
                units.append(question.to_json())
    tell(chosen.name, len(questions), len(questions))
    print(f"{chosen.name}: {len(composed)} of {len(questions)} answers are composed of units", file=sys.stderr)
    return composed


if __name__ == "__main__":
    sys.exit(main())
