"""What the commands take as arguments, beyond what argparse knows."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """For ``type=`` of an argument: a whole number from ``least`` to ``most``; what is none is refused in words."""
    allowed = f"{least} or more" if most is None else f"between {least} and {most}"

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ArgumentTypeError(f"{text[:20]!r} is not a whole number") from None
        if number < least or (most is not None and number > most):
            raise ArgumentTypeError(f"{number} is not {allowed}")
        return number

    return read
