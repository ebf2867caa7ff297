"""Failure analysis of an evaluation run: the questions that failed, by kind, each with the gold page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rag.domain.values import Document, Page
from rag.errors import DocumentUnknown, FileFault
from rag.evaluation.nuggets import PATTERN
from rag.evaluation.questions import gold_pages
from rag.evaluation.results import QuestionResult
from rag.index.generation import Generation
from rag.pdf.document import render_page
from rag.text.sentences import line_spans, sentence_spans
from rag.text.templates import as_uri
from rag.text.words import words

# In order of precedence: a question that fails in several ways is listed under the first.
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "false_answer": ("Answered, and should not have been", "The documents do not answer these questions."),
    "wrong": ("Wrong answers", "The answer does not agree with a known answer. Words are compared: judge yourself."),
    "false_abstention": ("Not answered, and should have been", "The documents answer these questions."),
    "incomplete": ("Answers that are not complete", "Vital facts are missing. Wordings are compared: judge yourself."),
    "not_found": ("The right page is not in the first five", "The answer is right, or the run has no answers."),
}
# Most passages in the prompt of an answer, by default.
_FOUND: Final = 5
# Words shown before the quoted sentence and after it.
_AROUND: Final = 35
# In characters; a longer one is split into lines.
_LONGEST_SENTENCE: Final = 400
# Width of a page image in pixels; most bytes of all page images in a report.
_PICTURE_WIDTH: Final = 440
PICTURE_BYTES: Final = 6_000_000


@dataclass(frozen=True)
class GoldPage:
    """A gold page: the sentence nearest to the gold answer, with its context; ``picture`` is a ``data:`` URI."""

    document: str
    page: int
    before: str
    sentence: str
    after: str
    picture: str | None


@dataclass(frozen=True)
class Failure:
    """A question that failed. ``found``: whether its page was among the first five passages; None if not known."""

    result: QuestionResult
    found: bool | None
    gold: GoldPage | None


@dataclass(frozen=True)
class Failures:
    """The failures of a run by :data:`KINDS`; ``left_out`` counts the page images beyond the size limit."""

    kinds: Mapping[str, Sequence[Failure]]
    left_out: int


def find_failures(
    results: Sequence[QuestionResult], generation: Generation, picture_bytes: int = PICTURE_BYTES
) -> Failures:
    """The failures of a run, each kind in the order of the questions.

    Args:
        results: of a run.
        generation: of the index that answered; its pages are shown.
        picture_bytes: most bytes of all page images together, as PNG.
    """
    album = _Album(generation, picture_bytes)
    kinds = {
        kind: [Failure(result, _found(result), album.gold_page(result)) for result in results if _kind(result) == kind]
        for kind in KINDS
    }
    return Failures(kinds, album.left_out)


def _kind(result: QuestionResult) -> str | None:
    if result.outcome in KINDS:
        return result.outcome
    if result.vital_missing:
        return "incomplete"
    return "not_found" if _found(result) is False else None


def _found(result: QuestionResult) -> bool | None:
    return (result.page_rank or _FOUND + 1) <= _FOUND if result.paged else None


class _Album:
    """Gold pages, with page images up to a total size."""

    def __init__(self, generation: Generation, picture_bytes: int) -> None:
        self._generation = generation
        self._named = {name: document for document in generation.documents for name in document.names}
        self._room = picture_bytes
        self.left_out = 0

    def gold_page(self, result: QuestionResult) -> GoldPage | None:
        """The gold page with the sentence that is nearest to a gold answer or nugget; None if there is none."""
        gold = set(words(" ".join([*result.answers, *_wordings(result)])))
        asked = set(words(result.question)) - gold
        best = max(
            (
                (_nearness(page.text[start:end], gold, asked), document, page, start, end)
                for document, page in self._pages(result)
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

    def _pages(self, result: QuestionResult) -> Iterator[tuple[Document, Page]]:
        for name in result.documents:
            for number in gold_pages(name, result.pages, result.evidence):
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
            return None  # only pages of a PDF can be rendered
        self._room -= len(picture)
        return as_uri(picture)


def _wordings(result: QuestionResult) -> Iterator[str]:
    """The plain wordings of the vital nuggets, with the labels of those that have none."""
    for nugget in result.nuggets:
        if nugget.vital:
            yield from [wording for wording in nugget.any if not wording.startswith(PATTERN)] or [nugget.label]


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Spans of sentences; of longer ones, such as tables, the spans of their lines."""
    for start, end in sentence_spans(text):
        if end - start > _LONGEST_SENTENCE:
            yield from line_spans(text, start, end)
        else:
            yield start, end


def _nearness(sentence: str, gold: set[str], asked: set[str]) -> float:
    own = set(words(sentence))
    return len(own & gold) + 0.3 * len(own & asked) - 0.01 * len(own)
