"""Documents of other folders: they leave an index only if somebody has said so."""

from __future__ import annotations

import io
import shutil
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.__main__ import main
from ingest.discovery import discover
from ingest.other_folders import (
    OtherDocuments,
    ask_about_others,
    described,
    documents_in,
    recorded,
    would_be_lost,
)
from ingest.reporting.report import Report
from rag.domain.file_status import FileRow
from rag.errors import NothingToIngest, OtherFolders
from rag.index.layout import IndexLayout
from rag.index.reading import open_current, read_current
from rag.testing import BagOfWordsEncoder
from tests.fakes import ingest_job, tiny_pdf
from tests.unit.conftest import quick_folder


class Shelf:
    """Folders of documents, and one index."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.index = root / "index"
        self.encoder = BagOfWordsEncoder()

    def put(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tiny_pdf([text]))

    def run(self, *paths: str, others: OtherDocuments = "refuse", rebuild: bool = False) -> Report:
        given = [self.root / path for path in paths]
        job = ingest_job(self.index, self.encoder, rebuild=rebuild)
        return job.run(discover(given), given, others)

    def names(self) -> list[str]:
        generation = open_current(self.index, self.encoder.identity)
        names = sorted(name for document in generation.documents for name in document.names)
        generation.close()
        return names

    def current(self) -> str:
        return read_current(IndexLayout(self.index))[0]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = Shelf(tmp_path)
    made.put("a/pump.pdf", "The pump is blue.")
    made.put("a/deep/valve.pdf", "The valve is red.")
    made.put("b/tank.pdf", "The tank is green.")
    made.run("a")
    return made


class TestRefused:
    @pytest.mark.parametrize(
        "paths",
        [
            pytest.param(["b"], id="another folder"),
            pytest.param(["a/deep"], id="a folder in it"),
            pytest.param(["a/pump.pdf"], id="a file of it"),
            pytest.param(["b", "a/deep"], id="several, without it"),
        ],
    )
    def test_nothing_is_lost(self, shelf: Shelf, paths: list[str]) -> None:
        before = shelf.current()
        with pytest.raises(OtherFolders, match=r"--add .* --replace") as caught:
            shelf.run(*paths)
        assert str(shelf.root / "a" / "pump.pdf") in str(caught.value) or "valve" in str(caught.value)
        assert (shelf.current(), shelf.names()) == (before, ["deep/valve.pdf", "pump.pdf"])
        # Not even their copies are taken.
        assert len(list((shelf.index / "sources").iterdir())) == 2

    def test_the_same_name_with_another_content(self, shelf: Shelf) -> None:
        shelf.put("b/pump.pdf", "Another pump.")
        shelf.put("b/deep/valve.pdf", "Another valve.")
        with pytest.raises(OtherFolders, match="2 documents"):
            shelf.run("b")

    def test_one_of_two_folders(self, shelf: Shelf) -> None:
        shelf.run("a", "b")
        with pytest.raises(OtherFolders, match="1 document from elsewhere"):
            shelf.run("a")


class TestTaken:
    @pytest.mark.parametrize(
        "paths",
        [
            pytest.param(["a"], id="the same"),
            pytest.param(["a/../a"], id="written otherwise"),
            pytest.param(["a", "b"], id="with another"),
            pytest.param(["b", "a"], id="after another"),
            pytest.param(["."], id="a folder around it"),
            pytest.param(["link"], id="a link to it"),
        ],
    )
    def test_what_has_gone_from_the_folder_leaves(self, shelf: Shelf, paths: list[str]) -> None:
        (shelf.root / "link").symlink_to(shelf.root / "a")
        (shelf.root / "a" / "pump.pdf").unlink()
        shelf.run(*paths)
        assert not any("pump" in name for name in shelf.names())

    def test_a_folder_that_was_moved(self, shelf: Shelf) -> None:
        (shelf.root / "a").rename(shelf.root / "c")
        report = shelf.run("c")
        assert (report.embedded, shelf.names()) == (0, ["deep/valve.pdf", "pump.pdf"])
        # It is the index's folder now.
        (shelf.root / "c" / "pump.pdf").unlink()
        shelf.run("c")
        assert shelf.names() == ["deep/valve.pdf"]

    def test_a_file_of_several_is_edited(self, shelf: Shelf) -> None:
        shelf.put("a/pump.pdf", "The pump is yellow.")
        assert shelf.run("a").published

    def test_replace(self, shelf: Shelf) -> None:
        shelf.run("b", others="replace")
        assert shelf.names() == ["tank.pdf"]

    def test_a_damaged_index_is_made_anew(self, shelf: Shelf) -> None:
        (shelf.index / "gen" / shelf.current() / "manifest.json").write_bytes(b"?")
        shelf.run("b")
        assert shelf.names() == ["tank.pdf"]


class TestAdd:
    def test_both_are_there(self, shelf: Shelf) -> None:
        report = shelf.run("b", others="keep")
        assert (report.embedded, shelf.names()) == (1, ["deep/valve.pdf", "pump.pdf", "tank.pdf"])

    def test_it_is_as_if_all_were_named_in_one_run(self, shelf: Shelf) -> None:
        shelf.put("b/pump.pdf", "Another pump.")
        shelf.run("b", others="keep")
        names = shelf.names()
        assert not shelf.run("a", "b").published
        assert shelf.names() == names == ["b/pump.pdf", "deep/valve.pdf", "pump.pdf", "tank.pdf"]

    def test_nothing_more_the_second_time(self, shelf: Shelf) -> None:
        shelf.put("b/pump.pdf", "Another pump.")
        shelf.run("b", others="keep")
        assert not shelf.run("b", others="keep").published

    def test_without_the_other_folder(self, shelf: Shelf) -> None:
        shutil.rmtree(shelf.root / "a")
        shelf.run("b", others="keep")
        assert shelf.names() == ["deep/valve.pdf", "pump.pdf", "tank.pdf"]

    def test_what_has_gone_from_the_given_folder_leaves(self, shelf: Shelf) -> None:
        shelf.run("b", others="keep")
        (shelf.root / "b" / "tank.pdf").unlink()
        shelf.put("b/lid.pdf", "The lid is white.")
        shelf.run("b", others="keep")
        assert shelf.names() == ["deep/valve.pdf", "lid.pdf", "pump.pdf"]

    def test_everything_anew_from_the_copies(self, shelf: Shelf) -> None:
        shutil.rmtree(shelf.root / "a")
        report = shelf.run("b", others="keep", rebuild=True)
        assert (report.embedded, report.reused) == (3, 0)
        assert shelf.names() == ["deep/valve.pdf", "pump.pdf", "tank.pdf"]

    def test_the_same_content_in_both(self, shelf: Shelf) -> None:
        shelf.put("b/again.pdf", "The pump is blue.")
        shelf.run("b", others="keep")
        assert shelf.names() == ["again.pdf", "deep/valve.pdf", "pump.pdf", "tank.pdf"]
        shutil.rmtree(shelf.root / "b")
        shelf.put("b/tank.pdf", "The tank is green.")
        shelf.run("b", others="keep")
        assert shelf.names() == ["deep/valve.pdf", "pump.pdf", "tank.pdf"]

    def test_to_no_index(self, tmp_path: Path) -> None:
        shelf = Shelf(tmp_path)
        shelf.put("b/tank.pdf", "The tank is green.")
        shelf.run("b", others="keep")
        assert shelf.names() == ["tank.pdf"]


class TestAnIndexOfBefore:
    """It does not tell where its documents were."""

    @pytest.mark.parametrize(
        ("here", "lost"),
        [
            pytest.param(["p.pdf", "q.pdf", "r.pdf"], 0, id="all here"),
            pytest.param(["p.pdf", "q.pdf"], 0, id="most here"),
            pytest.param(["p.pdf"], 2, id="most gone"),
            pytest.param(["x.pdf"], 3, id="all gone"),
        ],
    )
    def test_most_of_them_decide(self, tmp_path: Path, here: list[str], lost: int) -> None:
        for name in here:
            (tmp_path / name).write_bytes(b"x")
        rows = [FileRow(name, "ok", sha256="0" * 64, size=9) for name in ("p.pdf", "q.pdf", "r.pdf")]
        assert len(would_be_lost([tmp_path], rows, discover([tmp_path]))) == lost


class Typed(io.StringIO):
    """What a person types at a terminal."""

    def isatty(self) -> bool:
        return True


class TestAsked:
    @pytest.mark.parametrize(
        ("typed", "answer"),
        [
            pytest.param("a\n", "keep", id="a"),
            pytest.param(" ADD \n", "keep", id="add"),
            pytest.param("r\n", "replace", id="r"),
            pytest.param("\n", None, id="nothing"),
            pytest.param("yes\n", None, id="neither"),
            pytest.param("", None, id="the end"),
        ],
    )
    def test_on_a_terminal(
        self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, typed: str, answer: OtherDocuments | None
    ) -> None:
        asked = Typed()
        monkeypatch.setattr(sys, "stdin", Typed(typed))
        monkeypatch.setattr(sys, "stderr", asked)
        paths = [shelf.root / "b"]
        if answer:
            assert ask_about_others(paths, shelf.index, discover(paths)) == answer
        else:
            with pytest.raises(OtherFolders, match="is as it was"):
                ask_about_others(paths, shelf.index, discover(paths))
        assert "2 documents from elsewhere" in asked.getvalue()

    @pytest.mark.parametrize("paths", [["a"], ["a", "b"]])
    def test_not_where_nothing_would_be_lost(
        self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, paths: list[str]
    ) -> None:
        asked = Typed()
        monkeypatch.setattr(sys, "stdin", Typed("r\n"))
        monkeypatch.setattr(sys, "stderr", asked)
        given = [shelf.root / path for path in paths]
        assert ask_about_others(given, shelf.index, discover(given)) == "refuse"
        assert asked.getvalue() == ""

    def test_elsewhere_it_is_wrong_usage(
        self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("ingest.__main__.open_encoder", lambda _settings: shelf.encoder)
        monkeypatch.setattr("ingest.__main__.tokenizer_file", lambda _settings: shelf.root / "none")
        assert main([str(shelf.root / "b"), "--index", str(shelf.index), "--json"]) == 2
        captured = capsys.readouterr()
        assert '"published": false' in captured.out
        assert "2 documents from elsewhere" in captured.err


def test_names_are_shown_without_control_characters() -> None:
    assert described([FileRow("a\x1b[1m.pdf", "ok")]) == "1 document from elsewhere (a\ufffd[1m.pdf)"


FOLDERS = ("a", "b", "a/c")
NAMES = ("x.pdf", "y.pdf")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.sampled_from(FOLDERS), st.sampled_from(NAMES), st.integers(0, 3)), min_size=1, max_size=4),
    st.lists(st.lists(st.sampled_from(FOLDERS), min_size=1, max_size=2, unique=True), min_size=1, max_size=3),
)
def test_no_content_is_lost_without_a_word(files: list[tuple[str, str, int]], runs: list[list[str]]) -> None:
    """After any runs over folders that nobody changes, everything that was once in the index is still there."""
    with quick_folder() as root:
        shelf = Shelf(root)
        for folder, name, content in files:
            shelf.put(f"{folder}/{name}", f"Pump number {content} is blue.")
        held: set[str | None] = set()
        for paths in runs:
            given = [path for path in paths if (root / path).is_dir()]
            with suppress(OtherFolders):
                shelf.run(*given) if given else None
            now = {row.sha256 for row in recorded(shelf.index)}
            assert held <= now
            held = now


class TestRebuilding:
    def test_from_the_copies_of_the_index(self, shelf: Shelf) -> None:
        shelf.run("a")
        shelf.run("b", others="keep")
        before = shelf.names()
        added = {row.path: (row.file, row.added) for row in recorded(shelf.index)}
        for folder in ("a", "b"):
            shutil.rmtree(shelf.root / folder)
        job = ingest_job(shelf.index, shelf.encoder, rebuild=True)
        report = job.run(documents_in(shelf.index), (), "replace")
        assert {row.status for row in report.files} == {"ok"}
        assert shelf.names() == before
        assert {row.path: (row.file, row.added) for row in recorded(shelf.index)} == added

    def test_an_index_of_other_readers(self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is served as it is, and read again from its own copies, without a word for it."""
        monkeypatch.setattr("ingest.readers.version.VERSION", 3)
        shelf.run("a")
        shutil.rmtree(shelf.root / "a")
        monkeypatch.undo()
        before = shelf.names()
        report = ingest_job(shelf.index, shelf.encoder).run(documents_in(shelf.index), (), "replace")
        assert report.note is not None
        assert report.published
        assert shelf.names() == before

    def test_without_an_index(self, tmp_path: Path) -> None:
        with pytest.raises(NothingToIngest, match="no index in"):
            documents_in(tmp_path / "index")

    @pytest.mark.parametrize("arguments", [["--rebuild", "--erase", "a.pdf"], ["a", "--erase", "a.pdf"]])
    def test_one_thing_at_a_time(self, arguments: list[str]) -> None:
        with pytest.raises(SystemExit):
            main(arguments)
