"""Quantities of a text: numbers with their units, dates, years, and numbers that are names ("Bittern 9", "page 4")."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rag.answering.claims.language.analysis import AnalyzedText
from rag.answering.claims.language.lexicon import (
    BOUNDS,
    BOUNDS_AFTER,
    COMPARATIVES,
    CURRENCY_SIGNS,
    DESIGNATED,
    LIMITS,
    UNITS,
)
from rag.answering.claims.language.tokens import NOT, TextToken

YEAR: Final = "year of the calendar"
DATE: Final = "date"
TIME: Final = "time of day"
COUNT: Final = ""
_YEARS: Final = range(1500, 2101)
_LONGEST_BOUND: Final = 3
_FARTHEST: Final = 30
# "400 sounding hours": words between a number and its unit.
_WORDS_BEFORE_UNIT: Final = 2
_TURNED: Final = COMPARATIVES | LIMITS
_SKIPPED: Final = frozenset("the a an first last next".split())
_UPPER_UNITS: Final = frozenset("VWA")
_LOWER_UNITS: Final = frozenset("msglh")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity.

    Attributes:
        start, stop: range of its tokens, unit included.
        value: as :attr:`TextToken.key` has it; the parts of a date are joined by spaces.
        unit: dimension, "second" for all units of time up to weeks; :data:`COUNT` where it has none;
            ``name: bittern`` where the number is a name.
        amount: in the base unit of the dimension; None for what is no decimal number.
        bound: -1 at most, 1 at least, -2 less than, 2 more than, 0 about; None for none.
        turned: true where a negation made the bound: "nobody under 16".
        spelled: true where it is written in letters.
    """

    start: int
    stop: int
    text: str
    value: str
    unit: str
    amount: float | None
    bound: int | None
    turned: bool
    spelled: bool

    @property
    def named(self) -> bool:
        """True where the number is a name."""
        return self.unit.startswith("name:")

    def equals(self, other: Quantity) -> bool:
        """True if both are the same in value and unit; a date also equals one that says more."""
        if self.unit in (DATE, YEAR) and other.unit in (DATE, YEAR):
            return set(self.value.split()) <= set(other.value.split())
        if self.unit != other.unit:
            return False
        if self.amount is not None and other.amount is not None:
            return abs(self.amount - other.amount) <= 1e-9 * max(abs(self.amount), abs(other.amount))
        return self.value == other.value

    def may_equal(self, other: Quantity) -> bool:
        """True if the value is the same, and only one of the two shows a unit, as in the cell of a table."""
        open_units = (COUNT, YEAR)
        return self.value == other.value and (self.unit in open_units or other.unit in open_units)

    def rivals(self, other: Quantity) -> bool:
        """True if the other could stand in its place: the same unit, another value."""
        if self.unit in (DATE, YEAR):
            return other.unit == self.unit and not self.equals(other)
        return self.unit == other.unit and not self.equals(other)


@lru_cache(maxsize=256)
def quantities(text: AnalyzedText) -> tuple[Quantity, ...]:
    """The quantities of a text, in order; linear in the text."""
    return tuple(_quantities(text))


def _quantities(text: AnalyzedText) -> Iterator[Quantity]:
    index, last = 0, None
    while index < len(text.tokens):
        token = text.tokens[index]
        found: Quantity | None = None
        if token.kind == "date":
            found = _date(text, index)
        elif token.kind == "number" and token.lower != "one":
            found = _number(text, index, last)
        if found:
            last = found
            yield found
        index = found.stop if found else index + 1


def _date(text: AnalyzedText, index: int) -> Quantity:
    stop = index + 1
    while stop < len(text.tokens) and text.tokens[stop].start == text.tokens[index].start:
        stop += 1
    value = " ".join(token.key for token in text.tokens[index:stop])
    bound, turned = _bound(text, index, stop)
    return Quantity(index, stop, text.tokens[index].text, value, DATE, None, bound, turned, spelled=False)


def _number(text: AnalyzedText, index: int, last: Quantity | None) -> Quantity:
    token = text.tokens[index]
    unit, factor, stop = _unit(text, index)
    amount = _amount(token.key)
    if not unit:
        unit = _special_unit(text, index, last)
    scaled = None if amount is None else amount * factor
    first = index - 1 if index and _is_currency(text, index - 1) else index
    bound, turned = _bound(text, first, stop)
    spelled = token.text[:1].isalpha()
    return Quantity(index, stop, text.quoted(first, stop), token.key, unit, scaled, bound, turned, spelled)


def _amount(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _unit(text: AnalyzedText, index: int) -> tuple[str, float, int]:
    """Dimension, factor and end of a number with its unit; an empty dimension for none."""
    if index and _is_currency(text, index - 1):
        dimension, factor = UNITS[_sign(text.tokens[index - 1])]
        return dimension, factor, index + 1
    for place in range(index + 1, min(index + 2 + _WORDS_BEFORE_UNIT, len(text.tokens))):
        token = text.tokens[place]
        if text.unit_of[place] != text.unit_of[index] or text.segment_of[place] != text.segment_of[index]:
            break
        if token.lower == "per" and place + 1 < len(text.tokens) and text.tokens[place + 1].lower == "cent":
            return "percent", 1.0, place + 2
        if _is_unit(token, text.gap(place), adjacent=place == index + 1):
            dimension, factor = UNITS[token.lower]
            return dimension, factor, place + 1
        if not token.content or token.kind != "word":
            break
    return COUNT, 1.0, index + 1


def _is_unit(token: TextToken, gap: str, *, adjacent: bool) -> bool:
    if token.lower not in UNITS:
        return False
    if len(token.text) > 1:
        return True
    letters = token.text in _UPPER_UNITS or token.text in _LOWER_UNITS or token.kind == "sign"
    return letters and adjacent and len(gap) <= 1


def _is_currency(text: AnalyzedText, index: int) -> bool:
    return _sign(text.tokens[index]) in CURRENCY_SIGNS and len(text.gap(index + 1)) <= 1


def _sign(token: TextToken) -> str:
    return token.lower.removeprefix("us") if token.kind == "sign" else token.lower


def _special_unit(text: AnalyzedText, index: int, last: Quantity | None) -> str:
    """The unit of a number without one: a name, a year, a time; a count otherwise."""
    token = text.tokens[index]
    if ":" in token.key:
        return TIME
    if index and text.unit_of[index - 1] == text.unit_of[index] and text.gap(index).strip() in ("", "."):
        before = text.tokens[index - 1]
        is_first = index - 1 == text.units[text.unit_of[index]].start
        stop = text.units[text.unit_of[index]].stop
        counts = index + 1 == stop or (text.tokens[index + 1].content and text.gap(index + 1) == " ")
        if before.kind == "word" and (
            before.lower in DESIGNATED or (before.content and before.capital and not (is_first and counts))
        ):
            return f"name:{before.key}"
    if last and last.named and index - last.stop <= 1 and text.unit_of[last.start] == text.unit_of[index]:
        return last.unit
    is_year = token.key.isdigit() and len(token.key) == 4 and int(token.key) in _YEARS
    return YEAR if is_year and token.text.isdigit() else COUNT


def _bound(text: AnalyzedText, start: int, stop: int) -> tuple[int | None, bool]:
    """The bound that the words before or after a quantity put on it, and true where a negation has turned it."""
    unit = text.units[text.unit_of[start]]
    before = start
    while before > unit.start and text.tokens[before - 1].lower in _SKIPPED:
        before -= 1
    for length in range(_LONGEST_BOUND, 0, -1):
        begin = before - length
        if begin < unit.start:
            continue
        words = tuple(token.lower for token in text.tokens[begin:before])
        found = BOUNDS.get(words)
        is_range = words == ("from",) and stop < unit.stop and text.tokens[stop].lower == "to"
        if found is not None and not is_range:
            # "Not needed for stays of less than two weeks": the bound is of the stays.
            own = begin > unit.start and text.tokens[begin - 1].lower == "of"
            turned = words[0] in _TURNED and abs(found) > 1 and not own and _is_denied(text, unit.start, begin)
            return (-found // 2 if turned else found), turned
    if stop + 1 < unit.stop and text.tokens[stop].lower == "or":
        return BOUNDS_AFTER.get(text.tokens[stop + 1].lower), False
    return None, False


def _is_denied(text: AnalyzedText, start: int, bound: int) -> bool:
    """True if a negation comes before a bound: "nobody may have more than 60" is at most 60."""
    return any(text.tokens[place].key == NOT for place in range(max(start, bound - _FARTHEST), bound))
