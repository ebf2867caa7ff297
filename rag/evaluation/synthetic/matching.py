"""Text matching without case and punctuation, and document titles without archive codes."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from rag.domain.values import Document

_HAS_WORD: Final = re.compile(r"[^\W\d_]{3}")
_YEAR_OR_SHORT: Final = re.compile(r"(?:19|20)\d\d|(?=.*[^\W\d])\w{2,6}")


def normalized(text: str) -> str:
    """The text as lower-case letters and digits with single spaces."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def contains_words(text: str, part: str) -> bool:
    """True if ``text`` contains the words of ``part``, at least one, as one sequence."""
    sought = normalized(part)
    return bool(sought) and f" {sought} " in f" {normalized(text)} "


def subject(document: Document) -> str:
    """A document's title, or else its file name, without codes; empty where neither has words."""
    for title in (document.title, PurePosixPath(document.name).stem):
        kept = [token for token in re.split(r"[\s_]+", title) if not _is_code(token)]
        if any(_HAS_WORD.search(token) for token in kept):
            return " ".join(kept)
    return ""


def _is_code(token: str) -> bool:
    """True if a token is an archive code: ``EX-10.19``, ``0001018724-23-000018``, ``07``; not ``2023``, ``Q3``."""
    return any(character.isdigit() for character in token) and not _YEAR_OR_SHORT.fullmatch(token)
