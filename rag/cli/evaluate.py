"""The ``eval`` command: evaluation metrics on labelled questions, reports, and comparison with an earlier run."""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from rag.cli import make_questions
from rag.cli.arguments import add_collection, whole_number
from rag.cli.console import progress
from rag.composition import open_answerer, open_records, open_retriever
from rag.domain.values import Hit, Question
from rag.errors import QuestionsInvalid, ReportUnwritable
from rag.evaluation.comparison import Comparison, compare, read_run
from rag.evaluation.feedback import print_feedback, read_feedback
from rag.evaluation.questions import LabelledQuestion, absent_documents, read_questions
from rag.evaluation.results import QuestionResult
from rag.evaluation.runner import RANKS, evaluate
from rag.evaluation.summary import summarise
from rag.evaluation.text_report import print_comparison, print_missing_facts, print_summary
from rag.index.generation import Generation
from rag.settings import Settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_WORSE = 1
_NAMED = 5
_log = logging.getLogger(__name__)


def add_commands(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``eval`` to the command line."""
    command = commands.add_parser("eval", help="metrics on your own questions")
    command.add_argument("questions", type=Path, nargs="?", metavar="QUESTIONS.jsonl")
    command.add_argument(
        "--feedback",
        action="store_true",
        help="what people have said of answers: the questions.jsonl in RAG_RECORDS, shown first, then measured",
    )
    add_collection(command)
    command.add_argument("--limit", type=whole_number(1), metavar="N", help="only the first N questions")
    command.add_argument(
        "--compare", type=Path, metavar="RUN.json", help="an earlier --json; exit code 1 if this run is worse"
    )
    command.add_argument("--json", action="store_true", help="print everything as one JSON object")
    command.add_argument("--html", type=_new_file, metavar="FILE.html", help="write a report that shows every failure")
    # A plot needs answers.
    what = command.add_mutually_exclusive_group()
    what.add_argument("--retrieval-only", action="store_true", help="do not generate answers")
    what.add_argument("--plot", type=_new_file, metavar="FILE.svg", help="plot the reliability of the confidence")
    make_questions.add_arguments(command)
    command.set_defaults(run=evaluation)


def _new_file(text: str) -> Path:
    """An output path. It is checked before the run, which may take an hour."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a file in a folder that exists")
    return path


def evaluation(options: argparse.Namespace, settings: Settings) -> int:
    """Runs ``eval``; the exit code is 1 on a regression against an earlier run."""
    if options.make:
        return make_questions.make(options, settings)
    questions = _questions(options, settings)[: options.limit]
    earlier = read_run(options.compare) if options.compare else None
    if options.retrieval_only:
        (retriever, index), answerer = open_retriever(settings), None
        generation = index.generation()
    else:
        answerer = open_answerer(settings)
        retriever, generation = answerer.retriever, answerer.generation()

    _warn_of_absent_documents(questions, generation)

    def retrieve(question: Question) -> list[Hit]:
        return retriever.retrieve(generation, question, RANKS)

    with progress() as report:
        results = evaluate(questions, retrieve, answerer.ask if answerer else None, generation, report)
    summary = summarise(results, model=answerer.model.name if answerer else None, index=generation.id)
    comparison = compare(results, summary, earlier) if earlier else None
    _print(options, results, summary, comparison)
    _write(options, results, summary, comparison, generation)
    return _WORSE if comparison and comparison.regressions else 0


def _questions(options: argparse.Namespace, settings: Settings) -> list[LabelledQuestion]:
    """The questions of the file, or those that people have judged, which are shown.

    Raises:
        QuestionsInvalid: there is no file, or it cannot be used.
        SettingsError: the feedback is wanted, and no records are kept.
    """
    if options.feedback and options.questions:
        raise QuestionsInvalid("give QUESTIONS.jsonl or --feedback, one of them")
    if options.feedback:
        path = open_records(settings).feedback
        said = read_feedback(path)
        if not options.json:
            print_feedback(Console(highlight=False), said)
        return read_questions(path, retrieval_only=options.retrieval_only)
    if not options.questions:
        raise QuestionsInvalid("no QUESTIONS.jsonl; draft one from your documents: python -m rag eval --make 50")
    return read_questions(options.questions, retrieval_only=options.retrieval_only)


def _warn_of_absent_documents(questions: Sequence[LabelledQuestion], generation: Generation) -> None:
    """Logs the gold documents that are not in the index: their questions fail, though retrieval is not to blame."""
    names = {name for document in generation.documents for name in document.names}
    for name, ids in absent_documents(questions, names).items():
        more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
        _log.warning(
            "%s is not in the index, so it cannot be found; it should answer %s%s", name, ", ".join(ids[:_NAMED]), more
        )


def _print(
    options: argparse.Namespace,
    results: Sequence[QuestionResult],
    summary: dict[str, Any],
    comparison: Comparison | None,
) -> None:
    if options.json:
        compared = {"comparison": comparison.to_json(), "regressions": comparison.regressions} if comparison else {}
        print(json.dumps({**summary, **compared}, ensure_ascii=False))
        return
    console = Console(highlight=False)
    # Before the metrics, which a long list would push off the screen.
    print_missing_facts(console, results)
    print_summary(console, summary)
    if comparison:
        print_comparison(console, comparison)


def _write(
    options: argparse.Namespace,
    results: Sequence[QuestionResult],
    summary: dict[str, Any],
    comparison: Comparison | None,
    generation: Generation,
) -> None:
    """Writes the reports, after the results are printed: they are not lost if a file cannot be written."""
    path = None
    try:
        if path := options.plot:
            from rag.evaluation.plots import write_plots

            write_plots(path, results)
        if path := options.html:
            from rag.evaluation.html_report import write_report

            write_report(path, results, summary, comparison, generation)
    except OSError as error:
        raise ReportUnwritable(f"{path} cannot be written: {error.strerror or error}") from error
