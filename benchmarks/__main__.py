"""All benchmarks, ``python -m benchmarks``: a table on stdout and a file in ``benchmarks/results``."""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.isa import add_isa, conditions, hold_to
from benchmarks.retrieval import compare
from rag.cli.console import configure_logging, fail
from rag.errors import PageproofError
from rag.evaluation.questions import read_questions
from rag.models.opening import open_encoder, open_reranker
from rag.settings import read_settings

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Runs the benchmarks on a folder and its questions; by default the knowledge base."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("knowledge_base"), help="folder of PDFs")
    parser.add_argument("questions", nargs="?", type=Path, help="default: questions.jsonl in the folder")
    add_isa(parser)
    options = parser.parse_args()
    hold_to(options.isa)
    configure_logging()
    try:
        table = _table(options.folder, options.questions or options.folder / "questions.jsonl")
    except PageproofError as error:
        return fail(error, 1)
    table += f"\n\n{conditions()}"
    print(table)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"retrieval-{options.folder.name}.md").write_text(table + "\n")
    return 0


def _table(folder: Path, questions: Path) -> str:
    settings = read_settings()
    labelled = read_questions(questions)
    ours, theirs = compare(folder, labelled, open_encoder(settings), open_reranker(settings))
    peer = asdict(theirs)
    rows = [
        f"| {name} | {value:.3f} | {peer[name]:.3f} | {value / peer[name]:.2f} |"
        for name, value in asdict(ours).items()
    ]
    return "\n".join([f"| {folder} | pageproof | tutorial | ratio |", "| --- | --- | --- | --- |", *rows])


if __name__ == "__main__":
    sys.exit(main())
