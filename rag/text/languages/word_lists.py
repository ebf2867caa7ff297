"""Word lists of the languages (pyspellchecker's, from film subtitles): whether a word exists, if no document has it.

https://github.com/barrust/pyspellchecker
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from rag.text.languages.table import language_table

# The English list is American.
_BRITISH: Final = ((re.compile(r"is(?=(?:e[drs]?|es|ing|ations?|able)$)"), "iz"), (re.compile(r"our"), "or"))
# In characters; the few longer words of the lists are run together by mistake.
_LONGEST: Final = 30


def load_english() -> None:
    """Reads the English list, so that the first question that needs it does not wait."""
    _list_of("en")


def is_listed(word: str, names: Iterable[str | None]) -> bool:
    """True for a word in the list of one of these languages, or of English; British spellings are words, too.

    A list is read on first use, in 0.3 to 0.7 s, and takes 5 to 20 MB; see :func:`load_english`.

    Args:
        word: in lower or upper case.
        names: of languages, in English; those without a list, and None, are passed over.
    """
    word = word.casefold()
    if len(word) > _LONGEST:
        return False
    american = word
    for british, other in _BRITISH:
        american = british.sub(other, american)
    codes = {"en", *(language.code for language in map(language_table, names) if language)}
    return _has("en", american) or any(_has(code, word) for code in sorted(codes))


def lacks(word: str, name: str) -> bool:
    """True for a word that the list of a language has not; never for a language without a list."""
    table = language_table(name)
    return table is not None and len(_list_of(table.code)) > 0 and not _has(table.code, word.casefold())


def _has(code: str, word: str) -> bool:
    listed, wanted = _list_of(code), word.encode()
    place = int(np.searchsorted(listed, wanted))
    return place < len(listed) and bool(listed[place] == wanted)


@cache
def _list_of(code: str) -> npt.NDArray[np.bytes_]:
    """The words of a language in UTF-8, sorted: as a set, they would take five times the memory. *Shape:* ``(n,)``."""
    from spellchecker import SpellChecker

    listed = SpellChecker(language=code).word_frequency.words() if code in SpellChecker.languages() else ()
    encoded = (word.encode() for word in listed if len(word) <= _LONGEST)
    return np.array(sorted(encoded), dtype=np.bytes_)
