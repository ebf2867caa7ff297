"""Sandboxing of the process that reads hostile files, with rlimits, seccomp and Landlock.

Rlimits bound memory and time. A system call filter (seccomp) refuses sockets, and calls that reach into other processes
or attack the kernel. Landlock, where the kernel has it (5.13 and later), lets no file be written, and only those be
read that reading needs. All of it needs no privileges, holds for the programs that the process starts, and cannot be
undone. The number of processes is not limited, because RLIMIT_NPROC counts all those of the user: the container limits
it (``pids_limit``).
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
_CAPABILITIES: Final = 0x2008_0522  # _LINUX_CAPABILITY_VERSION_3
_SECCOMP_MODE_FILTER: Final = 2
_SECCOMP_RET_ALLOW: Final = 0x7FFF_0000
_SECCOMP_RET_ERRNO: Final = 0x0005_0000
_LARGEST_FILE: Final = 64 << 20
_OPEN_FILES: Final = 64

# By machine: AUDIT_ARCH_*, the numbers of prlimit64 and kill, and those of the system calls that are refused: socket,
# io_uring_setup; ptrace, process_vm_readv, process_vm_writev, pidfd_getfd; setsid, setpgid, with which a process would
# leave the process group that the job kills; unshare, setns, mount, bpf, perf_event_open, userfaultfd, add_key,
# request_key, keyctl, with which attacks on the kernel begin; and the chmod and chown families, which Landlock allows.
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
# __X32_SYSCALL_BIT: numbers from here on are those of the x32 interface to the same calls.
_X32: Final = 0x4000_0000
_NEGATIVE: Final = 0x8000_0000

_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_ADD_RULE: Final = 445
_LANDLOCK_RESTRICT_SELF: Final = 446
_O_PATH: Final = 0x20_0000
# Access rights on files: execute, write, read, list; the further bits make, remove, move, truncate and control them.
_EXECUTE, _WRITE, _READ, _LIST = 1, 2, 4, 8
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15}  # number of them, by version of Landlock; 16 from version 5 on
_NETWORK: Final = 3  # bind and connect
_SCOPED: Final = 3  # signals and abstract Unix sockets: only within the sandbox
# Folders of programs, libraries and their configuration. Those that do not exist are left out.
_SYSTEM: Final = "/usr /lib /lib64 /lib32 /bin /sbin /etc /opt /nix /gnu /proc /sys /dev".split()


def confine(memory: int, readable: Iterable[str] | None = None) -> None:
    """Sandboxes this process, for good. It must have one thread.

    Args:
        memory: limit of the address space, in bytes.
        readable: folders and files that it may read, besides the programs and libraries of the system and of this
            Python; None for all that its user may read.

    Raises:
        OSError: the kernel has seccomp or Landlock, and refuses to apply it.
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
    # Without capabilities, also of root: Landlock does not keep a process with them from tracing others.
    libc.capset(struct.pack("=Ii", _CAPABILITIES, 0), bytes(24))
    _restrict_files(libc, ["/"] if readable is None else [*_runtime_paths(), *readable])
    _filter_system_calls(libc)


def limit_cpu(seconds: float) -> None:
    """Limits the processor time of this process: so many seconds from now the kernel kills it."""
    used = time.process_time()
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used + seconds) + 1, hard))


def _runtime_paths() -> Iterable[str]:
    """Folders of the system and of this Python, and those that the environment names."""
    yield from _SYSTEM
    yield from (sys.prefix, sys.base_prefix, os.path.dirname(os.path.realpath(sys.executable)))  # noqa: PTH120
    yield from (path for path in sys.path if path not in ("", "/"))
    for name in ("PATH", "LD_LIBRARY_PATH", "TESSDATA_PREFIX"):
        yield from filter(None, os.getenv(name, "").split(os.pathsep))


def _restrict_files(libc: ctypes.CDLL, readable: Iterable[str]) -> None:
    """Applies Landlock (landlock(7)): no file can be written, and only those under ``readable`` can be read.

    Does nothing where the kernel has no Landlock, or it is switched off: the other limits hold all the same.
    """
    version = libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return
    every = (1 << _RIGHTS.get(version, 16)) - 1
    fields = [every, *([_NETWORK] if version >= 4 else []), *([_SCOPED] if version >= 6 else [])]
    rules = struct.pack(f"{len(fields)}Q", *fields)
    ruleset = libc.syscall(_LANDLOCK_CREATE_RULESET, rules, len(rules), 0)
    _check(ruleset, "landlock")
    for path in dict.fromkeys(readable):
        _allow(libc, ruleset, path, _EXECUTE | _READ | _LIST)
    _allow(libc, ruleset, os.devnull, _WRITE | _READ)
    _check(libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0), "landlock")
    os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        place = os.open(path, _O_PATH)
        try:
            rights &= ~0 if Path(path).is_dir() else ~_LIST
            # If the rule is refused, this path cannot be read.
            libc.syscall(_LANDLOCK_ADD_RULE, ruleset, 1, struct.pack("<Qi", rights, place), 0)
        finally:
            os.close(place)


def _filter_system_calls(libc: ctypes.CDLL) -> None:
    """Applies a seccomp filter (seccomp(2)): those system calls fail here, and in processes that this one starts."""
    if platform.machine() not in _MACHINES:
        return
    architecture, (prlimit, kill), refused = _MACHINES[platform.machine()]
    # A BPF program: instruction, operand, and the labels to jump to if it holds, and if not; "next" just goes on.
    program: list[tuple[str, int, str, str]] = [
        ("load", 4, "", ""),  # the architecture
        ("equal", architecture, "next", "refuse"),  # in another one the numbers are those of other system calls
        ("load", 0, "", ""),  # the number of the system call
        ("at least", _X32, "refuse", "next"),
        *(("equal", int(number), "refuse", "next") for number in refused.split()),
        ("equal", prlimit, "limits", "next"),
        ("equal", kill, "signals", "allow"),
        ("limits", 16, "", ""),  # the first argument of prlimit64, a process; 0 is this one
        ("equal", 0, "allow", "refuse"),
        ("signals", 16, "", ""),
        ("at least", _NEGATIVE, "refuse", "allow"),  # negative: all processes of the user, or a process group
        ("allow", _SECCOMP_RET_ALLOW, "", ""),
        ("refuse", _SECCOMP_RET_ERRNO | errno.EACCES, "", ""),
    ]
    labels = {name: position for position, (name, *_) in enumerate(program)}
    codes = {"load": 0x20, "limits": 0x20, "signals": 0x20, "equal": 0x15, "at least": 0x35, "allow": 6, "refuse": 6}

    def jump(position: int, target: str) -> int:
        return labels[target] - position - 1 if target not in ("", "next") else 0

    code = b"".join(
        struct.pack("HBBI", codes[name], jump(position, if_true), jump(position, if_false), operand)
        for position, (name, operand, if_true, if_false) in enumerate(program)
    )
    buffer = ctypes.create_string_buffer(code)
    filter_ = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    _check(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_char_p(filter_), 0, 0), "seccomp")


def _check(result: int, what: str) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
