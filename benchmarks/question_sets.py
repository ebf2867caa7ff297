"""Question sets as arguments: several indexes, each with questions on its documents."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag.errors import QuestionsInvalid
from rag.evaluation.questions import LabelledQuestion, read_questions
from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.models.embedding.interfaces import Encoder


@dataclass(frozen=True)
class QuestionSet:
    """An index and questions on its documents."""

    name: str
    index: Path
    questions: Path

    def paged(self) -> Sequence[LabelledQuestion]:
        """The questions whose page is known; QuestionsInvalid where there is none."""
        paged = [question for question in read_questions(self.questions) if question.paged]
        if not paged:
            raise QuestionsInvalid(f"{self.questions} has no question whose page is known")
        return paged

    @contextmanager
    def opened(self, encoder: Encoder) -> Iterator[Generation]:
        """The index, which is only read."""
        generation = open_current(self.index, encoder.identity)
        try:
            yield generation
        finally:
            generation.close()


def question_set(text: str) -> QuestionSet:
    """Reads ``NAME=INDEX:QUESTIONS``."""
    name, _, paths = text.partition("=")
    index, _, questions = paths.rpartition(":")
    if not (name and index and questions):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=INDEX:QUESTIONS")
    return QuestionSet(name, Path(index), Path(questions))


def add_sets(parser: argparse.ArgumentParser) -> None:
    """``--set NAME=INDEX:QUESTIONS``, as often as there are sets."""
    parser.add_argument(
        "--set", type=question_set, action="append", required=True, dest="sets", metavar="NAME=INDEX:QUESTIONS"
    )
