"""Process trees: a process and all that descend from it are paused and go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from rag.runtime.process_tree import ProcessTree, descendants

# A child in a session of its own, as the sandboxed readers are.
PROGRAM = "import subprocess, sys; subprocess.Popen(['sleep', '60'], start_new_session=True).wait()"


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", PROGRAM]) as process:
        until(lambda: len(descendants(process.pid)) == 1)
        children = descendants(process.pid)
        yield process
        for pid in [*children, process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_all_are_paused_and_go_on(parent: subprocess.Popen[bytes]) -> None:
    (child,) = descendants(parent.pid)
    tree = ProcessTree(parent.pid)
    for _ in range(2):
        tree.pause()
        until(lambda: [state(pid) for pid in (parent.pid, child)] == ["T", "T"])
        tree.resume()
        until(lambda: [state(pid) for pid in (parent.pid, child)] == ["S", "S"])


def test_one_that_has_ended(parent: subprocess.Popen[bytes]) -> None:
    (child,) = descendants(parent.pid)
    tree = ProcessTree(parent.pid)
    tree.pause()
    os.kill(child, signal.SIGKILL)
    tree.resume()
    until(lambda: parent.poll() is not None)
    tree.pause()
    tree.resume()


def test_descendants_without_proc(tmp_path: Path) -> None:
    assert descendants(1, tmp_path / "missing") == []


def test_names_may_hold_any_character(tmp_path: Path) -> None:
    for pid, name, parent in [(10, "a b", 1), (11, ") S 99 (", 10), (12, "x", 11), (13, "y", 1)]:
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_text(f"{pid} ({name}) S {parent} 1 1 0")
    (tmp_path / "14").mkdir()
    (tmp_path / "uptime").write_text("1")
    assert descendants(10, tmp_path) == [11, 12]
