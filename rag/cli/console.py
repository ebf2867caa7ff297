"""Terminal output of the commands: logging and progress bars on stderr, error lines."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

from rich.console import Console
from rich.text import Text

from rag.models.weights.store import FetchProgress
from rag.service.logs import LogFormat, formatter_of
from rag.text.characters import printable

if TYPE_CHECKING:
    from rich.progress import TaskID

_OURS: Final = ("rag", "ingest")
_ERRORS_ONLY: Final = ("pypdf", "bm25s", "transformers", "sentence_transformers")

ProgressCallback = Callable[[str, int, int], None]


class _Stderr(logging.StreamHandler[TextIO]):
    """Log handler for the current ``sys.stderr``, which a progress bar replaces so that lines appear above the bar."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _is_logged(record: logging.LogRecord) -> bool:
    """Log filter by package, because some libraries set their level when imported, after :func:`configure_logging`."""
    package = record.name.partition(".")[0]
    return record.levelno >= (
        logging.INFO if package in _OURS else logging.ERROR if package in _ERRORS_ONLY else logging.WARNING
    )


def configure_logging(log_format: LogFormat = "text") -> None:
    """Configures logging: our messages, and warnings and errors of the libraries, one line each, on stderr.

    May be called again, with another format. Handlers of others stay as they are.
    """
    root = logging.getLogger()
    handler = next((each for each in root.handlers if isinstance(each, _Stderr)), _Stderr())
    handler.setFormatter(formatter_of(log_format))
    if not root.handlers:
        handler.addFilter(_is_logged)
        logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for package in _OURS:
        logging.getLogger(package).setLevel(logging.INFO)


def fail(error: BaseException, code: int) -> int:
    """Prints an error as one line on stderr; returns the exit code."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(Text.assemble(("error: ", "bold red"), printable(str(error))))
    return code


@contextmanager
def progress() -> Iterator[ProgressCallback]:
    """A progress bar for each stage on a terminal, nothing elsewhere; yields a callback of stage, done and total."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _stage, _done, _total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:>12}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield report


@contextmanager
def fetch_progress() -> Iterator[Callable[[FetchProgress], None]]:
    """A progress bar in bytes for each model on a terminal, nothing elsewhere; yields its callback."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _progress: None
        return
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def report(fetched: FetchProgress) -> None:
            if fetched.model not in tasks:
                tasks[fetched.model] = bars.add_task(fetched.model, total=fetched.total_bytes)
            bars.update(tasks[fetched.model], completed=fetched.done_bytes, total=fetched.total_bytes)

        yield report
