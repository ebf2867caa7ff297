"""Question restating: formal words, and what is no restatement."""

from __future__ import annotations

import pytest

from rag.domain.values import Usage
from rag.query.rewording.restating import restated
from rag.runtime.cancellation import Cancellation
from rag.testing import ScriptedModel

ASKED = "I just bought a new car. Is it covered?"


@pytest.mark.parametrize(
    ("asked", "reply", "expected"),
    [
        pytest.param(ASKED, "Is a newly acquired auto covered?", "Is a newly acquired auto covered?", id="other words"),
        pytest.param(
            ASKED, "Is a newly acquired auto covered? Yes, it is.", "Is a newly acquired auto covered?", id="an answer"
        ),
        pytest.param(ASKED, "Is it covered?", None, id="no other words"),
        pytest.param(ASKED, "", None, id="nothing"),
        pytest.param("Does the TR-60 come with a lid?", "Is a cover supplied?", None, id="an identifier is lost"),
        pytest.param("What if I am away for 14 days?", "What follows from absence?", None, id="a number is lost"),
        pytest.param("When can Square Two Golf quit?", "When can the company withdraw?", None, id="a name is lost"),
        pytest.param("Has a TR-60 a lid?", "Is a TR-60 covered?", "Is a TR-60 covered?", id="an identifier is kept"),
    ],
)
def test_restated(asked: str, reply: str, expected: str | None) -> None:
    assert restated(asked, ScriptedModel([reply]), Cancellation())[0] == expected


def test_tokens_are_counted() -> None:
    assert restated(ASKED, ScriptedModel(["Is an acquired auto covered?"]), Cancellation())[1].completion_tokens == 5


def test_a_long_question_is_not_restated() -> None:
    model = ScriptedModel(["Is an acquired auto covered?"])
    assert restated(ASKED * 20, model, Cancellation()) == (None, Usage())
    assert model.chats == []
