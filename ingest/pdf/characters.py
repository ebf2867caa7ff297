"""Extraction of words and lines from the characters of a page in pdfium.

pdfium returns characters one by one, with their boxes, in the drawing order of the file. It is called several thousand
times for a page, so the calls are made in batches, with prepared prototypes and buffers.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import compress, repeat
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from ingest.pdf.fonts.font_codes import CONTROL_CODES
from ingest.pdf.lines import Line, PageLines, Piece
from ingest.pdf.page_characters import SURROGATE, PageCharacters
from ingest.pdf.raised_digits import find_raised, rejoin
from ingest.pdf.reading_order.turned_pages import in_turned_order
from ingest.pdf.right_to_left.broken_lines import joined_right_to_left
from ingest.pdf.right_to_left.letter_order import has_right_to_left
from ingest.pdf.unseen.clips import clipped_words
from ingest.pdf.unseen.drawings import read_drawings, remove_object
from ingest.pdf.unseen.layers import covered_words, undrawn_among, words_in_layers, words_under_annotations
from ingest.pdf.unseen.strikes import Strike, find_strikes, kept_letters
from ingest.pdf.unseen.visibility import hidden_words
from rag.domain.values import Box
from rag.pdf.annotations import Annotation
from rag.text.characters import is_visible

_Floats: TypeAlias = NDArray[np.float64]
_Indexes: TypeAlias = NDArray[np.int64]
_Mask: TypeAlias = NDArray[np.bool_]

# pdfium returns a hyphen at the end of a line as one of these; the word continues in the next line.
_LINE_HYPHENS: Final = "\x02\ufffe\u00ad"
_DIGITS: Final = r"\d²³¹⁰⁴-⁹"
# Codes that fonts without a map of their glyphs give; they are no text.
_UNMAPPED: Final = re.compile(CONTROL_CODES)
# A footnote mark: a digit after two letters or more, or after degrees. After one letter, or a unit of length, it is an
# exponent, as in m².
_MARK: Final = re.compile(
    rf"(?:(?<=[^\s{_DIGITS}{_LINE_HYPHENS}]{{3}})|(?<=[^\W\d_]{{2}})(?<![kcdmµμn]m)(?<!ft)(?<!yd)|(?<=°[CF]))[{_DIGITS}]"
)
_MARK_RAISED: Final = 0.2
# Kinds of annotations that cross words out.
_STRIKING: Final = ("strike-out", "line")
_LIGATURES: Final = {
    0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st",
}  # fmt: skip
# Classes of characters by code; all beyond the last are parts of words.
_LAST_KIND: Final = 0xFFFF
_WORD, _SPACE, _NEWLINE, _HYPHEN = range(4)
_KINDS: Final = np.array([_SPACE if chr(code).isspace() else _WORD for code in range(_LAST_KIND + 1)], np.uint8)
_KINDS[ord("\n")] = _NEWLINE
_KINDS[[ord(character) for character in _LINE_HYPHENS]] = _HYPHEN
# PageToDevice returns integers: it is called with a device of a thousand units per point.
_DEVICE_SCALE: Final = 1000
# If the first and last letter of a word differ more in height, in points, the boxes of all its letters are read.
_EVEN: Final = 0.01
# Pictures that are named as figures: share of the page, most words in one, and most that are looked at.
_LEAST_FIGURE: Final = 0.005
_WORDS_IN_A_FIGURE: Final = 3
_MOST_FIGURES: Final = 200


class LeftOut(NamedTuple):
    """Numbers of words of a page that were left out because a person does not see them, or reads them as deleted.

    Attributes:
        invisible: without ink, in the colour of the paper, or too small.
        in_layers: in optional content that is switched off.
        covered: under an area that is drawn over them.
        crossed_out: with a line through them.
    """

    invisible: int = 0
    in_layers: int = 0
    covered: int = 0
    crossed_out: int = 0


class PageReading(NamedTuple):
    """A page as read.

    Attributes:
        lines: its size as displayed, and its lines.
        left_out: numbers of words that are not in the lines.
        figures: boxes of pictures without words.
        unmapped: number of glyphs that the file gives no character but a control code.
        of_glyphs: whether letters were found for glyph numbers.
    """

    lines: PageLines
    left_out: LeftOut
    figures: Sequence[Box]
    unmapped: int = 0
    of_glyphs: bool = False


def read_lines(
    page: pypdfium2.PdfPage,
    textpage: pypdfium2.PdfTextPage,
    *,
    layered: bool = False,
    annotations: Sequence[Annotation] = (),
) -> PageReading:
    """Reads a page: its lines, in drawing order, and what is not among them.

    Args:
        page: to read.
        textpage: of the page.
        layered: whether the file may have layers that are off.
        annotations: of the page; some strike words out, or cover them.
    """
    characters = PageCharacters(textpage)
    lines, left_out, figures, undrawn, unmapped = _read_once(page, characters, layered, annotations)
    if removed := [address for address in undrawn if remove_object(page, address)]:
        # pdfium gives a text once that is drawn twice at one place: it may be the copy that is not seen.
        textpage.close()
        for address in removed:
            pdfium.FPDFPageObj_Destroy(ctypes.cast(address, pdfium.FPDF_PAGEOBJECT))
        with closing(page.get_textpage()) as again:
            lines, rest, figures, _, unmapped = _read_once(page, PageCharacters(again), layered, annotations)
        left_out = rest._replace(in_layers=left_out.in_layers, covered=left_out.covered)
    return PageReading((page.get_size(), lines), left_out, figures, unmapped, characters.of_glyphs)


def _read_once(
    page: pypdfium2.PdfPage,
    characters: PageCharacters,
    layered: bool,  # noqa: FBT001 - of this module only
    annotations: Sequence[Annotation],
) -> tuple[list[Line], LeftOut, Sequence[Box], Sequence[int], int]:
    """Lines; words left out; pictures without words; text objects of which nothing is drawn; glyphs without characters.

    Text objects are told by their addresses, glyphs by their number.
    """
    size = page.get_size()
    words = _Words.of(characters)
    if not words.texts:
        return [], LeftOut(), (), (), 0
    extents = _extents(characters, words)
    boxes = _displayed(page, extents)
    objects = characters.objects(words.firsts.tolist())
    sizes, bold, slanted = characters.styles(objects, words.firsts.tolist(), extents[:, 3] - extents[:, 1])
    invisible = hidden_words(page, objects, extents, boxes, sizes)
    drawings = read_drawings(page)
    clipped = clipped_words(objects, extents)
    if clipped.any():
        # Clips of forms are in coordinates of their own.
        clipped &= ~np.fromiter(map(drawings.forms.__contains__, objects), np.bool_, len(objects))
        invisible |= undrawn_among(page, objects, boxes, clipped & ~invisible)
    none = np.zeros(len(objects), np.bool_)
    in_layers = words_in_layers(page, objects, boxes, drawings) & ~invisible if layered else none
    covered = covered_words(page, objects, extents, boxes, drawings)
    if areas := [one.box for one in annotations if one.kind == "area"]:
        covered |= words_under_annotations(page, objects, boxes, areas)
    covered &= ~invisible & ~in_layers
    hidden = invisible | in_layers | covered
    struck = shortened = none
    marks, lines = ([box for one in annotations if one.kind == kind for box in one.quads] for kind in _STRIKING)
    if len(drawings.rules) or marks or lines:
        strikes = find_strikes(page, boxes, _displayed(page, drawings.rules), drawings.rule_paths, marks, lines)
        struck, shortened, texts, boxes = _without_struck(page, characters, words, boxes, strikes)
        words = words._replace(texts=texts)
    # Thousands are made: the constructor of a named tuple would take longer than the rest.
    place = map(tuple.__new__, repeat(Box), boxes.tolist())
    pieces = list(map(tuple.__new__, repeat(Piece), zip(words.texts, place, sizes, bold, strict=True)))
    # Words outside the crop box are not on the page as displayed.
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    inside = ((middles >= 0) & (middles <= size)).all(axis=1)
    visible = (inside & ~hidden & ~struck).tolist()
    starts = [0, *(end for end, _ in words.line_ends)]
    read = [
        Line(
            list(compress(pieces[start:end], visible[start:end])),
            hyphenated,
            slanted=bool(slanted) and slanted.issuperset(objects[start:end]),
        )
        for start, (end, hyphenated) in zip(starts, words.line_ends, strict=False)
    ]
    counts = [int((inside & mask).sum()) for mask in (invisible, in_layers, covered, (struck | shortened) & ~hidden)]
    undrawn = set(compress(objects, (in_layers | covered).tolist()))
    undrawn -= set(compress(objects, (~hidden).tolist()))
    figures = _figures(page, drawings.images, middles[visible]) if drawings.images else ()
    unmapped = len(_UNMAPPED.findall(characters.text))
    read = list(in_turned_order(rejoin(line for line in read if line.pieces)))
    if has_right_to_left(characters.text):
        read = joined_right_to_left(read)
    return read, LeftOut(*counts), figures, sorted(undrawn), unmapped


def _figures(page: pypdfium2.PdfPage, images: Sequence[Sequence[float]], middles: _Floats) -> Sequence[Box]:
    """Boxes of the pictures on a page that are large and have hardly any words in them."""
    width, height = page.get_size()
    boxes = _displayed(page, np.array(images[:_MOST_FIGURES], np.float64))
    boxes = np.clip(boxes, 0.0, [width, height, width, height])
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    figures = []
    for box in boxes[areas >= _LEAST_FIGURE * width * height]:
        inside = ((middles >= box[:2]) & (middles <= box[2:])).all(axis=1)
        if inside.sum() <= _WORDS_IN_A_FIGURE:
            figures.append(Box(*box.tolist()))
    return figures


def _without_struck(
    page: pypdfium2.PdfPage, characters: PageCharacters, words: _Words, boxes: _Floats, strikes: Sequence[Strike]
) -> tuple[_Mask, _Mask, list[str], _Floats]:
    """Masks of the words that are struck out as a whole, and in part; and texts and boxes without the struck parts."""
    struck, shortened = np.zeros((2, len(boxes)), np.bool_)
    texts, boxes = list(words.texts), boxes.copy()
    by_word: dict[int, list[Strike]] = {}
    for strike in strikes:
        by_word.setdefault(strike.word, []).append(strike)
    for word, through in by_word.items():
        indexes = range(words.firsts[word], words.lasts[word] + 1)
        letters = _displayed(page, characters.boxes(indexes)[:, [0, 3, 2, 1]])
        kept = kept_letters(letters, through)
        text = _cleaned(["".join(compress(characters.text[indexes.start : indexes.stop], kept.tolist()))])[0]
        struck[word] = not text
        if text and not kept.all():
            texts[word], shortened[word] = text, True
            boxes[word] = [*letters[kept, :2].min(axis=0), *letters[kept, 2:].max(axis=0)]
    return struck, shortened, texts, boxes


class _Words(NamedTuple):
    """The words of a page with the indexes of their first and last characters, and the ends of lines.

    ``line_ends`` has for each line the number of words up to its end, and whether it ends with a hyphen.
    """

    texts: list[str]
    firsts: _Indexes
    lasts: _Indexes
    line_ends: list[tuple[int, bool]]

    @classmethod
    def of(cls, characters: PageCharacters) -> _Words:
        text = characters.text
        kinds = _KINDS[np.minimum(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4"), _LAST_KIND)]
        edges = np.flatnonzero(np.diff(np.pad(kinds == _WORD, 1).astype(np.int8)))
        raised = find_raised(characters, edges[::2], edges[1::2])
        closed = (run.end for run in raised if run.apart and text[run.end : run.end + 1].isalnum())
        cuts = {*_marks(characters), *(run.start for run in raised if run.apart), *closed}
        marks = sorted(cuts.difference(edges[::2].tolist()) if raised else cuts)
        firsts: NDArray[np.int64] = np.sort(np.append(edges[::2], marks)).astype(np.int64)
        ends: NDArray[np.int64] = np.sort(np.append(edges[1::2], marks)).astype(np.int64)
        tokens = [text[first:end] for first, end in zip(firsts.tolist(), ends.tolist(), strict=True)]
        # From the last to the first: one word may have several.
        for run in reversed(raised):
            place = int(np.searchsorted(firsts, run.start, "right")) - 1
            start = run.start - int(firsts[place])
            tokens[place] = tokens[place][:start] + run.text + tokens[place][start + run.end - run.start :]
        texts = _cleaned(tokens)
        if not all(texts):
            kept = np.array([bool(text) for text in texts])
            texts, firsts, ends = list(filter(None, texts)), firsts[kept], ends[kept]
        # After a hyphen pdfium has no newline.
        stops = np.flatnonzero(kinds >= _NEWLINE)
        counts, first_stops = np.unique(np.searchsorted(firsts, stops), return_index=True)
        hyphens = kinds[stops[first_stops]] == _HYPHEN
        line_ends = [pair for pair in zip(counts.tolist(), hyphens.tolist(), strict=True) if pair[0]]
        if not line_ends or line_ends[-1][0] < len(texts):
            line_ends.append((len(texts), False))
        return cls(texts, firsts, ends - 1, line_ends)


def _marks(characters: PageCharacters) -> Iterator[int]:
    """Indexes of footnote marks: a raised digit after a word, which belongs to neither the word nor its full stop."""
    for match in _MARK.finditer(characters.text):
        index = match.start()
        raised = characters.bottom(index) - characters.bottom(index - 1)
        if raised > _MARK_RAISED * characters.sizes([index])[0]:
            yield index


def _cleaned(tokens: Sequence[str]) -> list[str]:
    """Words without control and invisible characters, ligatures expanded; empty where nothing is left."""
    if not tokens:
        return []
    joined = " ".join(tokens)
    if SURROGATE.search(joined):
        joined = joined.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return joined.translate(_CLEAN).split(" ")


class _Clean(dict[int, str]):
    """Table for ``str.translate``, filled on first use of each character."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = character if is_visible(character) else ""
        return self[code]


_CLEAN: Final = _Clean(_LIGATURES)


def _extents(characters: PageCharacters, words: _Words) -> _Floats:
    """Boxes (left, bottom, right, top) of words, in PDF coordinates."""
    count = len(words.texts)
    sides = characters.boxes(np.concatenate([words.firsts, words.lasts]).tolist())
    first, last = sides[:count], sides[count:]
    extents = np.column_stack(
        [first[:, 0], np.minimum(first[:, 3], last[:, 3]), last[:, 2], np.maximum(first[:, 1], last[:, 1])]
    )
    # In a word that runs from left to right at one height, the first and last letter give the box of all.
    even = (np.abs(first[:, [1, 3]] - last[:, [1, 3]]) < _EVEN).all(axis=1) & (first[:, 0] <= last[:, 0])
    for position in np.flatnonzero(~even).tolist():
        box = characters.boxes(range(words.firsts[position], words.lasts[position] + 1))
        box = box[~np.isnan(box).any(axis=1)]
        extents[position] = [*box[:, [0, 3]].min(axis=0), *box[:, [2, 1]].max(axis=0)] if len(box) else [0.0] * 4
    return extents


def _displayed(page: pypdfium2.PdfPage, extents: _Floats) -> _Floats:
    """Transforms boxes from PDF coordinates to the page as displayed: cropped, rotated, origin top left."""
    left, bottom, right, top = page.get_bbox()
    origin, at_right, at_top = (_to_device(page, *corner) for corner in ((left, bottom), (right, bottom), (left, top)))
    # A page that is cropped to nothing has no extent.
    along_x, along_y = (at_right - origin) / ((right - left) or 1.0), (at_top - origin) / ((top - bottom) or 1.0)
    corners = [
        origin + np.outer(x - left, along_x) + np.outer(y - bottom, along_y)
        for x, y in ((extents[:, 0], extents[:, 1]), (extents[:, 2], extents[:, 3]))
    ]
    boxes = np.hstack([np.minimum(*corners), np.maximum(*corners)])
    return boxes.round(2)


def _to_device(page: pypdfium2.PdfPage, x: float, y: float) -> _Floats:
    width, height = (round(side * _DEVICE_SCALE) for side in page.get_size())
    device_x, device_y = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, width, height, 0, x, y, device_x, device_y)
    return np.array([device_x.value, device_y.value]) / _DEVICE_SCALE
