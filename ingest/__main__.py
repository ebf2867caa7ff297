"""``python -m ingest PATH...``: composition root of the job."""

from __future__ import annotations

import rag.native  # noqa: F401 - first: see there

# isort: split

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ingest.chunking import Chunker
from ingest.job import IngestJob, discover
from ingest.report import Report, show
from rag.composition import open_encoder
from rag.console import configure_logging, fail, progress
from rag.errors import IndexBusy, NothingToIngest, PageproofError
from rag.settings import Settings, read_settings

_EXIT_CODES = """\
exit codes:
  0   all is well
  1   failed, nothing was published, the index is as it was
  2   wrong usage
  3   published, but some files could not be read
  75  another ingest is at work
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the job; returns the exit code."""
    options = _parser().parse_args(arguments)
    configure_logging()
    try:
        report = _run(options, read_settings())
    except PageproofError as error:
        if options.json:
            print(json.dumps(_failure(error), ensure_ascii=False))
        return fail(error, 75 if isinstance(error, IndexBusy) else 1)
    except KeyboardInterrupt:
        return fail(KeyboardInterrupt("stopped; nothing was published, the index is as it was"), 1)
    if options.json:
        print(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        show(report, Console(soft_wrap=False))
    return 3 if report.failed else 0


def _failure(error: PageproofError) -> dict[str, object]:
    """In place of the report, so that whoever reads JSON gets JSON."""
    files = error.files if isinstance(error, NothingToIngest) else ()
    return {"generation": None, "published": False, "error": str(error), "files": list(files)}


def _run(options: argparse.Namespace, settings: Settings) -> Report:
    files = discover(options.path)
    encoder = open_encoder(settings)
    with progress() as tell:
        job = IngestJob(options.index or settings.index, encoder, Chunker(), rebuild=options.rebuild, on_progress=tell)
        return job.run(files)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ingest",
        description="Bring the index in line with folders of PDFs: add, replace, remove, and publish a new generation.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", nargs="+", type=Path, help="folder or file; what is not under it leaves the index")
    parser.add_argument("--index", type=Path, metavar="DIR", help="index directory (default: RAG_INDEX, or indexes)")
    parser.add_argument("--rebuild", action="store_true", help="read and embed everything anew")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
