"""OCR of page images with Tesseract, a system program that is run once for each page.

It gets grey pixels on its standard input and prints a table of words. It needs no network and no temporary file, and a
hostile image affects only its own process.
"""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from statistics import median
from typing import Final, NamedTuple

from ingest.pdf.lines import Line, Piece
from rag.domain.values import Box
from rag.errors import FileFault
from rag.text.characters import clean

_log = logging.getLogger(__name__)

# The resolution that Tesseract was trained on; benchmarks/ocr.py measures others.
DPI: Final = 300
# Tesseract refuses images with a longer side.
LONGEST_SIDE: Final = 32_000
# Less than the time limit of a page, so that a page that OCR cannot read does not fail its file.
_SECONDS_PER_PAGE: Final = 45
_SECONDS_TO_ANSWER: Final = 20
# 0..100. Below it are mostly specks, stamps and parts of drawings, recognized as words.
_LEAST_CONFIDENCE: Final = 30.0
# Rules of tables and forms, and specks, are recognized as these.
_NO_WORD: Final = re.compile(r"[|_~¦.,:;'`‘’“”\\\[\]]+")
# A dollar sign is recognized as this in many fonts.
_MISREAD: Final = re.compile(r"§\$")
# A bullet is recognized as one of these, with a gap after it.
_BULLETS: Final = frozenset("eo¢©«»°®*•·+")
_BULLET_GAP: Final = 0.6

# Least contrast of ink to paper, of 255; and at most how many pixels of ink at 72 dpi are dust. A page number has 30.
_INK: Final = 40
_SPECKS: Final = 12

_BROKEN: Final = re.compile(r"[^\W\d_]{2}[-‐\u00ad]$")

# Heights as shares of the font size, as in most fonts.
_ASCENT: Final = 0.72
_X_HEIGHT: Final = 0.52
_DESCENT: Final = 0.21
_DESCENDERS: Final = frozenset("gjpqyQ,;()[]{}|")
_LOW: Final = frozenset("acemnorsuvwxzgpqy.,:;…_-–—")
# The measured font size of a line is this inexact; only a larger difference is another size.
_SAME_SIZE: Final = 0.3
_LOOSE: Final = 0.1


class Pixels(NamedTuple):
    """Page image in grey.

    Attributes:
        data: one byte for each pixel, row by row, 0 is black.
        scale: pixels per point.
    """

    data: bytes
    width: int
    height: int
    scale: float


class _Found(NamedTuple):
    """A word of Tesseract's output, in pixels."""

    line: tuple[int, int, int]
    box: Box
    text: str


@dataclass(frozen=True)
class Tesseract:
    """Tesseract with the languages to recognize."""

    program: str
    version: str
    languages: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name with version and languages, such as ``tesseract 5.3.0 eng``: for people and the identity of an index."""
        return f"tesseract {self.version} {'+'.join(self.languages)}"

    def lines(self, picture: Pixels) -> list[Line]:
        """Recognizes the lines of a page, with boxes in points; none for an image without words.

        Raises:
            FileFault: ``unreadable``: it failed, or took too long.
        """
        return lines_of(self._table(picture), picture.scale)

    def _table(self, picture: Pixels) -> str:
        # env(1) sets the variable: only rag.settings reads the environment. One thread: files are read in parallel.
        command = ["env", "OMP_THREAD_LIMIT=1", self.program, "stdin", "stdout", "-l", "+".join(self.languages)]
        command += ["--dpi", str(round(picture.scale * 72)), "--psm", "3", "tsv"]
        try:
            done = subprocess.run(
                command,
                input=b"P5 %d %d 255\n" % (picture.width, picture.height) + picture.data,
                capture_output=True,
                timeout=_SECONDS_PER_PAGE,
                check=True,
            )
        except subprocess.TimeoutExpired as error:
            raise FileFault("unreadable", f"OCR of a page took longer than {_SECONDS_PER_PAGE} s") from error
        except (OSError, subprocess.CalledProcessError) as error:
            raise FileFault("unreadable", f"OCR of a page failed ({error})") from error
        return done.stdout.decode(errors="replace")


@lru_cache
def find_tesseract(languages: tuple[str, ...]) -> Tesseract | None:
    """Finds Tesseract; None where it is not installed with the data of all these languages."""
    program = shutil.which("tesseract")
    if program is None:
        return None
    about, listed = _outputs(program, "--version", "--list-langs")
    version, installed = re.search(r"tesseract v?(\S+)", about), listed.split()
    if version is None or not set(languages) <= set(installed):
        _log.warning("%s has no data for all of %s", program, ", ".join(languages))
        return None
    return Tesseract(program, version.group(1), languages)


def ink_of(histogram: Sequence[int]) -> int:
    """Number of inked pixels of a page; 0 where there is only paper and dust.

    Paper may be grey and grainy; print is neither.

    Args:
        histogram: of a grey picture at 72 dpi: how many pixels have each of the 256 shades.
    """
    paper = max(range(len(histogram)), key=histogram.__getitem__)
    ink = sum(count for shade, count in enumerate(histogram) if abs(shade - paper) > _INK)
    return ink if ink > _SPECKS else 0


def lines_of(table: str, scale: float) -> list[Line]:
    """Parses Tesseract's TSV output into lines.

    Args:
        table: tab separated, one row for each word, with a header.
        scale: pixels per point.
    """
    lines = [list(found) for _, found in groupby(_words(table), key=lambda word: word.line)]
    sizes = [median([_size(word) for word in words]) / scale for words in lines]
    texts = [_texts(words, size * scale) for words, size in zip(lines, sizes, strict=True)]
    hyphenated = _remove_hyphens(texts)
    return [
        Line([_piece(text, word, size, scale) for text, word in zip(line, words, strict=True)], goes_on)
        for line, words, size, goes_on in zip(texts, lines, _uniform_sizes(lines, sizes), hyphenated, strict=True)
    ]


def _words(table: str) -> Iterator[_Found]:
    for row in table.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) != 12 or cells[0] != "5":
            continue
        text = _MISREAD.sub("$", clean(cells[11])).strip(" |_~¦")
        if not text or float(cells[10]) < _LEAST_CONFIDENCE or _NO_WORD.fullmatch(text):
            continue
        left, top, width, height = map(int, cells[6:10])
        block, paragraph, line = map(int, cells[2:5])
        yield _Found((block, paragraph, line), Box(left, top, left + width, top + height), text)


def _extent(text: str) -> tuple[float, float]:
    """Height of a word's ink above and below its baseline, as shares of the font size."""
    above = _X_HEIGHT if _LOW.issuperset(text) else _ASCENT
    below = 0.0 if _DESCENDERS.isdisjoint(text) else _DESCENT
    return above, below


def _size(word: _Found) -> float:
    above, below = _extent(word.text)
    return (word.box.y1 - word.box.y0) / (above + below)


def _texts(words: Sequence[_Found], size: float) -> list[str]:
    """The words of a line, with a misrecognized bullet restored."""
    texts = [word.text for word in words]
    if len(words) > 1 and texts[0] in _BULLETS and words[1].box.x0 - words[0].box.x1 > _BULLET_GAP * size:
        texts[0] = "•"
    return texts


def _remove_hyphens(texts: Sequence[list[str]]) -> list[bool]:
    """Removes the hyphen at a line's end where the next line begins in lower case; True for each such line."""
    removed = [False] * len(texts)
    for position, (above, below) in enumerate(pairwise(texts)):
        if _BROKEN.search(above[-1]) and below[0][0].islower():
            above[-1] = above[-1][:-1]
            removed[position] = True
    return removed


def _uniform_sizes(lines: Sequence[Sequence[_Found]], sizes: Sequence[float]) -> list[float]:
    """Font sizes with similar ones made equal: else inexact measurement would turn lines into headings."""
    if not lines:
        return []
    usual = median([size for words, size in zip(lines, sizes, strict=True) for word in words for _ in word.text])
    uniform = [usual if abs(size - usual) <= _SAME_SIZE * usual else size for size in sizes]
    return [float(max(1, round(size))) for size in uniform]


def _piece(text: str, word: _Found, size: float, scale: float) -> Piece:
    """A word whose box is as high as the font's letters may be, like pdfium's boxes of a text layer."""
    left, top, right, bottom = (coordinate / scale for coordinate in word.box)
    above, below = _extent(word.text)
    top -= (_ASCENT - above + _LOOSE) * size
    bottom += (_DESCENT - below) * size
    return Piece(text, Box(left, top, right, bottom), size, bold=False)


def _outputs(program: str, *options: str) -> list[str]:
    """Standard output of the program for each option, run in parallel; empty where it cannot be run."""
    try:
        processes = [
            subprocess.Popen([program, option], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            for option in options
        ]
        return [process.communicate(timeout=_SECONDS_TO_ANSWER)[0] for process in processes]
    except (OSError, subprocess.SubprocessError) as error:
        _log.warning("%s %s: %s", program, " ".join(options), error)
        return [""] * len(options)
