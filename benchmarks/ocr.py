"""OCR accuracy and speed on rendered pages, against their own text layer, ``python -m benchmarks.ocr``.

Pages of PDFs with a good text layer are rendered, worsened as scanners do it, read by OCR, and compared with what the
text layer says: letters, places of words, seconds. Results go to ``benchmarks/results/ocr.md``.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from io import BytesIO
from math import cos, radians, sin
from pathlib import Path
from statistics import mean, median

from PIL import Image, ImageChops

from ingest.pdf.page_text import Line, Piece
from ingest.pdf.reading import open_pdf
from ingest.readers.ocr import Pixels, find_tesseract
from rag.domain.values import Box

_ASKEW = 0.8  # degrees
RESULTS = Path(__file__).parent / "results"
Recognise = Callable[[Pixels], Sequence[Line]]
Worsen = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True)
class Measured:
    """One page read by OCR.

    Attributes:
        letters: 1 - edits / letters, line by line where they stand on the page, white space left out.
        accuracy: 1 - edits / letters, white space normalised, in the order of the text: a table that is read column by
            column, or a footer before the last paragraph, counts as mistakes.
        words: the share of the words of the text layer that were found, wherever they stand in the text.
        overlap: intersection over union of the boxes of words that were found, on average.
        seconds: of processor time, of OCR alone.
    """

    letters: float
    accuracy: float
    words: float
    overlap: float
    seconds: float


def clean_page(picture: Image.Image) -> Image.Image:
    """As rendered."""
    return picture


def skewed(picture: Image.Image) -> Image.Image:
    """Laid on the scanner 0.8 degrees askew."""
    return picture.rotate(_ASKEW, resample=Image.Resampling.BICUBIC, fillcolor=255)


def turned(line: Line, size: tuple[float, float]) -> Line:
    """A line where :func:`skewed` puts it."""
    sine, cosine = sin(radians(_ASKEW)), cos(radians(_ASKEW))
    pieces = []
    for piece in line.pieces:
        x, y = ((piece.box.x0 + piece.box.x1 - size[0]) / 2, (piece.box.y0 + piece.box.y1 - size[1]) / 2)
        right, down = x * cosine + y * sine - x, y * cosine - x * sine - y
        box = Box(piece.box.x0 + right, piece.box.y0 + down, piece.box.x1 + right, piece.box.y1 + down)
        pieces.append(Piece(piece.text, box, piece.size, piece.bold))
    return Line(pieces, line.hyphenated)


def noisy(picture: Image.Image) -> Image.Image:
    """Grain of the paper and of the sensor."""
    return ImageChops.add(picture, Image.effect_noise(picture.size, 25), offset=-128)


def squeezed(picture: Image.Image) -> Image.Image:
    """JPEG of quality 40."""
    data = BytesIO()
    picture.save(data, "JPEG", quality=40)
    return Image.open(data).convert("L")


def grey(picture: Image.Image) -> Image.Image:
    """Recycled paper: grey, and darker at one side, with print that is not quite black."""
    shade = Image.linear_gradient("L").rotate(90).resize(picture.size).point(lambda value: 170 + value // 6)
    return ImageChops.multiply(picture.point(lambda value: 60 + value * 195 // 255), shade)


WORSENED: dict[str, Worsen] = {
    "clean": clean_page,
    f"askew {_ASKEW}°": skewed,
    "noise": noisy,
    "JPEG 40": squeezed,
    "grey paper": grey,
}


def measure(path: Path, number: int, recognise: Recognise, worsen: Worsen, dpi: int) -> Measured | None:
    """One page; None where it has too few words to say anything."""
    with open_pdf(path) as file:
        size, truth = file.lines(number)
        picture = worsen(file.picture(number, scale=dpi / 72).convert("L"))
    if sum(len(line.pieces) for line in truth) < 50:
        return None
    pixels = Pixels(picture.tobytes(), *picture.size, scale=picture.width / size[0])
    start = sum(os.times()[:4])
    lines = recognise(pixels)
    seconds = sum(os.times()[:4]) - start
    if worsen is skewed:
        truth = [turned(line, size) for line in truth]
    found, overlap = _words(truth, lines)
    accuracy = 1 - min(1.0, edits(_text(truth), _text(lines)) / len(_text(truth)))
    return Measured(_letters(truth, lines), accuracy, found, overlap, seconds)


def _text(lines: Sequence[Line]) -> str:
    """In one line; words that a line break cut are whole, with a hyphen or without."""
    text = "".join(line.text.rstrip("-") + ("" if line.hyphenated else " ") for line in lines)
    for fancy, plain in {"“": '"', "”": '"', "’": "'", "‘": "'", "–": "-", "—": "-", "−": "-", "•": ""}.items():
        text = text.replace(fancy, plain)
    return " ".join(text.split())


def _letters(truth: Sequence[Line], lines: Sequence[Line]) -> float:
    """The share of letters that are right, each word being held against the line that it lies in."""
    lying: dict[int, list[Piece]] = {}
    strays = 0
    for piece in (piece for line in lines for piece in line.pieces):
        covered = [(_shared(piece.box, line.box), number) for number, line in enumerate(truth)]
        most, number = max(covered)
        if most > 0:
            lying.setdefault(number, []).append(piece)
        else:
            strays += len(piece.text)
    wrong = strays
    for number, line in enumerate(truth):
        seen = sorted(lying.get(number, ()), key=lambda piece: piece.box.x0)
        wrong += edits(_close(line), _close(Line(tuple(seen))))
    return 1 - min(1.0, wrong / sum(len(_close(line)) for line in truth))


def _close(line: Line) -> str:
    """Without white space, and without the dots that lead to a page number, which are no letters."""
    return re.sub(r"\.{3,}", "", _text([line]).replace(" ", "")) if line.pieces else ""


def _shared(one: Box, other: Box) -> float:
    """The area that two boxes share."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(0.0, width) * max(0.0, height)


def _words(truth: Sequence[Line], lines: Sequence[Line]) -> tuple[float, float]:
    """The share of words that were found, and how well their boxes lie."""
    true = [piece for line in truth for piece in line.pieces]
    seen = [piece for line in lines for piece in line.pieces]
    matcher = SequenceMatcher(None, [p.text for p in true], [p.text for p in seen], autojunk=False)
    pairs = [(true[b.a + n], seen[b.b + n]) for b in matcher.get_matching_blocks() for n in range(b.size)]
    overlaps = [overlap_of(left.box, right.box) for left, right in pairs]
    found = Counter(piece.text for piece in true) & Counter(piece.text for piece in seen)
    return found.total() / len(true), mean(overlaps) if overlaps else 0.0


def overlap_of(one: Box, other: Box) -> float:
    """Intersection over union, 0..1."""
    shared = _shared(one, other)
    areas = sum((box.x1 - box.x0) * (box.y1 - box.y0) for box in (one, other))
    return shared / (areas - shared) if shared else 0.0


def edits(one: str, other: str) -> int:
    """The Levenshtein distance, by the bit vectors of Myers and Hyyrö: a column of the table is one integer."""
    if not one:
        return len(other)
    places: dict[str, int] = {}
    for position, character in enumerate(one):
        places[character] = places.get(character, 0) | 1 << position
    full, last = (1 << len(one)) - 1, 1 << (len(one) - 1)
    up, down, distance = full, 0, len(one)
    for character in other:
        equal = places.get(character, 0)
        vertical = equal | down
        horizontal = (((equal & up) + up) ^ up) | equal
        plus = down | (~(horizontal | up) & full)
        minus = up & horizontal
        distance += bool(plus & last) - bool(minus & last)
        plus, minus = (plus << 1 | 1) & full, minus << 1 & full
        up = minus | (~(vertical | plus) & full)
        down = plus & vertical
    return distance


def sample(paths: Sequence[Path], count: int) -> list[tuple[Path, int]]:
    """Pages of different documents, the same ones each time."""
    choose = random.Random(7)  # noqa: S311
    chosen = choose.sample(list(paths), min(count, len(paths)))
    pages = []
    for path in sorted(chosen):
        with open_pdf(path) as file:
            pages.append((path, choose.randint(1, len(file))))
    return pages


def table(pages: Sequence[tuple[Path, int]], recognise: Recognise, dpis: Sequence[int]) -> str:
    """Medians over the pages, a row for each way to worsen them."""
    rows = ["| pages | dpi | letters right | worst page | in text order | words | box overlap | s per page |"]
    rows.append("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for dpi in dpis:
        for name, worsen in WORSENED.items():
            results = [found for path, n in pages if (found := measure(path, n, recognise, worsen, dpi))]
            worst = min(result.letters for result in results)
            measures = ("letters", "accuracy", "words", "overlap")
            middle = [median(getattr(result, what) for result in results) for what in measures]
            seconds = mean(result.seconds for result in results)
            rows.append(
                f"| {len(results)} {name} | {dpi} | {middle[0]:.2%} | {worst:.1%} | {middle[1]:.1%} | {middle[2]:.1%} "
                f"| {middle[3]:.2f} | {seconds:.2f} |"
            )
    return "\n".join(rows)


def main() -> int:
    """Measures Tesseract on pages of PDFs; by default of the knowledge base."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ocr", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("knowledge_base"), help="folder of PDFs")
    parser.add_argument("--pages", type=int, default=12, help="at most so many, each of another document")
    parser.add_argument("--dpi", type=int, nargs="+", default=[300])
    options = parser.parse_args()
    tesseract = find_tesseract(("eng",))
    if tesseract is None:
        print("tesseract is not installed: apt install tesseract-ocr", file=sys.stderr)
        return 1
    pages = sample(sorted(options.folder.rglob("*.pdf")), options.pages)
    report = f"{tesseract.name}, {options.folder}\n\n{table(pages, tesseract.lines, options.dpi)}"
    print(report)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "ocr.md").write_text(report + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
