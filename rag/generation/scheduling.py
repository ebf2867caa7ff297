"""How many tokens of which sequence the next step reads: pure arithmetic.

Sequences that write come first, with what they have, so that a long prompt never holds them up. Of those that read, the
one with the highest response ratio goes first (Brinch Hansen, 1971): the longer it has waited for what it takes, the
higher, so that short ones overtake and long ones do not starve. One is read to its end before the next is begun: two
that are read side by side would both end as late as the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# What is computed for a token depends, in the last digits, on the shape of the batch that it was in: llama.cpp
# multiplies rows in groups of four, and has another attention for fewer than 64. Stretches of whole groups, none
# shorter than 64, give a prompt the same numbers however it was cut, and so the same answer.
GROUP: Final = 4
SHORTEST: Final = 64
# Tokens of a prompt in a step: beside sequences that write, which wait for it, and while none does. A step of 64 takes
# .4 s with the default model on two cores, and reads a token in 1.07 times what it takes in one of 256.
BESIDE: Final = 96
ALONE: Final = 256


@dataclass(frozen=True, slots=True)
class Demand:
    """What a sequence would read.

    Attributes:
        tokens: that are left of its prompt; or, of one that writes, those that it has.
        waited: seconds since it was asked for.
    """

    tokens: int
    waited: float
    writes: bool = False


def response_ratio(demand: Demand, seconds_per_token: float) -> float:
    """Time from being asked for to being done, if it were done now, over the time that doing it takes; at least 1."""
    service = max(demand.tokens, 1) * seconds_per_token
    return (demand.waited + service) / service


def share_out(demands: Sequence[Demand], *, seconds_per_token: float, most: int) -> list[int]:
    """How many tokens of each the next step reads; ``most`` in all, which is no less than those who write have."""
    shares = [demand.tokens if demand.writes else 0 for demand in demands]
    room = most - sum(shares)
    limit = min(BESIDE if any(shares) else ALONE, room)
    readers = [position for position, demand in enumerate(demands) if not demand.writes]
    readers.sort(key=lambda position: -response_ratio(demands[position], seconds_per_token))
    taken = 0
    for position in readers:
        # A step that is shorter than the shortest is filled up with the next prompt.
        if taken >= min(SHORTEST, limit):
            break
        shares[position] = min(_part(demands[position].tokens, limit), _whole(room - taken))
        taken += shares[position]
    return shares


def _part(tokens: int, limit: int) -> int:
    """The first of as many equal parts as ``limit`` asks for and ``SHORTEST`` allows; all, if that is one."""
    parts = max(1, min(-(-tokens // max(limit, 1)), tokens // SHORTEST))
    return min(_whole(-(-tokens // parts) + GROUP - 1), tokens)


def _whole(tokens: int) -> int:
    """As many as there are in whole groups."""
    return tokens // GROUP * GROUP
