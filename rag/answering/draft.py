"""The model's draft answer before verification: generation, yes/no calibration, and self-check by P(True)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from rag.answering.prompt import NO, NOT_FOUND, SELF_CHECK, YES, EvidencePrompt
from rag.answering.usefulness.pointers import ends_in_a_loop, repeats_itself
from rag.domain.probability import log_odds, logistic
from rag.domain.values import Usage
from rag.models.llm.language_model import Finish, LanguageModel, Message, Prompt, RefusalProbability, Token
from rag.runtime.cancellation import Cancellation
from rag.text.sentences import SENTENCE_ENDS

# Characters with which a sentence or a line ends.
_ENDS: Final = f"{SENTENCE_ENDS}\n"


@dataclass
class Draft:
    """A draft answer as it is generated.

    Attributes:
        prompt: None until the model is asked.
        refusal_probability: the probability, 0..1, that the model refuses to answer.
        probabilities: of each token, 0..1; after :func:`calibrate_yes_no` the one probability of its decision.
        finish: why generation stopped, and the tokens it took.
    """

    prompt: Prompt | None = None
    refusal_probability: float = 0.0
    text: str = ""
    probabilities: list[float] = field(default_factory=list)
    finish: Finish = field(default_factory=lambda: Finish("stop", Usage()))

    @property
    def is_empty(self) -> bool:
        """True where the text has nothing but white space."""
        return not self.text.strip()

    @property
    def certainty(self) -> float:
        """Geometric mean of the tokens' probabilities, 0..1; 0 for no token."""
        logs = [math.log(max(p, 1e-6)) for p in self.probabilities]
        return math.exp(sum(logs) / len(logs)) if logs else 0.0

    def add(self, token: Token) -> None:
        """Appends a token."""
        self.text += token.text
        self.probabilities.append(token.probability)


def generate_draft(
    model: LanguageModel,
    prompt: EvidencePrompt,
    draft: Draft,
    *,
    max_tokens: int,
    vocabulary: str | None,
    cancelled: Cancellation,
) -> Iterator[str]:
    """Generates into a draft; yields its text so far at the first token and where a sentence or line may end, then all.

    Ends where the model goes round in a loop.

    Raises:
        Cancelled: ``cancelled`` was called.
        ModelError: the model failed.
    """
    draft.prompt = model.prompt(prompt.chat)
    generated = model.generate(
        draft.prompt, max_tokens=max_tokens, cancelled=cancelled, vocabulary=vocabulary, refusal=NOT_FOUND
    )
    for piece in generated:
        if isinstance(piece, RefusalProbability):
            draft.refusal_probability = piece.refusal_probability
        elif isinstance(piece, Finish):
            draft.finish = piece
        else:
            draft.add(piece)
            may_end = any(end in piece.text for end in _ENDS)
            if len(draft.probabilities) == 1 or may_end:
                yield draft.text
            if ends_in_a_loop(draft.text) or (may_end and repeats_itself(draft.text)):
                draft.finish = Finish("stop", Usage(draft.prompt.length, 0, len(draft.probabilities)))
                break
    yield draft.text


def calibrate_yes_no(draft: Draft, yes_bias: float) -> None:
    """Contextual calibration of a yes/no draft: replaces it by the likelier of the two without the model's yes bias.

    A model says yes too readily, whatever it reads (Zhao et al., Calibrate Before Use, 2021): ``yes_bias`` is the
    log-odds of its yes where yes and no are equally often right. A draft of any other text stays as it is.
    """
    word = draft.text.strip().casefold()
    if word not in ("yes", "no"):
        return
    # After a yes/no question, other tokens than yes and no have almost no probability.
    yes = draft.certainty if word == "yes" else 1 - draft.certainty
    unbiased = log_odds(yes) - yes_bias
    draft.text = YES[0] if unbiased >= 0 else NO[0]
    draft.probabilities = [logistic(abs(unbiased))]
    draft.finish = replace(draft.finish, reason="stop")


def self_check(model: LanguageModel, chat: tuple[Message, ...], draft: Draft, cancelled: Cancellation) -> float:
    """P(True) of the draft, 0..1: the model says yes rather than no when asked whether the passages say so.

    From Kadavath et al., Language Models (Mostly) Know What They Know, 2022. The question follows the draft in the same
    chat, so that only its own few tokens are prefilled. One half where the model's context has no room for them.

    Raises:
        Cancelled: ``cancelled`` was called.
        ModelError: the model failed.
    """
    prompt = model.prompt((*chat, Message("assistant", draft.text), Message("user", SELF_CHECK)))
    if prompt.length > model.context_tokens:
        return 0.5
    return model.chance(prompt, YES, NO, cancelled)
