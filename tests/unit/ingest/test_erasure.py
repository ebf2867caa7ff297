"""Erasure: nothing of a document is left in any file, and nothing else is lost."""

from __future__ import annotations

import json
import shutil
import unicodedata
from pathlib import Path

import pytest

from ingest.__main__ import main
from ingest.discovery import discover
from ingest.erasure import Erasure, erase
from ingest.reporting.report import Report
from rag.errors import DocumentUnknown, IndexBusy, IndexMissing
from rag.index.current_index import CurrentIndex
from rag.index.layout import IndexLayout
from rag.index.maintenance import list_generations, verify_generation
from rag.index.reading import open_current, read_current
from rag.index.writer import open_writer
from rag.testing import BagOfWordsEncoder
from tests.fakes import ingest_job, tiny_pdf

SECRET = "The secret of the harbour is that Ingrid Solberg owns the blue crane."
VERSION = "In an older version the secret of the harbour was a yellow submarine."
OTHER = "The valve of the pump is red and opens to the left in winter."


class Office:
    """A folder, an index of it, and records."""

    def __init__(self, root: Path) -> None:
        self.folder, self.index, self.records = root / "documents", root / "index", root / "records"
        self.folder.mkdir()
        self.records.mkdir()
        self.encoder = BagOfWordsEncoder()

    def put(self, name: str, text: str) -> None:
        (self.folder / name).write_bytes(text.encode() if name.endswith(".txt") else tiny_pdf([text]))

    def run(self) -> Report:
        return ingest_job(self.index, self.encoder, keep=9).run(discover([self.folder]), [self.folder])

    def erase(self, *names: str) -> Erasure:
        return erase(self.index, names, self.records)

    def names(self) -> list[str]:
        generation = open_current(self.index, self.encoder.identity)
        names = [name for document in generation.documents for name in document.names]
        generation.close()
        return names

    def files_with(self, *texts: str) -> list[str]:
        """Every file beside the documents that has one of the texts, in its bytes or its name."""
        paths = [path for root in (self.index, self.records) for path in root.rglob("*") if path.is_file()]
        return [
            str(path) for path in paths for text in texts if text.encode() in path.read_bytes() or text in path.name
        ]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Three generations; the document to erase is in all of them, in two versions."""
    made = Office(tmp_path)
    made.put("secret.txt", VERSION)
    made.put("valve.pdf", OTHER)
    made.run()
    made.put("secret.txt", f"{SECRET}\n{OTHER}")
    made.run()
    made.put("lid.pdf", "The lid is held by four screws of brass.")
    made.run()
    return made


def test_nothing_of_it_is_left(office: Office) -> None:
    ids = digests(office, "secret.txt")
    (office.records / "one.json").write_text(json.dumps({"answer": SECRET}))
    (office.records / "two.json").write_text(json.dumps({"document": ids[0]}))
    (office.records / "three.json").write_text(json.dumps({"answer": OTHER}))
    assert office.files_with(SECRET, VERSION, "secret.txt", *ids)
    erasure = office.erase("secret.txt")
    assert office.files_with(SECRET, VERSION, "Solberg", "solberg", "submarin", "secret.txt", *ids) == []
    assert (erasure.names, erasure.contents, erasure.removed_records) == (["secret.txt"], 2, 2)
    assert (len(erasure.removed_generations), erasure.found_in) == (3, [])
    assert erasure.pieces > 3
    assert erasure.documents == [str(office.folder / "secret.txt")]
    assert [path.name for path in office.records.iterdir()] == ["three.json"]


def test_guides_to_it_go_too(office: Office) -> None:
    layout = IndexLayout(office.index)
    for document_id in (*digests(office, "secret.txt"), *digests(office, "valve.pdf")[:1]):
        layout.guide(document_id).mkdir(parents=True, exist_ok=True)
        (layout.guide(document_id) / "guide.json").write_text(json.dumps({"document_id": document_id}))
    kept = digests(office, "valve.pdf")[0]
    assert office.erase("secret.txt").found_in == []
    assert [path.name for path in layout.guides.iterdir()] == [kept]


def test_of_what_people_have_said_only_lines_go(office: Office) -> None:
    lines = [{"id": "1", "answers": [SECRET]}, {"id": "2", "answers": [OTHER]}, {"id": "3", "document": "lid.pdf"}]
    feedback = office.records / "questions.jsonl"
    feedback.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert office.erase("secret.txt").removed_records == 1
    assert [json.loads(line)["id"] for line in feedback.read_text().splitlines()] == ["2", "3"]


def digests(office: Office, name: str) -> list[str]:
    """SHA-256 of each version of a document."""
    manifests = [json.loads(path.read_text()) for path in (office.index / "gen").glob("*/manifest.json")]
    return [row["sha256"] for manifest in manifests for row in manifest["sources"] if row["path"] == name]


def test_the_others_are_as_before(office: Office) -> None:
    erasure = office.erase("secret.txt")
    assert erasure.generation == read_current(IndexLayout(office.index))[0]
    verify_generation(office.index, erasure.generation)
    assert office.names() == ["lid.pdf", "valve.pdf"]
    (office.folder / "secret.txt").unlink()
    assert not office.run().published
    (office.folder.parent / "clean").mkdir()
    clean = Office(office.folder.parent / "clean")
    shutil.copytree(office.folder, clean.folder, dirs_exist_ok=True)
    generation = clean.run().generation
    for name in ("docstore.sqlite", "vectors.faiss"):
        parts = [
            root / "gen" / found / name
            for root, found in ((office.index, erasure.generation), (clean.index, generation))
        ]
        assert parts[0].read_bytes() == parts[1].read_bytes()


def test_one_that_only_older_generations_have(office: Office) -> None:
    (office.folder / "secret.txt").unlink()
    current = office.run().generation
    erasure = office.erase("secret.txt")
    # The report of the newest one named it as removed.
    assert erasure.generation != current
    assert office.files_with(SECRET, VERSION, "secret.txt") == []
    assert office.names() == ["lid.pdf", "valve.pdf"]


def test_a_generation_that_never_had_it_stays(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.put("valve.pdf", OTHER)
    first = office.run().generation
    office.put("secret.txt", SECRET)
    second = office.run().generation
    assert list(office.erase("secret.txt").removed_generations) == [second]
    assert first in [row.name for row in list_generations(office.index)]


def test_copies_under_other_names_belong_to_it(office: Office) -> None:
    office.put("copy.txt", f"{SECRET}\n{OTHER}")
    office.run()
    assert office.erase("secret.txt").names == ["copy.txt", "secret.txt"]
    assert office.names() == ["lid.pdf", "valve.pdf"]


def test_any_unicode_form_of_its_name(office: Office) -> None:
    office.put("Prüfbericht.txt", "The boiler was inspected on the seventh of May.")
    office.run()
    assert office.erase(unicodedata.normalize("NFD", "Prüfbericht.txt")).names == ["Prüfbericht.txt"]


def test_the_last_document(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.put("secret.txt", SECRET)
    office.run()
    serving = CurrentIndex(office.index, office.encoder.identity)
    assert len(serving.generation().documents) == 1
    erasure = office.erase("secret.txt")
    assert erasure.generation is None
    assert office.files_with(SECRET, "secret.txt") == []
    serving.refresh()
    with pytest.raises(IndexMissing):
        serving.generation()
    assert "No document is left in the index." in list(erasure.lines())


def test_a_file_that_could_not_be_read(office: Office) -> None:
    (office.folder / "broken.pdf").write_bytes(b"broken")
    office.put("crane.pdf", "The crane lifts eight tons of steel at most.")
    office.run()
    assert office.erase("broken.pdf").names == ["broken.pdf"]
    assert office.files_with("broken.pdf") == []


def test_killed_on_the_way_it_is_finished_by_the_next(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    steps = 0

    def move_away(path: Path, layout: IndexLayout) -> None:
        nonlocal steps
        steps += 1
        if steps == limit:
            raise Killed
        path.rename(layout.trash / f"{path.name}-{steps}")

    limit = 1
    while True:
        steps = 0
        monkeypatch.setattr("rag.index.erasure.durable_files.move_away", move_away)
        try:
            office.erase("secret.txt")
        except Killed:
            limit += 1
            continue
        break
    assert limit > 3
    with open_writer(office.index):
        pass  # empties the trash
    assert office.files_with(SECRET, VERSION, "secret.txt") == []
    assert office.names() == ["lid.pdf", "valve.pdf"]


@pytest.mark.parametrize("name", ["nothing.pdf", "secret", ""])
def test_an_unknown_name_erases_nothing(office: Office, name: str) -> None:
    before = sorted(str(path) for path in office.index.rglob("*"))
    with pytest.raises(DocumentUnknown, match="no generation"):
        office.erase(name, "valve.pdf")
    assert sorted(str(path) for path in office.index.rglob("*")) == before


def test_without_an_index_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing):
        erase(tmp_path / "index", ["a.pdf"], None)
    assert not (tmp_path / "index").exists()


def test_beside_another_writer(office: Office) -> None:
    with open_writer(office.index), pytest.raises(IndexBusy):
        office.erase("secret.txt")


def test_what_is_left_is_told(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAG_RECORDS", str(office.records))
    (office.index / "notes.txt").write_text(f"Somebody has written here: {SECRET}")
    assert main(["--erase", "secret.txt", "--index", str(office.index), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["found_in"]
    assert found == [str(office.index / "notes.txt")]


def test_at_the_command_line(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--erase", "secret.txt", "--erase", "lid.pdf", "--index", str(office.index)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "Erased lid.pdf, secret.txt (3 versions), with 3 generations and 0 records.\nGeneration 00000"
    )
    assert "nothing is left." in out
    assert str(office.folder / "secret.txt") in out


@pytest.mark.parametrize("arguments", [["folder", "--erase", "a.pdf"], ["--erase"]])
def test_wrong_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_another_collection_keeps_its_own(office: Office) -> None:
    other, records = office.index / "collections" / "other", office.records / "collections" / "other"
    ingest_job(other, office.encoder).run(discover([office.folder]), [office.folder])
    records.mkdir(parents=True)
    (records / "one.json").write_text(json.dumps({"answer": SECRET}))
    erasure = office.erase("secret.txt")
    assert (erasure.found_in, erasure.removed_records) == ([], 0)
    generation = open_current(other, office.encoder.identity)
    assert "secret.txt" in [document.name for document in generation.documents]
    generation.close()
    assert (records / "one.json").is_file()
    # There it is erased by its own run.
    assert erase(other, ["secret.txt"], records).removed_records == 1
