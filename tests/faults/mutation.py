"""Mutation test: defects that are put into a copy of the source one by one; each must make the tests fail there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.injection import ROOT, environment

_IGNORED = shutil.ignore_patterns(".*", "__pycache__", "indexes", "knowledge_base", "results", "shared")


@dataclass(frozen=True)
class Defect:
    """A change that breaks a promise.

    Attributes:
        tests: files or node ids, in the order in which they are run; the first that fails ends the run.
        old: occurs once in the file.
    """

    name: str
    tests: Sequence[str]
    file: str
    old: str
    new: str


@contextmanager
def _copied_source() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pageproof-mutant-") as folder:
        copy = Path(folder, "copy")
        shutil.copytree(ROOT, copy, ignore=_IGNORED)
        yield copy


def caught(defect: Defect) -> str | None:
    """The test that failed, with the reason; None where none did."""
    with _copied_source() as copy:
        source = copy / defect.file
        text = source.read_text()
        assert text.count(defect.old) == 1, f"{defect.name}: found {text.count(defect.old)} times in {defect.file}"
        source.write_text(text.replace(defect.old, defect.new))
        run = _tested(copy, defect.tests)
    if run.returncode == 0:
        return None
    assert run.returncode == 1, run.stdout + run.stderr
    found = re.search(r"^(?:FAILED|ERROR) tests/.*", run.stdout, re.MULTILINE)
    reason = re.findall(r"^E +(\S.*Error.*)", run.stdout, re.MULTILINE)
    return f"{found.group() if found else 'failed'} {reason[-1] if reason else ''}"


def passes(tests: Sequence[str]) -> bool:
    """True if the tests pass without a defect, so that a failure with one means something."""
    with _copied_source() as copy:
        return _tested(copy, tests).returncode == 0


def _tested(copy: Path, tests: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests],
        capture_output=True,
        text=True,
        cwd=copy,
        env={name: value for name, value in environment().items() if name != "PAGEPROOF_FAULTS"},
        check=False,
    )


def missed(defects: Sequence[Defect]) -> int:
    """Prints a line for each defect, and how many were caught; returns how many were not."""
    count = 0
    for defect in defects:
        start = time.perf_counter()
        by = caught(defect)
        count += by is None
        seconds = time.perf_counter() - start
        sys.stdout.write(
            f"{'caught    ' if by else 'NOT CAUGHT'} {defect.name} ({seconds:.0f} s)  {(by or '')[:240]}\n"
        )
        sys.stdout.flush()
    sys.stdout.write(f"{len(defects) - count} of {len(defects)} caught\n")
    return count
