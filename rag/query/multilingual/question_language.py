"""Language of a question, which is often too short for the function words of a text to tell it."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from rag.query.english.cues import ASKING, AT, AUXILIARY
from rag.query.multilingual.cue_phrases import cue_at_start
from rag.text.language import language_of
from rag.text.languages.table import languages

_ENGLISH: Final = "English"
_ENGLISH_QUESTION: Final = re.compile(rf"{AT}(?:{ASKING}|{AUXILIARY})\b", re.IGNORECASE)
# Characters of a question by which its language is told.
_LONGEST: Final = 1_000


def language_of_question(text: str, written: Collection[str] = ()) -> str | None:
    """The English name of a question's language; None where nothing tells it: a keyword, or a name.

    Args:
        text: as it was typed.
        written: languages of the documents, which decide between languages that are equally likely.
    """
    return _language(text[:_LONGEST], tuple(written))


# One question is looked at several times.
@lru_cache(maxsize=8)
def _language(text: str, written: tuple[str, ...]) -> str | None:
    if (found := language_of(text)) or _ENGLISH_QUESTION.match(text.strip()):
        return found
    others = (language for name, language in languages().items() if name != _ENGLISH)
    cues = {language.name: len(cue_at_start(text, language)) for language in others}
    longest = max(cues.values())
    begun = [name for name, length in cues.items() if length == longest > 0]
    likely = [name for name in begun if name in written] or begun
    return likely[0] if len(likely) == 1 else None
