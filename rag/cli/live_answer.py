"""An answer on its way: made in a thread of its own, shown while it grows, stopped when the terminal says so."""

from __future__ import annotations

import os
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Thread
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.text import Text

from rag.answering.answerer import Answerer
from rag.domain.values import Answer, AnswerEvent, AnswerReady, PassagesFound, Question, TokenGenerated
from rag.runtime.cancellation import Cancellation
from rag.runtime.thread_stream import ThreadStream
from rag.text.characters import one_line, printable

_PER_SECOND: Final = 12
# Lines that are not the draft's: places, headings, the line that moves.
_OTHER_LINES: Final = 12
# Standard input, as the system counts files.
_KEYBOARD: Final = 0
# Where they are in what termios tells of a terminal.
_LOCAL_FLAGS: Final = 3


@dataclass
class LiveStatus:
    """How far something is, for the terminal. It may change at any time, and is drawn some times a second.

    Attributes:
        doing: what is being done now, for people.
        places: documents and pages that were found.
        draft: what the model has said so far.
    """

    doing: str
    places: list[str] = field(default_factory=list)
    draft: str = ""
    spinner: Spinner = field(default_factory=lambda: Spinner("dots", style="cyan"))

    def tell(self, event: AnswerEvent) -> None:
        """Takes in what has happened to an answer."""
        if isinstance(event, PassagesFound):
            spans = [(hit.passage.document.name, hit.passage.chunk.span.page) for hit in event.hits]
            self.places = [f"{printable(name)}, page {page}" for name, page in dict.fromkeys(spans)]
            self.doing = "reading"
        elif isinstance(event, TokenGenerated):
            self.draft += event.text
            self.doing = "drafting and checking"

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        if self.places:
            yield Padding(Text("Found:", style="dim"), (0, 2))
            for place in self.places:
                yield Padding(Text(place, style="dim"), (0, 4))
        if self.draft:
            yield Padding(Text("A draft, not verified yet:", style="yellow"), (0, 2))
            # What is lower than the terminal would be cut off, and that is where the draft grows.
            room = max(3, options.size.height - _OTHER_LINES) * max(20, options.max_width - 8)
            yield Padding(Text(one_line(self.draft)[-room:], style="dim italic"), (0, 4))
        self.spinner.update(text=Text(f"{self.doing} ...", style="dim"))
        yield Padding(self.spinner, (0, 2))


@contextmanager
def going_on(console: Console, doing: str) -> Iterator[LiveStatus]:
    """Shows on a terminal how far something is, until the context is left; nothing elsewhere, and nothing stays."""
    standing = LiveStatus(doing)
    if not console.is_terminal or console.is_dumb_terminal:
        yield standing
        return
    # What is printed to stdout may be meant for a file: only what would tear the moving line is led around it.
    live = Live(standing, console=console, transient=True, refresh_per_second=_PER_SECOND, redirect_stdout=False)
    with _without_echo(), live:
        yield standing


@contextmanager
def _without_echo() -> Iterator[None]:
    """What is typed meanwhile is not written into the picture; the next line that is read begins with it."""
    if not _owns_keyboard():
        yield
        return
    before, quiet = termios.tcgetattr(_KEYBOARD), termios.tcgetattr(_KEYBOARD)
    quiet[_LOCAL_FLAGS] &= ~termios.ECHO
    termios.tcsetattr(_KEYBOARD, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(_KEYBOARD, termios.TCSADRAIN, before)


def _owns_keyboard() -> bool:
    """Whether the terminal's lines come here: to change the terminal from the background would stop this process."""
    try:
        return os.isatty(_KEYBOARD) and os.tcgetpgrp(_KEYBOARD) == os.getpgrp()
    except OSError:
        return False


def live_answer(console: Console, answerer: Answerer, question: Question) -> Answer:
    """The answer to a question; on a terminal one sees it grow.

    Raises:
        KeyboardInterrupt: somebody pressed Ctrl-C; the work on the answer has ended.
        PageproofError: as :meth:`Answerer.stream`.
    """
    with going_on(console, "searching") as standing, _answer_in_thread(answerer, question) as events:
        for event in events:
            if isinstance(event, AnswerReady):
                return event.answer
            standing.tell(event)
    raise AssertionError("the stream of an answer ends with the answer")


@contextmanager
def _answer_in_thread(answerer: Answerer, question: Question) -> Iterator[ThreadStream[AnswerEvent]]:
    """The events of an answer that another thread makes; its work has ended when the context is left.

    Ctrl-C reaches the main thread wherever that is; there it must meet nothing that would be left half done.
    """
    cancelled = Cancellation()
    stream = ThreadStream[AnswerEvent](stop=cancelled.cancel)
    work = partial(stream.run, lambda: answerer.stream(question, cancelled))
    thread = Thread(target=work, name="answer", daemon=True)
    thread.start()
    try:
        with stream:
            yield stream
    finally:
        thread.join()
