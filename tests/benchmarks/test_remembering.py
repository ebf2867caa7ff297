"""A language model that remembers: the same again without the model, in this run and the next."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from benchmarks.journal import Journal
from benchmarks.remembering import RememberingModel
from rag.errors import PromptTooLong
from rag.models.llm.language_model import Finish, Generated, Message, RefusalProbability, Token
from rag.runtime.cancellation import Cancellation
from rag.testing import ScriptedModel

CHAT = [Message("user", "How long is the warranty?")]


def said(
    model: RememberingModel, chat: list[Message] = CHAT, most: int | None = None, **held_to: str
) -> list[Generated]:
    generation = model.generate(model.prompt(chat), max_tokens=9, cancelled=Cancellation(), **held_to)
    pieces = list(islice(generation, most))
    generation.close()  # type: ignore[attr-defined]
    return pieces


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "new" / "drafts.jsonl")


def test_a_generation_is_asked_for_once(journal: Journal) -> None:
    scripted = ScriptedModel(["I do not know. It is 24 months.", "It is 12 months."])
    first = said(RememberingModel(scripted, journal), refusal="I do not know.")
    assert first[0] == RefusalProbability(1.0)
    assert first[1:-1] == [Token(word + " ") for word in "It is 24 months.".split()]
    assert isinstance(first[-1], Finish)
    model = RememberingModel(scripted, Journal(journal.path))
    assert said(model, refusal="I do not know.") == said(model, refusal="I do not know.") == first
    assert scripted.wordings == [None]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"chat": [Message("user", "How much is the pump?")]}, id="prompt"),
        pytest.param({"vocabulary": "pump"}, id="vocabulary"),
        pytest.param({"refusal": "No."}, id="refusal"),
    ],
)
def test_another_request_is_another_generation(journal: Journal, other: dict[str, object]) -> None:
    model = RememberingModel(ScriptedModel(["It is 24 months.", "It is 12 months."]), journal)
    assert said(model) != said(model, **other)  # type: ignore[arg-type]


def test_another_model_says_it_by_itself(journal: Journal) -> None:
    said(RememberingModel(ScriptedModel(["It is 24 months."]), journal))
    other = RememberingModel(ScriptedModel(["It is 12 months."], name="other"), journal)
    assert Token("12 ") in said(other)


def test_a_generation_that_was_broken_off_goes_on(journal: Journal) -> None:
    scripted = ScriptedModel(["It is 24 months."])
    start = said(RememberingModel(scripted, journal), most=2)
    again = RememberingModel(scripted, journal)
    assert said(again, most=2) == start
    assert len(scripted.wordings) == 1
    whole = said(again)
    assert [piece.text for piece in whole if isinstance(piece, Token)] == ["It ", "is ", "24 ", "months. "]
    assert len(scripted.wordings) == 2
    assert said(RememberingModel(scripted, journal)) == whole
    assert len(scripted.wordings) == 2


def test_what_failed_is_tried_again(journal: Journal) -> None:
    scripted = ScriptedModel(["It is 24 months."], context_tokens=5)
    model = RememberingModel(scripted, journal)
    with pytest.raises(PromptTooLong):
        said(model)
    assert journal.rows() == []
    scripted.context_tokens = 50
    assert len(said(model)) == 5


def test_a_chance_is_asked_for_once(journal: Journal) -> None:
    scripted = ScriptedModel([""], assent=0.25)

    def chance(yes: str) -> float:
        model = RememberingModel(scripted, Journal(journal.path))
        return model.chance(model.prompt(CHAT), [yes], ["no"], Cancellation())

    assert chance("yes") == chance("yes") == 0.25
    assert scripted.choices == [(("yes",), ("no",))]
    assert chance("true") == 0.25
    assert len(scripted.choices) == 2


def test_the_rest_is_the_models_own(journal: Journal) -> None:
    scripted = ScriptedModel([""], context_tokens=77)
    model = RememberingModel(scripted, journal)
    assert (model.name, model.context_tokens, model.count_tokens("a b")) == ("scripted", 77, 2)
    model.close()
    assert scripted.closed
