"""Vocabulary mask, refusal probability and yes/no scoring with a real model."""

from __future__ import annotations

import threading

import pytest

from rag.answering.answerer import Answerer
from rag.answering.prompt import NO, NOT_FOUND, YES
from rag.errors import Cancelled, PromptTooLong
from rag.models.llm.language_model import Finish, LanguageModel, Message, RefusalProbability, Token
from rag.models.llm.local_model import LlamaCppModel
from rag.runtime.cancellation import Cancellation

pytestmark = pytest.mark.real_models

PASSAGE = "# Manual\nThe Bittern 6 takes 2.8 litres of oil, and the Bittern 9 takes 4.1 litres.\n\n"
WORDS = PASSAGE + "Question: How much oil does the Bittern 9 take?\n, . Yes No"


def generated_by(model: LanguageModel, text: str, **options: str) -> tuple[RefusalProbability | None, str, Finish]:
    generated = list(
        model.generate(model.prompt([Message("user", text)]), max_tokens=16, cancelled=Cancellation(), **options)
    )
    begun = generated[0] if isinstance(generated[0], RefusalProbability) else None
    finish = generated[-1]
    assert isinstance(finish, Finish)
    assert not [each for each in generated[1:] if isinstance(each, RefusalProbability)]
    return begun, "".join(each.text for each in generated if isinstance(each, Token)), finish


@pytest.mark.parametrize("text", ["How much oil does the Bittern 9 take?", "Write a poem about Paris.", "灯台?"])
def test_a_vocabulary_mask_allows_only_its_tokens(answerer: Answerer, text: str) -> None:
    _, free, _ = generated_by(answerer.model, PASSAGE + text)
    _, held, _ = generated_by(answerer.model, PASSAGE + text, vocabulary=WORDS)
    assert free
    assert isinstance(answerer.model, LlamaCppModel)
    allowed = set(answerer.model._vocabulary.mask(WORDS).tolist())
    # Text may be spelt with other tokens than those of the words, so its letters are compared.
    pieces = {answerer.model._vocabulary.piece(token) for token in allowed}
    assert all(any(letter.encode() in piece for piece in pieces) for letter in held)


def test_the_refusal_is_never_generated_and_its_probability_is_yielded(answerer: Answerer) -> None:
    text = f"Reply with exactly: {NOT_FOUND}"
    free = generated_by(answerer.model, text)
    assert free[0] is None
    begun, answer, _ = generated_by(answerer.model, text, refusal=NOT_FOUND)
    assert begun is not None
    assert 0.0 < begun.refusal_probability <= 1.0
    assert not answer.startswith(NOT_FOUND)
    if free[1].startswith(NOT_FOUND):
        assert begun.refusal_probability > 0.1
    # With the only word of the vocabulary banned, nothing is left.
    assert not generated_by(answerer.model, text, refusal="Blue", vocabulary="Blue")[1].startswith("Blue")


def test_a_score_is_the_same_for_both_directions(answerer: Answerer) -> None:
    model = answerer.model
    prompt = model.prompt([Message("user", f"{PASSAGE}Does the Bittern 9 take oil? Answer Yes or No.")])
    chance = model.chance(prompt, YES, NO, Cancellation())
    assert 0.0 < chance < 1.0
    again = model.chance(prompt, YES, NO, Cancellation())
    assert model.chance(prompt, NO, YES, Cancellation()) == pytest.approx(1 - again, abs=1e-6)


def test_scoring_in_between_leaves_the_next_answer_the_same(answerer: Answerer) -> None:
    text = f"{PASSAGE}How much oil does the Bittern 9 take?"
    first = generated_by(answerer.model, text, vocabulary=WORDS, refusal=NOT_FOUND)
    chat = [Message("user", text), Message("assistant", first[1]), Message("user", "Is it so?")]
    answerer.model.chance(answerer.model.prompt(chat), YES, NO, Cancellation())
    again = generated_by(answerer.model, text, vocabulary=WORDS, refusal=NOT_FOUND)
    assert (again[0], again[1]) == (first[0], first[1])
    assert again[2].usage.cached_tokens > 0


def test_scoring_can_be_cancelled(answerer: Answerer) -> None:
    expected = generated_by(answerer.model, "Name a colour.")[1]
    cancellation = Cancellation()
    threading.Timer(0.2, cancellation.cancel).start()
    with pytest.raises(Cancelled):
        answerer.model.chance(answerer.model.prompt([Message("user", "fog signal " * 900)]), YES, NO, cancellation)
    assert generated_by(answerer.model, "Name a colour.")[1] == expected


def test_scoring_a_prompt_that_does_not_fit_is_refused(answerer: Answerer) -> None:
    with pytest.raises(PromptTooLong):
        answerer.model.chance(answerer.model.prompt([Message("user", "fog " * 3000)]), YES, NO, Cancellation())
