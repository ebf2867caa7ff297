"""Byline of a paper: what stands between its title and its abstract on the first page."""

from __future__ import annotations

import re
from typing import Final

from rag.domain.values import Document, Page

_ABSTRACT: Final = re.compile(r"^[^\S\n]{0,20}(?:abstract|summary)\b", re.IGNORECASE | re.MULTILINE)
# Characters of the page in which the abstract begins, and of a byline.
_COVER: Final = 3_000
_LONGEST: Final = 800
_PARAGRAPH: Final = re.compile(r"\S[^\n]*+(?:\n[^\n]++)*+")
_AFFILIATION: Final = re.compile(r"@|\b(?:universit|institut|department|laborator|college)", re.IGNORECASE)
# Words of a paragraph of prose, and the share of them that join others; names and addresses have few of these.
_FEWEST_WORDS: Final = 20
_PROSE: Final = 0.2
_JOINING: Final = frozenset("a an and are as by for from in is it of on our that the this to we which with".split())


def byline(document: Document, page: Page) -> tuple[int, int] | None:
    """Start and end offsets of the byline in the text of the first page.

    It ends where the abstract begins: at its heading, or, where it has addresses or places of work, at the first
    paragraph of prose below the title. None for a page that has no such thing.
    """
    start, _, _ = page.text.partition("\n\n")
    first = len(start) if _says(start, document.title) else 0
    heading = _ABSTRACT.search(page.text, 0, _COVER)
    last = heading.start() if heading else _first_prose(page.text, first) if first else None
    if last is None or not (heading or _AFFILIATION.search(page.text, first, last)):
        return None
    text = page.text[first:last]
    begin = first + len(text) - len(text.lstrip())
    end = begin + len(text.strip())
    return (begin, end) if 0 < end - begin <= _LONGEST else None


def _says(paragraph: str, title: str) -> bool:
    return bool(paragraph.strip()) and title.startswith(" ".join(paragraph.split()))


def _first_prose(text: str, start: int) -> int | None:
    """The offset of the first paragraph of prose; None where there is none on the cover."""
    for found in _PARAGRAPH.finditer(text, start, min(len(text), _COVER)):
        spoken = found[0].casefold().split()
        joining = sum(word in _JOINING for word in spoken)
        if len(spoken) >= _FEWEST_WORDS and joining >= _PROSE * len(spoken):
            return found.start()
    return None
