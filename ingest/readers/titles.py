"""Document titles: the title of the metadata if it is usable, else the largest heading of the first page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from rag.domain.values import Page
from rag.text.characters import clean

_LONGEST_TITLE: Final = 200
_POOR_TITLE: Final = re.compile(
    r"(untitled|document|word document|title|home)\s*\d*|microsoft word\b.*"
    r"|\S*\.(docx?|pdf|indd|tex|rtf|xlsx?|pptx?|md|txt|html?)",
    re.IGNORECASE,
)


def as_title(metadata: str | None) -> str | None:
    """The title of a file's metadata, if it is usable: not empty, not a file name, not a program's default."""
    title = unicodedata.normalize("NFC", " ".join(clean(metadata or "").split()))
    return title if 3 < len(title) <= _LONGEST_TITLE and not _POOR_TITLE.fullmatch(title) else None


def first_heading(pages: Sequence[Page]) -> str | None:
    """The largest heading of the first page; of several, the first."""
    if not pages or not pages[0].headings:
        return None
    page = pages[0]
    largest = min(page.headings, key=lambda heading: heading.level)
    return " ".join(page.text[largest.start : largest.end].split())[:_LONGEST_TITLE]
