"""Mutation fuzzing: valid PDFs of many kinds, damaged at random with a fixed seed."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import SimpleDocTemplate, Table

from tests.hostile.damage import DAMAGES

_LARGEST: Final = 60_000
_KNOWLEDGE: Final = Path(__file__).parent.parent.parent / "knowledge_base"
_FONTS: Final = ("Helvetica", "Times-Italic", "Courier-Bold", "Symbol", "ZapfDingbats")

Draw = Callable[[Canvas], None]


def _made(draw: Draw, *, compressed: bool = True, lock: StandardEncryption | None = None) -> bytes:
    data = io.BytesIO()
    canvas = Canvas(data, pagesize=A4, invariant=True, pageCompression=int(compressed), encrypt=lock)
    draw(canvas)
    canvas.save()
    return data.getvalue()


def _text(canvas: Canvas, pages: int = 2) -> None:
    for page in range(1, pages + 1):
        canvas.setFont("Helvetica-Bold", 18)
        canvas.drawString(72, 770, f"Chapter {page} of the pump")
        canvas.setFont("Helvetica", 11)
        for line in range(20):
            canvas.drawString(72, 740 - 14 * line, f"Line {line}: the valve of pump {page} is opened to the left.")
        canvas.showPage()


def _fonts(canvas: Canvas) -> None:
    for number, font in enumerate(_FONTS):
        canvas.setFont(font, 8 + 3 * number)
        canvas.drawString(72, 700 - 40 * number, "Sphinx of black quartz, judge my vow 0123456789.")


def _picture(canvas: Canvas) -> None:
    from PIL import Image

    noise = Image.frombytes("RGB", (48, 48), random.Random(7).randbytes(48 * 48 * 3))
    canvas.drawImage(ImageReader(noise), 72, 400, 200, 200, mask=None)
    canvas.drawString(72, 380, "Figure 1: noise.")


def _form(canvas: Canvas) -> None:
    canvas.drawString(72, 740, "Please fill in this form.")
    canvas.acroForm.textfield(name="name", x=72, y=700, width=200, value="Nobody", tooltip="your name")
    canvas.acroForm.checkbox(name="agree", x=72, y=660, checked=True)
    canvas.acroForm.choice(name="kind", x=72, y=620, width=120, value="a", options=["a", "b"])


def _outline(canvas: Canvas) -> None:
    for page in range(3):
        canvas.bookmarkPage(f"p{page}")
        canvas.addOutlineEntry(f"Part {page}", f"p{page}", level=min(page, 1))
        canvas.drawString(72, 700, f"Part {page} has its own page.")
        canvas.linkURL("http://192.0.2.1/", (72, 690, 200, 715))
        canvas.showPage()


def _turned(canvas: Canvas) -> None:
    canvas.setPageRotation(90)
    canvas.rotate(30)
    canvas.drawString(300, 200, "This line climbs.")
    canvas.beginForm("stamp")
    canvas.circle(50, 50, 40, fill=1)
    canvas.endForm()
    canvas.doForm("stamp")
    canvas.linearGradient(0, 0, 300, 300, (colors.red, colors.blue))


def _columns(canvas: Canvas) -> None:
    for column in range(2):
        for line in range(40):
            canvas.drawString(60 + 250 * column, 770 - 14 * line, f"Column {column}, line {line} of the report.")


def _table() -> bytes:
    data = io.BytesIO()
    rows = [["Part", "Weight", "Price"], *([f"Screw M{n}", f"{n} g", f"{n}.50 EUR"] for n in range(1, 30))]
    SimpleDocTemplate(data, invariant=1).build([Table(rows, style=[("GRID", (0, 0), (-1, -1), 1, colors.black)])])
    return data.getvalue()


def _packed() -> bytes:
    """A PDF with object streams and a cross-reference stream."""
    import pypdf

    writer = pypdf.PdfWriter(io.BytesIO(_made(_text)))
    writer.add_metadata({"/Title": "The pump manual"})
    data = io.BytesIO()
    writer.write(data)
    return data.getvalue()


@cache
def seeds() -> dict[str, bytes]:
    """The valid files."""
    made = {
        "text": _made(_text),
        "plain": _made(_text, compressed=False),
        "fonts": _made(_fonts, compressed=False),
        "picture": _made(_picture),
        "form": _made(_form, compressed=False),
        "outline": _made(_outline),
        "turned": _made(_turned, compressed=False),
        "columns": _made(_columns),
        "table": _table(),
        "locked": _made(_text, lock=StandardEncryption("", "owner", strength=128)),
        "packed": _packed(),
    }
    kept = {path.stem: path.read_bytes()[:_LARGEST] for path in sorted(_KNOWLEDGE.glob("*.pdf"))}
    return {**made, **kept}


def mutants(count: int, seed: int = 1) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of damaged files; the same for the same ``seed``."""
    rng = random.Random(seed)
    sources = list(seeds().items())
    for number in range(count):
        name, sound = sources[number % len(sources)]
        damage = rng.choice(DAMAGES)
        data = bytearray(sound)
        for _ in range(rng.choice((1, 1, 1, 3))):
            if data:
                damage(data, rng)
        yield f"mutant_{number:04}_{name}{damage.__name__}.pdf", bytes(data[:_LARGEST])
