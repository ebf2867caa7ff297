"""Scheduler of continuous batching: how many tokens of each sequence the next step computes. Pure arithmetic.

Decode goes first: each sequence that generates gets its token, so that a long prompt never stalls it; a prompt is
computed in chunks beside them (chunked prefill). Among prompts, those that text will be generated for go before those
that are only scored: a user waits for the first token, and sequences that decode meanwhile do so in one batch, which
costs little more than one alone. Else the highest response ratio goes first (HRRN, Brinch Hansen, 1971): the longer a
prompt has waited for what it takes, the higher, so that short ones overtake and long ones do not starve. A prompt is
finished before the next is begun: two that are prefilled side by side would both end as late as the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# What is computed for a token depends, in the last digits, on the shape of its batch: llama.cpp multiplies rows in
# groups of four, and has another attention kernel for fewer than 64. Canonical chunks, which are whole multiples and no
# shorter than 64, give a prompt the same numbers however it was cut, and so the same answer.
BATCH_MULTIPLE: Final = 4
MIN_PREFILL_CHUNK: Final = 64
# Most tokens of a prompt in a step: while others decode, which wait for it, and while none does. A step of 160 takes
# two thirds of a second with the default model on two cores, and computes a token as fast as one of 256.
MAX_PREFILL_BESIDE_DECODE: Final = 160
MAX_PREFILL_ALONE: Final = 256
# Seconds after which a prompt that is only scored goes before all others.
MAX_WAIT_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class ScheduleInput:
    """A sequence as the scheduler sees it.

    Attributes:
        tokens: of its prompt that are not computed yet; or, where it decodes, those that it needs in the step.
        waited: seconds since it was submitted.
        decoding: whether its prompt has been computed.
        scoring: whether no text is generated: only the probabilities of what would come next are wanted.
    """

    tokens: int
    waited: float
    decoding: bool = False
    scoring: bool = False


def round_down(tokens: int) -> int:
    """The largest multiple of ``BATCH_MULTIPLE`` that is not above ``tokens``."""
    return tokens // BATCH_MULTIPLE * BATCH_MULTIPLE


def response_ratio(entry: ScheduleInput, seconds_per_token: float) -> float:
    """Waiting time plus service time, over service time, if it were computed now; at least 1."""
    service = max(entry.tokens, 1) * seconds_per_token
    return (entry.waited + service) / service


def priority_key(entry: ScheduleInput, seconds_per_token: float) -> tuple[bool, float]:
    """Sort key of prefill: the lowest goes first."""
    return entry.scoring and entry.waited < MAX_WAIT_SECONDS, -response_ratio(entry, seconds_per_token)


def schedule(inputs: Sequence[ScheduleInput], *, seconds_per_token: float, max_tokens: int) -> list[int]:
    """Tokens of each sequence in the next step.

    Args:
        inputs: the sequences.
        seconds_per_token: of prefill, as it was measured.
        max_tokens: of the step in all; no less than the sequences that decode need.
    """
    shares = [entry.tokens if entry.decoding else 0 for entry in inputs]
    room = max_tokens - sum(shares)
    limit = min(MAX_PREFILL_BESIDE_DECODE if any(shares) else MAX_PREFILL_ALONE, room)
    prefilling = [position for position, entry in enumerate(inputs) if not entry.decoding]
    prefilling.sort(key=lambda position: priority_key(inputs[position], seconds_per_token))
    taken = 0
    for position in prefilling:
        # A step below the minimum chunk is filled up with the next prompt. But scoring ends an answer, and its user
        # asks the next question: they should not come all at once.
        if taken >= min(MIN_PREFILL_CHUNK, limit) or (taken and inputs[position].scoring):
            break
        shares[position] = min(_chunk(inputs[position].tokens, limit), round_down(room - taken))
        taken += shares[position]
    return shares


def _chunk(tokens: int, limit: int) -> int:
    """The first of as many equal chunks as ``limit`` asks for and ``MIN_PREFILL_CHUNK`` allows; all, if that is one."""
    # Rounded up to the batch multiple, so that the last chunk is shorter by up to one multiple.
    parts = max(1, min(-(-tokens // max(limit, 1)), tokens // (MIN_PREFILL_CHUNK + BATCH_MULTIPLE)))
    return min(round_down(-(-tokens // parts) + BATCH_MULTIPLE - 1), tokens)
