"""Raised digits after a number: the mark of a note, an exponent, or the numerator of a fraction.

pdfium gives their characters without a gap: 245 with the mark 9 is "2459", ten to the power of -6 is "10-6", and three
and a half is "31/2". They are told from the number by their height and size.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ingest.markup.raised import is_note_letter
from ingest.pdf.lines import Line, Piece, box_around
from ingest.pdf.page_characters import PageCharacters

_Span: TypeAlias = tuple[int, int]
_Indexes: TypeAlias = NDArray[np.int64]

_SUPERSCRIPTS: Final = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_IS_DIGIT: Final = np.array([chr(code).isdigit() for code in range(0x2100)], np.bool_)
_TO_SUPERSCRIPT: Final = str.maketrans("0123456789", _SUPERSCRIPTS)
_TO_PLAIN: Final = str.maketrans(f"{_SUPERSCRIPTS}⁻⁺−–", "0123456789-+--")
_SIGNS: Final = "-+−–⁻⁺"
# What may be raised: digits with a sign, several marks with commas, or both in brackets.
_RAISED: Final = re.compile(rf"[({{\[]?[{_SIGNS}]?[\d{_SUPERSCRIPTS}]+(?:[,.*–−-][\d{_SUPERSCRIPTS}]+)*[)}}\]*,]?")
_SUPERSCRIPT: Final = re.compile(rf"[⁻⁺]?[{_SUPERSCRIPTS}]+")
_WORD: Final = re.compile(r"[^\W\d_]{3}\W?$")
_POWER: Final = re.compile(r"[-+]?\d+")
_TEN: Final = re.compile(r"(?<![\d.,])10$")
_SLASHES: Final = frozenset("/\u2044")
# In font sizes: least rise; and the largest share of the font size before it that a raised digit has. One of full size
# is higher.
_RISE: Final = 0.15
_SMALLER: Final = 0.9
_RISE_OF_FULL_SIZE: Final = 0.3
# The least rise of the lower edge of a digit whose font raises it.
_INK_RISE: Final = 0.2
# Between lines that are one, in font sizes: largest gap within a word, and between words; and share of
# their heights, for other and for equal sizes.
_TOUCHING: Final = 0.12
_SPACE: Final = 0.4
_SHARED: Final = (0.15, 0.7)
# Longest run that is a mark or an exponent, and most words of a page with runs of their own font.
_LONGEST: Final = 8
_MOST_WORDS: Final = 2_000
_MOST_LETTERS: Final = 64


class RaisedDigits(NamedTuple):
    """A raised part of a word: indexes of its characters, and what to write for it.

    Attributes:
        apart: whether it is a word of its own.
    """

    start: int
    end: int
    text: str
    apart: bool


def find_raised(characters: PageCharacters, firsts: _Indexes, ends: _Indexes) -> list[RaisedDigits]:
    """The raised digits of words that come after a digit, after a sign behind one, or before a number.

    Args:
        characters: of a page.
        firsts: index of the first character of each word.
        ends: index after the last one.
    """
    text = characters.text
    words = _with_digits(text, firsts, ends)
    runs = [*_higher(characters, words), *_superscripts(text, words)]
    found = {start: _meaning(text, first, start, stop, end) for (first, end), start, stop in runs}
    return sorted(run for run in found.values() if run)


def _with_digits(text: str, firsts: _Indexes, ends: _Indexes) -> list[_Span]:
    """The words that have a digit at their start or right after it, and another one later."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    digits = _IS_DIGIT[np.minimum(codes, len(_IS_DIGIT) - 1)]
    before = np.concatenate([[0], np.cumsum(digits)])
    lengths = ends - firsts
    chosen = (lengths > 1) & (lengths <= _MOST_LETTERS)
    firsts, ends = firsts[chosen], ends[chosen]
    chosen = (before[firsts + 2] > before[firsts]) & (before[ends] > before[firsts + 1])
    return list(zip(firsts[chosen].tolist(), ends[chosen].tolist(), strict=True))


def _superscripts(text: str, words: Sequence[_Span]) -> Iterator[tuple[_Span, int, int]]:
    """Runs of characters that are superscripts by themselves."""
    if not _SUPERSCRIPT.search(text):
        return
    for first, end in words:
        for match in _SUPERSCRIPT.finditer(text, first, end):
            yield (first, end), *match.span()


def _higher(characters: PageCharacters, words: Sequence[_Span]) -> Iterator[tuple[_Span, int, int]]:
    """Runs of characters that are smaller than what is before them in the word, and above its baseline."""
    both = characters.objects([index for first, end in words for index in (first, end - 1)])
    several = [word for word, first, last in zip(words, both[::2], both[1::2], strict=True) if first != last]
    yield from _raised_objects(characters, several[:_MOST_WORDS])
    # Letters of one text object are at one height, but for those that the font itself raises.
    text = characters.text
    ending = [
        word
        for word, first, last in zip(words, both[::2], both[1::2], strict=True)
        if first == last and text[word[0]].isdigit() and text[word[1] - 1].isdigit()
    ]
    if not ending:
        return
    bottoms = characters.bottoms([index for first, end in ending for index in (first, end - 1)])
    sizes = characters.sizes([first for first, _ in ending])
    for position in np.flatnonzero(bottoms[1::2] - bottoms[::2] > _INK_RISE * sizes)[:_MOST_WORDS].tolist():
        first, end = ending[position]
        if not characters.is_upright(first):
            continue
        lows = characters.bottoms(range(first, end)) - bottoms[2 * position]
        low = np.flatnonzero(lows <= _INK_RISE * sizes[position])
        yield (first, end), first + int(low[-1]) + 1, end


def _raised_objects(characters: PageCharacters, words: Sequence[_Span]) -> Iterator[tuple[_Span, int, int]]:
    indexes = [index for first, end in words for index in range(first, end)]
    objects = dict(zip(indexes, characters.objects(indexes), strict=True))
    parts = [
        [index for index in range(first, end) if index == first or objects[index] != objects[index - 1]]
        for first, end in words
    ]
    sizes, heights = characters.baselines([index for starts in parts for index in starts])
    measured = iter(zip(sizes.tolist(), heights.tolist(), strict=True))
    for (first, end), starts in zip(words, parts, strict=True):
        base_size, base = next(measured)
        begun: int | None = None
        for start, (size, height) in zip(starts[1:], measured, strict=False):
            if start == starts[1] and base_size <= _SMALLER * size and base - height >= _RISE * size:
                yield (first, end), first, start
            if height - base >= (_RISE if size <= _SMALLER * base_size else _RISE_OF_FULL_SIZE) * base_size:
                begun = start if begun is None else begun
                continue
            if begun is not None:
                yield (first, end), begun, start
                begun = None
            if size > _SMALLER * base_size:
                base_size, base = size, height
        if begun is not None:
            yield (first, end), begun, end


def _meaning(text: str, first: int, start: int, stop: int, end: int) -> RaisedDigits | None:
    written = _written(text[first:start], text[start:stop], text[stop:end])
    return RaisedDigits(start, stop, *written) if written else None


def _written(before: str, run: str, after: str) -> tuple[str, bool] | None:
    """Plain text for a raised run within a word, and whether apart; None where it is to be left as it is."""
    if not before and after[:1].isdecimal() and len(run) <= _LONGEST and _RAISED.fullmatch(run):
        return run.translate(_TO_SUPERSCRIPT), True  # the mark of a note that begins with a number
    if not before or before[-1].isalpha() or not any(map(str.isdecimal, before)):
        return None
    if is_note_letter(before, run):
        return run, True
    if len(run) > _LONGEST or not _RAISED.fullmatch(run):
        return None
    if after[:1] in _SLASHES or not run[0].isdigit() | (run[0] in _SIGNS):
        return run, True
    plain = run.translate(_TO_PLAIN)
    if _POWER.fullmatch(plain) and (not plain.isdecimal() or _TEN.search(before)):
        return f"^{plain}", False
    return run.translate(_TO_SUPERSCRIPT), True


def written_apart(before: str, run: str) -> tuple[str, bool] | None:
    """Text for raised digits at the end of a word, and True if it is set apart; None where it is left as it is."""
    return _written(before, run, "")


def rejoin(lines: Iterable[Line]) -> list[Line]:
    """Joins lines that pdfium broke before or after a raised or lowered part, which is no end of a line."""
    joined: list[Line] = []
    for line in lines:
        if joined and _goes_on(joined[-1], line):
            before, after = joined[-1].pieces, line.pieces
            pieces = [*before[:-1], *_glued(before[-1], after[0]), *after[1:]]
            joined[-1] = replace(line, pieces=pieces)
        else:
            joined.append(line)
    return joined


def _goes_on(above: Line, line: Line) -> bool:
    """True if a line begins right where the one before ends, at about the same height."""
    if above.slanted or line.slanted:
        return False
    last, first = above.pieces[-1], line.pieces[0]
    alike = min(last.size, first.size) > _SMALLER * max(last.size, first.size) and last.text[-1] not in _SLASHES
    shared = min(last.box.y1, first.box.y1) - max(last.box.y0, first.box.y0)
    lower = min(last.box.y1 - last.box.y0, first.box.y1 - first.box.y0)
    gap = (first.box.x0 - last.box.x1) / max(last.size, first.size)
    return not above.hyphenated and -_TOUCHING <= gap <= _SPACE and shared >= _SHARED[alike] * lower


def _glued(last: Piece, first: Piece) -> list[Piece]:
    gap = first.box.x0 - last.box.x1
    raised = first.size <= _SMALLER * last.size and last.box.y1 - first.box.y1 >= _RISE * last.size
    if gap > _TOUCHING * last.size:
        return [last, first]
    if first.text[0] in _SLASHES and _SUPERSCRIPT.fullmatch(last.text):
        last = last._replace(text=last.text.translate(_TO_PLAIN))
    written = _written(last.text, first.text, "") if raised else None
    if written and written[1]:
        return [last, first._replace(text=written[0])]
    if (
        raised
        and not written
        and _RAISED.fullmatch(first.text)
        and (_WORD.search(last.text) or not first.text[0].isalnum())
    ):
        return [last, first]
    text = last.text + (written[0] if written else first.text)
    return [last._replace(text=text, box=box_around([last.box, first.box]))]
