"""Source guide of a document, as it is kept in ``indexes/guides/<sha256>/guide.json`` while it is made, and after."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from rag.domain.values import Page

# Guides that were made otherwise are made anew.
VERSION: Final = 1

DocumentKind: TypeAlias = Literal[
    "contract", "manual", "handbook", "policy", "financial report", "report", "paper", "form", "invoice", "letter",
    "minutes", "guide", "bulletin", "newsletter", "reference", "presentation", "curriculum vitae",
]  # fmt: skip


class _GuidePart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GuideQuote(_GuidePart):
    """Verbatim quote: ``page_text[start:end] == text``, of a page of the document; pages are 1-based."""

    page: int
    start: int
    end: int
    text: str

    def is_on(self, page: Page) -> bool:
        """True if the page has the quote where it says."""
        return page.text[self.start : self.end] == self.text


class GuideSentence(_GuidePart):
    """Sentence of a summary, with the quotes that support it."""

    text: str
    quotes: tuple[GuideQuote, ...]


class GuideTopic(_GuidePart):
    """Key topic of a document: the words of a heading, or of a phrase that it often has, and where it stands first."""

    text: str
    place: GuideQuote


class GuideQuestion(_GuidePart):
    """Question that the document answers, as was tried; ``page`` has the answer."""

    question: str
    page: int


class SourceGuide(_GuidePart):
    """Guide of one document, as far as it is made.

    Attributes:
        model: name of the language model that made it.
        kind: None where its title and its first page do not tell.
        language: English name; None where that is unknown.
        summary: None until it is made; empty where none could be.
        questions: those that were tried, and answered from the document.
        tried: number of questions that were thought of, with those that were not answered.
        is_whole: whether nothing is left to make.
    """

    version: int = VERSION
    document_id: str
    model: str
    kind: DocumentKind | None = None
    language: str | None = None
    summary: tuple[GuideSentence, ...] | None = None
    topics: tuple[GuideTopic, ...] = ()
    questions: tuple[GuideQuestion, ...] = ()
    tried: int = 0
    is_whole: bool = False
