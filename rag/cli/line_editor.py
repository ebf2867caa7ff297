"""Lines that somebody types at a prompt: edited with readline, remembered from one run to the next."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rag.text.characters import one_line, readable

_log = logging.getLogger(__name__)

_MOST_LINES: Final = 1000
_MOST_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class LineHistory:
    """The last lines that were typed, in a file for its owner's eyes only.

    Several terminals may use it at a time. What the disk refuses is told in the log, and is no error.
    """

    path: Path

    def lines(self) -> list[str]:
        """Oldest first, at most 1,000 of them, 1 MB together."""
        try:
            return self._read()
        except FileNotFoundError:
            return []
        except OSError as error:
            _log.warning("what was typed before cannot be read from %s: %s", self.path, error.strerror)
            return []

    def keep(self, line: str) -> bool:
        """Keeps one line more, unless it is the last one again; whether that was possible."""
        line = one_line(line)
        try:
            lines = self._read() if self.path.exists() else []
            if line and lines[-1:] != [line]:
                self._write([*lines, line][-_MOST_LINES:])
        except OSError as error:
            _log.warning("what is typed is not kept in %s: %s (RAG_HISTORY)", self.path, error.strerror)
            return False
        return True

    def _read(self) -> list[str]:
        if self.path.exists() and not self.path.is_file():
            return []  # /dev/null: nothing is kept
        data = self.path.read_bytes()[-_MOST_BYTES:]
        return [line for text in data.decode("utf-8", "replace").split("\n") if (line := one_line(text))][-_MOST_LINES:]

    def _write(self, lines: Sequence[str]) -> None:
        """The whole file or nothing, so that no line of another terminal is torn."""
        if self.path.exists() and not self.path.is_file():
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            # Exclusive: it must not follow a link that somebody else has put there.
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write("".join(f"{line}\n" for line in lines).encode()[-_MOST_BYTES:])
            draft.replace(self.path)
        finally:
            draft.unlink(missing_ok=True)


def line_editor(history: Path | None, complete: Callable[[str, str], Sequence[str]]) -> Callable[[str], str]:
    """What reads a line from the terminal, given the prompt, as ``input`` does; it raises as that does.

    Args:
        history: file of what was typed; None keeps nothing.
        complete: given what stands before a word and the word's beginning, the words that it may become.
    """
    kept = LineHistory(history) if history else None
    before = kept.lines() if kept else []
    with suppress(ImportError):  # a Python without it has a plain prompt
        # Imported here: it changes how `input` works everywhere.
        import readline

        words: Sequence[str] = ()

        def word(beginning: str, number: int) -> str | None:
            """Asked for one match after the other, from number 0 on, until there is none."""
            nonlocal words
            if number == 0:
                words = complete(readline.get_line_buffer()[: readline.get_begidx()], beginning)
            return words[number] if number < len(words) else None

        readline.set_completer_delims(" ")
        readline.set_completer(word)
        readline.parse_and_bind("tab: complete")
        for line in before:
            readline.add_history(line)

    def read(prompt: str) -> str:
        nonlocal kept
        line = readable(input(prompt)).strip()
        if kept and line and not kept.keep(line):
            kept = None
        return line

    return read
