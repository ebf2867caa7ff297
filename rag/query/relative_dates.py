"""Relative dates by rules for English: questions whose answer depends on today's date."""

from __future__ import annotations

import re
from typing import Final

from rag.query.english.clauses import asks_of, plain

_UNIT: Final = r"(?:day|week|weekend|month|quarter|year|semester|term|season|summer|winter|spring|autumn|fall)s?"
_KIND: Final = r"(?:(?:calendar|fiscal|financial|academic|school) )?"
_PATTERNS: Final = (
    r"\b(?:upcoming|forthcoming|today|tonight|tomorrow|yesterday|nowadays|overdue|outdated|expired?|lapsed)\b",
    rf"\b(?:this|present|coming|past) {_KIND}{_UNIT}\b|\blast {_KIND}{_UNIT}\b(?! of\b)",
    # "The next meeting" is in time, "the next step" and "next to" are not.
    r"\bnext\b(?! (?:to|steps?|page|section|chapter|paragraph|line|of kin|level|item|row|column|generation|door)\b)",
    # That of the interest rate, not of a motor.
    r"(?<!electric )(?<!alternating )(?<!direct )(?<!rated )\bcurrent\b(?! (?:of|draw|through|rating|flow)\b)",
    r"\b(?:still|already|currently|presently|right now|at the moment|at present|as of now|so far|any ?more)\b",
    r"\bthese days\b|\bup[- ]to[- ]date\b|\bno longer\b|\bany longer\b|\buntil now\b|\bby now\b|\bsoonest\b",
    r"\b(?:days?|weeks?|months?|years?) (?:ago|left|from now|(?:are|is|do (?:i|we) have) left)\b",
    r"(?<!tell me )(?<!show me )(?<!give me )(?<!do i do )(?<!do we do )(?<!for )\bnow\b(?! (?:that|and then)\b)",
)
_RELATIVE: Final = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS), re.IGNORECASE)


def needs_today(text: str) -> bool:
    """True if a question is about what is next, current, still valid or overdue.

    What is told beside the question does not count: "I moved last year. How do I change my address?".
    """
    questions = asks_of(plain(text)).questions
    asked = [ask.asked for ask in questions] or [text]
    return any(_RELATIVE.search(each) for each in asked)
