"""Rebuild the PDFs of the knowledge base from their Typst sources.

    python docs/knowledge_base/build.py

Every ``*.typ`` file here is one document, but for those in ``SHARED``. The
result depends on the sources alone (Typst's own fonts, fixed dates, no clock),
so a second run writes the same bytes.
"""

from __future__ import annotations

import io
import random
import shutil
import tempfile
from pathlib import Path

import pypdfium2 as pdfium
import typst
from PIL import Image, ImageFilter

SOURCES = Path(__file__).resolve().parent
TARGET = SOURCES.parents[1] / "knowledge_base"
SHARED = {"style.typ", "scanned_form.typ"}
SCAN_DPI = 110


def compile_pdf(source: Path) -> bytes:
    """Compile one Typst source; it may read whatever lies beside it."""
    pdf = typst.compile(source, root=source.parent, format="pdf", ignore_system_fonts=True, timestamp=0)
    if not isinstance(pdf, bytes):
        raise TypeError(f"{source.name}: Typst returned {type(pdf).__name__}, not one PDF")
    return pdf


def scan(pdf: bytes) -> bytes:
    """The first page of ``pdf`` as a PNG that looks as if it had been scanned."""
    document = pdfium.PdfDocument(pdf)
    page = document[0].render(scale=SCAN_DPI / 72).to_pil().convert("RGB")
    document.close()
    paper = (243, 239, 228)
    page = page.rotate(0.7, resample=Image.Resampling.BICUBIC, expand=False, fillcolor=paper)
    page = page.filter(ImageFilter.GaussianBlur(0.45))
    dust = random.Random(17)  # noqa: S311
    for _ in range(420):
        x, y = dust.randrange(page.width - 1), dust.randrange(page.height - 1)
        shade = dust.randrange(120, 215)
        page.putpixel((x, y), (shade, shade, shade - 10))
    page = page.quantize(colors=96, dither=Image.Dither.NONE)
    png = io.BytesIO()
    page.save(png, format="PNG", optimize=True)
    return png.getvalue()


def main() -> None:
    """Write every document into the knowledge base and say how long it is."""
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        workshop = Path(folder)
        for path in SOURCES.glob("*.typ"):
            shutil.copy(path, workshop)
        form = workshop / "scanned_form.typ"
        form.with_suffix(".png").write_bytes(scan(compile_pdf(form)))
        for source in sorted(workshop.glob("*.typ")):
            if source.name in SHARED:
                continue
            pdf = compile_pdf(source)
            document = pdfium.PdfDocument(pdf)
            pages = len(document)
            document.close()
            path = TARGET / f"{source.stem}.pdf"
            path.write_bytes(pdf)
            print(f"{path.name}: {pages} pages, {len(pdf) / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
