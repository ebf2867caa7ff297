"""Line input with readline: typed lines are recalled in the next run; a disk error is logged once and stops nothing."""

from __future__ import annotations

import logging
import os
import readline
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.cli.conversation.line_editor import LineHistory, line_editor


@pytest.fixture(autouse=True)
def _fresh_readline() -> Iterator[None]:
    """Readline has one history in a process."""
    readline.clear_history()
    yield
    readline.clear_history()
    readline.set_history_length(-1)
    readline.set_auto_history(True)
    readline.set_completer(None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "pageproof" / "history"


def loaded(path: Path | None) -> LineHistory:
    history = LineHistory(path)
    history.load()
    return history


def recalled(path: Path) -> list[str]:
    """The lines that another run would have, oldest first."""
    readline.clear_history()
    loaded(path)
    return [readline.get_history_item(number + 1) for number in range(readline.get_current_history_length())]


def unwritable(tmp_path: Path) -> Path:
    """A path at which nothing can be written, not even by root."""
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "history"


class TestHistory:
    def test_lines_come_back(self, path: Path) -> None:
        assert recalled(path) == []
        history = loaded(path)
        for line in ["Which lid?", "Which lid?", "/only 1", "", "Which lid?", "two\nlines \x1b[31m"]:
            history.add(line)
        assert recalled(path) == ["Which lid?", "/only 1", "Which lid?", "two lines �[31m"]

    def test_for_its_owner_only(self, path: Path) -> None:
        before = os.umask(0)
        try:
            loaded(path).add("secret?")
        finally:
            os.umask(before)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert [path.name for path in path.parent.iterdir()] == ["history"]

    def test_a_file_that_others_could_read(self, path: Path) -> None:
        loaded(path).add("first")
        path.chmod(0o644)
        loaded(path).add("secret?")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_the_oldest_go(self, path: Path) -> None:
        history = loaded(path)
        history.add("first")
        path.write_text("".join(f"{number}\n" for number in range(5000)))
        history.add("last")
        assert recalled(path) == [*map(str, range(4001, 5000)), "last"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [path.name for path in path.parent.iterdir()] == ["history"]

    def test_a_very_long_line(self, path: Path) -> None:
        history = loaded(path)
        history.add("first")
        path.write_text("x" * 3_000_000 + "\nlast\n")
        assert recalled(path)[1:] == ["last"]
        history.add("more")
        assert recalled(path)[1:] == ["last", "more"]

    def test_two_terminals(self, path: Path) -> None:
        here, there = loaded(path), loaded(path)
        here.add("here")
        there.add("there")
        here.add("here again")
        assert recalled(path) == ["here", "there", "here again"]

    def test_bytes_that_are_no_text(self, path: Path) -> None:
        loaded(path).add("x")
        path.write_bytes(b"caf\xe9\n\x1b[31mred\ta\rb\n")
        assert recalled(path) == ["caf�", "�[31mred a b"]

    def test_a_device_is_left_alone(self) -> None:
        loaded(Path(os.devnull)).add("x")
        assert recalled(Path(os.devnull)) == []
        assert Path(os.devnull).is_char_device()

    def test_without_a_file(self, tmp_path: Path) -> None:
        loaded(None).add("x")
        assert readline.get_history_item(1) == "x"
        assert list(tmp_path.iterdir()) == []

    def test_a_path_that_cannot_be_written(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        path = unwritable(tmp_path)
        assert recalled(path) == []
        loaded(path).add("x")
        assert caplog.messages == [
            *[f"the history of typed lines cannot be read from {path}: Not a directory"] * 2,
            f"typed lines are not saved in {path}: File exists (RAG_HISTORY)",
        ]

    def test_a_line_outside_the_encoding_of_the_locale(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(line: str) -> None:
            line.encode("ascii")

        monkeypatch.setattr("readline.add_history", fail)
        loaded(path).add("café")
        assert not path.exists()


class TestEditor:
    @pytest.fixture
    def typed(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The prompts; at each one a line is typed, with a byte that is no text."""
        prompts: list[str] = []

        def type_line(prompt: str) -> str:
            prompts.append(prompt)
            return f" line {len(prompts)} caf\udce9 "

        monkeypatch.setattr("builtins.input", type_line)
        return prompts

    def test_lines_are_saved(self, typed: list[str], tmp_path: Path) -> None:
        read = line_editor(tmp_path / "history", lambda _before, _beginning: [])
        assert (read("> "), read("1> ")) == ("line 1 caf�", "line 2 caf�")
        assert typed == ["> ", "1> "]
        assert (tmp_path / "history").read_text() == "line 1 caf�\nline 2 caf�\n"

    @pytest.mark.usefixtures("typed")
    def test_nothing_is_saved(self, tmp_path: Path) -> None:
        assert line_editor(None, lambda _before, _beginning: [])("> ") == "line 1 caf�"
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.usefixtures("typed")
    def test_a_disk_error_is_logged_once(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.WARNING)
        read = line_editor(unwritable(tmp_path), lambda _before, _beginning: [])
        assert [read(""), read(""), read("")] == [f"line {number} caf�" for number in (1, 2, 3)]
        assert [message.partition(" /")[0] for message in caplog.messages] == [
            "the history of typed lines cannot be read from",
            "typed lines are not saved in",
        ]

    @pytest.mark.usefixtures("typed")
    def test_completions_are_found_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []

        def complete(_before: str, beginning: str) -> list[str]:
            asked.append(beginning)
            return [f"{beginning}{number}" for number in range(3)]

        completers: list[Callable[[str, int], str | None]] = []
        monkeypatch.setattr("readline.set_completer", completers.append)
        line_editor(None, complete)
        (completion,) = completers
        assert [[completion(beginning, number) for number in range(4)] for beginning in ("a", "b")] == [
            ["a0", "a1", "a2", None],
            ["b0", "b1", "b2", None],
        ]
        assert asked == ["a", "b"]
