"""Text of a picture of a page, by Tesseract: a program of the system, called once for each page.

It gets grey pixels on its standard input and answers with a table of words. It needs no network and no temporary file,
and what it does with a hostile picture stays in a process of its own.
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

# What Tesseract was trained on; benchmarks/ocr.py measures others.
DPI: Final = 300
# Tesseract refuses pictures with a longer side.
LONGEST_SIDE: Final = 32_000
# Less than a page may take in all, so that a page that OCR cannot read does not cost its file.
_SECONDS_PER_PAGE: Final = 45
_SECONDS_TO_ANSWER: Final = 20
# 0..100. Below it are mostly specks, stamps and pieces of drawings that were taken for words.
_LEAST_CONFIDENCE: Final = 30.0
# Rules of tables and forms, and specks, come as these.
_NO_WORD: Final = re.compile(r"[|_~¦.,:;'`‘’“”\\\[\]]+")
# A dollar sign comes as this in many fonts.
_MISREAD: Final = re.compile(r"§\$")
# A bullet comes as one of these, with a gap after it.
_BULLETS: Final = frozenset("eo¢©«»°®*•·+")
_BULLET_GAP: Final = 0.6

# How much darker ink is than its paper, of 255; and how many pixels of it at 72 dpi are dust. A page number has 30.
_INK: Final = 40
_SPECKS: Final = 12

_BROKEN: Final = re.compile(r"[^\W\d_]{2}[-‐\u00ad]$")

# Heights in parts of the letter size: what most fonts have.
_ASCENT: Final = 0.72
_X_HEIGHT: Final = 0.52
_DESCENT: Final = 0.21
_DESCENDERS: Final = frozenset("gjpqyQ,;()[]{}|")
_LOW: Final = frozenset("acemnorsuvwxzgpqy.,:;…_-–—")
# The measured size of a line jitters by so much; only what differs by more is set in another size.
_SAME_SIZE: Final = 0.3
_LOOSE: Final = 0.1


class Pixels(NamedTuple):
    """A picture of a page in grey.

    Attributes:
        data: one byte for each pixel, row by row, 0 is black.
        scale: pixels per point.
    """

    data: bytes
    width: int
    height: int
    scale: float


class _Found(NamedTuple):
    """A word as Tesseract gives it, in pixels."""

    line: tuple[int, int, int]
    box: Box
    text: str


@dataclass(frozen=True)
class Tesseract:
    """The program, and the languages to read."""

    program: str
    version: str
    languages: tuple[str, ...]

    @property
    def name(self) -> str:
        """For people and for the identity of an index, such as ``tesseract 5.3.0 eng``."""
        return f"tesseract {self.version} {'+'.join(self.languages)}"

    def lines(self, picture: Pixels) -> list[Line]:
        """The lines of a page, with boxes in points; none for a picture without words.

        Raises:
            FileFault: ``unreadable``: it failed, or took too long.
        """
        return lines_of(self._table(picture), picture.scale)

    def _table(self, picture: Pixels) -> str:
        # env adds to the environment, which only rag.settings reads. One thread: files are read beside each other.
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
    """The program, where it is installed with the data of all these languages."""
    program = shutil.which("tesseract")
    if program is None:
        return None
    said, listed = _ask(program, "--version", "--list-langs")
    version, installed = re.search(r"tesseract v?(\S+)", said), listed.split()
    if version is None or not set(languages) <= set(installed):
        _log.warning("%s has no data for all of %s", program, ", ".join(languages))
        return None
    return Tesseract(program, version.group(1), languages)


def ink_of(histogram: Sequence[int]) -> int:
    """How many pixels of a page are print; none where there is nothing but paper and dust.

    Paper may be grey and grainy; print is neither.

    Args:
        histogram: of a grey picture at 72 dpi: how many pixels have each of the 256 shades.
    """
    paper = max(range(len(histogram)), key=histogram.__getitem__)
    ink = sum(count for shade, count in enumerate(histogram) if abs(shade - paper) > _INK)
    return ink if ink > _SPECKS else 0


def lines_of(table: str, scale: float) -> list[Line]:
    """The lines of Tesseract's table of words.

    Args:
        table: tab separated, one row for each word, with a header.
        scale: pixels per point.
    """
    lines = [list(found) for _, found in groupby(_words(table), key=lambda word: word.line)]
    sizes = [median([_size(word) for word in words]) / scale for words in lines]
    texts = [_texts(words, size * scale) for words, size in zip(lines, sizes, strict=True)]
    hyphenated = _take_hyphens(texts)
    return [
        Line([_piece(text, word, size, scale) for text, word in zip(said, words, strict=True)], goes_on)
        for said, words, size, goes_on in zip(texts, lines, _settled(lines, sizes), hyphenated, strict=True)
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


def _reach(text: str) -> tuple[float, float]:
    """How far the ink of a word goes above and below its base line, in parts of the letter size."""
    above = _X_HEIGHT if _LOW.issuperset(text) else _ASCENT
    below = 0.0 if _DESCENDERS.isdisjoint(text) else _DESCENT
    return above, below


def _size(word: _Found) -> float:
    above, below = _reach(word.text)
    return (word.box.y1 - word.box.y0) / (above + below)


def _texts(words: Sequence[_Found], size: float) -> list[str]:
    """The words of a line, with a bullet as such."""
    texts = [word.text for word in words]
    if len(words) > 1 and texts[0] in _BULLETS and words[1].box.x0 - words[0].box.x1 > _BULLET_GAP * size:
        texts[0] = "•"
    return texts


def _take_hyphens(texts: Sequence[list[str]]) -> list[bool]:
    """Takes away the hyphen at a line's end where the next line goes on in lower case; says for each line whether."""
    taken = [False] * len(texts)
    for position, (above, below) in enumerate(pairwise(texts)):
        if _BROKEN.search(above[-1]) and below[0][0].islower():
            above[-1] = above[-1][:-1]
            taken[position] = True
    return taken


def _settled(lines: Sequence[Sequence[_Found]], sizes: Sequence[float]) -> list[float]:
    """One size for all lines whose measured sizes are about the same: else each would look like a heading."""
    if not lines:
        return []
    usual = median([size for words, size in zip(lines, sizes, strict=True) for word in words for _ in word.text])
    settled = [usual if abs(size - usual) <= _SAME_SIZE * usual else size for size in sizes]
    return [float(max(1, round(size))) for size in settled]


def _piece(text: str, word: _Found, size: float, scale: float) -> Piece:
    """A word with a box that is as high as the line's letters may be, as pdfium gives it for a text layer."""
    left, top, right, bottom = (coordinate / scale for coordinate in word.box)
    above, below = _reach(word.text)
    top -= (_ASCENT - above + _LOOSE) * size
    bottom += (_DESCENT - below) * size
    return Piece(text, Box(left, top, right, bottom), size, bold=False)


def _ask(program: str, *options: str) -> list[str]:
    """What it says to each option, asked at the same time; nothing where it cannot be asked."""
    try:
        asked = [
            subprocess.Popen([program, option], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            for option in options
        ]
        return [one.communicate(timeout=_SECONDS_TO_ANSWER)[0] for one in asked]
    except (OSError, subprocess.SubprocessError) as error:
        _log.warning("%s %s: %s", program, " ".join(options), error)
        return [""] * len(options)
