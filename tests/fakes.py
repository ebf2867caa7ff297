"""Documents and an ingest job for tests; the fakes of models are in rag.testing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from ingest.chunking import Chunker
from ingest.job import IngestJob
from ingest.readers.limits import ReadingLimits
from ingest.readers.source import OcrMode, ReadingOptions
from ingest.readers.version import reader_version
from ingest.reading import Cutting, Reading, ReadRequest, read_document
from rag.errors import FileFault
from rag.models.embedding.interfaces import Encoder

# A page of make_pdf without text that is not blank.
DRAWING = "[drawing]"


@dataclass(frozen=True)
class ReadersHere:
    """Reads in this process, without limits on time and memory."""

    cutting: Cutting
    options: ReadingOptions

    def read(self, requests: Iterable[ReadRequest]) -> Iterable[tuple[ReadRequest, Reading | FileFault]]:
        """See :class:`ingest.reading.Readers`."""
        for request in requests:
            try:
                yield request, read_document(request, self.cutting, self.options)
            except FileFault as fault:
                yield request, fault


def ingest_job(
    index: Path, encoder: Encoder, chunker: Chunker | None = None, ocr: OcrMode = "off", **options: Any
) -> IngestJob:
    """An ingest job that reads in this process and counts words for tokens."""
    chunker = chunker or Chunker()
    reading = ReadingOptions(ReadingLimits(), ocr)
    readers = ReadersHere(Cutting(chunker, encoder.count_tokens, encoder.max_tokens), reading)
    return IngestJob(index, encoder, readers, identity={**chunker.identity, **reader_version(reading)}, **options)


def make_pdf(
    path: Path, pages: Sequence[str], *, title: str | None = None, password: str | None = None, size: int = 11
) -> Path:
    """A PDF with one page for each text; a line that begins with ``# `` is a heading, an empty text an empty page."""
    canvas = Canvas(str(path), pagesize=A4, invariant=True, encrypt=password)
    if title:
        canvas.setTitle(title)
    for page in pages:
        height = A4[1] - 72
        if page == DRAWING:
            canvas.circle(300, 400, 120, fill=1)
            page = ""
        for line in page.splitlines():
            heading = line.startswith("# ")
            canvas.setFont("Helvetica-Bold" if heading else "Helvetica", 18 if heading else size)
            canvas.drawString(72, height, line.removeprefix("# "))
            height -= 30 if heading else 14
        canvas.showPage()
    canvas.save()
    return path


def tiny_pdf(pages: Sequence[str]) -> bytes:
    """The bytes of a PDF with one page of ASCII text for each, made in no time: for tests that need hundreds."""
    numbers = range(4, 4 + 2 * len(pages), 2)
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(pages)}/Kids[{' '.join(f'{number} 0 R' for number in numbers)}]>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for number, text in zip(numbers, pages, strict=True):
        lines = "".join(f"({line}) Tj 0 -14 Td " for line in text.splitlines())
        content = f"BT /F 11 Tf 72 720 Td {lines}ET"
        resources = f"/Resources<</Font<</F 3 0 R>>>>/Contents {number + 1} 0 R"
        objects.append(f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]{resources}>>")
        objects.append(f"<</Length {len(content)}>>stream\n{content}\nendstream")
    data, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += f"{number} 0 obj{body}endobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    start = len(data)
    data += f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF"
    return data.encode("ascii")
