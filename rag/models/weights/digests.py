"""SHA-256 digests of files, cached by size and modification time."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from rag.errors import ModelMissing
from rag.runtime.files import sha256_of_file, write_atomically


class RememberedDigests:
    """Digest cache in a JSON file; a digest is valid while size and modification time of its file stay the same."""

    def __init__(self, memory: Path) -> None:
        self._memory = memory

    def digest(self, name: str, file: Path, *, fresh: bool = False) -> str | None:
        """SHA-256 of a file, None where there is none; ``fresh`` ignores the cache."""
        try:
            stat = file.stat()
            known = self._read().get(name, {})
            if not fresh and known == _record(stat, known.get("sha256")):
                return str(known["sha256"])
            found = sha256_of_file(file)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ModelMissing(f"{file} cannot be read: {error.strerror}") from error
        self.remember(name, stat, found)
        return found

    def remember(self, name: str, stat: os.stat_result, sha256: str) -> None:
        """Store a digest that is known already, for the file as ``stat`` describes it."""
        records = self._read() | {name: _record(stat, sha256)}
        with suppress(OSError):  # where nothing can be written, it is hashed again next time
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._memory, json.dumps(records, indent=1))

    def _read(self) -> dict[str, dict[str, object]]:
        try:
            records = json.loads(self._memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return records if isinstance(records, dict) else {}


def _record(stat: os.stat_result, sha256: object) -> dict[str, object]:
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": sha256}
