"""Mutation test of the fault-injection tests: ``python -m tests.faults.mutants [NAME...]``.

Each defect is put into a copy of the source, and the quick selection of the tests is run there. It must fail.
"""

from __future__ import annotations

import sys
from typing import Final

from tests.faults.mutation import Defect, missed

_DURABLE_FILES: Final = "rag/index/durable_files.py"
_FILES: Final = "rag/runtime/files.py"
_WRITER: Final = "rag/index/writer.py"
_SOURCES: Final = "rag/index/sources.py"
_READER: Final = "rag/index/reading.py"
_MAINTENANCE: Final = "rag/index/maintenance.py"
_STORAGE: Final = "rag/index/storage/object_storage.py"
_PUSH: Final = "rag/index/storage/push.py"
_PULL: Final = "rag/index/storage/pull.py"
_STORAGE_TESTS: Final = ("tests/unit/rag/index/storage/test_push_and_pull.py",)
_TESTS: Final = ("bit_rot", "kills", "power_loss", "errors", "full_disk", "writers", "under_load")


def _first(name: str) -> tuple[str, ...]:
    """All test files, with the one that should notice as the first."""
    return tuple(f"tests/faults/test_{each}.py" for each in dict.fromkeys([name, *_TESTS]))


DEFECTS: Final = (
    Defect(
        "files are not synced",
        _first("power_loss"),
        _DURABLE_FILES,
        "    for path in [path for path in paths if path.is_file()]:\n        files.sync(path)\n",
        "",
    ),
    Defect(
        "gen/ is not synced after the rename",
        _first("power_loss"),
        _WRITER,
        "            files.sync(self._layout.generations)\n",
        "",
    ),
    Defect(
        "CURRENT is not synced before it is replaced",
        _first("power_loss"),
        _DURABLE_FILES,
        "    files.sync(draft)\n",
        "",
    ),
    Defect(
        "CURRENT is written in place",
        _first("kills"),
        _DURABLE_FILES,
        "    draft.replace(layout.current)\n",
        "    write_bytes(layout.current, draft.read_bytes())\n",
    ),
    Defect(
        "CURRENT is replaced before the generation is renamed",
        _first("kills"),
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
        _first("bit_rot"),
        _READER,
        "        if name != VECTORS:\n",
        "        if name not in (VECTORS, DOCSTORE):\n",
    ),
    Defect(
        "the manifest is not hashed",
        _first("bit_rot"),
        _READER,
        "    if hashlib.sha256(data).hexdigest() != manifest_digest:\n",
        "    if not manifest_digest:\n",
    ),
    Defect(
        "an error of fsync is ignored",
        _first("errors"),
        _FILES,
        "        os.fsync(descriptor)\n",
        "        with __import__('contextlib').suppress(OSError):\n            os.fsync(descriptor)\n",
    ),
    Defect(
        "CURRENT is not put back after its fsync failed",
        _first("errors"),
        _DURABLE_FILES,
        "                before.replace(layout.current)\n",
        "                pass\n",
    ),
    Defect(
        "the current generation may be cleared away",
        _first("kills"),
        _MAINTENANCE,
        "    kept = [current, *whole[: keep - 1]]\n    gone = [name for name in others if name not in kept]\n",
        "    names = generation_names(layout)\n    kept, gone = names[:keep], names[keep:]\n",
    ),
    Defect(
        "CURRENT's folder is not synced",
        _first("power_loss"),
        _DURABLE_FILES,
        "        files.sync(layout.root)\n",
        "        pass\n",
    ),
    Defect(
        "generations are deleted where they are",
        _first("kills"),
        _DURABLE_FILES,
        "    target = layout.trash / path.name\n    path.rename(target)\n    files.sync(path.parent)\n",
        "    target = path\n",
    ),
    Defect(
        "sources are not synced",
        _first("power_loss"),
        _SOURCES,
        "        files.sync(work)\n",
        "",
    ),
    Defect(
        "nothing is cleared away",
        _first("kills"),
        _WRITER,
        "        shutil.rmtree(folder)\n        folder.mkdir()\n",
        "        pass\n",
    ),
    Defect(
        "the lock locks nobody out",
        _first("writers"),
        _WRITER,
        "        fcntl.flock(descriptor, fcntl.LOCK_EX",
        "        fcntl.flock(descriptor, fcntl.LOCK_SH",
    ),
    Defect(
        "a new folder is not synced into its parent",
        _first("power_loss"),
        _DURABLE_FILES,
        "        files.sync(folder.parent)\n",
        "",
    ),
    Defect(
        "a pulled object is not compared with its digest",
        _STORAGE_TESTS,
        _STORAGE,
        "        if left or found.hexdigest() != digest:\n",
        "        if left:\n",
    ),
    Defect(
        "a pull takes whatever names a manifest has",
        _STORAGE_TESTS,
        _PULL,
        "    return name in _FILES or (len(parts) == 2 and parts[0] == LEXICAL)\n",
        "    return bool(parts)\n",
    ),
    Defect(
        "a pull trusts the sources that are here",
        _STORAGE_TESTS,
        _PULL,
        "        return files.sha256_of_file(path) == digest\n",
        "        return path.exists() and bool(digest)\n",
    ),
    Defect(
        "a push points to what it has not sent yet",
        _STORAGE_TESTS,
        _PUSH,
        "    sent_bytes = _send(storage, missing, report) if missing else 0\n    storage.point_to(pointer)\n",
        "    storage.point_to(pointer)\n    sent_bytes = _send(storage, missing, report) if missing else 0\n",
    ),
    Defect(
        "a push takes half an object for a whole one",
        _STORAGE_TESTS,
        _PUSH,
        "if present.get(digest) != path.stat().st_size}",
        "if digest not in present and path.exists()}",
    ),
)


def main() -> int:
    """Prints a line for each defect; 1 where one was not caught."""
    return 1 if missed([each for each in DEFECTS if not sys.argv[1:] or each.name in sys.argv[1:]]) else 0


if __name__ == "__main__":
    sys.exit(main())
