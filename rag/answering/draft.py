"""What the model says, before any of it is believed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from rag.answering.confidence import log_odds
from rag.answering.prompt import NO, SELF_CHECK, YES
from rag.domain.values import Usage
from rag.models.llm.language_model import Finish, LanguageModel, Message, Prompt, Token
from rag.runtime.cancellation import Cancellation


@dataclass
class Draft:
    """What the model has said so far.

    Attributes:
        prompt: what it was asked; None while it was not.
        declined: the probability, 0..1, that it would have declined to answer.
        probabilities: what it gave each token, 0..1; once :func:`calibrate_yes_no` has decided, that of its decision.
    """

    prompt: Prompt | None = None
    refusal_probability: float = 0.0
    text: str = ""
    probabilities: list[float] = field(default_factory=list)
    finish: Finish = field(default_factory=lambda: Finish("stop", Usage()))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said."""
        return not self.text.strip()

    @property
    def is_likely(self) -> bool:
        """Whether the model would rather say it than decline: what it would not is shown to nobody unverified."""
        return self.refusal_probability < 0.5

    @property
    def certainty(self) -> float:
        """Geometric mean of the tokens' probabilities, 0..1; 0 for no token."""
        logs = [math.log(max(p, 1e-6)) for p in self.probabilities]
        return math.exp(sum(logs) / len(logs)) if logs else 0.0

    def add(self, token: Token) -> None:
        """One more token."""
        self.text += token.text
        self.probabilities.append(token.probability)


def calibrate_yes_no(draft: Draft, yes_bias: float) -> None:
    """Makes a draft of one word, yes or no, the likelier of the two once the model's liking for yes is taken out.

    A model says yes too readily, whatever it reads (Zhao et al., Calibrate Before Use, 2021): ``yes_bias`` is the log-odds
    of its yes where yes and no are equally often right.
    """
    said = draft.text.strip().casefold()
    if said not in ("yes", "no"):
        return
    # What is neither yes nor no hardly counts after a yes/no question.
    yes = draft.certainty if said == "yes" else 1 - draft.certainty
    unbiased = log_odds(yes) - yes_bias
    draft.text = YES[0] if unbiased >= 0 else NO[0]
    draft.probabilities = [1 / (1 + math.exp(-abs(unbiased)))]
    draft.finish = replace(draft.finish, reason="stop")


def self_check(model: LanguageModel, chat: tuple[Message, ...], draft: Draft, cancelled: Cancellation) -> float:
    """The probability, 0..1, that the model says yes rather than no when asked whether the passages say so.

    The question follows the draft in the same chat, so that only its own few tokens have to be read. Where the model's
    context has no room for them it is one half: nothing is known.

    Raises:
        Cancelled: ``cancelled`` was called.
        ModelError: the model failed.
    """
    prompt = model.prompt((*chat, Message("assistant", draft.text), Message("user", SELF_CHECK)))
    if prompt.length > model.context_tokens:
        return 0.5
    return model.chance(prompt, YES, NO, cancelled)
