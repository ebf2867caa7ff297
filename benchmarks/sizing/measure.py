"""Measures an index of the sizing benchmark, in a process of its own: cold open, memory, seconds, recall, ranking."""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np

from benchmarks.sizing.build import open_source
from benchmarks.sizing.corpus import AskedVector, RealPassages, SyntheticCorpus
from benchmarks.sizing.peers import HAS_RANK_BM25, LangChainFlat, RankBm25, is_same_ranking
from rag.domain.values import Question
from rag.index.bm25 import Terms
from rag.index.generation import Generation
from rag.models.embedding.interfaces import FloatMatrix
from rag.retrieval.retriever import Retriever

_LIMIT: Final = 10
_QUESTIONS: Final = 200
# rank_bm25 takes a tenth of a second for one of 100,000 rows.
_ASKED_OF_RANK_BM25: Final = 30
_MOST_ROWS_OF_RANK_BM25: Final = 100_000

Seconds = dict[str, list[float]]


class PreparedEncoder:
    """Gives each question its prepared vector: what an encoder takes does not depend on the size of the index."""

    max_tokens = 256
    cosine_scale = 1.0

    def __init__(self, asked: Sequence[AskedVector]) -> None:
        self._vectors = {one.text: one.vector for one in asked}
        self.identity: dict[str, Any] = {}

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """The prepared vectors."""
        return np.array([self._vectors[text] for text in texts])

    def encode_questions(self, questions: Sequence[str]) -> FloatMatrix:
        """The prepared vectors."""
        return self.encode(questions)

    def count_tokens(self, text: str) -> int:
        """Words, about."""
        return len(text.split())


def main(source: str, target: str) -> int:
    """``python -m benchmarks.sizing.measure SOURCE TARGET``: prints JSON."""
    asked = SyntheticCorpus(RealPassages.of(open_source(Path(source)))).questions(_QUESTIONS)
    retriever = Retriever(PreparedEncoder(asked), None)
    forget_files(Path(target))
    idle = _memory()
    seconds: Seconds = {}
    with _timed(seconds, "cold_open"):
        generation = open_source(Path(target))
    for name, some in (("first", asked[:1]), ("warm_up", asked)):
        with _timed(seconds, name):
            for one in some:
                retriever.candidates_of(generation, Question(one.text), 24)
    memory: dict[str, Any] = {"idle": idle, "serving": _memory()}
    recall, flat = _vectors(generation, asked, seconds)
    memory["flat"] = flat
    same = _words(generation, asked, seconds)
    for one in asked:
        with _timed(seconds, "matching"):
            generation.document_match(one.text)
        with _timed(seconds, "retrieval"):
            retriever.candidates_of(generation, Question(one.text), 24)
    print(json.dumps({"rows": len(generation), "seconds": seconds, "memory": memory, "recall": recall, "same": same}))
    return 0


def _vectors(generation: Generation, asked: Sequence[AskedVector], seconds: Seconds) -> tuple[float, int]:
    """Recall of the vector search, beside LangChain's, interleaved; and the bytes that the latter takes."""
    before = _memory()["RssAnon"]
    peer = LangChainFlat(len(asked[0].vector))
    for document in generation.documents:
        peer.add(generation.vectors_of(document.id))
    taken = _memory()["RssAnon"] - before
    found = 0
    for one in asked:
        with _timed(seconds, "flat"):
            exact = peer.search(one.vector, _LIMIT)
        with _timed(seconds, "vectors"):
            ours = generation.nearest(one.vector, _LIMIT)
        found += len({row for row, _ in ours} & set(exact.tolist()))
    return found / (_LIMIT * len(asked)), taken


def _words(generation: Generation, asked: Sequence[AskedVector], seconds: Seconds) -> float | None:
    """Share of questions that BM25 ranks as rank_bm25 does; None where that is not installed, or takes too long."""
    peers = None
    if HAS_RANK_BM25 and len(generation) <= _MOST_ROWS_OF_RANK_BM25:
        rows = list(_rows_in_words(generation))
        peers = [RankBm25(rows, lucene=lucene) for lucene in (False, True)]
    same = 0
    for number, one in enumerate(asked):
        with _timed(seconds, "bm25"):
            ours = generation.matching(one.text, _LIMIT)
        if peers and number < _ASKED_OF_RANK_BM25:
            words = _words_of(one.text)
            with _timed(seconds, "rank_bm25"):
                peers[0].search(words, _LIMIT)
            same += is_same_ranking([row for row, _ in ours], peers[1].search(words, _LIMIT)[1])
    return same / _ASKED_OF_RANK_BM25 if peers else None


def _words_of(question: str) -> list[str]:
    terms = Terms.of([question])
    return [terms.vocabulary[number] for number in terms.ids]


def _rows_in_words(generation: Generation) -> Iterator[list[str]]:
    terms = generation.terms_of([document.id for document in generation.documents])
    words, end = np.array(terms.vocabulary, dtype=object), 0
    for length in terms.lengths.tolist():
        yield words[terms.ids[end : end + length]].tolist()
        end += length


@contextmanager
def _timed(seconds: Seconds, name: str) -> Iterator[None]:
    start = perf_counter()
    yield
    seconds.setdefault(name, []).append(perf_counter() - start)


def forget_files(folder: Path) -> None:
    """Drops the files' pages from the kernel's cache."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _memory() -> dict[str, int]:
    """Bytes of this process: anonymous, mapped from files, and its proportional share (PSS)."""
    lines = [
        *Path("/proc/self/status").read_text().splitlines(),
        *Path("/proc/self/smaps_rollup").read_text().splitlines(),
    ]
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    return {name: int(fields[name].split()[0]) * 1024 for name in ("RssAnon", "RssFile", "Pss")}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
