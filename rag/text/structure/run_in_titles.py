"""Run-in titles: short lines of their own in front of a sentence, which no blank line keeps apart from it.

Text of PDFs often has a heading and its first sentence in one paragraph: "Leafy vegetables", "Remove the wrapping.".
"""

from __future__ import annotations

from typing import Final

from rag.text.language import function_words
from rag.text.words import STOPWORDS

_MOST_TITLES: Final = 3
_MOST_WORDS: Final = 7
# A line that is shorter than this share of the longest one was not broken because it was full.
_SHORT: Final = 0.6
_PUNCTUATION: Final = frozenset(".!?:;,–—-(…")


def with_titles_apart(text: str) -> str:
    """A sentence of several lines with a colon after each short title that its first lines are; others as they are.

    Those above one that the sentence itself begins with say nothing more, and are left out with it: below a running
    head a title often comes twice.
    """
    lines = [line.strip() for line in text.split("\n")]
    longest = max(map(len, lines))
    count = 0
    while count < min(_MOST_TITLES, len(lines) - 1) and _is_title(lines[count], lines[count + 1], longest):
        count += 1
    if count and f"{lines[count]} ".startswith(f"{lines[count - 1].rpartition(': ')[2]} "):
        return "\n".join(lines[count:])
    return "\n".join([f"{line}:" for line in lines[:count]] + lines[count:]) if count else text


def _is_title(line: str, following: str, longest: int) -> bool:
    words = line.split()
    return (
        0 < len(words) <= _MOST_WORDS
        and len(line) < _SHORT * longest
        and line[0].isupper()
        and line[-1] not in _PUNCTUATION
        # "We are glad that" goes on, whatever the next line begins with; and "Die", before a German noun.
        and words[-1].casefold() not in STOPWORDS | function_words()
        and following[:1].isupper()
    )
