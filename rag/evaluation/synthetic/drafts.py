"""A questions file in draft: what a person then reads, mends and throws out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

from rag.domain.values import Hit
from rag.evaluation.synthetic.matching import says
from rag.evaluation.synthetic.negatives import Swapped, answering_rows, general_knowledge_questions, swapped_questions
from rag.evaluation.synthetic.types import SyntheticQuestion
from rag.index.generation import Generation

Search = Callable[[str], Sequence[Hit]]

# Share of the drafts that the documents are not to answer.
SHARE_UNANSWERABLE: Final = 0.2
# The even chance: a reranker that says less takes a passage to be about something else.
_RELEVANT: Final = 0.5


def answerable_draft(generation: Generation, made: SyntheticQuestion) -> dict[str, Any]:
    """A line of a questions file, without its id: every page that holds the answer counts as right."""
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
    """Lines for questions that the documents seem not to answer, those close to their subjects first.

    Args:
        generation: the documents.
        made: questions about them, which are asked about other names.
        search: the best passages for a question, with their relevance where a reranker judged it.
        seed: another one gives others.
    """
    about_others = (swapped.question for swapped in swapped_questions(made, seed) if _is_unknown(swapped, search))
    foreign = (
        question for question in general_knowledge_questions(generation, seed) if not _relevant(search(question))
    )
    for question in chain(about_others, foreign):
        yield {"question": question, "answers": [], "form": "unanswerable", "draft": True}


def _is_unknown(swapped: Swapped, search: Search) -> bool:
    """Whether nothing that matches the question names what was put into it."""
    relevant = _relevant(search(swapped.question))
    return not any(says(f"{hit.passage.document.title} {hit.passage.chunk.text}", swapped.name) for hit in relevant)


def _relevant(hits: Sequence[Hit]) -> list[Hit]:
    """Where no reranker judged, every hit may be."""
    return [hit for hit in hits if hit.relevance is None or hit.relevance >= _RELEVANT]
