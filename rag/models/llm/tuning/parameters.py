"""Tuning parameters of llama.cpp on one machine. They change an answer only in how sums are rounded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tuning:
    """Parameters whose best value depends on the machine.

    Attributes:
        threads: for decode, one token for each of a few sequences at a time.
        batch_threads: for prefill, many tokens at a time.
        micro_batch: most tokens of a forward pass.
        flash_attention: fused attention kernel; without it, the cells of other sequences cost as much as one's own.
        repack: whether weights are rearranged for the processor's vector units when they are loaded.
        further_token: measured, not chosen: what each further token of a decode step costs, in steps of one token.
    """

    threads: int
    batch_threads: int
    micro_batch: int = 512
    flash_attention: bool = True
    repack: bool = True
    further_token: float = 0.6
