"""Answers of every form over HTTP, sentence by sentence, as ``POST /ask`` and OpenAI's protocol send them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import httpx2 as httpx
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam
from starlette.testclient import TestClient

from rag.answering.markdown_text import markdown
from rag.domain.values import Answer, Citation, Form, Length, Reason, Sentence, SentenceKind
from rag.errors import Cancelled
from rag.runtime.cancellation import Cancellation
from rag.service.app import create_app
from rag.service.openai.markdown import pieces
from rag.service.schemas.ask import AnswerBody
from rag.testing import ScriptedModel
from tests.integration.conftest import Running, make_answerer, wait_until
from tests.integration.test_asking import read_events
from tests.scripted_answers import Said, Script, ScriptedAnswerer

QUESTION = "What does a berth cost for a night?"
ASKED: list[ChatCompletionMessageParam] = [{"role": "user", "content": QUESTION}]
FEE = "A berth costs 24 euros for each night."
POWER = "Electricity is included in the fee."
DOGS = "Dogs travel free of charge."
HOW_TO = Script(
    (
        Said("Take a berth in this order:", quotes=(FEE,)),
        Said("Pay 24 euros.", "step", (FEE,)),
        Said("The mayor pays in gold.", "step", verdict="unsupported"),
        Said("Connect the power.", "step", (POWER, FEE), 0.7),
        Said("Dogs: free of charge", "item", (DOGS,), None),
        Said("Guest | Euros", "row", (FEE,)),
        Said("Dog | 0", "row", (DOGS,), 0.4),
        Said("That is all.", "detail"),
    ),
    form="how_to",
    short_answer="24 euros",
    missing=("the penalty for late payment",),
    label="iv",
)
MARKDOWN = """\
Take a berth in this order:

1. Pay 24 euros.
2. Connect the power.

- Dogs: free of charge

| Guest | Euros |
| --- | --- |
| Dog | 0 |

That is all."""
CHAT = """\
Take a berth in this order: [1]

1. Pay 24 euros. [1]
2. Connect the power. [2] [1]

- Dogs: free of charge [3]

| Guest | Euros [1] |
| --- | --- |
| Dog | 0 [3] |

That is all.

Nothing was found about: the penalty for late payment.

Sources:

[1] harbour.pdf, page 2 (printed iv): “A berth costs 24 euros for each night.”

[2] harbour.pdf, page 2 (printed iv): “Electricity is included in the fee.”

[3] ferry.pdf, page 1 (printed iv): “Dogs travel free of charge.”"""
UNSURE = Said("24 euros", quotes=(FEE,), confidence=0.4)
POSSIBLE = Script((UNSURE, Said(POWER, "detail", (POWER,))), certainty="possible")
ABSTENTION = Script(text="This was not found.", reason="not_in_documents", nearest=(FEE,), missing=("the mayor",))
COLLECTION = Script(
    (Said("There are 2 documents:", confidence=None), Said("*ferry*.pdf", "item", confidence=None)), form="collection"
)
GREETING = Script(text="Hello.", reason="not_a_question", form="chat")
SCRIPTS = {"how-to": HOW_TO, "possible": POSSIBLE, "abstention": ABSTENTION, "collection": COLLECTION, "chat": GREETING}


@pytest.fixture
def ask(index: Path) -> Iterator[Callable[..., httpx.Response]]:
    """Asks a service that answers by a script."""
    clients: list[TestClient] = []

    def post(script: Script, path: str = "/ask", **body: Any) -> httpx.Response:
        answerer = make_answerer(index, ScriptedModel([""]), [script])
        clients.append(TestClient(create_app(lambda: answerer)).__enter__())
        clients[-1].app_state["answerer"] = answerer
        asked = {"question": QUESTION} if path == "/ask" else {"messages": ASKED}
        return clients[-1].post(path, json={**asked, **body})

    yield post
    for client in clients:
        client.__exit__(None, None, None)


def test_all_fields_of_an_answer(ask: Callable[..., httpx.Response]) -> None:
    answer = ask(HOW_TO).json()
    assert list(answer) == [
        "id", "question", "answer", "short_answer", "form", "answered", "reason", "certainty", "confidence",
        "sentences", "missing", "citations", "model", "index", "usage", "timings_ms",
    ]  # fmt: skip
    assert (answer["answer"], answer["short_answer"], answer["form"]) == (MARKDOWN, "24 euros", "how_to")
    assert answer["missing"] == ["the penalty for late payment"]
    assert answer["sentences"][2] == {
        "text": "The mayor pays in gold.",
        "kind": "step",
        "verdict": "unsupported",
        "confidence": 0.95,
        "citations": [],
    }
    assert [(each["kind"], each["confidence"]) for each in answer["sentences"][3:5]] == [("step", 0.7), ("item", None)]
    assert list(answer["citations"][0])[:5] == ["id", "document", "document_id", "page", "label"]
    assert [(each["page"], each["label"]) for each in answer["citations"]] == [(2, "iv"), (2, "iv"), (1, "iv")]


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=list(SCRIPTS))
def test_a_stream_has_each_sentence_and_then_the_answer(ask: Callable[..., httpx.Response], script: Script) -> None:
    events = read_events(ask(script, stream=True).text)
    (_, accepted), (_, found), *verified, (last, answer) = events
    assert accepted["state"] == "accepted"
    assert len(found["passages"]) == len(answer["citations"])
    assert {name for name, _ in verified} <= {"sentence"}
    assert last == "answer"
    supported = [sentence for sentence in answer["sentences"] if sentence["verdict"] == "supported"]
    assert [data["sentence"] for _, data in verified] == supported
    # Each citation comes with the first sentence that uses it; those of an abstention with the answer alone.
    known: list[dict[str, Any]] = []
    for _, data in verified:
        known += data["citations"]
        assert set(data["sentence"]["citations"]) <= {citation["id"] for citation in known}
    assert known == (answer["citations"] if answer["answered"] else [])


@pytest.mark.parametrize("length", [None, *get_args(Length)])
def test_the_length_reaches_the_answerer(index: Path, length: Length | None) -> None:
    answerer = make_answerer(index, ScriptedModel([""]), [HOW_TO])
    assert isinstance(answerer, ScriptedAnswerer)
    with TestClient(create_app(lambda: answerer)) as client:
        body = {"question": QUESTION, **({"length": length} if length else {})}
        assert client.post("/ask", json=body).status_code == 200
        refused = client.post("/ask", json={"question": QUESTION, "length": "long"})
    assert [question.length for question in answerer.asked] == [length or "normal"]
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "length")


def test_an_abstention_has_no_certainty_and_the_nearest_passages(ask: Callable[..., httpx.Response]) -> None:
    answer = ask(ABSTENTION).json()
    assert (answer["answered"], answer["certainty"], answer["sentences"]) == (False, None, [])
    assert [citation["quote"] for citation in answer["citations"]] == [FEE]
    assert answer["missing"] == ["the mayor"]


@pytest.mark.parametrize(
    ("script", "text"),
    [
        pytest.param(HOW_TO, CHAT, id="how-to"),
        pytest.param(
            POSSIBLE,
            f"Possibly: 24 euros [1]. {POWER} [2]\n\nSources:\n\n[1] harbour.pdf, page 2: “{FEE}”\n\n"
            f"[2] harbour.pdf, page 2: “{POWER}”",
            id="possible",
        ),
        pytest.param(
            ABSTENTION,
            "This was not found.\n\nNothing was found about: the mayor.\n\nNearest passages:\n\n"
            f"[1] harbour.pdf, page 2: “{FEE}”",
            id="abstention",
        ),
        pytest.param(COLLECTION, "There are 2 documents:\n\n- \\*ferry\\*.pdf", id="collection"),
        pytest.param(GREETING, "Hello.", id="chat"),
    ],
)
def test_openais_text_is_the_same_streamed_and_whole(
    ask: Callable[..., httpx.Response], script: Script, text: str
) -> None:
    path = "/v1/chat/completions"
    assert ask(script, path).json()["choices"][0]["message"]["content"] == text
    events = ask(script, path, stream=True).text.split("\n\n")
    chunks = [json.loads(event.removeprefix("data: ")) for event in events if event.startswith("data: {")]
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == text
    assert [chunk["choices"][0]["delta"].get("role") for chunk in chunks] == ["assistant"] + [None] * (len(chunks) - 1)


@dataclass
class Gate:
    """Lets a script go on by one sentence for each permit; stops waiting when the answer is cancelled."""

    permits: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    waiting: int = 0
    cancelled: bool = False

    def wait(self, number: int, cancelled: Cancellation) -> None:
        self.waiting = number
        try:
            while not self.permits.acquire(timeout=0.005):
                cancelled.check()
        except Cancelled:
            self.cancelled = True
            raise


def test_a_sentence_is_streamed_before_the_next_is_verified(serve: Callable[..., Running]) -> None:
    gate = Gate()
    service = serve(ScriptedModel([""]), scripts=[Script(HOW_TO.said, before=gate.wait)])
    body = {"question": QUESTION, "stream": True}
    with httpx.stream("POST", f"{service.url}/ask", json=body, timeout=60) as response:
        lines = response.iter_lines()
        for number in range(3):
            gate.permits.release()
            data = next(line for line in lines if line.startswith('data: {"sentence"'))
            supported = [said for said in HOW_TO.said if said.verdict == "supported"]
            assert json.loads(data.removeprefix("data: "))["sentence"]["text"] == supported[number].text
            assert gate.waiting <= number + 1
    wait_until(lambda: gate.cancelled)


def test_openais_first_chunk_comes_with_the_first_sentence(serve: Callable[..., Running]) -> None:
    gate = Gate()
    service = serve(ScriptedModel([""]), scripts=[Script(HOW_TO.said, before=gate.wait)])
    with openai.OpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0) as client:
        stream = client.chat.completions.create(model="x", messages=ASKED, stream=True)
        gate.permits.release()
        begun, first = next(stream), next(stream)
        assert (begun.choices[0].delta.role, first.choices[0].delta.content) == (
            "assistant",
            "Take a berth in this order: [1]",
        )
        assert gate.waiting <= 1
        gate.permits.release(100)
        others = list(stream)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in (first, *others))
        assert text == CHAT.replace(" (printed iv)", "").replace(
            "Nothing was found about: the penalty for late payment.\n\n", ""
        )
        assert {chunk.id for chunk in (begun, first, *others)} == {begun.id}
        assert begun.id.startswith("chatcmpl-")
        assert {chunk.created for chunk in (begun, first, *others)} == {begun.created}
        assert others[-1].choices[0].finish_reason == "stop"


def test_closing_openais_stream_after_a_sentence_stops_the_work(serve: Callable[..., Running]) -> None:
    gate = Gate()
    service = serve(ScriptedModel([""]), scripts=[Script(HOW_TO.said, before=gate.wait)])
    with openai.OpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0) as client:
        stream = client.chat.completions.create(model="x", messages=ASKED, stream=True)
        gate.permits.release()
        next(stream)
        stream.close()
        wait_until(lambda: gate.cancelled)
        wait_until(lambda: service.admission.held == 0)


# Fields of a body that are left out where no collection, or one, is named.
COLLECTIONS = {"collection", "collections"}


def test_the_documentation_shows_a_whole_answer_and_its_text_for_chats() -> None:
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    (example,) = re.findall(r"^```json\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    body = json.loads(example)
    # The default collection is not named.
    assert list(body) == [name for name in AnswerBody.model_fields if name not in COLLECTIONS]
    AnswerBody.model_validate(body)
    answer = Answer(
        **{
            **body,
            "sentences": tuple(Sentence(**sentence) for sentence in body["sentences"]),
            "citations": tuple(
                Citation(**{name: value for name, value in citation.items() if name != "url"})
                for citation in body["citations"]
            ),
        }
    )
    assert markdown(answer.sentences) == answer.answer
    assert AnswerBody.of(answer).model_dump(mode="json") == body
    assert f"```\n{''.join(pieces(answer))}\n```" in text


def test_the_schema_has_the_contract(index: Path) -> None:
    with TestClient(create_app(lambda: make_answerer(index, ScriptedModel([""])))) as client:
        schemas = client.get("/openapi.json").json()["components"]["schemas"]
    answer, sentence = schemas["AnswerBody"], schemas["SentenceBody"]
    assert set(answer["required"]) == set(answer["properties"]) - COLLECTIONS
    assert answer["properties"]["form"]["enum"] == list(get_args(Form))
    assert answer["properties"]["reason"]["anyOf"][0]["enum"] == list(get_args(Reason))
    assert sentence["properties"]["kind"]["enum"] == list(get_args(SentenceKind))
    assert schemas["AskBody"]["properties"]["length"]["enum"] == list(get_args(Length))
    for body, name in (
        (answer, "confidence"),
        (answer, "certainty"),
        (answer, "short_answer"),
        (sentence, "confidence"),
        (sentence, "original"),
        (schemas["CitationBody"], "label"),
        (schemas["PageBody"], "label"),
        (schemas["DocumentBody"], "author"),
        (schemas["DocumentBody"], "created"),
    ):
        assert {"type": "null"} in body["properties"][name]["anyOf"], name
