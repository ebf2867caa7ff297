"""What was typed is there again the next time; a disk that refuses is told once, and is no obstacle."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.cli.line_editor import LineHistory, line_editor


@pytest.fixture
def history(tmp_path: Path) -> LineHistory:
    return LineHistory(tmp_path / "state" / "pageproof" / "history")


def refusing(tmp_path: Path) -> Path:
    """A place where nothing can be written, be it by root."""
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "history"


class TestHistory:
    def test_lines_come_back(self, history: LineHistory) -> None:
        assert history.lines() == []
        for line in ["Which lid?", "Which lid?", "/only 1", "", "Which lid?", "two\nlines \x1b[31m"]:
            assert history.keep(line)
        assert history.lines() == ["Which lid?", "/only 1", "Which lid?", "two lines �[31m"]

    def test_for_its_owner_only(self, history: LineHistory) -> None:
        before = os.umask(0)
        try:
            history.keep("secret?")
        finally:
            os.umask(before)
        assert stat.S_IMODE(history.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(history.path.parent.stat().st_mode) == 0o700
        assert [path.name for path in history.path.parent.iterdir()] == ["history"]

    def test_the_oldest_go(self, history: LineHistory) -> None:
        history.keep("first")
        history.path.write_text("".join(f"{number}\n" for number in range(5000)))
        history.keep("last")
        assert history.lines() == [*map(str, range(4001, 5000)), "last"]

    def test_a_file_that_grew_elsewhere_is_not_read_whole(self, history: LineHistory) -> None:
        history.keep("first")
        history.path.write_text("x" * 3_000_000 + "\nlast\n")
        assert history.lines()[1:] == ["last"]
        history.keep("more")
        assert history.path.stat().st_size <= 1_000_000

    def test_two_terminals(self, history: LineHistory) -> None:
        other = LineHistory(history.path)
        history.keep("here")
        other.keep("there")
        history.keep("here again")
        assert other.lines() == ["here", "there", "here again"]

    def test_bytes_that_are_no_text(self, history: LineHistory) -> None:
        history.keep("x")
        history.path.write_bytes(b"caf\xe9\n\x00\n")
        assert history.lines() == ["caf�", "�"]

    def test_what_is_no_file_is_left_alone(self) -> None:
        nowhere = LineHistory(Path(os.devnull))
        assert nowhere.keep("x")
        assert nowhere.lines() == []
        assert Path(os.devnull).is_char_device()

    def test_where_nothing_can_be_written(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        history = LineHistory(refusing(tmp_path))
        assert history.lines() == []
        assert not history.keep("x")
        assert caplog.messages == [
            f"what was typed before cannot be read from {history.path}: Not a directory",
            f"what is typed is not kept in {history.path}: File exists (RAG_HISTORY)",
        ]


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

    def test_what_is_read_is_kept(self, typed: list[str], tmp_path: Path) -> None:
        read = line_editor(tmp_path / "history", lambda _before, _beginning: [])
        assert (read("> "), read("1> ")) == ("line 1 caf�", "line 2 caf�")
        assert typed == ["> ", "1> "]
        assert (tmp_path / "history").read_text() == "line 1 caf�\nline 2 caf�\n"

    @pytest.mark.usefixtures("typed")
    def test_nothing_is_kept(self, tmp_path: Path) -> None:
        assert line_editor(None, lambda _before, _beginning: [])("> ") == "line 1 caf�"
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.usefixtures("typed")
    def test_a_disk_that_refuses_is_told_once(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.WARNING)
        read = line_editor(refusing(tmp_path), lambda _before, _beginning: [])
        assert [read(""), read(""), read("")] == [f"line {number} caf�" for number in (1, 2, 3)]
        assert [message.partition(" /")[0] for message in caplog.messages] == [
            "what was typed before cannot be read from",
            "what is typed is not kept in",
        ]

    @pytest.mark.usefixtures("typed")
    def test_what_a_word_may_become_is_found_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []

        def complete(_before: str, beginning: str) -> list[str]:
            asked.append(beginning)
            return [f"{beginning}{number}" for number in range(3)]

        completers: list[Callable[[str, int], str | None]] = []
        monkeypatch.setattr("readline.set_completer", completers.append)
        line_editor(None, complete)
        (word,) = completers
        assert [[word(beginning, number) for number in range(4)] for beginning in ("a", "b")] == [
            ["a0", "a1", "a2", None],
            ["b0", "b1", "b2", None],
        ]
        assert asked == ["a", "b"]
