"""Span completion: extends a short answer to the span of its quote: "about $2 million" for "2 million".

A small model stops at the first words that answer, and drops those around them: the unit, the "at least", the second of
two things. They are restored from the quote that supports the answer, and from nowhere else. Pure.
"""

from __future__ import annotations

import re
from typing import Final

from rag.text.words import NUMBER_WORDS

# Longer drafts are sentences, which are complete.
_LONGEST: Final = 10
_BEFORE: Final = re.compile(
    r"(?:\b(?:about|approximately|around|nearly|almost|over|under|up to|at least|at most|within|between"
    r"|(?:no )?(?:more|less|fewer) than)\s+)?(?:[$€£]\s*|[-−])?$",
    re.IGNORECASE,
)
_AFTER: Final = re.compile(
    r"\s*%"
    r"|\s*\([^()\n]{1,40}\)"
    r"|\s+(?:million|billion|trillion|thousand|hundred|percent|apiece|each)\b"
    r"|\s+per\s+\w+\b"
    r"|\s+(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)\b"
    # The second of two things, where the text then pauses.
    r"|\s+(?:and|or)\s+(?:[^\s.,;:()]++ ?){1,4}(?=[.,;:()]|$)",
    re.IGNORECASE,
)


def complete_span(draft: str, quote: str) -> str:
    """The draft in the words of the quote, with unit and qualifiers; the draft itself where the quote does not have it.

    It ends with a full stop where the draft does.
    """
    tokens = draft.strip().rstrip(".").split()
    if not tokens or len(tokens) > _LONGEST or draft.strip().casefold().rstrip(".") in ("yes", "no"):
        return draft
    text = " ".join(quote.split())
    found = re.search(rf"(?<!\w){' '.join(map(_pattern, tokens))}(?!\w)", text, re.IGNORECASE)
    if not found:
        return draft
    before = _BEFORE.search(text[: found.start()])
    after = _AFTER.match(text[found.end() :])
    stop = "." if draft.strip().endswith(".") else ""
    return f"{before[0] if before else ''}{found[0]}{after[0] if after else ''}".strip() + stop


def _pattern(token: str) -> str:
    """Pattern of a word in the source, where a small number may be spelt out."""
    words = [word for word, digits in NUMBER_WORDS.items() if digits == token]
    return f"(?:{'|'.join(map(re.escape, [token, *words]))})"
