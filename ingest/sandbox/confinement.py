"""What a process that reads hostile files gives up before it reads the first.

Memory and time are limited by rlimits; sockets, and whatever reaches into other processes or the kernel, by a filter of
system calls (seccomp); files by Landlock, where the kernel has it (5.13 and later): nothing can be written, and only
what reading needs can be read. All of it needs no privileges, holds for the programs that the process starts, and
cannot be taken back. How many processes there are is not limited, because RLIMIT_NPROC counts those of the user
everywhere: that is for the container (``pids_limit``).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_CAPABILITIES: Final = 0x2008_0522  # the version of their interface
_SECCOMP_MODE_FILTER: Final = 2
_SECCOMP_RET_ALLOW: Final = 0x7FFF_0000
_SECCOMP_RET_ERRNO: Final = 0x0005_0000
_LARGEST_FILE: Final = 64 << 20
_OPEN_FILES: Final = 64

# By machine: AUDIT_ARCH_*, the numbers of prlimit64 and kill, and those of the calls that are refused: socket,
# io_uring_setup; ptrace, process_vm_readv, process_vm_writev, pidfd_getfd; setsid, setpgid, with which a process would
# leave the group that the job kills; unshare, setns, mount, bpf, perf_event_open, userfaultfd, add_key, request_key,
# keyctl, which are what attacks on the kernel begin with; and chmod, chown and their kin, which Landlock lets through.
_MACHINES: Final = {
    "x86_64": (
        0xC000_003E,
        (302, 62),
        "41 425 101 310 311 438 112 109 272 308 165 321 298 323 248 249 250 90 91 92 93 94 260 268 452",
    ),
    "aarch64": (
        0xC000_00B7,
        (261, 129),
        "198 425 117 270 271 438 157 154 97 268 40 280 241 282 217 218 219 52 53 54 55 452",
    ),
}
# Numbers from here on are those of another interface to the same calls (x32).
_OTHER_NUMBERS: Final = 0x4000_0000
_NEGATIVE: Final = 0x8000_0000

_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_ADD_RULE: Final = 445
_LANDLOCK_RESTRICT_SELF: Final = 446
_O_PATH: Final = 0x20_0000
# Rights on files: execute, write, read, list; the rest makes, removes, moves, truncates and controls.
_EXECUTE, _WRITE, _READ, _LIST = 1, 2, 4, 8
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15}  # how many there are, by version; 16 from the fifth on
_NETWORK: Final = 3  # bind and connect
_SCOPED: Final = 3  # signals and abstract sockets: not beyond the processes that are confined alike
# Where a system has programs, libraries and their settings. What is not there is left out.
_SYSTEM: Final = "/usr /lib /lib64 /lib32 /bin /sbin /etc /opt /nix /gnu /proc /sys /dev".split()


def confine(memory: int, readable: Iterable[str] | None = None) -> None:
    """Takes from this process, for good, what reading does not need. It must have one thread.

    Args:
        memory: most bytes of address space.
        readable: folders and files that are to be read, besides the programs and libraries of the system and of this
            Python; None lets it read whatever its user may read.
    """
    for kind, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, _LARGEST_FILE),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        lowest = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (lowest, lowest))
    libc = ctypes.CDLL(None, use_errno=True)
    # It must not outlive the job, however that ends.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # A root without capabilities: Landlock does not keep one with them from looking into other processes.
    libc.capset(struct.pack("=Ii", _CAPABILITIES, 0), bytes(24))
    _restrict_files(libc, ["/"] if readable is None else [*_needed(), *readable])
    _refuse_calls(libc)


def limit_cpu(seconds: float) -> None:
    """Lets the kernel kill this process when it has worked so many seconds from now."""
    used = time.process_time()
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used + seconds) + 1, hard))


def _needed() -> Iterable[str]:
    """The folders of the system and of this Python, and those that the environment names."""
    yield from _SYSTEM
    yield from (sys.prefix, sys.base_prefix, os.path.dirname(os.path.realpath(sys.executable)))  # noqa: PTH120
    yield from (path for path in sys.path if path not in ("", "/"))
    for name in ("PATH", "LD_LIBRARY_PATH", "TESSDATA_PREFIX"):
        yield from filter(None, os.getenv(name, "").split(os.pathsep))


def _restrict_files(libc: ctypes.CDLL, readable: Iterable[str]) -> None:
    """Nothing can be written, and only what is under ``readable`` can be read (landlock(7)).

    A kernel without Landlock, or with one that is switched off, is left at that: the other limits hold.
    """
    version = libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return
    every = (1 << _RIGHTS.get(version, 16)) - 1
    fields = [every, *([_NETWORK] if version >= 4 else []), *([_SCOPED] if version >= 6 else [])]
    rules = struct.pack(f"{len(fields)}Q", *fields)
    ruleset = libc.syscall(_LANDLOCK_CREATE_RULESET, rules, len(rules), 0)
    _must(ruleset, "landlock")
    for path in dict.fromkeys(readable):
        _allow(libc, ruleset, path, _EXECUTE | _READ | _LIST)
    _allow(libc, ruleset, os.devnull, _WRITE | _READ)
    _must(libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0), "landlock")
    os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        place = os.open(path, _O_PATH)
        try:
            rights &= ~0 if Path(path).is_dir() else ~_LIST
            # If it is refused, then this place cannot be read.
            libc.syscall(_LANDLOCK_ADD_RULE, ruleset, 1, struct.pack("<Qi", rights, place), 0)
        finally:
            os.close(place)


def _refuse_calls(libc: ctypes.CDLL) -> None:
    """Some system calls fail, for this process and for those that it starts (seccomp(2), filter mode)."""
    if platform.machine() not in _MACHINES:
        return
    architecture, (prlimit, kill), refused = _MACHINES[platform.machine()]
    # Instruction, and to which place to jump if it is so, and if not; "next" is the one after it.
    program: list[tuple[str, int, str, str]] = [
        ("load", 4, "", ""),  # the architecture
        ("equal", architecture, "next", "refuse"),  # in another one numbers mean other calls
        ("load", 0, "", ""),  # the number of the call
        ("at least", _OTHER_NUMBERS, "refuse", "next"),
        *(("equal", int(number), "refuse", "next") for number in refused.split()),
        ("equal", prlimit, "limits", "next"),
        ("equal", kill, "signals", "allow"),
        ("limits", 16, "", ""),  # its first argument: the process; 0 is this one
        ("equal", 0, "allow", "refuse"),
        ("signals", 16, "", ""),
        ("at least", _NEGATIVE, "refuse", "allow"),  # all processes of the user, or a group
        ("allow", _SECCOMP_RET_ALLOW, "", ""),
        ("refuse", _SECCOMP_RET_ERRNO | errno.EACCES, "", ""),
    ]
    places = {name: position for position, (name, *_) in enumerate(program)}
    codes = {"load": 0x20, "limits": 0x20, "signals": 0x20, "equal": 0x15, "at least": 0x35, "allow": 6, "refuse": 6}

    def jump(position: int, target: str) -> int:
        return places[target] - position - 1 if target not in ("", "next") else 0

    code = b"".join(
        struct.pack("HBBI", codes[name], jump(position, so), jump(position, not_so), value)
        for position, (name, value, so, not_so) in enumerate(program)
    )
    buffer = ctypes.create_string_buffer(code)
    filter_ = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    _must(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_char_p(filter_), 0, 0), "seccomp")


def _must(result: int, what: str) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
