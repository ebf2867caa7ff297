"""Prompt injection detection by rules: sentences of a document that give instructions to the language model.

Documents are data: such sentences are neither read by the model nor quoted. The wordings are those of
:mod:`rag.text.injection_wordings`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from rag.text.disguise import plain_spelling, spaced_out, with_letters_for_digits
from rag.text.injection_wordings import CONTINUATION, SPACED_OUT, WORDINGS
from rag.text.sentences import line_spans, sentence_spans

# So many sentences of so few words may be one that was chopped up: "Ignore. All. Previous. Instructions."
_FEWEST_SHORT: Final = 3
_SHORT: Final = 2
# Between the cells of a row.
_BAR: Final = "|"


def is_prompt_injection(sentence: str) -> bool:
    """True if a sentence looks like an instruction to a language model, rather than information for its readers."""
    plain = plain_spelling(sentence)
    spelt = with_letters_for_digits(plain)
    is_found = _is_worded(plain) or (spelt != plain and _is_worded(spelt))
    return is_found or any(SPACED_OUT.search(run) for run in spaced_out(plain))


def _is_worded(text: str) -> bool:
    return any(pattern.search(text) for patterns in WORDINGS.values() for pattern in patterns)


@lru_cache(maxsize=256)
def injected_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Start and end of the sentences that are instructions to a model, with those beside them that carry them out."""
    spans = list(_statements(text))
    injected = [is_prompt_injection(text[start:end]) for start, end in spans]
    for first, last in _chopped(text, spans):
        if is_prompt_injection(" ".join(text[start:end].rstrip(".!") for start, end in spans[first : last + 1])):
            injected[first : last + 1] = [True] * (last + 1 - first)
    if not any(injected):
        return ()
    continued = [CONTINUATION.match(plain_spelling(text[start:end])) is not None for start, end in spans]
    for place in range(1, len(spans)):
        injected[place] |= injected[place - 1] and continued[place]
    for place in range(len(spans) - 1, 0, -1):
        injected[place - 1] |= injected[place] and continued[place - 1]
    return tuple(span for span, found in zip(spans, injected, strict=True) if found)


def without_instructions(text: str) -> str:
    """The text without the sentences that are instructions to a language model; without any, it is unchanged."""
    spans = injected_spans(text)
    if not spans:
        return text
    starts = [0, *(end for _, end in spans)]
    ends = [*(start for start, _ in spans), len(text)]
    kept = (text[start:end].strip() for start, end in zip(starts, ends, strict=True))
    return " ".join(filter(None, kept))


def _statements(text: str) -> Iterator[tuple[int, int]]:
    """The sentences, and the rows of tables, which have no full stops between them."""
    for start, end in sentence_spans(text):
        if _BAR in text[start:end]:
            yield from line_spans(text, start, end)
        else:
            yield start, end


def _chopped(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The first and last place of each run of very short sentences, with the sentence that follows it."""
    first: int | None = None
    for place, (start, end) in enumerate(spans):
        # In a row of a table, what is before it is another cell.
        said = text[start:end].rstrip(_BAR).rpartition(_BAR)[2]
        is_short, is_row = len(said.split()) <= _SHORT, text[start:end].startswith(_BAR)
        if first is not None and (is_row or not is_short):
            if place - first >= _FEWEST_SHORT:
                yield first, place - 1 if is_row else place
            first = None
        if is_short and first is None:
            first = place
    if first is not None and len(spans) - first >= _FEWEST_SHORT:
        yield first, len(spans) - 1
