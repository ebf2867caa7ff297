"""What the model says, before any of it is believed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from rag.cancellation import Cancellation
from rag.domain import Usage
from rag.generation import Finish, LanguageModel, Message, Prompt, Token
from rag.prompt import AFFIRM, NO, YES


@dataclass
class Draft:
    """What the model has said so far.

    Attributes:
        prompt: what it was asked; None while it was not.
        declined: the probability, 0..1, that it would have declined to answer.
        probabilities: what it gave each token, 0..1.
    """

    prompt: Prompt | None = None
    declined: float = 0.0
    text: str = ""
    probabilities: list[float] = field(default_factory=list)
    finish: Finish = field(default_factory=lambda: Finish("stop", Usage()))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said."""
        return not self.text.strip()

    @property
    def certainty(self) -> float:
        """Geometric mean of the tokens' probabilities, 0..1; 0 for no token."""
        logs = [math.log(max(p, 1e-6)) for p in self.probabilities]
        return math.exp(sum(logs) / len(logs)) if logs else 0.0

    @property
    def lowest(self) -> float:
        """The least of the tokens' probabilities, 0..1; 0 for no token."""
        return min(self.probabilities, default=0.0)

    def add(self, token: Token) -> None:
        """One more token."""
        self.text += token.text
        self.probabilities.append(token.probability)


def affirmed(model: LanguageModel, chat: tuple[Message, ...], draft: Draft, cancelled: Cancellation) -> float:
    """The probability, 0..1, that the model says yes rather than no when asked whether the passages say so.

    The question follows the draft in the same chat, so that only its own few tokens have to be read. Where the model's
    context has no room for them it is one half: nothing is known.

    Raises:
        Cancelled: ``cancelled`` was called.
        ModelUnusable: the model failed.
    """
    prompt = model.prompt((*chat, Message("assistant", draft.text), Message("user", AFFIRM)))
    if len(prompt.tokens) > model.context_tokens:
        return 0.5
    return model.chance(prompt, YES, NO, cancelled)
