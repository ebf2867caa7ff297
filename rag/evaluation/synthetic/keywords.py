"""Questions without a model: the rarest words of a fact, as people type them into a search box."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from rag.evaluation.synthetic.matching import subject
from rag.evaluation.synthetic.sampling import sampled_facts
from rag.evaluation.synthetic.types import Fact, SyntheticQuestion
from rag.index.generation import Generation
from rag.text.sentences import NOT, is_number, words

_WORD: Final = re.compile(r"[^\W\d_][\w’'-]+\w")
_FEWEST: Final = 3
_MOST: Final = 6
_MOST_OF_SUBJECT: Final = 3
# A word that stands in so many passages is as common as any.
_COUNTED: Final = 200
_SAME: Final = 10


def keyword_questions(generation: Generation, count: int, seed: int = 0) -> Iterator[SyntheticQuestion]:
    """Up to ``count`` queries of a few words, each from a fact and without its answer.

    They take some milliseconds each. Where another document has all the words, those come first which tell the
    documents' titles apart. The same index and seed give the same queries.
    """
    made = 0
    subjects = Counter(stem for document in generation.documents for stem in set(words(subject(document))))
    for fact in sampled_facts(generation, seed):
        if made == count:
            return
        if fact.form != "yes_no" and (keywords := _keywords(generation, fact, subjects)):
            made += 1
            yield SyntheticQuestion(keywords, fact, "keywords")


def _keywords(generation: Generation, fact: Fact, subjects: Mapping[str, int]) -> str:
    """The rarest words beside the answer, in their order; empty where there are too few."""
    answer = set(words(fact.answer))
    found = {
        stem: word
        for word in reversed(_WORD.findall(fact.text.replace(fact.answer, " ", 1)))
        for stem in words(word)
        if not is_number(stem) and stem != NOT and stem not in answer
    }
    rarest = sorted(found, key=lambda stem: len(generation.matching(found[stem], _COUNTED)))[:_MOST]
    if len(rarest) < _FEWEST:
        return ""
    query = [word for stem, word in reversed(found.items()) if stem in rarest]
    if _is_elsewhere(generation, fact, set(rarest)):
        query = [*_distinctive(fact, subjects), *query]
    return " ".join(query)


def _is_elsewhere(generation: Generation, fact: Fact, stems: set[str]) -> bool:
    """Whether a passage of another document has all the words."""
    rows = [row for row, _ in generation.matching(" ".join(stems), _SAME)]
    own = fact.passage.document.id
    return any(p.document.id != own and stems <= set(words(p.chunk.text)) for p in generation.passages(rows))


def _distinctive(fact: Fact, subjects: Mapping[str, int]) -> list[str]:
    """The words of the document's subject that fewest others have, in their order."""
    parts = [part for part in subject(fact.passage.document).split() if words(part)]
    rarest = sorted(parts, key=lambda part: subjects[words(part)[0]])[:_MOST_OF_SUBJECT]
    return [part.strip(",.:;") for part in parts if part in rarest]
