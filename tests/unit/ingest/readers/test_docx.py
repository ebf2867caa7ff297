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
    assert text_of(source) == "The pump\n\nIt is blue.\n\nParts\n\nPart | Price\nLid | 4 €\n\nLid\n\nRound and    blue"
    assert headings_of(source) == [(1, "The pump"), (1, "Parts"), (2, "Lid")]
    assert (source.title, source.reason, source.remarks) == ("Pump manual", None, ())


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
