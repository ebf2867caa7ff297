"""Interpreter check: are the requirements installed in this Python? Imports the standard library only."""

from __future__ import annotations

import sys
from importlib.util import find_spec

# No command works without it, and few systems have it installed.
_REQUIREMENT = "pydantic_settings"


def wrong_python() -> str | None:
    """The error message where the requirements are not installed; None where they are."""
    if find_spec(_REQUIREMENT):
        return None
    return (
        f"error: {sys.executable} lacks the requirements; use the Python of the virtual environment: "
        ". .venv/bin/activate (make install makes it)"
    )
