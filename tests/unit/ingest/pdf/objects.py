"""PDF files from their objects, with a table of them: for what no library writes."""

from __future__ import annotations

from collections.abc import Sequence


def pdf_of(objects: Sequence[str | bytes], trailer: str = "") -> bytes:
    """A file of these objects, numbered from 1; the first is the catalog."""
    data, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj%s\nendobj\n" % (number, body.encode("latin-1") if isinstance(body, str) else body)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"trailer<</Size {size}/Root 1 0 R{trailer}>>\nstartxref\n{len(data)}\n%%EOF"
    return data + f"xref\n0 {size}\n0000000000 65535 f \n{table}{end}".encode()


def stream(content: str, entries: str = "") -> str:
    """A stream object."""
    return f"<<{entries}/Length {len(content)}>>stream\n{content}\nendstream"


def shown(words: str, y: float, x: float = 72, size: float = 12) -> str:
    """Operators that show words in the font F."""
    return f"BT /F {size} Tf {x} {y} Td ({words}) Tj ET "


HELVETICA = "/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"


def page_of(
    content: str, *, catalog: str = "", page: str = "", resources: str = "", extra: Sequence[str | bytes] = ()
) -> bytes:
    """A file of one page with this content; ``extra`` objects have the numbers from 5 on."""
    return pdf_of(
        [
            f"<</Type/Catalog/Pages 2 0 R{catalog}>>",
            "<</Type/Pages/Count 1/Kids[3 0 R]>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
            f"/Resources<<{HELVETICA}{resources}>>{page}>>",
            stream(content),
            *extra,
        ]
    )
