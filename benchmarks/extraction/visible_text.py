"""Words that a person sees on a page and the reader does not give, ``python -m benchmarks.extraction.visible_text``.

Pages of a sample are rendered and recognized by Tesseract. Its words of four letters and more, with a confidence of at
least 90, are looked for in the text of the page; those that are not there within one edit are printed with their page,
and what the report says of the page. They have to be read: OCR errs, and what is crossed out is left out on purpose.
"""

from __future__ import annotations

import argparse
import logging
import random
import re
import subprocess
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from rapidfuzz.distance import Levenshtein

from ingest.pdf.reading import open_pdf
from ingest.readers.limits import ReadingLimits
from ingest.readers.pdf import read_pdf
from ingest.readers.pdf_pages.line_reader import picture_of
from ingest.readers.source import ReadingOptions, SourceText
from rag.errors import FileFault

_DPI: Final = 200
_SURE: Final = 90.0
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_NO_LETTER: Final = re.compile(r"[\W_]+")


def main() -> int:
    """Compares a sample of pages, one of each file, and prints what is absent; returns 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.extraction.visible_text", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of PDFs, with those in it")
    parser.add_argument("--pages", type=int, default=200, help="of the sample (default 200)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.disable(logging.ERROR)  # pypdf's, of damaged files
    source = random.Random(options.seed)  # noqa: S311 - no secret
    paths = sorted(options.folder.rglob("*.pdf"))
    source.shuffle(paths)
    pages = words = absent = 0
    for path in paths:
        if pages >= options.pages:
            break
        try:
            text = read_pdf(path, ReadingOptions(ReadingLimits(), ocr="off"))
            number = source.randint(1, len(text.pages))
            seen = list(_seen(path, number))
        except (FileFault, subprocess.SubprocessError) as fault:
            print(f"{path.name}: not compared: {fault}")
            continue
        if not text.pages[number - 1].text:
            continue  # named as empty
        missing = absent_words(seen, text.pages[number - 1].text)
        pages, words, absent = pages + 1, words + len(seen), absent + len(missing)
        if missing:
            print(f"{path.name} page {number}: {' '.join(missing)}   {_said(text, number)}", flush=True)
    print(f"{pages} pages, {words:,} words recognized, {absent:,} absent")
    return 0


def _said(text: SourceText, number: int) -> str:
    """What the report says of a page."""
    return "; ".join(f"[{one.kind} {one.detail}]" for one in text.remarks if one.page == number)


def _seen(path: Path, number: int) -> Iterator[str]:
    """The words that Tesseract is sure of on a rendered page."""
    with open_pdf(path) as file:
        pixels = picture_of(file, number, file.lines(number)[0], dpi=_DPI)
    done = subprocess.run(
        ["tesseract", "stdin", "stdout", "--dpi", str(_DPI), "--psm", "3", "tsv"],
        input=b"P5 %d %d 255\n" % (pixels.width, pixels.height) + pixels.data,
        capture_output=True,
        check=True,
        timeout=300,
    )
    for row in done.stdout.decode(errors="replace").splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) == 12 and cells[0] == "5" and float(cells[10]) >= _SURE:
            yield from _WORD.findall(cells[11])


def absent_words(seen: Sequence[str], text: str) -> list[str]:
    """The words that are not in a text within one edit, each once; spaces and hyphens in the text do not matter."""
    plain = _plain(text)
    joined = _NO_LETTER.sub("", plain)
    words = {word for word in _NO_LETTER.split(plain) if word}
    return sorted(
        word
        for word in set(map(_plain, seen))
        if word not in joined and not any(Levenshtein.distance(word, one, score_cutoff=1) <= 1 for one in words)
    )


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


if __name__ == "__main__":
    raise SystemExit(main())
