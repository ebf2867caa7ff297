"""Ablation study of the retriever: page hits and cost with and without each of its parts.

    python -m benchmarks.ablation --set northwind=indexes/northwind:northwind.jsonl --set manual=indexes/manual:m.jsonl

Indexes are only read. Every variant gets every question whose page is known, in turns. In brackets after a metric is
the p-value of its difference from the full system, by a paired bootstrap over the questions. ``read`` is how many
passages the reranker reads for a question, on average. With ``--remember`` it reads nothing twice, in this run or the
next: that is quick, and times then say nothing.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Final

from benchmarks.bootstrap import paired_p_value
from benchmarks.question_sets import QuestionSet, add_sets
from benchmarks.ranking_variants import FULL, Find, Variant, variants
from benchmarks.remembering import RememberingReranker
from rag.cli.console import ProgressCallback, configure_logging, fail, progress
from rag.domain.values import Hit, Question
from rag.errors import PageproofError, SettingsError
from rag.evaluation.questions import LabelledQuestion
from rag.evaluation.results import QuestionResult
from rag.evaluation.runner import RANKS, evaluate
from rag.index.generation import Generation
from rag.models.embedding.interfaces import Encoder
from rag.models.opening import open_encoder, open_reranker
from rag.settings import read_settings

RESULTS: Final = Path(__file__).parent / "results"
# Less is not told apart by ten thousand draws.
_SMALLEST_P: Final = 0.001


def main() -> int:
    """Measures and prints a table for each set, which are written to ``benchmarks/results`` too."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation", description=__doc__)
    add_sets(parser)
    parser.add_argument("--limit", type=int, help="questions of each set, from the first; all by default")
    parser.add_argument("--remember", action="store_true", help="read nothing twice, for measures without times")
    options = parser.parse_args()
    configure_logging()
    settings = read_settings()
    try:
        encoder, reranker = open_encoder(settings), open_reranker(settings)
        if reranker is None:
            raise SettingsError("RAG_RERANKER is empty: there is nothing to measure it against")
        remembering = RememberingReranker(reranker, RESULTS / f"{settings.reranker}.json")
        with progress() as tell:
            tables = [
                _measure(
                    chosen,
                    encoder,
                    variants(encoder, remembering if options.remember else reranker),
                    options.limit,
                    tell,
                )
                for chosen in options.sets
            ]
        remembering.save()
    except PageproofError as error:
        return fail(error, 1)
    text = "\n\n".join(tables)
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "ablation.md").write_text(text + "\n")
    return 0


def _measure(
    chosen: QuestionSet, encoder: Encoder, measured: Mapping[str, Variant], limit: int | None, tell: ProgressCallback
) -> str:
    questions = chosen.paged()[:limit]
    with chosen.opened(encoder) as generation:
        items = in_turns(questions, measured, generation, lambda done, total: tell(chosen.name, done, total))
    read = {name: variant.reads.read / len(questions) for name, variant in measured.items() if variant.reads}
    return table(f"{chosen.name}, {len(questions)} questions", items, read)


def in_turns(
    questions: Sequence[LabelledQuestion],
    measured: Mapping[str, Variant],
    generation: Generation,
    tell: Callable[[int, int], None],
) -> dict[str, list[QuestionResult]]:
    """Results of each variant for each question; the one that goes first changes from question to question."""
    names = list(measured)
    items: dict[str, list[QuestionResult]] = {name: [] for name in names}
    for number, labelled in enumerate(questions):
        tell(number, len(questions))
        first = number % len(names)
        for name in names[first:] + names[:first]:
            found = evaluate([labelled], _retrieve(measured[name].find, generation), None, generation, _say_nothing)
            items[name] += found
    tell(len(questions), len(questions))
    return items


def _retrieve(find: Find, generation: Generation) -> Callable[[Question], Sequence[Hit]]:
    return lambda question: find(generation, question, RANKS)


def _say_nothing(_stage: str, _done: int, _total: int) -> None:
    pass


_MEASURES: Final[Mapping[str, Callable[[QuestionResult], float]]] = {
    "page_hit@1": lambda item: float(item.page_rank == 1),
    "page_hit@5": lambda item: float((item.page_rank or RANKS + 1) <= 5),
    "mrr@10": lambda item: 1 / item.page_rank if item.page_rank else 0.0,
}


def table(head: str, items: Mapping[str, Sequence[QuestionResult]], read: Mapping[str, float]) -> str:
    """A row for each variant; ``read`` for those that ask a reranker."""
    full = items[FULL]
    rows = [
        f"| {name} | {' | '.join(_cell(found, full, measure) for measure in _MEASURES.values())} "
        f"| {f'{read[name]:.1f}' if name in read else '–'} | {1000 * median(item.seconds for item in found):.0f} |"
        for name, found in items.items()
    ]
    return "\n".join(
        [f"| {head} | {' | '.join(_MEASURES)} | read | ms |", "| --- " * (len(_MEASURES) + 3) + "|", *rows]
    )


def _cell(
    found: Sequence[QuestionResult], full: Sequence[QuestionResult], measure: Callable[[QuestionResult], float]
) -> str:
    ours, whole = [measure(item) for item in found], [measure(item) for item in full]
    value = f"{mean(ours):.3f}"
    if found is full:
        return value
    chance = paired_p_value(ours, whole)
    return f"{value} ({chance:.3f})" if chance >= _SMALLEST_P else f"{value} (<{_SMALLEST_P})"


if __name__ == "__main__":
    sys.exit(main())
