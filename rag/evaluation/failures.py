"""What went wrong, question by question, with the page that would have answered it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rag.domain.values import Document, Page
from rag.errors import DocumentUnknown, FileFault
from rag.evaluation.results import QuestionResult
from rag.index.generation import Generation
from rag.pdf.document import render_page
from rag.text.sentences import line_spans, sentence_spans, words
from rag.text.templates import as_uri

# Of each miss, the kind that comes first.
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "false_answer": ("Answered, and should not have been", "The documents do not answer these questions."),
    "wrong": ("Wrong answers", "What was said does not agree with a known answer. Words are compared: judge yourself."),
    "false_abstention": ("Not answered, and should have been", "The documents answer these questions."),
    "not_found": ("The right page is not in the first five", "What was said is right, or no answer was asked for."),
}
# Passages from which an answer is made, at most, by default.
_FOUND: Final = 5
# Words before the quoted sentence and after it.
_AROUND: Final = 35
# In characters: a longer one is taken apart.
_LONGEST_SENTENCE: Final = 400
# Of a gold page in pixels; what pictures may take of a report in all, in bytes.
_PICTURE_WIDTH: Final = 440
PICTURE_BYTES: Final = 6_000_000


@dataclass(frozen=True)
class GoldPage:
    """A page that holds the answer, around the sentence nearest to it; ``picture`` is a ``data:`` address."""

    document: str
    page: int
    before: str
    sentence: str
    after: str
    picture: str | None


@dataclass(frozen=True)
class Failure:
    """A question that went wrong. ``found``: whether its page was among the first five passages; None if not known."""

    item: QuestionResult
    found: bool | None
    gold: GoldPage | None


@dataclass(frozen=True)
class Failures:
    """All of them, by :data:`KINDS`; ``left_out`` counts the pictures that there was no room for."""

    kinds: Mapping[str, Sequence[Failure]]
    left_out: int


def find_failures(
    items: Sequence[QuestionResult], generation: Generation, picture_bytes: int = PICTURE_BYTES
) -> Failures:
    """What went wrong, in the order of the questions.

    Args:
        items: of a run.
        generation: that answered; its pages are shown.
        picture_bytes: what the pictures may have in all, as PNG.
    """
    album = _Album(generation, picture_bytes)
    kinds = {
        kind: [Failure(item, _found(item), album.gold_page(item)) for item in items if _kind(item) == kind]
        for kind in KINDS
    }
    return Failures(kinds, album.left_out)


def _kind(item: QuestionResult) -> str | None:
    if item.outcome in KINDS:
        return item.outcome
    return "not_found" if _found(item) is False else None


def _found(item: QuestionResult) -> bool | None:
    return (item.page_rank or _FOUND + 1) <= _FOUND if item.paged else None


class _Album:
    """Gold pages, with pictures while there is room."""

    def __init__(self, generation: Generation, picture_bytes: int) -> None:
        self._generation = generation
        self._named = {name: document for document in generation.documents for name in document.names}
        self._room = picture_bytes
        self.left_out = 0

    def gold_page(self, item: QuestionResult) -> GoldPage | None:
        """Of the gold pages, the one with the sentence that is nearest to a gold answer; None without any."""
        gold = set(words(" ".join(item.answers)))
        asked = set(words(item.question)) - gold
        best = max(
            (
                (_nearness(page.text[start:end], gold, asked), document, page, start, end)
                for document, page in self._pages(item)
                for start, end in _spans(page.text)
            ),
            key=lambda candidate: candidate[0],
            default=None,
        )
        if best is None:
            return None
        _, document, page, start, end = best
        return GoldPage(
            document.name,
            page.number,
            " ".join(page.text[:start].split()[-_AROUND:]),
            " ".join(page.text[start:end].split()),
            " ".join(page.text[end:].split()[:_AROUND]),
            self._picture(document, page, start, end),
        )

    def _pages(self, item: QuestionResult) -> Iterator[tuple[Document, Page]]:
        for name in item.documents:
            for number in item.pages:
                if document := self._named.get(name):
                    try:
                        yield document, self._generation.page(document.id, number)
                    except DocumentUnknown:
                        continue  # the pages of one of several documents

    def _picture(self, document: Document, page: Page, start: int, end: int) -> str | None:
        source = self._generation.source(document.id)
        if self._room <= 0:
            self.left_out += 1
            return None
        if not source.is_file():
            return None
        try:
            picture = render_page(source, page.number, page.boxes(start, end), scale=_PICTURE_WIDTH / page.width)
        except FileFault:
            return None  # no PDF: its pages have no picture
        self._room -= len(picture)
        return as_uri(picture)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Sentences; of what is longer, such as tables, the lines."""
    for start, end in sentence_spans(text):
        if end - start > _LONGEST_SENTENCE:
            yield from line_spans(text, start, end)
        else:
            yield start, end


def _nearness(sentence: str, gold: set[str], asked: set[str]) -> float:
    said = set(words(sentence))
    return len(said & gold) + 0.3 * len(said & asked) - 0.01 * len(said)
