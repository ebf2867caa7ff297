"""Live display of an answer while it is generated in a thread, with cancellation by Ctrl-C."""

from __future__ import annotations

import os
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Thread
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.padding import Padding
from rich.segment import Segment
from rich.spinner import Spinner
from rich.text import Text

from rag.answering.answerer import Answerer
from rag.cli.answer_view import sentence_lines
from rag.domain.values import Answer, AnswerEvent, AnswerReady, PassagesFound, Question, Sentence, SentenceVerified
from rag.runtime.cancellation import Cancellation
from rag.runtime.thread_stream import ThreadStream
from rag.text.characters import printable

_PER_SECOND: Final = 12
# Lines beside the sentences: places, headings, the spinner.
_OTHER_LINES: Final = 12
_FEWEST_LINES: Final = 3
# File descriptor of standard input.
_KEYBOARD: Final = 0
# Index of the local flags in the attributes of a terminal.
_LOCAL_FLAGS: Final = 3


@dataclass
class LiveStatus:
    """Progress display for a terminal, drawn some times a second from fields that may change at any time.

    Attributes:
        doing: the current activity, as text.
        places: documents and pages of the retrieved passages.
        sentences: those of the answer that are verified so far.
    """

    doing: str
    places: list[str] = field(default_factory=list)
    sentences: list[Sentence] = field(default_factory=list)
    spinner: Spinner = field(default_factory=lambda: Spinner("dots", style="cyan"))

    def update(self, event: AnswerEvent) -> None:
        """Updates the display by an event of an answer."""
        if isinstance(event, PassagesFound):
            spans = [(hit.passage.document.name, hit.passage.chunk.span.page) for hit in event.hits]
            self.places = [f"{printable(name)}, page {page}" for name, page in dict.fromkeys(spans)]
            self.doing = "reading"
        elif isinstance(event, SentenceVerified):
            self.sentences = [*self.sentences, event.sentence]
            self.doing = "writing and checking"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.places:
            yield Padding(Text("Found:", style="dim"), (0, 2))
            for place in self.places:
                yield Padding(Text(place, style="dim"), (0, 4))
        if self.sentences:
            # Only the end of the answer is shown: what exceeds the height of the terminal would be cut off.
            room = max(_FEWEST_LINES, options.size.height - _OTHER_LINES)
            shown = Group(*sentence_lines(self.sentences, "stated"))
            for line in console.render_lines(shown, options.update(height=None), pad=False)[-room:]:
                yield from line
                yield Segment.line()
        self.spinner.update(text=Text(f"{self.doing} ...", style="dim"))
        yield Padding(self.spinner, (0, 2))


@contextmanager
def live_status(console: Console, doing: str) -> Iterator[LiveStatus]:
    """A live display on a terminal until the context is left, when it is erased; nothing on other outputs."""
    status = LiveStatus(doing)
    if not console.is_terminal or console.is_dumb_terminal:
        yield status
        return
    # stdout is not redirected, because it may be a file; stderr is, so that log lines appear above the display.
    live = Live(status, console=console, transient=True, refresh_per_second=_PER_SECOND, redirect_stdout=False)
    with _without_echo(), live:
        yield status


@contextmanager
def _without_echo() -> Iterator[None]:
    """Turns off the terminal's echo; what is typed meanwhile is the beginning of the next line that is read."""
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
    """True if this is the foreground process: changing the terminal from the background would stop the process."""
    try:
        return os.isatty(_KEYBOARD) and os.tcgetpgrp(_KEYBOARD) == os.getpgrp()
    except OSError:
        return False


def live_answer(console: Console, answerer: Answerer, question: Question) -> Answer:
    """The answer to a question, with a live display of its verified sentences on a terminal.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; the work on the answer has ended.
        PageproofError: as :meth:`Answerer.stream`.
    """
    with live_status(console, "searching") as status, _answer_in_thread(answerer, question) as events:
        for event in events:
            if isinstance(event, AnswerReady):
                return event.answer
            status.update(event)
    raise AssertionError("the stream of an answer ends with the answer")


@contextmanager
def _answer_in_thread(answerer: Answerer, question: Question) -> Iterator[ThreadStream[AnswerEvent]]:
    """The events of an answer that another thread generates; the thread has ended when the context is left.

    Ctrl-C interrupts the main thread at any point, so the main thread must do no work that could be left half done.
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
