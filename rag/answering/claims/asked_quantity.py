"""Asked quantity: the kind of measure that a question asks for, and values of another kind, litres for "how heavy"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from rag.answering.claims.language.analysis import analyze
from rag.answering.claims.language.lexicon import UNITS
from rag.answering.claims.language.quantities import DATE, TIME, YEAR, quantities

# Kinds of measure, each with the dimensions of units that tell it.
_KINDS: Final[Mapping[str, frozenset[str]]] = {
    kind: frozenset(dimensions.split())
    for kind, dimensions in {
        "time": "second month",
        "length": "metre inch mile",
        "mass": "gram pound_(mass)",
        "volume": "litre",
        "money": "dollar euro pound renminbi franc",
        "temperature": "degree",
        "power": "watt",
        "voltage": "volt",
        "current": "ampere",
        "data": "byte",
        "frequency": "hertz",
        "loudness": "decibel",
        "pressure": "bar",
        "torque": "newton_metre",
        "speed": "knot",
    }.items()
}
_KIND_OF: Final = {dimension: kind for kind, dimensions in _KINDS.items() for dimension in dimensions}
# Kinds that each question may be answered with; a price may be "three months' rent", and a share of anything.
_ASKED: Final[tuple[tuple[re.Pattern[str], frozenset[str]], ...]] = tuple(
    (re.compile(rf"\b(?:{words})\b", re.IGNORECASE), frozenset(kinds.split()))
    for words, kinds in (
        (r"how heavy|(?:how much|what) (?:does|do|did|must|may|should) (?:\S+ ){1,12}weigh", "mass"),
        (r"how (?:far|tall|wide|deep|thick)", "length time"),
        (r"how (?:hot|cold|warm)|(?:at|to) (?:what|which) temperatures?", "temperature"),
        (r"how (?:old|soon|late)", "time"),
        (r"(?:how much|what) (?:does|do|did|will|would) (?:\S+ ){1,12}cost", "money time"),
    )
)
_NUMBER_OF: Final = re.compile(r"\bhow many ([\w-]+(?: [\w-]+){0,2})", re.IGNORECASE)
_IN_UNITS: Final = re.compile(r"\bin ([a-z]+)\s*\?*$", re.IGNORECASE)
# What is counted is no such measure, unless its unit is named.
_NEVER_COUNTED: Final = frozenset(_KINDS) - {"time", "length"}
# Measures whose units have no dimension here.
_OTHER_MEASURES: Final = frozenset(
    "ton tons tonne tonnes ounce ounces stone gallon gallons pint pints quart quarts cup cups yard yards acre acres "
    "hectare hectares calorie calories joule joules horsepower".split()
)


def is_of_another_quantity(question: str, value: str) -> bool:
    """True for a value that measures something else than the question asks for: "2.8 litres" for "how heavy".

    False where the question asks for no measure, or the value has a number without a unit. Linear in both.

    Args:
        question: on its own, in English; others ask for no measure that is known here.
        value: a short value, or the sentence that has it.
    """
    refused = _refused_kinds(question)
    if not refused:
        return False
    found = [one for one in quantities(analyze(value)) if not one.named]
    # A number without a unit, and a share, are of no kind, which is never refused.
    kinds = {_KIND_OF.get(one.unit, "") for one in found if one.unit not in (DATE, TIME, YEAR)}
    return bool(kinds) and kinds <= refused


def _refused_kinds(question: str) -> frozenset[str]:
    """The kinds of measure that cannot answer a question; empty where it asks for none."""
    every = frozenset(_KINDS)
    if (unit := _IN_UNITS.search(question)) and (kind := _kind_of_word(unit[1])):
        return every - {kind}
    for pattern, kinds in _ASKED:
        if pattern.search(question):
            return every - kinds
    if counted := _NUMBER_OF.search(question):
        names = counted[1].lower().split()
        if not _OTHER_MEASURES.isdisjoint(names):
            return frozenset()
        named = {kind for name in names if (kind := _kind_of_word(name))}
        return every - named if named else _NEVER_COUNTED
    return frozenset()


def _kind_of_word(word: str) -> str:
    """The kind of measure of a unit's name; "" for other words, and for letters: "a day" is no ampere."""
    dimension, _ = UNITS.get(word.lower(), ("", 0.0)) if len(word) > 1 else ("", 0.0)
    return _KIND_OF.get(dimension, "")
