"""File properties: author and creation date, where a file's metadata has them and not a program's default."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from rag.domain.stored import LONGEST_AUTHOR
from rag.text.characters import clean

# Names that programs write where nobody has given one.
_NOBODY: Final = frozenset(
    "anonymous|anonym|unknown|unknown author|unbekannt|inconnu|desconocido|unspecified|not specified|undefined|unnamed|"
    "untitled|none|null|nil|n/a|na|no author|author|author name|the author|your name|name|first name last name|"
    "user|users|username|user name|default user|office user|windows user|new user|benutzer|utilisateur|usuario|"
    "admin|administrator|owner|guest|root|default|test|pc|me|home|staff|student".split("|")
)
_PROGRAM: Final = re.compile(
    r"(?:microsoft(?: (?:office|word|excel|powerpoint|publisher|print|edge)\b.*)?"
    r"|adobe (?:acrobat|indesign|illustrator|photoshop|pagemaker|framemaker|pdf)\b.*|acrobat\b.*"
    r"|(?:libre|open)office\b.*|openpyxl|python-docx|apache poi|apache fop\b.*|google docs\b.*|canva|pandoc|typst\b.*"
    r"|(?:pdf|xe|lua)?(?:la)?tex\b.*|reportlab\b.*|itext\b.*|fpdf\b.*|tcpdf\b.*|wkhtmltopdf\b.*|ghostscript\b.*"
    r"|(?:headless)?chrom(?:e|ium)\b.*|mac os x\b.*|quartz pdfcontext|scan(?:ner)?|wordpress|hugo\b.*|jekyll\b.*)",
    re.IGNORECASE,
)
# Names of accounts and machines, and addresses of web pages: one word, in lower case or with a number.
_ACCOUNT: Final = re.compile(r"^[a-z0-9._-]+$|\d\d|\\|^(?i:desktop-|laptop-|https?:|www\.)")
_REGISTERED: Final = re.compile("[®™©]")
_DATE: Final = re.compile(r"\s{0,9}(?:D:)?\s{0,9}(\d{4})([-/.]?)(\d{2})\2(\d{2})(?=\D|$|\d{4})")
# Before it there were no such files: years of the epochs from which programs count.
_FIRST_YEAR: Final = 1981
# Times in the templates of python-docx, and in files that ReportLab makes repeatable.
_DEFAULT_TIMES: Final = ("20131223231500", "20000101000000")


class FileProperties(NamedTuple):
    """Properties of a file, as its metadata gives them; None for those that it lacks or has no use of."""

    title: str | None = None
    author: str | None = None
    created: str | None = None


def as_author(*metadata: str | None) -> str | None:
    """Author, or authors separated by commas, without defaults such as "unknown", names of programs and of accounts.

    Names after the first 200 characters are left out.
    """
    names = dict.fromkeys(name for text in metadata if (name := _name(text)))
    return _shortened(names)


def as_date(metadata: str | None) -> str | None:
    """Date as "2024-05-31", from the form of PDF ("D:20240531120000Z") or ISO 8601; None for others and defaults."""
    text = (metadata or "")[:100]
    match = _DATE.match(text)
    if not match or "".join(re.findall(r"[0-9]", text))[:14] in _DEFAULT_TIMES:
        return None
    try:
        found = date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return None
    return found.isoformat() if found.year >= _FIRST_YEAR else None


def _name(text: str | None) -> str | None:
    name = " ".join(clean((text or "")[: 10 * LONGEST_AUTHOR]).split()).strip(" ,;")
    name = unicodedata.normalize("NFC", name)
    bare = _REGISTERED.sub("", name).strip("()[]<>\"'.? ").casefold()
    if bare in _NOBODY or _PROGRAM.fullmatch(bare) or (" " not in name and _ACCOUNT.search(name)):
        return None
    return name if len(name) > 1 and any(map(str.isalpha, name)) else None


def _shortened(names: Iterable[str]) -> str | None:
    """The names in one line; one that is too long ends with an ellipsis, after a whole word."""
    text = ", ".join(names)
    if len(text) > LONGEST_AUTHOR:
        text = text[: LONGEST_AUTHOR - 1].rpartition(" ")[0].rstrip(" ,;") + "…"
    return text if len(text) > 1 else None
