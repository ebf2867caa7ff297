"""Answer quality and latency, compared with the tutorial system on the same weights.

    python -m benchmarks.answers FOLDER QUESTIONS.jsonl --sample 60 --seed 1

All sides are in this process, with as many threads, and answer the same questions in turns: each question is put to
one side and then to the other, and the next one the other way round. Before, each answers the last answerable one,
which does not count: by its turn, the prompts of the others have taken the place of its own in the models' caches.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final, Protocol

from benchmarks.bootstrap import ratio_of_medians
from benchmarks.isa import add_isa, conditions, hold_to
from benchmarks.sampling import sampled
from benchmarks.tutorial import PlainEncoder, TutorialIndex
from benchmarks.tutorial_answers import TutorialAnswerer, open_chat_model
from ingest.__main__ import open_job
from ingest.discovery import discover
from ingest.reporting.progress import Progress
from rag.answering.answerer import Answerer
from rag.cli.console import ProgressCallback, configure_logging, fail, progress
from rag.composition import open_answerer
from rag.domain.values import Answer, Hit, Question
from rag.errors import PageproofError
from rag.evaluation.questions import LabelledQuestion, read_questions
from rag.evaluation.results import QuestionResult
from rag.evaluation.runner import RANKS, evaluate
from rag.evaluation.summary import summarise
from rag.index.generation import Generation
from rag.models.opening import cores, open_store, tokenizer_file
from rag.settings import Settings, read_settings

RESULTS: Final = Path(__file__).parent / "results"
TUTORIAL: Final = "tutorial"
_MEASURES: Final = (
    "f1", "contains", "abstain_recall", "false_abstain", "page_hit@1", "page_hit@5",
    "citation_page_precision", "quotes_verbatim",
)  # fmt: skip


class Side(Protocol):
    """A system that answers questions."""

    def ask(self, question: Question) -> Answer:
        """The answer; this is what is timed."""

    def retrieve(self, question: Question) -> Sequence[Hit]:
        """The first ten passages."""


@dataclass(frozen=True)
class Ours:
    """Pageproof with one model."""

    answerer: Answerer

    def ask(self, question: Question) -> Answer:
        """See :class:`Side`."""
        return self.answerer.ask(question)

    def retrieve(self, question: Question) -> Sequence[Hit]:
        """See :class:`Side`."""
        return self.answerer.retriever.retrieve(self.answerer.generation(), question, RANKS)


@dataclass(frozen=True)
class GivenAnswer:
    """The answer of a side to a question, and its evaluation."""

    labelled: LabelledQuestion
    result: QuestionResult
    answer: Answer

    def to_json(self) -> dict[str, Any]:
        """The result with what a person needs to judge it: see :mod:`benchmarks.judging`."""
        return {**asdict(self.result), "answers": self.labelled.answers, "shown": shown_sentences(self.result)}


def shown_sentences(result: QuestionResult) -> list[dict[str, Any]]:
    """The sentences that an answer shows, each with its quotes."""
    quotes = {citation.id: citation for citation in result.cited}
    return [
        {
            "sentence": sentence.text,
            "quotes": [
                {"document": quote.document, "page": quote.page, "quote": quote.quote}
                for quote in (quotes[number] for number in sentence.citations)
            ],
        }
        for sentence in result.sentences
        if result.answered and sentence.shown
    ]


def main() -> int:
    """Measures and prints a table, which is written to ``benchmarks/results`` with every answer beside it."""
    options = _parser().parse_args()
    hold_to(options.isa)
    configure_logging()
    try:
        questions = read_questions(options.questions or options.folder / "questions.jsonl")
        records = _run(options, sampled(questions, options.sample, options.seed), read_settings())
    except PageproofError as error:
        return fail(error, 1)
    name = options.name or options.folder.resolve().name
    head = f"{name}, {len(next(iter(records.values())))} of {len(questions)} questions, seed {options.seed}"
    text = table(head, records)
    text += f"\n\n{conditions()}"
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"answers-{name}.md").write_text(text + "\n")
    (RESULTS / f"answers-{name}.json").write_text(json.dumps(_to_json(head, records), ensure_ascii=False, indent=1))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.answers", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("knowledge_base"), help="folder of PDFs")
    parser.add_argument("questions", nargs="?", type=Path, help="default: questions.jsonl in the folder")
    parser.add_argument("--sample", type=int, metavar="N", help="so many of the questions, by chance (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="of that chance")
    add_isa(parser)
    parser.add_argument(
        "--models", default="", metavar="NAME,NAME", help="of the catalogue: ours with these models too"
    )
    parser.add_argument("--name", help="of the results (default: the folder's)")
    return parser


def _run(
    options: argparse.Namespace, questions: Sequence[LabelledQuestion], settings: Settings
) -> dict[str, list[GivenAnswer]]:
    with tempfile.TemporaryDirectory() as root, progress() as tell:
        settings = settings.model_copy(update={"index": Path(root)})
        with open_job(settings, settings.index, Progress()) as job:
            job.run(discover([options.folder]))
        models = [settings.model, *(name for name in options.models.split(",") if name)]
        default, *others = (open_answerer(settings.model_copy(update={"model": name})) for name in models)
        sides: dict[str, Side] = {
            name_of(default): Ours(default),
            TUTORIAL: open_tutorial(options.folder, settings),
            **{name_of(other): Ours(other) for other in others},
        }
        generation = default.generation()
        records = in_turns(questions, sides, generation, tell)
        generation.close()
    return records


def name_of(answerer: Answerer) -> str:
    """Name of our side in a table."""
    return f"pageproof, {answerer.model.name}"


def open_tutorial(folder: Path, settings: Settings) -> TutorialAnswerer:
    """The tutorial on the PDFs of a folder, which are read and embedded now, with the weights and threads of ours."""
    weights = open_store(settings).locate(settings.model)
    index = TutorialIndex(folder, PlainEncoder(tokenizer_file(settings).parent))
    return TutorialAnswerer(index, open_chat_model(weights.file, cores(settings)), weights.name)


def in_turns(
    questions: Sequence[LabelledQuestion], sides: Mapping[str, Side], generation: Generation, tell: ProgressCallback
) -> dict[str, list[GivenAnswer]]:
    """Answers of each side to each question; the side that goes first changes from question to question."""
    # Where retrieval alone refuses a question, the model stays cold.
    warm_up = next((labelled for labelled in reversed(questions) if labelled.answerable), questions[-1])
    for side in sides.values():
        side.ask(Question(warm_up.question))
    records: dict[str, list[GivenAnswer]] = {name: [] for name in sides}
    names = list(sides)
    for number, labelled in enumerate(questions):
        tell("questions", number, len(questions))
        first = number % len(names)
        for name in names[first:] + names[:first]:
            records[name].append(_put(labelled, sides[name], generation))
    tell("questions", len(questions), len(questions))
    return records


def _put(labelled: LabelledQuestion, side: Side, generation: Generation) -> GivenAnswer:
    answers: list[Answer] = []

    def ask(question: Question) -> Answer:
        answers.append(side.ask(question))
        return answers[-1]

    (item,) = evaluate([labelled], side.retrieve, ask, generation, lambda *_: None)
    return GivenAnswer(labelled, item, answers[0])


def table(head: str, records: Mapping[str, Sequence[GivenAnswer]]) -> str:
    """The measures of each side as a Markdown table, a side in each column."""
    sides = {name: [record.result for record in side] for name, side in records.items()}
    peer = sides[TUTORIAL]
    summaries = [_summary(side) for side in records.values()]
    rows = {measure: [_decimal(summary[measure]) for summary in summaries] for measure in _MEASURES}
    # An abstention without the model has no tokens: counted in, those would flatter the median.
    rows["answers that the model was asked for"] = [str(sum(map(_is_generated, side))) for side in sides.values()]
    for kind in ("prompt", "completion"):
        rows[f"{kind} tokens of those, median"] = [_tokens(kind, side) for side in sides.values()]
    rows["seconds per answer, median"] = [f"{median(_seconds(side)):.2f}" for side in sides.values()]
    rows["seconds per answer, 95th percentile"] = [f"{summary['seconds_p95']:.2f}" for summary in summaries]
    rows["**median against the tutorial's** (95 % interval)"] = [_ratio(side, peer) for side in sides.values()]
    rows["the same, where our model was asked"] = [_ratio(*_where_generated(side, peer)) for side in sides.values()]
    lines = [f"| {label} | {' | '.join(cells)} |" for label, cells in rows.items()]
    return "\n".join([f"| {head} | {' | '.join(records)} |", "| --- |" + " --- |" * len(records), *lines])


def _summary(records: Sequence[GivenAnswer]) -> dict[str, Any]:
    return summarise(
        [record.result for record in records], model=records[0].answer.model, index=records[0].answer.index
    )


def _is_generated(item: QuestionResult) -> bool:
    return item.usage["prompt_tokens"] > 0


def _where_generated(
    ours: Sequence[QuestionResult], theirs: Sequence[QuestionResult]
) -> tuple[list[QuestionResult], list[QuestionResult]]:
    """Both sides' items of the questions for which our model was asked."""
    rows = [row for row, item in enumerate(ours) if _is_generated(item)]
    return [ours[row] for row in rows], [theirs[row] for row in rows]


def _seconds(items: Sequence[QuestionResult]) -> list[float]:
    return [item.seconds for item in items]


def _tokens(kind: str, items: Sequence[QuestionResult]) -> str:
    counts = [item.usage[f"{kind}_tokens"] for item in items if _is_generated(item)]
    return f"{median(counts):.0f}" if counts else "–"


def _ratio(ours: Sequence[QuestionResult], theirs: Sequence[QuestionResult]) -> str:
    if not ours:
        return "–"
    ratio = ratio_of_medians(_seconds(ours), _seconds(theirs))
    return f"{ratio.value:.2f} ({ratio.low:.2f}–{ratio.high:.2f})"


def _decimal(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _to_json(head: str, records: Mapping[str, Sequence[GivenAnswer]]) -> dict[str, Any]:
    sides = {name: {**_summary(side), "items": [record.to_json() for record in side]} for name, side in records.items()}
    return {"about": head, "sides": sides}


if __name__ == "__main__":
    sys.exit(main())
