"""Kind of a document, such as a contract or a manual, by rules on its title, its name and the beginning of its text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rag.domain.values import Document
from rag.service.guides.guide import DocumentKind

# Characters of the first pages that are read.
OPENING: Final = 3_000
# Characters in which a title page says what it is the title of.
_COVER: Final = 400

# In a title or a file name, the first that is found counts: an "agreement handbook" is a handbook.
_NAMES: Final[Sequence[tuple[DocumentKind, str]]] = (
    ("curriculum vitae", r"curriculum vitae|r[eé]sum[eé]|cv"),
    ("financial report", r"10-?[kq]|20-?f|annual report|quarterly report|earnings|financial statements?"),
    ("minutes", r"minutes"),
    ("handbook", r"handbook"),
    ("manual", r"manual|user'?s? guide|owner'?s? guide|instructions for use|operating instructions"),
    ("contract", r"agreement|contract|lease|deed|(?:warranty )?terms(?: and conditions| of (?:use|service))?"),
    ("policy", r"polic(?:y|ies)|rules|regulations?|by-?laws|code of conduct|act|directive"),
    ("invoice", r"invoice|receipt"),
    ("form", r"application form|form|questionnaire"),
    ("bulletin", r"bulletin"),
    ("newsletter", r"newsletter|gazette|newspaper"),
    ("reference", r"reference"),
    ("guide", r"guide|guidelines?|tutorial|how to"),
    ("report", r"report|study|survey|assessment|audit|white ?paper"),
    ("presentation", r"slides|presentation"),
    ("letter", r"letter"),
)
_NAMED: Final = tuple((kind, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for kind, words in _NAMES)
# In the text, only what no other kind of document begins with.
_WRITTEN: Final[Sequence[tuple[DocumentKind, re.Pattern[str]]]] = (
    ("financial report", re.compile(r"\bform (?:10-[kq]|20-f)\b", re.IGNORECASE)),
    ("contract", re.compile(r"\bthis .{0,60}?agreement\b.{0,200}?\b(?:between|by and among)\b", re.IGNORECASE | re.S)),
    ("paper", re.compile(r"^(?:abstract\b|arxiv:\d)|\bin this paper,? we\b", re.IGNORECASE | re.MULTILINE)),
    (
        "letter",
        re.compile(r"^(?:dear (?:sir|madam|m[rs]s?\b|[A-Z])|to whom it may concern)", re.IGNORECASE | re.MULTILINE),
    ),
    ("invoice", re.compile(r"^invoice\b", re.IGNORECASE | re.MULTILINE)),
)


def kind_of(document: Document, opening: str) -> DocumentKind | None:
    """The kind of a document; None where it does not say.

    Args:
        document: with its title and its names.
        opening: text of its first pages; what is after :data:`OPENING` characters is not read.
    """
    text = opening[:OPENING]
    called = " ".join([document.title, *(_words_of(name) for name in document.names[:1])])
    for kind, pattern in _NAMED:
        if pattern.search(called):
            return kind
    for kind, pattern in _WRITTEN:
        if pattern.search(text):
            return kind
    # A cover says it in its largest lines, a page of text in passing.
    return next((kind for kind, pattern in _NAMED if pattern.search(_cover(text))), None)


def _words_of(name: str) -> str:
    return re.sub(r"[_.\-/]", " ", name.rpartition(".")[0] or name)


def _cover(text: str) -> str:
    """The lines of a cover: short ones, before the first sentence."""
    lines = []
    for line in text[:_COVER].splitlines():
        if line.rstrip().endswith((".", ",", ";")):
            break
        lines.append(line)
    return "\n".join(lines)
