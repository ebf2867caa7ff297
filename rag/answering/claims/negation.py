"""Negation rule: the claim does not deny what its quotes affirm, nor the reverse.

``negation``: 1 where it does. ``negation_unsupported``: 1 where the claim denies something and the quotes deny nothing.
``negation_agrees``: 1 where both deny the same. ``negation_dropped``: 1 where the quotes deny something and the claim
does not.
"""

from __future__ import annotations

from typing import Final

from rag.answering.claims.alignment import ClaimComparison, Part
from rag.answering.claims.findings import Problem, RuleFindings
from rag.answering.claims.language.lexicon import AUXILIARIES, EXCLUSIVE, NEGATIVE_HEADING, UNITS
from rag.answering.claims.language.opposites import opposite_roots
from rag.answering.claims.language.polarity import Polarity, meanings, opposite_by_prefix, polarity
from rag.answering.claims.language.quantities import quantities
from rag.answering.claims.language.tokens import NOT

# Share of a part in its best unit for the two to speak of the same.
_LEAST_COVERAGE: Final = 0.4
_IF: Final = frozenset("if unless when whenever whether".split())
_PAUSES: Final = frozenset(",;:.")


def negation_findings(comparison: ClaimComparison) -> RuleFindings:
    """The features above, and ``negation_changed``."""
    conflicts: list[str] = []
    unsupported = agrees = dropped = False
    for part in comparison.parts:
        if part.coverage < _LEAST_COVERAGE:
            continue
        said, quoted = polarity(comparison.claim, part.tokens), quoted_polarity(comparison, part)
        dropped |= quoted.negative and not said.negations
        # "Not unless" is "only if": nothing is denied.
        if quoted.restricted and said.negations == 1 and not said.restricted:
            conflicts += _without_condition(comparison, part, said, quoted)
        elif not said.restricted and not (quoted.restricted and said.negations):
            plain = part.verbatim and not said.negations and not _is_introduced(comparison, part)
            found, missing = ([], False) if plain else _conflicts(said, quoted, comparison, part)
            conflicts += found
            unsupported |= missing
            agrees |= said.negative and not found and not missing
    problems = tuple(Problem("negation_changed", detail) for detail in dict.fromkeys(conflicts))
    return RuleFindings(
        {
            "negation": float(bool(problems)),
            "negation_unsupported": float(unsupported),
            "negation_agrees": float(agrees and not problems),
            "negation_dropped": float(dropped),
        },
        problems,
    )


def quoted_polarity(comparison: ClaimComparison, part: Part) -> Polarity:
    """The polarity of the units that a part of the claim is aligned with, under their introductions and headings."""
    quotes = comparison.quotes
    heading = _heading(comparison)
    found = Polarity()
    for unit in part.units:
        own = polarity(quotes, quotes.units[unit])
        lead = quotes.lead_of[unit]
        if lead is not None:
            own = own.under(polarity(quotes, quotes.units[lead]))
        elif _is_fragment(comparison, unit) and not heading.denied & own.affirmed:
            own = own.under(heading)
        found = found.joined(own)
    return found


def _without_condition(comparison: ClaimComparison, part: Part, said: Polarity, quoted: Polarity) -> list[str]:
    """Words that the claim puts after "without" and the quotes do not."""
    if not any(comparison.tokens[index].lower == "without" for index in part.tokens):
        return []
    return _words_of(said.denied & quoted.affirmed - quoted.denied, comparison, part)


def _is_introduced(comparison: ClaimComparison, part: Part) -> bool:
    """True if an introduction or a heading may negate what a part is from."""
    return any(comparison.quotes.lead_of[unit] is not None or _is_fragment(comparison, unit) for unit in part.units)


def _heading(comparison: ClaimComparison) -> Polarity:
    """The polarity of the headings; of words that negate by their meaning only those that headings are made of."""
    context = comparison.context
    found = polarity(context, range(len(context.tokens)))
    titled = any(token.lower in NEGATIVE_HEADING for token in context.tokens)
    if not titled and not any(token.key == NOT for token in context.tokens):
        return Polarity()
    return Polarity(found.denied, found.affirmed, 1)


def _is_fragment(comparison: ClaimComparison, unit: int) -> bool:
    """True for an item or a row, which a heading may negate; a whole sentence says itself what it denies."""
    quotes = comparison.quotes
    return quotes.items[unit] or not any(quotes.tokens[index].lower in AUXILIARIES for index in quotes.units[unit])


def _conflicts(said: Polarity, quoted: Polarity, comparison: ClaimComparison, part: Part) -> tuple[list[str], bool]:
    """Words negated in one text and affirmed in the other; and true where the quotes negate nothing."""
    only = _is_exclusive(comparison, part)
    if not said.negative:
        # "Only who registers can vote": "who does not register cannot".
        twice = only and quoted.negations > 1
        found = _affirmed_but_denied(said, quoted) - _denied_in_conditions(comparison, part)
        return [] if twice else _words_of(found, comparison, part), False
    if not said.denied or said.denied & quoted.denied or _denied_as_opposite(said, quoted):
        return [], False
    # "Rejected" or "rather than" may be the writer's own way to say what the quotes do; "refused to pay" is not.
    if not any(comparison.tokens[index].key == NOT for index in part.tokens):
        return _words_of(
            said.denied & quoted.affirmed if not quoted.negations else frozenset(), comparison, part
        ), False
    if not quoted.negations:
        if only or _has_turned_bound(comparison, part):
            return [], True
        return [comparison.claim.quoted(part.tokens.start, part.tokens.stop)], True
    if _negates_by_meaning_only(comparison, part):
        return [], False
    # "A is not for B" for "B is not for A": what the quotes deny is in the claim, in another place.
    if said.affirmed & quoted.denied:
        return [], False
    return _words_of(said.denied & quoted.affirmed - quoted.denied, comparison, part), False


def _denied_in_conditions(comparison: ClaimComparison, part: Part) -> frozenset[str]:
    """Words that the quotes negate only within an "if" clause that the claim does not have."""
    if any(comparison.tokens[index].lower in _IF for index in part.tokens):
        return frozenset()
    quotes = comparison.quotes
    inside = False
    keys = set()
    for index in comparison.unit_tokens(part.units):
        if quotes.tokens[index].lower in _IF:
            inside = True
        elif not _PAUSES.isdisjoint(quotes.gap(index)):
            inside = False
        if inside:
            keys.add(quotes.tokens[index].key)
    return frozenset(keys)


def _is_exclusive(comparison: ClaimComparison, part: Part) -> bool:
    """True if "only" is in the part of the claim or in what it is from."""
    quoted = (comparison.quotes.tokens[index].lower for index in comparison.unit_tokens(part.units))
    said = (comparison.tokens[index].lower for index in part.tokens)
    return not EXCLUSIVE.isdisjoint(quoted) or not EXCLUSIVE.isdisjoint(said)


def _negates_by_meaning_only(comparison: ClaimComparison, part: Part) -> bool:
    """True if the quotes deny with words as "waived", whose scope no rule knows."""
    return not any(comparison.quotes.tokens[index].key == NOT for index in comparison.unit_tokens(part.units))


def _has_turned_bound(comparison: ClaimComparison, part: Part) -> bool:
    """True if a number has the opposite bound: "no receipt below 50" for "a receipt from 50"."""
    said = [one for one in quantities(comparison.claim) if one.start in part.tokens and one.bound]
    return any(
        one.equals(other) and one.bound * other.bound < 0
        for one in said
        for other in quantities(comparison.quotes)
        if one.bound and other.bound
    )


def _words_of(keys: frozenset[str], comparison: ClaimComparison, part: Part) -> list[str]:
    """The claim's words with these keys; numbers and units are in many sentences, and say nothing of what is denied."""
    tokens = [comparison.tokens[index] for index in part.tokens]
    found = [token for token in tokens if not token.numeric and token.lower not in UNITS]
    return [token.text for token in found if keys & meanings(token.key)]


def _affirmed_but_denied(said: Polarity, quoted: Polarity) -> frozenset[str]:
    # "Closed on Mondays" for "not open on Mondays", or for "open except Monday".
    opposite = any(
        opposite_roots(key) & said.affirmed or opposite_by_prefix(key, said.affirmed)
        for key in quoted.denied | quoted.affirmed
    )
    if quoted.restricted or opposite:
        return frozenset()
    return (said.affirmed - said.denied) & (quoted.denied - quoted.affirmed)


def _denied_as_opposite(said: Polarity, quoted: Polarity) -> bool:
    """True if the quotes affirm the opposite of what the claim denies: "not open" and "closed"."""
    return any(opposite_roots(key) & quoted.affirmed or opposite_by_prefix(key, quoted.affirmed) for key in said.denied)
