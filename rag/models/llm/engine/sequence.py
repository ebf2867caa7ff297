"""Token sequence: one request of the engine, with its state from submission to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from rag.models.llm.engine.prompt_lookup import PromptLookup
from rag.models.llm.engine.sampling import DecodingStrategy
from rag.models.llm.engine.scheduler import MIN_PREFILL_CHUNK


@dataclass(eq=False)
class TokenSequence:
    """A generation, scoring or prefill request, from its submission to its end.

    Attributes:
        prompt: at least one token.
        max_new_tokens: most tokens that are generated; 0 for scoring, and for prefill only.
        strategy: takes the logits, and decides on the next token.
        on_end: called once, in the engine's thread, with the error, or None.
        prompt_lookup: drafts tokens; None for one token a step.
        min_recompute: how many of the last tokens of the prompt are computed even if they are cached. By default the
            minimum prefill chunk, so that a prompt gets the same answer every time (see scheduler); at least one.
        pinned: whether what it computes stays cached for good.
    """

    prompt: tuple[int, ...]
    max_new_tokens: int
    strategy: DecodingStrategy
    on_end: Callable[[Exception | None], None]
    prompt_lookup: PromptLookup | None = None
    min_recompute: int = MIN_PREFILL_CHUNK
    pinned: bool = False
    # The engine's own. `cached`: tokens in the KV cache. The first `shareable` of them were computed in canonical
    # chunks (see scheduler), so their KV may be shared. `blocked`: waited for KV space; nothing may overtake it.
    # `next`: the token to decode, None until the prompt is computed.
    since: float = field(default_factory=monotonic)
    sequence_id: int | None = None
    cached: list[int] = field(default_factory=list)
    shareable: int = 0
    blocked: bool = False
    failed: Exception | None = None
    next: int | None = None
    cancelled: bool = False

    @property
    def cells(self) -> int:
        """KV cells that it can take at most; one holds a token."""
        return len(self.prompt) + self.max_new_tokens
