"""Word reader: files that are embedded in a document are documents of their own."""

from __future__ import annotations

from io import BytesIO

import pytest
from docx import Document
from docx.opc.packuri import PackURI
from docx.opc.part import Part

from ingest.markup import word_attachments as module
from ingest.markup.word_attachments import embedded_files
from rag.domain.attached_file import AttachedFile
from tests.unit.ingest.readers.conftest import Read, text_of

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WANTED = (".docx", ".txt")


def holding(*files: tuple[str, str, bytes]) -> bytes:
    """A document in which files are embedded, each given by its relationship, its part and its bytes."""
    document = Document()
    document.add_paragraph("The contract.")
    package = document.part.package
    assert package is not None
    for kind, name, data in files:
        part = Part(PackURI(f"/word/{name}"), "application/octet-stream", data, package)
        document.part.relate_to(part, f"{OFFICE}/{kind}")
    written = BytesIO()
    document.save(written)
    return written.getvalue()


@pytest.mark.parametrize(
    ("kind", "name", "found"),
    [
        pytest.param("package", "embeddings/Annex.docx", AttachedFile("Annex.docx", b"PK"), id="a document"),
        pytest.param("package", "embeddings/Prices.xlsx", AttachedFile("Prices.xlsx", None), id="of a type not read"),
        pytest.param("oleObject", "embeddings/object1.bin", AttachedFile("object1.bin", None), id="of another program"),
        pytest.param("package", "more/Annex.docx", AttachedFile("more-Annex.docx", b"PK"), id="in another folder"),
        pytest.param("image", "media/a.docx", None, id="another relationship"),
    ],
)
def test_one_file(kind: str, name: str, found: AttachedFile | None) -> None:
    document = Document(BytesIO(holding((kind, name, b"PK"))))
    assert embedded_files(document, WANTED) == ([found] if found else [])


def test_an_empty_file_is_damaged() -> None:
    (file,) = embedded_files(Document(BytesIO(holding(("package", "embeddings/a.txt", b"")))), WANTED)
    assert (file.data, file.fault) == (None, "malformed")


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_ATTACHED", 5)
    monkeypatch.setattr(module, "LARGEST_ALL_ATTACHED", 7)
    monkeypatch.setattr(module, "MOST_ATTACHED", 3)
    sizes = (6, 4, 4, 1, 1)
    parts = [("package", f"embeddings/{number}.txt", b"x" * size) for number, size in enumerate(sizes)]
    found = embedded_files(Document(BytesIO(holding(*parts))), WANTED)
    assert [(file.name, file.fault) for file in found] == [
        ("0.txt", "too_large"), ("1.txt", None), ("2.txt", "too_large"), ("2 more", "too_large"),
    ]  # fmt: skip


def test_the_reader_gives_them(read: Read) -> None:
    source = read("a.docx", holding(("package", "embeddings/Annex.docx", b"PK")))
    assert (text_of(source), [file.name for file in source.attachments]) == ("The contract.", ["Annex.docx"])
