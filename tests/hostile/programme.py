"""A run of the job over hostile and valid files, with measurements of time and memory."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Final

from ingest.chunking import Chunker
from ingest.discovery import discover
from ingest.job import IngestJob
from ingest.readers.limits import ReadingLimits
from ingest.readers.source import ReadingOptions
from ingest.reading import ReadRequest
from ingest.reporting.progress import Progress
from ingest.reporting.report import Report
from ingest.sandbox.pool import Outcome, SandboxedReaders, Timeouts
from ingest.sandbox.worker import WorkerConfig
from rag.domain.file_status import FAILED, FileRow
from rag.domain.values import Question
from rag.index.layout import IndexLayout
from rag.index.reading import open_current
from rag.retrieval.retriever import Retriever
from rag.testing import BagOfWordsEncoder
from tests.fakes import make_pdf
from tests.hostile import bombs
from tests.hostile.mutants import mutants

STATUSES: Final = FAILED | {"ok", "partial", "duplicate"}
MEMORY: Final = 2048 << 20
PATIENCE: Final = Timeouts(seconds_per_page=10.0, seconds_per_file=20.0, seconds_per_scan=0.0)
# For the selection that always runs.
HURRIED: Final = Timeouts(seconds_per_page=5.0, seconds_per_file=8.0, seconds_per_scan=0.0)
# Starting a process, killing one, and two cores that others use as well.
SLACK_SECONDS: Final = 10.0
PARENT_GROWTH: Final = 150 << 20
# For each character of all documents together: their index is made in memory.
PUBLISHING: Final = 8
# Twelve things that no other file tells.
HEALTHY: Final = {
    f"healthy_{number:02}": f"The {animal} sleeps in room {100 + number}."
    for number, animal in enumerate(
        "aardvark bandicoot capybara dormouse echidna flamingo gerbil hedgehog iguana jackdaw kestrel lapwing".split()
    )
}


def status_of(process: int | str, key: str) -> int:
    """Bytes of ``VmRSS`` and the like of a process; 0 when it has gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) << 10
    return 0


def descendants(root: int) -> list[int]:
    """Child processes of this one, and their children."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, ValueError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found, grown = {root}, True
    while grown:
        more = {process for process, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return sorted(found - {root})


@dataclass
class Watch:
    """Context that samples the memory of this process and its children."""

    peak_child: int = 0
    peak_resident: int = 0
    grown: int = 0
    grown_by_reading: int = 0
    _begin: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Watch:
        self._begin = status_of("self", "VmRSS")
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        if self._thread:
            self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.05):
            self.grown = max(self.grown, status_of("self", "VmRSS") - self._begin)
            for process in descendants(os.getpid()):
                self.peak_child = max(self.peak_child, status_of(process, "VmPeak"))
                self.peak_resident = max(self.peak_resident, status_of(process, "VmHWM"))


class TimedReaders(SandboxedReaders):
    """The real reader pool, with the time of each file and a count of processes."""

    started = 0

    def __init__(self, orders: WorkerConfig, **options: Any) -> None:
        super().__init__(orders, **options)
        self.seconds: dict[Path, float] = {}

    def __enter__(self) -> TimedReaders:
        super().__enter__()
        return self

    def _read_one(self, request: ReadRequest) -> Outcome:
        begin = monotonic()
        try:
            return super()._read_one(request)
        finally:
            self.seconds[request.path] = monotonic() - begin

    def _start(self) -> Any:  # the type is the sandbox's own
        self.started += 1
        return super()._start()


def readers(
    *,
    workers: int = 2,
    timeouts: Timeouts = PATIENCE,
    limits: ReadingLimits | None = None,
    folder: Path | None = None,
) -> TimedReaders:
    """With the limits that users have."""
    options = ReadingOptions(limits or ReadingLimits())
    orders = WorkerConfig(
        None,
        254,
        Chunker(),
        options,
        memory=MEMORY,
        cpu_seconds=timeouts.seconds_per_file,
        folder=str(folder) if folder else None,
    )
    return TimedReaders(orders, workers=workers, timeouts=timeouts)


class _Reading(Progress):
    """Notes the job's memory when everything is read: publishing needs memory for all text."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def publishing(self) -> None:
        self._watch.grown_by_reading = self._watch.grown


@dataclass
class Outcomes:
    """Results of a run.

    Attributes:
        report: of the job.
        seconds: from request to outcome of each file, by name.
        left: what was there afterwards and should not be: processes and files.
    """

    report: Report
    seconds: dict[str, float]
    duration: float
    watch: Watch
    processes: int
    index: Path
    expected: dict[str, frozenset[str]]
    left: list[str]
    timeouts: Timeouts

    def rows(self) -> dict[str, FileRow]:
        return {row.path: row for row in self.report.files}

    def violations(self) -> list[str]:
        """Every promise that was broken, in a line each; none is the aim."""
        found = [*self._of_rows(), *self._of_bounds(), *self.left]
        return found + [f"{name}: not found by its text" for name in self._not_found()]

    def _of_rows(self) -> Iterable[str]:
        counted = Counter(row.path for row in self.report.files)
        wanted_once = Counter(list(self.expected))
        if counted != wanted_once:
            yield f"not one row for each file: {(counted - wanted_once) + (wanted_once - counted)}"
        for row in self.report.files:
            if row.status not in STATUSES:
                yield f"{row.path}: status {row.status}"
            if row.status in FAILED and not (row.reason or "").strip():
                yield f"{row.path}: {row.status} without a reason"
            if any(not character.isprintable() for character in row.reason or "") or len(row.reason or "") > 1000:
                yield f"{row.path}: a reason that no terminal should show: {row.reason!r:.200}"
            if (wanted := self.expected.get(row.path)) and row.status not in wanted | {"duplicate"}:
                yield f"{row.path}: {row.status} ({row.reason}), expected {sorted(wanted)}"
            if row.characters > ReadingLimits().characters or row.chunks > ReadingLimits().characters:
                yield f"{row.path}: {row.characters} characters in {row.chunks} chunks"

    def _of_bounds(self) -> Iterable[str]:
        most = self.timeouts.seconds_per_file + SLACK_SECONDS
        yield from (f"{name}: {seconds:.1f} s" for name, seconds in self.seconds.items() if seconds > most)
        if self.watch.peak_child > MEMORY * 1.01:
            yield f"a process with {self.watch.peak_child >> 20} MiB"
        if self.watch.grown_by_reading > PARENT_GROWTH:
            yield f"the job grew by {self.watch.grown_by_reading >> 20} MiB while it read"
        characters = sum(row.characters for row in self.report.files)
        if self.watch.grown > PARENT_GROWTH + PUBLISHING * characters:
            yield f"the job grew by {self.watch.grown >> 20} MiB for {characters / 1e6:.0f} million characters"

    def _not_found(self) -> list[str]:
        with closing(open_current(self.index, BagOfWordsEncoder().identity)) as generation:
            retriever = Retriever(BagOfWordsEncoder(), None)
            return [
                name
                for name, said in HEALTHY.items()
                if not any(said in hit.passage.chunk.text for hit in retriever.retrieve(generation, Question(said), 5))
            ]


def healthy(folder: Path) -> list[Path]:
    """Valid files of all kinds, whose names sort before, between and after the others."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, (name, said) in enumerate(HEALTHY.items()):
        suffix = (".pdf", ".txt", ".md", ".html")[number % 4]
        path = folder / f"{'amz'[number % 3]}_{name}{suffix}"
        if suffix == ".pdf":
            make_pdf(path, [f"# Notice\n{said}"])
        else:
            path.write_text({".txt": said, ".md": f"# Notice\n\n{said}", ".html": f"<p>{said}"}[suffix])
        paths.append(path)
    return paths


def run(root: Path, chosen: Sequence[bombs.Bomb], damaged: int, *, timeouts: Timeouts = PATIENCE) -> Outcomes:
    """Runs the job over bombs, mutants and valid files."""
    folder, index = root / "documents", root / "index"
    expected = {path.name: frozenset({"ok"}) for path in healthy(folder)}
    bombs.write(folder, chosen)
    expected |= {bomb.name: bomb.expected for bomb in chosen}
    for name, data in mutants(damaged):
        (folder / name).write_bytes(data)
        expected[name] = frozenset()
    before = set(descendants(os.getpid()))
    encoder = BagOfWordsEncoder()
    begin = monotonic()
    with Watch() as watch, readers(timeouts=timeouts, folder=IndexLayout(index).sources) as sandbox:
        job = IngestJob(index, encoder, sandbox, identity=Chunker().identity, progress=_Reading(watch))
        report = job.run(discover([folder]))
    duration = monotonic() - begin
    names = {row.sha256: row.path for row in open_current(index, encoder.identity).manifest.sources if row.sha256}
    seconds = {names.get(path.name, path.name): taken for path, taken in sandbox.seconds.items()}
    left = what_is_left(index, before)
    return Outcomes(report, seconds, duration, watch, sandbox.started, index, expected, left, timeouts)


def what_is_left(index: Path, before: set[int]) -> list[str]:
    """Leftover processes and files."""
    sleep(0.1)
    processes = [f"process {process} still runs" for process in set(descendants(os.getpid())) - before]
    layout = IndexLayout(index)
    folders = [folder for folder in (layout.work, layout.trash) if folder.is_dir()]
    return processes + [f"{path} is left" for folder in folders for path in folder.iterdir()]
