"""Early refusals: questions that are refused before the language model drafts an answer, for each set.

    python -m benchmarks.early_refusals --set manual=indexes/manual:manual.jsonl ...

The language model drafts nothing here, so that a question takes as long as its search, in which it may restate it in
formal words. Prints, of the questions that the documents answer and of those that they do not, how many there are and
how many were refused, and the former in full.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.question_sets import QuestionSet, add_sets
from rag.answering.answerer import Answerer
from rag.cli.console import ProgressCallback, configure_logging, fail, progress
from rag.composition import open_answerer
from rag.domain.values import Question
from rag.errors import PageproofError
from rag.evaluation.questions import LabelledQuestion, read_questions
from rag.models.llm.language_model import Generated, LanguageModel, Prompt
from rag.settings import read_settings


class _DraftAsked(Exception):
    """The answerer has asked the language model for a draft."""


class DraftlessModel:
    """A language model that does what another does, but raises where a draft of an answer is asked for."""

    def __init__(self, model: LanguageModel) -> None:
        """``model`` is the other one."""
        self._model = model

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the other one has
        return getattr(self._model, name)

    def generate(
        self,
        prompt: Prompt,
        *,
        refusal: str | None = None,
        **options: Any,  # noqa: ANN401 - whatever the other one takes
    ) -> Iterator[Generated]:
        """The other model's reply; raises for a draft, which alone may be a refusal."""
        if refusal is not None:
            raise _DraftAsked
        return self._model.generate(prompt, **options)


@dataclass(frozen=True)
class EarlyRefusals:
    """The questions of a set, and those of them that were refused before a draft was asked for."""

    questions: Sequence[LabelledQuestion]
    refused: Sequence[LabelledQuestion]

    def row(self, name: str) -> str:
        """A row of the table: answerable and unanswerable questions, and how many were refused."""
        cells = [name]
        for answerable in (True, False):
            asked, refused = (
                sum(one.answerable is answerable for one in some) for some in (self.questions, self.refused)
            )
            cells.append(f"{refused} of {asked}" + (f" ({refused / asked:.1%})" if asked else ""))
        return f"| {' | '.join(cells)} |"


def is_refused_early(answerer: Answerer, question: Question) -> bool:
    """True if the answerer refuses a question without asking the model for a draft.

    Raises:
        IndexFault, RequestFault: as :meth:`rag.answering.answerer.Answerer.ask`.
    """
    try:
        answer = replace(answerer, model=DraftlessModel(answerer.model)).ask(question)
    except _DraftAsked:
        return False
    return not answer.answered


def refusals_of(answerer: Answerer, questions: Sequence[LabelledQuestion], tell: ProgressCallback) -> EarlyRefusals:
    """Asks all questions of a set."""

    def refused() -> Iterator[LabelledQuestion]:
        for number, labelled in enumerate(questions, start=1):
            if is_refused_early(answerer, Question(labelled.question)):
                yield labelled
            tell("questions", number, len(questions))

    return EarlyRefusals(questions, list(refused()))


def main() -> int:
    """Prints the table, then the answerable questions that were refused."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.early_refusals",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_sets(parser)
    options = parser.parse_args()
    configure_logging()
    try:
        with progress() as tell:
            found = {chosen.name: _measured(chosen, tell) for chosen in options.sets}
    except PageproofError as error:
        return fail(error, 1)
    print("| set | answerable, refused before a draft | unanswerable, the same |\n| --- | --- | --- |")
    for name, refusals in found.items():
        print(refusals.row(name))
    for name, refusals in found.items():
        for one in refusals.refused:
            if one.answerable:
                print(f"{name}: {one.question}")
    return 0


def _measured(chosen: QuestionSet, tell: ProgressCallback) -> EarlyRefusals:
    answerer = open_answerer(read_settings().model_copy(update={"index": chosen.index}))
    try:
        return refusals_of(answerer, read_questions(chosen.questions), tell)
    finally:
        answerer.close()


if __name__ == "__main__":
    sys.exit(main())
