"""Fault injection into runs of the ingest command, at a chosen operation on the disk.

The command runs under a small tracer (``injector.c``), which sees every system call that changes files under the index
directory, whoever makes it: Python, SQLite, or the C library on behalf of numpy.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from tests.faults.server import Order

ROOT: Final = Path(__file__).parents[2]


class Kind(IntEnum):
    """Operations that change files; the numbers are those of ``injector.c``."""

    OPEN = 1
    WRITE = 2
    SYNC = 3
    RENAME = 4
    UNLINK = 5
    RMDIR = 6
    MKDIR = 7
    TRUNCATE = 8


class Action(IntEnum):
    """Injected faults; the numbers are those of ``injector.c``."""

    NOTHING = 0
    KILL_BEFORE = 1
    KILL_AFTER = 2
    FAIL = 3
    SHORTEN = 4


ALL: Final = frozenset(Kind)


@dataclass(frozen=True)
class Fault:
    """A fault at the operation with the number ``at`` among those of ``kinds``.

    Attributes:
        error: the errno, for ``Action.FAIL``.
        lasting: whether all later ones fail too.
    """

    action: Action
    at: int
    kinds: frozenset[Kind] = ALL
    error: int = 0
    lasting: bool = False

    def __str__(self) -> str:
        what = f"{errno.errorcode[self.error]} " if self.error else ""
        kinds = "" if self.kinds == ALL else f" of {', '.join(sorted(kind.name for kind in self.kinds))}"
        return f"{self.action.name} {what}at {self.at}{kinds}{' and after' if self.lasting else ''}"


NO_FAULT: Final = Fault(Action.NOTHING, 0)


@dataclass(frozen=True)
class Outcome:
    """Result of a run.

    Attributes:
        counted: operations of the kinds that were asked for.
        reached: whether there was one with the number of the fault; ``operation`` says which.
        killed: whether it died of SIGKILL.
        code: the exit code; -1 where it was killed.
        said: what it printed as JSON, or nothing.
        stderr: the rest of what it printed.
    """

    counted: int
    reached: bool
    operation: str
    killed: bool
    code: int
    said: dict[str, Any]
    stderr: str

    @property
    def published(self) -> bool:
        """Whether it told its user so."""
        return bool(self.said.get("published"))

    @property
    def error(self) -> str:
        """What it told its user went wrong."""
        return str(self.said.get("error") or "")


def missing() -> str | None:
    """Reason why faults cannot be injected on this machine; None where they can."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return "the fault injector knows the system calls of Linux on x86-64 only"
    if not shutil.which("cc"):
        return "the fault injector needs a C compiler (cc)"
    return None


def compiled(folder: Path) -> Path:
    """Compiles the tracer to a shared library."""
    library = folder / "injector.so"
    source = Path(__file__).parent / "injector.c"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    return library


class Injector:
    """A server that runs the ingest command in forks of itself. Made by :func:`injecting`; for one thread at a time."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder

    def ingest(
        self,
        index: Path,
        documents: Path,
        fault: Fault = NO_FAULT,
        *,
        log: Path | None = None,
        root: Path | None = None,
        estimate: bool = True,
        text_first: bool = False,
        seconds: float | None = None,
    ) -> Outcome:
        """Runs ``python -m ingest --index INDEX DOCUMENTS``.

        Args:
            log: where to write what was done, for :mod:`tests.faults.power`.
            root: what is counted and logged; by default the index.
            seconds: after which it is killed, by the clock, without a tracer; for None it is not.
            text_first: whether it publishes its text before the vectors.
            estimate: whether the job may refuse because the disk has too little room, before it has written anything.
        """
        kinds = sum(1 << kind for kind in fault.kinds)
        where = os.path.realpath(root or index)
        order = Order(where, kinds, fault.action, fault.at, fault.error, fault.lasting)
        stdout, stderr = self._folder / "stdout", self._folder / "stderr"
        request = {
            "order": asdict(order),
            "index": str(index),
            "documents": str(documents),
            "log": str(log) if log else "",
            "estimate": estimate,
            "text_first": text_first,
            "seconds": seconds,
            "stdout": str(stdout),
            "stderr": str(stderr),
        }
        found = self._ask(request)
        assert not found["unknown"], f"an operation that the injector cannot follow: {found}"
        status = found["status"]
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert killed or os.WIFEXITED(status), f"{fault}: died of signal {os.WTERMSIG(status)}"
        text = stdout.read_text()
        return Outcome(
            counted=found["counted"],
            reached=bool(found["reached"]),
            operation=f"{Kind(found['kind']).name} {found['path']}" if found["reached"] else "",
            killed=killed,
            code=-1 if killed else os.WEXITSTATUS(status),
            said=json.loads(text) if text.strip() else {},
            stderr=stderr.read_text(),
        )

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the fault server has died"
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def injecting(library: Path, count: int = 1) -> Iterator[Sequence[Injector]]:
    """Starts injectors, each with a process of its own."""
    with tempfile.TemporaryDirectory(prefix="pageproof-faults-") as folder:
        processes: list[subprocess.Popen[str]] = []
        injectors = []
        try:
            for number in range(count):
                own = Path(folder, str(number))
                own.mkdir()
                processes.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "tests.faults.server", str(library)],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        text=True,
                        cwd=ROOT,
                        env=environment(),
                    )
                )
                injectors.append(Injector(processes[-1], own))
            yield injectors
        finally:
            for process in processes:
                process.communicate()


def environment() -> dict[str, str]:
    """Environment for runs of the command: one thread each, without the user's settings."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
    return own | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
