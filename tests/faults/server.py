"""Fork server for runs of the ingest command: ``python -m tests.faults.server LIBRARY``.

What is slow to import is imported once. It reads one JSON request from each line of stdin and answers with one line.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import bm25s  # noqa: F401 - imported before the fork
import faiss  # noqa: F401 - imported before the fork

import ingest.__main__ as command
from ingest.discovery import discover
from ingest.reporting.report import Report
from rag.index.writer import IndexWriter
from rag.settings import Settings
from rag.testing import BagOfWordsEncoder
from tests.fakes import ingest_job

DIMENSION = 64
# Whether text is published before its vectors, as an order says.
_text_first = False


@dataclass(frozen=True)
class Order:
    """Order for one run: the fault to inject; the numbers are those of ``injector.c``.

    Attributes:
        root: only what changes files under it is counted.
        kinds: bits of the kinds of operations that are counted.
        at: the number of the operation to which it happens, from 1; 0 for none.
        lasting: whether it happens to all that follow, too.
    """

    root: str
    kinds: int
    action: int = 0
    at: int = 0
    error: int = 0
    lasting: bool = False


class _Order(ctypes.Structure):
    _fields_ = (
        ("root", ctypes.c_char_p),
        ("kinds", ctypes.c_uint32),
        ("action", ctypes.c_int32),
        ("at", ctypes.c_int64),
        ("error", ctypes.c_int32),
        ("lasting", ctypes.c_int32),
        ("log", ctypes.c_int32),
    )


class _Outcome(ctypes.Structure):
    _fields_ = (
        ("counted", ctypes.c_int64),
        ("reached", ctypes.c_int32),
        ("kind", ctypes.c_int32),
        ("status", ctypes.c_int32),
        ("unknown", ctypes.c_int32),
        ("path", ctypes.c_char * 512),
    )


def _run(options: argparse.Namespace, settings: Settings, index: Path) -> Report:
    """Replacement of the command's own: without weights, and without reader processes."""
    slow_seconds = 0.0 if _text_first else 1000.0
    return ingest_job(index, BagOfWordsEncoder(DIMENSION), slow_seconds=slow_seconds).run(discover(options.path))


def _nothing_is_required(self: IndexWriter, size: int) -> None:
    """Replacement of the check of free space."""


def main() -> None:
    library = ctypes.CDLL(sys.argv[1])
    command._run = _run
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(_served(library, request)), flush=True)  # noqa: T201 - the protocol


def _served(library: ctypes.CDLL, request: dict[str, Any]) -> dict[str, Any]:
    child = os.fork()
    if child == 0:
        _ingest(library, request)
    if request["seconds"] is not None:
        return {"counted": 0, "reached": 0, "kind": 0, "status": _killed(child, request["seconds"]), "unknown": 0}
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) if request["log"] else -1
    order = Order(**request["order"])
    outcome = _Outcome()
    fields = {**asdict(order), "root": order.root.encode(), "log": log}
    failed = library.faults_trace(child, ctypes.byref(_Order(**fields)), ctypes.byref(outcome))
    if log >= 0:
        os.close(log)
    if failed:
        raise OSError(failed, f"ptrace: {os.strerror(failed)}")
    return {name: getattr(outcome, name) for name in ("counted", "reached", "kind", "status", "unknown")} | {
        "path": outcome.path.decode()
    }


def _killed(child: int, seconds: float) -> int:
    """Exit status of a process, which is killed after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(min(0.001, max(0.0, end - time.monotonic())))
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _ingest(library: ctypes.CDLL, request: dict[str, Any]) -> None:
    """The child: the command, under its tracer where there is one; its output goes to files."""
    code = 70
    try:
        for descriptor, name in ((1, "stdout"), (2, "stderr")):
            target = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(target, descriptor)
        sys.stdin.close()
        if request["seconds"] is None and (failed := library.faults_traced()):
            raise OSError(failed, os.strerror(failed))
        global _text_first
        _text_first = request["text_first"]
        if not request["estimate"]:
            IndexWriter.require = _nothing_is_required  # type: ignore[method-assign]
        code = command.main(["--json", "--index", request["index"], request["documents"]])
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - what the interpreter would do
        sys.excepthook(*sys.exc_info())
        code = 1 if code == 70 else code
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
