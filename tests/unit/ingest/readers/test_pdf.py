"""PDF reader: text and title, remarks on missing text, fallback, and faults."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.pdf.reading import PdfFile
from ingest.readers import pdf as module
from ingest.readers.limits import ReadingLimits
from ingest.readers.pdf import read_pdf as read_any_pdf
from ingest.readers.pdf import thumbnails
from ingest.readers.source import ReadingOptions, Remark, SourceText
from ingest.readers.titles import first_heading
from rag.domain.values import Page
from rag.errors import FileFault
from rag.pdf.document import render_page
from tests.fakes import DRAWING, make_pdf, tiny_pdf
from tests.unit.conftest import quick_folder
from tests.unit.ingest.pdf.objects import page_of, pdf_of, shown, stream

OFF = ReadingOptions(ReadingLimits(), ocr="off")


def read_pdf(path: Path, options: ReadingOptions = OFF) -> SourceText:
    return read_any_pdf(path, options)


def fault(path: Path) -> FileFault:
    with pytest.raises(FileFault) as caught:
        read_pdf(path)
    return caught.value


def texts(path: Path) -> list[str]:
    return [page.text for page in read_pdf(path).pages]


class TestWhole:
    def test_text_of_every_page(self, tmp_path: Path) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["First page.", "Second page."])
        assert texts(path) == ["First page.", "Second page."]
        assert read_pdf(path).reason is None

    def test_a_file_with_only_an_owner_password_is_read(self, tmp_path: Path) -> None:
        from reportlab.lib.pdfencrypt import StandardEncryption

        lock = StandardEncryption("", ownerPassword="secret", canPrint=0)
        path = make_pdf(tmp_path / "a.pdf", ["Open text."], password=lock)
        assert texts(path) == ["Open text."]


class TestTitle:
    @pytest.mark.parametrize(
        ("metadata", "title"),
        [
            pytest.param("The pump manual", "The pump manual", id="good"),
            pytest.param("  The pump \n manual ", "The pump manual", id="spaces"),
            pytest.param("Größe und Maß", "Größe und Maß", id="beyond ascii"),
            pytest.param("Document Retention Policy", "Document Retention Policy", id="about documents"),
            pytest.param("Documentation of the pump", "Documentation of the pump", id="documentation"),
            pytest.param("Untitled Works of the Bittern", "Untitled Works of the Bittern", id="about untitled works"),
            pytest.param("Notes on sys.textual output", "Notes on sys.textual output", id="a dot inside"),
            pytest.param(None, "Pump", id="none"),
            pytest.param("", "Pump", id="empty"),
            pytest.param("abc", "Pump", id="too short"),
            pytest.param("untitled", "Pump", id="untitled"),
            pytest.param("Document1", "Pump", id="document with a number"),
            pytest.param("Microsoft Word - manual.docx", "Pump", id="Word"),
            pytest.param("manual_final.pdf", "Pump", id="name of a file"),
            pytest.param("manual.INDD", "Pump", id="name of a file in capitals"),
            pytest.param("2402.03216v4", "Pump", id="number of a paper"),
            pytest.param("3M_2023Q2 10-Q", "Pump", id="underscores"),
            pytest.param("guide-for-keepers-web", "Pump", id="hyphens"),
            pytest.param("PowerPoint Presentation", "Pump", id="PowerPoint"),
            pytest.param("Microsoft PowerPoint - Folie 1", "Pump", id="name of a slide"),
            pytest.param("Slide 1", "Pump", id="slide"),
            pytest.param("Sans titre", "Pump", id="untitled in French"),
            pytest.param("Ohne Titel 2", "Pump", id="untitled in German"),
            pytest.param("Scanned Document", "Pump", id="scan"),
            pytest.param("Untitled spreadsheet", "Pump", id="spreadsheet"),
            pytest.param("Annual report - Final.docx", "Pump", id="name of a file with spaces"),
            pytest.param("C:\\Users\\ann\\plan.dwg", "Pump", id="path"),
            pytest.param("https://example.org/page", "Pump", id="address"),
            pytest.param("Layout of the harbour", "Layout of the harbour", id="about a layout"),
            pytest.param("Print and scan at work", "Print and scan at work", id="about scans"),
            pytest.param("Self-Reliance", "Self-Reliance", id="one word with a hyphen"),
            pytest.param("Annual Report 2024", "Annual Report 2024", id="words and a number"),
        ],
    )
    def test_from_metadata_or_the_first_heading(self, tmp_path: Path, metadata: str | None, title: str) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["# Pump\nThe pump is blue.\nIts lid is round."], title=metadata)
        assert read_pdf(path).title == title

    def test_the_largest_heading_of_the_first_page(self, tmp_path: Path) -> None:
        from reportlab.pdfgen.canvas import Canvas

        canvas = Canvas(str(tmp_path / "a.pdf"))
        for y, size, line in ((750, 14, "A small one"), (700, 24, "The largest"), (650, 10, "Text and more text.")):
            canvas.setFont("Helvetica", size)
            canvas.drawString(72, y, line)
        canvas.save()
        assert read_pdf(tmp_path / "a.pdf").title == "The largest"

    @pytest.mark.parametrize("first", ["Table of Contents", "Exhibit 10.1", "CONFIDENTIAL"])
    def test_not_a_heading_that_names_no_document(self, tmp_path: Path, first: str) -> None:
        pages = [f"# {first}\nSee below.\n# Pump\nThe pump is blue."]
        assert read_pdf(make_pdf(tmp_path / "a.pdf", pages)).title == "Pump"

    @pytest.mark.parametrize(
        ("text", "title"),
        [
            pytest.param("Road Transport\nAgreement\n\nParty A pays.", "Road Transport Agreement", id="paragraph"),
            pytest.param("Exhibit 8\n\nHosting agreement\n\nParty A pays.", "Hosting agreement", id="below an exhibit"),
            pytest.param("Party A pays the freight.\n\nParty B drives.", None, id="sentence"),
            pytest.param("Freight\n\nParty A pays.", None, id="one word"),
            pytest.param("1. Empty the tank\n2. Stop\n\nParty A pays.", None, id="list"),
            pytest.param("(a) freight charges\n\nParty A pays.", None, id="item"),
            pytest.param("Road Transport Agreement", None, id="all of the page"),
        ],
    )
    def test_the_paragraph_that_a_page_without_headings_opens_with(self, text: str, title: str | None) -> None:
        assert first_heading([Page(1, text, 595, 842)]) == title

    def test_neither(self, tmp_path: Path) -> None:
        assert read_pdf(make_pdf(tmp_path / "a.pdf", ["Only text.", "# Heading\nof page two."])).title is None


def labelled_pdf(path: Path, printed: Sequence[str], labels: Sequence[tuple[int, str, int]] = ()) -> Path:
    """A PDF with printed numbers in its footers, and page labels: first page, style and first number of each range."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path))
    for first, style, start in labels:
        canvas.addPageLabel(first, style=style, start=start)
    for number, text in enumerate(printed, start=1):
        canvas.drawString(72, 700, f"Text of sheet {number}.")
        canvas.drawString(300, 30, text)
        canvas.showPage()
    canvas.save()
    return path


def with_catalog(data: bytes, entries: str) -> bytes:
    """A file of :func:`tiny_pdf` with more entries in its catalog, as an incremental update."""
    before = data.rindex(b"startxref\n") + len("startxref\n")
    catalog = f"1 0 obj<</Type/Catalog/Pages 2 0 R{entries}>>endobj\n"
    size = data.count(b" 0 obj") + 1
    table = f"xref\n1 1\n{len(data) + 1:010} 00000 n \ntrailer<</Size {size}/Root 1 0 R/Prev {int(data[before:-6])}>>\n"
    update = f"\n{catalog}{table}startxref\n{len(data) + 1 + len(catalog)}\n%%EOF"
    return data + update.encode()


class TestLabels:
    PRINTED = ("", "i", "ii", "1", "2", "3", "4", "5")
    ROMAN_AND_ARABIC = ((0, "ROMAN_LOWER", 1), (3, "ARABIC", 1))

    @pytest.mark.parametrize(
        ("printed", "labels", "found"),
        [
            pytest.param(PRINTED, ROMAN_AND_ARABIC, ["i", "ii", "iii", *"12345"], id="declared"),
            pytest.param(PRINTED, (), [None, "i", "ii", *"12345"], id="printed"),
            pytest.param(PRINTED, ((0, "ARABIC", 1),), [None, "i", "ii", *"12345"], id="declared as counted"),
            pytest.param("12345678", (), [None] * 8, id="printed as counted"),
            pytest.param([""] * 8, ((0, "ARABIC", 1),), [None] * 8, id="neither"),
        ],
    )
    def test_of_a_file(
        self, tmp_path: Path, printed: Sequence[str], labels: Sequence[tuple[int, str, int]], found: list[str | None]
    ) -> None:
        source = read_pdf(labelled_pdf(tmp_path / "a.pdf", printed, labels))
        assert [page.label for page in source.pages] == found

    @pytest.mark.parametrize(
        "entries",
        [
            pytest.param("/Nums[0<</P(" + "x" * 100_000 + ")/S/D>>]", id="long prefix"),
            pytest.param("/Nums[0<</S/D/St 2147483647>>]", id="huge start"),
            pytest.param("/Nums[0<</S/r/St 2147483647>>]", id="huge Roman start"),
            pytest.param("/Nums[0<</S/D/St -5>>]", id="negative start"),
            pytest.param("/Nums[0<</P<FEFFD800>>>]", id="half a character"),
            pytest.param("/Nums[0<</P(\\007\\033[31m)>>]", id="control characters"),
            pytest.param("/Kids[1 0 R 1 0 R]", id="cycle"),
            pytest.param("/Nums[(x)]", id="no numbers"),
            pytest.param("/Nums 7", id="no list"),
        ],
    )
    def test_hostile_labels(self, tmp_path: Path, entries: str) -> None:
        (tmp_path / "a.pdf").write_bytes(with_catalog(tiny_pdf(["One.", "Two."]), f"/PageLabels<<{entries}>>"))
        source = read_pdf(tmp_path / "a.pdf")
        assert [page.text for page in source.pages] == ["One.", "Two."]
        assert source.remarks == []
        for page in source.pages:
            assert page.label is None or (0 < len(page.label) <= 20 and page.label.isprintable())
            (page.label or "").encode()


XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmp:CreateDate="2024-05-31T12:00:00+02:00"><dc:title><rdf:Alt><rdf:li>The pump</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>Ada Byron</rdf:li><rdf:li>Mary Lund</rdf:li></rdf:Seq></dc:creator></rdf:Description>
</rdf:RDF></x:xmpmeta>"""


class TestAuthorAndDate:
    def test_of_the_metadata(self, tmp_path: Path) -> None:
        import pypdf

        writer = pypdf.PdfWriter(make_pdf(tmp_path / "a.pdf", ["Text."], title="The pump"))
        writer.add_metadata({"/Author": "Łucja Żółć", "/CreationDate": "D:20240531120000+02'00'"})
        writer.write(tmp_path / "b.pdf")
        source = read_pdf(tmp_path / "b.pdf")
        assert (source.title, source.author, source.created) == ("The pump", "Łucja Żółć", "2024-05-31")

    def test_of_xmp(self, tmp_path: Path) -> None:
        (tmp_path / "a.pdf").write_bytes(page_of(shown("Text.", 700), catalog="/Metadata 5 0 R", extra=[stream(XMP)]))
        source = read_pdf(tmp_path / "a.pdf")
        assert (source.title, source.author, source.created) == ("The pump", "Ada Byron, Mary Lund", "2024-05-31")

    def test_defaults_of_a_program(self, tmp_path: Path) -> None:
        source = read_pdf(make_pdf(tmp_path / "a.pdf", ["Text."]))
        assert (source.author, source.created) == (None, None)

    @pytest.mark.parametrize("value", ["7", "[(Ada)]", "/Ada", "99 0 R", "<<>>", "<FEFFD800>"])
    def test_of_another_type(self, tmp_path: Path, value: str) -> None:
        info = f"trailer<</Info<</Author {value}/CreationDate {value}/Title(The pump)>>".encode()
        (tmp_path / "a.pdf").write_bytes(tiny_pdf(["Text."]).replace(b"trailer<<", info))
        source = read_pdf(tmp_path / "a.pdf")
        assert (source.title, source.created, source.pages[0].text) == ("The pump", None, "Text.")
        assert source.author is None or source.author.encode()


class TestMissing:
    @pytest.mark.parametrize(
        ("pages", "reason"),
        [
            pytest.param("x.", "no text on page 2: a scan; OCR is off", id="one"),
            pytest.param("x..x", "no text on pages 2-3: a scan; OCR is off", id="range"),
            pytest.param("x...x.x..", "no text on pages 2-4, 6, 8-9: a scan; OCR is off", id="ranges"),
            pytest.param(".x.", "no text on pages 1, 3: a scan; OCR is off", id="first and last"),
            pytest.param("x_.", "no text on page 3: a scan; OCR is off", id="a blank page lacks nothing"),
            pytest.param("x_", None, id="only a blank page"),
        ],
    )
    def test_pages_without_text(self, tmp_path: Path, pages: str, reason: str | None) -> None:
        made = {"x": "Text.", ".": DRAWING, "_": ""}
        source = read_pdf(make_pdf(tmp_path / "a.pdf", [made[page] for page in pages]))
        assert source.reason == reason
        assert [bool(page.text) for page in source.pages] == [page == "x" for page in pages]
        details = {"_": "blank", ".": "ocr off"}
        assert source.remarks == [
            Remark(number, "empty", details[page]) for number, page in enumerate(pages, 1) if page != "x"
        ]

    @pytest.mark.parametrize(("count", "said"), [(1, "1 page:"), (3, "3 pages:")])
    def test_no_text_at_all(self, tmp_path: Path, count: int, said: str) -> None:
        found = fault(make_pdf(tmp_path / "a.pdf", [DRAWING] * count))
        assert found.status == "empty_text"
        assert said in found.reason
        assert "OCR is off" in found.reason

    def test_nothing_but_blank_pages(self, tmp_path: Path) -> None:
        assert fault(make_pdf(tmp_path / "a.pdf", ["", ""])).reason == "no text on 2 pages: blank"


# A page in a font whose codes are numbers of glyphs, and that says of none which letter it is.
GLYPHS = (
    "/Type/Font/Subtype/Type0/BaseFont/Arial/Encoding/Identity-H/DescendantFonts[<</Type/Font/Subtype/CIDFontType2"
    "/BaseFont/Arial/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>]"
)


def glyphs_pdf(path: Path, codes: str, *, font: str = GLYPHS, more: str = "") -> Path:
    page = f"/Resources<</Font<</F<<{font}>>{more}>>>>"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R{page}>>",
        stream(f"BT /F 12 Tf 72 700 Td <{''.join(f'{ord(code):04x}' for code in codes)}> Tj ET"),
    ]
    path.write_bytes(pdf_of(objects))
    return path


class TestGlyphNumbers:
    @pytest.mark.parametrize(
        ("codes", "text"),
        [
            pytest.param("9ROXPHV", "9ROXPHV", id="one word"),
            pytest.param("7KH\x03VPDOO\x03GRJ\x03VOHHSV", "The small dog sleeps", id="letters were found"),
        ],
    )
    def test_of_little_text(self, tmp_path: Path, codes: str, text: str) -> None:
        source = read_pdf(glyphs_pdf(tmp_path / "a.pdf", codes))
        assert source.pages[0].text == text
        assert source.remarks == ([Remark(1, "suspect", "ocr off")] if text == codes else [])

    @pytest.mark.parametrize(
        ("font", "more"),
        [
            pytest.param(GLYPHS, "/G<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>", id="another font"),
            pytest.param(GLYPHS.replace("(Identity)", "(Japan1)"), "", id="glyphs of a known collection"),
        ],
    )
    def test_fonts_with_letters(self, tmp_path: Path, font: str, more: str) -> None:
        source = read_pdf(glyphs_pdf(tmp_path / "a.pdf", "9ROXPHV", font=font, more=more))
        assert source.remarks == []


class TestFallback:
    def test_of_a_page_where_pdfium_finds_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["First words.", "Second words."])
        lines = PdfFile.lines
        monkeypatch.setattr(
            PdfFile,
            "lines",
            lambda self, number: (lines(self, number)[0], []) if number == 2 else lines(self, number),
        )
        source = read_pdf(path)
        assert [page.text for page in source.pages] == ["First words.", "Second words."]
        assert source.pages[1].boxes(0, 6) == ()
        assert source.remarks == [Remark(2, "second_opinion")]
        assert source.reason == "no highlights on page 2"

    def test_of_a_file_that_pdfium_does_not_open(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_path: Path, _limits: ReadingLimits, **_options: object) -> None:
            raise FileFault("malformed", "not a readable PDF")

        path = make_pdf(tmp_path / "a.pdf", ["First words.", ""])
        monkeypatch.setattr(module, "open_pdf", refuse)
        source = read_pdf(path)
        assert source.pages[0].text == "First words."
        assert source.remarks == [Remark(1, "second_opinion"), Remark(2, "empty")]
        assert source.reason == "no highlights on page 1; no text on page 2: images?"

    def test_labels_of_a_file_that_pdfium_does_not_open(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_path: Path, _limits: ReadingLimits, **_options: object) -> None:
            raise FileFault("malformed", "not a readable PDF")

        monkeypatch.setattr(module, "open_pdf", refuse)
        declared = ((0, "ROMAN_LOWER", 3), (1, "ARABIC", 1))
        source = read_pdf(labelled_pdf(tmp_path / "a.pdf", ["", "", ""], declared))
        assert [page.label for page in source.pages] == ["iii", "1", "2"]
        source = read_pdf(labelled_pdf(tmp_path / "a.pdf", ["4", "5", "6"]))
        assert [page.label for page in source.pages] == [None] * 3


class TestLimits:
    @pytest.mark.parametrize(
        ("limits", "said"),
        [
            pytest.param(ReadingLimits(pages=2), "3 pages; at most 2", id="pages"),
            pytest.param(ReadingLimits(characters_per_page=20), "page 2 has ", id="page"),
            pytest.param(ReadingLimits(characters=30), "more than ", id="document"),
        ],
    )
    def test_too_large(self, tmp_path: Path, limits: ReadingLimits, said: str) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["Short.", "This page has more text than that.", "End."])
        with pytest.raises(FileFault) as caught:
            read_pdf(path, ReadingOptions(limits, ocr="off"))
        assert caught.value.status == "too_large"
        assert said in caught.value.reason


def test_thumbnails(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", ["One.", DRAWING])
    pictures = thumbnails(path, [2, 1], width=80)
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    assert [int.from_bytes(picture[16:20], "big") for picture in pictures] == [pytest.approx(80, abs=1)] * 2
    assert len(pictures[0]) < 4000


def test_a_page_that_is_cropped_to_nothing(tmp_path: Path) -> None:
    """There is nothing to draw; its text is read, for many viewers show the page without the crop."""
    crop = "/CropBox[700 900 800 990]"
    (tmp_path / "a.pdf").write_bytes(page_of(shown("Some see it.", 700), page=crop))
    assert [page.text for page in read_pdf(tmp_path / "a.pdf").pages] == ["Some see it."]
    (tmp_path / "a.pdf").write_bytes(page_of("72 72 99 99 re f", page=crop))
    with pytest.raises(FileFault, match="no text on 1 page: blank"):
        read_pdf(tmp_path / "a.pdf")
    with pytest.raises(FileFault, match="page 1 has no extent"):
        render_page(tmp_path / "a.pdf", 1)


class TestUnreadable:
    def test_zero_bytes(self, tmp_path: Path) -> None:
        (tmp_path / "a.pdf").write_bytes(b"")
        found = fault(tmp_path / "a.pdf")
        assert (found.status, found.reason) == ("malformed", "the file is empty (0 bytes)")

    def test_encrypted(self, tmp_path: Path) -> None:
        found = fault(make_pdf(tmp_path / "a.pdf", ["Text."], password="secret"))
        assert found.status == "encrypted"
        assert "password" in found.reason

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"garbage" * 100, id="garbage"),
            pytest.param(b"%PDF-1.7\n", id="only the header"),
            pytest.param(b"%PDF-1.7\ntrailer << /Root 1 0 R >>\nstartxref\n9\n%%EOF", id="no objects"),
            pytest.param(b"PK\x03\x04" + b"\0" * 100, id="an archive"),
        ],
    )
    def test_malformed(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "a.pdf").write_bytes(data)
        found = fault(tmp_path / "a.pdf")
        assert found.status == "malformed"
        assert "\n" not in found.reason

    @given(st.binary(min_size=1, max_size=200), st.booleans())
    def test_any_bytes(self, data: bytes, header: bool) -> None:
        with quick_folder() as folder:
            (folder / "a.pdf").write_bytes(b"%PDF-1.4\n" * header + data)
            assert fault(folder / "a.pdf").status in ("malformed", "empty_text")

    def test_damaged_anywhere(self, tmp_path: Path) -> None:
        """A flipped byte may cost text; it may never raise anything else than a fault."""
        data = make_pdf(tmp_path / "a.pdf", ["Some text.", "More."], title="A title").read_bytes()
        statuses = set[str]()
        for position in range(0, len(data), 61):
            (tmp_path / "b.pdf").write_bytes(data[:position] + bytes([data[position] ^ 0x5A]) + data[position + 1 :])
            try:
                read_pdf(tmp_path / "b.pdf")
            except FileFault as found:
                statuses.add(found.status)
        assert statuses <= {"malformed", "empty_text", "encrypted"}
