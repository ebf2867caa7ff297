"""Boilerplate of documents: copyright, disclaimers and notes on how a document was made. It answers few questions."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from rag.text.words import words

_BOILERPLATE: Final = re.compile(
    r"©|\bcopyright\b|\ball rights reserved\b|\bdisclaimer\b|\bdisclaims?\b|\bregistered trademarks?\b"
    r"|\b(?:general )?informational purposes\b|\b(?:legal|medical|financial|tax) advice\b"
    r"|\b(?:demonstration|illustrative|illustration) purposes\b|\breflects? the (?:views?|opinions?|beliefs?)\b"
    r"|\bmakes? no (?:\w+ )?(?:representations?|warrant(?:y|ies))\b|\bwarrant(?:y|ies) of any kind\b"
    r"|\bgenerated (?:using|by|with) (?:an? )?(?:language model|ai|artificial)\b|\b(?:change|changes) without notice\b",
    re.IGNORECASE,
)


def is_boilerplate(text: str, asked: Collection[str]) -> bool:
    """True for boilerplate that the question does not ask about.

    Args:
        text: of a unit.
        asked: the words of the question, as :func:`rag.text.words.words` gives them.
    """
    found = _BOILERPLATE.search(text)
    return found is not None and set(words(found[0])).isdisjoint(asked)
