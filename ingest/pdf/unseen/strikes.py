"""Struck-out words: those with a line drawn through their middle, or marked by a strike-out annotation.

A person reads them as deleted. The line must be no longer than its words, so that no axis or rule of a table is taken
for one, and it must be seen on the rendered page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import pypdfium2
from numpy.typing import NDArray

from ingest.pdf.unseen.drawings import undrawn

_Floats: TypeAlias = NDArray[np.float64]
_Mask: TypeAlias = NDArray[np.bool_]

# Height of the line above the lower edge of a word's box, as a share of the box: an underline is below, a rule above.
_LOWEST: Final = 0.33
_HIGHEST: Final = 0.68
# Thickness, as a share of the box (pdfium gives lines as twice as thick); length in points; and the share of it that
# words must cover.
_THICKEST: Final = 0.3
_SHORTEST: Final = 3.0
_COVERED: Final = 0.6
# Most lines that are looked at on a page.
_MOST_LINES: Final = 2_000
# In points: a line may end so far within the last letter.
_SLACK: Final = 0.5


class Strike(NamedTuple):
    """Part of a word that is struck out: position of the word, left and right edge, and height of the line.

    ``level`` is None where an annotation marks the words.
    """

    word: int
    left: float
    right: float
    level: float | None


def find_strikes(
    page: pypdfium2.PdfPage,
    boxes: _Floats,
    rules: _Floats,
    paths: Sequence[int],
    marks: Sequence[Sequence[float]] = (),
    drawn: Sequence[Sequence[float]] = (),
) -> list[Strike]:
    """The struck-out parts of words.

    Args:
        page: the page of the words.
        boxes: of words, on the page as displayed, in points, origin top left. *Shape:* ``(words, 4)``.
        rules: boxes of thin paths. *Shape:* ``(rules, 4)``.
        paths: addresses of their path objects.
        marks: boxes of strike-out annotations.
        drawn: boxes of the lines of other annotations, such as those of a pen.
    """
    found = _marked(boxes, marks)
    pen = np.array(drawn, np.float64).reshape(-1, 4)
    found += [
        Strike(word, pen[line, 0], pen[line, 2], (pen[line, 1] + pen[line, 3]) / 2) for word, line in _lined(boxes, pen)
    ]
    lined = _lined(boxes, rules)
    if lined:
        over = np.array([_overlap(boxes[word], rules[rule]) for word, rule in lined])
        (unseen,) = undrawn(page, [list({paths[rule] for _, rule in lined})], [over])
        found += [
            Strike(word, left, right, (top + bottom) / 2)
            for (word, _), (left, top, right, bottom), blank in zip(lined, over.tolist(), unseen, strict=True)
            if not blank
        ]
    return found


def _lined(boxes: _Floats, rules: _Floats) -> list[tuple[int, int]]:
    """Pairs of a word and a rule through it."""
    widths, heights = (boxes[:, 2] - boxes[:, 0]), (boxes[:, 3] - boxes[:, 1])
    lengths = rules[:, 2] - rules[:, 0]
    thickness = rules[:, 3] - rules[:, 1]
    levels = (rules[:, 1] + rules[:, 3]) / 2
    flat = (lengths >= _SHORTEST) & (thickness < lengths / 2)
    middles = boxes[:, 3] - (_LOWEST + _HIGHEST) / 2 * heights
    order = np.argsort(middles)
    middles = middles[order]
    # Rotated words are higher than wide; the tallest of the others bounds the search.
    reach = (_HIGHEST - _LOWEST) / 2 * float(np.max(heights, initial=0.0, where=heights <= 2 * widths + 10))
    first, last = np.searchsorted(middles, levels - reach), np.searchsorted(middles, levels + reach)
    pairs: list[tuple[int, int]] = []
    for rule in np.flatnonzero(flat & (first < last))[:_MOST_LINES].tolist():
        near = order[first[rule] : last[rule]]
        share = (boxes[near, 3] - levels[rule]) / np.maximum(heights[near], 0.1)
        shared = np.minimum(boxes[near, 2], rules[rule, 2]) - np.maximum(boxes[near, 0], rules[rule, 0])
        through = (
            (share >= _LOWEST) & (share <= _HIGHEST) & (shared > 0) & (thickness[rule] <= _THICKEST * heights[near])
        )
        if shared[through].sum() >= _COVERED * lengths[rule]:
            pairs += [(word, rule) for word in near[through].tolist()]
    return pairs


def _overlap(word: _Floats, rule: _Floats) -> list[float]:
    """The part of a rule that is over a word, with the pixel rows above and below it."""
    left, right = max(word[0], rule[0]), min(word[2], rule[2])
    return [float(left), float(rule[1]) - 0.5, float(right), float(rule[3]) + 0.5]


def _marked(boxes: _Floats, marks: Sequence[Sequence[float]]) -> list[Strike]:
    found: list[Strike] = []
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    for left, top, right, bottom in marks[:_MOST_LINES]:
        inside = (middles > top) & (middles < bottom) & (boxes[:, 0] < right) & (boxes[:, 2] > left)
        found += [Strike(word, left, right, None) for word in np.flatnonzero(inside).tolist()]
    return found


def kept_letters(letters: _Floats, strikes: Sequence[Strike]) -> _Mask:
    """Mask of the letters of a word that no strike goes through; a bar of a fraction goes through none of its letters.

    *Shape:* ``(letters,)``.

    Args:
        letters: their boxes, on the page as displayed. *Shape:* ``(letters, 4)``.
        strikes: of the word.
    """
    left, top, right, bottom = letters.T
    middles, heights = (left + right) / 2, np.maximum(bottom - top, 0.1)
    kept = np.ones(len(letters), np.bool_)
    for strike in strikes:
        struck = (middles >= strike.left - _SLACK) & (middles <= strike.right + _SLACK)
        if strike.level is not None:
            share = (bottom - strike.level) / heights
            struck &= (share >= _LOWEST) & (share <= _HIGHEST)
        kept &= ~struck
    return kept
