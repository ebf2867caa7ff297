"""``python -m rag index``: list, verify, rollback, gc, push and pull, with each error as one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.discovery import discover
from rag.cli.main import main
from rag.index.reading import open_current
from rag.index.writer import open_writer
from rag.testing import BagOfWordsEncoder
from tests.fakes import ingest_job, make_pdf
from tests.unit.conftest import id_of, publish

ENCODER = BagOfWordsEncoder()
PUMP, VALVE = "The pump has a blue lid.", "The valve opens to the left."


@pytest.fixture(autouse=True)
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in os.environ:
        if name.upper().startswith("RAG_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RAG_INDEX", str(tmp_path / "index"))
    monkeypatch.setenv("RAG_MODELS", str(tmp_path / "no models"))
    return tmp_path / "index"


def add(index: Path, **documents: str) -> str:
    """Publishes a generation of documents of one page each; the stored source of a document is what names it."""
    pages = {f"{name}.pdf": [text] for name, text in documents.items()}
    sources = {name: "\f".join([name, *texts]).encode() for name, texts in pages.items()}
    return publish(index, pages, ENCODER, sources)


@pytest.fixture
def two(index: Path) -> tuple[str, str]:
    """Names of two generations, the older one first."""
    return add(index, pump=PUMP), add(index, pump=PUMP, valve=VALVE)


def line_of(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr."""
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def current(index: Path) -> str:
    return open_current(index, ENCODER.identity).id


class TestList:
    def test_for_people(self, two: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["index", "list"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[1].startswith(f"{two[1]} *")
        assert lines[2].startswith(f"{two[0]} ")
        assert [line.split()[-5] for line in lines[1:3]] == ["2", "1"]

    def test_for_programs(self, index: Path, two: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["index", "list", "--json"]) == 0
        listed = json.loads(capsys.readouterr().out)
        assert listed["index"] == str(index)
        assert listed["current"] == two[1]
        newest = listed["generations"][0]
        assert newest["bytes"] > 1000
        assert newest["created"]
        assert {key: newest[key] for key in ("generation", "current", "parent", "documents", "pages", "fault")} == {
            "generation": two[1],
            "current": True,
            "parent": two[0],
            "documents": 2,
            "pages": 2,
            "fault": None,
        }

    def test_a_damaged_manifest(self, index: Path, two: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        damage(index / "gen" / two[0] / "manifest.json")
        assert main(["index", "list"]) == 0
        assert f"generation {two[0]}: manifest.json is not the published one" in capsys.readouterr().out
        assert main(["index", "list", "--json"]) == 0
        older = json.loads(capsys.readouterr().out)["generations"][1]
        assert older["documents"] is None
        assert "manifest.json" in older["fault"]

    def test_none_is_current(self, index: Path, two: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        (index / "CURRENT").write_text("{")
        assert main(["index", "list"]) == 0
        assert "no generation is current" in capsys.readouterr().out
        assert main(["index", "rollback", two[1]]) == 0
        assert current(index) == two[1]


class TestVerify:
    def test_whole(self, two: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["index", "verify"]) == 0
        assert capsys.readouterr().out == f"generation {two[1]}: every byte is as it was published\n"
        assert main(["index", "verify", "--all", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {
            "ok": True,
            "faults": [],
            "generations": [{"generation": name, "ok": True, "faults": []} for name in reversed(two)],
        }

    def test_every_damaged_file_is_named(
        self, index: Path, two: tuple[str, str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        source = id_of("valve.pdf", [VALVE])
        damage(index / "gen" / two[1] / "vectors.faiss")
        damage(index / "gen" / two[1] / "docstore.sqlite")
        (index / "sources" / source).unlink()
        assert main(["index", "verify"]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 3
        assert all(
            part in line for part, line in zip(("docstore.sqlite", "vectors.faiss", source[:12]), lines, strict=True)
        )
        assert main(["index", "verify", two[0]]) == 0
        capsys.readouterr()
        assert main(["index", "verify", "--all", "--json"]) == 1
        found = json.loads(capsys.readouterr().out)
        assert [(row["ok"], len(row["faults"])) for row in found["generations"]] == [(False, 3), (True, 0)]

    def test_the_pointer_names_another_manifest(
        self, index: Path, two: tuple[str, str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        (index / "CURRENT").write_text(json.dumps({"generation": two[1], "manifest_sha256": "0" * 64}))
        assert main(["index", "verify"]) == 1
        assert f"python -m rag index rollback {two[1]} repairs it" in capsys.readouterr().out
        assert main(["index", "rollback", two[1]]) == 0
        assert main(["index", "verify"]) == 0

    @pytest.mark.usefixtures("two")
    @pytest.mark.parametrize("name", ["000009-00000000", "../index", ".", "000001"])
    def test_no_such_generation(self, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["index", "verify", name]) == 1
        assert "rag index list" in line_of(capsys)


@pytest.mark.parametrize("harm", [damage, Path.unlink])
def test_a_damaged_source_is_repaired_as_the_message_says(
    index: Path, tmp_path: Path, harm: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "documents").mkdir()
    make_pdf(tmp_path / "documents" / "pump.pdf", [PUMP])

    def ingest() -> None:
        ingest_job(index, BagOfWordsEncoder()).run(discover([tmp_path / "documents"]))

    ingest()
    (source,) = (index / "sources").iterdir()
    harm(source)
    assert main(["index", "verify"]) == 1
    out = capsys.readouterr().out
    assert f"source {source.name[:12]}" in out
    assert harm is Path.unlink or f"remove {source} and ingest" in out
    source.unlink(missing_ok=True)
    ingest()
    assert main(["index", "verify"]) == 0


class TestRollback:
    def test_to_the_one_before(self, index: Path, two: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["index", "rollback"]) == 0
        out = capsys.readouterr().out
        assert out.startswith(f"generation {two[0]} is current now; a running service takes it within seconds.")
        assert current(index) == two[0]

    def test_forth_again(self, index: Path, two: tuple[str, str]) -> None:
        assert main(["index", "rollback"]) == 0
        assert main(["index", "rollback", two[1]]) == 0
        assert current(index) == two[1]

    def test_not_to_a_damaged_one(self, index: Path, two: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        damage(index / "gen" / two[0] / "vectors.faiss")
        assert main(["index", "rollback"]) == 1
        assert "vectors.faiss" in line_of(capsys)
        assert current(index) == two[1]

    def test_there_is_none_before(self, index: Path, capsys: pytest.CaptureFixture[str]) -> None:
        only = add(index, pump=PUMP)
        assert main(["index", "rollback"]) == 1
        assert f"there is no generation before {only}" in line_of(capsys)


class TestGarbage:
    def test_what_is_kept(self, index: Path, two: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        third = add(index, valve=VALVE)
        assert main(["index", "gc"]) == 0  # three stay by default
        assert capsys.readouterr().out == "0 generations and 0 sources removed, 0.0 MB freed\n"
        assert main(["index", "gc", "--keep", "1"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[:2] == [f"removed generation {two[1]}", f"removed generation {two[0]}"]
        assert lines[2].startswith("2 generations and 1 source removed, ")
        assert [path.name for path in (index / "gen").iterdir()] == [third]
        assert [path.name for path in (index / "sources").iterdir()] == [id_of("valve.pdf", [VALVE])]
        assert main(["index", "verify", "--all"]) == 0

    def test_the_setting(self, index: Path, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RAG_KEEP_GENERATIONS", "1")
        assert main(["index", "gc"]) == 0
        assert [path.name for path in (index / "gen").iterdir()] == [two[1]]

    @pytest.mark.parametrize("number", ["0", "-1", "x"])
    def test_wrong_usage(self, number: str) -> None:
        with pytest.raises(SystemExit) as caught:
            main(["index", "gc", "--keep", number])
        assert caught.value.code == 2


class TestStorage:
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"file://{tmp_path}/storage"

    def test_there_and_back(
        self,
        url: str,
        index: Path,
        two: tuple[str, str],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        assert main(["index", "push", url]) == 0
        assert main(["index", "push", url, "--generation", two[0]]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith(f"generation {two[1]} is in {url}: 13 of 13 files sent, 0.0 MB")
        assert lines[1].startswith(f"generation {two[0]} is in {url}: ")
        monkeypatch.setenv("RAG_INDEX", str(index.with_name("replica")))
        assert main(["index", "pull", url]) == 0
        assert current(index.with_name("replica")) == two[0]
        assert main(["index", "pull", url, "--generation", two[1]]) == 0
        assert current(index.with_name("replica")) == two[1]
        assert main(["index", "verify", "--all"]) == 0
        assert main(["index", "pull", url, "--generation", two[1]]) == 0
        line = capsys.readouterr().out.splitlines()[-1]
        assert line.startswith(f"generation {two[1]} is current now: 0 files received")

    def test_the_setting(self, url: str, index: Path, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        main(["index", "push", url, "--generation", two[0]])
        monkeypatch.setenv("RAG_KEEP_GENERATIONS", "1")
        assert main(["index", "pull", url]) == 0
        assert [path.name for path in (index / "gen").iterdir()] == [two[0]]

    @pytest.mark.parametrize("action", ["push", "pull"])
    def test_no_storage(self, action: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["index", action, "backup"]) == 1
        assert line_of(capsys) == "error: backup is no URL; one is s3://bucket/prefix, or file:///backup/pageproof"

    def test_nothing_was_pushed(self, url: str, index: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["index", "pull", url]) == 1
        assert f"push one: python -m rag index push {url}" in line_of(capsys)
        assert not index.exists()


@pytest.mark.parametrize(
    "action", [["list"], ["verify"], ["verify", "--all"], ["rollback"], ["gc"], ["push", "file:///nowhere/storage"]]
)
def test_no_index(action: list[str], index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", *action]) == 1
    assert line_of(capsys) == f"error: no index in {index}; make one: python -m ingest PATH"
    assert not index.exists()


@pytest.mark.parametrize("action", ["rollback", "gc", "pull"])
def test_another_writer(action: str, index: Path, two: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    url = [f"file://{index}/../storage"] if action == "pull" else []
    if url:
        main(["index", "push", *url])
        capsys.readouterr()
    with open_writer(index):
        assert main(["index", action, *url]) == 75
    assert "another ingest is at work" in line_of(capsys)
    assert current(index) == two[1]


def test_nothing_heavy_is_loaded() -> None:
    heavy = "faiss bm25s torch openvino onnxruntime tokenizers llama_cpp fastapi httpx pypdfium2 jinja2 fsspec"
    code = (
        "import sys, rag.cli.main; "
        f"print([name for name in {heavy.split()} if name in sys.modules]); "
        "sys.exit(rag.cli.main.main(['index', 'list']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n"
    assert done.returncode == 1
    assert done.stderr.startswith("error: no index")


class TestCollections:
    def test_one_is_listed_apart(self, index: Path, capsys: pytest.CaptureFixture[str]) -> None:
        add(index, pump=PUMP)
        other = add(index / "collections" / "other", valve=VALVE)
        assert main(["index", "list", "--json", "--collection", "other"]) == 0
        listed = json.loads(capsys.readouterr().out)
        assert (listed["index"], listed["current"]) == (str(index / "collections" / "other"), other)
        assert main(["index", "verify", "--collection", "default"]) == 0

    @pytest.mark.parametrize("name", ["pipes", "../other", "Other", "\udcff"])
    def test_unknown_and_bad_names(self, index: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
        add(index / "collections" / "other", valve=VALVE)
        for command in (["index", "gc"], ["ask", "why"], ["eval", "questions.jsonl"], ["calibrate"]):
            assert main([*command, "--collection", name]) == 2
            assert line_of(capsys).endswith("there are: default, other")
