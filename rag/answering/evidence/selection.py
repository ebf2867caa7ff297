"""Evidence selection: passages packed into a token budget, with those beside them where a section goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rag.answering.grounding import Evidence
from rag.domain.values import Chunk, Hit, Passage, Span
from rag.index.generation import Generation
from rag.text.prompt_injection import without_instructions
from rag.text.sentences import line_spans
from rag.text.words import words

CountTokens = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class EvidenceBudget:
    """Limits of the evidence in a prompt.

    Attributes:
        tokens: of the language model, for passages with their headings.
        passages: most hits that are considered.
        continued: how many of the first hits bring along the passages beside them that belong to the same section.
    """

    tokens: int
    passages: int
    continued: int = 0


# Passages after a hit that are brought along. More of them, or those before it, take the place of better ones.
_AFTER: Final = 1
# Tokens for what separates two passages.
_SEPARATOR: Final = 3


def heading_line(passage: Passage) -> str:
    """The line above a passage in a prompt: the document's title, and the heading that the passage is under."""
    headings = "".join(f" > {heading}" for heading in passage.chunk.headings[-1:])
    return f"# {passage.document.title}{headings}\n"


def select_evidence(
    generation: Generation, hits: Sequence[Hit], question: str, budget: EvidenceBudget, count_tokens: CountTokens
) -> list[Evidence]:
    """The passages that fit the budget, best first, each with its page.

    A hit that does not fit is skipped, and the next one is tried; the first one is cut between lines to what fits, so
    that no passage is too long to be read. Passages beside a hit follow it, with a score of 0 and no logit.
    """
    chosen: dict[int, Hit] = {}
    left = budget.tokens
    for position, hit in enumerate(hits[: budget.passages]):
        beside = _beside(generation, hit) if position < budget.continued else ()
        for candidate in (hit, *beside):
            if candidate.passage.row in chosen:
                continue
            cost = _cost(candidate.passage, count_tokens)
            if cost > left and not chosen:
                candidate = _cut(candidate, question, left, count_tokens)
                cost = _cost(candidate.passage, count_tokens)
            if cost <= left:
                chosen[candidate.passage.row] = candidate
                left -= cost
            elif candidate is not hit:
                break
    return [with_page(generation, hit) for hit in chosen.values()]


def with_page(generation: Generation, hit: Hit) -> Evidence:
    """A hit with the page that it is on."""
    passage = hit.passage
    return Evidence(hit, generation.page(passage.document.id, passage.chunk.span.page))


def _cost(passage: Passage, count_tokens: CountTokens) -> int:
    return count_tokens(heading_line(passage) + passage.chunk.text) + _SEPARATOR


def _beside(generation: Generation, hit: Hit) -> Iterator[Hit]:
    """The passages that follow a hit in its section."""
    for passage in generation.neighbours(hit.passage.row, before=0, after=_AFTER):
        if passage.row <= hit.passage.row:
            continue
        # Text at the top of a page has no heading of its own.
        if passage.chunk.headings != hit.passage.chunk.headings:
            break
        yield Hit(passage, 0.0)


def _cut(hit: Hit, question: str, tokens: int, count_tokens: CountTokens) -> Hit:
    """The lines of a passage around the one with most words of the question, as many as fit into ``tokens``."""
    chunk = hit.passage.chunk
    lines = list(line_spans(chunk.text, 0, len(chunk.text)))
    asked = set(words(question))
    overlap = [len(asked & set(words(chunk.text[start:end]))) for start, end in lines]
    best = overlap.index(max(overlap))
    first = last = best
    room = tokens - count_tokens(heading_line(hit.passage)) - _SEPARATOR
    costs = [count_tokens(chunk.text[start:end]) + 1 for start, end in lines]
    room -= costs[best]
    for position in _outwards(best, len(lines)):
        if position not in (first - 1, last + 1) or costs[position] > room:
            continue
        first, last = min(first, position), max(last, position)
        room -= costs[position]
    start, end = lines[first][0], lines[last][1]
    span = Span(chunk.span.page, chunk.span.start + start, chunk.span.start + end)
    return replace(hit, passage=replace(hit.passage, chunk=Chunk(span, chunk.text[start:end], chunk.headings)))


def _outwards(centre: int, count: int) -> Iterator[int]:
    for distance in range(1, count):
        for position in (centre - distance, centre + distance):
            if 0 <= position < count:
                yield position


def passages_as_text(evidence: Iterable[Evidence]) -> list[str]:
    """The passages as they stand in a prompt, those that follow each other under one heading as one text.

    Instructions to a model that a document contains are left out.

    Documents come in the order of their best passage, and passages in reading order.
    """
    groups: dict[str, list[Passage]] = {}
    for item in evidence:
        groups.setdefault(item.hit.passage.document.id, []).append(item.hit.passage)
    texts: list[str] = []
    for passages in groups.values():
        before: Passage | None = None
        for passage in sorted(passages, key=lambda one: one.row):
            text = without_instructions(passage.chunk.text)
            if before and passage.row == before.row + 1 and passage.chunk.headings == before.chunk.headings:
                texts[-1] += f"\n{text}"
            else:
                texts.append(heading_line(passage) + text)
            before = passage
    return texts
