"""The ``calibrate`` command: fits the confidence model to the user's own documents."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from rag.answering.calibration_store import Calibration, check_writable, write_calibration
from rag.answering.confidence import CONFIDENCE_MODEL
from rag.cli.arguments import add_collection, whole_number
from rag.cli.console import progress
from rag.composition import model_digests, open_answerer, open_records
from rag.evaluation.calibrate import FEWEST, Trial, fitted, try_labelled, try_questions
from rag.evaluation.questions import LabelledQuestion, read_questions
from rag.evaluation.synthetic.prompt import make_questions
from rag.settings import Settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_QUESTIONS = 60


def add_commands(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``calibrate`` to the command line."""
    command = commands.add_parser(
        "calibrate", help="fit the confidence of answers to your own documents (about 10 s for each question)"
    )
    command.add_argument(
        "--questions",
        type=whole_number(FEWEST),
        default=_QUESTIONS,
        metavar="N",
        help=f"how many to make, at least {FEWEST} (default: {_QUESTIONS})",
    )
    command.add_argument(
        "--feedback",
        action="store_true",
        help="also ask what people have judged: the questions.jsonl in RAG_RECORDS, whose answers are known",
    )
    add_collection(command)
    command.add_argument("--also", type=Path, metavar="QUESTIONS.jsonl", help="also ask these labelled questions")
    command.add_argument("--seed", type=int, default=0, help="another number makes other questions (default: 0)")
    command.set_defaults(run=calibrate)


def calibrate(options: argparse.Namespace, settings: Settings) -> int:
    """Makes questions, asks each with and without its answer in the index, and saves the fitted confidence model.

    Raises:
        CalibrationFailed: too few questions could be made, or the calibration cannot be saved; an earlier one stays.
    """
    check_writable(settings.index)
    answerer = open_answerer(settings)
    generation = answerer.generation()
    labelled = _labelled(options, settings)
    made = make_questions(generation, answerer.model, options.questions, options.seed)
    with progress() as report:
        trials = try_questions(
            answerer, generation, made, lambda number: report("questions", number, options.questions)
        )
        asked = try_labelled(answerer, generation, labelled, lambda number: report("labelled", number, len(labelled)))
    confidence_model = fitted(CONFIDENCE_MODEL, [*trials, *asked])
    calibration = Calibration(
        models=model_digests(settings),
        generation=generation.id,
        questions=len(trials) // 2,
        confidence_model=confidence_model,
    )
    write_calibration(settings.index, calibration)
    right = sum(trial.right for trial in trials)
    Console(highlight=False, soft_wrap=True).print(
        f"{len(trials) // 2} questions made, each asked twice; "
        f"{right} answered correctly with their passages in the index.\n{_of_labelled(asked)}"
        f"Saved in {settings.index}/calibration.json; `rag ask`, `rag serve` and `rag eval` use it when they start."
    )
    return 0


def _labelled(options: argparse.Namespace, settings: Settings) -> list[LabelledQuestion]:
    """The labelled questions to ask beside those that are made.

    Raises:
        QuestionsInvalid: a file of them cannot be used.
        SettingsError: the feedback is wanted, and no records are kept.
    """
    files = [options.also] if options.also else []
    if options.feedback:
        files.append(open_records(settings).feedback)
    return [question for file in files for question in read_questions(file)]


def _of_labelled(trials: Sequence[Trial]) -> str:
    if not trials:
        return ""
    right, answerable = sum(trial.right for trial in trials), sum(trial.answerable for trial in trials)
    return f"{len(trials)} labelled questions asked; {right} of {answerable} answered correctly.\n"
