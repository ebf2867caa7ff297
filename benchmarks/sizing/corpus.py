"""Synthetic large corpora with the statistics of a real one: its text resampled, its vectors perturbed.

Text: a passage is two spans of real passages. A word that few real passages have is another word in each copy of them,
so that it stays rare, and the vocabulary grows with the corpus (Heaps' law). Vectors: a real vector plus half the
difference of two others. Such differences have twice the covariance of the real vectors, so the noise has their
spectrum, and the neighbourhoods stay as crowded in the same directions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import numpy as np

from rag.domain.stored import DocumentRecord, PageRecord
from rag.domain.values import Chunk, Page, Span
from rag.index.generation import Generation
from rag.models.embedding.interfaces import FloatMatrix

_WORD: Final = re.compile(r"[^\W_]+")
_LINE: Final = re.compile(r"\s*\n\s*")
# A word in at most so many of the real passages is renamed in each copy.
_RARE: Final = 3
_NOISE: Final = 0.5
_PASSAGES_OF_PAGE: Final = 3
_PAGES_OF_DOCUMENT: Final = 20
# Real passages that no row is made of: questions are.
_HELD_OUT: Final = 10
_WORDS_OF_QUESTION: Final = 6


@dataclass(frozen=True, eq=False)
class RealPassages:
    """Texts and vectors of real passages. *Shape of vectors:* ``(len(texts), dimension)``, of length 1."""

    texts: Sequence[str]
    vectors: FloatMatrix

    @classmethod
    def of(cls, generation: Generation) -> RealPassages:
        """All passages of an index."""
        documents = [document.id for document in generation.documents]
        rows = [passage.row for one in documents for passage in generation.passages_on(one, 1, 1_000_000)]
        vectors = np.concatenate([generation.vectors_of(one) for one in documents])
        return cls([passage.chunk.text for passage in generation.passages(rows)], vectors)


@dataclass(frozen=True, eq=False)
class SyntheticDocument:
    """A document with the vectors of its passages. *Shape:* ``(chunks, dimension)``."""

    name: str
    id: str
    record: DocumentRecord
    vectors: FloatMatrix


@dataclass(frozen=True, eq=False)
class AskedVector:
    """A question's text and vector; the vector is near a real passage that no row is made of."""

    text: str
    vector: FloatMatrix


class SyntheticCorpus:
    """Documents and questions made of real passages, the same ones for a seed."""

    def __init__(self, real: RealPassages, seed: int = 0) -> None:
        self._real = real
        self._seed = seed
        self._words = [_LINE.sub(" ", text).split() for text in real.texts]
        counts = Counter(word for text in real.texts for word in set(_WORD.findall(text.lower())))
        self._rare = {word for word, count in counts.items() if count <= _RARE}
        names = sorted(word for word, count in counts.items() if word.isalpha() and len(word) > 4 and count > _RARE)
        self._names = names or ["document"]
        held_out = np.arange(len(real.texts)) % _HELD_OUT == 0
        self._held_out, self._used = np.flatnonzero(held_out), np.flatnonzero(~held_out)

    def documents(self, passages: int) -> Iterator[SyntheticDocument]:
        """Documents with so many passages in all; those of a smaller corpus are the first of a larger one."""
        for number, first in enumerate(range(0, passages, _PASSAGES_OF_PAGE * _PAGES_OF_DOCUMENT)):
            count = min(passages - first, _PASSAGES_OF_PAGE * _PAGES_OF_DOCUMENT)
            yield self._document(number, count)

    def questions(self, count: int) -> list[AskedVector]:
        """Questions of a few successive words of real passages, every third with words of a document's name."""
        generator = np.random.default_rng([self._seed, 1])
        bases = generator.choice(self._held_out, count)
        vectors = self._perturbed(bases, generator)
        texts = [self._question(number, int(base), generator) for number, base in enumerate(bases)]
        return [AskedVector(text, vector) for text, vector in zip(texts, vectors, strict=True)]

    def _question(self, number: int, base: int, generator: np.random.Generator) -> str:
        words = self._words[base]
        start = int(generator.integers(max(len(words) - _WORDS_OF_QUESTION, 1)))
        named = self._name(int(generator.integers(100))).replace("-", " ") if number % 3 == 0 else ""
        return " ".join([*words[start : start + _WORDS_OF_QUESTION], named.removesuffix(".pdf")]).strip()

    def _name(self, number: int) -> str:
        generator = np.random.default_rng([self._seed, 2, number])
        words = [self._names[place] for place in generator.integers(len(self._names), size=2)]
        return (
            f"{number:06}-{words[0]}-{words[1]}-{generator.integers(2000, 2027)}.pdf"  # rows are in the order of names
        )

    def _document(self, number: int, count: int) -> SyntheticDocument:
        generator = np.random.default_rng([self._seed, 3, number])
        bases = generator.choice(self._used, count)
        texts = [self._text(int(base), number, generator) for base in bases]
        pages, chunks = [], []
        for page, start in enumerate(range(0, count, _PASSAGES_OF_PAGE), start=1):
            own = texts[start : start + _PASSAGES_OF_PAGE]
            ends = np.cumsum([len(text) + 2 for text in own]).tolist()
            pages.append(PageRecord.of(Page(page, "\n\n".join(own), 595.0, 842.0)))
            spans = [Span(page, end - 2 - len(text), end - 2) for text, end in zip(own, ends, strict=True)]
            chunks += [Chunk(span, text) for span, text in zip(spans, own, strict=True)]
        record = DocumentRecord(None, pages, chunks)
        document_id = sha256(f"{self._seed} {number} {count}".encode()).hexdigest()
        return SyntheticDocument(self._name(number), document_id, record, self._perturbed(bases, generator))

    def _text(self, base: int, copy: int, generator: np.random.Generator) -> str:
        """The first half of one passage and the second half of another, with rare words of its own."""
        first, second = self._words[base], self._words[int(generator.choice(self._used))]
        words = first[: len(first) // 2 + 1] + second[len(second) // 2 :]
        return " ".join(f"{word}{_letters(copy)}" if word.lower() in self._rare else word for word in words)

    def _perturbed(self, bases: np.ndarray, generator: np.random.Generator) -> FloatMatrix:
        real = self._real.vectors
        noise = real[generator.choice(self._used, len(bases))] - real[generator.choice(self._used, len(bases))]
        vectors = real[bases] + np.float32(_NOISE) * noise
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _letters(number: int) -> str:
    """A number in letters, so that a renamed word stays a word."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))
