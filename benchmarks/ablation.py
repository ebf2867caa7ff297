"""What each part of the retriever brings: the right page, and the time, with it and without.

    python -m benchmarks.ablation --set northwind=indexes/northwind:northwind.jsonl --set manual=indexes/manual:m.jsonl

Indexes are only read. Every variant gets every question whose page is known, in turns. In brackets after a measure is
the p-value of its difference from the full system, by a paired bootstrap over the questions.
"""

from __future__ import annotations

import rag.native  # noqa: F401 - first: see there

# isort: split

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Final, TypeAlias

from benchmarks.bootstrap import paired_p_value
from rag.composition import open_encoder, open_reranker
from rag.console import Tell, configure_logging, fail, progress
from rag.domain import Hit, Question
from rag.embedding import Encoder, Reranker
from rag.errors import PageproofError, QuestionsInvalid
from rag.evaluation import RANKS, Item, LabelledQuestion, evaluate, read_questions
from rag.index import Generation, open_current
from rag.retrieval import Retriever, search_text, without_duplicates
from rag.settings import read_settings

RESULTS: Final = Path(__file__).parent / "results"
FULL: Final = "full"
_LEG: Final = 50
# Less is not told apart by ten thousand draws.
_SMALLEST_P: Final = 0.001

# The first passages for a question, best first; at most so many.
Variant: TypeAlias = Callable[[Generation, Question, int], Sequence[Hit]]


def variants(encoder: Encoder, reranker: Reranker | None) -> dict[str, Variant]:
    """Every variant by name; the full system is what users have."""

    def dense(generation: Generation, question: Question, limit: int) -> list[Hit]:
        vector = encoder.encode([search_text(question)])[0]
        return _leg(generation, generation.nearest(vector, _LEG), limit)

    def lexical(generation: Generation, question: Question, limit: int) -> list[Hit]:
        return _leg(generation, generation.matching(search_text(question), _LEG), limit)

    return {
        "dense": dense,
        "BM25": lexical,
        "RRF of both": Retriever(encoder, None).retrieve,
        FULL: Retriever(encoder, reranker).retrieve,
    }


def _leg(generation: Generation, ranking: Sequence[tuple[int, float]], limit: int) -> list[Hit]:
    passages = generation.passages([row for row, _ in ranking])
    hits = [Hit(passage, score) for passage, (_, score) in zip(passages, ranking, strict=True)]
    return without_duplicates(hits)[:limit]


@dataclass(frozen=True)
class QuestionSet:
    """An index and questions on its documents."""

    name: str
    index: Path
    questions: Path


def question_set(text: str) -> QuestionSet:
    """Reads ``NAME=INDEX:QUESTIONS``."""
    name, _, paths = text.partition("=")
    index, _, questions = paths.rpartition(":")
    if not (name and index and questions):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=INDEX:QUESTIONS")
    return QuestionSet(name, Path(index), Path(questions))


def main() -> int:
    """Measures and prints a table for each set, which are written to ``benchmarks/results`` too."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation", description=__doc__)
    parser.add_argument(
        "--set", type=question_set, action="append", required=True, dest="sets", metavar="NAME=INDEX:QUESTIONS"
    )
    options = parser.parse_args()
    configure_logging()
    settings = read_settings()
    try:
        encoder = open_encoder(settings)
        measured = variants(encoder, open_reranker(settings))
        with progress() as tell:
            tables = [_measure(chosen, encoder, measured, tell) for chosen in options.sets]
    except PageproofError as error:
        return fail(error, 1)
    text = "\n\n".join(tables)
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "ablation.md").write_text(text + "\n")
    return 0


def _measure(chosen: QuestionSet, encoder: Encoder, measured: Mapping[str, Variant], tell: Tell) -> str:
    questions = [question for question in read_questions(chosen.questions) if question.answerable and question.pages]
    if not questions:
        raise QuestionsInvalid(f"{chosen.questions} has no question whose page is known")
    generation = open_current(chosen.index, encoder.identity)
    try:
        items = in_turns(questions, measured, generation, lambda done, total: tell(chosen.name, done, total))
    finally:
        generation.close()
    return table(f"{chosen.name}, {len(questions)} questions", items)


def in_turns(
    questions: Sequence[LabelledQuestion],
    measured: Mapping[str, Variant],
    generation: Generation,
    tell: Callable[[int, int], None],
) -> dict[str, list[Item]]:
    """What each variant finds for each question; who is first changes from question to question."""
    names = list(measured)
    items: dict[str, list[Item]] = {name: [] for name in names}
    for number, labelled in enumerate(questions):
        tell(number, len(questions))
        first = number % len(names)
        for name in names[first:] + names[:first]:
            items[name] += evaluate([labelled], _retrieve(measured[name], generation), None, generation, _say_nothing)
    tell(len(questions), len(questions))
    return items


def _retrieve(variant: Variant, generation: Generation) -> Callable[[Question], Sequence[Hit]]:
    return lambda question: variant(generation, question, RANKS)


def _say_nothing(_stage: str, _done: int, _total: int) -> None:
    pass


_MEASURES: Final[Mapping[str, Callable[[Item], float]]] = {
    "page_hit@1": lambda item: float(item.page_rank == 1),
    "page_hit@5": lambda item: float((item.page_rank or RANKS + 1) <= 5),
    "mrr@10": lambda item: 1 / item.page_rank if item.page_rank else 0.0,
}


def table(head: str, items: Mapping[str, Sequence[Item]]) -> str:
    """A row for each variant."""
    full = items[FULL]
    rows = [
        f"| {name} | {' | '.join(_cell(found, full, measure) for measure in _MEASURES.values())} "
        f"| {1000 * median(item.seconds for item in found):.0f} |"
        for name, found in items.items()
    ]
    return "\n".join([f"| {head} | {' | '.join(_MEASURES)} | ms |", "| --- " * (len(_MEASURES) + 2) + "|", *rows])


def _cell(found: Sequence[Item], full: Sequence[Item], measure: Callable[[Item], float]) -> str:
    ours, whole = [measure(item) for item in found], [measure(item) for item in full]
    value = f"{mean(ours):.3f}"
    if found is full:
        return value
    chance = paired_p_value(ours, whole)
    return f"{value} ({chance:.3f})" if chance >= _SMALLEST_P else f"{value} (<{_SMALLEST_P})"


if __name__ == "__main__":
    sys.exit(main())
