"""Perturbations that make a sentence false: kinds of falsehood that drafts have, by rule, as in FactCC and MiniCheck.

Each takes a claim and the sentence that it was made of, and gives the false claim with its quotes, or None where it
does not apply. The word lists are this module's own: the verifier is not measured with its own tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias

from benchmarks.claims.rewrites import capitalized, lowered
from benchmarks.claims.sources import Sentence

_NUMBER: Final = re.compile(r"(?<![\w.,-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w-]|[.,]\d)")
_MONTH: Final = re.compile(r"\b(?:January|February|March|April|June|July|August|September|October|November|December)\b")
_NAME: Final = re.compile(r"(?<=[a-z,;] )[A-Z][\w’-]*[a-z](?: [A-Z][\w’-]*[a-z])*")
_CODE: Final = re.compile(r"\b[A-Z]{1,4}-?\d+\b")
_DESIGNATED: Final = re.compile(r"\b([A-Z][a-z]+) (\d{1,2})\b")
_UNITS: Final[Mapping[str, str]] = {
    "hours": "days", "days": "weeks", "weeks": "months", "months": "years", "years": "months", "minutes": "hours",
    "seconds": "minutes", "metres": "kilometres", "millimetres": "centimetres", "kilometres": "miles",
    "million": "billion", "thousand": "million", "litres": "millilitres", "kilograms": "grams",
}  # fmt: skip
_NEGATABLE: Final = re.compile(
    r"\b(is|are|was|were|must|may|can|will|should|has been|have been|had been|could|would)\b(?! not\b)"
)
_THIRD_PERSON: Final = re.compile(
    r"\b(covers?|includes?|needs?|requires?|costs?|applies|provides?|allows?|affects?|depends?|holds?|pays?|supports?"
    r"|contains?|receives?|works?|lasts?|counts?|stops?|starts?|gives?|takes?|shows?|means?)\b"
)
_BASE: Final = {"applies": "apply"}
_NEGATION: Final = re.compile(
    r"\b(?:(is|are|was|were|must|may|can|will|should|could|would) not|(can)not|(do|does) not)\b"
)
_NO: Final = re.compile(r"\b(?:no|never) (?=[a-z])", re.IGNORECASE)
_QUANTIFIERS: Final[Sequence[tuple[str, str]]] = (
    (r"\b[Ss]ome\b", "all"),
    (r"\b[Mm]ost\b", "all"),
    (r"\b[Mm]any\b", "all"),
    (r"\busually\b", "always"),
    (r"\boften\b", "always"),
    (r"\bsometimes\b", "always"),
    (r"\bmay\b(?! not)", "must"),
    (r"\bcan\b(?! not)", "must"),
    (r"\bshould\b(?! not)", "must"),
    (r"\bmust\b(?! not)", "may"),
    (r"\bat least\b", "at most"),
    (r"\bat most\b", "at least"),
    (r"\bup to\b", "at least"),
    (r"\bmore than\b", "less than"),
    (r"\bless than\b", "more than"),
    (r"\bno more than\b", "no less than"),
    (r"\bwithin (?=\d)", "after "),
    (r"\b(is|are) (?=(?:[a-z]+ed|given|paid|sent|made)\b)", r"\1 only "),
    (r"\b(is|are) (?=(?:[a-z]+ed|given|paid|sent|made)\b)", r"\1 always "),
)
_CONDITIONS: Final = (
    re.compile(
        r",? (?:only )?(?:if|unless|provided that|as long as|except|except for|only when|subject to) [^,;:.]{8,90}"
    ),
    re.compile(r" with (?:our |the |your |prior |written ){0,3}(?:consent|approval|permission)[^,;:.]{0,40}"),
    re.compile(r"^(?:If|Unless|Provided that) [^,;:.]{8,90}, "),
    re.compile(r" who (?:has|have|is|are) [^,;:.]{6,50}"),
)
_OPPOSITES: Final[Sequence[tuple[str, str]]] = tuple(
    pair.split(":")  # type: ignore[misc]
    for pair in (
        "before:after more:less more:fewer higher:lower increase:decrease increased:decreased increases:decreases "
        "rose:fell above:below open:close opens:closes opened:closed first:last largest:smallest best:worst "
        "maximum:minimum inside:outside front:back left:right top:bottom upper:lower on:off start:stop longer:shorter "
        "early:late earlier:later north:south new:old accept:reject accepted:rejected buy:sell bought:sold win:lose "
        "profit:loss gain:loss include:exclude includes:excludes included:excluded clockwise:anticlockwise "
        "improve:worsen improved:worsened strong:weak quickly:slowly cold:hot wet:dry raise:lower raised:lowered "
        "public:private internal:external success:failure succeeded:failed joined:left allowed:banned "
        "dry:damp easy:difficult easily:hardly light:heavy soft:rigid quiet:noisy wide:tight "
        "gained:lost supported:opposed agreed:refused employer:contractor buyer:supplier seller:purchaser "
        "free:chargeable voluntary:compulsory optional:compulsory oldest:newest outdoors:indoors full:vacant "
        "begin:finish begins:finishes arrival:departure morning:night summer:winter"
    ).split()
)
_PREDICATE: Final = re.compile(
    r"([A-Z][^,;:()]{6,60}?) ((?:is|are|was|were|must|may|can|will|has|have|does)\b[^;:()]{14,})\."
)
_LEAST_SHARED: Final = 0.4
_FUTURE: Final = re.compile(r"\bwill be (\w+ed)\b")
_PAST: Final = re.compile(r"\b(?:was|were|has been|have been) (\w+ed)\b")


@dataclass(frozen=True)
class Falsehood:
    """A false claim and its quotes."""

    claim: str
    quotes: Sequence[str]


# A claim, the sentence that it was made of, other sentences of the document, and chance.
Perturbation: TypeAlias = Callable[[str, Sentence, Sequence[Sentence], Random], Falsehood | None]


def number_replaced(claim: str, source: Sentence, others: Sequence[Sentence], random: Random) -> Falsehood | None:
    """A number of another sentence of the document in place of one."""
    quotes = quotes_of(source, random)
    held = " ".join(quotes)
    numbers = [match for match in _NUMBER.finditer(claim) if match[0] in held]
    pool = [number for other in others for number in _NUMBER.findall(other.text) if number not in held]
    if not numbers or not pool:
        return None
    number = random.choice(numbers)
    alike = [other for other in pool if len(other) == len(number[0])]
    return Falsehood(_replaced(claim, number.span(), random.choice(alike or pool)), quotes)


def number_swapped(claim: str, source: Sentence, _: Sequence[Sentence], random: Random) -> Falsehood | None:
    """Two numbers of the claim in each other's place, or one from a neighbour that is quoted too."""
    numbers = list(_NUMBER.finditer(claim))
    if len(numbers) > 1 and numbers[0][0] != numbers[-1][0]:
        return Falsehood(_swapped(claim, numbers[0].span(), numbers[-1].span()), quotes_of(source, random))
    beside = source.after or source.before
    pool = [number for number in _NUMBER.findall(beside) if number not in source.text]
    if not numbers or not pool:
        return None
    return Falsehood(_replaced(claim, numbers[0].span(), random.choice(pool)), [source.text, beside])


def unit_changed(claim: str, source: Sentence, _: Sequence[Sentence], random: Random) -> Falsehood | None:
    """Days in place of hours."""
    found = [match for unit in _UNITS for match in re.finditer(rf"(?<=\d ){unit}\b", claim)]
    if not found:
        return None
    match = random.choice(found)
    return Falsehood(_replaced(claim, match.span(), _UNITS[match[0]]), quotes_of(source, random))


def negation_added(claim: str, source: Sentence, _: Sequence[Sentence], random: Random) -> Falsehood | None:
    """With "not"."""
    if match := _NEGATABLE.search(claim):
        return Falsehood(_replaced(claim, match.span(), f"{match[1]} not"), quotes_of(source, random))
    if match := _THIRD_PERSON.search(claim):
        verb = match[1]
        base = _BASE.get(verb) or verb.removesuffix("s")
        auxiliary = "does" if base != verb else "do"
        return Falsehood(_replaced(claim, match.span(), f"{auxiliary} not {base}"), quotes_of(source, random))
    return None


def negation_removed(claim: str, source: Sentence, _: Sequence[Sentence], random: Random) -> Falsehood | None:
    """Without its "not", "no" or "never"."""
    if match := _NEGATION.search(claim):
        kept = match[1] or match[2] or ""
        return Falsehood(" ".join(_replaced(claim, match.span(), kept).split()), quotes_of(source, random))
    if match := _NO.search(claim):
        return Falsehood(capitalized(_replaced(claim, match.span(), "")), quotes_of(source, random))
    return None


def quantifier_changed(claim: str, source: Sentence, _: Sequence[Sentence], random: Random) -> Falsehood | None:
    """With "all" for "some", "must" for "may", "at most" for "at least", or "only" added."""
    found = [(pattern, other) for pattern, other in _QUANTIFIERS if re.search(pattern, claim)]
    if not found:
        return None
    pattern, other = random.choice(found)
    return Falsehood(capitalized(re.sub(pattern, other, claim, count=1)), quotes_of(source, random))


def condition_dropped(claim: str, source: Sentence, _: Sequence[Sentence], random: Random) -> Falsehood | None:
    """Without its condition."""
    for pattern in _CONDITIONS:
        if match := pattern.search(claim):
            rest = f"{claim[: match.start()]}{claim[match.end() :]}".strip()
            if len(rest.split()) >= 4:
                return Falsehood(capitalized(rest), quotes_of(source, random))
    return None


def names_swapped(claim: str, source: Sentence, others: Sequence[Sentence], random: Random) -> Falsehood | None:
    """Two names, models or codes in each other's place; or one of another sentence that is quoted too."""
    for pattern in (_DESIGNATED, _CODE, _NAME, _MONTH):
        found = [match for match in pattern.finditer(claim) if match.start()]
        if len({match[0] for match in found}) > 1:
            first, last = found[0], found[-1]
            if first[0] != last[0]:
                return Falsehood(_swapped(claim, first.span(), last.span()), quotes_of(source, random))
        pool = [
            (other, name[0])
            for other in others
            for name in pattern.finditer(other.text)
            if name[0] not in source.text and other.text != source.text
        ]
        if found and pool:
            other, name = random.choice(pool)
            quotes = [source.text, other.text] if random.random() < 0.5 else quotes_of(source, random)
            return Falsehood(_replaced(claim, random.choice(found).span(), name), quotes)
    return None


def opposite(claim: str, source: Sentence, _: Sequence[Sentence], random: Random) -> Falsehood | None:
    """A word's opposite in its place."""
    found = [
        (match, other)
        for pair in _OPPOSITES
        for word, other in (pair, pair[::-1])
        for match in re.finditer(rf"\b{word}\b", claim)
    ]
    if not found:
        return None
    match, other = random.choice(found)
    return Falsehood(_replaced(claim, match.span(), other), quotes_of(source, random))


def cause_added(claim: str, source: Sentence, _: Sequence[Sentence], random: Random) -> Falsehood | None:
    """Two neighbours, joined by "because"."""
    beside = source.after or source.before
    if not beside or re.search(r"\b(?:because|so|therefore|since|for)\b", f"{claim} {beside}"):
        return None
    joiner = random.choice((" because {}", ", which was caused by the fact that {}", " as a result of which {}"))
    return Falsehood(claim.removesuffix(".") + joiner.format(lowered(beside)), [source.text, beside])


def subject_exchanged(claim: str, source: Sentence, others: Sequence[Sentence], random: Random) -> Falsehood | None:
    """The subject of another sentence, which is quoted too, with the predicate of this one."""
    own = _PREDICATE.fullmatch(claim)
    near = [other for other in others if abs(other.page - source.page) <= 1 and other.text != source.text]
    pool = [(match, other) for other in near if (match := _PREDICATE.fullmatch(other.text))]
    pool = [(match, other) for match, other in pool if own and match[1] != own[1] and match[1] not in source.text]
    if not own or not pool:
        return None
    match, other = random.choice(pool)
    return Falsehood(f"{match[1]} {own[2]}.", [source.text, other.text])


def tense_changed(claim: str, source: Sentence, _: Sequence[Sentence], random: Random) -> Falsehood | None:
    """Tense swap: a plan as done, and a past act as planned."""
    changed = _FUTURE.sub(r"has been \1", claim, count=1)
    if changed == claim:
        changed = _PAST.sub(r"will be \1", claim, count=1)
    return Falsehood(changed, quotes_of(source, random)) if changed != claim else None


def other_sentence(_: str, source: Sentence, others: Sequence[Sentence], __: Random) -> Falsehood | None:
    """The sentence of the document with most words in common, with this one's quotes."""
    words = set(source.text.casefold().split())
    pool = [other for other in others if other.text not in (source.text, source.before, source.after)]
    if not pool:
        return None

    def shared(other: Sentence) -> float:
        return len(words & set(other.text.casefold().split())) / len(other.text.split())

    best = max(pool, key=shared)
    return Falsehood(best.text, [source.text]) if shared(best) >= _LEAST_SHARED else None


FALSEHOODS: Final[Mapping[str, Perturbation]] = {
    perturbation.__name__: perturbation
    for perturbation in (
        number_replaced,
        number_swapped,
        unit_changed,
        negation_added,
        negation_removed,
        quantifier_changed,
        condition_dropped,
        names_swapped,
        opposite,
        cause_added,
        subject_exchanged,
        tense_changed,
        other_sentence,
    )
}


def quotes_of(source: Sentence, random: Random) -> list[str]:
    """The sentence alone, or with one or both neighbours."""
    chosen = random.random()
    before = [source.before] if source.before and 0.4 < chosen < 0.8 else []
    after = [source.after] if source.after and chosen > 0.6 else []
    return [" ".join([*before, source.text, *after])]


def _replaced(text: str, span: tuple[int, int], other: str) -> str:
    return f"{text[: span[0]]}{other}{text[span[1] :]}"


def _swapped(text: str, one: tuple[int, int], other: tuple[int, int]) -> str:
    first, last = text[one[0] : one[1]], text[other[0] : other[1]]
    return f"{text[: one[0]]}{last}{text[one[1] : other[0]]}{first}{text[other[1] :]}"
