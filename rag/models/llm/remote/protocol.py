"""Responses of the OpenAI-compatible HTTP protocol: the fields that are used; all others are ignored."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from rag.domain.values import Usage

_DATA: Final = b"data:"
_DONE: Final = b"[DONE]"


class _ProtocolModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ListedMeta(_ProtocolModel):
    """Extension of llama-server: the context of one of its slots."""

    n_ctx: int | None = None


class ListedModel(_ProtocolModel):
    """One of ``GET /models``; ``max_model_len`` is an extension of vLLM."""

    id: str
    max_model_len: int | None = None
    meta: ListedMeta | None = None

    @property
    def context_tokens(self) -> int | None:
        """Most tokens of prompt and answer together, where the server says it."""
        return self.max_model_len or (self.meta.n_ctx if self.meta else None)


class Models(_ProtocolModel):
    """``GET /models``."""

    data: tuple[ListedModel, ...]


class Tokens(_ProtocolModel):
    """``POST /tokenize`` of llama-server and vLLM: token ids; some gateways give the tokens' texts."""

    tokens: tuple[int | str, ...]


class Alternative(_ProtocolModel):
    """An alternative token, and the natural logarithm of its probability."""

    token: str
    logprob: float

    @property
    def probability(self) -> float:
        """0..1; servers round, and write -9999 or infinity for 0."""
        return math.exp(min(self.logprob, 0.0)) if math.isfinite(self.logprob) else 0.0


class SampledToken(Alternative):
    """The sampled token, and the likeliest alternatives, itself among them."""

    top_logprobs: tuple[Alternative, ...] = ()


class Logprobs(_ProtocolModel):
    """Log probabilities of the tokens of one piece."""

    content: tuple[SampledToken, ...] | None = None


class Delta(_ProtocolModel):
    """A piece of the text."""

    content: str | None = None


class CompletionChoice(_ProtocolModel):
    """A piece of the answer, or its end."""

    delta: Delta = Delta()
    logprobs: Logprobs | None = None
    finish_reason: str | None = None

    @property
    def tokens(self) -> tuple[SampledToken, ...]:
        """Tokens of the piece; none where the server gives no logprobs."""
        return (self.logprobs.content or ()) if self.logprobs else ()


class _Details(_ProtocolModel):
    cached_tokens: int | None = None


class UsageReport(_ProtocolModel):
    """Token usage; comes last."""

    prompt_tokens: int
    completion_tokens: int = 0
    prompt_tokens_details: _Details | None = None

    def to_domain(self) -> Usage:
        """The domain's :class:`Usage`."""
        cached = self.prompt_tokens_details.cached_tokens if self.prompt_tokens_details else None
        return Usage(self.prompt_tokens, cached or 0, self.completion_tokens)


class CompletionChunk(_ProtocolModel):
    """One event of a streamed chat completion."""

    choices: tuple[CompletionChoice, ...] = ()
    usage: UsageReport | None = None
    error: Any = None


def chunks(lines: Iterator[bytes]) -> Iterator[CompletionChunk]:
    """Parses server-sent events, up to ``[DONE]`` or the end; ValueError for data that is no event of the protocol."""
    for line in lines:
        if not line.startswith(
            _DATA
        ):  # blank, between events; an event's name; a comment that keeps the connection alive
            continue
        data = line.removeprefix(_DATA).strip()
        if data == _DONE:
            return
        yield CompletionChunk.model_validate_json(data)
