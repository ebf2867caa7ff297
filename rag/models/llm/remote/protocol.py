"""What an OpenAI-compatible server says, as far as it is looked at. What else it says is left aside."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from rag.domain.values import Usage

_DATA: Final = b"data:"
_DONE: Final = b"[DONE]"


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ListedMeta(_Said):
    """llama-server: the context of one of its slots."""

    n_ctx: int | None = None


class ListedModel(_Said):
    """One of ``GET /models``; vLLM says ``max_model_len``."""

    id: str
    max_model_len: int | None = None
    meta: ListedMeta | None = None

    @property
    def context_tokens(self) -> int | None:
        """Most tokens of prompt and answer together, where the server says it."""
        return self.max_model_len or (self.meta.n_ctx if self.meta else None)


class Models(_Said):
    """``GET /models``."""

    data: tuple[ListedModel, ...]


class Tokens(_Said):
    """``POST /tokenize`` of llama-server and vLLM: their numbers; some gateways give their texts."""

    tokens: tuple[int | str, ...]


class Alternative(_Said):
    """A token that might have been said, and the natural logarithm of its probability."""

    token: str
    logprob: float

    @property
    def probability(self) -> float:
        """0..1; servers round, and write -9999 or infinity for nothing."""
        return math.exp(min(self.logprob, 0.0)) if math.isfinite(self.logprob) else 0.0


class SaidToken(Alternative):
    """The token that was said, and the likeliest in its place, itself among them."""

    top_logprobs: tuple[Alternative, ...] = ()


class Logprobs(_Said):
    """Of the tokens of one piece."""

    content: tuple[SaidToken, ...] | None = None


class Delta(_Said):
    """A piece of the text."""

    content: str | None = None


class CompletionChoice(_Said):
    """A piece of the answer, or its end."""

    delta: Delta = Delta()
    logprobs: Logprobs | None = None
    finish_reason: str | None = None

    @property
    def tokens(self) -> tuple[SaidToken, ...]:
        """Those of the piece; none where the server does not say."""
        return (self.logprobs.content or ()) if self.logprobs else ()


class _Details(_Said):
    cached_tokens: int | None = None


class UsageReport(_Said):
    """What the answer took; comes last."""

    prompt_tokens: int
    completion_tokens: int = 0
    prompt_tokens_details: _Details | None = None

    def to_domain(self) -> Usage:
        """As we count it."""
        cached = self.prompt_tokens_details.cached_tokens if self.prompt_tokens_details else None
        return Usage(self.prompt_tokens, cached or 0, self.completion_tokens)


class CompletionChunk(_Said):
    """One event of a streamed chat completion."""

    choices: tuple[CompletionChoice, ...] = ()
    usage: UsageReport | None = None
    error: Any = None


def chunks(lines: Iterator[bytes]) -> Iterator[CompletionChunk]:
    """The events of a stream of server-sent events, up to ``[DONE]`` or the end; ValueError for what is none."""
    for line in lines:
        if not line.startswith(_DATA):  # empty between events; names of events; comments, which keep a connection alive
            continue
        data = line.removeprefix(_DATA).strip()
        if data == _DONE:
            return
        yield CompletionChunk.model_validate_json(data)
