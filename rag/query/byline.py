"""Byline of a paper: what stands between its title and its abstract on the first page."""

from __future__ import annotations

import re
from typing import Final

from rag.domain.values import Document, Page

_ABSTRACT: Final = re.compile(r"^[^\S\n]{0,20}(?:abstract|summary)\b", re.IGNORECASE | re.MULTILINE)
# Characters of the page in which the abstract begins, and of a byline.
_COVER: Final = 3_000
_LONGEST: Final = 800


def byline(document: Document, page: Page) -> tuple[int, int] | None:
    """Start and end offsets of the byline in the text of the first page; None where the page has no abstract."""
    abstract = _ABSTRACT.search(page.text, 0, _COVER)
    if abstract is None:
        return None
    start, _, _ = page.text.partition("\n\n")
    first = len(start) if _says(start, document.title) else 0
    text = page.text[first : abstract.start()]
    begin = first + len(text) - len(text.lstrip())
    end = begin + len(text.strip())
    return (begin, end) if 0 < end - begin <= _LONGEST else None


def _says(paragraph: str, title: str) -> bool:
    return bool(paragraph.strip()) and title.startswith(" ".join(paragraph.split()))
