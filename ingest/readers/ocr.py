"""OCR of page images with Tesseract, a system program that is run once for each page.

It gets grey pixels on its standard input and prints a table of words. It needs no network and no temporary file, and a
hostile image affects only its own process.
"""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby, pairwise
from statistics import median
from typing import Final, NamedTuple

import numpy as np

from ingest.pdf.lines import Line, Piece
from ingest.pdf.raised_print import Grey, separated
from ingest.readers.scans.orientation import (
    SCRIPTS,
    Orientation,
    languages_for,
    orientation_of,
    packages_for,
    turned,
)
from rag.domain.values import Box
from rag.errors import FileFault
from rag.text.characters import clean

_log = logging.getLogger(__name__)

# The resolution that Tesseract was trained on; benchmarks/ocr.py measures others.
DPI: Final = 300
# Tesseract refuses images with a longer side.
LONGEST_SIDE: Final = 32_000
_POINTS_PER_INCH: Final = 72
# Page segmentation modes of Tesseract: finding columns and lines, or one block of lines.
_AUTOMATIC: Final = 3
_ONE_BLOCK: Final = 6
# Orientation and script alone; its data is a language of this name.
_ORIENTATION: Final = 0
_OSD: Final = "osd"
# In place of languages: those that are installed for the script of each page.
AUTOMATIC: Final = ("auto",)
_LANGUAGES: Final = frozenset().union(*SCRIPTS.values())
# Less than the time limit of a page, so that a page that OCR cannot read does not fail its file.
_SECONDS_PER_PAGE: Final = 45
_SECONDS_TO_ANSWER: Final = 20
# 0..100. Below it are mostly specks, stamps and parts of drawings, recognized as words.
_LEAST_CONFIDENCE: Final = 30.0
# Medians of the confidence of words: of pages that lie on their side or upside down it is 16 to 39, of upright ones,
# be they faint, skew or of 72 dpi, 96. Below the first one the orientation is asked; below the second one a page is
# left out, if it has so many words, as its text is none.
_DOUBTFUL: Final = 70.0
_UNSURE: Final = 42.0
_FEWEST_UNSURE: Final = 20
_FEWEST_LETTERS: Final = 3
# Rules of tables and forms, and specks, are recognized as these.
_NO_WORD: Final = re.compile(r"[|_~¦.,:;'`‘’“”\\\[\]]+")
# What the dots between a heading and its page number are recognized as, in a table of contents: "cece", "sence".
_LEADERS: Final = re.compile(r"[ceosn.,:;…]+")
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


class LanguageMissing(FileFault):
    """Tesseract has no data for the script of a page."""


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
    confidence: float


@dataclass(frozen=True)
class Tesseract:
    """Tesseract with the languages to recognize.

    Attributes:
        finds_script: whether each page is recognized in those of the languages that have its script, and turned
            upright.
        turns: whether Tesseract can tell how a page lies: one of which few words are sure is turned upright, too.
    """

    program: str
    version: str
    languages: tuple[str, ...]
    finds_script: bool = False
    turns: bool = False

    @property
    def name(self) -> str:
        """Name with version and languages, such as ``tesseract 5.3.0 eng``: for people and the identity of an index."""
        return f"tesseract {self.version} {'auto ' * self.finds_script}{'+'.join(self.languages)}"

    def read(self, picture: Pixels) -> tuple[list[Line], int]:
        """Recognizes a page that may lie on its side: its lines, and by how many degrees clockwise it was turned.

        Raises:
            LanguageMissing: no language of its script is installed.
            FileFault: as :meth:`lines`.
        """
        if not self.finds_script:
            return self._read_turned(picture)
        degrees, script = self._orientation(picture)
        languages = languages_for(script, self.languages)
        if not languages:
            wanted = packages_for(languages_for(script, SCRIPTS.get(script, ())))
            raise LanguageMissing("unreadable", f"its script is {script}; install {wanted or 'its data for Tesseract'}")
        upright = Pixels(*turned(picture.data, picture.width, picture.height, degrees), picture.scale)
        return replace(self, languages=languages, finds_script=False).lines(upright), degrees

    def _read_turned(self, picture: Pixels) -> tuple[list[Line], int]:
        """The same in given languages: the orientation of a page is asked where few of its words are sure."""
        words = list(_words(self._table(picture)))
        if self.turns and _sureness(words) < _DOUBTFUL and (degrees := self._orientation(picture).degrees):
            upright = Pixels(*turned(picture.data, picture.width, picture.height, degrees), picture.scale)
            return self.lines(upright), degrees
        return self._lines(words, picture), 0

    def _orientation(self, picture: Pixels) -> Orientation:
        """Orientation and script of a page; upright Latin where it has too few words to tell."""
        try:
            return orientation_of(self._table(picture, layout=_ORIENTATION))
        except FileFault:
            return Orientation()

    def lines(self, picture: Pixels) -> list[Line]:
        """Recognizes the lines of a page, with boxes in points; none for an image without words, or with unsure ones.

        Raises:
            FileFault: ``unreadable``: it failed, or took too long.
        """
        return self._lines(list(_words(self._table(picture))), picture)

    def _lines(self, words: Sequence[_Found], picture: Pixels) -> list[Line]:
        if len(words) >= _FEWEST_UNSURE and _sureness(words) < _UNSURE:
            return []
        return _lines(_with_raised(words, picture, self._column), picture.scale)

    def _column(self, pixels: Grey) -> list[tuple[float, str]]:
        """Recognizes a picture with one word in each row; texts with the heights of their middles in it."""
        picture = Pixels(pixels.tobytes(), pixels.shape[1], pixels.shape[0], DPI / _POINTS_PER_INCH)
        words = _words(self._table(picture, layout=_ONE_BLOCK))
        return [((word.box.y0 + word.box.y1) / 2, word.text) for word in words]

    def _table(self, picture: Pixels, layout: int = _AUTOMATIC) -> str:
        # env(1) sets the variable: only rag.settings reads the environment. One thread: files are read in parallel.
        languages = _OSD if layout == _ORIENTATION else "+".join(self.languages)
        command = ["env", "OMP_THREAD_LIMIT=1", self.program, "stdin", "stdout", "-l", languages]
        command += ["--dpi", str(round(picture.scale * _POINTS_PER_INCH)), "--psm", str(layout)]
        command += [] if layout == _ORIENTATION else ["tsv"]
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
    """Finds Tesseract; None where it is not installed with the data of all these languages.

    Args:
        languages: as Tesseract names them; :data:`AUTOMATIC` for all that are installed, by the script of each page.
    """
    program = shutil.which("tesseract")
    if program is None:
        return None
    about, listed = _outputs(program, "--version", "--list-langs")
    version, installed = re.search(r"tesseract v?(\S+)", about), listed.split()
    finds_script = languages == AUTOMATIC
    wanted = (_OSD,) if finds_script else languages
    if version is None or not set(wanted) <= set(installed):
        missing = packages_for([language for language in wanted if language not in installed])
        _log.warning("%s has no data for all of %s: install %s", program, ", ".join(wanted), missing)
        return None
    found = tuple(name for name in installed if name in _LANGUAGES) if finds_script else languages
    return Tesseract(program, version.group(1), found, finds_script, turns=_OSD in installed)


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
    return _lines(_words(table), scale)


def _lines(words: Iterable[_Found], scale: float) -> list[Line]:
    sure = (word for word in words if word.confidence >= _LEAST_CONFIDENCE)
    lines = [list(found) for _, found in groupby(sure, key=lambda word: word.line)]
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
        if not text or _NO_WORD.fullmatch(text):
            continue
        left, top, width, height = map(int, cells[6:10])
        block, paragraph, line = map(int, cells[2:5])
        yield _Found((block, paragraph, line), Box(left, top, left + width, top + height), text, float(cells[10]))


def _with_raised(
    words: Sequence[_Found], picture: Pixels, recognize: Callable[[Grey], Sequence[tuple[float, str]]]
) -> Iterator[_Found]:
    """The words, with raised digits behind numbers apart."""
    page = np.frombuffer(picture.data, np.uint8).reshape(picture.height, picture.width)
    cut = [page[int(word.box.y0) : int(word.box.y1), int(word.box.x0) : int(word.box.x1)] for word in words]
    found = separated([word.text for word in words], cut, recognize)
    for place, word in enumerate(words):
        texts, column = found.get(place, ([word.text], 0))
        sure = 100.0 if place in found else word.confidence
        middle = word.box.x0 + column
        boxes = [word.box._replace(x1=middle), word.box._replace(x0=middle)] if column else [word.box]
        for text, box in zip(texts, boxes, strict=True):
            yield word._replace(text=text, box=box, confidence=sure)


def _sureness(words: Sequence[_Found]) -> float:
    """The median confidence of the words of several letters, but for dot leaders, 0..100; 100 where there are none."""
    texts = [word for word in words if not _LEADERS.fullmatch(word.text)]
    sure = [word.confidence for word in texts if sum(map(str.isalpha, word.text)) >= _FEWEST_LETTERS]
    return median(sure) if sure else 100.0


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
