"""Completeness, abstention and latency of answers to questions with nuggets, and of the tutorial's.

    python -m benchmarks.whole_answers INDEX QUESTIONS.jsonl --sample 60 --peer tutorial

The sides are in this process, with the same weights and as many threads, and answer the same questions in turns: each
question is put to one side and then to the other, and the next one the other way round. Before, each answers one
question, which does not count. Each answer is appended to ``--out`` as soon as it is there: a rerun asks only what is
not there, and counts the nuggets of all answers anew. After a change of the program begin with a new file; with
``--drafts FILE`` the language model is then asked only what it was not asked before (and the seconds mean nothing).

The tutorial does not stream: its first sentence is there when the answer is. It reads PDFs only: those that the index
has kept a copy of.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final, Protocol

from pydantic import TypeAdapter

from benchmarks.answers import RESULTS, TUTORIAL, Ours, Side, name_of, open_tutorial, shown_sentences
from benchmarks.fitting import remembering_answerer
from benchmarks.journal import Journal
from benchmarks.machine import processor_line
from benchmarks.sampling import sampled
from rag.cli.console import ProgressCallback, configure_logging, fail, progress
from rag.composition import open_answerer
from rag.domain.values import Answer, AnswerReady, Hit, Question, SentenceVerified
from rag.errors import PageproofError
from rag.evaluation.correctness import graded_result
from rag.evaluation.metrics import ANSWERS, COMPLETENESS, Estimate, Metric, Quantile, divided
from rag.evaluation.questions import LabelledQuestion, read_questions
from rag.evaluation.results import QuestionResult
from rag.evaluation.runner import evaluate
from rag.evaluation.significance import intervals, once
from rag.index.generation import Generation
from rag.settings import Settings, read_settings

MEASURES: Final = (
    "vital_recall", "all_recall", "complete", "content_recall", "mean_words", "false_abstain", "abstain_recall",
)  # fmt: skip
SECONDS: Final = ("seconds, median", "seconds to the first sentence, median")
_RESULT: Final = TypeAdapter(QuestionResult)


@dataclass(frozen=True)
class Measured:
    """The graded answer of a side to a question; ``first_sentence`` in seconds, None where it shows none."""

    result: QuestionResult
    first_sentence: float | None


class TimedSide(Protocol):
    """A system that answers questions."""

    def ask(self, question: Question) -> tuple[Answer, float | None]:
        """The answer, and the seconds until its first sentence could be read; None for an abstention."""

    def retrieve(self, question: Question) -> Sequence[Hit]:
        """The first ten passages."""


@dataclass(frozen=True)
class Streaming:
    """Pageproof, whose sentences are read as they come."""

    ours: Ours

    def ask(self, question: Question) -> tuple[Answer, float | None]:
        """See :class:`TimedSide`."""
        start, first = perf_counter(), None
        for event in self.ours.answerer.stream(question):
            if isinstance(event, SentenceVerified) and first is None:
                first = perf_counter() - start
            elif isinstance(event, AnswerReady):
                answer = event.answer
        return answer, first

    def retrieve(self, question: Question) -> Sequence[Hit]:
        """See :class:`TimedSide`."""
        return self.ours.retrieve(question)


@dataclass(frozen=True)
class AtOnce:
    """A side whose answer comes as a whole."""

    side: Side

    def ask(self, question: Question) -> tuple[Answer, float | None]:
        """See :class:`TimedSide`."""
        start = perf_counter()
        answer = self.side.ask(question)
        return answer, perf_counter() - start if answer.answered else None

    def retrieve(self, question: Question) -> Sequence[Hit]:
        """See :class:`TimedSide`."""
        return self.side.retrieve(question)


def answers_in_turns(
    questions: Sequence[LabelledQuestion],
    sides: Mapping[str, TimedSide],
    generation: Generation,
    journal: Journal,
    tell: ProgressCallback,
) -> dict[str, list[Measured]]:
    """Graded answers of each side to each question: those of the journal, and the others, which are asked in turns."""
    known = {
        (row["side"], row["index"], row["id"], row["result"]["question"]): row
        for row in journal.rows()
    }  # fmt: skip
    names = list(sides)
    waiting = {
        name: [each for each in questions if (name, generation.id, each.id, each.question) not in known]
        for name in names
    }
    for name, left in waiting.items():
        if left:
            # By its turn, the answer to it is not in a cache any more.
            sides[name].ask(Question(left[-1].question))
    measured: dict[str, list[Measured]] = {name: [] for name in names}
    for number, labelled in enumerate(questions):
        tell("questions", number, len(questions))
        first = number % len(names)
        for name in names[first:] + names[:first]:
            row = known.get((name, generation.id, labelled.id, labelled.question))
            if row is None:
                row = {"side": name, "index": generation.id, **_put(labelled, sides[name], generation)}
                journal.append(row)
            measured[name].append(_graded(labelled, row))
    tell("questions", len(questions), len(questions))
    return measured


def _put(labelled: LabelledQuestion, side: TimedSide, generation: Generation) -> dict[str, Any]:
    """The row of a side's answer to a question."""
    firsts: list[float | None] = []

    def ask(question: Question) -> Answer:
        answer, first = side.ask(question)
        firsts.append(first)
        return answer

    (result,) = evaluate([labelled], side.retrieve, ask, generation, lambda *_: None)
    return {"id": labelled.id, "first_sentence": firsts[0], "result": asdict(result)}


def _graded(labelled: LabelledQuestion, row: Mapping[str, Any]) -> Measured:
    """Graded by the nuggets and answers that the question has now."""
    result = _RESULT.validate_python(row["result"])
    text = (result.answer or "") if result.answered else ""
    return Measured(graded_result(result, text, labelled.answers, labelled.nuggets), row["first_sentence"])


def report(head: str, measured: Mapping[str, Sequence[Measured]]) -> str:
    """Markdown tables: the measures of all questions, then by kind of question and by form of our answer."""
    ours = [one.result for one in next(iter(measured.values()))]
    parts = [_table(head, measured)]
    for by, groups in {
        "kind": [result.kind or "–" for result in ours],
        "form of our answer": [result.answer_form or "–" for result in ours],
    }.items():
        if len(set(groups)) > 1:
            parts.append(_broken_down(by, groups, measured))
    return "\n\n".join(parts)


def _table(head: str, measured: Mapping[str, Sequence[Measured]]) -> str:
    """A measure in each row, a side in each column, with 95 % intervals; last the ratio of the first to each other."""
    (first, *others), size = measured, len(next(iter(measured.values())))
    columns = {name: _estimates(side) for name, side in measured.items()}
    for other in others:
        columns[f"ratio to {other}"] = _ratios(columns[first], columns[other])
    cells = [_cells(estimates, size) for estimates in columns.values()]
    lines = [f"| {measure} | {' | '.join(column[measure] for column in cells)} |" for measure in (*MEASURES, *SECONDS)]
    return "\n".join([f"| {head} | {' | '.join(columns)} |", "| --- " * (len(columns) + 1) + "|", *lines])


def _broken_down(by: str, groups: Sequence[str], measured: Mapping[str, Sequence[Measured]]) -> str:
    """A group and a side in each row."""
    lines = []
    for group in sorted(set(groups)):
        places = [place for place, own in enumerate(groups) if own == group]
        for name, side in measured.items():
            cells = _cells(_estimates([side[place] for place in places]), len(places))
            lines.append(f"| {group} | {len(places)} | {name} | {' | '.join(cells.values())} |")
    measures = (*MEASURES, *SECONDS)
    return "\n".join([f"| {by} | n | | {' | '.join(measures)} |", "| --- " * (len(measures) + 3) + "|", *lines])


def _estimates(measured: Sequence[Measured]) -> dict[str, Estimate]:
    """The measures, as functions of the weights of the questions."""
    results = [one.result for one in measured]
    firsts = {one.result.id: one.first_sentence for one in measured}
    found: dict[str, Metric] = {metric.name: metric for metric in (*COMPLETENESS, *ANSWERS)}
    times: dict[str, Callable[[QuestionResult], float | None]] = {
        SECONDS[0]: lambda result: result.seconds,
        SECONDS[1]: lambda result: firsts[result.id],
    }
    metrics = [*(found[name] for name in MEASURES), *(Quantile(name, "less", 0.5, of) for name, of in times.items())]
    return {metric.name: metric.over(results) for metric in metrics}


def _ratios(ours: Mapping[str, Estimate], theirs: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Ours over theirs, of the same draws of questions."""
    return {name: _ratio(ours[name], theirs[name]) for name in ours}


def _ratio(one: Estimate, other: Estimate) -> Estimate:
    return lambda weights: divided(one(weights), other(weights))


def _cells(estimates: Mapping[str, Estimate], size: int) -> dict[str, str]:
    values, ranges = once(estimates, size), intervals(estimates, size)
    return {name: _cell(values[name], ranges[name]) for name in estimates}


def _cell(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None or interval is None:
        return "–"
    return " ".join([f"{value:.3g}", f"({interval[0]:.3g}–{interval[1]:.3g})"])


@contextmanager
def pdfs_of(generation: Generation) -> Iterator[Path]:
    """A folder with the PDFs of an index under their names."""
    with tempfile.TemporaryDirectory() as root:
        for document in generation.documents:
            if Path(document.name).suffix.lower() == ".pdf":
                link = Path(root) / document.name
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(generation.source(document.id).resolve())
        yield Path(root)


def main() -> int:
    """Measures and prints tables, which are written beside the answers; ``benchmarks.judging`` reads the JSON there."""
    options = _parser().parse_args()
    configure_logging()
    out: Path = options.out or RESULTS / f"whole-answers-{options.questions.resolve().parent.name}.jsonl"
    try:
        questions = read_questions(options.questions)
        asked = sampled(questions, options.sample, options.seed)
        settings = read_settings().model_copy(update={"index": options.index})
        with progress() as tell:
            measured = _run(asked, settings, Journal(out), options, tell)
    except PageproofError as error:
        return fail(error, 1)
    head = f"{len(asked)} of {len(questions)} questions, seed {options.seed}"
    text = f"{processor_line()}\n\n{report(head, measured)}"
    print(text)
    out.with_suffix(".md").write_text(text + "\n")
    write_run(out.with_suffix(".json"), head, measured)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.whole_answers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("index", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--sample", type=int, metavar="N", help="so many of the questions, by chance (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="of that chance")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON lines (default: in benchmarks/results)")
    parser.add_argument("--peer", choices=[TUTORIAL], help="answers the same questions in turns with ours")
    parser.add_argument("--drafts", type=Path, metavar="FILE", help="what our language model has said and says")
    return parser


def _run(
    questions: Sequence[LabelledQuestion],
    settings: Settings,
    journal: Journal,
    options: argparse.Namespace,
    tell: ProgressCallback,
) -> dict[str, list[Measured]]:
    with ExitStack() as stack:
        if options.drafts:
            answerer = stack.enter_context(remembering_answerer(settings, options.index, options.drafts))
        else:
            answerer = open_answerer(settings)
            stack.callback(answerer.close)
        generation = answerer.generation()
        sides: dict[str, TimedSide] = {name_of(answerer): Streaming(Ours(answerer))}
        if options.peer:
            tutorial = open_tutorial(stack.enter_context(pdfs_of(generation)), settings)
            sides[f"{TUTORIAL}, {tutorial.name}"] = AtOnce(tutorial)
        return answers_in_turns(questions, sides, generation, journal, tell)


def write_run(path: Path, head: str, measured: Mapping[str, Iterable[Measured]]) -> None:
    """Writes the answers in the form of ``benchmarks.answers``."""
    sides = {
        name: {"items": [{**asdict(one.result), "shown": shown_sentences(one.result)} for one in side]}
        for name, side in measured.items()
    }
    path.write_text(json.dumps({"about": head, "sides": sides}, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    sys.exit(main())
