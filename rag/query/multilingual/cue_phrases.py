"""Question classification by the cue phrases of a language's table: the form of the answer that is asked for.

A question is read clause by clause: the first clause that begins with a cue phrase decides, and of the phrases that it
begins with, the longest. Then come phrases anywhere in it, then those at its end. Phrases are compared word by word; in
languages without spaces between words, letter by letter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, cast

from rag.domain.values import Form
from rag.text.languages.table import Language
from rag.text.scripts import has_no_spaces

# Characters and clauses of a question that are read; a longer one has its question at its beginning or its end.
_LONGEST: Final = 400
_MOST_CLAUSES: Final = 6
_MOST_POLITE: Final = 3
_CLAUSE_END: Final = re.compile(r"[,;:.!?¿¡，。；：！？、؟؛।()]+\s*")
# What stands between words.
_BETWEEN: Final = re.compile(r"[\s\"“”„«»‹›*_|/–—…]+")
_ANY: Final = " ... "


def form_by_cues(text: str, language: Language) -> Form:
    """The form of the answer that a question asks for; ``fact`` where no cue phrase tells."""
    spaced = not has_no_spaces(text)
    clauses = [_asking(clause, language, spaced=spaced) for clause in _clauses(text)]
    clauses = [clause for clause in clauses if clause.strip()]
    begun = next((form for clause in clauses if (form := _first(language.starts, clause, spaced=spaced))), None)
    if begun:
        return cast("Form", begun)
    inside = next((form for clause in clauses if (form := _inside(language.inside, clause))), None)
    ended = next((form for clause in clauses if (form := _at_end(language.ends, clause))), None)
    return cast("Form", inside or ended or "fact")


def cue_at_start(text: str, language: Language) -> str:
    """The cue phrase of a language with which the first clause of a text begins; empty where there is none."""
    spaced = not has_no_spaces(text)
    clause = _asking(next(iter(_clauses(text)), ""), language, spaced=spaced)
    return next((phrase for phrase in language.starts if _begins(clause, phrase, spaced=spaced)), "")


# Each language looks at the same text.
@lru_cache(maxsize=8)
def _clauses(text: str) -> tuple[str, ...]:
    """The clauses of a text in lower case, with single spaces, and one before and after each word."""
    if len(text) > 2 * _LONGEST:
        text = f"{text[:_LONGEST]}. {text[-_LONGEST:]}"
    clauses = [clause for clause in _CLAUSE_END.split(text.casefold().replace("’", "'")) if clause.strip()]
    if len(clauses) > 2 * _MOST_CLAUSES:
        clauses = clauses[:_MOST_CLAUSES] + clauses[-_MOST_CLAUSES:]
    return tuple(f" {_BETWEEN.sub(' ', clause).strip()} " for clause in clauses)


def _asking(clause: str, language: Language, *, spaced: bool) -> str:
    """A clause without what it begins with and asks nothing."""
    for _ in range(_MOST_POLITE):
        polite = next((phrase for phrase in language.polite if _begins(clause, phrase, spaced=spaced)), None)
        if polite is None:
            break
        clause = f" {clause.strip()[len(polite) :].strip()} "
    return clause


def _begins(clause: str, phrase: str, *, spaced: bool) -> bool:
    """True if a clause begins with a phrase, whose "..." stands for some words."""
    first, *others = phrase.split(_ANY)
    begin = clause if spaced else clause.lstrip()
    first = f" {first}" if spaced else first
    # An apostrophe or a hyphen at its end joins the next word: "est-ce qu'il".
    if not begin.startswith(first if not spaced or first[-1] in "'-" else f"{first} "):
        return False
    at = len(first)
    for other in others:
        at = begin.find(f" {other} " if spaced else other, at)
        if at < 0:
            return False
    return True


def _first(cues: Mapping[str, str], clause: str, *, spaced: bool) -> str | None:
    return next((form for phrase, form in cues.items() if _begins(clause, phrase, spaced=spaced)), None)


def _inside(cues: Mapping[str, str], clause: str) -> str | None:
    spaced = not has_no_spaces(clause)
    return next((form for phrase, form in cues.items() if (f" {phrase} " if spaced else phrase) in clause), None)


def _at_end(cues: Mapping[str, str], clause: str) -> str | None:
    return next((form for phrase, form in cues.items() if clause.rstrip().endswith(phrase)), None)
