"""How many tokens of which sequence the next step reads: pure arithmetic.

Sequences that write come first, with what they have, so that a long prompt never holds them up. Of those that read,
prompts that will be written on go before those that are only weighed: somebody waits for the first word, and those who
write meanwhile do so together, which costs little more than one alone. Else the one with the highest response ratio
goes first (Brinch Hansen, 1971): the longer it has waited for what it takes, the higher, so that short ones overtake
and long ones do not starve. One is read to its end before the next is begun: two that are read side by side would both
end as late as the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# What is computed for a token depends, in the last digits, on the shape of the batch that it was in: llama.cpp
# multiplies rows in groups of four, and has another attention for fewer than 64. Stretches of whole groups, none
# shorter than 64, give a prompt the same numbers however it was cut, and so the same answer.
BATCH_MULTIPLE: Final = 4
MIN_PREFILL_CHUNK: Final = 64
# Tokens of a prompt in a step: beside sequences that write, which wait for it, and while none does. A step of 160 takes
# two thirds of a second with the default model on two cores, and reads a token as fast as one of 256.
MAX_PREFILL_BESIDE_DECODE: Final = 160
MAX_PREFILL_ALONE: Final = 256
# Seconds after which a prompt that is only weighed goes before all others.
MAX_WAIT_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class ScheduleInput:
    """What a sequence would read.

    Attributes:
        tokens: that are left of its prompt; or, of one that writes, those that it has.
        waited: seconds since it was asked for.
        writes: whether its prompt has been read.
        weighed: whether nothing will be written; it is only asked what would come next.
    """

    tokens: int
    waited: float
    decoding: bool = False
    scoring: bool = False


def whole(tokens: int) -> int:
    """As many of them as there are in whole groups."""
    return tokens // BATCH_MULTIPLE * BATCH_MULTIPLE


def response_ratio(entry: ScheduleInput, seconds_per_token: float) -> float:
    """Time from being asked for to being done, if it were done now, over the time that doing it takes; at least 1."""
    service = max(entry.tokens, 1) * seconds_per_token
    return (entry.waited + service) / service


def priority_key(entry: ScheduleInput, seconds_per_token: float) -> tuple[bool, float]:
    """The less, the sooner it is to be read."""
    return entry.scoring and entry.waited < MAX_WAIT_SECONDS, -response_ratio(entry, seconds_per_token)


def schedule(inputs: Sequence[ScheduleInput], *, seconds_per_token: float, max_tokens: int) -> list[int]:
    """How many tokens of each the next step reads; ``max_tokens`` in all, which is no less than those who write have."""
    shares = [entry.tokens if entry.decoding else 0 for entry in inputs]
    room = max_tokens - sum(shares)
    limit = min(MAX_PREFILL_BESIDE_DECODE if any(shares) else MAX_PREFILL_ALONE, room)
    readers = [position for position, entry in enumerate(inputs) if not entry.decoding]
    readers.sort(key=lambda position: priority_key(inputs[position], seconds_per_token))
    taken = 0
    for position in readers:
        # A step that is shorter than the shortest is filled up with the next prompt. But what is weighed ends an
        # answer, and whoever has it asks the next question: they should not come all at once.
        if taken >= min(MIN_PREFILL_CHUNK, limit) or (taken and inputs[position].scoring):
            break
        shares[position] = min(_part(inputs[position].tokens, limit), whole(room - taken))
        taken += shares[position]
    return shares


def _part(tokens: int, limit: int) -> int:
    """The first of as many equal parts as ``limit`` asks for and ``MIN_PREFILL_CHUNK`` allows; all, if that is one."""
    # Parts are rounded up to whole groups, so that the last has up to a group less.
    parts = max(1, min(-(-tokens // max(limit, 1)), tokens // (MIN_PREFILL_CHUNK + BATCH_MULTIPLE)))
    return min(whole(-(-tokens // parts) + BATCH_MULTIPLE - 1), tokens)
