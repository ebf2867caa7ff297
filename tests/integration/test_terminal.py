"""``rag ask`` on a real pseudo-terminal, keys in and screen out; the models are fakes."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.processes import default_sigint

ROOT = Path(__file__).parents[2]
BERTH = "A berth costs 24 euros for each night."
ASKED = "What does a berth cost?"
ENDLESS = "berth " * 60
CTRL_C, CTRL_D, UP = "\x03", "\x04", "\x1b[A"
_CONTROLS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[=>]|\r")


class Terminal:
    """A program on a pseudo-terminal of 100 columns; ``raw`` is its output so far."""

    def __init__(self, arguments: list[str], environment: dict[str, str], *, output: int | None = None) -> None:
        self.keyboard, self._side = pty.openpty()
        termios.tcsetwinsize(self._side, (30, 100))
        self.raw = ""
        # poll, not select: the test process may have more open files than select allows.
        self._typed = select.poll()
        self._typed.register(self.keyboard, select.POLLIN)
        with default_sigint():
            self.program = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.terminal_program", *arguments],
                cwd=ROOT,
                env=environment,
                stdin=self._side,
                stdout=output if output is not None else self._side,
                stderr=self._side,
                start_new_session=True,
                preexec_fn=self._acquire_terminal,
            )

    @staticmethod
    def _acquire_terminal() -> None:
        """Makes the terminal the controlling one of the program's session, so that Ctrl-C reaches it."""
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    @property
    def text(self) -> str:
        """The output without control sequences."""
        return _CONTROLS.sub("", self.raw)

    @property
    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self._side)[3] & termios.ECHO)

    def type(self, keys: str) -> None:
        os.write(self.keyboard, keys.encode())

    def until(self, text: str, seconds: float = 120.0) -> str:
        """Waits until a text is written; returns the output since the last call, up to and with the text."""
        end = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < end, f"{text!r} did not come: {self.text!r}"
            self._read(0.05)
        before, _, _ = self.text.partition(text)
        self.raw = self.text[len(before) + len(text) :]
        return before + text

    def until_exists(self, file: Path, seconds: float = 120.0) -> None:
        """Waits until the program has made a file."""
        end = time.monotonic() + seconds
        while not file.exists():
            assert time.monotonic() < end, f"{file} was not made: {self.text!r}"
            self._read(0.05)

    def interrupt_input(self, prompt: str) -> None:
        """Presses Ctrl-C, each second, until the prompt is printed anew.

        CPython waits for a key in select and loses a SIGINT that comes just before it: until the next key, that is.
        """
        while True:
            self.type(CTRL_C)
            with suppress(AssertionError):
                self.until(prompt, seconds=1.0)
                return
            assert self.program.poll() is None, f"it ended: {self.text!r}"

    def end(self) -> int:
        """Waits for the end of the program; returns its exit code."""
        end = time.monotonic() + 120
        while self.program.poll() is None:
            assert time.monotonic() < end, f"it did not end: {self.text!r}"
            self._read(0.05)
        self._read(0.05)
        return self.program.returncode

    def _read(self, seconds: float) -> None:
        if self._typed.poll(seconds * 1000):
            with suppress(OSError):
                self.raw += os.read(self.keyboard, 65_536).decode("utf-8", "replace")

    def close(self) -> None:
        if self.program.poll() is None:
            self.program.kill()
        self.program.wait()
        os.close(self.keyboard)
        os.close(self._side)


Start = Callable[..., Terminal]


@pytest.fixture
def writing(index: Path) -> Path:
    """The file that tells that the model has generated a token."""
    return Path(f"{index}.writing")


@pytest.fixture
def start(index: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts ``rag ask`` with arguments, on a model that generates ``reply`` at ``seconds`` for each word."""
    terminals: list[Terminal] = []
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
    environment |= {"TERM": "xterm-256color", "XDG_STATE_HOME": str(tmp_path / "state"), "INPUTRC": "/dev/null"}

    def program(*arguments: str, reply: str = BERTH, seconds: float = 0.0, output: int | None = None) -> Terminal:
        terminals.append(Terminal([str(index), str(seconds), reply, *arguments], environment, output=output))
        return terminals[-1]

    yield program
    for terminal in terminals:
        terminal.close()


class TestOneQuestion:
    def test_it_grows_and_is_replaced(self, start: Start) -> None:
        terminal = start(ASKED, seconds=0.2)
        terminal.until("loading the model ...")
        terminal.until("harbour.pdf, page 2")
        terminal.until("reading ...")
        assert terminal.end() == 0
        # The display is erased, line by line, and then comes the answer.
        assert "\x1b[2K" in terminal.raw.rpartition("✓ ")[0]
        said = rf"  ✓ {re.escape(BERTH)} \[1\]\n(?:  ✓ .*\n)*"
        assert re.search(rf"{said}\n  Very likely right: \d+% sure\.\n\n  \[1\] harbour\.pdf, page 2\n", terminal.text)
        assert terminal.echoes

    def test_ctrl_c(self, start: Start, writing: Path) -> None:
        terminal = start(ASKED, reply=ENDLESS, seconds=0.5)
        terminal.until_exists(writing)
        assert not terminal.echoes
        terminal.type(CTRL_C)
        assert terminal.end() == 130
        assert re.search(r"error: stopped\ncancelled 1, generated \d\n", terminal.text)
        assert terminal.raw.count("\x1b[?25l") <= terminal.raw.count("\x1b[?25h")
        assert terminal.echoes

    def test_stdout_that_is_a_file_gets_only_the_answer(self, start: Start, tmp_path: Path) -> None:
        with (tmp_path / "out").open("wb") as file:
            terminal = start(ASKED, output=file.fileno())
            terminal.until("searching ...")
            assert terminal.end() == 0
        out = (tmp_path / "out").read_bytes()
        assert out.startswith(f"{ASKED}\n  ✓ {BERTH} [1]\n".encode())
        assert b"\n    [1] harbour.pdf, page 2\n" in out
        assert b"\x1b" not in out
        assert b"reading" not in out


class TestPrompt:
    def test_a_conversation(self, start: Start, tmp_path: Path) -> None:
        terminal = start()
        terminal.until("2 documents, index 000001")
        terminal.until("> ")
        terminal.type(f"{ASKED}\r")
        terminal.until(f"✓ {BERTH} [1]")
        terminal.until("> ")
        terminal.type("/only fer\t\r")
        terminal.until("Questions now search ferry.pdf.")
        terminal.until("1 document> ")
        terminal.type(f"{UP}{UP}\r")  # the question again, of the other document
        terminal.until("The documents do not answer this question.")
        terminal.until("1 document> ")
        terminal.type(CTRL_D)
        assert terminal.end() == 0
        history = tmp_path / "state" / "pageproof" / "history"
        assert history.read_text() == f"{ASKED}\n/only ferry.pdf\n{ASKED}\n"

        again = start()
        again.until("> ")
        again.type(UP)
        again.until(ASKED)
        again.interrupt_input("> ")
        again.type("/quit\r")
        assert again.end() == 0

    def test_ctrl_c_stops_the_answer_and_gives_the_prompt_back(self, start: Start, writing: Path) -> None:
        terminal = start(reply=ENDLESS, seconds=0.5)
        terminal.until("> ")
        terminal.type(f"{ASKED}\r")
        terminal.until_exists(writing)
        began = time.monotonic()
        terminal.type(CTRL_C)
        terminal.until("Stopped.")
        terminal.until("> ")
        assert time.monotonic() - began < 15  # the whole of it takes 30 s
        terminal.type("/new\r")
        terminal.until("cleared.")
        terminal.until("> ")
        terminal.type(CTRL_D)
        assert terminal.end() == 0
        assert re.search(r"cancelled 1, generated \d\n", terminal.text)

    def test_type_ahead_is_the_next_line(self, start: Start) -> None:
        terminal = start(seconds=0.5)  # busy for 4 s
        terminal.until("> ")
        terminal.type(f"{ASKED}\r")
        terminal.until("reading ...")
        terminal.type("/help\r")
        assert "/help" not in terminal.until("✓ ")
        terminal.until("the end, as Ctrl-D")
        terminal.until("> ")
        terminal.type(CTRL_D)
        assert terminal.end() == 0
