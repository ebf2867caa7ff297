"""Stratified sampling of facts from an index, over all documents and all parts of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from math import sqrt
from random import Random
from typing import Final

from rag.evaluation.synthetic.facts import facts_of, for_yes_or_no
from rag.evaluation.synthetic.types import Fact
from rag.index.generation import Generation

# Number of BM25 hits among which copies of a sentence are looked for.
_MOST_HITS: Final = 4
_SHARE_YES_NO: Final = 0.1
# Passages of one document that are read for facts.
_MOST_ROWS: Final = 400


def sampled_facts(generation: Generation, seed: int) -> Iterator[Fact]:
    """One fact of each passage that has any, in an order that is spread over documents and pages.

    Among the first ``n``, the share of each document is proportional to the square root of its length: long documents
    have more facts, and none has all. The order depends on the index and the seed only.
    """
    random = Random(seed)  # noqa: S311 - for spreading, not for secrets
    return _facts(generation, _spread_rows(generation, random), random)


def facts_of_document(generation: Generation, name: str, seed: int) -> Iterator[Fact]:
    """The same for one document; of a long one, from some hundreds of its passages, which are spread over it."""
    random = Random(seed)  # noqa: S311 - for spreading, not for secrets
    return _facts(generation, _over_pages(generation, name, random, _MOST_ROWS), random)


def _facts(generation: Generation, rows: Iterable[int], random: Random) -> Iterator[Fact]:
    for row in rows:
        (passage,) = generation.passages([row])
        candidates = list(facts_of(passage, random))
        random.shuffle(candidates)
        if fact := next((fact for fact in candidates if not _is_repeated(generation, fact)), None):
            yield (random.random() < _SHARE_YES_NO and for_yes_or_no(fact)) or fact


def _spread_rows(generation: Generation, random: Random) -> Iterator[int]:
    keyed = []
    for document in generation.documents:
        rows = _over_pages(generation, document.name, random)
        offset = random.random()
        keyed += [((place + offset) / sqrt(len(rows)), row) for place, row in enumerate(rows)]
    return (row for _, row in sorted(keyed))


def _over_pages(generation: Generation, name: str, random: Random, most: int | None = None) -> list[int]:
    """A document's rows, round-robin over its pages in random order: the first of each page, then the second.

    Of more than ``most`` rows, so many at equal distances.
    """
    rows = generation.rows_named([name])
    assert rows is not None  # noqa: S101 - the name is from the index
    if most and len(rows) > most:
        rows = rows[:: len(rows) // most + 1]
    pages: dict[int, list[int]] = {}
    for passage in generation.passages(rows.tolist()):
        pages.setdefault(passage.chunk.span.page, []).append(passage.row)
    shuffled: list[Sequence[int]] = [random.sample(listed, len(listed)) for listed in pages.values()]
    random.shuffle(shuffled)
    return [row for row in chain.from_iterable(zip_longest(*shuffled)) if row is not None]


def _is_repeated(generation: Generation, fact: Fact) -> bool:
    """True if another passage has the same text: boilerplate, or the same text in two documents."""
    text = fact.text.casefold()
    rows = [row for row, _ in generation.matching(fact.text, _MOST_HITS) if row != fact.passage.row]
    return any(text in " ".join(passage.chunk.text.casefold().split()) for passage in generation.passages(rows))
