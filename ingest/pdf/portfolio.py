"""Contents of a portfolio: the names of its files, which a viewer shows in place of its own page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.domain.attached_file import AttachedFile
from rag.domain.values import Page


def as_contents(page: Page, files: Sequence[AttachedFile]) -> Page:
    """The first page of a PDF without text, with the list of its files for its text."""
    lines = ["Attached files:", *(f"- {file.name}" for file in files)]
    text = "\n".join(lines)
    return replace(page, text=text, body=(0, len(text)))
