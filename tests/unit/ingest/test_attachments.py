"""Attached files of a PDF: documents of their own, or named with the reason why they are not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ingest.chunking import Chunker
from ingest.discovery import discover
from ingest.erasure import erase
from ingest.readers.limits import ReadingLimits
from ingest.readers.source import ReadingOptions
from ingest.reading import Cutting, Reading, ReadRequest, read_document
from ingest.reporting.report import Report
from rag.domain.attached_file import AttachedFile
from rag.errors import DocumentUnknown, FileFault
from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.pdf.document import render_page
from rag.testing import BagOfWordsEncoder
from tests.fakes import ingest_job, tiny_pdf
from tests.unit.ingest.pdf.objects import page_of, shown

JUNE = tiny_pdf(["It comes in June.", "It goes in July."])
CRANE = b"The crane is red."


def with_files(text: str, files: Mapping[str, bytes], *, marked: Mapping[str, bytes] | None = None) -> bytes:
    """A PDF of one page with embedded files, and with others in annotations."""
    names, annotations, extra = "", "", list[str | bytes]()
    embedded = [(*one, False) for one in files.items()] + [(*one, True) for one in (marked or {}).items()]
    for name, data, is_marked in embedded:
        number = 5 + len(extra)
        extra.append(f"<</Type/Filespec/F({name})/UF({name})/EF<</F {number + 1} 0 R>>>>")
        extra.append(b"<</Type/EmbeddedFile/Length %d>>stream\n%s\nendstream" % (len(data), data))
        if is_marked:
            annotations += f"<</Type/Annot/Subtype/FileAttachment/Rect[9 9 30 30]/FS {number} 0 R>>"
        else:
            names += f"({name}){number} 0 R"
    return page_of(
        shown(text, 700) if text else "",
        catalog=f"/Names<</EmbeddedFiles<</Names[{names}]>>>>",
        page=f"/Annots[{annotations}]",
        extra=extra,
    )


class Desk:
    """A folder and its index."""

    def __init__(self, root: Path) -> None:
        self.folder, self.index, self.encoder = root / "documents", root / "index", BagOfWordsEncoder()
        self.folder.mkdir()

    def put(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)

    def run(self, *, rebuild: bool = False, folder: Path | None = None) -> Report:
        folder = folder or self.folder
        job = ingest_job(self.index, self.encoder, keep=9, rebuild=rebuild)
        return job.run(discover([folder]), [folder], "refuse")

    def open(self) -> Generation:
        return open_current(self.index, self.encoder.identity)

    def texts(self) -> dict[str, list[str]]:
        """Texts of the pages of each document, under its first name."""
        generation = self.open()
        try:
            return {
                one.name: [generation.page(one.id, number).text for number in range(1, one.pages + 1)]
                for one in generation.documents
            }
        finally:
            generation.close()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def statuses(report: Report) -> dict[str, str]:
    return {row.path: row.status for row in report.files}


def read(path: Path) -> Reading:
    cutting = Cutting(Chunker(), lambda text: len(text.split()), 500)
    return read_document(ReadRequest(path, ".pdf"), cutting, ReadingOptions(ReadingLimits(), ocr="off"))


class TestReading:
    def test_files_of_the_tree_and_of_annotations(self, tmp_path: Path) -> None:
        path = tmp_path / "a.pdf"
        path.write_bytes(with_files("See.", {"a.txt": b"A.", "b.zip": b"PK"}, marked={"c.md": b"C.", "a.txt": b"A."}))
        assert read(path).attached == [
            AttachedFile("c.md", b"C."),
            AttachedFile("a.txt", b"A."),
            AttachedFile("b.zip", None),
        ]

    def test_names_are_unique_and_without_folders(self, tmp_path: Path) -> None:
        path = tmp_path / "a.pdf"
        path.write_bytes(with_files("See.", {"x/a.txt": b"A.", "../y/a.txt": b"B.", "z/a.txt": b"C.", "q/r": b""}))
        assert [file.name for file in read(path).attached] == ["a.txt", "a (2).txt", "a (3).txt", "r"]

    def test_more_files_than_are_read(self, tmp_path: Path) -> None:
        path = tmp_path / "a.pdf"
        path.write_bytes(with_files("See.", {f"{number}.txt": b"Word %d." % number for number in range(60)}))
        attached = read(path).attached
        assert len(attached) == 51
        assert (attached[-1].name, attached[-1].fault) == ("10 more", "too_large")

    def test_large_files_are_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rag.pdf.attachments.LARGEST_ATTACHED", 5)
        path = tmp_path / "a.pdf"
        path.write_bytes(with_files("See.", {"a.txt": b"A long text.", "b.txt": b"B.", "c.txt": b""}))
        assert [(one.name, one.fault) for one in read(path).attached] == [
            ("a.txt", "too_large"),
            ("b.txt", None),
            ("c.txt", "malformed"),
        ]

    def test_a_portfolio_lists_its_files(self, tmp_path: Path) -> None:
        path = tmp_path / "a.pdf"
        path.write_bytes(with_files("", {"b.txt": CRANE, "c.zip": b"PK"}))
        (page,) = read(path).record.pages
        assert page.text == "Attached files:\n- b.txt\n- c.zip"

    def test_a_blank_page_without_files_has_no_text(self, tmp_path: Path) -> None:
        (tmp_path / "a.pdf").write_bytes(with_files("", {}))
        with pytest.raises(FileFault, match="blank"):
            read(tmp_path / "a.pdf")

    @pytest.mark.parametrize("tree", ["[(a)1 0 R]", "[(a)3 0 R(b)]", "[]", "7", "[(a)<</EF<</F 4 0 R>>>>]"])
    def test_hostile_trees_of_names(self, tmp_path: Path, tree: str) -> None:
        catalog = f"/Names<</EmbeddedFiles<</Names {tree}/Kids[1 0 R 1 0 R]>>>>"
        annotations = "/Annots[<</Subtype/FileAttachment/Rect[9 9 30 30]/FS 3 0 R>> 3 0 R]"
        (tmp_path / "a.pdf").write_bytes(page_of(shown("See.", 700), catalog=catalog, page=annotations))
        assert read(tmp_path / "a.pdf").record.pages[0].text == "See."


class TestDocuments:
    def test_they_are_documents_of_their_own(self, desk: Desk) -> None:
        desk.put("a.pdf", with_files("See the annex.", {"annex b.pdf": JUNE, "note.txt": CRANE}))
        report = desk.run()
        assert desk.texts() == {
            "a.pdf": ["See the annex."],
            "a.pdf › annex b.pdf": ["It comes in June.", "It goes in July."],
            "a.pdf › note.txt": ["The crane is red."],
        }
        assert set(statuses(report).values()) == {"ok"}

    def test_their_pages_are_drawn(self, desk: Desk, tmp_path: Path) -> None:
        desk.put("a.pdf", with_files("See the annex.", {"b.pdf": JUNE}))
        (tmp_path / "b.pdf").write_bytes(JUNE)
        desk.run()
        generation = desk.open()
        (annex,) = [one for one in generation.documents if one.name == "a.pdf › b.pdf"]
        assert render_page(generation.source(annex.id), 2) == render_page(tmp_path / "b.pdf", 2)
        page = generation.page(annex.id, 2)
        (box,) = page.boxes(page.text.index("July"), page.text.index("July") + 4)
        assert 842 - 720 - 12 < box.y0 < box.y1 < 842 - 720 + 12

    def test_a_question_to_a_document_is_one_to_its_attached_files(self, desk: Desk) -> None:
        desk.put("a.pdf", with_files("See the annex.", {"b.pdf": JUNE}))
        desk.put("c.txt", CRANE)
        desk.run()
        generation = desk.open()
        assert generation.names_of(["a.pdf"]) == ("a.pdf", "a.pdf › b.pdf")
        assert generation.names_of(["a.pdf › b.pdf"]) == ("a.pdf › b.pdf",)
        assert generation.names_of(["c.txt"]) == ("c.txt",)
        generation.close()

    def test_what_is_not_read_is_named(self, desk: Desk) -> None:
        inner = with_files("Inner.", {"deep.txt": b"Deep."})
        files = {"a.zip": b"PK", "broken.pdf": b"%PDF-1.4", "empty.pdf": tiny_pdf([""]), "inner.pdf": inner}
        desk.put("a.pdf", with_files("See.", files))
        expected = {
            "a.pdf": "ok",
            "a.pdf › a.zip": "unsupported",
            "a.pdf › broken.pdf": "malformed",
            "a.pdf › empty.pdf": "empty_text",
            "a.pdf › inner.pdf": "ok",
            "a.pdf › inner.pdf › deep.txt": "unsupported",
        }
        assert statuses(desk.run()) == expected
        # Nothing is read again, and all are named again.
        assert statuses(desk.run()) == {
            name: "unchanged" if status == "ok" else status for name, status in expected.items()
        }

    def test_they_stay_while_their_document_does(self, desk: Desk) -> None:
        desk.put("a.pdf", with_files("See.", {"b.txt": CRANE}))
        desk.run()
        desk.put("other.txt", b"Other words.")
        report = desk.run()
        assert statuses(report) == {"a.pdf": "unchanged", "a.pdf › b.txt": "unchanged", "other.txt": "ok"}
        assert report.embedded == 1
        (desk.folder / "a.pdf").rename(desk.folder / "c.pdf")
        report = desk.run()
        assert statuses(report)["c.pdf › b.txt"] == "ok"
        assert report.embedded == 0
        (desk.folder / "c.pdf").unlink()
        assert statuses(desk.run()) == {"other.txt": "unchanged", "c.pdf": "removed", "c.pdf › b.txt": "removed"}
        assert list(desk.texts()) == ["other.txt"]

    def test_an_index_made_in_steps_is_that_of_one_run(self, desk: Desk, tmp_path: Path) -> None:
        desk.put("b.pdf", with_files("First.", {"z.txt": CRANE, "y.txt": b"Year words."}))
        desk.run()
        desk.put("a.pdf", with_files("Second.", {"z.txt": CRANE, "x.pdf": JUNE}))
        desk.run()
        desk.put("x.pdf", JUNE)
        steps = statuses(desk.run())
        made = desk.texts()
        generation = desk.open()
        names = {one.names for one in generation.documents}
        generation.close()
        desk.index = tmp_path / "other"
        assert {name for name, status in statuses(desk.run()).items() if status == "duplicate"} == {
            name for name, status in steps.items() if status == "duplicate"
        }
        assert desk.texts() == made
        assert {one.names for one in desk.open().documents} == names
        assert ("x.pdf", "a.pdf › x.pdf") in names
        assert ("a.pdf › z.txt", "b.pdf › z.txt") in names

    def test_rebuilding_reads_them_again(self, desk: Desk) -> None:
        desk.put("a.pdf", with_files("See.", {"b.txt": CRANE}))
        desk.run()
        assert statuses(desk.run(rebuild=True)) == {"a.pdf": "ok", "a.pdf › b.txt": "ok"}

    def test_a_moved_folder_loses_nothing(self, desk: Desk, tmp_path: Path) -> None:
        desk.put("a.pdf", with_files("See.", {"b.txt": CRANE}))
        desk.run()
        moved = desk.folder.rename(tmp_path / "moved")
        assert set(statuses(desk.run(folder=moved)).values()) == {"unchanged"}

    def test_other_folders_keep_theirs(self, desk: Desk, tmp_path: Path) -> None:
        desk.put("a.pdf", with_files("See.", {"b.txt": CRANE}))
        desk.run()
        other = tmp_path / "other"
        other.mkdir()
        (other / "c.txt").write_bytes(b"Other words.")
        ingest_job(desk.index, desk.encoder).run(discover([other]), [other], "keep")
        assert set(desk.texts()) == {"a.pdf", "c.txt", "a.pdf › b.txt"}


class TestErasure:
    def test_a_document_goes_with_its_attached_files(self, desk: Desk) -> None:
        desk.put("a.pdf", with_files("See the annex.", {"b.txt": b"The secret crane is red and blue."}))
        desk.put("c.txt", b"Other words.")
        desk.run()
        erasure = erase(desk.index, ["a.pdf"], None)
        assert (erasure.names, erasure.found_in) == (["a.pdf", "a.pdf › b.txt"], [])
        assert list(desk.texts()) == ["c.txt"]
        assert not [path for path in desk.index.rglob("*") if path.is_file() and b"secret crane" in path.read_bytes()]

    def test_attached_files_that_are_other_documents_stay(self, desk: Desk) -> None:
        desk.put("a.pdf", with_files("See the annex.", {"b.txt": CRANE}))
        desk.put("c.txt", CRANE)
        desk.run()
        assert erase(desk.index, ["a.pdf"], None).names == ["a.pdf", "a.pdf › b.txt"]
        assert list(desk.texts()) == ["c.txt"]

    @pytest.mark.parametrize("name", ["a.pdf › b.txt", "c.txt"])
    def test_what_another_document_holds_is_refused(self, desk: Desk, name: str) -> None:
        desk.put("a.pdf", with_files("See the annex.", {"b.txt": CRANE}))
        desk.put("c.txt", CRANE)
        desk.run()
        with pytest.raises(DocumentUnknown, match=r"part of 'a\.pdf', to which it is attached: erase that"):
            erase(desk.index, [name], None)
        assert len(desk.texts()) == 2
