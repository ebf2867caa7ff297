"""Processor detection: name, instruction sets, cores, and the limits that control groups (cgroups) set.

A container may be given two cores of a machine that has 64: a thread for each of the 64 would wait for the other 62.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# Where control groups are mounted: version 2; version 2 beside version 1; version 1, under either of its names.
_CGROUP_MOUNTS = (Path("sys/fs/cgroup"), Path("sys/fs/cgroup/unified"))
_CPU_MOUNTS = (Path("sys/fs/cgroup/cpu"), Path("sys/fs/cgroup/cpu,cpuacct"))
_MEMORY_MOUNT = Path("sys/fs/cgroup/memory")


@dataclass(frozen=True, slots=True)
class Processor:
    """A processor, and the share of it that this process may use.

    Attributes:
        name: the model name of its maker.
        flags: its instruction set extensions, as Linux names them (``avx2``, ``asimddp``).
        logical: processors that the operating system lets this process run on.
        physical: cores behind them: where a core runs two threads, half as many.
        quota: processor time that the control group gives, in cores; None where it sets no limit.
    """

    name: str
    flags: frozenset[str]
    logical: int
    physical: int
    quota: float | None

    @property
    def usable(self) -> int:
        """The number of threads that can run at a time, at least 1.

        A part of a core is not counted: a thread that is throttled makes the others wait for it.
        """
        return self.logical if self.quota is None else max(1, min(self.logical, int(self.quota)))


def read_processor(root: Path = Path("/")) -> Processor:
    """Detects the processor of this machine from ``/proc`` and ``/sys`` under ``root``; raises nothing."""
    allowed = sorted(os.sched_getaffinity(0))
    name, flags = _described(_text(root / "proc/cpuinfo"))
    return Processor(name or platform.machine(), flags, len(allowed), _physical(root, allowed), _quota(root))


def usable_memory(root: Path = Path("/")) -> int | None:
    """Memory that this process may use, in bytes: the machine's, or the control group's limit; None if unknown."""
    limits = [int(line.split()[1]) * 1024 for line in _lines(root / "proc/meminfo") if line.startswith("MemTotal:")]
    files = [(folder, "memory.max") for folder in _groups(root, "", _CGROUP_MOUNTS)]
    files += [(folder, "memory.limit_in_bytes") for folder in _groups(root, "memory", (_MEMORY_MOUNT,))]
    limits += [int(text) for folder, file in files if (text := _text(folder / file).strip()).isdecimal()]
    return min(limits, default=None)


def busy_seconds(root: Path = Path("/")) -> float | None:
    """Busy time of all processors of this machine since it started, in seconds, added up; None if unknown."""
    for line in _lines(root / "proc/stat"):
        if line.startswith("cpu "):
            # user, nice, system, idle, iowait, irq, softirq, steal: https://docs.kernel.org/filesystems/proc.html
            ticks = [int(number) for number in line.split()[1:9]]
            return (sum(ticks) - sum(ticks[3:5])) / os.sysconf("SC_CLK_TCK")
    return None


def _described(cpuinfo: str) -> tuple[str, frozenset[str]]:
    """Name and instruction sets of the first processor; ARM calls these ``Features`` and often gives no name."""
    rows = [[part.strip() for part in line.partition(":")[::2]] for line in cpuinfo.splitlines()]
    name = next((value for key, value in rows if key == "model name"), "")
    flags = next((value for key, value in rows if key in ("flags", "Features")), "")
    return name, frozenset(flags.split())


def _physical(root: Path, allowed: list[int]) -> int:
    siblings = {
        _text(root / f"sys/devices/system/cpu/cpu{number}/topology/thread_siblings_list").strip() or str(number)
        for number in allowed
    }
    return len(siblings)


def _quota(root: Path) -> float | None:
    """The lowest limit of the process's own control group and those around it, in cores."""
    quotas = [_text(folder / "cpu.max").split() for folder in _groups(root, "", _CGROUP_MOUNTS)]
    quotas += [
        [_text(folder / f"cpu.cfs_{part}_us").strip() for part in ("quota", "period")]
        for folder in _groups(root, "cpu", _CPU_MOUNTS)
    ]
    # "max" and "-1" say that there is no limit.
    given = [int(row[0]) / int(row[1]) for row in quotas if len(row) == 2 and all(map(str.isdecimal, row))]
    return min(given, default=None)


def _groups(root: Path, controller: str, mounts: tuple[Path, ...]) -> Iterator[Path]:
    """Folders of the process's control group and of those around it, as far as they can be seen from here.

    A line of ``/proc/self/cgroup`` is ``number:controllers:path``, without controllers in version 2
    (https://docs.kernel.org/admin-guide/cgroup-v2.html). In a container the path may be the host's; then only the
    mount itself, which is the container's own group, is there.
    """
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            group = Path(path.lstrip("/"))
            yield from (root / mount / folder for mount in mounts for folder in (group, *group.parents))


def _text(path: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return path.read_text()
    return ""


def _lines(path: Path) -> list[str]:
    return _text(path).splitlines()
