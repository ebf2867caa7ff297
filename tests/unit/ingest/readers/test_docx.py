"""Word reader: documents made with python-docx or, where it cannot, from XML."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from docx import Document
from docx.enum.text import WD_BREAK
from docx.oxml import parse_xml

from ingest.readers.limits import ReadingLimits
from ingest.readers.source import Remark
from rag.errors import FileFault
from tests.unit.ingest.readers.conftest import Read, headings_of, text_of

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

NAMES = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
BREAK = "<w:r><w:lastRenderedPageBreak/></w:r>"
HARD = '<w:r><w:br w:type="page"/></w:r>'


def made(change: Callable[[WordDocument], object]) -> bytes:
    document = Document()
    change(document)
    data = BytesIO()
    document.save(data)
    return data.getvalue()


def made_of(*paragraphs: str) -> bytes:
    """Of the XML of paragraphs and tables; what is not XML is a run of text."""

    def change(document: WordDocument) -> None:
        body = document.element.body
        for xml in paragraphs:
            body.insert(len(body) - 1, parse_xml(xml.replace(">", f" {NAMES}>", 1) if " xmlns:w" not in xml else xml))

    return made(change)


def p(*parts: str) -> str:
    runs = (part if part.startswith("<") else f'<w:r><w:t xml:space="preserve">{part}</w:t></w:r>' for part in parts)
    return f"<w:p>{''.join(runs)}</w:p>"


def cell(*parts: str) -> str:
    return f"<w:tc>{p(*parts)}</w:tc>"


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def texts(read: Read, *paragraphs: str) -> list[str]:
    return [page.text for page in read("a.docx", made_of(*paragraphs)).pages]


def test_a_document_in_its_order(read: Read) -> None:
    def change(document: WordDocument) -> None:
        document.core_properties.title = "Pump manual"
        document.sections[0].header.paragraphs[0].text = "Running header"
        document.add_heading("The pump", 0)
        document.add_paragraph("It is blue.")
        document.add_heading("Parts", 1)
        rows = document.add_table(2, 2).rows
        for row, values in zip(rows, (("Part", "Price"), ("Lid", "4 €")), strict=True):
            for place, value in zip(row.cells, values, strict=True):
                place.text = value
        document.add_heading("Lid", 2)
        document.add_paragraph("Round", style="List Bullet").add_run(" and\tblue").add_break()

    source = read("a.docx", made(change))
    assert text_of(source) == (
        "Page header: Running header\n\nThe pump\n\nIt is blue.\n\nParts\n\nPart | Price\nLid | 4 €\n\nLid\n\n"
        "- Round and    blue"
    )
    assert headings_of(source) == [(1, "The pump"), (1, "Parts"), (2, "Lid")]
    assert (source.title, source.reason, source.remarks) == ("Pump manual", None, ())


def test_a_header_of_pages_is_no_title(read: Read) -> None:
    body = packed(
        p("Terms of use"), p("The pump is blue."), section("header default header1"), header1=p("Harbour office")
    )
    assert read("a.docx", body).title == "Terms of use"


def test_without_a_title_the_first_heading_is_it(read: Read) -> None:
    assert read("a.docx", made(lambda document: document.add_heading("The valve", 1))).title == "The valve"


def test_author_and_date(read: Read) -> None:
    def change(document: WordDocument) -> None:
        document.add_paragraph("Text.")
        document.core_properties.author = "Ada Byron"
        document.core_properties.created = datetime(2024, 5, 31, 12, tzinfo=UTC)

    source = read("a.docx", made(change))
    assert (source.author, source.created) == ("Ada Byron", "2024-05-31")


@pytest.mark.parametrize("written", ["", "2024", "2024-05", "yesterday", "2024-02-30T00:00:00Z"])
def test_a_date_that_is_none(read: Read, written: str) -> None:
    def change(document: WordDocument) -> None:
        document.add_paragraph("Text.")
        (created,) = document.core_properties._element.iter("{http://purl.org/dc/terms/}created")
        created.text = written

    assert read("a.docx", made(change)).created is None


def test_the_properties_of_the_template_are_nobodys(read: Read) -> None:
    source = read("a.docx", made(lambda document: document.add_paragraph("Text.")))
    assert (source.author, source.created) == (None, None)


def test_without_properties(read: Read) -> None:
    data = BytesIO()
    with zipfile.ZipFile(BytesIO(made_of(p("Text.")))) as package, zipfile.ZipFile(data, "w") as bare:
        for name in package.namelist():
            if name != "docProps/core.xml":
                part = package.read(name)
                if name == "_rels/.rels":
                    part = re.sub(rb"<Relationship [^>]*core\.xml[^>]*/>", b"", part)
                bare.writestr(name, part)
    source = read("a.docx", data.getvalue())
    assert (text_of(source), source.author, source.created) == ("Text.", None, None)


def test_pages_are_those_that_word_showed(read: Read) -> None:
    found = texts(read, p("One.", HARD), p(BREAK, "Two starts", BREAK, " and ends on three."), p("More."))
    assert found == ["One.", "Two starts", "and ends on three.\n\nMore."]


def test_pages_that_were_never_shown_begin_at_hard_breaks(read: Read) -> None:
    breaks = "<w:p><w:pPr><w:pageBreakBefore/></w:pPr><w:r><w:t>Three.</w:t></w:r></w:p>"
    assert texts(read, p("One.", HARD, "Two."), breaks) == ["One.", "Two.", "Three."]
    assert [page.text for page in read("a.docx", made(_with_break)).pages] == ["One.", "Two."]


def _with_break(document: WordDocument) -> None:
    document.add_paragraph("One.").add_run().add_break(WD_BREAK.PAGE)
    document.add_paragraph("Two.")


def test_a_row_is_on_the_page_where_it_begins(read: Read) -> None:
    rows = (
        cell("a") + cell("b"),
        cell(BREAK, "c") + cell("d"),
        cell("e", BREAK, "f") + cell("g", BREAK, "h"),
        cell("i"),
    )
    assert texts(read, p("Start."), table(*rows)) == ["Start.\n\na | b", "c | d\ne f | g h", "i"]


def test_changes_controls_links_and_boxes(read: Read) -> None:
    inserted = "<w:ins><w:r><w:t>new </w:t></w:r></w:ins>"
    deleted = "<w:del><w:r><w:delText>old </w:delText></w:r></w:del>"
    link = "<w:hyperlink><w:r><w:t>link</w:t></w:r></w:hyperlink>"
    field = "<w:r><w:instrText>PAGE</w:instrText></w:r>"
    control = f"<w:sdt><w:sdtContent>{p('In a control.')}</w:sdtContent></w:sdt>"
    box = f"<w:r><w:pict><w:txbxContent>{p('In a box.')}</w:txbxContent></w:pict></w:r>"
    assert texts(read, p("The ", inserted, deleted, link, field, box), control) == [
        "The new link\n\nIn a box.\n\nIn a control."
    ]


def test_nested_tables_are_read_once(read: Read) -> None:
    inner = table(cell("x") + cell("y"))
    assert texts(read, table(cell("a") + f"<w:tc>{inner}{p('b')}</w:tc>")) == ["a | x y b"]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(b"", "malformed", id="nothing"),
        pytest.param(b"garbage" * 40, "malformed", id="garbage"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, "encrypted", id="password"),
        pytest.param(made(lambda _: None), "empty_text", id="no text"),
        pytest.param(made(lambda document: document.add_paragraph("x"))[:-200], "malformed", id="cut off"),
    ],
)
def test_what_cannot_be_read(read: Read, data: bytes, status: str) -> None:
    with pytest.raises(FileFault) as caught:
        read("a.docx", data)
    assert caught.value.status == status


def _changed(name: str, content: bytes, *, more: int = 0) -> bytes:
    """A document with one part replaced."""
    data = BytesIO()
    with zipfile.ZipFile(BytesIO(made(_with_break))) as old, zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
        for number in range(more):
            new.writestr(f"more/{number}.png", b"")
    return data.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(_changed("word/document.xml", b" " * 61_000_000), id="much XML"),
        pytest.param(_changed("word/x.xml", b"", more=20_001), id="many parts"),
    ],
)
def test_a_bomb_is_not_unpacked(read: Read, data: bytes) -> None:
    with pytest.raises(FileFault) as caught:
        read("a.docx", data)
    assert caught.value.status == "too_large"


def _with_entities(entities: str, text: str) -> bytes:
    body = f"<w:document {NAMES}><w:body>{p(text)}<w:sectPr/></w:body></w:document>"
    return _changed("word/document.xml", f"<!DOCTYPE x [{entities}]>{body}".encode())


def test_an_entity_bomb_is_refused(read: Read) -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
    with pytest.raises(FileFault) as caught:
        read("a.docx", _with_entities(f'<!ENTITY e0 "aaaaaaaaaa">{bomb}', "Fine. &e8;"))
    assert caught.value.status == "malformed"


def test_an_entity_outside_is_not_fetched(read: Read, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    entity = f'<!ENTITY f SYSTEM "{(tmp_path / "secret").as_uri()}">'
    assert text_of(read("a.docx", _with_entities(entity, "Fine. &f;"))) == "Fine."


def test_damaged_anywhere(read: Read) -> None:
    data = made(_with_break)
    statuses = set[str]()
    for position in range(0, len(data), 301):
        try:
            read("a.docx", data[:position] + bytes([data[position] ^ 0x5A]) + data[position + 1 :])
        except FileFault as fault:
            statuses.add(fault.status)
    assert statuses <= {"malformed", "too_large", "empty_text"}


def test_limits(read: Read) -> None:
    with pytest.raises(FileFault) as caught:
        read("a.docx", made(_with_break), ReadingLimits(pages=1))
    assert caught.value.status == "too_large"


RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DRAWN = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)


def packed(*paragraphs: str, **parts: str) -> bytes:
    """A document of the XML of its paragraphs, with further parts: the XML in their root element, by name."""
    data = BytesIO()
    with zipfile.ZipFile(BytesIO(made(lambda _: None))) as old, zipfile.ZipFile(data, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "word/document.xml":
                content = f"<w:document {NAMES} {DRAWN}><w:body>{''.join(paragraphs)}</w:body></w:document>".encode()
            elif name == "word/_rels/document.xml.rels":
                rows = (
                    f'<Relationship Id="x{part}" Type="{RELATION}/{part.rstrip("12")}" Target="{part}.xml"/>'
                    for part in parts
                    if part not in ("settings", "styles", "numbering")
                )
                content = content.replace(b"</Relationships>", f"{''.join(rows)}</Relationships>".encode())
            if name.removeprefix("word/").removesuffix(".xml") not in parts:
                new.writestr(name, content)
        for part, xml in parts.items():
            new.writestr(f"word/{part}.xml", _root(part, xml))
    return data.getvalue()


def _root(part: str, xml: str) -> str:
    tag = {"header": "hdr", "footer": "ftr"}.get(name := part.rstrip("12"), name)
    return f"<w:{tag} {NAMES} {DRAWN}>{xml}</w:{tag}>"


def r(text: str, *properties: str) -> str:
    form = "".join(f"<w:{name}/>" for name in properties)
    return f'<w:r><w:rPr>{form}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def note(kind: str, key: int, text: str, more: str = "") -> str:
    return f'<w:{kind} w:id="{key}" {more}>{p(text)}</w:{kind}>'


def ref(kind: str, key: int, more: str = "") -> str:
    return f'<w:r><w:{kind}Reference w:id="{key}" {more}/></w:r>'


def field_of(code: str) -> str:
    """A field with the result 3."""
    steps = [f"<w:instrText>{code}</w:instrText>", '<w:fldChar w:fldCharType="separate"/>', "<w:t>3</w:t>"]
    steps = ['<w:fldChar w:fldCharType="begin"/>', *steps, '<w:fldChar w:fldCharType="end"/>']
    return "".join(f"<w:r>{step}</w:r>" for step in steps)


def section(*references: str, more: str = "") -> str:
    names = f'xmlns:r="{RELATION}"'
    rows = (
        f'<w:{kind}Reference w:type="{place}" r:id="x{part}"/>'
        for kind, place, part in (found.split() for found in references)
    )
    return f"<w:sectPr {names}>{''.join(rows)}{more}</w:sectPr>"


class TestWhatDoesNotHold:
    """It is left out, and the report says so."""

    @pytest.mark.parametrize(
        ("parts", "text", "detail"),
        [
            pytest.param(
                ["within ", r("48 hours", "strike"), " 12 hours."], "within 12 hours.", "crossed out", id="one"
            ),
            pytest.param(["a ", r("b", "dstrike")], "a", "crossed out", id="two lines"),
            pytest.param(["a ", r("b", 'rStyle w:val="Old"')], "a", "crossed out", id="by the style of the words"),
            pytest.param(["a ", r("b", 'rStyle w:val="Older"')], "a", "crossed out", id="by what a style is based on"),
            pytest.param(["a ", r("b", "vanish")], "a", "not shown", id="hidden"),
            pytest.param(
                ["a ", "<w:del><w:r><w:delText>b</w:delText></w:r></w:del>", " c"], "a c", "deleted", id="deleted"
            ),
            pytest.param(["a ", f"<w:moveFrom>{r('b')}</w:moveFrom>", " c"], "a c", "deleted", id="moved away"),
            pytest.param(["a ", f"<w:moveTo>{r('b')}</w:moveTo>", " c"], "a b c", None, id="moved here"),
            pytest.param(["a ", r("b", 'strike w:val="0"')], "a b", None, id="not crossed out"),
            pytest.param(
                ["a ", r("b", 'rStyle w:val="Old"', 'strike w:val="false"')], "a b", None, id="in spite of it"
            ),
            pytest.param(["a ", r(" ", "strike"), "b"], "a b", None, id="only a space"),
        ],
    )
    def test_in_a_paragraph(self, read: Read, parts: list[str], text: str, detail: str | None) -> None:
        styles = (
            '<w:style w:type="character" w:styleId="Old"><w:rPr><w:strike/></w:rPr></w:style>'
            '<w:style w:type="character" w:styleId="Older"><w:basedOn w:val="Old"/></w:style>'
            '<w:style w:type="character" w:styleId="Loop"><w:basedOn w:val="Loop"/></w:style>'
        )
        found = read("a.docx", packed(p(*parts), styles=styles))
        assert text_of(found) == text
        assert found.remarks == ((Remark(1, "hidden", detail),) if detail else ())

    def test_by_the_style_of_the_paragraph(self, read: Read) -> None:
        styles = '<w:style w:type="paragraph" w:styleId="Old"><w:rPr><w:strike/></w:rPr></w:style>'
        runs = r("Old.") + r("New.", 'strike w:val="0"')
        old = f'<w:p><w:pPr><w:pStyle w:val="Old"/></w:pPr>{runs}</w:p>'
        found = read("a.docx", packed(old, p("More."), styles=styles))
        assert (text_of(found), found.remarks) == ("New.\n\nMore.", (Remark(1, "hidden", "crossed out"),))

    def test_on_its_page(self, read: Read) -> None:
        found = read("a.docx", made_of(p("One."), p(HARD, "Two."), p(r("Gone.", "strike")), p(HARD, "Three.")))
        assert [page.text for page in found.pages] == ["One.", "Two.", "Three."]
        assert found.remarks == (Remark(2, "hidden", "crossed out"),)

    def test_a_deleted_row(self, read: Read) -> None:
        gone = f"<w:tr><w:trPr><w:del/></w:trPr>{cell('b')}</w:tr>"
        found = read("a.docx", made_of(f"<w:tbl><w:tr>{cell('a')}</w:tr>{gone}<w:tr>{cell('c')}</w:tr></w:tbl>"))
        assert (text_of(found), found.remarks) == ("a\nc", (Remark(1, "hidden", "deleted"),))

    def test_in_a_table(self, read: Read) -> None:
        found = read("a.docx", made_of(table(cell("day") + cell(r("14", "strike"), r(" 17")))))
        assert (text_of(found), found.remarks) == ("day | 17", (Remark(1, "hidden", "crossed out"),))


class TestNotes:
    def test_after_their_paragraph(self, read: Read) -> None:
        notes = note("footnote", 0, "line", 'w:type="separator"') + note("footnote", 2, "It costs 135 francs.")
        notes += note("footnote", 3, "In spring.") + note("footnote", 4, "Nobody refers to it.")
        body = [p("Bells are extra.", ref("footnote", 2), " Call", ref("footnote", 3), " first."), p("The end.")]
        assert text_of(read("a.docx", packed(*body, footnotes=notes))) == (
            "Bells are extra. Call first.\n\nFootnote 1: It costs 135 francs.\n\nFootnote 2: In spring.\n\nThe end."
        )

    def test_after_their_table(self, read: Read) -> None:
        body = [table(cell("bells", ref("footnote", 2)) + cell("135")), p("The end.")]
        assert text_of(read("a.docx", packed(*body, footnotes=note("footnote", 2, "An hour.")))) == (
            "bells | 135\n\nFootnote 1: An hour.\n\nThe end."
        )

    def test_endnotes_are_at_the_end(self, read: Read) -> None:
        body = [p("One.", ref("endnote", 2)), p("Two.")]
        assert (
            text_of(read("a.docx", packed(*body, endnotes=note("endnote", 2, "More."))))
            == "One.\n\nTwo.\n\nEndnote: More."
        )

    @pytest.mark.parametrize(
        ("settings", "labels"),
        [
            pytest.param("", ["Footnote 1", "Footnote 2"], id="as usual"),
            pytest.param(
                '<w:footnotePr><w:numFmt w:val="decimal"/></w:footnotePr>', ["Footnote 1", "Footnote 2"], id="said"
            ),
            pytest.param('<w:footnotePr><w:numFmt w:val="chicago"/></w:footnotePr>', ["Footnote"] * 2, id="signs"),
            pytest.param(
                '<w:footnotePr><w:numRestart w:val="eachPage"/></w:footnotePr>', ["Footnote"] * 2, id="restart"
            ),
            pytest.param('<w:footnotePr><w:numStart w:val="7"/></w:footnotePr>', ["Footnote"] * 2, id="from seven"),
        ],
    )
    def test_a_number_is_told_only_if_it_is_right(self, read: Read, settings: str, labels: list[str]) -> None:
        notes = note("footnote", 1, "a") + note("footnote", 2, "b")
        data = packed(p("x", ref("footnote", 1), ref("footnote", 2)), footnotes=notes, settings=settings)
        assert text_of(read("a.docx", data)) == f"x\n\n{labels[0]}: a\n\n{labels[1]}: b"

    def test_a_mark_of_its_own_has_no_number(self, read: Read) -> None:
        notes = note("footnote", 1, "a") + note("footnote", 2, "b")
        body = p("x", ref("footnote", 1, 'w:customMarkFollows="1"'), "*", ref("footnote", 2))
        assert text_of(read("a.docx", packed(body, footnotes=notes))) == "x*\n\nFootnote: a\n\nFootnote 1: b"

    def test_comments_are_told_as_such(self, read: Read) -> None:
        notes = note("comment", 1, "Too cheap?", 'w:author="Ada Byron"') + note("comment", 2, "No.")
        body = p("It costs 4 €.", ref("comment", 1), ref("comment", 2))
        assert text_of(read("a.docx", packed(body, comments=notes))) == (
            "It costs 4 €.\n\nComment by Ada Byron: Too cheap?\n\nComment: No."
        )

    def test_those_of_text_that_does_not_hold_are_left_out(self, read: Read) -> None:
        gone = '<w:r><w:rPr><w:strike/></w:rPr><w:t>b</w:t><w:footnoteReference w:id="1"/></w:r>'
        assert text_of(read("a.docx", packed(p("a", gone), footnotes=note("footnote", 1, "c")))) == "a"


def test_damaged_notes_do_not_cost_the_document(read: Read) -> None:
    data = packed(p("a", ref("footnote", 1)), footnotes="<w:footnote w:id='1'>", comments=note("comment", 1, "b"))
    found = read("a.docx", data)
    assert (text_of(found), found.reason) == ("a", "not read: footnotes, in the document")


class TestHeadersAndFooters:
    def test_once_before_the_section(self, read: Read) -> None:
        first = f"<w:p><w:pPr>{section('header default header1', 'footer default footer1')}</w:pPr>{r('One.')}</w:p>"
        body = [first, p("Two."), section("header default header2", "footer default footer1")]
        parts = {"header1": p("Contract K-2291-B"), "footer1": p("Ext. 3307"), "header2": p("Annex")}
        assert text_of(read("a.docx", packed(*body, **parts))) == (
            "Page header: Contract K-2291-B\n\nPage footer: Ext. 3307\n\nOne.\n\nPage header: Annex\n\nTwo."
        )

    @pytest.mark.parametrize(
        ("references", "more", "settings", "text"),
        [
            pytest.param(["header first header1"], "", "", "x", id="of a first page that is as the others"),
            pytest.param(["header first header1"], "<w:titlePg/>", "", "Page header: y\n\nx", id="of a first page"),
            pytest.param(["header even header1"], "", "", "x", id="of even pages that are as the others"),
            pytest.param(
                ["header even header1"], "", "<w:evenAndOddHeaders/>", "Page header: y\n\nx", id="of even pages"
            ),
            pytest.param(["header default nothing"], "", "", "x", id="missing"),
        ],
    )
    def test_only_those_that_are_shown(
        self, read: Read, references: list[str], more: str, settings: str, text: str
    ) -> None:
        data = packed(p("x"), section(*references, more=more), header1=p("y"), settings=settings)
        assert text_of(read("a.docx", data)) == text

    @pytest.mark.parametrize(
        ("line", "text"),
        [
            pytest.param([field_of("PAGE")], "x", id="number alone"),
            pytest.param(["Page ", field_of("PAGE"), " of ", field_of(" NUMPAGES ")], "x", id="with its words"),
            pytest.param(['<w:fldSimple w:instr=" PAGE ">' + r("3") + "</w:fldSimple>"], "x", id="simple"),
            pytest.param(
                ["Contract 7, page ", field_of("PAGE")], "Page header: Contract 7, page\n\nx", id="with others"
            ),
            pytest.param([field_of("TITLE")], "Page header: 3\n\nx", id="another field"),
            pytest.param(["Harbour office"], "Page header: Harbour office\n\nx", id="words alone"),
        ],
    )
    def test_page_numbers_are_left_out(self, read: Read, line: list[str], text: str) -> None:
        data = packed(p("x"), section("header default header1"), header1=p(*line))
        assert text_of(read("a.docx", data)) == text


class TestOtherText:
    def test_a_box_in_a_cell_is_read_once(self, read: Read) -> None:
        content = f"<w:txbxContent>{p('boxed')}</w:txbxContent>"
        both = f"<mc:Choice>{content}</mc:Choice><mc:Fallback>{content}</mc:Fallback>"
        both = f"<mc:AlternateContent>{both}</mc:AlternateContent>"
        body = [f"<w:tbl><w:tr>{cell('a', f'<w:r>{both}</w:r>')}{cell('b')}</w:tr></w:tbl>", p("c")]
        assert text_of(read("a.docx", packed(*body))) == "a boxed | b\n\nc"

    @pytest.mark.parametrize(
        ("xml", "text"),
        [
            pytest.param("<m:r><m:t>x+1</m:t></m:r>", "x+1", id="row"),
            pytest.param(
                "<m:f><m:num><m:r><m:t>a</m:t></m:r></m:num><m:den><m:r><m:t>b+c</m:t></m:r></m:den></m:f>",
                "a/(b+c)",
                id="/",
            ),
            pytest.param(
                "<m:sSup><m:e><m:r><m:t>10</m:t></m:r></m:e><m:sup><m:r><m:t>-6</m:t></m:r></m:sup></m:sSup>",
                "10^-6",
                id="^",
            ),
            pytest.param(
                "<m:sSubSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sub><m:r><m:t>i</m:t></m:r></m:sub>"
                "<m:sup><m:r><m:t>n+1</m:t></m:r></m:sup></m:sSubSup>",
                "x_i^(n+1)",
                id="both",
            ),
            pytest.param("<m:rad><m:deg/><m:e><m:r><m:t>2</m:t></m:r></m:e></m:rad>", "√2", id="root"),
            pytest.param(
                '<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub><m:r><m:t>i=1</m:t></m:r></m:sub>'
                "<m:sup><m:r><m:t>n</m:t></m:r></m:sup><m:e><m:r><m:t>i</m:t></m:r></m:e></m:nary>",
                "∑_(i=1)^(n) i",
                id="sum",
            ),
            pytest.param(
                "<m:d><m:e><m:r><m:t>a</m:t></m:r></m:e><m:e><m:r><m:t>b</m:t></m:r></m:e></m:d>", "(a|b)", id="()"
            ),
            pytest.param(
                "<m:m><m:mr><m:e><m:r><m:t>1</m:t></m:r></m:e><m:e><m:r><m:t>0</m:t></m:r></m:e></m:mr>"
                "<m:mr><m:e><m:r><m:t>2</m:t></m:r></m:e></m:mr></m:m>",
                "1 0; 2",
                id="matrix",
            ),
        ],
    )
    def test_equations(self, read: Read, xml: str, text: str) -> None:
        assert text_of(read("a.docx", packed(p("E = ", f"<m:oMath>{xml}</m:oMath>", ".")))) == f"E = {text}."

    @pytest.mark.parametrize(
        ("xml", "text"),
        [
            pytest.param('<w:sym w:font="Symbol" w:char="F061"/>', "α", id="letter"),
            pytest.param('<w:sym w:font="Symbol" w:char="F0B1"/>', "±", id="sign"),
            pytest.param('<w:sym w:font="Wingdings" w:char="F0FE"/>', "☑", id="box"),
            pytest.param('<w:sym w:font="Arial" w:char="00B5"/>', "µ", id="of Unicode"),
            pytest.param('<w:sym w:font="Nobody" w:char="F0FE"/>', "", id="unknown"),
            pytest.param('<w:sym w:font="Symbol" w:char="x"/>', "", id="no code"),
        ],
    )
    def test_symbols(self, read: Read, xml: str, text: str) -> None:
        assert text_of(read("a.docx", packed(p("a", f"<w:r>{xml}</w:r>", "b")))) == f"a{text}b"

    @pytest.mark.parametrize(
        ("data", "text"),
        [
            pytest.param('<w:checkBox><w:default w:val="0"/><w:checked/></w:checkBox>', "☒", id="checked"),
            pytest.param('<w:checkBox><w:default w:val="1"/></w:checkBox>', "☒", id="checked by default"),
            pytest.param('<w:checkBox><w:default w:val="0"/></w:checkBox>', "☐", id="not checked"),
            pytest.param(
                '<w:ddList><w:result w:val="1"/><w:listEntry w:val="red"/><w:listEntry w:val="blue"/></w:ddList>',
                "blue",
                id="chosen",
            ),
            pytest.param('<w:ddList><w:listEntry w:val="red"/></w:ddList>', "red", id="the first"),
            pytest.param('<w:ddList><w:result w:val="9"/><w:listEntry w:val="red"/></w:ddList>', "", id="none"),
        ],
    )
    def test_old_form_fields(self, read: Read, data: str, text: str) -> None:
        field = f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData>{data}</w:ffData></w:fldChar></w:r>'
        end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
        assert text_of(read("a.docx", packed(p("a ", field, end, " b")))) in (f"a {text} b", "a  b")

    def test_raised_numbers_stay_apart(self, read: Read) -> None:
        up = 'vertAlign w:val="superscript"'
        body = p("245", r("9", up), " steps, 10", r("-", up), r("6", up), " m, 1", r("st", up))
        assert text_of(read("a.docx", packed(body))) == "245 9 steps, 10^-6 m, 1st"

    def test_a_mark_before_a_number_stays_apart(self, read: Read) -> None:
        up = 'vertAlign w:val="superscript"'
        assert text_of(read("a.docx", packed(p(r("1", up), "245 units of ", r("137", up), "Cs")))) == (
            "1 245 units of 137Cs"
        )

    def test_text_that_is_lifted_is_raised(self, read: Read) -> None:
        body = p(
            "77", r("4", 'position w:val="8"'), " cm, 30", r("5", 'position w:val="-6"'), r("1", 'position w:val="1"')
        )
        assert text_of(read("a.docx", packed(body))) == "77 4 cm, 3051"


CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"
DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"


def with_figure(kind: str, root: str, *paragraphs: str) -> bytes:
    """A document with a chart or a diagram after the first of its paragraphs, in a part of its own."""
    element = (
        f'<c:chart xmlns:c="{CHART}" xmlns:r="{RELATION}" r:id="xfigure"/>'
        if kind == "chart"
        else f'<d:relIds xmlns:d="{DIAGRAM}" xmlns:r="{RELATION}" r:dm="xfigure"/>'
    )
    first, *others = paragraphs
    data = BytesIO()
    body = [p(first, f"<w:r><w:drawing>{element}</w:drawing></w:r>"), *map(p, others)]
    with zipfile.ZipFile(BytesIO(packed(*body, figure=""))) as old, zipfile.ZipFile(data, "w") as new:
        for name in old.namelist():
            new.writestr(name, root if name == "word/figure.xml" else old.read(name))
    return data.getvalue()


def series(name: str, labels: list[str], values: list[str], form: str = "General", dates: str = "") -> str:
    def points(held: list[str]) -> str:
        return "".join(f'<c:pt idx="{n}"><c:v>{value}</c:v></c:pt>' for n, value in enumerate(held))

    code = f"<c:formatCode>{dates}</c:formatCode>" if dates else ""
    return (
        f"<c:ser><c:tx><c:strRef><c:strCache>{points([name])}</c:strCache></c:strRef></c:tx>"
        f"<c:cat><c:strRef><c:strCache>{code}{points(labels)}</c:strCache></c:strRef></c:cat>"
        f"<c:val><c:numRef><c:numCache><c:formatCode>{form}</c:formatCode>{points(values)}</c:numCache></c:numRef></c:val>"
        "</c:ser>"
    )


def chart(*rows: str, title: str = "") -> str:
    words = f"<c:title><a:p><a:r><a:t>{title}</a:t></a:r></a:p></c:title>" if title else ""
    return (
        f'<c:chartSpace xmlns:c="{CHART}" xmlns:a="{DRAWING}"><c:chart>{words}{"".join(rows)}</c:chart></c:chartSpace>'
    )


class TestFigures:
    @pytest.mark.parametrize(
        ("root", "text"),
        [
            pytest.param(
                chart(
                    series("North", ["May", "June"], ["4", "5.5"]),
                    series("South", ["May", "June"], ["6"]),
                    title="Sales",
                ),
                "Chart: Sales\n\n | North | South\nMay | 4 | 6\nJune | 5.5",
                id="two series",
            ),
            pytest.param(
                chart(series("Share", ["a"], ["0.125"], form="0.0%")), "Chart\n\n | Share\na | 12.5%", id="percent"
            ),
            pytest.param(
                chart(series("Price", ["45413"], ["7"], dates="dd/mm/yyyy")),
                "Chart\n\n | Price\n2024-05-01 | 7",
                id="dates",
            ),
            pytest.param(chart(series("x", ["a"], ["0.30000000000000004"])), "Chart\n\n | x\na | 0.3", id="rounding"),
            pytest.param(chart(title="Only words"), "Chart: Only words", id="without data"),
        ],
    )
    def test_charts_are_read_as_tables(self, read: Read, root: str, text: str) -> None:
        assert (
            text_of(read("a.docx", with_figure("chart", root, "Before.", "After."))) == f"Before.\n\n{text}\n\nAfter."
        )

    def test_diagrams_are_read(self, read: Read) -> None:
        points = "".join(f"<d:pt><d:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></d:t></d:pt>" for text in ("Plan", "Do"))
        root = f'<d:dataModel xmlns:d="{DIAGRAM}" xmlns:a="{DRAWING}">{points}<d:pt/></d:dataModel>'
        assert text_of(read("a.docx", with_figure("diagram", root, "Before.", "After."))) == (
            "Before.\n\nDiagram: Plan\nDo\n\nAfter."
        )

    def test_a_damaged_one_does_not_cost_the_document(self, read: Read) -> None:
        found = read("a.docx", with_figure("chart", "<c:chartSpace", "Before."))
        assert (text_of(found), found.reason) == ("Before.", "not read: figure.xml, in the document")


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        pytest.param("text/html", "a\n\nIn the page.\n\nb", None, id="web page"),
        pytest.param("application/rtf", "a\n\nb", "not read: chunk.bin, in the document", id="another file"),
    ],
)
def test_a_file_that_is_taken_in_as_a_whole(read: Read, kind: str, text: str, reason: str | None) -> None:
    data = BytesIO()
    body = [p("a"), f'<w:altChunk xmlns:r="{RELATION}" r:id="xchunk"/>', p("b")]
    with zipfile.ZipFile(BytesIO(packed(*body, chunk=""))) as old, zipfile.ZipFile(data, "w") as new:
        for name in old.namelist():
            content = old.read(name).replace(b'Target="chunk.xml"', b'Target="chunk.bin"')
            if name == "[Content_Types].xml":
                default = f'<Default Extension="bin" ContentType="{kind}"/>'.encode()
                content = content.replace(b"<Override", default + b"<Override", 1)
            if name != "word/chunk.xml":
                new.writestr(name, content)
        new.writestr("word/chunk.bin", "<p>In the <s>old</s> page.</p>")
    found = read("a.docx", data.getvalue())
    assert (text_of(found), found.reason) == (text, reason)


def picture(described: str = "", *, side: int = 3_600_000) -> str:
    """A run with a picture; sides in English Metric Units."""
    place = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
    kind = "http://schemas.openxmlformats.org/drawingml/2006/picture"
    sizes = f'<wp:extent cx="{side}" cy="{side}"/><wp:docPr id="1" name="P" descr="{described}"/>'
    return (
        f'<w:r><w:drawing><wp:inline xmlns:wp="{place}">{sizes}<x:pic xmlns:x="{kind}"/></wp:inline></w:drawing></w:r>'
    )


VML = 'xmlns:v="urn:schemas-microsoft-com:vml"'


@pytest.mark.parametrize(
    ("body", "figures"),
    [
        pytest.param([p("a", picture())], [""], id="nothing says what it is"),
        pytest.param([p(picture("Sales")), p("a")], ["Sales"], id="described"),
        pytest.param([p(picture("x")), p("Figure 1: Sales")], ["Figure 1 – Sales"], id="caption below"),
        pytest.param([p("Figure 1: Sales"), p(picture())], ["Figure 1 – Sales"], id="caption above"),
        pytest.param([p("a", picture(side=90_000))], [], id="sign"),
        pytest.param(
            [p(f"<w:r><w:object><v:shape {VML}><v:imagedata/></v:shape></w:object></w:r>")], [""], id="object"
        ),
        pytest.param([table(cell("a") + cell(picture()))], [""], id="in a table"),
    ],
)
def test_pictures_are_named(read: Read, body: list[str], figures: list[str]) -> None:
    source = read("a.docx", packed(*body, p("End.")))
    assert source.remarks == tuple(Remark(1, "figure", caption) for caption in figures)


def test_words_that_are_drawn_as_shapes(read: Read) -> None:
    art = f'<w:r><w:pict><v:shape {VML}><v:textpath string="Open day"/></v:shape></w:pict></w:r>'
    source = read(
        "a.docx", packed(p(art), section("header default header1"), header1=p(art.replace("Open day", "DRAFT")))
    )
    assert text_of(source) == "Page header: DRAFT\n\nOpen day"


def test_a_drop_cap_belongs_to_its_word(read: Read) -> None:
    cap = '<w:p><w:pPr><w:framePr w:dropCap="drop" w:lines="3"/></w:pPr><w:r><w:t>T</w:t></w:r></w:p>'
    assert text_of(read("a.docx", packed(cap, p("he pump is blue.")))) == "The pump is blue."
    assert text_of(read("a.docx", packed(p("It is blue."), cap))) == "It is blue.\n\nT"


def test_a_deleted_cell(read: Read) -> None:
    gone = f'<w:tc><w:tcPr><w:cellDel w:id="3"/></w:tcPr>{p("1")}</w:tc>'
    source = read("a.docx", packed(table(cell("a") + gone, cell("b") + cell("2"))))
    assert text_of(source) == "a\nb | 2"
    assert source.remarks == (Remark(1, "hidden", "deleted"),)
