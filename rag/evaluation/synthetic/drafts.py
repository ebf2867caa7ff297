"""Draft lines of a questions file, from synthetic questions; a person then checks, corrects or deletes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

from rag.domain.values import Hit
from rag.evaluation.synthetic.matching import contains_words
from rag.evaluation.synthetic.negatives import (
    SwappedQuestion,
    answering_rows,
    general_knowledge_questions,
    swapped_questions,
)
from rag.evaluation.synthetic.types import SyntheticQuestion
from rag.index.generation import Generation

Search = Callable[[str], Sequence[Hit]]

# Share of the drafts that are unanswerable.
SHARE_UNANSWERABLE: Final = 0.2
# A reranker score below this means that a passage is more likely irrelevant than relevant.
_RELEVANT: Final = 0.5


def answerable_draft(generation: Generation, made: SyntheticQuestion) -> dict[str, Any]:
    """A draft line for an answerable question, without its id: every page that holds the answer is a gold page."""
    passages = generation.passages(answering_rows(generation, made))
    names = sorted({passage.document.name for passage in passages})
    return {
        "question": made.question,
        "answers": [made.answer],
        **({"document": names[0]} if len(names) == 1 else {"documents": names}),
        "pages": sorted({passage.chunk.span.page for passage in passages}),
        "form": made.form,
        "quote": made.fact.text,
        "draft": True,
    }


def unanswerable_drafts(
    generation: Generation, made: Sequence[SyntheticQuestion], search: Search, seed: int = 0
) -> Iterator[dict[str, Any]]:
    """Draft lines for unanswerable questions, those close to the subjects of the documents first.

    Args:
        generation: of the index.
        made: synthetic questions, in which names and years are swapped.
        search: returns the best passages for a question, with their relevance if there is a reranker.
        seed: of the random choices.
    """
    swapped = (swap.question for swap in swapped_questions(made, seed) if _is_unknown(swap, search))
    general = (
        question for question in general_knowledge_questions(generation, seed) if not _relevant(search(question))
    )
    for question in chain(swapped, general):
        yield {"question": question, "answers": [], "form": "unanswerable", "draft": True}


def _is_unknown(swapped: SwappedQuestion, search: Search) -> bool:
    """True if no relevant passage contains the name that was put into the question."""
    relevant = _relevant(search(swapped.question))
    return not any(
        contains_words(f"{hit.passage.document.title} {hit.passage.chunk.text}", swapped.name) for hit in relevant
    )


def _relevant(hits: Sequence[Hit]) -> list[Hit]:
    """The hits that a reranker finds relevant; without a reranker, all of them."""
    return [hit for hit in hits if hit.relevance is None or hit.relevance >= _RELEVANT]
