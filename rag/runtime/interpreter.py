"""Checks of the interpreter before other modules are loaded: requirements, limits and Ctrl-C. Standard library only."""

from __future__ import annotations

import os
import resource
import signal
import sys
from importlib.util import find_spec
from types import FrameType

# No command works without it, and few systems have it installed.
_REQUIREMENT = "pydantic_settings"
# With less, native libraries crash while they are loaded, without a word.
_LEAST_MEGABYTES = 1200
_LEAST_FILES = 64
_INTERRUPTED = 130


def exit_on_interrupt() -> None:
    """Makes Ctrl-C end the process with one line: raised in the middle of an import, it would be a traceback.

    Where it is ignored it stays so. :func:`raise_on_interrupt` ends this.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _exit)


def raise_on_interrupt() -> None:
    """Makes Ctrl-C raise KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _exit:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _exit(_signal: int, _frame: FrameType | None) -> None:
    os.write(2, b"error: stopped\n")
    os._exit(_INTERRUPTED)  # nothing has been opened yet, and an import may swallow an exception


def wrong_python() -> str | None:
    """The error message where the requirements are not installed; None where they are."""
    if find_spec(_REQUIREMENT):
        return None
    return (
        f"error: {sys.executable} lacks the requirements; use the Python of the virtual environment: "
        ". .venv/bin/activate (make install makes it)"
    )


def starved() -> str | None:
    """The error message where this process may use too little for any command; None where it is enough."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY and files < _LEAST_FILES:
        return f"error: this process may open {files} files, and needs {_LEAST_FILES}: raise `ulimit -n`"
    space, _ = resource.getrlimit(resource.RLIMIT_AS)
    if space != resource.RLIM_INFINITY and space < _LEAST_MEGABYTES << 20:
        return (
            f"error: this process may use {space >> 20} MiB of address space, and needs {_LEAST_MEGABYTES} beside the "
            "weights: raise `ulimit -v`"
        )
    return None
