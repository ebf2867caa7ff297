"""Evidence selection: passages packed into a token budget, with those beside them where a section goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Final

from rag.answering.evidence.redaction import redacted
from rag.answering.grounding import Evidence
from rag.domain.values import Hit, Passage, Span
from rag.errors import PromptTooLong
from rag.index.generation import Generation
from rag.text.sentences import line_spans, sentence_spans
from rag.text.words import words

CountTokens = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class EvidenceBudget:
    """Limits of the evidence in a prompt.

    Attributes:
        tokens: of the language model, for passages with their headings.
        passages: most hits that are considered.
        continued: how many of the first hits bring along the passages beside them that belong to the same section.
        before: most passages in front of such a hit that it brings along.
    """

    tokens: int
    passages: int
    continued: int = 0
    before: int = 0


# Passages after a hit that are brought along. More of them, or those before it, take the place of better ones.
_AFTER: Final = 1
# The same, before a hit within a list, which begins there, or under a heading that the question has the words of.
_TO_BEGINNING: Final = 2
# Tokens for what separates two passages.
_SEPARATOR: Final = 3
_WORD: Final = re.compile(r"\S+")


def heading_line(passage: Passage) -> str:
    """The line above a passage in a prompt: the document's title, the heading, and what leads in to the passage."""
    above = [passage.document.title, *passage.chunk.headings[-1:], *filter(None, [passage.chunk.lead_in])]
    return f"# {' > '.join(above)}\n"


def select_evidence(
    generation: Generation, hits: Sequence[Hit], question: str, budget: EvidenceBudget, count_tokens: CountTokens
) -> list[Evidence]:
    """The passages that fit the budget, best first, each with its page.

    A hit that does not fit is skipped, and the next one is tried; the first one is cut to what fits, so that no passage
    is too long to be read. Passages beside a hit follow it; one that is no hit has a score of 0 and no logit.

    Raises:
        PromptTooLong: there is no room for even one word.
    """
    chosen: dict[int, Hit] = {}
    found = {hit.passage.row: hit for hit in hits}
    left = budget.tokens
    for position, hit in enumerate(hits[: budget.passages]):
        is_continued, is_best = position < budget.continued, position == 0
        before = max(budget.before, _TO_BEGINNING if is_best and _is_headed(hit.passage, question) else 0)
        beside = _beside(generation, hit, before, to_beginning=is_best) if is_continued else ()
        for candidate in (hit, *(found.get(other.passage.row, other) for other in beside)):
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
    if hits and not chosen:
        raise PromptTooLong(
            f"{budget.tokens} tokens are too few for any of the passages; raise RAG_EVIDENCE_TOKENS or "
            "RAG_CONTEXT_TOKENS, ask shorter, or lower max_tokens",
            "question",
        )
    return [with_page(generation, hit) for hit in chosen.values()]


def with_beginnings(generation: Generation, hits: Sequence[Hit]) -> list[Evidence]:
    """The hits with their pages, those within a list with the passages that it goes back to, whatever their tokens."""
    found = {hit.passage.row: hit for hit in hits}
    for hit in hits:
        in_front = _in_front(generation, hit, _TO_BEGINNING)
        for passage in in_front[: _to_beginning(hit.passage, in_front)]:
            found.setdefault(passage.row, Hit(passage, 0.0))
    return [with_page(generation, hit) for hit in found.values()]


def with_page(generation: Generation, hit: Hit) -> Evidence:
    """A hit with the page that it is on, both without instructions to a model."""
    passage = hit.passage
    return redacted(Evidence(hit, generation.page(passage.document.id, passage.chunk.span.page)))


def _cost(passage: Passage, count_tokens: CountTokens) -> int:
    return count_tokens(heading_line(passage) + passage.chunk.text) + _SEPARATOR


def _in_front(generation: Generation, hit: Hit, most: int) -> list[Passage]:
    """The passages in front of a hit, the nearest first."""
    around = generation.neighbours(hit.passage.row, before=most, after=0)
    return [passage for passage in around if passage.row < hit.passage.row][::-1]


def _beside(generation: Generation, hit: Hit, before: int, *, to_beginning: bool) -> Iterator[Hit]:
    """The passages beside a hit in its section: those in front of it, the nearest first, then those that follow.

    Of one within a list also those up to the beginning of the list, ``to_beginning``. Of a hit that is not the best
    one, its list is often one about something else, which a small model then follows.
    """
    beside = generation.neighbours(hit.passage.row, before=max(before, _TO_BEGINNING), after=_AFTER)
    in_front = [passage for passage in beside if passage.row < hit.passage.row]
    following = [passage for passage in beside if passage.row > hit.passage.row]
    most = max(before, _to_beginning(hit.passage, in_front[::-1]) if to_beginning else 0)
    for passages in (in_front[::-1][:most], following):
        # Text at the top of a page has no heading of its own.
        same = takewhile(lambda passage: passage.chunk.headings == hit.passage.chunk.headings, passages)
        yield from (Hit(passage, 0.0) for passage in same)


def _is_headed(passage: Passage, question: str) -> bool:
    """True for a passage under a heading whose words a question has: its section is what was asked for.

    "What are the symptoms?" of "Which symptoms should make me see a doctor?"
    """
    heading = {word for word in words(" ".join(passage.chunk.headings[-1:])) if len(word) > 1}
    return bool(heading) and heading <= set(words(question))


def _to_beginning(passage: Passage, in_front: Sequence[Passage]) -> int:
    """The number of passages in front of one, the nearest first, that its list or table goes back to."""
    if not passage.chunk.lead_in:
        return 0
    return 1 + sum(1 for _ in takewhile(lambda one: one.chunk.lead_in == passage.chunk.lead_in, in_front))


def _cut(hit: Hit, question: str, tokens: int, count_tokens: CountTokens) -> Hit:
    """The part of a passage around its line with most words of the question that fits into ``tokens``.

    It is cut between lines; where one line is too long, between its sentences, else between words.
    """
    passage = _with_short_headings(hit.passage, tokens, count_tokens)
    chunk = passage.chunk
    room = tokens - count_tokens(heading_line(passage)) - _SEPARATOR
    start, end = _fitting_part(chunk.text, frozenset(words(question)), room, count_tokens)
    span = Span(chunk.span.page, chunk.span.start + start, chunk.span.start + end)
    cut = replace(passage, chunk=replace(chunk, span=span, text=chunk.text[start:end]))
    return replace(hit, passage=cut)


def _with_short_headings(passage: Passage, tokens: int, count_tokens: CountTokens) -> Passage:
    """The passage; without its heading, and with the beginning of its title, where these take half of the tokens."""
    if count_tokens(heading_line(passage)) <= tokens / 2:
        return passage
    title = passage.document.title
    while title and count_tokens(f"# {title}\n") > tokens / 2:
        title = title[: len(title) // 2]
    chunk = replace(passage.chunk, headings=(), lead_in="")
    return replace(passage, document=replace(passage.document, title=title), chunk=chunk)


def _fitting_part(text: str, asked: frozenset[str], room: int, count_tokens: CountTokens) -> tuple[int, int]:
    """Start and end of the pieces of a text around the one with most words of a question, as many as fit."""
    start, end = 0, len(text)
    for split in (_lines, sentence_spans, _words):
        pieces = [(start + first, start + last) for first, last in split(text[start:end])]
        overlap = [len(asked & frozenset(words(text[first:last]))) for first, last in pieces]
        best = overlap.index(max(overlap, default=0)) if pieces else 0
        start, end = pieces[best] if pieces else (start, end)
        if pieces and count_tokens(text[start:end]) <= room:
            return _grown(text, pieces, best, room, count_tokens)
    # One word that is too long.
    while end - start > 1 and count_tokens(text[start:end]) > room:
        end = start + (end - start) // 2
    return start, end


def _lines(text: str) -> Iterator[tuple[int, int]]:
    return line_spans(text, 0, len(text))


def _words(text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in _WORD.finditer(text))


def _grown(
    text: str, pieces: Sequence[tuple[int, int]], best: int, room: int, count_tokens: CountTokens
) -> tuple[int, int]:
    """Start and end of a piece with those beside it, as many as fit."""
    first = last = best
    costs = [count_tokens(text[start:end]) + 1 for start, end in pieces]
    room_left = room - costs[best]
    for place in _outwards(best, len(pieces)):
        if place in (first - 1, last + 1) and costs[place] <= room_left:
            first, last = min(first, place), max(last, place)
            room_left -= costs[place]
    # Tokens of a text are not quite the sum of those of its pieces.
    while first < last and count_tokens(text[pieces[first][0] : pieces[last][1]]) > room:
        first, last = (first + 1, last) if best - first >= last - best else (first, last - 1)
    return pieces[first][0], pieces[last][1]


def _outwards(centre: int, count: int) -> Iterator[int]:
    for distance in range(1, count):
        for position in (centre - distance, centre + distance):
            if 0 <= position < count:
                yield position


def passages_as_text(evidence: Iterable[Evidence]) -> list[str]:
    """The passages as they stand in a prompt, those that follow each other under one heading as one text.

    Documents come in the order of their best passage, and passages in reading order.
    """
    groups: dict[str, list[Passage]] = {}
    for item in evidence:
        groups.setdefault(item.hit.passage.document.id, []).append(item.hit.passage)
    texts: list[str] = []
    for passages in groups.values():
        before: Passage | None = None
        for passage in sorted(passages, key=lambda one: one.row):
            text = passage.chunk.text
            if before and passage.row == before.row + 1 and passage.chunk.headings == before.chunk.headings:
                texts[-1] += f"\n{text}"
            else:
                texts.append(heading_line(passage) + text)
            before = passage
    return texts
