"""Watched key file: the keys of a file that may change while the service runs, so that rotation needs no restart."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection
from pathlib import Path
from time import monotonic, time_ns
from typing import Final

from rag.errors import KeyFileFault
from rag.service.access.access_key import AccessKey
from rag.service.access.key_file import FileVersion, read_keys

_log = logging.getLogger(__name__)

# A file that changed this shortly before it was read may change again without a new time stamp.
_SETTLED_NS: Final = 100_000_000
_REMIND_SECONDS: Final = 60.0


class WatchedKeys:
    """Keys of a file, read again when it has changed. For use in one thread.

    The status of the file is looked at each time, which takes microseconds: a key is refused from the moment on at
    which it is revoked. A file that cannot be used does not replace the keys that are in force: a slip of an editor
    must neither lock everyone out nor let anyone in. It is logged, and counted in ``fault``.
    """

    def __init__(self, path: Path, elsewhere: Collection[str] = (), *, clock: Callable[[], float] = monotonic) -> None:
        """Reads the file.

        Args:
            path: the file.
            elsewhere: see :func:`read_keys`.
            clock: monotonic clock in seconds, for repeated messages.

        Raises:
            KeyFileFault: the file cannot be used, or has no keys.
        """
        self._path = path
        self._elsewhere = frozenset(elsewhere)
        self._clock = clock
        self._told = (-_REMIND_SECONDS, "")
        self.fault: str | None = None
        self._keys, version = read_keys(path, self._elsewhere)
        self._seen = _settled(version)
        if not self._keys:
            raise KeyFileFault(
                f"{path} has no keys, so nobody would be answered; `python -m rag keys new ID` makes one"
            )

    def current(self) -> tuple[AccessKey, ...]:
        """The keys in force: those of the file as it is now, or of the last version of it that could be used."""
        try:
            version: FileVersion | None = FileVersion.of(os.stat(self._path))  # noqa: PTH116 - half the time of Path
        except OSError:
            version = None
        if version is None or version != self._seen:
            self._read_again(version)
        elif self.fault:
            self._tell(self.fault)
        return self._keys

    def _read_again(self, version: FileVersion | None) -> None:
        before = self._keys
        try:
            self._keys, version = read_keys(self._path, self._elsewhere)
        except KeyFileFault as fault:
            self.fault = str(fault)
            self._seen = _settled(version)
            self._tell(self.fault)
            return
        recovered, self.fault = self.fault, None
        self._seen = _settled(version)
        if recovered or self._keys != before:
            self._told = (-_REMIND_SECONDS, "")
            _log.info("%s is in force: %s", self._path, _changes(before, self._keys))

    def _tell(self, fault: str) -> None:
        """Logs a fault when it is new, and each minute while it lasts."""
        now = self._clock()
        if fault != self._told[1] or now - self._told[0] >= _REMIND_SECONDS:
            self._told = (now, fault)
            _log.error("the keys stay as they were before, revoked ones included: %s", fault)


def _settled(version: FileVersion | None) -> FileVersion | None:
    """The version, if a later change would certainly show; else None, and the file is read again."""
    if version is None or abs(time_ns() - version.changed_ns) < _SETTLED_NS:
        return None
    return version


def _changes(before: Collection[AccessKey], after: Collection[AccessKey]) -> str:
    old, new = {key.id: key for key in before}, {key.id: key for key in after}
    changes = {
        "new": new.keys() - old.keys(),
        "revoked": old.keys() - new.keys(),
        "changed": {name for name in old.keys() & new.keys() if old[name] != new[name]},
    }
    told = [f"{word} {', '.join(sorted(names))}" for word, names in changes.items() if names]
    return "; ".join([f"{len(new)} key{'s' * (len(new) != 1)}", *told])
