"""Hard line breaks: where lines of a paragraph are stacked statements without full stops, not one wrapped sentence.

A wrapped line is full: the next word would not have fitted on it. "Tuesday, 28 April, at 6 pm", "Town Hall, Romeo" and
"The fee is due by 1 May." are three statements, though only the last one ends with a full stop.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from rag.text.language import function_words
from rag.text.sentences import line_spans
from rag.text.words import STOPWORDS

# Share of the longest line of the paragraph up to which the next word would have fitted for certain: characters differ
# in width.
_FITS: Final = 0.9
# A shorter line without these is a title of the sentence below it, which belongs to it.
_MOST_WORDS_OF_TITLE: Final = 7
# Characters of the paragraph before and after a sentence that tell how wide it is.
_FARTHEST: Final = 1_000
_GOES_ON: Final = (",", "-", "–", "—", "(", "/", "&", ":", ";")


def statements_of_lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The spans of a stretch of text, cut at its hard line breaks; the stretch itself where it has none.

    Args:
        text: of a page.
        start: offset of a sentence in it.
        end: offset of its end.
    """
    lines = list(line_spans(text, start, end))
    if len(lines) > 1:
        width = _width_of_paragraph(text, start, end)
        for line, following in pairwise(lines):
            if _is_hard(text[slice(*line)], text[slice(*following)], width):
                yield start, line[1]
                start = following[0]
    yield start, end


def _is_hard(line: str, following: str, width: int) -> bool:
    first = following.split(maxsplit=1)[0]
    fits = len(line) + 1 + len(first) <= _FITS * width
    begins = first[0].isupper()
    words = line.split()
    is_open = line.endswith(_GOES_ON) or words[-1].casefold() in STOPWORDS | function_words()
    is_title = len(words) <= _MOST_WORDS_OF_TITLE and "," not in line and not any(map(str.isdigit, line))
    return fits and begins and not is_open and not is_title


def _width_of_paragraph(text: str, start: int, end: int) -> int:
    """Characters of the longest line between the blank lines around a stretch of text, but for what is far from it."""
    first, last = max(0, start - _FARTHEST), min(len(text), end + _FARTHEST)
    above, below = text.rfind("\n\n", first, start), text.find("\n\n", end, last)
    spans = line_spans(text, first if above < 0 else above, last if below < 0 else below)
    return max(stop - begin for begin, stop in spans)
