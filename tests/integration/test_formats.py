"""Document formats other than text PDFs (text, Markdown, HTML, DOCX, scans), from the file to the answer over HTTP."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from pypdf import PdfWriter
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from starlette.testclient import TestClient

from ingest.discovery import discover
from ingest.pdf.reading import open_pdf
from ingest.readers.limits import ReadingLimits
from ingest.readers.registry import READERS
from ingest.readers.source import ReadingOptions
from rag.domain.values import Box, Page
from rag.service.app import create_app
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.fakes import ingest_job, make_pdf
from tests.integration.conftest import make_answerer
from tests.unit.ingest.pdf.layouts import read_pages

needs_ocr = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract-ocr is not installed")
OPTIONS = ReadingOptions(ReadingLimits())
LETTER = (
    "# The Harbour Office\n"
    "The harbour office opens at 8 in the morning and closes at 17.\n"
    "A berth costs 24 euros for each night, and electricity is included.\n"
    "Dogs travel free of charge on the ferry to the islands.\n"
    "Members of the cooperative have thirty days of leave in each year."
)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    folder = tmp_path / "documents"
    folder.mkdir()
    make_pdf(folder / "pump.pdf", ["# Pump\nThe pump has a blue lid."])
    (folder / "fees.md").write_text("# Fees\n\nA berth costs **24 euros** for each night.\n")
    (folder / "page.html").write_text("<script>alert(1)</script><h1>Ferry</h1><p>The ferry leaves twice a day.")
    (folder / "notes.txt").write_text("The café opens at nine.")
    word = Document()
    word.add_paragraph("The valve is red and opens to the left.")
    word.save(str(folder / "valve.docx"))
    index = tmp_path / "indexes"
    ingest_job(index, BagOfWordsEncoder()).run(discover([folder]))
    model = ScriptedModel(["A berth costs 24 euros for each night [1]."])
    with TestClient(create_app(lambda: make_answerer(index, model)), raise_server_exceptions=False) as client:
        yield client


def documents(client: TestClient) -> dict[str, dict[str, Any]]:
    return {document["name"]: document for document in client.get("/documents").json()["documents"]}


def test_each_kind_is_ingested(client: TestClient) -> None:
    found = documents(client)
    assert {name: (d["title"], d["pages"], d["status"]) for name, d in found.items()} == {
        "fees.md": ("Fees", 1, "ok"),
        "notes.txt": ("notes", 1, "ok"),
        "page.html": ("Ferry", 1, "ok"),
        "pump.pdf": ("Pump", 1, "ok"),
        "valve.docx": ("valve", 1, "ok"),
    }


def test_a_citation_of_text_leads_to_text(client: TestClient) -> None:
    answer = client.post("/ask", json={"question": "What does a berth cost for a night?"}).json()
    assert answer["answered"] is True
    (citation,) = answer["citations"]
    assert (citation["document"], citation["quote"]) == ("fees.md", "A berth costs 24 euros for each night.")
    assert citation["boxes"] == []
    page = client.get(citation["url"]).json()
    assert page["text"][citation["start"] : citation["end"]] == citation["quote"]


@pytest.mark.parametrize(
    ("name", "type_", "disposition"),
    [
        ("pump.pdf", "application/pdf", "inline"),
        ("fees.md", "text/plain; charset=utf-8", "inline"),
        ("page.html", "text/plain; charset=utf-8", "inline"),
        ("notes.txt", "text/plain; charset=utf-8", "inline"),
        ("valve.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "attachment"),
    ],
)
def test_a_file_is_sent_as_what_it_is_and_never_as_a_page(
    client: TestClient, name: str, type_: str, disposition: str
) -> None:
    response = client.get(f"/documents/{documents(client)[name]['id']}/file")
    assert response.headers["content-type"] == type_
    assert response.headers["content-disposition"] == f'{disposition}; filename="{name}"'
    assert response.headers["x-content-type-options"] == "nosniff"


def test_what_is_no_pdf_has_no_pictures(client: TestClient) -> None:
    found = documents(client)
    response = client.get(f"/documents/{found['fees.md']['id']}/pages/1.png")
    assert response.status_code == 422
    assert "no pictures" in response.json()["detail"]
    assert client.get(f"/documents/{found['fees.md']['id']}/pages/2.png").status_code == 404
    assert client.get(f"/documents/{found['pump.pdf']['id']}/pages/1.png").status_code == 200


def scanned(path: Path, of: Path, *, turn: int = 0, stamp: str = "") -> Path:
    """A scan: a PDF of images of the pages; ``turn`` is its /Rotate, with images rotated to compensate."""
    canvas = Canvas(str(path), invariant=True)
    with open_pdf(of) as file:
        for number in range(1, len(file) + 1):
            size, _ = file.lines(number)
            laid = size[::-1] if turn % 180 else size
            data = io.BytesIO()
            file.picture(number, scale=200 / 72).convert("L").rotate(turn, expand=True).save(data, "PNG")
            canvas.setPageSize(laid)
            canvas.drawImage(ImageReader(data), 0, 0, *laid)
            canvas.drawString(72, 40, stamp)
            canvas.showPage()
    canvas.save()
    writer = PdfWriter(path)
    for page in writer.pages:
        page.rotate(turn)
    writer.write(path)
    return path


def overlap(one: Box, other: Box) -> float:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    if min(width, height) <= 0:
        return 0.0
    areas = sum((box.x1 - box.x0) * (box.y1 - box.y0) for box in (one, other))
    return width * height / (areas - width * height)


def boxes_of(page: Page, quote: str) -> tuple[Box, ...]:
    start = page.text.index(quote)
    return page.boxes(start, start + len(quote))


@needs_ocr
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_scan_has_quotes_where_they_are_printed(tmp_path: Path, turn: int) -> None:
    original = make_pdf(tmp_path / "a.pdf", [LETTER])
    source = READERS[".pdf"](scanned(tmp_path / "scan.pdf", original, turn=turn), OPTIONS)
    (true,), (seen,) = read_pages(original), source.pages
    assert [remark.kind for remark in source.remarks] == ["ocr"]
    assert source.reason is None
    assert source.title == "The Harbour Office"
    assert seen.text == true.text
    for quote in ("A berth costs 24 euros for each night", "thirty days of leave", "islands"):
        ((one,), (other,)) = boxes_of(true, quote), boxes_of(seen, quote)
        assert overlap(one, other) > 0.7


@needs_ocr
def test_a_stamp_does_not_hide_a_scan(tmp_path: Path) -> None:
    original = make_pdf(tmp_path / "a.pdf", [f"{LETTER}\n{LETTER}"])
    source = READERS[".pdf"](scanned(tmp_path / "scan.pdf", original, stamp="Envelope ID 4F-17"), OPTIONS)
    assert [remark.kind for remark in source.remarks] == ["ocr"]
    assert "thirty days of leave" in source.pages[0].text
    assert "Envelope ID 4F-17" in source.pages[0].text


@needs_ocr
def test_forced_ocr_reads_what_is_printed(tmp_path: Path) -> None:
    original = make_pdf(tmp_path / "a.pdf", [LETTER])
    source = READERS[".pdf"](original, ReadingOptions(ReadingLimits(), ocr="force"))
    assert source.pages[0].text == read_pages(original)[0].text
    assert [remark.kind for remark in source.remarks] == ["ocr"]


@needs_ocr
def test_the_form_of_the_knowledge_base_is_read() -> None:
    """A scan at 110 dpi, askew and dusty."""
    bulletin = Path(__file__).parents[2] / "knowledge_base" / "safety_bulletin_sb_25_03.pdf"
    source = READERS[".pdf"](bulletin, OPTIONS)
    assert [(remark.page, remark.kind) for remark in source.remarks] == [(4, "ocr")]
    assert len(source.pages[3].text) > 300
    assert source.reason is None
