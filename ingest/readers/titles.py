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
    r"\W*(untitled|anonymous|unspecified|unknown|unnamed|no title|document|word document|title|home)\s*\d*\W*"
    r"|microsoft word\b.*"
    r"|\S*\.(docx?|pdf|indd|tex|rtf|xlsx?|pptx?|md|txt|html?)",
    re.IGNORECASE,
)


def as_title(metadata: str | None) -> str | None:
    """The title of a file's metadata, if it is usable: not empty, not a file name, not a program's default."""
    title = unicodedata.normalize("NFC", " ".join(clean(metadata or "").split()))
    return title if 3 < len(title) <= _LONGEST_TITLE and not _POOR_TITLE.fullmatch(title) else None


def first_heading(pages: Sequence[Page]) -> str | None:
    """The largest heading of the first page that has two letters or more; of several, the first."""
    page = pages[0] if pages else None
    headings = sorted(page.headings, key=lambda heading: heading.level) if page else []
    texts = (" ".join(page.text[heading.start : heading.end].split()) for heading in headings if page)
    return next((text[:_LONGEST_TITLE] for text in texts if sum(map(str.isalpha, text)) > 1), None)
