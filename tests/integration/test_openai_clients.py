"""OpenAI-compatible API with real clients (openai, langchain-openai) on a real socket."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import openai
import pytest
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessageParam
from pydantic import SecretStr

from ingest.discovery import discover
from rag.answering.prompt import NOT_FOUND
from rag.service import answer_task
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.fakes import ingest_job, make_pdf
from tests.integration.conftest import GatedModel, Running, post, python_blocks, wait_until

QUESTION = "What does a berth cost for a night?"
REPLY = "A berth costs 24 euros for each night. The mayor pays half of it in gold. Electricity is included in the fee."
SAID = "A berth costs 24 euros for each night. [1] Electricity is included in the fee. [2]"
NOTES = [
    "[1] harbour.pdf, page 2: “A berth costs 24 euros for each night.”",
    "[2] harbour.pdf, page 2: “A berth costs 24 euros for each night. Electricity is included in the fee.”",
]
TEXT = "\n\n".join([SAID, "Sources:", *NOTES])
ASKED: list[ChatCompletionMessageParam] = [{"role": "user", "content": QUESTION}]


@pytest.fixture
def service(serve: Callable[..., Running]) -> Running:
    return serve(ScriptedModel([REPLY]), parallel=2)


def client_of(service: Running, key: str = "none", **options: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{service.url}/v1", api_key=key, max_retries=0, **options)


@pytest.fixture
def client(service: Running) -> Iterator[openai.OpenAI]:
    with client_of(service) as client:
        yield client


def extra(of: ChatCompletion | ChatCompletionChunk) -> Any:
    """Our field ``pageproof``, which the client keeps as an extra field."""
    holder = of.choices[0].message if isinstance(of, ChatCompletion) else of
    assert holder.model_extra is not None
    return holder.model_extra["pageproof"]


def test_models(client: openai.OpenAI) -> None:
    assert [(model.id, model.object, model.owned_by) for model in client.models.list()] == [
        ("pageproof", "model", "pageproof")
    ]
    assert client.models.retrieve("pageproof").id == "pageproof"
    with pytest.raises(openai.NotFoundError, match="there is no model gpt/4; the only one is pageproof"):
        client.models.retrieve("gpt/4")


def test_an_answer_has_footnotes_and_itself(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(model="pageproof", messages=ASKED, temperature=0.3, user="u")
    (choice,) = completion.choices
    assert choice.message.content == TEXT
    assert (choice.finish_reason, choice.message.role, completion.model) == ("stop", "assistant", "pageproof")
    native = extra(completion)
    assert [(s["text"], s["citations"]) for s in native["sentences"] if s["verdict"] == "supported"] == [
        ("A berth costs 24 euros for each night.", [1]),
        ("Electricity is included in the fee.", [2]),
    ]
    assert [s["text"] for s in native["sentences"] if s["verdict"] == "unsupported"] == [
        "The mayor pays half of it in gold."
    ]
    assert completion.id == f"chatcmpl-{native['id']}"
    assert completion.system_fingerprint == native["index"]
    assert completion.usage is not None
    assert completion.usage.completion_tokens == native["usage"]["completion_tokens"] == 44
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + 44
    assert abs(completion.created - time.time()) < 60
    assert completion._request_id


@pytest.mark.parametrize("usage", [False, True], ids=["without usage", "with usage"])
def test_a_stream_has_verified_text_alone(client: openai.OpenAI, service: Running, usage: bool) -> None:
    options: Any = {"stream_options": {"include_usage": True}} if usage else {}
    chunks = list(client.chat.completions.create(model="x", messages=ASKED, stream=True, **options))
    assert len({chunk.id for chunk in chunks}) == 1
    if usage:
        *chunks, last = chunks
        assert not last.choices
        assert last.usage is not None
        assert last.usage.completion_tokens == 44
    assert all(chunk.usage is None for chunk in chunks)
    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert (deltas[0].role, deltas[0].content) == ("assistant", "")
    assert [delta.content for delta in deltas[1:-1]] == [
        "A berth costs 24 euros for each night. [1]",
        " Electricity is included in the fee. [2]",
        f"\n\nSources:\n\n{NOTES[0]}",
        f"\n\n{NOTES[1]}",
    ]
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * 5 + ["stop"]
    assert extra(chunks[-1])["citations"][0]["document"] == "harbour.pdf"
    metrics = httpx.get(f"{service.url}/metrics", timeout=60).text
    assert 'pageproof_answers_total{outcome="answered"} 1.0' in metrics
    assert 'pageproof_requests_total{route="/v1/chat/completions",status="200"} 1.0' in metrics


def test_on_the_wire_a_stream_is_comments_chunks_and_done(service: Running) -> None:
    body = {"messages": ASKED, "stream": True}
    response = httpx.post(f"{service.url}/v1/chat/completions", json=body, timeout=60)
    assert response.headers["content-type"].startswith("text/event-stream")
    *events, done, rest = response.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    assert events[0] == ":"
    chunks = [json.loads(event.removeprefix("data: ")) for event in events if event.startswith("data: ")]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert "usage" not in chunks[0]


def test_an_abstention_is_an_answer(service: Running, client: openai.OpenAI) -> None:
    service.model.replies = [NOT_FOUND]
    completion = client.chat.completions.create(model="pageproof", messages=ASKED)
    said, heading, *notes = (completion.choices[0].message.content or "").split("\n\n")
    assert (said, heading) == ("The documents do not answer this question.", "Nearest passages:")
    assert notes[0] == NOTES[0]
    assert extra(completion)["answered"] is False


def test_a_picture_that_a_document_asks_for_stays_text(
    documents: Path, index: Path, serve: Callable[..., Running]
) -> None:
    said = "A berth costs 30 euros ![x](https://evil.example/x.png?q=berth) <img src=//evil.example> for each night."
    make_pdf(documents / "a](b).pdf", [said])
    ingest_job(index, BagOfWordsEncoder()).run(discover([documents]))
    with client_of(serve(ScriptedModel([f"{said} It is so."]))) as client:
        completion = client.chat.completions.create(model="x", messages=ASKED)
    native = extra(completion)
    assert native["citations"][0]["quote"] == said
    text = completion.choices[0].message.content or ""
    assert r"![x]\(https:\//evil.example/x.png?q=berth) \<img src=//evil.example> for each night." in text
    assert r"[1] a]\(b).pdf, page 1: “" in text
    assert "](" not in text
    assert "://" not in text


def test_earlier_turns_are_history_without_their_footnotes(service: Running, client: openai.OpenAI) -> None:
    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": "You are a pirate."},
        *ASKED,
        {"role": "assistant", "content": TEXT},
        {"role": "user", "content": [{"type": "text", "text": "And in which building?"}]},
    ]
    completion = client.chat.completions.create(model="pageproof", messages=messages)
    assert extra(completion)["question"] == "And in which building?"
    said = "\n".join(message.text for chat in service.model.chats for message in chat)
    assert f"Q: {QUESTION}\nA: A berth costs 24 euros for each night." in said
    assert "Sources:" not in said
    assert "pirate" not in said


def test_a_long_chat_is_cut_and_answered(client: openai.OpenAI) -> None:
    answered: ChatCompletionMessageParam = {"role": "assistant", "content": f"{SAID} " * 20}
    turns = [ASKED[0], answered] * 60
    completion = client.chat.completions.create(
        model="pageproof", messages=[*turns, {"role": "user", "content": "And in which building?"}]
    )
    assert extra(completion)["question"] == "And in which building?"


def test_max_tokens(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(model="pageproof", messages=ASKED, max_completion_tokens=8)
    assert completion.choices[0].finish_reason == "length"
    assert extra(completion)["usage"]["completion_tokens"] == 8 + 22


def test_keys(serve: Callable[..., Running]) -> None:
    service = serve(ScriptedModel([REPLY]), api_keys=[SecretStr("right")])
    with client_of(service, "wrong") as stranger, client_of(service, "right") as known:
        for call in (
            stranger.models.list,
            lambda: stranger.models.retrieve("pageproof"),
            lambda: stranger.chat.completions.create(model="x", messages=ASKED),
        ):
            with pytest.raises(openai.AuthenticationError) as refusal:
                call()
            assert (refusal.value.code, refusal.value.type) == ("invalid_api_key", "invalid_request_error")
        assert known.chat.completions.create(model="x", messages=ASKED).choices[0].message.content == TEXT
        assert known.models.list().data


def test_a_bad_request_names_the_field(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="n cannot be honoured") as refusal:
        client.chat.completions.create(model="x", messages=ASKED, n=2)
    assert (refusal.value.param, refusal.value.type) == ("n", "invalid_request_error")
    with pytest.raises(openai.BadRequestError) as refusal:
        client.chat.completions.create(model="x", messages=[])
    assert refusal.value.param == "messages"


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        pytest.param("POST", "/v1/chat/completions", b"{", 400, id="no JSON"),
        pytest.param("GET", "/v1/chat/completions", b"", 405, id="another method"),
        pytest.param("POST", "/v1/embeddings", b"{}", 404, id="no such route"),
        pytest.param("POST", "/v1/chat/completions", b"x" * 300_000, 413, id="too large"),
    ],
)
def test_every_error_is_of_openais_form(service: Running, method: str, path: str, content: bytes, status: int) -> None:
    headers = {"content-type": "application/json"}
    response = httpx.request(method, service.url + path, content=content, headers=headers, timeout=60)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/json")
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    assert response.headers["x-request-id"]


def test_an_internal_error_shows_only_its_request_id(service: Running, client: openai.OpenAI) -> None:
    service.model.replies.clear()  # the fake fails with an IndexError
    with pytest.raises(openai.InternalServerError) as failure:
        client.chat.completions.create(model="x", messages=ASKED)
    assert failure.value.request_id
    assert failure.value.request_id in failure.value.message
    with pytest.raises(openai.APIError, match="the log has it under") as failed:
        list(client.chat.completions.create(model="x", messages=ASKED, stream=True))
    assert failed.value.code == "internal_error"


def test_a_refused_client_gets_a_retry_time(serve: Callable[..., Running]) -> None:
    model = GatedModel([REPLY])
    service = serve(model, parallel=1, max_queue=0)
    service.admission._latency._seconds = 0.5

    def open_after_refusal(last_retry: float) -> None:
        wait_until(lambda: service.admission._last_retry != last_retry)
        model.open()

    with ThreadPoolExecutor(2) as pool, client_of(service) as client:
        first = pool.submit(post, service.url, QUESTION)
        wait_until(lambda: service.admission.at_work == 1)
        with pytest.raises(openai.InternalServerError) as refusal:
            client.chat.completions.create(model="x", messages=ASKED)
        assert refusal.value.status_code == 503
        assert refusal.value.code == "service_unavailable"
        seconds = int(refusal.value.response.headers["retry-after"])
        assert 1 <= seconds <= 60
        # The client retries by itself.
        patient = client.with_options(max_retries=5)
        pool.submit(open_after_refusal, service.admission._last_retry)
        start = time.perf_counter()
        assert patient.chat.completions.create(model="x", messages=ASKED).choices[0].message.content == TEXT
        assert time.perf_counter() - start > 0.3
        assert first.result().status_code == 200


def begin_slow_answers(service: Running) -> None:
    """After a quick one, which compiles what a first answer needs: the others are soon at the model."""
    assert post(service.url, QUESTION).status_code == 200
    service.model.seconds_to_read = 30.0


def test_a_stream_that_is_too_late_ends_with_an_error(serve: Callable[..., Running]) -> None:
    service = serve(ScriptedModel([REPLY]))
    begin_slow_answers(service)
    service.admission.limits = replace(service.admission.limits, seconds=1.5)
    service.admission._latency._seconds = 0.01
    with client_of(service) as client, pytest.raises(openai.APIError, match=r"was not finished within 1\.5 s"):
        list(client.chat.completions.create(model="x", messages=ASKED, stream=True))
    wait_until(lambda: service.model.cancelled == 1)


def test_closing_a_stream_stops_the_work(serve: Callable[..., Running]) -> None:
    service = serve(ScriptedModel([REPLY], seconds_to_read=30.0))
    with client_of(service) as client:
        stream = client.chat.completions.create(model="x", messages=ASKED, stream=True)
        wait_until(lambda: bool(service.model.wordings))
        stream.close()
        wait_until(lambda: service.model.cancelled == 1, seconds=20)
        wait_until(lambda: service.admission.held == 0)


def test_a_client_timeout_stops_the_work(serve: Callable[..., Running]) -> None:
    service = serve(ScriptedModel([REPLY]))
    begin_slow_answers(service)
    with client_of(service, timeout=1.5) as client, pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model="x", messages=ASKED)
    wait_until(lambda: service.model.cancelled == 1, seconds=20)


def test_a_queued_stream_is_kept_alive(serve: Callable[..., Running], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_task, "KEEP_ALIVE_SECONDS", 0.05)
    model = GatedModel([REPLY])
    service = serve(model, parallel=1)
    body, text = {"messages": ASKED, "stream": True}, ""
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, service.url, QUESTION)
        wait_until(lambda: service.admission.at_work == 1)
        with httpx.stream("POST", f"{service.url}/v1/chat/completions", json=body, timeout=60) as response:
            for piece in response.iter_text():
                if ": waiting" in piece and ": waiting" not in text:
                    model.open(1)  # the first one ends, and this one is at work
                text += piece
                if text.count(":\n\n") > 6:
                    model.open()
        assert first.result().status_code == 200
    comments = [event for event in text.split("\n\n") if event.startswith(":")]
    assert comments[1].startswith(": waiting, position 1, about ")
    assert comments.count(":") > 5


def test_the_asynchronous_client(service: Running) -> None:
    async def ask() -> tuple[str | None, str]:
        async with openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0) as client:
            whole, stream = await asyncio.gather(
                client.chat.completions.create(model="x", messages=ASKED),
                client.chat.completions.create(model="x", messages=ASKED, stream=True),
            )
            text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
            with pytest.raises(openai.BadRequestError):
                await client.chat.completions.create(model="x", messages=ASKED, response_format={"type": "json_object"})
            return whole.choices[0].message.content, text

    assert asyncio.run(ask()) == (TEXT, TEXT)


@pytest.fixture
def chat(service: Running) -> ChatOpenAI:
    return ChatOpenAI(base_url=f"{service.url}/v1", api_key=SecretStr("none"), model="pageproof", max_retries=0)


def test_langchain(chat: ChatOpenAI) -> None:
    message = chat.invoke([("system", "You are a pirate."), ("human", QUESTION)])
    assert message.content == TEXT
    assert message.response_metadata["model_name"] == "pageproof"
    assert message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] == 44


def test_langchain_streams(chat: ChatOpenAI) -> None:
    first, *others = chat.stream(QUESTION, stream_usage=True)
    whole = sum(others, first)
    assert whole.content == TEXT
    assert whole.response_metadata["finish_reason"] == "stop"
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_tokens"] == 44


def test_langchain_asynchronously_and_in_batches(chat: ChatOpenAI) -> None:
    async def ask() -> list[str]:
        streamed = "".join([str(chunk.content) async for chunk in chat.astream(QUESTION)])
        return [streamed, str((await chat.ainvoke(QUESTION)).content)]

    assert asyncio.run(ask()) == [TEXT, TEXT]
    assert [message.content for message in chat.batch([QUESTION, QUESTION])] == [TEXT, TEXT]


def test_langchain_may_offer_tools_but_not_demand_their_use(chat: ChatOpenAI) -> None:
    tool = {"name": "f", "description": "f", "parameters": {}}
    assert chat.bind_tools([tool]).invoke(QUESTION).content == TEXT
    with pytest.raises(openai.BadRequestError, match="tool_choice cannot be honoured"):
        chat.bind_tools([tool], tool_choice="any").invoke(QUESTION)


def test_what_the_documentation_shows_works(service: Running, capsys: pytest.CaptureFixture[str]) -> None:
    for block in python_blocks(Path(__file__).parents[2] / "docs" / "api.md"):
        exec(block.replace("http://127.0.0.1:8000", service.url), {})  # noqa: S102 - our own documentation
    assert capsys.readouterr().out == f"{TEXT}\n2\n{TEXT}"
