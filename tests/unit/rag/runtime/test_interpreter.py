"""Interpreter check: every command of a Python without the requirements ends with one line that says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rag.runtime.interpreter import wrong_python

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
