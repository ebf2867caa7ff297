"""BM25 index (Robertson) over stemmed words, memory-mapped. The only home of bm25s; it knows rows, not documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, cast

import numpy as np
import numpy.typing as npt

from rag.errors import IndexCorrupt
from rag.index.vectors import Rows
from rag.models.embedding.interfaces import FloatVector
from rag.text.edit_distance import SpellingIndex
from rag.text.words import snowball_stemmer

if TYPE_CHECKING:
    import bm25s

_STOPWORDS: Final = "en"
# Placeholder for a text without words: bm25s cannot index an empty vocabulary.
_NO_WORD: Final = "∅"
# Texts that are tokenized at once.
_SLAB: Final = 2_000
# Letters that the stemmer removes at most: "commissioning" has the stem "commiss".
_LONGEST_ENDING: Final = 6

_TERMS: Final = "terms.npy"
_LENGTHS: Final = "lengths.npy"

Ids = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Terms:
    """Tokenized rows: the stemmed words of each row, as positions in a vocabulary.

    Attributes:
        vocabulary: every word once, sorted.
        ids: positions in the vocabulary, row after row.
        lengths: words of each row. *Shape:* ``(rows,)``.
    """

    vocabulary: Sequence[str]
    ids: Ids
    lengths: Ids

    @classmethod
    def of(cls, texts: Iterable[str]) -> Terms:
        """Tokenizes texts into stemmed words without stop words, in slabs, so that memory stays small."""
        numbers: dict[str, int] = {}
        ids: list[Ids] = [np.empty(0, np.int32)]
        lengths: list[int] = []
        for slab in _slabs(texts):
            for words in _words(slab):
                ids.append(np.array([numbers.setdefault(word, len(numbers)) for word in words], np.int32))
                lengths.append(len(words))
        return cls(list(numbers), np.concatenate(ids), np.array(lengths, np.int32))._sorted()

    @classmethod
    def joined(cls, parts: Sequence[Terms]) -> Terms:
        """Concatenation of the rows of ``parts``."""
        vocabulary = sorted(set().union(*(part.vocabulary for part in parts)))
        numbers = {word: number for number, word in enumerate(vocabulary)}
        ids = [np.array([numbers[word] for word in part.vocabulary], np.int32)[part.ids] for part in parts]
        lengths = [part.lengths for part in parts]
        return cls(vocabulary, np.concatenate(ids), np.concatenate(lengths))._sorted()

    def rows(self, rows: Rows) -> Terms:
        """Only these rows, in this order; the vocabulary may hold words that none of them has."""
        ends = np.cumsum(self.lengths, dtype=np.int64)
        lengths = self.lengths[rows]
        # For each word its place within its row, moved to where that row begins.
        within = np.arange(lengths.sum(), dtype=np.int64) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return Terms(self.vocabulary, self.ids[np.repeat(ends[rows] - lengths, lengths) + within], lengths)

    def _sorted(self) -> Terms:
        """The same rows with a vocabulary of just the words that occur, so that equal rows give equal bytes."""
        used = sorted(np.unique(self.ids).tolist(), key=lambda number: self.vocabulary[number])
        places = np.zeros(len(self.vocabulary), np.int32)
        places[used] = np.arange(len(used), dtype=np.int32)
        return Terms([self.vocabulary[number] for number in used], places[self.ids], self.lengths)


class Bm25Index:
    """BM25 index with bm25s' defaults (Lucene's variant, k1 1.5, b 0.75), English stems and stop words."""

    def __init__(self, scorer: bm25s.BM25, terms: Terms) -> None:
        self._scorer = scorer
        self._terms = terms

    @classmethod
    def build(cls, terms: Terms) -> Bm25Index:
        """Builds the index from tokenized rows, of which there is at least one."""
        scorer = _bm25s().BM25()
        rows = np.split(terms.ids, np.cumsum(terms.lengths)[:-1])
        scorer.index((rows, {word: number for number, word in enumerate(terms.vocabulary)}), show_progress=False)
        return cls(scorer, terms)

    def save(self, folder: Path) -> None:
        """Writes the index as plain arrays and JSON, without pickle; OSError where the disk refuses."""
        self._scorer.save(str(folder), corpus=None, show_progress=False)
        np.save(folder / _TERMS, self._terms.ids, allow_pickle=False)
        np.save(folder / _LENGTHS, self._terms.lengths, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Bm25Index:
        """Opens a saved index, memory-mapped: ready at once, shared between processes.

        Raises:
            IndexCorrupt: the folder is not an index of bm25s.
        """
        try:
            scorer = _bm25s().BM25.load(str(folder), mmap=True, load_corpus=False)
            ids, lengths = (np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in (_TERMS, _LENGTHS))
        except (OSError, ValueError, KeyError) as error:
            raise IndexCorrupt(f"bm25s cannot read the BM25 index: {error}") from error
        # Words that bm25s adds for itself come last.
        return cls(scorer, Terms(list(scorer.vocab_dict), ids, lengths))

    @property
    def terms(self) -> Terms:
        """The tokenized rows that it was built from."""
        return self._terms

    def __len__(self) -> int:
        return int(self._scorer.scores["num_docs"])

    @cached_property
    def _stems(self) -> SpellingIndex:
        # Made for the first misspelt word: 0.1 s for 100,000 stems. The stemmer writes a final y as i.
        vocabulary = self._terms.vocabulary[: len(self._scorer.scores["indptr"]) - 1]
        return SpellingIndex([stem.replace("y", "i") for stem in vocabulary])

    def knows(self, word: str) -> bool:
        """True if the vocabulary has the stem of a word; true for a stop word."""
        return all(stem in self._scorer.vocab_dict or stem == _NO_WORD for stem in _words([word])[0])

    def rows_spelt_like(self, word: str, edits: int) -> list[Rows]:
        """Rows of words spelt similarly to ``word``, a group for each stem within ``edits``, the most similar first."""
        starts, rows = self._scorer.scores["indptr"], self._scorer.scores["indices"]
        near = self._stems.near_prefix(word.replace("y", "i"), edits, _LONGEST_ENDING)
        return [np.asarray(rows[starts[stem] : starts[stem + 1]], np.int64) for stem in near]

    def scores(self, question: str) -> FloatVector:
        """BM25 score of each row; 0 for rows that share no word with the question. *Shape:* ``(rows,)``."""
        known = [word for word in _words([question])[0] if word in self._scorer.vocab_dict and word != _NO_WORD]
        if not known:
            return np.zeros(len(self), np.float32)
        return np.asarray(self._scorer.get_scores(known), dtype=np.float32)

    def search(self, question: str, limit: int, among: Rows | None = None) -> list[tuple[int, float]]:
        """The ``limit`` best rows with their scores, best first; only rows that share a word with the question."""
        scores = self.scores(question)
        rows = np.arange(len(scores)) if among is None else among
        best = rows[np.argsort(-scores[rows], kind="stable")[:limit]]
        return [(int(row), float(scores[row])) for row in best if scores[row] > 0]


def _slabs(texts: Iterable[str]) -> Iterator[list[str]]:
    slab: list[str] = []
    for text in texts:
        slab.append(text)
        if len(slab) == _SLAB:
            yield slab
            slab = []
    if slab:
        yield slab


def _words(texts: Sequence[str]) -> list[list[str]]:
    rows = _bm25s().tokenize(
        list(texts), stopwords=_STOPWORDS, stemmer=snowball_stemmer(), return_ids=False, show_progress=False
    )
    return [row or [_NO_WORD] for row in rows]


def _bm25s() -> ModuleType:
    """The library, imported on use: an ingest run that finds nothing new does not need it."""
    import bm25s

    return cast("ModuleType", bm25s)
