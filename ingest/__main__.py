"""Command line of the ingest job, ``python -m ingest PATH...``, and its composition root."""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import sys

from rag.runtime.interpreter import exit_on_interrupt, raise_on_interrupt, wrong_python

# With an older Python the imports below fail with a traceback.
if fault := wrong_python():
    sys.exit(fault)
if __name__ == "__main__":
    exit_on_interrupt()

# isort: split

import argparse
import json
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from ingest.chunking import Chunker
from ingest.cluster.ray_engine import ray_engine
from ingest.discovery import discover
from ingest.engine import local_engine
from ingest.erasure import erase
from ingest.job import IngestJob
from ingest.other_folders import OtherDocuments, ask_about_others, documents_in
from ingest.plan import FileLimits
from ingest.profile_advice import profile_advice
from ingest.readers.limits import ReadingLimits
from ingest.readers.source import ReadingOptions
from ingest.readers.version import reader_version
from ingest.reporting.console import progress, show
from ingest.reporting.html_report import write_report_page
from ingest.reporting.json_lines import json_lines
from ingest.reporting.progress import Progress
from ingest.reporting.report import Report
from ingest.sandbox.pool import Timeouts
from ingest.sandbox.worker import WorkerConfig
from rag.cli.arguments import whole_number
from rag.cli.console import configure_logging, fail
from rag.composition import in_collection
from rag.domain.file_status import FileRow
from rag.errors import (
    CollectionUnknown,
    IndexBusy,
    IndexFault,
    IngestFault,
    NothingToIngest,
    OtherFolders,
    PageproofError,
)
from rag.index.layout import IndexLayout
from rag.index.reading import read_current
from rag.models.opening import cores, open_encoder, tokenizer_file
from rag.settings import Settings, read_settings
from rag.settings.ingest import MOST_WORKERS
from rag.text.characters import readable

_EXIT_CODES = """\
exit codes:
  0   all is well
  1   failed, nothing was published, the index is as it was
  2   wrong usage, no such collection, or documents of other folders would leave the index: see --add and --replace
  3   published, but some files could not be read, or the page of --report could not be written
  75  another ingest is at work
"""


def main(arguments: Sequence[str] | None = None, *, prog: str = "python -m ingest") -> int:
    """Runs the job; returns the exit code."""
    parser = _parser(prog)
    options = parser.parse_args(arguments)
    if bool(options.path) == bool(options.erase) and (options.path or not options.rebuild):
        parser.error("give folders or files to ingest, --rebuild alone, or --erase NAME")
    if not options.path and options.rebuild and options.erase:
        parser.error("--erase does not rebuild; run one after the other")
    if options.engine != "ray" and options.address:
        parser.error("--address is that of a Ray cluster: give --engine ray too")
    configure_logging()
    index: Path | None = None
    before: str | None = None
    raise_on_interrupt()
    try:
        settings = read_settings()
        configure_logging(settings.log)
        settings = _settings(options, settings)
        index = settings.index
        if options.erase:
            return _erase(options, settings, index)
        before = _current(index)
        report = _run(options, settings, index)
    except PageproofError as error:
        if options.report and isinstance(error, NothingToIngest) and error.files:
            _write_report(options.report, _unpublished(error, before))
        _print_json(options, _failure(error))
        return fail(error, _exit_code(error))
    except KeyboardInterrupt:
        return fail(KeyboardInterrupt(_interrupted(index, before)), 1)
    if not _print_json(options, report.to_json()):
        from rich.console import Console

        show(report, Console(soft_wrap=False))
    written = not options.report or _write_report(options.report, report)
    return 0 if written and not report.failed else 3


def _settings(options: argparse.Namespace, settings: Settings) -> Settings:
    """The settings with the options for the index; a run over files makes a collection that is not there."""
    if options.index:
        settings = settings.model_copy(update={"index": options.index})
    if options.collection is None:
        return settings
    return in_collection(settings, readable(options.collection), may_be_new=bool(options.path))


def _erase(options: argparse.Namespace, settings: Settings, index: Path) -> int:
    """Erases documents; the exit code is 1 if some of their text is still found."""
    erasure = erase(index, options.erase, settings.records)
    if not _print_json(options, erasure.to_json()):
        for line in erasure.lines():
            print(line)
    return 1 if erasure.found_in else 0


def _exit_code(error: PageproofError) -> int:
    return 75 if isinstance(error, IndexBusy) else 2 if isinstance(error, (OtherFolders, CollectionUnknown)) else 1


def _print_json(options: argparse.Namespace, report: Mapping[str, object]) -> bool:
    """Prints the report as JSON; False where the options do not ask for JSON."""
    if options.json:
        print(json.dumps(report, ensure_ascii=False))
    elif options.json_lines:
        print(json.dumps({"report": report}))
    return bool(options.json or options.json_lines)


def _write_report(path: Path, report: Report) -> bool:
    """Writes the HTML report; False where that fails, which does not undo what is published."""
    try:
        write_report_page(path, report)
    except OSError as error:
        fail(IngestFault(f"the report cannot be written to {path}: {error.strerror or error}"), 1)
        return False
    return True


def _current(index: Path) -> str | None:
    with suppress(IndexFault):
        return read_current(IndexLayout(index))[0]
    return None


def _interrupted(index: Path | None, before: str | None) -> str:
    now = _current(index) if index else before
    if now != before:
        return f"stopped just after generation {now} was published"
    return "stopped; nothing was published, the index is as it was"


def _failure(error: PageproofError) -> dict[str, object]:
    """JSON of a failed run, in place of the report."""
    files = error.files if isinstance(error, NothingToIngest) else ()
    return {"generation": None, "published": False, "error": str(error), "files": list(files)}


def _unpublished(error: NothingToIngest, before: str | None) -> Report:
    """Report of a run in which no file could be read."""
    files = [FileRow(**row) for row in error.files]  # type: ignore[arg-type]
    return Report(before or "", published=False, files=files, chunks=0, embedded=0, reused=0, seconds=0.0)


def _run(options: argparse.Namespace, settings: Settings, index: Path) -> Report:
    if options.report and (options.report.is_dir() or not options.report.parent.is_dir()):
        raise IngestFault(f"--report {options.report} cannot be written; give it a file in a folder that is there")
    # Without a path the documents of the index are read again, wherever they came from.
    files = discover(options.path) if options.path else documents_in(index)
    others: OtherDocuments = options.others if options.path else "replace"
    if others == "refuse" and not (options.json or options.json_lines):
        others = ask_about_others(options.path, index, files)
    reporting = json_lines(sys.stdout) if options.json_lines else progress()
    with reporting as tracker, open_job(settings, index, tracker, options) as job:
        report = job.run(files, options.path, others)
    advice = profile_advice(settings) if report.published else None
    return replace(report, note=" ".join(filter(None, [report.note, advice]))) if advice else report


@contextmanager
def open_job(
    settings: Settings, index: Path, tell: Progress, options: argparse.Namespace | None = None
) -> Iterator[IngestJob]:
    """Opens the job with its parts; its worker processes end with the context.

    Raises:
        ModelError: the encoder is missing, corrupt or unusable.
        ClusterFault: the Ray cluster that the options ask for cannot be used.
    """
    options = options or _parser().parse_args(["."])
    encoder = open_encoder(settings)
    reading = ReadingOptions(
        ReadingLimits(settings.file_pages, settings.page_characters, settings.file_characters),
        options.ocr,
        tuple(settings.ocr_languages.replace("+", " ").split()),
    )
    config = WorkerConfig(
        tokenizer=str(tokenizer_file(settings).resolve()),
        max_tokens=encoder.max_tokens,
        chunker=Chunker(),
        options=reading,
        memory=settings.reader_megabytes << 20,
        cpu_seconds=settings.file_seconds,
        folder=str(IndexLayout(index).sources.resolve()),
    )
    timeouts = Timeouts(seconds_per_page=settings.page_seconds, seconds_per_file=settings.file_seconds)
    if options.engine == "ray":
        opened = ray_engine(encoder, config, timeouts, settings=settings, address=options.address)
    else:
        workers = options.workers or settings.workers or cores(settings)
        opened = local_engine(encoder, config, timeouts, workers=workers, on_page=tell.page)
    with opened as engine:
        yield IngestJob(
            index,
            engine.encoder,
            engine.readers,
            identity={**config.chunker.identity, **reader_version(reading)},
            limits=FileLimits(settings.file_megabytes * 1_000_000),
            rebuild=options.rebuild,
            keep=settings.keep_generations,
            slab=engine.slab,
            progress=tell,
        )


def _parser(prog: str = "python -m ingest") -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Bring the index in line with folders of documents: add, replace, remove, and publish.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", nargs="*", type=Path, help="folder or file; what has gone from it leaves the index")
    parser.add_argument("--index", type=Path, metavar="DIR", help="index directory (default: RAG_INDEX, or indexes)")
    parser.add_argument(
        "--collection",
        metavar="NAME",
        help="collection that the documents belong to, an index of its own; made where it is not there",
    )
    others = parser.add_mutually_exclusive_group()
    others.add_argument(
        "--add",
        action="store_const",
        const="keep",
        dest="others",
        help="documents of other folders stay in the index, without being looked for",
    )
    others.add_argument(
        "--replace",
        action="store_const",
        const="replace",
        dest="others",
        help="documents of other folders leave the index (default: a terminal asks; elsewhere exit code 2)",
    )
    parser.set_defaults(others="refuse")
    parser.add_argument(
        "--erase",
        action="append",
        metavar="NAME",
        help="erase this document, instead of a run: from all generations, sources and records at once",
    )
    parser.add_argument(
        "--rebuild",
        action="store_true",
        help="read and embed everything anew; without PATH the documents that the index has, from its own copies",
    )
    parser.add_argument(
        "--ocr", choices=("auto", "off", "force"), default="auto", help="read pages without text (auto), none, or all"
    )
    parser.add_argument(
        "--workers",
        type=whole_number(0, MOST_WORKERS),
        metavar="N",
        help="processes that read files; 0 means as RAG_WORKERS says (default: 0)",
    )
    parser.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="read and embed on this machine (local), or on the nodes of a Ray cluster, which share its storage; the "
        "index is the same (default: local)",
    )
    parser.add_argument(
        "--address",
        metavar="HOST:PORT",
        help="of the Ray cluster (default: RAY_ADDRESS, or the one of this machine, or a new one of it alone)",
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report as an HTML page too")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the report as one JSON object")
    form.add_argument(
        "--json-lines",
        action="store_true",
        help='for programs: print lines of JSON, {"progress": ...} while at work, and last {"report": ...}',
    )
    return parser


if __name__ == "__main__":
    # SIGTERM from systemd, Docker and the service ends it as Ctrl-C does, worker processes first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
