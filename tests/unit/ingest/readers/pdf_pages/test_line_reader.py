"""Lines of a PDF: OCR of pages without text, with a stamp, or with garbled text, and where there is no OCR."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.pdf.page_text import Line, Piece
from ingest.pdf.reading import PdfFile
from ingest.readers import pdf
from ingest.readers.limits import ReadingLimits
from ingest.readers.ocr import Pixels, Tesseract
from ingest.readers.pdf import read_pdf
from ingest.readers.pdf_pages import line_reader
from ingest.readers.source import ReadingOptions, Remark
from rag.domain.values import Box
from rag.errors import FileFault
from tests.fakes import DRAWING, make_pdf

OFF = ReadingOptions(ReadingLimits(), ocr="off")


class FakeTesseract(Tesseract):
    """Recognizes the same text on every page."""

    said = ""
    broken = False
    degrees = 0

    def read(self, picture: Pixels) -> tuple[list[Line], int]:
        return self.lines(picture), self.degrees

    def lines(self, picture: Pixels) -> list[Line]:
        assert len(picture.data) == picture.width * picture.height
        if self.broken:
            raise FileFault("unreadable", "it took too long")
        pieces = [
            Piece(word, Box(72 + 40 * n, 72, 108 + 40 * n, 84), 11.0, bold=False)
            for n, word in enumerate(self.said.split())
        ]
        return [Line(pieces)] if pieces else []


@pytest.fixture
def tesseract(monkeypatch: pytest.MonkeyPatch) -> FakeTesseract:
    fake = FakeTesseract("/usr/bin/tesseract", "5.0", ("eng",))
    monkeypatch.setattr(pdf, "find_tesseract", lambda _languages: fake)
    return fake


AUTO = ReadingOptions(ReadingLimits())
FORCE = ReadingOptions(ReadingLimits(), ocr="force")
SOUP = "Wkh txlfn eurzq grj mxpsv kljk dqg fdwfkhv iurjv iurp wkh vwuhdp " * 8


def soup_pdf(path: Path) -> Path:
    return make_pdf(path, ["Good text.", "\n".join(SOUP[start : start + 66] for start in range(0, len(SOUP), 66))])


class TestOcr:
    def say(self, tesseract: FakeTesseract, text: str, *, broken: bool = False) -> None:
        object.__setattr__(tesseract, "said", text)
        object.__setattr__(tesseract, "broken", broken)

    def test_words_of_a_page_on_its_side_are_where_they_are_shown(
        self, tmp_path: Path, tesseract: FakeTesseract
    ) -> None:
        self.say(tesseract, "Seen words")
        object.__setattr__(tesseract, "degrees", 90)
        (page,) = read_pdf(make_pdf(tmp_path / "a.pdf", [DRAWING]), AUTO).pages
        assert (round(page.width), round(page.height)) == (595, 842)
        assert [page.text[word.start : word.end] for word in page.words] == ["Seen", "words"]
        # To the right of the other one when turned, above it as shown.
        assert [(box.x0, box.x1, round(box.y0), round(box.y1)) for _, _, box in page.words] == [
            (72, 84, 842 - 108, 842 - 72),
            (72, 84, 842 - 148, 842 - 112),
        ]

    def test_of_pages_without_text_only(self, tmp_path: Path, tesseract: FakeTesseract) -> None:
        self.say(tesseract, "Seen words")
        source = read_pdf(make_pdf(tmp_path / "a.pdf", ["Text.", DRAWING, ""]), AUTO)
        assert [page.text for page in source.pages] == ["Text.", "Seen words", ""]
        assert source.remarks == [Remark(2, "ocr", "tesseract 5.0 eng"), Remark(3, "empty", "blank")]
        assert source.reason is None
        assert source.pages[1].boxes(0, 4) == (Box(72, 72, 108, 84),)

    def test_of_a_scan_with_a_stamp(
        self, tmp_path: Path, tesseract: FakeTesseract, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(line_reader, "_ink", lambda _file, _number: 20_000)
        path = make_pdf(tmp_path / "a.pdf", ["Received 4 May"])
        self.say(tesseract, "Received 4 May. " + "And a whole letter of many words. " * 9)
        assert read_pdf(path, AUTO).pages[0].text.startswith("Received 4 May. And")
        self.say(tesseract, "Received 4 May, with a few words that are in a picture.")
        assert read_pdf(path, AUTO).pages[0].text == "Received 4 May"
        assert read_pdf(path, AUTO).remarks == [Remark(1, "figure")]

    def test_a_page_with_text_is_not_rendered_where_it_is_off(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(line_reader, "_ink", lambda _file, _number: pytest.fail("it may take minutes"))
        source = read_pdf(make_pdf(tmp_path / "a.pdf", ["Received 4 May"]), OFF)
        assert source.remarks == []
        assert source.reason is None

    def test_a_scan_in_large_print_is_no_heading(self, tmp_path: Path, tesseract: FakeTesseract) -> None:
        self.say(tesseract, "Seen words")  # of 11 points
        body = "\n".join(["Text of eleven points."] * 3)
        small = make_pdf(tmp_path / "a.pdf", [body, DRAWING], size=7)
        assert read_pdf(small, AUTO).pages[1].headings == ()

    @pytest.mark.usefixtures("tesseract")
    def test_that_finds_nothing(self, tmp_path: Path) -> None:
        source = read_pdf(make_pdf(tmp_path / "a.pdf", ["Text.", DRAWING]), AUTO)
        assert source.remarks == [Remark(2, "empty", "no words")]
        assert source.reason == "no text on page 2: images without words"

    def test_that_fails(self, tmp_path: Path, tesseract: FakeTesseract) -> None:
        self.say(tesseract, "", broken=True)
        source = read_pdf(make_pdf(tmp_path / "a.pdf", ["Text.", DRAWING]), AUTO)
        assert source.remarks == [Remark(2, "empty", "ocr failed")]
        assert source.reason == "no text on page 2: OCR failed or took too long"

    @pytest.mark.usefixtures("tesseract")
    def test_of_a_page_that_cannot_be_drawn(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_file: PdfFile, _number: int, **_options: object) -> None:
            raise FileFault("malformed", "a page cannot be read")

        monkeypatch.setattr(PdfFile, "picture", refuse)
        source = read_pdf(make_pdf(tmp_path / "a.pdf", ["Text.", DRAWING]), AUTO)
        assert source.pages[0].text == "Text."
        assert source.remarks == [Remark(2, "empty", "ocr failed")]

    def test_that_is_not_installed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pdf, "find_tesseract", lambda _languages: None)
        source = read_pdf(make_pdf(tmp_path / "a.pdf", ["Text.", DRAWING]), AUTO)
        assert source.remarks == [Remark(2, "empty", "ocr unavailable")]
        assert source.reason == "no text on page 2: a scan; install tesseract-ocr for OCR"
        assert read_pdf(make_pdf(tmp_path / "b.pdf", ["Text."]), AUTO).reason is None

    def test_that_is_forced_and_not_installed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pdf, "find_tesseract", lambda _languages: None)
        with pytest.raises(FileFault) as caught:
            read_pdf(make_pdf(tmp_path / "a.pdf", ["Text."]), FORCE)
        assert caught.value.status == "unreadable"
        assert "install tesseract-ocr" in caught.value.reason

    def test_forced_of_every_page(self, tmp_path: Path, tesseract: FakeTesseract) -> None:
        self.say(tesseract, "Seen words")
        source = read_pdf(make_pdf(tmp_path / "a.pdf", ["Text.", "More."]), FORCE)
        assert [page.text for page in source.pages] == ["Seen words"] * 2
        assert [remark.kind for remark in source.remarks] == ["ocr", "ocr"]

    @pytest.mark.usefixtures("tesseract")
    def test_forced_keeps_text_where_it_sees_none(self, tmp_path: Path) -> None:
        source = read_pdf(make_pdf(tmp_path / "a.pdf", ["Text."]), FORCE)
        assert (source.pages[0].text, source.remarks, source.reason) == ("Text.", [], None)

    def test_of_a_garbled_text_layer(self, tmp_path: Path, tesseract: FakeTesseract) -> None:
        seen = "The quick brown dog jumps high and catches frogs from the stream " * 8
        self.say(tesseract, seen)
        source = read_pdf(soup_pdf(tmp_path / "a.pdf"), AUTO)
        assert source.pages[1].text == seen.strip()
        assert source.remarks == [Remark(2, "ocr", "tesseract 5.0 eng")]

    @pytest.mark.parametrize(
        "seen", [pytest.param("", id="nothing"), pytest.param("The dog", id="little"), pytest.param(SOUP, id="soup")]
    )
    def test_that_is_no_better_than_a_garbled_layer(self, tmp_path: Path, tesseract: FakeTesseract, seen: str) -> None:
        self.say(tesseract, seen)
        source = read_pdf(soup_pdf(tmp_path / "a.pdf"), AUTO)
        assert source.pages[1].text.startswith("Wkh txlfn")
        assert source.remarks == [Remark(2, "suspect", "words that cannot be spoken")]
        assert source.reason == "garbled text on page 2"

    def test_of_a_garbled_text_layer_when_off(self, tmp_path: Path) -> None:
        source = read_pdf(soup_pdf(tmp_path / "a.pdf"), OFF)
        assert source.pages[1].text.startswith("Wkh txlfn")
        assert source.remarks == [Remark(2, "suspect", "ocr off")]
        assert source.reason == "garbled text on page 2; OCR is off"
