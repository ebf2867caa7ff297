"""Texts in plain words: compared without case and punctuation, and titles without codes."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from rag.domain.values import Document

_SPEAKS: Final = re.compile(r"[^\W\d_]{3}")
_YEAR_OR_SHORT: Final = re.compile(r"(?:19|20)\d\d|(?=.*[^\W\d])\w{2,6}")


def plain(text: str) -> str:
    """Only letters and digits, in lower case, with single spaces."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def says(text: str, part: str) -> bool:
    """Whether the words of ``part``, at least one, stand together in ``text``."""
    sought = plain(part)
    return bool(sought) and f" {sought} " in f" {plain(text)} "


def subject(document: Document) -> str:
    """What the document is called, in words; empty where neither title nor name says anything."""
    for called in (document.title, PurePosixPath(document.name).stem):
        kept = [token for token in re.split(r"[\s_]+", called) if not _is_code(token)]
        if any(_SPEAKS.search(token) for token in kept):
            return " ".join(kept)
    return ""


def _is_code(token: str) -> bool:
    """``EX-10.19``, ``0001018724-23-000018``, ``07``: of an archive; ``2023`` and ``Q3`` are words."""
    return any(character.isdigit() for character in token) and not _YEAR_OR_SHORT.fullmatch(token)
