"""Document titles: the title of the metadata if it is usable, else what the first page shows as one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from rag.domain.values import Page
from rag.text.characters import clean

_LONGEST_TITLE: Final = 200
# Of a paragraph that is taken for a title, and characters of the page in which it is looked for.
_MOST_WORDS: Final = 20
_OPENING_CHARACTERS: Final = 1_000
_POOR_TITLE: Final = re.compile(
    # What programs write where nobody has given a title, in the languages of the page and of many offices.
    r"\W*(?:untitled|anonymous|unspecified|unknown|unnamed|no title|(?:blank|new) (?:page|document)|index|home|title"
    r"|(?:untitled |word |scanned |new )?(?:document|spreadsheet|presentation|form|drawing)|document title"
    r"|title of (?:the )?(?:paper|document|report|article)|page|slide|folie|layout|scan|print|template|draft|blank"
    r"|full page (?:fax )?print|(?:microsoft )?power\s?point\W+(?:presentation|pr\u00e4sentation|presentatie|-pr.*)"
    r"|(?:google docs|canva design|adobe photoshop pdf|print to pdf)|about:blank"
    r"|unbenannt|ohne titel|dokument|pr\u00e4sentation|sans (?:titre|nom)|titre|pr\u00e9sentation powerpoint"
    r"|sin t[i\u00ed]tulo|documento|presentaci\u00f3n de powerpoint|senza (?:titolo|nome)|presentazione standard"
    r"|naamloos|zonder titel|sem t[i\u00ed]tulo|apresenta\u00e7\u00e3o do powerpoint)\s*\d*\W*"
    r"|microsoft (?:word|excel|powerpoint|publisher|visio)\b.*"
    # Names of files, and addresses.
    r"|\S*\.(?:docx?|pdf|indd|tex|rtf|xlsx?|pptx?|md|txt|html?|qxd|pub|vsdx?|dwg|pages|odt|ods|odp)"
    r"|.*\s\S*\.(?:docx?|pdf|indd|rtf|xlsx?|pptx?|odt|ods|odp|qxd|pub)|[a-z]:\\.*|(?:https?|file|ftp)://\S*"
    # Names of files: "2402.03216v4", "3M_2023Q2_10Q", "owners-manual-2170416".
    r"|(?=\S*\d)[^\s:]+|[^\s_]*_.*|[^\s-]+(?:-[^\s-]+){2,}",
    re.IGNORECASE,
)
# An item of a list: "1. Empty the tank", "(a) ...".
_ITEM: Final = re.compile(r"\(?(?:\d{1,3}|[A-Za-z]|[ivx]{2,5})[.)]\s")
# What stands first on a page, and names no document.
_NO_HEADING: Final = re.compile(
    # What readers say of headers and notes.
    r"(?:page (?:header|footer)|(?:footnote|endnote)(?: \d+)?|(?:note|comment)(?: by [^:]{1,100})?): .*"
    r"|\W*(?:(?:table of )?contents|exhibit\W+[\d.]+|page \d+|confidential|draft|copy|index|execution version)\W*",
    re.IGNORECASE,
)


def as_title(metadata: str | None) -> str | None:
    """The title of a file's metadata, if it is usable: not empty, not the name of a file, not a program's default."""
    title = unicodedata.normalize("NFC", " ".join(clean(metadata or "").split()))
    return title if 3 < len(title) <= _LONGEST_TITLE and not _POOR_TITLE.fullmatch(title) else None


def first_heading(pages: Sequence[Page]) -> str | None:
    """The title that the first page shows: its largest heading; where it has none, the short paragraph it opens with.

    Of several headings the first; one with two letters or more, and no "Table of contents". The paragraph has two words
    or more, and is no sentence.
    """
    page = pages[0] if pages else None
    if page is None:
        return None
    headings = sorted(page.headings, key=lambda heading: heading.level)
    texts = [" ".join(page.text[heading.start : heading.end].split()) for heading in headings]
    usable = (text for text in texts if sum(map(str.isalpha, text)) > 1 and not _NO_HEADING.fullmatch(text))
    return next((text[:_LONGEST_TITLE] for text in usable), None) or (
        None if texts else _opening(page.text[slice(*page.body)])
    )


def _opening(text: str) -> str | None:
    paragraphs = (" ".join(part.split()) for part in text[:_OPENING_CHARACTERS].split("\n\n")[:-1])
    first = next((part for part in paragraphs if part and not _NO_HEADING.fullmatch(part)), "")
    is_title = len(first) <= _LONGEST_TITLE and 1 < len(first.split()) <= _MOST_WORDS and first[0].isalnum()
    return first if is_title and first[-1] not in ".,:;!?" and not _ITEM.match(first) else None
