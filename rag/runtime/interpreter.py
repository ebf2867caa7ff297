"""Whether the Python that runs has what the program needs. Imports the standard library only."""

from __future__ import annotations

import sys
from importlib.util import find_spec

# Nothing of ours works without it, and systems seldom bring it along.
_NEEDED = "pydantic_settings"


def wrong_python() -> str | None:
    """What to say where the requirements are not installed; None where they are."""
    if find_spec(_NEEDED):
        return None
    return (
        f"error: {sys.executable} lacks the requirements; use the Python of the virtual environment: "
        ". .venv/bin/activate (make install makes it)"
    )
