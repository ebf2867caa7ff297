"""PDF text extraction: text with the box of each word."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from ingest.pdf.reading import open_pdf
from ingest.readers.limits import ReadingLimits
from rag.domain.values import Box, Page, Word
from rag.errors import FileFault
from tests.complexity import assert_linear
from tests.fakes import make_pdf
from tests.unit.conftest import quick_folder
from tests.unit.ingest.pdf.layouts import read_pages
from tests.unit.ingest.pdf.objects import pdf_of, stream

WIDTH, HEIGHT = A4


def drawn(path: Path, draw: Callable[[Canvas], object], size: tuple[float, float] = A4) -> Path:
    canvas = Canvas(str(path), pagesize=size, invariant=True)
    canvas.setFont("Helvetica", 12)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    return path


def text_at(x: float, y: float, text: str) -> Callable[[Canvas], object]:
    return lambda canvas: canvas.drawString(x, y, text)


def only_page(path: Path) -> Page:
    (page,) = read_pages(path)
    return page


def word(page: Page, text: str) -> Word:
    (found,) = (word for word in page.words if page.text[word.start : word.end] == text)
    return found


def assert_sound(page: Page) -> None:
    """Invariants: words are those of the text, in order; boxes are within the page, headings within the text."""
    assert [page.text[word.start : word.end] for word in page.words] == page.text.split()
    for _, _, box in page.words:
        assert 0 <= box.x0 < box.x1 <= page.width
        assert 0 <= box.y0 < box.y1 <= page.height
    for heading in page.headings:
        assert 0 <= heading.start < heading.end <= len(page.text)


class TestText:
    def test_lines_and_paragraphs(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            for y, line in ((700, "One line."), (686, "Its next."), (672, "And a third."), (640, "A paragraph.")):
                canvas.drawString(72, y, line)

        page = only_page(drawn(tmp_path / "a.pdf", draw))
        assert page.text == "One line.\nIts next.\nAnd a third.\n\nA paragraph."
        assert_sound(page)

    def test_pages_are_numbered_from_one(self, tmp_path: Path) -> None:
        pages = read_pages(make_pdf(tmp_path / "a.pdf", ["First.", "", "Third."]))
        assert [(page.number, page.text) for page in pages] == [(1, "First."), (2, ""), (3, "Third.")]
        assert pages[1].words == ()
        assert pages[1].headings == ()
        assert {(round(page.width, 1), round(page.height, 1)) for page in pages} == {(595.3, 841.9)}

    def test_characters_beyond_ascii(self, tmp_path: Path) -> None:
        page = only_page(make_pdf(tmp_path / "a.pdf", ["Größe: 5 µm – “fein” ñ"]))
        assert page.text == "Größe: 5 µm – “fein” ñ"
        assert_sound(page)

    def test_headings_by_size(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            lines = [
                (750, 24, "The Manual"), (715, 16, "Care"), (690, 11, "Body text that is longer than all headings."),
                (676, 11, "More of it, so that this is the size of the body."), (640, 16, "Storage"),
                (615, 11, "Dry."),
            ]  # fmt: skip
            for y, size, line in lines:
                canvas.setFont("Helvetica", size)
                canvas.drawString(72, y, line)

        page = only_page(drawn(tmp_path / "a.pdf", draw))
        found = [(page.text[heading.start : heading.end], heading.level) for heading in page.headings]
        assert found == [("The Manual", 1), ("Care", 2), ("Storage", 2)]
        assert_sound(page)

    @pytest.mark.parametrize("address", ["www.pump.example.org", "https://pump.example.org/x", "desk@pump.example.org"])
    def test_an_address_in_large_print_is_no_heading(self, tmp_path: Path, address: str) -> None:
        body = "Text of the page, which is in the size of the body.\nMore text of the page in this size."
        page = only_page(make_pdf(tmp_path / "a.pdf", [f"# The pump\n# {address}\n{body}"]))
        assert [page.text[h.start : h.end] for h in page.headings] == ["The pump"]

    def test_a_title_over_two_lines_is_one_heading(self, tmp_path: Path) -> None:
        page = only_page(make_pdf(tmp_path / "a.pdf", ["# The manual of\n# the pump\nText.\nMore text of the page."]))
        assert [page.text[h.start : h.end].split() for h in page.headings] == [["The", "manual", "of", "the", "pump"]]

    @pytest.mark.parametrize(
        ("lines", "headings"),
        [
            (((560, "What we change at the"), (529, "works")), ["What we change at the\nworks"]),
            (((560, "What We Change at Both Works"), (529, "Departments in Spring")),
             ["What We Change at Both Works\nDepartments in Spring"]),
            (((560, "The works"), (529, "The yard")), ["The works", "The yard"]),
            (((560, "The works of"), (500, "the yard")), ["The works of", "the yard"]),
            (((560, "What is it?"), (529, "and why"),), ["What is it?", "and why"]),
        ],
        ids=["goes on in lower case", "no room for the next word", "two of them", "far apart", "a whole sentence"],
    )  # fmt: skip
    def test_lines_of_a_heading_are_farther_apart_than_those_of_text(
        self, tmp_path: Path, lines: tuple[tuple[float, str], ...], headings: list[str]
    ) -> None:
        body = "Text of the page, which is in the size of the body and as wide as it is."

        def draw(canvas: Canvas) -> None:
            for y, text in lines:
                canvas.setFont("Helvetica", 24)
                canvas.drawString(72, y, text)
            for place in range(6):
                canvas.setFont("Helvetica", 11)
                canvas.drawString(72, 450 - 13 * place, body)

        page = only_page(drawn(tmp_path / "a.pdf", draw))
        assert [page.text[h.start : h.end] for h in page.headings] == headings
        assert_sound(page)

    def test_a_bold_line_alone_is_a_heading(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            for y, font, line in (
                (700, "Helvetica", "Text before the heading."), (686, "Helvetica", "More of that text."),
                (650, "Helvetica-Bold", "Storage"), (614, "Helvetica", "Text after it."),
                (600, "Helvetica-Bold", "Bold words"), (586, "Helvetica", "in the middle of it."),
            ):  # fmt: skip
                canvas.setFont(font, 12)
                canvas.drawString(72, y, line)

        page = only_page(drawn(tmp_path / "a.pdf", draw))
        assert [page.text[h.start : h.end] for h in page.headings] == ["Storage"]

    def test_a_bold_line_right_above_text_is_a_heading(self, tmp_path: Path) -> None:
        """Text processors set space above a heading, and none below it."""

        def draw(canvas: Canvas) -> None:
            for y, font, line in (
                (700, "Helvetica", "Text before the headings, which is longer than they are."),
                (686, "Helvetica", "More of that text."),
                (650, "Helvetica-Bold", "What to bring"), (636, "Helvetica", "You will need what is listed."),
                (622, "Helvetica", "Bring all of it."),
                (586, "Helvetica-Bold", "A bold text"), (572, "Helvetica-Bold", "Of two bold lines, not one."),
                (536, "Helvetica-Bold", "Bold words"), (522, "Helvetica", "that go on in the line below them."),
                (508, "Helvetica-Bold", "Without space above"), (494, "Helvetica", "Text of the same paragraph."),
            ):  # fmt: skip
                canvas.setFont(font, 12)
                canvas.drawString(72, y, line)

        page = only_page(drawn(tmp_path / "a.pdf", draw))
        assert [page.text[h.start : h.end] for h in page.headings] == ["What to bring"]
        assert "\n\nWhat to bring\n\nYou will need what is listed.\nBring all of it.\n\n" in page.text
        assert_sound(page)

    def test_a_document_in_one_size_has_no_headings(self, tmp_path: Path) -> None:
        assert only_page(make_pdf(tmp_path / "a.pdf", ["One.\nTwo.\nThree."])).headings == ()

    def test_invisible_characters_are_left_out(self, tmp_path: Path) -> None:
        """Zero-width and control characters hide text from people."""
        page = only_page(make_pdf(tmp_path / "a.pdf", ["The\u00ad lid is blue."]))
        assert "\u00ad" not in page.text
        assert_sound(page)

    def test_a_raised_footnote_mark_is_no_part_of_a_word(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            text = canvas.beginText(72, 700)
            text.setFont("Helvetica", 12)
            text.textOut("Warranty")
            text.setFont("Helvetica", 7)
            text.setRise(5)
            text.textOut("2")
            canvas.drawText(text)

        assert only_page(drawn(tmp_path / "a.pdf", draw)).text.split() == ["Warranty", "2"]

    def test_letters_that_pdfium_gives_in_two_halves(self, tmp_path: Path) -> None:
        """Beyond the first plane a letter is two units of UTF-16; a ligature is spelt out; a tag is not seen."""
        path = tmp_path / "a.pdf"
        path.write_bytes(
            mapped_pdf("(ABC ABA) Tj 0 -20 Td (CAD BA) Tj", A="\U0001d400", B="\ufb01", C="\U000e0041", D="\u200b")
        )
        page = only_page(path)
        assert page.text == "\U0001d400fi \U0001d400fi\U0001d400\n\U0001d400 fi\U0001d400"
        assert_sound(page)


def mapped_pdf(shown: str, **letters: str) -> bytes:
    """A page whose font maps letters to wrong ones."""
    pairs = " ".join(f"<{ord(key):02X}> <{value.encode('utf-16-be').hex()}>" for key, value in letters.items())
    table = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def "
        "1 begincodespacerange <00> <FF> endcodespacerange "
        f"{len(letters)} beginbfchar {pairs} endbfchar endcmap end end"
    )
    text = f"BT /F1 12 Tf 72 700 Td {shown} ET"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(text)}>>stream\n{text}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>",
        f"<</Length {len(table)}>>stream\n{table}\nendstream",
    ]
    # Without a table of its objects: pdfium looks for them itself.
    body = "".join(f"{number} 0 obj\n{content}\nendobj\n" for number, content in enumerate(objects, start=1))
    return f"%PDF-1.4\n{body}trailer<</Size 7/Root 1 0 R>>\n%%EOF".encode("latin-1")


class TestBoxes:
    def test_a_word_is_where_it_was_drawn(self, tmp_path: Path) -> None:
        page = only_page(drawn(tmp_path / "a.pdf", text_at(72, 700, "Hello world")))
        hello, world = word(page, "Hello").box, word(page, "world").box
        assert hello.x0 == pytest.approx(72, abs=0.1)
        assert hello.x1 == pytest.approx(72 + stringWidth("Hello", "Helvetica", 12), abs=0.1)
        assert world.x0 == pytest.approx(72 + stringWidth("Hello ", "Helvetica", 12), abs=0.1)
        # The origin is at the top left: the baseline is 700 above the bottom.
        baseline = HEIGHT - 700
        assert baseline - 12 < hello.y0 < baseline - 8
        assert baseline < hello.y1 < baseline + 4

    @pytest.mark.parametrize(
        ("rotation", "left", "top"),
        [
            pytest.param(90, 100, 72, id="90"),
            pytest.param(180, 300 - 72, 100, id="180"),
            pytest.param(270, 300 - 100, 200 - 72, id="270"),
        ],
    )
    def test_on_a_rotated_page(self, tmp_path: Path, rotation: int, left: float, top: float) -> None:
        """The text starts 72 from the left and 100 from the bottom of the page as it lies in the file.

        It is displayed at 300 by 200, so where it is turned by a quarter, it lies at 200 by 300.
        """

        def draw(canvas: Canvas) -> None:
            canvas.setPageRotation(rotation)
            canvas.drawString(72, 100, "Hello")

        page = only_page(drawn(tmp_path / "a.pdf", draw, (300, 200)))
        assert page.text == "Hello"
        assert (page.width, page.height) == pytest.approx((300, 200), abs=0.1)
        assert_sound(page)
        box = word(page, "Hello").box
        length = stringWidth("Hello", "Helvetica", 12)
        upright = rotation in (90, 270)
        assert (box.y1 - box.y0 if upright else box.x1 - box.x0) == pytest.approx(length, abs=0.2)
        # The baseline's start is a corner of the box, up to what the letters hang below it.
        assert min(abs(box.x0 - left), abs(box.x1 - left)) < 4
        assert min(abs(box.y0 - top), abs(box.y1 - top)) < 4

    def test_on_a_cropped_page(self, tmp_path: Path) -> None:
        def draw(canvas: Canvas) -> None:
            canvas.setCropBox((50, 500, 450, 800))
            canvas.drawString(72, 700, "Hello")

        page = only_page(drawn(tmp_path / "a.pdf", draw))
        assert (page.width, page.height) == pytest.approx((400, 300), abs=0.1)
        box = word(page, "Hello").box
        assert box.x0 == pytest.approx(72 - 50, abs=0.1)
        assert box.y0 < 800 - 700 < box.y1

    def test_a_quote_has_one_box_for_each_line(self, tmp_path: Path) -> None:
        page = only_page(make_pdf(tmp_path / "a.pdf", ["The pump has\na blue lid that\nis round."]))
        start, end = page.text.index("has"), page.text.index("lid") + 3
        first, second = page.boxes(start, end)
        assert first == word(page, "has").box
        a, lid = word(page, "a").box, word(page, "lid").box
        assert second.x0 == a.x0 == pytest.approx(72, abs=0.1)
        assert second.x1 == lid.x1
        assert second.y0 > first.y0
        assert len(page.boxes(0, len(page.text))) == 3

    @pytest.mark.parametrize(("start", "end", "count"), [(0, 0, 0), (3, 4, 0), (0, 1, 1), (2, 5, 1), (50, 60, 0)])
    def test_what_a_stretch_touches(self, start: int, end: int, count: int) -> None:
        words = (Word(0, 3, Box(0, 0, 30, 10)), Word(4, 7, Box(40, 0, 70, 10)))
        assert len(Page(1, "one two", 100, 100, words=words).boxes(start, end)) == count

    def test_a_line_of_words_of_different_height_is_one_box(self) -> None:
        words = (Word(0, 3, Box(0, 0, 30, 12)), Word(4, 7, Box(40, 3, 70, 10)), Word(8, 11, Box(80, 1, 95, 15)))
        assert Page(1, "one two six", 100, 100, words=words).boxes(0, 11) == (Box(0, 0, 95, 15),)

    def test_another_column_at_the_same_height_to_the_left_is_another_box(self) -> None:
        words = (Word(0, 3, Box(300, 0, 330, 12)), Word(4, 7, Box(40, 0, 70, 12)))
        assert len(Page(1, "one two", 400, 100, words=words).boxes(0, 7)) == 2

    @given(
        st.lists(
            st.text(st.sampled_from("abcxyz()\\.,-µé–0123 "), min_size=1, max_size=30).filter(str.strip),
            min_size=1,
            max_size=6,
        )
    )
    def test_any_text_is_sound(self, lines: list[str]) -> None:
        with quick_folder() as folder:
            page = only_page(make_pdf(folder / "a.pdf", ["\n".join(lines)]))
        assert [page.text[word.start : word.end] for word in page.words] == page.text.split()
        assert "".join(page.text.split()) == "".join("".join(lines).split())


class TestFaults:
    def test_encrypted(self, tmp_path: Path) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["Text."], password="secret")
        with pytest.raises(FileFault) as caught:
            read_pages(path)
        assert caught.value.status == "encrypted"

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"garbage" * 100, id="garbage"),
            pytest.param(b"%PDF-1.7\n", id="only the header"),
            pytest.param(b"<html></html>", id="another format"),
        ],
    )
    def test_malformed(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "a.pdf").write_bytes(data)
        with pytest.raises(FileFault) as caught:
            read_pages(tmp_path / "a.pdf")
        assert caught.value.status == "malformed"

    def test_truncated_anywhere(self, tmp_path: Path) -> None:
        """pdfium may repair it; it may never raise anything else."""
        data = make_pdf(tmp_path / "a.pdf", ["Some text.", "More."]).read_bytes()
        for length in range(0, len(data), 97):
            (tmp_path / "b.pdf").write_bytes(data[:length])
            statuses = set[str]()
            try:
                read_pages(tmp_path / "b.pdf")
            except FileFault as fault:
                statuses.add(fault.status)
            assert statuses <= {"malformed"}

    def test_a_fault_leaves_pdfium_free_for_others(self, tmp_path: Path) -> None:
        (tmp_path / "bad.pdf").write_bytes(b"bad")
        for _ in range(2):
            with pytest.raises(FileFault):
                read_pages(tmp_path / "bad.pdf")
        assert only_page(make_pdf(tmp_path / "good.pdf", ["Text."])).text == "Text."

    def test_from_several_threads(self, tmp_path: Path) -> None:
        paths = [make_pdf(tmp_path / f"{n}.pdf", [f"Text {n} of page {p}." for p in range(5)]) for n in range(4)]
        with ThreadPoolExecutor(4) as pool:
            texts = list(pool.map(lambda path: [page.text for page in read_pages(path)], paths * 3))
        assert texts == [[f"Text {n} of page {p}." for p in range(5)] for n in range(4)] * 3


def test_text_that_was_cropped_away_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "cropped.pdf"
    canvas = Canvas(str(path), pagesize=(400, 400), cropBox=(100, 100, 300, 300))
    canvas.drawString(150, 200, "inside")
    canvas.drawString(10, 20, "outside")
    canvas.save()
    (page,) = read_pages(path)
    assert page.text == "inside"


def test_lam_and_alef_of_one_glyph_stay_in_order(tmp_path: Path) -> None:
    """A ligature is one glyph with two letters, in a word whose glyphs are drawn from its end to its beginning."""
    glyphs = ["ة", "ز", "ا", "ج", "لإ", "ا"]
    codes = "abcdef"
    rows = "".join(
        f"<{ord(code):02x}><{glyph.encode('utf-16-be').hex()}>\n" for code, glyph in zip(codes, glyphs, strict=True)
    )
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n1 begincodespacerange <00><ff> "
        f"endcodespacerange\n6 beginbfchar\n{rows}endbfchar\nendcmap end end"
    )
    font = "/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 5 0 R>>>>"
    content = f"BT /F 12 Tf 72 700 Td ({codes}) Tj ET"
    page = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<{font}>>>>"
    catalog, pages = "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 1/Kids[3 0 R]>>"
    (tmp_path / "a.pdf").write_bytes(pdf_of([catalog, pages, page, stream(content), stream(cmap)]))
    (read,) = read_pages(tmp_path / "a.pdf")
    assert read.text == "الإجازة"


class TestLimits:
    @pytest.mark.parametrize(
        ("limits", "said"),
        [
            pytest.param(ReadingLimits(pages=2), ("3 pages", "2"), id="pages"),
            pytest.param(ReadingLimits(characters_per_page=9), ("page 1 has 10", "9"), id="characters of a page"),
            pytest.param(ReadingLimits(characters=19), ("more than 19", "page 2", "19"), id="characters"),
        ],
    )
    def test_too_large(self, tmp_path: Path, limits: ReadingLimits, said: tuple[str, ...]) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["0123456789"] * 3)
        with pytest.raises(FileFault) as caught:
            read_pages(path, limits)
        assert caught.value.status == "too_large"
        assert all(words in caught.value.reason for words in said)

    def test_exactly(self, tmp_path: Path) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["0123456789"] * 3)
        assert len(read_pages(path, ReadingLimits(pages=3, characters_per_page=10, characters=30))) == 3

    def test_a_page_read_twice_counts_once(self, tmp_path: Path) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["0123456789"])
        with open_pdf(path, ReadingLimits(characters=10)) as file:
            assert file.lines(1) == file.lines(1)

    def test_a_page_full_of_text_takes_linear_time(self, tmp_path: Path) -> None:
        """All at one place: neither rows nor columns nor tables may compare all with all."""

        def reading(strings: int) -> Callable[[], object]:
            path = tmp_path / f"heap-{strings}.pdf"
            canvas = Canvas(str(path))
            for _ in range(strings):
                canvas.drawString(72, 700, "x1 " * 66)
            canvas.save()
            return lambda: read_pages(path)

        assert_linear(reading, 100)


class TestOpened:
    def test_lines_and_pictures(self, tmp_path: Path) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["One.", "Two words."])
        with open_pdf(path) as file:
            assert len(file) == 2
            size, (only,) = file.lines(2)
            assert size == pytest.approx((WIDTH, HEIGHT), abs=0.1)
            assert [piece.text for piece in only.pieces] == ["Two", "words."]
            colour, grey = file.picture(1, scale=1), file.picture(1, scale=1, grey=True)
        assert (colour.mode, grey.mode) == ("RGB", "L")
        assert colour.size == grey.size == pytest.approx((WIDTH, HEIGHT), abs=1)
        assert min(grey.tobytes()) < 100

    def test_a_huge_page_in_grey(self, tmp_path: Path) -> None:
        path = drawn(tmp_path / "a.pdf", text_at(72, 72, "A plan"), (14_400, 14_400))
        with open_pdf(path) as file:
            assert file.picture(1, scale=0.5, grey=True).size == (4000, 4000)
