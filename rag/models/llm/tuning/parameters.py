"""How llama.cpp is run on this machine: what is fastest there. It changes an answer only in how sums are rounded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tuning:
    """Choices that another machine may want to have made otherwise.

    Attributes:
        threads: that write, one token for each of a few sequences at a time.
        batch_threads: that read, many tokens at a time.
        micro_batch: most tokens that go through the network together.
        flash_attention: the fused attention; without it, the cells of other sequences cost as much as one's own.
        repack: weights are rearranged for the processor's vector units when they are loaded.
        further_token: no choice, but what each further token of a step that writes costs, in steps of one token.
    """

    threads: int
    batch_threads: int
    micro_batch: int = 512
    flash_attention: bool = True
    repack: bool = True
    further_token: float = 0.6
