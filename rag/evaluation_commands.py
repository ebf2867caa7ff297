"""``python -m rag eval``: measures on labelled questions, for whoever runs it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from rag.composition import open_answerer, open_retriever
from rag.console import progress
from rag.domain import Hit, Question
from rag.evaluation import RANKS, Comparison, compare, evaluate, read_questions, read_run, summarise
from rag.evaluation.console import print_comparison, print_summary
from rag.settings import Settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_WORSE = 1


def add_commands(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``eval`` to the command line."""
    command = commands.add_parser("eval", help="measures on your own questions")
    command.add_argument("questions", type=Path, metavar="QUESTIONS.jsonl")
    command.add_argument("--limit", type=int, metavar="N", help="only the first N questions")
    command.add_argument(
        "--compare", type=Path, metavar="RUN.json", help="an earlier --json; exit code 1 if this run is worse"
    )
    command.add_argument("--json", action="store_true", help="print everything as one JSON object")
    command.add_argument("--retrieval-only", action="store_true", help="do not generate answers")
    command.set_defaults(run=evaluation)


def evaluation(options: argparse.Namespace, settings: Settings) -> int:
    """Measures on labelled questions; 1 on a regression against an earlier run."""
    questions = read_questions(options.questions)[: options.limit]
    earlier = read_run(options.compare) if options.compare else None
    if options.retrieval_only:
        (retriever, index), answerer = open_retriever(settings), None
        generation = index.generation()
    else:
        answerer = open_answerer(settings)
        retriever, generation = answerer.retriever, answerer.generation()

    def retrieve(question: Question) -> list[Hit]:
        return retriever.retrieve(generation, question, RANKS)

    with progress() as tell:
        items = evaluate(questions, retrieve, answerer.ask if answerer else None, generation, tell)
    summary = summarise(items, model=answerer.model.name if answerer else None, index=generation.id)
    comparison = compare(items, summary, earlier) if earlier else None
    _print(options, summary, comparison)
    return _WORSE if comparison and comparison.regressions else 0


def _print(options: argparse.Namespace, summary: dict[str, Any], comparison: Comparison | None) -> None:
    if options.json:
        compared = {"comparison": comparison.to_json(), "regressions": comparison.regressions} if comparison else {}
        print(json.dumps({**summary, **compared}, ensure_ascii=False))
        return
    console = Console(highlight=False)
    print_summary(console, summary)
    if comparison:
        print_comparison(console, comparison)
