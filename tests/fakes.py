"""Small real implementations of the seams, so that everything runs without weights."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from ingest.chunking import Chunker
from ingest.job import IngestJob
from ingest.readers.limits import ReadingLimits
from ingest.readers.source import ReadingOptions
from ingest.reading import Cutting, Reading, ReadRequest, read_document
from rag.answering.confidence import ConfidenceModel, Logistic
from rag.domain.values import Usage
from rag.errors import FileFault, PromptTooLong
from rag.models.embedding.interfaces import Encoder, FloatMatrix, FloatVector
from rag.models.llm.language_model import Finish, Generated, Message, Prompt, RefusalProbability, Token
from rag.runtime.cancellation import Cancellation
from rag.text.sentences import words

# The model is asked where the reranker finds a passage more likely than not to answer; what it says is given unless it
# would rather have declined. Not what was fitted: that changes with each fit.
PLAIN_CONFIDENCE_MODEL = ConfidenceModel(
    prefilter=Logistic(0.0, {"relevance": 1.0}),
    answerable=Logistic(0.0, {"refusal_probability": -1.0}),
    correct=Logistic(0.0, {"self_check": 1.0}),
    prefilter_threshold=0.5,
    thresholds=(0.5, 0.5),
    yes_bias=0.0,
)
# A page of make_pdf without text that is not blank.
DRAWING = "[drawing]"


class BagOfWordsEncoder:
    """A text is the direction of its words: each stem has a place, found by its checksum."""

    def __init__(self, dimension: int = 256, name: str = "bag-of-words") -> None:
        self._dimension = dimension
        self._name = name
        self.encoded: list[str] = []

    @property
    def identity(self) -> dict[str, str | int | bool]:
        return {
            "name": self._name,
            "sha256": "0" * 64,
            "dimension": self._dimension,
            "max_tokens": 256,
            "normalised": True,
        }

    @property
    def max_tokens(self) -> int:
        return 254

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        self.encoded += texts
        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in words(text) or ["nothing"]:
                vectors[row, zlib.crc32(word.encode()) % self._dimension] += 1.0
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def count_tokens(self, text: str) -> int:
        return len(text.split())


class OverlapReranker:
    """Relevance is the share of the question's words that the text has."""

    def relevance(self, question: str, texts: Sequence[str]) -> FloatVector:
        asked = set(words(question))
        return np.array([len(asked & set(words(text))) / max(len(asked), 1) for text in texts], dtype=np.float32)


@dataclass
class ScriptedModel:
    """Says what it was told to say, word by word, and remembers what it was asked.

    Attributes:
        replies: one for each generation; when they are used up, the last one again.
        assent: the probability of its yes, when it is asked for yes or no.
        seconds_to_read, seconds_per_token, seconds_to_assent: how slow it pretends to be; it stops at once when
            cancelled.
        wordings: the words that each generation was held to.
        choices: the words that each chance was asked of.
    """

    replies: list[str]
    seconds_to_read: float = 0.0
    seconds_per_token: float = 0.0
    seconds_to_assent: float = 0.0
    context_tokens: int = 2048
    name: str = "scripted"
    assent: float = 0.9
    chats: list[list[Message]] = field(default_factory=list)
    wordings: list[str | None] = field(default_factory=list)
    choices: list[tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)
    generated_tokens: int = 0
    cancelled: int = 0
    closed: bool = False

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        self.chats.append(list(messages))
        return Prompt(tuple(range(sum(self.count_tokens(message.text) for message in messages))))

    def generate(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        cancelled: Cancellation,
        vocabulary: str | None = None,
        refusal: str | None = None,
    ) -> Iterator[Generated]:
        self._check_room(prompt.length + max_tokens)
        self.wordings.append(vocabulary)
        with self._counting(cancelled):
            yield from self._say(prompt.length, max_tokens, cancelled, refusal)

    def _say(
        self, prompt_tokens: int, max_tokens: int, cancelled: Cancellation, refusal: str | None
    ) -> Iterator[Generated]:
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        _sleep(self.seconds_to_read, cancelled)
        if refusal is not None:
            # What comes after the refusal in its script is what it says when it may not refuse.
            yield RefusalProbability(float(reply.startswith(refusal)))
            reply = reply.removeprefix(refusal)
        pieces = [piece + " " for piece in reply.split()]
        for piece in pieces[:max_tokens]:
            _sleep(self.seconds_per_token, cancelled)
            self.generated_tokens += 1
            yield Token(piece)
        usage = Usage(prompt_tokens, 0, min(len(pieces), max_tokens))
        yield Finish("length" if len(pieces) > max_tokens else "stop", usage)

    def chance(self, prompt: Prompt, yes: Sequence[str], no: Sequence[str], cancelled: Cancellation) -> float:
        self._check_room(prompt.length)
        self.choices.append((tuple(yes), tuple(no)))
        with self._counting(cancelled):
            _sleep(self.seconds_to_assent, cancelled)
        return self.assent

    def _check_room(self, tokens: int) -> None:
        if tokens > self.context_tokens:
            raise PromptTooLong("too long")

    @contextmanager
    def _counting(self, cancelled: Cancellation) -> Iterator[None]:
        try:
            yield
        finally:
            self.cancelled += cancelled._cancelled

    def close(self) -> None:
        self.closed = True


def _sleep(seconds: float, cancelled: Cancellation) -> None:
    end = time.monotonic() + seconds
    while True:
        cancelled.check()
        if (left := end - time.monotonic()) <= 0:
            return
        time.sleep(min(left, 0.005))


@dataclass(frozen=True)
class ReadersHere:
    """Reads in this process, without limits on time and memory."""

    cutting: Cutting
    options: ReadingOptions

    def read(self, requests: Iterable[ReadRequest]) -> Iterable[tuple[ReadRequest, Reading | FileFault]]:
        """See :class:`ingest.reading.Readers`."""
        for request in requests:
            try:
                yield request, read_document(request, self.cutting, self.options)
            except FileFault as fault:
                yield request, fault


def ingest_job(
    index: Path, encoder: Encoder, chunker: Chunker | None = None, ocr: str = "off", **options: Any
) -> IngestJob:
    """The job, reading in this process and counting words for tokens."""
    chunker = chunker or Chunker()
    readers = ReadersHere(
        Cutting(chunker, encoder.count_tokens, encoder.max_tokens), ReadingOptions(ReadingLimits(), ocr="off")
    )
    return IngestJob(index, encoder, readers, identity={**chunker.identity, "ocr": ocr}, **options)


def make_pdf(
    path: Path, pages: Sequence[str], *, title: str | None = None, password: str | None = None, size: int = 11
) -> Path:
    """A PDF with one page for each text; a line that begins with ``# `` is a heading, an empty text an empty page."""
    canvas = Canvas(str(path), pagesize=A4, invariant=True, encrypt=password)
    if title:
        canvas.setTitle(title)
    for page in pages:
        height = A4[1] - 72
        if page == DRAWING:
            canvas.circle(300, 400, 120, fill=1)
            page = ""
        for line in page.splitlines():
            heading = line.startswith("# ")
            canvas.setFont("Helvetica-Bold" if heading else "Helvetica", 18 if heading else size)
            canvas.drawString(72, height, line.removeprefix("# "))
            height -= 30 if heading else 14
        canvas.showPage()
    canvas.save()
    return path


def tiny_pdf(pages: Sequence[str]) -> bytes:
    """The bytes of a PDF with one page of ASCII text for each, made in no time: for tests that need hundreds."""
    numbers = range(4, 4 + 2 * len(pages), 2)
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(pages)}/Kids[{' '.join(f'{number} 0 R' for number in numbers)}]>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for number, text in zip(numbers, pages, strict=True):
        lines = "".join(f"({line}) Tj 0 -14 Td " for line in text.splitlines())
        content = f"BT /F 11 Tf 72 720 Td {lines}ET"
        resources = f"/Resources<</Font<</F 3 0 R>>>>/Contents {number + 1} 0 R"
        objects.append(f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]{resources}>>")
        objects.append(f"<</Length {len(content)}>>stream\n{content}\nendstream")
    data, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += f"{number} 0 obj{body}endobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    start = len(data)
    data += f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF"
    return data.encode("ascii")
