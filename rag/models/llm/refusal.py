"""Whether a text that comes piece by piece begins as the model was told to decline."""

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
        alternatives: the likeliest tokens in the place of its first one, with their probabilities; may be empty.
    """

    text: str
    probability: float = 1.0
    alternatives: Mapping[str, float] = field(default_factory=dict)

    @property
    def token(self) -> Token:
        """As a generation yields it."""
        return Token(self.text, self.probability)


Said: TypeAlias = Generator[GeneratedPiece | Finish, None, None]


def watch_for_refusal(said: Iterator[GeneratedPiece | Finish], refusal: str, prompt_tokens: int) -> Iterator[Generated]:
    """Yields Begun, then what is said: nothing where that is, or begins with, the sentence ``refusal``.

    Pieces are held back only for as long as they may still come to that sentence.

    Args:
        said: pieces, then one Finish; read no further than needed.
        refusal: the sentence; whatever its capitals.
        prompt_tokens: what to count where it is not read to its Finish.
    """
    held: list[GeneratedPiece] = []
    finish: Finish | None = None
    text = ""
    for item in said:
        if isinstance(item, Finish):
            finish = item
            break
        held.append(item)
        text += item.text
        if not _may_come_to(text, refusal):
            break
    if _is(text, refusal) or (finish is not None and finish.reason == "length" and _is_cut(text, refusal)):
        yield RefusalProbability(1.0)
        yield finish or _end_of_declining(said, Usage(prompt_tokens, 0, len(held)))
        return
    yield RefusalProbability(refusal_probability(held[0].alternatives, refusal) if held else 0.0)
    for piece in held:
        yield piece.token
    if finish:
        yield finish
    for item in said:
        yield item.token if isinstance(item, GeneratedPiece) else item


def refusal_probability(alternatives: Mapping[str, float], refusal: str) -> float:
    """The probability, 0..1, of the first tokens that the sentence may begin with. Capitals count: "No" is none."""
    beginnings = (token for token in alternatives if token.strip() and refusal.startswith(token.lstrip()))
    return min(math.fsum(alternatives[token] for token in beginnings), 1.0)


def _may_come_to(text: str, refusal: str) -> bool:
    said = text.lstrip().casefold()
    return len(said) < len(refusal) and refusal.casefold().startswith(said)


def _is(text: str, refusal: str) -> bool:
    return text.lstrip().casefold().startswith(refusal.casefold())


def _is_cut(text: str, refusal: str) -> bool:
    """Whether it is whole words of the sentence's beginning, letter by letter: a lone "No" is an answer."""
    words = text.split()
    return bool(words) and refusal.split()[: len(words)] == words


def _end_of_declining(said: Iterator[GeneratedPiece | Finish], usage: Usage) -> Finish:
    """The end, which comes at once as a rule; a model that goes on to explain itself is not waited for."""
    for item in said:
        if isinstance(item, Finish):
            return replace(item, reason="stop")
        if any(map(str.isalnum, item.text)):
            break
    return Finish("stop", usage)
