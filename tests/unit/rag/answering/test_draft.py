"""The draft and its generation, its yes/no calibration, and its self-check."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.draft import Draft, calibrate_yes_no, generate_draft, self_check
from rag.answering.prompt import NO, NOT_FOUND, YES, EvidencePrompt
from rag.domain.values import Usage
from rag.errors import Cancelled
from rag.models.llm.language_model import Finish, Generated, Message, Prompt, Token
from rag.runtime.cancellation import Cancellation
from rag.testing import ScriptedModel


@dataclass
class InPieces(ScriptedModel):
    """Generates its replies as tokens."""

    def generate(self, prompt: Prompt, **_options: Any) -> Iterator[Generated]:
        yield from (Token(reply) for reply in self.replies)
        yield Finish("stop", Usage(prompt.length, 0, len(self.replies)))


CHAT = (Message("system", "Answer."), Message("user", "Is the lid blue?"))
probabilities = st.floats(0, 1)


def draft_of(*tokens: tuple[str, float], refusal_probability: float = 0.0) -> Draft:
    draft = Draft(refusal_probability=refusal_probability)
    for text, probability in tokens:
        draft.add(Token(text, probability))
    return draft


class TestDraft:
    def test_tokens_in_their_order(self) -> None:
        draft = draft_of(("The lid", 0.5), (" is blue", 0.125))
        assert draft.text == "The lid is blue"
        assert draft.certainty == pytest.approx(0.25)
        assert not draft.is_empty

    @pytest.mark.parametrize("draft", [Draft(), draft_of((" \n", 1.0))], ids=["no token", "blank"])
    def test_empty(self, draft: Draft) -> None:
        assert draft.is_empty

    def test_without_tokens(self) -> None:
        assert Draft().certainty == 0.0

    @given(st.lists(probabilities, min_size=1, max_size=9))
    def test_certainty_is_between_the_lowest_and_the_highest(self, given_probabilities: list[float]) -> None:
        draft = draft_of(*(("x", probability) for probability in given_probabilities))
        assert min(given_probabilities, default=0.0) - 1e-5 <= draft.certainty <= max(*given_probabilities, 1e-6) + 1e-9


class TestGenerateDraft:
    PROMPT = EvidencePrompt(CHAT, (), "blue lid")

    def generate(self, model: ScriptedModel, max_tokens: int = 9, cancelled: Cancellation | None = None) -> Draft:
        draft = Draft()
        for _ in generate_draft(
            model, self.PROMPT, draft, max_tokens=max_tokens, vocabulary="blue", cancelled=cancelled or Cancellation()
        ):
            pass
        return draft

    def test_the_draft_of_a_chat(self) -> None:
        model = ScriptedModel(["The lid is blue."])
        draft = self.generate(model)
        assert (draft.text, draft.refusal_probability) == ("The lid is blue. ", 0.0)
        assert draft.prompt == model.prompt(CHAT)
        assert draft.finish == Finish("stop", Usage(draft.prompt.length, 0, 4))
        assert (tuple(model.chats[0]), model.wordings) == (CHAT, ["blue"])

    def test_the_refusal_is_no_text(self) -> None:
        draft = self.generate(ScriptedModel([NOT_FOUND]))
        assert (draft.refusal_probability, draft.is_empty) == (1.0, True)
        draft = self.generate(ScriptedModel([f"{NOT_FOUND} Blue."]))
        assert (draft.refusal_probability, draft.text) == (1.0, "Blue. ")

    def test_at_most_so_many_tokens(self) -> None:
        draft = self.generate(ScriptedModel(["The lid is blue."]), max_tokens=2)
        assert (draft.text, draft.finish.reason) == ("The lid ", "length")

    def test_yields_the_text_at_the_first_token_where_a_sentence_or_line_may_end_and_at_last(self) -> None:
        model = InPieces(["One", " two", ".\n", "Three", " four.", "\n\nFive"])
        texts = generate_draft(model, self.PROMPT, Draft(), max_tokens=9, vocabulary=None, cancelled=Cancellation())
        assert list(texts) == [
            "One",
            "One two.\n",
            "One two.\nThree four.",
            (whole := "One two.\nThree four.\n\nFive"),
            whole,
        ]

    def test_ends_where_the_model_goes_round_in_a_loop(self) -> None:
        draft = self.generate(ScriptedModel(["The blue lid is on. " * 9]), max_tokens=99)
        assert draft.text.split() == ("The blue lid is on. " * 3).split()
        assert draft.finish == Finish("stop", Usage(draft.prompt.length if draft.prompt else 0, 0, 15))

    def test_can_be_cancelled(self) -> None:
        cancellation = Cancellation()
        cancellation.cancel()
        with pytest.raises(Cancelled):
            self.generate(ScriptedModel(["Blue."]), cancelled=cancellation)


class TestCalibrateYesNo:
    @pytest.mark.parametrize(
        ("word", "probability", "yes_bias", "expected"),
        [
            pytest.param("Yes", 0.9, 0.0, "Yes", id="yes"),
            pytest.param("No", 0.9, 0.0, "No", id="no"),
            pytest.param("Yes", 0.7, math.log(9), "No", id="yes, below its bias"),
            pytest.param("Yes", 0.95, math.log(9), "Yes", id="yes, above its bias"),
            pytest.param("No", 0.6, -1.0, "Yes", id="a model biased to no"),
            pytest.param(" yes ", 0.9, 0.0, "Yes", id="spelt otherwise"),
        ],
    )
    def test_the_likelier_one_without_the_bias(
        self, word: str, probability: float, yes_bias: float, expected: str
    ) -> None:
        draft = draft_of((word, probability))
        draft.finish = Finish("length", Usage(9, 0, 1))
        calibrate_yes_no(draft, yes_bias)
        assert draft.text == expected
        assert draft.finish == Finish("stop", Usage(9, 0, 1))
        log_odds = math.log(probability / (1 - probability)) * (1 if word.strip().lower() == "yes" else -1) - yes_bias
        assert draft.certainty == pytest.approx(1 / (1 + math.exp(-abs(log_odds))))

    @given(st.sampled_from(["Yes", "No"]), probabilities, st.floats(-5, 5), probabilities)
    def test_is_at_least_even(self, word: str, probability: float, yes_bias: float, refusal_probability: float) -> None:
        draft = draft_of((word, probability), refusal_probability=refusal_probability)
        calibrate_yes_no(draft, yes_bias)
        assert draft.text in (YES[0], NO[0])
        assert 0.5 <= draft.certainty <= 1.0

    @pytest.mark.parametrize("text", ["", "Blue", "Yes, it is"])
    def test_another_text_stays(self, text: str) -> None:
        draft = draft_of((text, 0.3))
        calibrate_yes_no(draft, 1.0)
        assert (draft.text, draft.probabilities) == (text, [0.3])


class TestSelfCheck:
    def test_asks_in_the_same_chat(self) -> None:
        model = ScriptedModel([""], assent=0.7)
        assert self_check(model, CHAT, draft_of(("Blue.", 1.0)), Cancellation()) == 0.7
        assert tuple(model.chats[-1][:2]) == CHAT
        assert model.chats[-1][2] == Message("assistant", "Blue.")
        assert model.chats[-1][3].role == "user"
        assert model.choices == [(YES, NO)]

    def test_is_one_half_where_the_context_is_full(self) -> None:
        model = ScriptedModel([""], context_tokens=8)
        assert self_check(model, CHAT, draft_of(("Blue.", 1.0)), Cancellation()) == 0.5
        assert model.choices == []

    def test_can_be_cancelled(self) -> None:
        cancellation = Cancellation()
        cancellation.cancel()
        with pytest.raises(Cancelled):
            self_check(ScriptedModel([""], seconds_to_assent=9), CHAT, draft_of(("Blue.", 1.0)), cancellation)
