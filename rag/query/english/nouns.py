"""Nouns by rules for English: the head of a noun phrase, and its number."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

DETERMINERS: Final = frozenset(
    "the a an this that these those my our your his her its their each every all any some both no another".split()
)
PREPOSITIONS: Final = frozenset(
    "about above according after against along among around as at because before below between beyond by despite "
    "during except for from if in inside into like near of off on onto out outside over per regarding since than "
    "through throughout till to toward towards under unless until up upon via with within without concerning".split()
)
# Words at which a noun phrase ends, beside prepositions.
_ENDS: Final = frozenset(
    "is are was were be been do does did has have had can could will would shall should may might must need needs "
    "that which who whom whose where when while and or but not also i we you he she it they apply applies".split()
)
_IRREGULAR: Final = frozenset("people children men women criteria phenomena feet teeth staff personnel".split())
_SINGULAR_ENDINGS: Final = ("ss", "us", "is", "'s")
# "What hours is it open?" asks for one piece of information.
_SINGULAR_IN_SENSE: Final = frozenset(
    "hours pages points dimensions means series species news basis terms times this its does was has plus".split()
)
_WORD: Final = re.compile(r"[^\s,;:?!()]+")
_SHORTEST: Final = 4
_MOST_WORDS: Final = 8
_ENDS_NOUN_PHRASE: Final = PREPOSITIONS | _ENDS


def head_of(phrase: str) -> str:
    """The head of the noun phrase with which a text in lower case begins: "services" of "the services of a bank".

    Empty where it begins with none. A plural within the phrase counts only where nothing follows that a verb could
    take as its object, so that "plan" is the head of "plan covers dental care".
    """
    found = [
        (match.group(), phrase[match.end() : match.end() + 1]) for match in islice(_WORD.finditer(phrase), _MOST_WORDS)
    ]
    head = ""
    for number, (word, after) in enumerate(found):
        # "The incident caused": a participle after a noun is a verb more often than an attribute.
        if word in _ENDS_NOUN_PHRASE or (head and (word in DETERMINERS or word.endswith("ed"))):
            break
        if word in DETERMINERS:
            continue
        following = found[number + 1][0] if number + 1 < len(found) and after.isspace() else ""
        if head and is_plural(word) and following and following not in _ENDS_NOUN_PHRASE:
            break
        head = word
        if is_plural(word) or not after.isspace():
            break
    return head


def is_plural(noun: str) -> bool:
    """True if a word in lower case looks like a plural."""
    if noun in _IRREGULAR:
        return True
    return (
        len(noun) >= _SHORTEST
        and noun.endswith("s")
        and not noun.endswith(_SINGULAR_ENDINGS)
        and noun not in _SINGULAR_IN_SENSE
    )
