"""Identifier extraction and lookup: model numbers, codes, versions and periods that a question names.

A question about a TR-50 is not answered from the manual of a TR-40: what occurs nowhere in the searched documents is
reported, with similar ones that do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from rag.domain.values import Document
from rag.index.generation import Generation
from rag.query.english.clauses import plain
from rag.query.lookup.identifier_search import IdentifierSearch, runs_of
from rag.query.types import UnknownIdentifier
from rag.runtime.cancellation import Cancellation
from rag.text.dates import MONTH_NAMES, with_quarters

_Kind: TypeAlias = Literal["code", "name", "version", "quarter", "year"]

_LONGEST_RUNS: Final = 6
_MOST_IDENTIFIERS: Final = 8

_QUARTER: Final = re.compile(
    r"(?<![\w-])(?:Q([1-4])(?: quarter)?(?: of)?[ -]?(?:FY ?)?((?:19|20)\d\d)|((?:19|20)\d\d)[ -]?Q([1-4]))(?![\w])",
    re.IGNORECASE,
)
_VERSION: Final = re.compile(
    r"\b(?:version|release|firmware|v\.?) ?v?(\d{1,4}(?:\.\d{1,5}){0,4}+)(?!\w|\.\w)", re.IGNORECASE
)
# Letters, then digits; or digits, then capitals.
_CODE: Final = re.compile(
    r"(?<![\w./@-])(?:[A-Za-z]{1,8}[-/]?\d[\d./-]{0,30}+[A-Za-z]{0,2}|\d{1,4}-?[A-Z]{1,3}\d{0,4})(?![\w@-])"
)
_ACRONYM: Final = re.compile(
    r"(?<![\w-])([A-Z]{2,6}(?:/[A-Z]{2,5})?) (\d{2,6}(?:[-:.]\d{1,5}){0,3}+)(?![\w.,%]\w|[%\w])"
)
_NAME: Final = re.compile(r"(?<![\w-])([A-Z][a-zà-öø-ÿ]{2,30}) (\d{1,4}[a-zA-Z]?)(?![\w%]|[.,:]\d|(?:st|nd|rd|th)\b)")
_YEAR: Final = re.compile(r"(?<![\w./,-])(?:FY ?)?((?:19|20)\d\d)(?![\w%]|[.,:]\d|-\d)")
_UNITS: Final = frozenset(
    "v w a gb mb kb tb kg g mg am pm hz khz mhz ghz k km cm mm ml l c f b bn m eur usd gbp rmb db kw kwh mw px dpi bar "
    "psi nd rd th st d h x".split()
)
_CURRENCIES: Final = frozenset("fy rmb eur usd gbp chf rs cad aud jpy cny us".split())
# A number after one of these counts a part of a document, a day or an amount; it is no name.
_NO_NAMES: Final = (
    frozenset(
        "page pages chapter section part article clause paragraph figure table appendix annex note item step question "
        "point rule level phase tier type grade class stage group zone volume version release option day week month "
        "year room line schedule exhibit number no about after before over under within than around between from until "
        "since the top first last next for and how what when which who why where does do did is are was were can could "
        "will would must may list name give tell show all only exactly approximately nearly almost of on in at by to "
        "with per every each q fy if then also compare find state select choose add use take make set".split()
    )
    | frozenset(MONTH_NAMES)
    | frozenset(month[:3] for month in MONTH_NAMES)
)
# Before a number and one of these it is an amount: "Bittern 9 euros".
_COUNTED: Final = frozenset(
    "percent euros euro dollars dollar pounds days hours minutes weeks months years people members employees pages "
    "times points copies units litres liters metres meters miles degrees volts watts steps items rows questions".split()
)


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier in a text; ``runs`` are its letters and digits in lower case, ("tr", "90")."""

    text: str
    kind: _Kind
    runs: tuple[str, ...]
    start: int


def identifiers_of(text: str) -> tuple[str, ...]:
    """The model numbers, codes, versions, quarters and years that a text names, in order, at most eight."""
    return tuple(each.text for each in find_identifiers(text))


def find_identifiers(text: str) -> list[Identifier]:
    """The identifiers of a text with their kinds; of overlapping ones the longer or more specific."""
    text = with_quarters(plain(text))
    found: list[Identifier] = []
    taken: list[tuple[int, int]] = []
    for match, kind, name in _candidates(text):
        is_free = all(match.end() <= start or end <= match.start() for start, end in taken)
        if is_free and len(runs := runs_of(name)) <= _LONGEST_RUNS:
            found.append(Identifier(name, kind, runs, match.start()))
            taken.append(match.span())
        if len(found) == _MOST_IDENTIFIERS:
            break
    distinct = {each.runs: each for each in reversed(found)}
    return sorted(distinct.values(), key=lambda each: each.start)


def _candidates(text: str) -> Iterator[tuple[re.Match[str], _Kind, str]]:
    """Matches of identifiers, the more specific kinds first, with their kind and normal form."""
    for match in _QUARTER.finditer(text):
        yield match, "quarter", f"Q{match[1] or match[4]} {match[2] or match[3]}"
    yield from ((match, "version", match[0]) for match in _VERSION.finditer(text))
    yield from (
        (match, "code", match[0]) for match in _ACRONYM.finditer(text) if _is_numbered(text, match, _CURRENCIES)
    )
    yield from ((match, "code", match[0].rstrip("./-")) for match in _CODE.finditer(text) if _is_code(match[0]))
    yield from ((match, "name", match[0]) for match in _NAME.finditer(text) if _is_numbered(text, match, _NO_NAMES))
    yield from ((match, "year", match[1]) for match in _YEAR.finditer(text) if not _counts(text, match.end()))


def _is_numbered(text: str, match: re.Match[str], others: frozenset[str]) -> bool:
    """True if a word and a number are a name, not a date, an amount or the number of a page."""
    return match[1].lower() not in others and not _is_year(match[2]) and not _counts(text, match.end())


def _is_year(number: str) -> bool:
    return len(number) == 4 and number[:2] in ("19", "20")


def _counts(text: str, end: int) -> bool:
    """True if a unit follows, so that a number is an amount."""
    following = text[end : end + 20].split()
    return text[end : end + 1] == " " and bool(following) and following[0].strip(".,;?!").lower() in _COUNTED


def _is_code(text: str) -> bool:
    """True for "TR-90", "F4" and "10-K"; not for "12V", "Q3", "2nd", "co2" and "RMB500"."""
    runs = runs_of(text)
    if text[0].isdigit():
        return len(runs) > 2 or text[-2:] == "-K" or runs[-1] not in _UNITS
    if runs[0] in _CURRENCIES or runs[0] in ("q", "fy") or runs[0] in _NO_NAMES:
        return False
    return any(character.isupper() for character in text) or "-" in text


def missing_identifiers(
    text: str, generation: Generation, documents: Sequence[Document], cancelled: Cancellation | None = None
) -> tuple[UnknownIdentifier, ...]:
    """The identifiers of a text that occur nowhere in ``documents``, with the similar ones that do.

    "TR-90", "TR 90" and "TR90" are the same, and "TR-20, 40 and 90" has a TR-90. What cannot be decided by reading at
    most 150 passages is not reported.

    Args:
        text: a question.
        generation: the index.
        documents: those that are searched.
        cancelled: checked before each passage is read.

    Raises:
        Cancelled: ``cancelled`` was called.
    """
    identifiers = find_identifiers(text)
    if not identifiers or not documents:
        return ()
    search = IdentifierSearch(generation, documents, cancelled)
    return tuple(_unknown(each, search) for each in identifiers if _is_missing(each, search))


def _is_missing(identifier: Identifier, search: IdentifierSearch) -> bool:
    if identifier.kind == "year":
        return not search.has_year(identifier.text)
    if identifier.kind == "quarter":
        return not search.has_quarter(int(identifier.text[1]), identifier.text[-4:])
    if identifier.kind == "version":
        number = tuple(run for run in identifier.runs if run.isdigit())
        forms = [number] if len(number) > 1 else [(word, *number) for word in ("version", "release", "v", "firmware")]
        return not any(search.may_have(form) for form in forms)
    return not search.may_have(identifier.runs)


def _unknown(identifier: Identifier, search: IdentifierSearch) -> UnknownIdentifier:
    if identifier.kind in ("quarter", "year"):
        return UnknownIdentifier(identifier.text, is_period=True)
    return UnknownIdentifier(identifier.text, search.similar(identifier.runs) if identifier.kind != "version" else ())
