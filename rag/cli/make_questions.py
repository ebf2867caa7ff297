"""The ``eval --make N`` option: drafts a questions file from the user's own documents, for a person to edit."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from rag.answering.answerer import Answerer
from rag.cli.arguments import whole_number
from rag.cli.console import ProgressCallback, progress
from rag.composition import open_answerer
from rag.domain.values import Hit, Question
from rag.errors import QuestionsInvalid
from rag.evaluation.synthetic.drafts import SHARE_UNANSWERABLE, answerable_draft, unanswerable_drafts
from rag.evaluation.synthetic.prompt import make_questions
from rag.settings import Settings

_FILE: Final = Path("questions.jsonl")
_SEARCHED: Final = 5


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Adds the arguments of ``eval --make``."""
    making = command.add_argument_group("instead of measuring, draft questions from the documents, with the model")
    making.add_argument("--make", type=whole_number(1), metavar="N", help="how many; a fifth of them without an answer")
    making.add_argument("--output", type=Path, default=_FILE, metavar="FILE", help=f"default: {_FILE}")
    making.add_argument("--seed", type=int, default=0, help="another number asks about other facts (default: 0)")
    making.add_argument("--force", action="store_true", help="replace the file where there is one")


def make(options: argparse.Namespace, settings: Settings) -> int:
    """Writes draft questions, each as soon as it is made, so that an interrupted run keeps its drafts.

    Raises:
        QuestionsInvalid: the file is there already, or cannot be written; or no question could be made.
    """
    path: Path = options.output
    if path.exists() and not options.force:
        raise QuestionsInvalid(f"{path} is there already; name another: --output FILE, or replace it: --force")
    answerer = open_answerer(settings)
    count = 0
    try:
        with path.open("w", encoding="utf-8") as file, progress() as report:
            for count, draft in enumerate(_drafts(answerer, options.make, options.seed, report), start=1):
                file.write(json.dumps({"id": f"made-{count}", **draft}, ensure_ascii=False) + "\n")
                file.flush()
    except OSError as error:
        raise QuestionsInvalid(f"{path} cannot be written: {error}") from error
    if not count:
        path.unlink()
        raise QuestionsInvalid("no question could be made of the documents; ingest more of them, or try another --seed")
    fewer = "" if count == options.make else f" (no more of {options.make} could be made)"
    print(f"{count} draft{'s' * (count != 1)} in {path}{fewer}; edit them, then: python -m rag eval {path}")
    return 0


def _drafts(answerer: Answerer, count: int, seed: int, report: ProgressCallback) -> Iterator[dict[str, Any]]:
    """The draft lines, answerable questions first."""
    generation = answerer.generation()
    without = int(count * SHARE_UNANSWERABLE)
    made = []
    report("questions", 0, count)
    for question in make_questions(generation, answerer.model, count - without, seed):
        made.append(question)
        yield answerable_draft(generation, question)
        report("questions", len(made), count)

    def search(text: str) -> list[Hit]:
        return answerer.retriever.retrieve(generation, Question(text), _SEARCHED)

    for number, draft in enumerate(islice(unanswerable_drafts(generation, made, search, seed), without), len(made) + 1):
        yield draft
        report("questions", number, count)
