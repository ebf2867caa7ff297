"""Domain values: pages, chunks, documents, hits, questions and answers; immutable, with arithmetic on themselves only.

Offsets are Python string offsets into a page's text, so that ``page.text[span.start:span.end]`` is the span.
Page numbers are 1-based, as people count. Boxes are in PDF points (1/72 inch), origin at the top left of the page.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from rag.domain.probability import logistic


class Box(NamedTuple):
    """A rectangle on a page, in points, origin top left, ``x0 <= x1`` and ``y0 <= y1``."""

    x0: float
    y0: float
    x1: float
    y1: float

    def is_beside(self, word: Box) -> bool:
        """True if ``word`` follows in the same line: more than half of the lower box's height overlaps vertically."""
        overlap = min(self.y1, word.y1) - max(self.y0, word.y0)
        return word.x0 >= self.x0 and overlap > 0.5 * min(self.y1 - self.y0, word.y1 - word.y0)

    def around(self, other: Box) -> Box:
        """The smallest box that holds both."""
        return Box(min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1))


class Word(NamedTuple):
    """A word of a page: its offsets in the text, and its box."""

    start: int
    end: int
    box: Box


class Heading(NamedTuple):
    """A heading on a page; ``level`` is 1 for the largest."""

    start: int
    end: int
    level: int


class Table(NamedTuple):
    """A table on a page, one row in each line; ``header`` is the start and end of its header rows."""

    start: int
    end: int
    header: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a document as text.

    Attributes:
        number: 1-based.
        text: paragraphs separated by a blank line, lines by a newline; empty for a page that is only an image.
        width, height: of the page as displayed, in points.
        words: in the order of the text; their offsets are within it.
        headings: in the order of the text.
        tables: in the order of the text. Used for chunking; not kept in an index.
        body: start and end of the text without running headers and footers; a slice, so the default is the whole
            text. Used for chunking; not kept in an index.
        label: the number that is printed on the page, such as "iv" or "4"; None where the file has no page labels.
    """

    number: int
    text: str
    width: float
    height: float
    words: Sequence[Word] = ()
    headings: Sequence[Heading] = ()
    tables: Sequence[Table] = ()
    body: tuple[int, int] = (0, sys.maxsize)
    label: str | None = None

    def boxes(self, start: int, end: int) -> tuple[Box, ...]:
        """Bounding boxes of ``text[start:end]`` on the page, one for each line that it touches."""
        lines: list[Box] = []
        for word in self.words:
            if word.end <= start or word.start >= end:
                continue
            if lines and lines[-1].is_beside(word.box):
                lines[-1] = lines[-1].around(word.box)
            else:
                lines.append(word.box)
        return tuple(lines)


class Span(NamedTuple):
    """A range of one page's text."""

    page: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage as it is indexed: a verbatim part of one page's text, and what it cannot be understood without.

    Attributes:
        headings: above it, the outermost first.
        lead_in: the introduction of the list, or the column heads of the table, that it goes on with; empty where it
            begins with none of these.
    """

    span: Span
    text: str
    headings: tuple[str, ...] = ()
    lead_in: str = ""

    @property
    def context(self) -> tuple[str, ...]:
        """The headings, and the lead-in if there is one."""
        return (*self.headings, self.lead_in) if self.lead_in else self.headings


def in_context(headings: Sequence[str], text: str) -> str:
    """A text with its headings in front, except those that it begins with: the form that is indexed and reranked."""
    above = [heading for heading in headings if not text.startswith(heading)]
    return "\n".join([" > ".join(above), text]) if above else text


@dataclass(frozen=True, slots=True)
class Document:
    """A source file, identified by its content: ``id`` is the SHA-256 of its bytes.

    Attributes:
        names: every path under which the content was found, relative to the ingested folder; never empty.
        author: as the file's properties give it; None where they do not.
        created: date in the file's properties, "2024-05-31"; None where there is none.
        language: in which most of its text is written, by its English name; None where that is not known.
    """

    id: str
    names: tuple[str, ...]
    title: str
    pages: int
    size: int
    author: str | None = None
    created: str | None = None
    language: str | None = None

    @property
    def name(self) -> str:
        """The name to show: the first of ``names``."""
        return self.names[0]


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk with its document, as an index returns it.

    Attributes:
        row: position in the index, 0-based; equal in the vectors, the BM25 index and the docstore.
    """

    row: int
    document: Document
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was retrieved.

    Attributes:
        score: ranking score; higher is better, comparable only within one ranking.
        logit: the reranker's log-odds that the passage answers the question; None where it was not reranked.
        document_match: match of its document with the document that the question names, 0..1.
    """

    passage: Passage
    score: float
    logit: float | None = None
    document_match: float = 0.0

    @property
    def relevance(self) -> float | None:
        """The reranker's probability, 0..1, that the passage answers the question; None where it was not reranked."""
        return None if self.logit is None else logistic(self.logit)


@dataclass(frozen=True, slots=True)
class Citation:
    """A verbatim quote and its location: ``page_text[start:end] == quote``.

    Attributes:
        page: 1-based, as pages are counted.
        label: the number that is printed on the page, such as "iv"; None where the document has no page labels.
    """

    id: int
    document: str
    document_id: str
    page: int
    quote: str
    start: int
    end: int
    boxes: tuple[Box, ...]
    score: float
    label: str | None = None


Verdict: TypeAlias = Literal["supported", "unsupported"]
SentenceKind: TypeAlias = Literal["lead", "detail", "step", "item", "row"]
Form: TypeAlias = Literal[
    "fact",
    "yes_no",
    "how_to",
    "list",
    "explain",
    "about",
    "comparison",
    "parts",
    "table",
    "overview",
    "collection",
    "keyword",
    "chat",
]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, list item or table row of an answer.

    Attributes:
        text: without list markers and citation marks.
        verdict: of grounding.
        citations: ids of the citations that support it.
        kind: ``lead`` for the direct answer, ``detail`` for a further sentence, ``step`` of a procedure in its order,
            ``item`` of a list, ``row`` of a table: its cells are separated by " | ".
        confidence: calibrated probability, 0..1, that its citations state it; None where it is not calibrated.
        original: the sentence in the language of its document, where ``text`` is the model's translation of it, of
            which only numbers, names and negation are checked; None where it is no translation.
    """

    text: str
    verdict: Verdict
    citations: tuple[int, ...] = ()
    kind: SentenceKind = "lead"
    confidence: float | None = None
    original: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of the language model; ``cached_tokens`` of the prompt came from the prefix cache."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        """The sum of the usage of two completions."""
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
        )


Reason: TypeAlias = Literal[
    "not_in_documents", "no_supported_sentence", "not_a_question", "not_possible", "section_unknown", "length"
]
Certainty: TypeAlias = Literal["stated", "possible", "uncalibrated"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete, verified answer, or an abstention.

    Attributes:
        answer: the supported sentences only, in Markdown with lists, tables and bold and nothing else; or the text of
            an abstention or of a reply to small talk.
        answered: false where the documents do not contain the answer; ``citations`` are then the nearest passages. Also
            false, and without citations, where the text is not a question about the documents.
        reason: why it was not answered: ``not_possible`` for a request, such as for a translation, that Pageproof
            cannot carry out; or ``length`` where the answer stopped at ``max_tokens``.
        certainty: ``stated`` as a fact or only ``possible``, by ``confidence``; displays put "Possibly: " in front of a
            possible answer. ``uncalibrated`` where the confidence was not fitted to the language model. None where
            there is no answer: for abstentions, and for replies such as greetings.
        confidence: calibrated probability, 0..1, that the answer is correct, as docs/abstention.md defines it. For an
            abstention it is that of the withheld answer. None where it was not fitted to the language model.
        form: of the answer that the question asks for.
        short_answer: the value alone, such as a name, a number or "Yes"; None where the answer is longer than that.
        missing: the parts of the question for which nothing was found, as short phrases.
        timings_ms: wall time per phase in milliseconds.
    """

    id: str
    question: str
    answer: str
    answered: bool
    reason: Reason | None
    certainty: Certainty | None = field(default=None, kw_only=True)
    confidence: float | None
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    model: str
    index: str
    usage: Usage = Usage()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    form: Form = "fact"
    short_answer: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of the conversation, with its answer."""

    question: str
    answer: str


Length: TypeAlias = Literal["short", "normal", "full"]
Strictness: TypeAlias = Literal["strict", "normal", "lenient"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its conversation history and options.

    Attributes:
        documents: names of the documents to search in; empty means all.
        history: earlier turns of the conversation, oldest first.
        max_tokens: limit for the answer's length; None means the service's default.
        length: ``short`` for the direct answer alone, ``full`` for all that the documents state.
        strictness: ``strict`` for fewer answers to what the documents do not say, ``lenient`` for more answers.
    """

    text: str
    documents: tuple[str, ...] = ()
    history: tuple[Turn, ...] = ()
    max_tokens: int | None = None
    length: Length = "normal"
    strictness: Strictness = "normal"


# Events of an answer in progress, in this order: passages, then sentences, then the answer.


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """Retrieval is done; the language model now gets these passages."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class SentenceVerified:
    """A supported sentence of the answer, which is not withdrawn; ``citations`` are those that it is the first to use.

    None follows before it is decided that the question is answered.
    """

    sentence: Sentence
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class AnswerReady:
    """The verified answer. Always the last event."""

    answer: Answer


AnswerEvent: TypeAlias = PassagesFound | SentenceVerified | AnswerReady
