"""Line input at a terminal prompt with GNU readline: editing, tab completion, and a history file."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rag.text.characters import one_line, readable

# `readline` is imported in the functions that need it: importing it changes how `input` works everywhere.

_log = logging.getLogger(__name__)

_MOST_LINES: Final = 1000


@dataclass
class LineHistory:
    """Readline's history, saved in a file that only its owner can read.

    Several terminals may append to the file at a time. An error of the disk is logged and raises nothing.

    Attributes:
        path: None, also after a line could not be written, saves nothing.
    """

    path: Path | None

    def load(self) -> None:
        """Fills readline's history from the file. From then on it holds only the lines that :meth:`add` is given."""
        import readline

        readline.set_auto_history(False)
        readline.set_history_length(_MOST_LINES)
        if self.path is None:
            return
        try:
            if _is_device(self.path):
                return
            readline.read_history_file(self.path)
        except FileNotFoundError:
            return
        except OSError as error:
            _log.warning("the history of typed lines cannot be read from %s: %s", self.path, error.strerror)
        for position in range(readline.get_current_history_length()):
            line = readline.get_history_item(position + 1)
            # Another program may have written control characters, which the line that is recalled would carry on.
            if line != (clean := one_line(readable(line))):
                readline.replace_history_item(position, clean)

    def add(self, line: str) -> None:
        """Adds a line to the history and to the file, unless it is empty or equal to the last one."""
        import readline

        line, last = one_line(line), readline.get_current_history_length()
        if not line or (last and readline.get_history_item(last) == line):
            return
        try:
            readline.add_history(line)
        except UnicodeEncodeError:  # not in the encoding of the locale
            return
        try:
            self._append_last()
        except OSError as error:
            _log.warning("typed lines are not saved in %s: %s (RAG_HISTORY)", self.path, error.strerror)
            self.path = None

    def _append_last(self) -> None:
        import readline

        if self.path is None or _is_device(self.path):
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.touch(mode=0o600)
        self.path.chmod(0o600)  # it may have been made by another program
        readline.append_history_file(1, self.path)


def _is_device(path: Path) -> bool:
    """True if the path is something other than a regular file, such as /dev/null, in which nothing is saved."""
    return path.exists() and not path.is_file()


def line_editor(history: Path | None, complete: Callable[[str, str], Sequence[str]]) -> Callable[[str], str]:
    """A function that reads a line from the terminal, given the prompt. It raises what ``input`` raises.

    Args:
        history: file of the lines typed; None saves nothing.
        complete: given the line before a word and the word's beginning, the completions of the word.
    """
    typed = None
    with suppress(ImportError):  # a Python without readline has a plain prompt and no history
        _set_completer(complete)
        typed = LineHistory(history)
        typed.load()

    def read(prompt: str) -> str:
        line = readable(input(prompt)).strip()
        if typed:
            typed.add(line)
        return line

    return read


def _set_completer(complete: Callable[[str, str], Sequence[str]]) -> None:
    import readline

    completions: Sequence[str] = ()

    def completion(beginning: str, number: int) -> str | None:
        """Called for one completion after the other, from number 0 on, until there is none."""
        nonlocal completions
        if number == 0:
            completions = complete(readline.get_line_buffer()[: readline.get_begidx()], beginning)
        return completions[number] if number < len(completions) else None

    readline.set_completer_delims(" ")
    readline.set_completer(completion)
    readline.parse_and_bind("tab: complete")
