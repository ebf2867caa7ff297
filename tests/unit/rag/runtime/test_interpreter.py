"""Checks before anything is loaded: requirements, and limits of the process; a fault is one line."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from rag.runtime.interpreter import starved, wrong_python

ROOT = Path(__file__).parents[4]


def test_this_one_has_them() -> None:
    assert wrong_python() is None


@pytest.mark.parametrize("module", ["rag", "ingest"])
def test_another_one(module: str) -> None:
    command = [sys.executable, "-S", "-m", module, "--help"]  # -S: without installed packages
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: {sys.executable} lacks the requirements; use the Python of the virtual environment: "
        ". .venv/bin/activate (make install makes it)\n"
    )


def test_this_process_may_use_enough() -> None:
    assert starved() is None


@pytest.mark.parametrize(
    ("kind", "limit", "fault"),
    [
        pytest.param(resource.RLIMIT_NOFILE, 63, "may open 63 files, and needs 64: raise `ulimit -n`", id="files"),
        pytest.param(resource.RLIMIT_NOFILE, 64, None, id="enough files"),
        pytest.param(resource.RLIMIT_AS, 800 << 20, "may use 800 MiB of address space, and needs 1200", id="memory"),
        pytest.param(resource.RLIMIT_AS, 1200 << 20, None, id="enough memory"),
        pytest.param(resource.RLIMIT_AS, resource.RLIM_INFINITY, None, id="no limit"),
    ],
)
def test_limits(monkeypatch: pytest.MonkeyPatch, kind: int, limit: int, fault: str | None) -> None:
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    monkeypatch.setattr(resource, "getrlimit", lambda asked: (limit, limit) if asked == kind else unlimited)
    assert (fault or "") in (starved() or "")
    assert (starved() is None) is (fault is None)
