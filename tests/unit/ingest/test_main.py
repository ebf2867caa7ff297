"""Command line of ingest: a failure is one line on stderr and an exit code."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ingest.__main__ import main
from ingest.reporting.report import Report
from rag.settings import Settings
from tests.fakes import make_pdf


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.upper().startswith("RAG_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RAG_INDEX", str(tmp_path / "index"))
    monkeypatch.setenv("RAG_MODELS", str(tmp_path / "models"))


def test_whoever_asks_for_json_gets_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere"), "--json"]) == 1
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert report["generation"] is None
    assert report["published"] is False
    assert report["files"] == []
    assert captured.err == f"error: {report['error']}\n"


def test_whoever_asks_for_lines_gets_the_report_as_the_last_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "nowhere"), "--json-lines"]) == 1
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["report"]["error"] == f"{tmp_path / 'nowhere'} does not exist"


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr; nothing on stdout."""
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("error: ")
    return line


def test_missing_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Longer than a terminal is wide: it must not be wrapped.
    folder = tmp_path / ("nowhere" * 20)
    assert main([str(folder)]) == 1
    assert said(capsys) == f"error: {folder} does not exist"
    assert not (tmp_path / "index").exists()


def test_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "documents").mkdir()
    assert main([str(tmp_path / "documents")]) == 1
    assert str(tmp_path / "documents") in said(capsys)


def test_missing_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_pdf(tmp_path / "a.pdf", ["Text."])
    assert main([str(tmp_path / "a.pdf")]) == 1
    line = said(capsys)
    assert "all-minilm-l6-v2" in line
    assert "models fetch" in line
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        pytest.param("RAG_ENCODR", "x", "unknown setting RAG_ENCODR", id="unknown setting"),
        pytest.param("RAG_PORT", "x", "RAG_PORT='x' is wrong", id="wrong value"),
        pytest.param("RAG_ENCODER", "no-such-model", "no-such-model", id="unknown model"),
        pytest.param("RAG_ENCODER", "[bold]x", "[bold]x", id="looks like markup"),
    ],
)
def test_settings(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    words: str,
) -> None:
    make_pdf(tmp_path / "a.pdf", ["Text."])
    monkeypatch.setenv(variable, value)
    assert main([str(tmp_path / "a.pdf")]) == 1
    assert words in said(capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="nothing"),
        pytest.param(["documents", "--no-such-option"], id="unknown option"),
        pytest.param(["documents", "--index"], id="option without its value"),
        pytest.param(["documents", "--json", "--json-lines"], id="two forms at a time"),
        pytest.param(["documents", "--workers", "-1"], id="fewer than no process"),
        pytest.param(["documents", "--workers", "257"], id="too many processes"),
    ],
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m ingest" in capsys.readouterr().err


def test_help_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert all(f"\n  {code} " in text for code in ("0", "1", "2", "3", "75"))


class TestCollections:
    @pytest.fixture
    def ran(self, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
        """The index directories of the runs, none of which does anything."""
        ran: list[Path] = []

        def run(_options: object, settings: Settings, index: Path) -> Report:
            assert settings.index == index
            ran.append(index)
            return Report("000001-00000000", published=True, files=[], chunks=0, embedded=0, reused=0, seconds=0.0)

        monkeypatch.setattr("ingest.__main__._run", run)
        return ran

    def test_a_new_one_is_made(self, ran: list[Path], tmp_path: Path) -> None:
        assert main([str(tmp_path), "--collection", "contracts"]) == 0
        assert main([str(tmp_path), "--collection", "contracts", "--index", str(tmp_path / "other")]) == 0
        assert main([str(tmp_path), "--collection", "default"]) == 0
        root = tmp_path / "index"
        assert ran == [root / "collections" / "contracts", tmp_path / "other" / "collections" / "contracts", root]

    def test_a_name_that_cannot_be_one(
        self, ran: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main([str(tmp_path), "--collection", "My Contracts"]) == 2
        assert "'My Contracts' cannot name a collection" in said(capsys)
        assert ran == []

    @pytest.mark.parametrize("what", [["--rebuild"], ["--erase", "a.pdf"]])
    def test_without_files_it_has_to_be_there(self, what: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main([*what, "--collection", "contracts"]) == 2
        assert said(capsys) == "error: there is no collection 'contracts'; there are: default"
