"""BM25 index (Robertson) over stemmed words, memory-mapped. The home of bm25s; it knows rows, not documents."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, cast

import numpy as np
import numpy.typing as npt

from rag.errors import IndexCorrupt
from rag.index.search.postings import Postings
from rag.index.search.row_ranges import RowRanges, Rows, positions_of
from rag.models.embedding.interfaces import FloatVector
from rag.text.edit_distance import SpellingIndex
from rag.text.languages.stemming import search_stop_words, snowball_stemmer
from rag.text.words import search_words

if TYPE_CHECKING:
    import bm25s

# Placeholder for a text without words: bm25s cannot index an empty vocabulary.
_NO_WORD: Final = "∅"
_ENGLISH: Final = "English"
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
    def of(cls, texts: Iterable[str], languages: Iterable[str | None] = repeat(None)) -> Terms:
        """Tokenizes texts into stemmed words without stop words, each by the rules of its language."""
        numbers, ids, lengths = _StemNumbers(), array("i"), array("i")
        for text, language in zip(texts, languages, strict=False):
            words = _words(text, language) or [_NO_WORD]
            known = numbers.of(language)
            ids.extend([known[word] for word in words])
            lengths.append(len(words))
        return cls(list(numbers.of_stems), np.array(ids, np.int32), np.array(lengths, np.int32))._sorted()

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
        return Terms(self.vocabulary, self.ids[positions_of(ends[rows] - lengths, ends[rows])], lengths)

    def _sorted(self) -> Terms:
        """The same rows with a vocabulary of just the words that occur, so that equal rows give equal bytes."""
        used = sorted(np.unique(self.ids).tolist(), key=lambda number: self.vocabulary[number])
        places = np.zeros(len(self.vocabulary), np.int32)
        places[used] = np.arange(len(used), dtype=np.int32)
        return Terms([self.vocabulary[number] for number in used], places[self.ids], self.lengths)


class _StemNumbers:
    """Numbers of stems in the order in which they are first met; each word of a language is stemmed once."""

    def __init__(self) -> None:
        self.of_stems: dict[str, int] = {}
        self._languages: dict[str | None, _WordNumbers] = {}

    def of(self, language: str | None) -> _WordNumbers:
        """The numbers by word in a language."""
        return self._languages.setdefault(language, _WordNumbers(language, self.of_stems))


class _WordNumbers(dict[str, int]):
    """The number of each word's stem in one language."""

    def __init__(self, language: str | None, of_stems: dict[str, int]) -> None:
        super().__init__()
        self._stemmer = snowball_stemmer(language)
        self._of_stems = of_stems

    def __missing__(self, word: str) -> int:
        stem = word if word == _NO_WORD else self._stemmer.stemWord(word)
        self[word] = number = self._of_stems.setdefault(stem, len(self._of_stems))
        return number


class Bm25Index:
    """BM25 index with bm25s' defaults (Lucene's variant, k1 1.5, b 0.75).

    Its rows have stems of the language of their document, and no stop words of it. What is searched for is stemmed in
    each of these languages, and in English, in which all rows were stemmed before 0.3.
    """

    def __init__(self, scorer: bm25s.BM25, terms: Terms, languages: Collection[str | None] = ()) -> None:
        self._scorer = scorer
        self._others = sorted({name for name in languages if name} - {_ENGLISH})
        self._terms = terms
        scores = scorer.scores
        self._postings = Postings(scores["indptr"], scores["indices"], scores["data"], int(scores["num_docs"]))

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
    def load(cls, folder: Path, languages: Collection[str | None] = ()) -> Bm25Index:
        """Opens a saved index, memory-mapped: ready at once, shared between processes.

        Args:
            folder: in which it was saved.
            languages: of its documents.

        Raises:
            IndexCorrupt: the folder is not an index of bm25s.
        """
        try:
            scorer = _bm25s().BM25.load(str(folder), mmap=True, load_corpus=False)
            ids, lengths = (np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in (_TERMS, _LENGTHS))
        except (OSError, ValueError, KeyError) as error:
            raise IndexCorrupt(f"bm25s cannot read the BM25 index: {error}") from error
        # Words that bm25s adds for itself come last.
        return cls(scorer, Terms(list(scorer.vocab_dict), ids, lengths), languages)

    @property
    def terms(self) -> Terms:
        """The tokenized rows that it was built from."""
        return self._terms

    def __len__(self) -> int:
        return self._postings.count

    @cached_property
    def _stems(self) -> SpellingIndex:
        # Made for the first misspelt word: 0.1 s for 100,000 stems. The stemmer writes a final y as i.
        vocabulary = self._terms.vocabulary[: len(self._postings)]
        return SpellingIndex([stem.replace("y", "i") for stem in vocabulary])

    def knows(self, word: str) -> bool:
        """True if the vocabulary has the stem of a word; true for a stop word."""
        known = self._scorer.vocab_dict
        return any(all(stem in known for stem in stems_of(word, language)) for language in (_ENGLISH, *self._others))

    def rows_spelt_like(self, word: str, edits: int) -> list[Rows]:
        """Rows of words spelt similarly to ``word``, a group for each stem within ``edits``, the most similar first."""
        near = self._stems.near_prefix(word.replace("y", "i"), edits, _LONGEST_ENDING)
        return [self._postings.of(stem)[0].astype(np.int64) for stem in near]

    def rows_with(self, word: str) -> Rows:
        """Rows that have the stem of a word, or of one of its parts, ascending."""
        rows = [self._postings.of(number)[0] for number in self._known(word)]
        return np.unique(np.concatenate(rows)).astype(np.int64) if rows else np.empty(0, np.int64)

    def scores(self, question: str) -> FloatVector:
        """BM25 score of each row; 0 for rows that share no word with the question. *Shape:* ``(rows,)``."""
        return self._postings.all_scores(self._known(question))

    def scores_of(self, question: str, rows: Rows) -> FloatVector:
        """The BM25 scores of some rows. *Shape:* ``(len(rows),)``."""
        return self._postings.scores_of(self._known(question), rows)

    def search(self, question: str, limit: int, scope: RowRanges | None = None) -> list[tuple[int, float]]:
        """The ``limit`` best rows with their scores, best first; only rows that share a word with the question."""
        rows, scores = self._postings.best(self._known(question), limit, scope)
        return list(zip(rows.tolist(), scores.tolist(), strict=True))

    def _known(self, text: str) -> list[int]:
        """The terms of a text that the index has, in the order of languages and words; a word may have several."""
        known = self._scorer.vocab_dict
        stems = stems_of(text)
        for language in self._others:
            seen = frozenset(stems)
            stems += [stem for stem in stems_of(text, language) if stem not in seen]
        return [known[stem] for stem in stems if stem in known]


def stems_of(text: str, language: str | None = _ENGLISH) -> list[str]:
    """The stemmed words of a text in their order, without stop words."""
    stems: list[str] = snowball_stemmer(language).stemWords(_words(text, language))
    return stems


def _words(text: str, language: str | None) -> list[str]:
    """The words of a text in lower case, without stop words: as ``bm25s.tokenize`` finds them."""
    stopwords = search_stop_words(language)
    return [word for word in search_words(text.lower()) if word not in stopwords]


def _bm25s() -> ModuleType:
    """The library, imported on use: an ingest run that finds nothing new does not need it."""
    import bm25s

    return cast("ModuleType", bm25s)
