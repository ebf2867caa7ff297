"""Mutation test of the fault-injection tests: ``python -m tests.faults.mutants [NAME...]``.

Each defect is put into a copy of the source, and the quick selection of the tests is run there. It must fail.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.injection import ROOT, environment

_DURABLE_FILES: Final = "rag/index/durable_files.py"
_FILES: Final = "rag/runtime/files.py"
_WRITER: Final = "rag/index/writer.py"
_READER: Final = "rag/index/reading.py"
_MAINTENANCE: Final = "rag/index/maintenance.py"
_TESTS: Final = ("bit_rot", "kills", "power_loss", "errors", "full_disk", "writers", "under_load")


@dataclass(frozen=True)
class Defect:
    """A change that makes publishing unsafe.

    Attributes:
        old: occurs once in the file.
        first: the tests that should notice are run first; then all others.
    """

    name: str
    first: str
    file: str
    old: str
    new: str


DEFECTS: Final = (
    Defect(
        "files are not synced",
        "power_loss",
        _DURABLE_FILES,
        "    for path in [path for path in paths if path.is_file()]:\n        files.sync(path)\n",
        "",
    ),
    Defect(
        "gen/ is not synced after the rename",
        "power_loss",
        _WRITER,
        "            files.sync(self._layout.generations)\n",
        "",
    ),
    Defect("CURRENT is not synced before it is replaced", "power_loss", _DURABLE_FILES, "    files.sync(draft)\n", ""),
    Defect(
        "CURRENT is written in place",
        "kills",
        _DURABLE_FILES,
        "    draft.replace(layout.current)\n",
        "    write_bytes(layout.current, draft.read_bytes())\n",
    ),
    Defect(
        "CURRENT is replaced before the generation is renamed",
        "kills",
        _WRITER,
        "        folder.rename(published)\n"
        "        try:\n"
        "            files.sync(self._layout.generations)\n"
        "            durable_files.point_to(self._layout, folder.name, digest)\n",
        "        try:\n"
        "            durable_files.point_to(self._layout, folder.name, digest)\n"
        "            folder.rename(published)\n"
        "            files.sync(self._layout.generations)\n",
    ),
    Defect(
        "docstore.sqlite is not hashed when opened",
        "bit_rot",
        _READER,
        "        if name != VECTORS:\n",
        "        if name not in (VECTORS, DOCSTORE):\n",
    ),
    Defect(
        "the manifest is not hashed",
        "bit_rot",
        _READER,
        "    if hashlib.sha256(data).hexdigest() != manifest_digest:\n",
        "    if not manifest_digest:\n",
    ),
    Defect(
        "an error of fsync is ignored",
        "errors",
        _FILES,
        "        os.fsync(descriptor)\n",
        "        with __import__('contextlib').suppress(OSError):\n            os.fsync(descriptor)\n",
    ),
    Defect(
        "CURRENT is not put back after its fsync failed",
        "errors",
        _DURABLE_FILES,
        "                before.replace(layout.current)\n",
        "                pass\n",
    ),
    Defect(
        "the current generation may be cleared away",
        "kills",
        _MAINTENANCE,
        "    kept, gone = [current, *others[: keep - 1]], others[keep - 1 :]\n",
        "    names = generation_names(layout)\n    kept, gone = names[:keep], names[keep:]\n",
    ),
    Defect(
        "CURRENT's folder is not synced",
        "power_loss",
        _DURABLE_FILES,
        "        files.sync(layout.root)\n",
        "        pass\n",
    ),
    Defect(
        "generations are deleted where they are",
        "kills",
        _DURABLE_FILES,
        "    target = layout.trash / path.name\n    path.rename(target)\n    files.sync(path.parent)\n",
        "    target = path\n",
    ),
    Defect(
        "sources are not synced",
        "power_loss",
        _WRITER,
        "            files.sync(work)\n            work.replace(target)\n",
        "            work.replace(target)\n",
    ),
    Defect(
        "nothing is cleared away",
        "kills",
        _WRITER,
        "        shutil.rmtree(folder)\n        folder.mkdir()\n",
        "        pass\n",
    ),
    Defect(
        "the lock locks nobody out",
        "writers",
        _WRITER,
        "        fcntl.flock(descriptor, fcntl.LOCK_EX",
        "        fcntl.flock(descriptor, fcntl.LOCK_SH",
    ),
    Defect(
        "a new folder is not synced into its parent",
        "power_loss",
        _DURABLE_FILES,
        "        files.sync(folder.parent)\n",
        "",
    ),
)


def caught(defect: Defect) -> str | None:
    """The test that failed, with the reason; None where none did."""
    with tempfile.TemporaryDirectory(prefix="pageproof-mutant-") as folder:
        copy = Path(folder, "copy")
        ignored = shutil.ignore_patterns(".*", "__pycache__", "indexes", "knowledge_base", "results", "shared")
        shutil.copytree(ROOT, copy, ignore=ignored)
        source = copy / defect.file
        text = source.read_text()
        assert text.count(defect.old) == 1, f"{defect.name}: found {text.count(defect.old)} times in {defect.file}"
        source.write_text(text.replace(defect.old, defect.new))
        tests = [f"tests/faults/test_{name}.py" for name in dict.fromkeys([defect.first, *_TESTS])]
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests],
            capture_output=True,
            text=True,
            cwd=copy,
            env={name: value for name, value in environment().items() if name != "PAGEPROOF_FAULTS"},
            check=False,
        )
        if run.returncode == 0:
            return None
        assert run.returncode == 1, run.stdout + run.stderr
        found = re.search(r"^(?:FAILED|ERROR) tests/.*", run.stdout, re.MULTILINE)
        reason = re.findall(r"^E +(\S.*Error.*)", run.stdout, re.MULTILINE)
        return f"{found.group() if found else 'failed'} {reason[-1] if reason else ''}"


def main() -> int:
    """Prints a line for each defect; 1 where one was not caught."""
    chosen = [defect for defect in DEFECTS if not sys.argv[1:] or defect.name in sys.argv[1:]]
    missed = 0
    for defect in chosen:
        start = time.perf_counter()
        by = caught(defect)
        missed += by is None
        seconds = time.perf_counter() - start
        sys.stdout.write(
            f"{'caught    ' if by else 'NOT CAUGHT'} {defect.name} ({seconds:.0f} s)  {(by or '')[:240]}\n"
        )
        sys.stdout.flush()
    sys.stdout.write(f"{len(chosen) - missed} of {len(chosen)} caught\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
