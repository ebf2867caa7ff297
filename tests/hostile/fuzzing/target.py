"""Fuzzing target: reads bytes as the program does, and checks what comes of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from rag.errors import PageproofError


class NotRight(AssertionError):
    """A read that succeeded, with something that no sound file has."""


class Target(ABC):
    """A reader of bytes.

    Attributes:
        name: for the command line.
        folder: of its own, for files.
    """

    name: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def seeds(self) -> Sequence[bytes]:
        """Bytes that are read without an error."""

    @abstractmethod
    def read(self, data: bytes) -> None:
        """Reads ``data`` and uses what was read.

        Raises:
            PageproofError: it cannot be read; anything else is a fault.
        """

    def tried(self, data: bytes) -> str:
        """Reads ``data``; the name of the error that this led to, empty for none.

        Raises:
            NotRight: the error's message is not a line for people.
        """
        try:
            self.read(data)
        except PageproofError as error:
            message = str(error)
            check(message.strip() and "\n" not in message, f"a message that is not one line: {message!r}")
            return type(error).__name__
        return ""


def check(condition: object, message: str) -> None:
    """Raises NotRight where the condition is false."""
    if not condition:
        raise NotRight(message)
