"""Process tree: a process with all that descend from it, paused and resumed by job control signals."""

from __future__ import annotations

import os
import signal
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def descendants(pid: int, proc: Path = _PROC) -> list[int]:
    """Ids of the processes that descend from a process, parents first; empty where ``/proc`` does not tell."""
    children = defaultdict(list)
    for folder in proc.iterdir() if proc.is_dir() else ():
        if folder.name.isdecimal() and (parent := _parent(folder)):
            children[parent].append(int(folder.name))
    found = [pid]
    for each in found:  # it grows meanwhile
        found += children[each]
    return found[1:]


class ProcessTree:
    """A process that was started here, and its descendants, whatever their sessions and process groups are."""

    def __init__(self, pid: int) -> None:
        """Does nothing yet.

        Args:
            pid: of the process; whoever started it must not have waited for its end while this is used.
        """
        self._pid = pid
        self._paused: list[int] = []

    def pause(self) -> None:
        """Stops the process, and then its descendants, which become no more then."""
        _signal(self._pid, signal.SIGSTOP)
        self._paused = [self._pid, *descendants(self._pid)]
        for pid in self._paused[1:]:
            _signal(pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Lets them go on, children first: to their parents none seems to hang."""
        for pid in reversed(self._paused):
            _signal(pid, signal.SIGCONT)
        self._paused = []


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _parent(folder: Path) -> int | None:
    """Parent of a process: the second field after its name, which is in parentheses and may hold any character."""
    try:
        return int((folder / "stat").read_bytes().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):  # it has ended
        return None
