"""Refusal detection in streamed text: whether it is the refusal sentence, and with which probability."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from rag.domain.values import Usage
from rag.models.llm.language_model import Finish, Generated, RefusalProbability, Token


@dataclass(frozen=True, slots=True)
class GeneratedPiece:
    """A piece of text, at least one character.

    Attributes:
        probability: geometric mean of what the model gave its tokens, 0..1.
        alternatives: the likeliest tokens in place of its first one, with their probabilities; may be empty.
    """

    text: str
    probability: float = 1.0
    alternatives: Mapping[str, float] = field(default_factory=dict)

    @property
    def token(self) -> Token:
        """The piece as a generation yields it."""
        return Token(self.text, self.probability)


PieceStream: TypeAlias = Generator[GeneratedPiece | Finish, None, None]


def watch_for_refusal(
    pieces: Iterator[GeneratedPiece | Finish], refusal: str, prompt_tokens: int
) -> Iterator[Generated]:
    """Yields the RefusalProbability, then the text: none where that is, or begins with, the sentence ``refusal``.

    Pieces are held back only for as long as they may still become that sentence.

    Args:
        pieces: pieces, then one Finish; read no further than needed.
        refusal: the sentence; compared without regard to case.
        prompt_tokens: for the usage, where the stream is not read to its Finish.
    """
    held: list[GeneratedPiece] = []
    finish: Finish | None = None
    text = ""
    for item in pieces:
        if isinstance(item, Finish):
            finish = item
            break
        held.append(item)
        text += item.text
        if not _may_become(text, refusal):
            break
    if _is_refusal(text, refusal) or (
        finish is not None and finish.reason == "length" and _is_truncated(text, refusal)
    ):
        yield RefusalProbability(1.0)
        yield finish or _end_of_refusal(pieces, Usage(prompt_tokens, 0, len(held)))
        return
    yield RefusalProbability(refusal_probability(held[0].alternatives, refusal) if held else 0.0)
    for piece in held:
        yield piece.token
    if finish:
        yield finish
    for item in pieces:
        yield item.token if isinstance(item, GeneratedPiece) else item


def refusal_probability(alternatives: Mapping[str, float], refusal: str) -> float:
    """The probability, 0..1, of the first tokens that the sentence may begin with. Case counts: "No" is none."""
    beginnings = (token for token in alternatives if token.strip() and refusal.startswith(token.lstrip()))
    return min(math.fsum(alternatives[token] for token in beginnings), 1.0)


def _may_become(text: str, refusal: str) -> bool:
    begun = text.lstrip().casefold()
    return len(begun) < len(refusal) and refusal.casefold().startswith(begun)


def _is_refusal(text: str, refusal: str) -> bool:
    return text.lstrip().casefold().startswith(refusal.casefold())


def _is_truncated(text: str, refusal: str) -> bool:
    """True if a text that was cut off is the sentence's first words, case included: a lone "No" is an answer."""
    words = text.split()
    return bool(words) and refusal.split()[: len(words)] == words


def _end_of_refusal(pieces: Iterator[GeneratedPiece | Finish], usage: Usage) -> Finish:
    """The Finish after a refusal, at once as a rule; a model that goes on to explain itself is not waited for."""
    for item in pieces:
        if isinstance(item, Finish):
            return replace(item, reason="stop")
        if any(map(str.isalnum, item.text)):
            break
    return Finish("stop", usage)
