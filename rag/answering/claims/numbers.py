"""Number rule: each number and date of the claim is in the quotes, with its unit, its bound and the words around it.

``number_missing``: share of the claim's quantities that are nowhere. ``unit_changed``: share with another unit.
``unit_open``: share of those whose unit only the claim or only the quote shows. ``bound_changed``: 1 for "at least" in
place of "at most". ``bound_differs``: 1 where a bound is added, dropped or made stricter. ``number_margin``: how much
nearer a number's words are to it than to another number of the same unit, the least of all numbers, -1..1; 1 where
there is no other. ``number_near``: share of a number's words near it, the least of all numbers; 1 without numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rag.answering.claims.alignment import ClaimComparison
from rag.answering.claims.binding import best_nearness, margin, neighbours
from rag.answering.claims.findings import Problem, RuleFindings
from rag.answering.claims.language.quantities import COUNT, DATE, YEAR, Quantity, quantities
from rag.answering.claims.language.tokens import TextToken

# A number that is so much nearer to the words of another is misplaced.
_MISPLACED: Final = -0.06
# "Two ways" may count what the quote lists.
_SMALL: Final = 3.0


def number_findings(comparison: ClaimComparison) -> RuleFindings:
    """The features above, and the problems of numbers."""
    said = [found for found in quantities(comparison.claim) if found.stop <= len(comparison.tokens)]
    quoted, above = quantities(comparison.quotes), quantities(comparison.context)
    problems: list[Problem] = []
    missing = changed = is_open = 0
    differs = False
    margins, near = [1.0], [1.0]
    for one in said:
        equal = [other for other in quoted if one.equals(other)]
        if equal:
            differs |= _bound_differs(one, equal)
            problems += _bound_problem(comparison, one, equal)
            around = neighbours(comparison, range(one.start, one.stop))
            near.append(best_nearness(comparison, around, [other.start for other in equal]) if around else 1.0)
        is_cell = not equal and any(one.may_equal(other) for other in quoted)
        if equal or is_cell:
            is_open += is_cell
            margins.append(
                _margin(comparison, one, equal or [other for other in quoted if one.may_equal(other)], quoted)
            )
            if margins[-1] < _MISPLACED:
                problems.append(Problem("number_misplaced", one.text))
        elif _is_in_context(comparison, one, above):
            continue
        elif any(one.value == other.value for other in quoted):
            changed += 1
            problems.append(Problem("unit_changed", one.text))
        else:
            counted = one.spelled and one.unit == COUNT and one.amount is not None and one.amount <= _SMALL
            missing += not counted
            problems += [] if counted else [Problem("number_missing", one.text)]
    count = len(said) or 1
    return RuleFindings(
        {
            "number_missing": missing / count,
            "unit_changed": changed / count,
            "unit_open": is_open / count,
            "bound_changed": float(any(problem.kind == "bound_changed" for problem in problems)),
            "bound_differs": float(differs),
            "number_margin": min(margins),
            "number_near": min(near),
        },
        tuple(problems),
    )


def _margin(comparison: ClaimComparison, one: Quantity, own: Sequence[Quantity], quoted: Sequence[Quantity]) -> float:
    """Distance margin of a number's words to it and to another number of its unit; 1 in verbatim text."""
    if comparison.is_verbatim(one.start):
        return 1.0
    rivals = [other.start for other in quoted if one.rivals(other)]
    return margin(comparison, range(one.start, one.stop), [other.start for other in own], rivals)


def _is_in_context(comparison: ClaimComparison, one: Quantity, above: Sequence[Quantity]) -> bool:
    """True if the headings have a year, date or name, or a number beside the same word; amounts are in the quotes."""
    if (one.named or one.unit in (DATE, YEAR)) and any(one.equals(other) or one.may_equal(other) for other in above):
        return True
    tokens = comparison.context.tokens
    said = _beside(comparison.tokens, one.start)
    tokens = comparison.context.tokens
    return any(token.key == one.value and said & _beside(tokens, place) for place, token in enumerate(tokens))


def _beside(tokens: Sequence[TextToken], index: int) -> set[tuple[int, str]]:
    """The content words right before and after an index, as sides and keys."""
    return {
        (side, tokens[index + side].key)
        for side in (-1, 1)
        if 0 <= index + side < len(tokens) and tokens[index + side].content
    }


def _bound_differs(one: Quantity, equal: Sequence[Quantity]) -> bool:
    return all(one.bound != other.bound for other in equal)


def _bound_problem(comparison: ClaimComparison, one: Quantity, equal: Sequence[Quantity]) -> list[Problem]:
    """The bound is the opposite of that in every quote: above instead of below."""
    opposite = one.bound is not None and all(other.bound is not None and one.bound * other.bound < 0 for other in equal)
    part = comparison.part_of(one.start)
    turned = one.turned or any(other.turned for other in equal)
    if not opposite or (part and not turned and comparison.is_negated_once(part)):
        return []
    return [Problem("bound_changed", one.text)]
