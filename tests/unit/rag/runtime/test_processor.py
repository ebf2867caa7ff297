"""Processor detection from the files in which Linux describes the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.runtime.processor import busy_seconds, read_processor, usable_memory

X86 = "processor\t: 0\nmodel name\t: Some CPU @ 3.0GHz\nflags\t\t: fpu avx avx2\n\nprocessor\t: 1\nflags\t: other\n"
ARM = "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd asimddp\n"


def machine(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture(autouse=True)
def _eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


V2 = {"proc/self/cgroup": "0::/user/app\n"}
V1 = {"proc/self/cgroup": "12:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/\n"}


@pytest.mark.parametrize(
    ("files", "quota", "usable"),
    [
        pytest.param({}, None, 8, id="nothing is known"),
        pytest.param({**V2, "sys/fs/cgroup/cpu.max": "max 100000\n"}, None, 8, id="no limit"),
        pytest.param({**V2, "sys/fs/cgroup/user/app/cpu.max": "200000 100000\n"}, 2.0, 2, id="its own group"),
        pytest.param({**V2, "sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2.0, 2, id="a container's, under its mount"),
        pytest.param(
            {
                **V2,
                "sys/fs/cgroup/user/app/cpu.max": "600000 100000\n",
                "sys/fs/cgroup/user/cpu.max": "350000 100000\n",
            },
            3.5,
            3,
            id="the least of all groups around it; no part of a core",
        ),
        pytest.param({**V2, "sys/fs/cgroup/cpu.max": "50000 100000\n"}, 0.5, 1, id="half a core"),
        pytest.param({**V2, "sys/fs/cgroup/cpu.max": "6400000 100000\n"}, 64.0, 8, id="more than there are"),
        pytest.param({**V2, "sys/fs/cgroup/cpu.max": "nonsense\n"}, None, 8, id="nonsense"),
        pytest.param(
            {
                **V1,
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            3.0,
            3,
            id="version 1",
        ),
        pytest.param(
            {**V1, "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"},
            None,
            8,
            id="version 1, no limit",
        ),
    ],
)
def test_quota_of_the_control_group(tmp_path: Path, files: dict[str, str], quota: float | None, usable: int) -> None:
    processor = read_processor(machine(tmp_path, files))
    assert (processor.quota, processor.usable) == (quota, usable)


@pytest.mark.parametrize(
    ("cpuinfo", "name", "flags"),
    [
        pytest.param(X86, "Some CPU @ 3.0GHz", {"fpu", "avx", "avx2"}, id="x86"),
        pytest.param(ARM, os.uname().machine, {"fp", "asimd", "asimddp"}, id="ARM, which has no name"),
        pytest.param("", os.uname().machine, set(), id="unreadable"),
    ],
)
def test_name_and_flags(tmp_path: Path, cpuinfo: str, name: str, flags: set[str]) -> None:
    processor = read_processor(machine(tmp_path, {"proc/cpuinfo": cpuinfo}))
    assert (processor.name, set(processor.flags)) == (name, flags)


def test_two_threads_of_a_core(tmp_path: Path) -> None:
    files = {
        f"sys/devices/system/cpu/cpu{number}/topology/thread_siblings_list": f"{number % 4},{number % 4 + 4}\n"
        for number in range(8)
    }
    processor = read_processor(machine(tmp_path, files))
    assert (processor.logical, processor.physical) == (8, 4)
    assert read_processor(tmp_path / "nowhere").physical == 8


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({}, None, id="unknown"),
        pytest.param({"proc/meminfo": "MemTotal:  1000 kB\nMemFree: 10 kB\n"}, 1_024_000, id="the machine's"),
        pytest.param(
            {**V2, "proc/meminfo": "MemTotal: 1000 kB\n", "sys/fs/cgroup/memory.max": "max\n"},
            1_024_000,
            id="no limit",
        ),
        pytest.param(
            {**V2, "proc/meminfo": "MemTotal: 1000 kB\n", "sys/fs/cgroup/user/memory.max": "512000\n"},
            512_000,
            id="a limit",
        ),
        pytest.param(
            {
                **V1,
                "proc/meminfo": "MemTotal: 1000 kB\n",
                "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "256000\n",
            },
            256_000,
            id="version 1",
        ),
    ],
)
def test_memory(tmp_path: Path, files: dict[str, str], expected: int | None) -> None:
    assert usable_memory(machine(tmp_path, files)) == expected


def test_busy_seconds(tmp_path: Path) -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    row = " ".join(str(n * ticks) for n in (1, 2, 4, 1000, 1000, 8, 16, 32, 5))
    assert busy_seconds(machine(tmp_path, {"proc/stat": f"cpu  {row}\ncpu0 1\n"})) == 63.0
    assert busy_seconds(tmp_path / "nowhere") is None


def test_this_machine() -> None:
    processor = read_processor()
    assert processor.name
    assert 1 <= processor.usable <= processor.logical == 8
    assert (usable_memory() or 0) > 10**8
    assert (busy_seconds() or 0) > 0
