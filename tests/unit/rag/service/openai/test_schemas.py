"""OpenAI schemas: question and history of a chat, refused options, completions and errors."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from rag.domain.values import Answer, Question, Sentence, Turn, Usage
from rag.errors import RequestFault
from rag.service.openai.errors import openai_error
from rag.service.openai.schemas import ChatBody, CompletionBody
from rag.service.page_links import PageLinks
from rag.service.problems import problem_fields
from rag.service.schemas.fields import MAX_HISTORY, MAX_QUESTION

ROOM = 1000


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def question_of(*messages: dict[str, Any], room: int = ROOM, **fields: Any) -> Question:
    return ChatBody.model_validate({"messages": messages, **fields}).to_domain(max_tokens=64, history_characters=room)


@pytest.mark.parametrize(
    ("messages", "question", "history"),
    [
        pytest.param([user("Why?")], "Why?", (), id="one message"),
        pytest.param([user(" Why?\n")], "Why?", (), id="spaces around it"),
        pytest.param(
            [user([{"type": "text", "text": "Why"}, {"type": "text", "text": "now?"}])], "Why\nnow?", (), id="parts"
        ),
        pytest.param(
            [{"role": "system", "content": "Be brief."}, {"role": "developer", "content": "x"}, user("Why?")],
            "Why?",
            (),
            id="instructions are ignored",
        ),
        pytest.param(
            [user("A?"), assistant("a."), user("B?"), assistant("b."), user("C?")],
            "C?",
            (Turn("A?", "a."), Turn("B?", "b.")),
            id="history",
        ),
        pytest.param(
            [user("A?"), user("B?"), assistant("b."), user("C?")], "C?", (Turn("B?", "b."),), id="no answer came"
        ),
        pytest.param(
            [user("A?"), assistant("a."), assistant("more"), user("B?")], "B?", (Turn("A?", "a."),), id="two answers"
        ),
        pytest.param([user("..."), assistant("a."), user("B?")], "B?", (), id="nothing was asked"),
        pytest.param([assistant("Hello."), user("A?")], "A?", (), id="the assistant greets"),
        pytest.param([user("A?"), assistant("so far")], "A?", (), id="an answer that was begun"),
        pytest.param([user("A?"), assistant(None), user("B?")], "B?", (Turn("A?", ""),), id="an answer without text"),
        pytest.param(
            [
                user("A?"),
                assistant("Blue. [1] Red. [2]\n\nSources:\n\n[1] a\\_b.pdf, page 1: “x”\n\n[2] y"),
                user("B?"),
            ],
            "B?",
            (Turn("A?", "Blue. Red."),),
            id="our own answers without their footnotes",
        ),
    ],
)
def test_question_and_history(messages: list[dict[str, Any]], question: str, history: tuple[Turn, ...]) -> None:
    assert question_of(*messages) == Question(question, (), history, 64)


@pytest.mark.parametrize(
    ("pairs", "room", "kept"),
    [
        pytest.param([("aaaa", "bbbb"), ("cccc", "dddd")], 16, [("aaaa", "bbbb"), ("cccc", "dddd")], id="all"),
        pytest.param(
            [("aaaa", "bbbb"), ("cccc", "dddd")], 13, [("aaaa", "b"), ("cccc", "dddd")], id="an answer is cut"
        ),
        pytest.param([("aaaa", "bbbb"), ("cccc", "dddd")], 11, [("cccc", "dddd")], id="a question is not"),
        pytest.param([("aaaa", "bbbb")], 0, [], id="no room"),
        pytest.param([("a", "b")] * (MAX_HISTORY + 3), ROOM, [("a", "b")] * MAX_HISTORY, id="too many"),
        pytest.param([("a", "b" * 9000)], 90_000, [("a", "b" * MAX_QUESTION)], id="a long answer"),
        pytest.param([("a" * 9000, "b")], 90_000, [("a" * MAX_QUESTION, "b")], id="a long question"),
    ],
)
def test_a_long_chat_is_cut(pairs: list[tuple[str, str]], room: int, kept: list[tuple[str, str]]) -> None:
    before = [message for asked, answered in pairs for message in (user(asked), assistant(answered))]
    assert question_of(*before, user("Why?"), room=room).history == tuple(Turn(*pair) for pair in kept)


@pytest.mark.parametrize(
    ("fields", "tokens"),
    [
        pytest.param({}, 64, id="the service's"),
        pytest.param({"max_tokens": 8}, 8, id="max_tokens"),
        pytest.param({"max_completion_tokens": 9, "max_tokens": 8}, 9, id="its newer name"),
        pytest.param({"max_tokens": 100_000}, 64, id="more than there is"),
    ],
)
def test_the_token_limit(fields: dict[str, Any], tokens: int) -> None:
    assert question_of(user("Why?"), **fields).max_tokens == tokens


def test_unsupported_options_without_effect_are_ignored() -> None:
    ignored: dict[str, Any] = {
        "model": "gpt-4o", "temperature": 0.7, "top_p": 0.9, "n": 1, "user": "u", "seed": 1, "stop": ["x"],
        "tools": [{"type": "function"}], "tool_choice": "auto", "parallel_tool_calls": True, "presence_penalty": 0,
        "logit_bias": {}, "response_format": {"type": "text"}, "logprobs": False, "modalities": ["text"],
        "stream": None, "max_tokens": None, "metadata": {"chat_id": "1"}, "store": False, "service_tier": "auto",
        "reasoning_effort": "low",
    }  # fmt: skip
    assert question_of({**user("Why?"), "name": "Ann"}, **ignored) == Question("Why?", (), (), 64)


@pytest.mark.parametrize(
    ("messages", "fields", "field"),
    [
        pytest.param([user("Why?")], {"n": 2}, "n", id="several answers"),
        pytest.param([user("Why?")], {"tool_choice": "required"}, "tool_choice", id="any tool"),
        pytest.param([user("Why?")], {"tool_choice": {"type": "function"}}, "tool_choice", id="a certain tool"),
        pytest.param([user("Why?")], {"response_format": {"type": "json_object"}}, "response_format", id="JSON"),
        pytest.param([user("Why?")], {"modalities": ["text", "audio"]}, "modalities", id="sound"),
        pytest.param([user("Why?")], {"logprobs": True}, "logprobs", id="probabilities"),
        pytest.param([user([{"type": "image_url", "image_url": {}}])], {}, "messages.0.content.0", id="picture"),
        pytest.param(
            [user([{"type": "input_audio"}]), assistant("a."), user("Why?")], {}, "messages.0.content.0", id="before"
        ),
        pytest.param([assistant("a.")], {}, "messages", id="nobody asks"),
        pytest.param([user("A?"), assistant("a."), user(" ")], {}, "messages.2.content", id="nothing is asked"),
        pytest.param([user("?!")], {}, "messages.0.content", id="no word"),
        pytest.param([user("x" * 4001)], {}, "messages.0.content", id="too long"),
    ],
)
def test_options_that_cannot_be_honoured_are_refused(
    messages: list[dict[str, Any]], fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(RequestFault) as refusal:
        question_of(*messages, **fields)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="no messages"),
        pytest.param({"messages": []}, id="empty"),
        pytest.param({"messages": [{"role": "king", "content": "x"}]}, id="unknown role"),
        pytest.param({"messages": [user("x")], "max_tokens": 0}, id="no tokens"),
    ],
)
def test_invalid_chats(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ChatBody.model_validate(body)


def test_a_completion() -> None:
    assistant = Sentence("Blue", "supported", ())
    answer = Answer("a1", "Why?", "Blue", True, "length", 0.9, (assistant,), (), "scripted", "000001", Usage(9, 4, 2))
    completion = CompletionBody.of(answer, 5, PageLinks()).model_dump()
    native = completion["choices"][0]["message"].pop("pageproof")
    assert (native["id"], native["answer"], native["model"]) == ("a1", "Blue", "scripted")
    assert completion == {
        "id": "chatcmpl-a1",
        "object": "chat.completion",
        "created": 5,
        "model": "pageproof",
        "system_fingerprint": "000001",
        "choices": (
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Blue", "refusal": None},
                "logprobs": None,
                "finish_reason": "length",
            },
        ),
        "usage": {
            "prompt_tokens": 9,
            "completion_tokens": 2,
            "total_tokens": 11,
            "prompt_tokens_details": {"cached_tokens": 4},
        },
    }


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        pytest.param(
            problem_fields(422, "n: wrong", "r1", errors=[{"field": "n", "message": "wrong"}]),
            400,
            {"message": "n: wrong", "type": "invalid_request_error", "param": "n", "code": None},
            id="a wrong field",
        ),
        pytest.param(
            problem_fields(422, "body: no JSON", "r1", errors=[{"field": "body", "message": "no JSON"}]),
            400,
            {"message": "body: no JSON", "type": "invalid_request_error", "param": None, "code": None},
            id="no JSON",
        ),
        pytest.param(
            problem_fields(401, "a key is needed", "r1"),
            401,
            {"message": "a key is needed", "type": "invalid_request_error", "param": None, "code": "invalid_api_key"},
            id="no key",
        ),
        pytest.param(
            problem_fields(503, "full", "r1", retry_after_seconds=3),
            503,
            {"message": "full", "type": "server_error", "param": None, "code": "service_unavailable"},
            id="no place",
        ),
        pytest.param(
            problem_fields(500, None, "r1"),
            500,
            {
                "message": "Internal Server Error; the log has it under r1",
                "type": "server_error",
                "param": None,
                "code": "internal_error",
            },
            id="a defect",
        ),
    ],
)
def test_errors(fields: dict[str, Any], status: int, error: dict[str, Any]) -> None:
    assert openai_error(fields) == (status, {"error": error})
