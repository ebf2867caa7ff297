"""Definitions of terms: “We” means the company. They answer a question only where it is about the term."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from rag.text.words import words

# “Effective Date” means ..., "Week" shall mean ..., the term 'Goods' means ...
_DEFINITION: Final = re.compile(
    r"(?:\(?\w{1,3}[.)] )?(?:the (?:term|word) )?"
    r"[“\"'‘]([^“”\"‘’]{1,60})[”\"'’] (?:(?:shall|will) )?(?:mean|refer)s?\b",
    re.IGNORECASE,
)


def defines_another(text: str, asked: Collection[str]) -> bool:
    """True for the definition of a term that has no word of the question.

    Args:
        text: of a unit.
        asked: the words of the question, as :func:`rag.text.words.words` gives them.
    """
    found = _DEFINITION.match(text)
    return found is not None and set(words(found[1])).isdisjoint(asked)
