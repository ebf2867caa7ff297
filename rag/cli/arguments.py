"""Arguments that several commands have: whole numbers in a range, and the collection."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """A ``type=`` for argparse: a whole number from ``least`` to ``most``; its error message gives the range."""
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


def add_collection(command: ArgumentParser) -> None:
    """Adds ``--collection``; the settings that a command gets are then those of the collection."""
    command.add_argument(
        "--collection", metavar="NAME", help="the collection, one of indexes/collections (default: the index itself)"
    )
