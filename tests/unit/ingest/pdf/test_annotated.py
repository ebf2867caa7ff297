"""Form values, text boxes and notes: each at its place in the text, and drawn on the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.pdf.annotated import with_annotations
from ingest.pdf.lines import Line, Piece
from ingest.readers.limits import ReadingLimits
from ingest.readers.pdf import read_pdf
from ingest.readers.source import ReadingOptions, Remark, SourceText
from rag.domain.values import Box
from rag.errors import FileFault
from rag.pdf.annotations import Annotation
from tests.complexity import assert_linear
from tests.unit.ingest.pdf.objects import HELVETICA, page_of, shown, stream


def read(path: Path, content: str, annotations: Sequence[str], *, fields: bool = True) -> SourceText:
    """A page with annotations, all of them fields of its form."""
    numbers = " ".join(f"{number} 0 R" for number in range(5, 5 + len(annotations)))
    form = f"/AcroForm<</Fields[{numbers}]/DA(/F 10 Tf 0 g)>>" if fields else ""
    entries = [f"<</Type/Annot/F 4/P 3 0 R{entry}>>" for entry in annotations]
    path.write_bytes(page_of(content, catalog=form, page=f"/Annots[{numbers}]", extra=entries))
    return read_pdf(path, ReadingOptions(ReadingLimits(), ocr="off"))


def field(value: str, y: int, *, x: int = 200, width: int = 200, height: int = 16, more: str = "") -> str:
    kind = "" if "/FT" in more else "/FT/Tx"
    return f"/Subtype/Widget{kind}/T(f{y}{x}){value}/Rect[{x} {y - 4} {x + width} {y - 4 + height}]{more}"


def tick(state: str, y: int, x: int) -> str:
    look = "/AP<</N<</Yes<</Subtype/Form/BBox[0 0 1 1]/Length 0>>/Off<</Subtype/Form/BBox[0 0 1 1]/Length 0>>>>>>"
    return field(
        f"/V/{state}/AS/{state}", y, x=x, width=12, height=12, more=f"/FT/Btn{look.replace('<</Subtype', '<</S')}"
    )


def text_box(text: str, y: int, x: int) -> str:
    return f"/Subtype/FreeText/DA(/F 10 Tf 0 g)/Contents({text})/Rect[{x} {y - 4} {x + 100} {y + 8}]"


LABELS = shown("Name:", 700) + shown("Cost centre:", 680) + shown("Remarks:", 660)


class TestFields:
    def test_values_stand_behind_their_labels(self, tmp_path: Path) -> None:
        source = read(tmp_path / "a.pdf", LABELS, [field("/V(CC-40817)", 680), field("/V(Ines Halvorsen)", 700)])
        assert source.pages[0].text == "Name: Ines Halvorsen\nCost centre: CC-40817\nRemarks:"
        assert source.remarks == []
        start = source.pages[0].text.index("CC-40817")
        (box,) = source.pages[0].boxes(start, start + 8)
        assert 199 < box.x0 < box.x1 < 401
        assert 842 - 680 - 12 <= box.y0 < box.y1 <= 842 - 680 + 4

    @pytest.mark.parametrize("kind", ["/FT/Tx", "/FT/Sig", "/FT/Btn/Ff 65536", "/FT/Ch/Ff 131072"])
    def test_what_only_the_appearance_shows_stands_behind_its_label(self, tmp_path: Path, kind: str) -> None:
        look = stream("BT /F 9 Tf 2 5 Td (Ann Brandt) Tj ET", f"/Subtype/Form/BBox[0 0 90 20]/Resources<<{HELVETICA}>>")
        field = f"<</Type/Annot/F 4/Subtype/Widget{kind}/T(a)/Rect[150 696 300 714]/AP<</N 6 0 R>>>>"
        data = page_of(
            shown("Signed:", 700), catalog="/AcroForm<</Fields[5 0 R]>>", page="/Annots[5 0 R]", extra=[field, look]
        )
        (tmp_path / "a.pdf").write_bytes(data)
        source = read_pdf(tmp_path / "a.pdf", ReadingOptions(ReadingLimits(), ocr="off"))
        assert source.pages[0].text == "Signed: Ann Brandt"

    @pytest.mark.parametrize(
        ("value", "look", "text"),
        [
            pytest.param("20260514", "14 May 2026", "14 May 2026", id="a date"),
            pytest.param("1234.5", "1,234.50 EUR", "1,234.50 EUR", id="an amount"),
            pytest.param("0.15", "15 %", "15 %", id="a share"),
            pytest.param("1234", "1 2 3 4", "1234", id="each digit in a cell"),
            pytest.param("1234", "5678 EUR", "1234", id="the look of another value"),
            pytest.param("1234", "", "1234", id="without a look"),
            pytest.param("CC-408", "CC-408 (Ann)", "CC-408", id="no number"),
            pytest.param("12", "12 " + "x" * 40, "12", id="a long look"),
        ],
    )
    def test_numbers_and_dates_are_read_as_they_are_shown(
        self, tmp_path: Path, value: str, look: str, text: str
    ) -> None:
        drawn = stream(f"BT /F 9 Tf 2 5 Td ({look}) Tj ET", f"/Subtype/Form/BBox[0 0 90 20]/Resources<<{HELVETICA}>>")
        field = f"<</Type/Annot/F 4/Subtype/Widget/FT/Tx/T(a)/V({value})/Rect[150 696 300 714]/AP<</N 6 0 R>>>>"
        data = page_of(
            shown("Due:", 700), catalog="/AcroForm<</Fields[5 0 R]>>", page="/Annots[5 0 R]", extra=[field, drawn]
        )
        (tmp_path / "a.pdf").write_bytes(data)
        source = read_pdf(tmp_path / "a.pdf", ReadingOptions(ReadingLimits(), ocr="off"))
        assert source.pages[0].text == f"Due: {text}"

    def test_rich_text_alone(self, tmp_path: Path) -> None:
        entry = field("/RV(<body><p>Bring <b>two</b> keys &amp; a lamp</p></body>)", 700)
        assert read(tmp_path / "a.pdf", shown("Name:", 700), [entry]).pages[0].text == "Name: Bring two keys & a lamp"

    @pytest.mark.parametrize(
        ("content", "fields", "text"),
        [
            pytest.param(LABELS, [field("/V<FEFF00C5006C0020042F>", 700)], "Name: Ål Я", id="beyond ASCII"),
            pytest.param(
                shown("I, the", 700) + shown("undersigned,", 700, x=300),
                [field("/V(Ann)", 700, x=110, width=180)],
                "I, the Ann undersigned,",
                id="within a line",
            ),
            pytest.param(
                LABELS,
                [field("/V(one\\ntwo)", 660, height=20, more="/Ff 4096")],
                "Remarks: one\ntwo",
                id="several lines",
            ),
            pytest.param(
                shown("Name:", 700),
                [field("/V(Ann)", 680, x=72)],
                "Name:\nAnn",
                id="below its label",
            ),
            pytest.param(
                LABELS,
                [field("/V(b)/Opt[[(a)(Alpha)][(b)(Beta)]]", 700, more="/FT/Ch/Ff 131072")],
                "Name: Beta",
                id="choice",
            ),
            pytest.param(
                LABELS,
                [field("/V[(a)(c)]/Opt[(a)(b)(c)]/I[0 2]", 700, more="/FT/Ch/Ff 2097152")],
                "Name: a\nc",
                id="several choices",
            ),
            pytest.param(
                LABELS,
                [field("/V[(a)(c)]/Opt[(a)(b)(c)]/I[0 2]", 620, height=40, more="/FT/Ch/Ff 2097152")],
                "Name:\nCost centre:\nRemarks:\n[x] a\n[ ] b\n[x] c",
                id="list box with room for all its options",
            ),
            pytest.param(
                LABELS,
                [field("/Opt[(a)(b)(c)]", 620, height=40, more="/FT/Ch/Ff 2097152")],
                "Name:\nCost centre:\nRemarks:\na\nb\nc",
                id="list box of which nothing is chosen",
            ),
            pytest.param(
                shown("Degree:", 700),
                [
                    tick("Off", 681, 200),
                    text_box("Bachelor", 680, 220),
                    tick("Yes", 641, 200),
                    text_box("Master", 640, 220),
                ],
                "Degree:\n[ ] Bachelor\n[x] Master",
                id="ticks beside text boxes",
            ),
            pytest.param(
                shown("Car needed:", 700) + shown("Yes", 700, x=220) + shown("No", 700, x=320),
                [tick("Yes", 700, 200), tick("Off", 700, 300)],
                "Car needed: [x] Yes [ ] No",
                id="ticks",
            ),
        ],
    )
    def test_kinds(self, tmp_path: Path, content: str, fields: Sequence[str], text: str) -> None:
        source = read(tmp_path / "a.pdf", content, fields)
        assert text in source.pages[0].text.replace("\n\n", "\n")

    @pytest.mark.parametrize(
        "fields",
        [
            pytest.param([field("/V(Ann)", 700, more="/F 2")], id="hidden"),
            pytest.param([field("/V(Ann)", 700, more="/F 32")], id="not for the screen"),
        ],
    )
    def test_what_is_not_shown_is_not_read(self, tmp_path: Path, fields: Sequence[str]) -> None:
        source = read(tmp_path / "a.pdf", LABELS, [entry.replace("/F 4", "") for entry in fields])
        assert "Ann" not in source.pages[0].text or source.remarks == []

    @pytest.mark.parametrize(
        "fields",
        [
            pytest.param([field("", 700)], id="empty"),
            pytest.param([field("/V(secret)", 700, more="/Ff 8192")], id="password"),
            pytest.param([tick("Off", 700, 200)], id="nothing is ticked"),
            pytest.param([field("/V(secret)", 700, x=2000)], id="beside the page"),
        ],
    )
    def test_nothing_to_read(self, tmp_path: Path, fields: Sequence[str]) -> None:
        source = read(tmp_path / "a.pdf", LABELS, fields)
        assert source.pages[0].text == "Name:\nCost centre:\nRemarks:"

    def test_a_value_that_the_page_shows_too_is_read_once(self, tmp_path: Path) -> None:
        source = read(tmp_path / "a.pdf", LABELS + shown("Ann", 700, x=202), [field("/V(Ann)", 700)])
        assert source.pages[0].text.count("Ann") == 1

    def test_a_form_without_other_text(self, tmp_path: Path) -> None:
        source = read(tmp_path / "a.pdf", "", [field("/V(Ann)", 700), field("/V(Bea)", 680)])
        assert source.pages[0].text == "Ann\nBea"

    @pytest.mark.parametrize(
        "entry", ["/V 7", "/V[[[]]]", "/V<<>>", "/V 99 0 R", "/FT/Ch/V(x)/Opt 7", "/Parent 5 0 R", "/Kids[5 0 R]"]
    )
    def test_hostile_fields(self, tmp_path: Path, entry: str) -> None:
        source = read(tmp_path / "a.pdf", LABELS, [field("", 700, more=entry)])
        assert source.pages[0].text.startswith("Name:")

    def test_the_limit_of_characters_holds_for_values(self, tmp_path: Path) -> None:
        with pytest.raises(FileFault, match="too_large"):
            read(tmp_path / "a.pdf", LABELS, [field(f"/V({'long ' * 4000})", y) for y in range(100, 700, 40)])


class TestNotes:
    NOTE = "/Subtype/Text/Rect[400 700 420 720]/T(Reviewer)/Contents(It opens at 4.2 bar.)"

    def test_a_note_is_read_as_one(self, tmp_path: Path) -> None:
        source = read(tmp_path / "a.pdf", shown("It opens at 3.6 bar.", 700), [self.NOTE])
        assert source.pages[0].text == "It opens at 3.6 bar.\n\nNote by Reviewer: It opens at 4.2 bar."
        start = source.pages[0].text.index("4.2")
        assert source.pages[0].boxes(start, start + 3) == (Box(400, 122, 420, 142),)

    @pytest.mark.parametrize(
        ("entry", "text"),
        [
            pytest.param(
                "/Subtype/FreeText/Rect[72 600 372 630]/Contents(Call 5512.)", "A line.\n\nCall 5512.", id="text box"
            ),
            pytest.param(
                "/Subtype/FreeText/Rect[72 800 372 830]/Contents(Draft)", "Draft\n\nA line.", id="text box above"
            ),
            pytest.param(
                "/Subtype/Stamp/Rect[72 600 372 630]/Name/SBTopSecret", "A line.\n\nTop secret", id="stamp by its name"
            ),
            pytest.param(
                "/Subtype/Stamp/Rect[72 600 372 630]/Name/Foxit_Stamp/Subj(Approved)/T(Ann)/Contents(Seen.)",
                "A line.\n\nApproved\n\nNote by Ann: Seen.",
                id="stamp by its subject, with a note",
            ),
            pytest.param("/Subtype/Stamp/Rect[72 600 372 630]/Name/Own", "A line.", id="a stamp without words"),
            pytest.param(
                "/Subtype/FreeText/Rect[72 600 372 630]/RC(<p>Call <b>5512</b></p><p>or 5513 &amp; wait.</p>)",
                "A line.\n\nCall 5512\nor 5513 & wait.",
                id="rich text",
            ),
            pytest.param(
                "/Subtype/Highlight/Rect[72 695 120 712]/QuadPoints[60 712 82 712 60 695 82 695]/Contents(Is that so?)",
                'A line.\n\nNote on "A": Is that so?',
                id="comment on words",
            ),
            pytest.param(
                "/Subtype/Highlight/Rect[72 695 120 712]/Contents(Is that so?)",
                "A line.\n\nNote: Is that so?",
                id="comment",
            ),
            pytest.param(
                "/Subtype/Highlight/Rect[72 695 120 712]/Contents(A line.)", "A line.", id="copy of what it marks"
            ),
            pytest.param("/Subtype/Text/Rect[9 9 20 20]/State(Accepted)/Contents(Accepted)", "A line.", id="state"),
            pytest.param("/Subtype/Link/Rect[72 695 120 712]/Contents(A tip)", "A line.", id="tip of a link"),
            pytest.param("/Subtype/Popup/Rect[72 695 120 712]/Contents(Again)", "A line.", id="popup"),
        ],
    )
    def test_kinds(self, tmp_path: Path, entry: str, text: str) -> None:
        assert read(tmp_path / "a.pdf", shown("A line.", 700), [entry], fields=False).pages[0].text == text

    @pytest.mark.parametrize(
        "kind", ["FreeText", "Stamp", "Watermark", "Widget/FT/Btn/Ff 65536/T(a)", "Widget/FT/Sig/T(a)"]
    )
    def test_text_of_an_appearance(self, tmp_path: Path, kind: str) -> None:
        look = stream("BT /F 9 Tf 2 5 Td (Gate 4410) Tj ET", f"/Subtype/Form/BBox[0 0 90 20]/Resources<<{HELVETICA}>>")
        (tmp_path / "a.pdf").write_bytes(
            page_of(
                shown("A line.", 700),
                catalog="/AcroForm<</Fields[5 0 R]>>",
                page="/Annots[5 0 R]",
                extra=[f"<</Type/Annot/F 4/Subtype/{kind}/Rect[72 600 162 620]/AP<</N 6 0 R>>>>", look],
            )
        )
        source = read_pdf(tmp_path / "a.pdf", ReadingOptions(ReadingLimits(), ocr="off"))
        # What a field shows may belong to the label above it.
        assert source.pages[0].text == ("A line.\nGate 4410" if kind.startswith("Widget") else "A line.\n\nGate 4410")

    @pytest.mark.parametrize(
        ("content", "configuration", "read_too"),
        [
            pytest.param("6 0 R", "/OFF[6 0 R]", False, id="off"),
            pytest.param("6 0 R", "/OFF[7 0 R]", True, id="on"),
            pytest.param("6 0 R", "/BaseState/OFF/ON[7 0 R]", False, id="all others are off"),
            pytest.param("7 0 R", "/BaseState/OFF/ON[7 0 R]", True, id="on, all others are off"),
            pytest.param("<</Type/OCMD/OCGs[6 0 R 7 0 R]>>", "/OFF[6 0 R]", True, id="any of them on"),
            pytest.param("<</Type/OCMD/OCGs[6 0 R 7 0 R]/P/AllOn>>", "/OFF[6 0 R]", False, id="all of them on"),
            pytest.param("<</Type/OCMD/OCGs 6 0 R/P/AnyOff>>", "/OFF[6 0 R]", True, id="any of them off"),
            pytest.param("<</Type/OCMD/OCGs[6 0 R 7 0 R]/P/AllOff>>", "/OFF[6 0 R]", False, id="all of them off"),
            pytest.param("null", "/OFF[6 0 R]", True, id="nothing"),
        ],
    )
    def test_annotations_in_layers(self, tmp_path: Path, content: str, configuration: str, read_too: bool) -> None:
        (tmp_path / "a.pdf").write_bytes(
            page_of(
                shown("A line.", 700),
                catalog=f"/OCProperties<</OCGs[6 0 R 7 0 R]/D<<{configuration}>>>>",
                page="/Annots[5 0 R]",
                extra=[
                    f"<</Type/Annot/Subtype/Text/Rect[9 9 20 20]/Contents(Call 5512.)/OC {content}>>",
                    "<</Type/OCG/Name(one)>>",
                    "<</Type/OCG/Name(two)>>",
                ],
            )
        )
        source = read_pdf(tmp_path / "a.pdf", ReadingOptions(ReadingLimits(), ocr="off"))
        assert source.pages[0].text == ("A line.\n\nNote: Call 5512." if read_too else "A line.")
        assert source.remarks == ([] if read_too else [Remark(1, "hidden", "layer switched off")])

    def test_a_note_is_no_heading(self, tmp_path: Path) -> None:
        content = shown("Large", 700, size=24) + shown("Some words of a line.", 660)
        source = read(tmp_path / "a.pdf", content, ["/Subtype/Text/Rect[9 9 20 20]/Contents(Short)"], fields=False)
        page = source.pages[0]
        assert [page.text[one.start : one.end] for one in page.headings] == ["Large"]

    def test_words_that_an_annotation_strikes_out(self, tmp_path: Path) -> None:
        entry = "/Subtype/StrikeOut/Rect[72 695 130 712]/QuadPoints[72 712 100 712 72 695 100 695]/Contents(Wrong.)"
        source = read(tmp_path / "a.pdf", shown("Three six weeks.", 700), [entry], fields=False)
        assert source.pages[0].text == "six weeks.\n\nNote: Wrong."
        assert source.remarks == [Remark(1, "hidden", "crossed out")]

    def test_notes_on_pages_of_ocr(self) -> None:
        line = Line([Piece("Seen", Box(72, 100, 100, 112), 12.0, bold=False)])
        note = Annotation("note", "Is that so?", Box(9, 9, 20, 20))
        value = Annotation("value", "Seen", Box(72, 100, 100, 112))
        found = with_annotations([line], [note, value], drawn=False)
        assert [line.text for line in found] == ["Seen", "Note: Is that so?"]


boxes = st.builds(
    lambda x, y, width, height: Box(x, y, x + width, y + height),
    st.floats(0, 500),
    st.floats(0, 800),
    st.floats(0, 300),
    st.floats(0, 100),
)
kinds = st.sampled_from(["value", "tick", "text", "note", "hidden"])
marks_on_page = st.builds(Annotation, kinds, st.text("ab \n", max_size=30), boxes, st.text("ab ", max_size=5))
lines = st.builds(
    lambda text, box: Line([Piece(text, box, 10.0, bold=False)]), st.text("cd", min_size=1, max_size=5), boxes
)


@given(st.lists(lines, max_size=8), st.lists(marks_on_page, max_size=8))
def test_no_word_is_lost(page: list[Line], marks: list[Annotation]) -> None:
    found = with_annotations(page, marks)
    words = sorted(word for line in found for word in line.text.split())
    for line in page:
        assert line.text in words
    texts = "".join("".join(words).split())
    for mark in marks:
        if mark.kind in ("value", "text"):
            assert all(word in texts for word in mark.text.split())
    assert all(piece.box.x0 < piece.box.x1 + 1 for line in found for piece in line.pieces)


def test_time_is_linear() -> None:
    def prepare(size: int) -> object:
        marks = [
            Annotation("value", "word", Box(100, 3 * number % 800, 200, 3 * number % 800 + 10))
            for number in range(size)
        ]
        page = [
            Line([Piece("a", Box(10, number % 800, 20, number % 800 + 8), 8.0, bold=False)]) for number in range(size)
        ]
        return lambda: with_annotations(page, marks)

    assert_linear(prepare, 600, growth=4.5)  # type: ignore[arg-type]
