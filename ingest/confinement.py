"""What a process that reads hostile files gives up before it reads the first: memory, files, and the network."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import time
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2
_SECCOMP_RET_ALLOW: Final = 0x7FFF_0000
_SECCOMP_RET_ERRNO: Final = 0x0005_0000
# Numbers of the kernel's interface, by machine: AUDIT_ARCH_*, socket(2), io_uring_setup(2).
_MACHINES: Final = {"x86_64": (0xC000_003E, 41, 425), "aarch64": (0xC000_00B7, 198, 425)}
# Numbers from here on are those of x86_64's other interface, which calls itself x86_64 too.
_X32: Final = 0x4000_0000
_LARGEST_FILE: Final = 64 << 20
_OPEN_FILES: Final = 64


def confine(memory: int) -> None:
    """Takes from this process, for good, what reading does not need.

    Args:
        memory: most bytes of address space.
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
    _forbid_sockets(libc)


def limit_cpu(seconds: float) -> None:
    """Lets the kernel kill this process when it has worked so many seconds from now."""
    used = time.process_time()
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used + seconds) + 1, hard))


def _forbid_sockets(libc: ctypes.CDLL) -> None:
    """No socket can be made, by this process or by one that it starts (seccomp(2), filter mode)."""
    if platform.machine() not in _MACHINES:
        return
    architecture, socket, io_uring = _MACHINES[platform.machine()]
    refuse = _SECCOMP_RET_ERRNO | errno.EACCES
    instructions = [
        (0x20, 0, 0, 4),  # load the architecture
        (0x15, 0, 5, architecture),  # another one: refuse, for its numbers mean other calls
        (0x20, 0, 0, 0),  # load the number of the call
        (0x35, 3, 0, _X32),  # so do these
        (0x15, 2, 0, socket),
        (0x15, 1, 0, io_uring),
        (0x06, 0, 0, _SECCOMP_RET_ALLOW),
        (0x06, 0, 0, refuse),
    ]
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(instructions), ctypes.addressof(buffer))
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_char_p(program), 0, 0):
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")
