"""Load benchmark of ``/ask``, ours against the peers, ``python -m benchmarks.serving``; see docs/serving.md.

    python -m benchmarks.serving.build_llama_server        once
    python -m benchmarks.serving --find-best               once: tries the peers' settings
    python -m benchmarks.serving --index DIR --questions FILE.jsonl

The index is only read. Results go to ``benchmarks/results``: tables in serving-NAME.md and .json, a plot in
.svg, and every answer in .jsonl.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.serving.build_llama_server import SERVER
from benchmarks.serving.finding import find_best, write_best
from benchmarks.serving.measuring import Measured, measure
from benchmarks.serving.plot import write_plot
from benchmarks.serving.processes import Process
from benchmarks.serving.results import tables, to_json
from benchmarks.serving.schedule import Schedule, cell, schedule
from benchmarks.serving.systems import DEFAULTS, System, locked_choices, read_best, server_choices
from benchmarks.serving.workloads import Pool, pool_of, skewed, unrepeated
from rag.cli.console import ProgressCallback, configure_logging, fail, progress
from rag.composition import open_retriever
from rag.domain.values import Question
from rag.errors import PageproofError, SettingsError
from rag.evaluation.questions import read_questions
from rag.models.opening import cores, open_store
from rag.settings import Settings, read_settings

RESULTS: Final = Path(__file__).parent.parent / "results"
BEST: Final = {"locked": RESULTS / "locked-best.json", "llama-server": RESULTS / "llama-server-best.json"}
_CELLS: Final = "W1:1,W1:4,W1:8,W2:1,W2:8,W3:1,W3:8"
# Of W1, for each setting that is tried.
_TRIAL: Final = 24


def main() -> int:
    """Measures, or looks for the peers' best settings."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no system is left behind, stopped
    options = _parser().parse_args()
    configure_logging()
    settings = read_settings()
    settings = settings.model_copy(update={"index": options.index or settings.index})
    RESULTS.mkdir(exist_ok=True)
    process_options = ["--llama-server", str(options.llama_server), *(["--free-wording"] * options.free_wording)]
    start = partial(Process, index=settings.index, options=process_options)
    try:
        pool = pool_of(read_questions(options.questions), options.seed)
        with progress() as tell:
            if options.find_best:
                _find_best(options, settings, pool, start, tell)
            else:
                _measure(options, settings, pool, start, tell)
    except PageproofError as error:
        return fail(error, 1)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--index", type=Path, metavar="DIR", help="default: RAG_INDEX")
    parser.add_argument("--questions", type=Path, default=Path("knowledge_base/questions.jsonl"), metavar="FILE")
    parser.add_argument("--name", help="of the results (default: the questions' folder)")
    parser.add_argument("--find-best", action="store_true", help="try the peers' settings, and keep the best")
    parser.add_argument("--only", default="", metavar="WORD,WORD", help="systems whose name begins with one of these")
    parser.add_argument("--cells", default=_CELLS, help=f"workloads with their clients (default: {_CELLS})")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--per-client", type=int, default=4, metavar="N", help="questions of each client in a run")
    parser.add_argument("--warm-up", type=int, default=16, metavar="N", help="questions of W1 before the first round")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn")
    parser.add_argument("--free-wording", action="store_true", help="answers may have any words, so that all are alike")
    parser.add_argument("--llama-server", type=Path, default=SERVER, metavar="FILE")
    return parser


def _wanted(systems: Sequence[System], only: str) -> list[System]:
    words = tuple(word for word in only.split(",") if word)
    return [system for system in systems if not words or system.name.startswith(words)]


def _find_best(
    options: argparse.Namespace,
    settings: Settings,
    pool: Pool,
    start: Callable[[System], Process],
    tell: ProgressCallback,
) -> None:
    chance = np.random.default_rng(options.seed)
    # Drawn once: every setting is asked the same.
    warm_up, trial = skewed(pool, options.warm_up, chance), skewed(pool, _TRIAL, chance)
    threads = cores(settings)
    for choices in (locked_choices(threads), server_choices(threads, settings.context_tokens)):
        if wanted := _wanted(choices, options.only):
            tried = find_best(wanted, warm_up, trial, start, tell)
            write_best(BEST[wanted[0].kind], tried)
            for each in sorted(tried, key=lambda each: -each.throughput):
                print(f"{each.throughput:.3f} answers/s, first token {each.first_token:.2f} s  {each.system.name}")


def _measure(
    options: argparse.Namespace,
    settings: Settings,
    pool: Pool,
    start: Callable[[System], Process],
    tell: ProgressCallback,
) -> None:
    best = [system for name, path in BEST.items() for system in read_best(path, name)]
    systems = _wanted([*DEFAULTS, *best], options.only)
    plan = _plan(options, settings, pool)
    name = (options.name or options.questions.resolve().parent.name) + "-free-wording" * options.free_wording
    measured: list[Measured] = []
    # Written as it goes on: it takes hours, and whoever stops it keeps what was measured.
    with (RESULTS / f"serving-{name}.jsonl").open("w") as raw:
        for each in measure(systems, plan, start, tell):
            measured.append(each)
            print(json.dumps(asdict(each), ensure_ascii=False), file=raw, flush=True)
    about = _about(options, settings, plan, systems)
    text = "\n\n".join([_head(about), tables(measured)])
    print(text)
    (RESULTS / f"serving-{name}.md").write_text(text + "\n")
    (RESULTS / f"serving-{name}.json").write_text(json.dumps(to_json(about, measured), indent=1))
    write_plot(RESULTS / f"serving-{name}.svg", f"{name}; {settings.model}; {options.rounds} rounds", measured)


def _plan(options: argparse.Namespace, settings: Settings, pool: Pool) -> Schedule:
    try:
        cells = [cell(text) for text in options.cells.split(",")]
    except ValueError as error:
        raise SettingsError(f"--cells: {error}") from error
    alone: list[str] = []
    if any(each.workload == "W2" for each in cells):
        alone = unrepeated(_retrieved(settings, pool))
        if len(alone) < 3:
            raise SettingsError(f"W2 needs 3 questions without a passage in common, and {len(alone)} were found")
    return schedule(
        pool,
        alone,
        cells,
        rounds=options.rounds,
        per_client=options.per_client,
        seed=options.seed,
        warm_up=options.warm_up,
    )


def _retrieved(settings: Settings, pool: Pool) -> dict[str, frozenset[int]]:
    """The rows of the passages that are found for each question."""
    retriever, index = open_retriever(settings)
    generation = index.generation()
    return {
        question: frozenset(
            hit.passage.row for hit in retriever.retrieve(generation, Question(question), settings.passages)
        )
        for questions in pool.values()
        for question in questions
    }


def _about(
    options: argparse.Namespace, settings: Settings, plan: Schedule, systems: Sequence[System]
) -> dict[str, Any]:
    weights = open_store(settings).locate(settings.model)
    alone = max((len(run.conversations) for run in plan.runs if run.cell.workload == "W2"), default=0)
    return {
        "model": weights.name,
        "sha256": weights.digest,
        "questions": str(options.questions),
        "cores": len(os.sched_getaffinity(0)),
        "seed": options.seed,
        "free_wording": options.free_wording,
        "warm_up": len(plan.warm_up),
        "rounds": options.rounds,
        "repeats_in_w1": round(plan.repeats, 3),
        "questions_of_w2": alone,
        "systems": {system.name: dict(system.options) for system in systems},
    }


def _head(about: dict[str, Any]) -> str:
    systems = [f"- {name}: `{json.dumps(options)}`" for name, options in about["systems"].items()]
    lines = [
        f"{about['model']} (SHA-256 {about['sha256'][:12]}), {about['cores']} cores, {about['rounds']} rounds, "
        f"seed {about['seed']}. Medians with 90 % intervals over rounds. W1: {about['repeats_in_w1']:.0%} of the "
        f"questions were put before; W2: up to {about['questions_of_w2']} questions in a run."
        + " Answers may have any words."
        * about["free_wording"],
        "",
        *systems,
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
