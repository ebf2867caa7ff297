"""Synthetic large corpora from a folder of PDFs: copies whose contents differ, because equal ones are stored once."""

from __future__ import annotations

import sys
from pathlib import Path

import pypdf


def copies_of(folder: Path, target: Path, *, copies: int | None = None, pages: int | None = None) -> Path:
    """Fills ``target`` with the PDFs of ``folder``, each with a comment after its end that makes it another content.

    Args:
        folder: where they are, also in folders below.
        target: is made.
        copies: of each file; where it is None, as many as give so many ``pages`` in all.
        pages: see ``copies``.
    """
    sources = sorted(folder.rglob("*.pdf"))
    counts = {path: len(pypdf.PdfReader(path).pages) for path in sources} if pages else {}
    made = 0
    for number in range(copies if copies is not None else sys.maxsize):
        for path in sources:
            if pages is not None and made >= pages:
                return target
            copy = target / path.relative_to(folder).parent / f"{path.stem}-{number}.pdf"
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes() + f"\n% copy {number}\n".encode())
            made += counts.get(path, 0)
    return target
