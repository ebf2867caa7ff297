"""LangChain retriever and runnable: LangChain's own tests, metadata, async use, and no network access."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_tests.integration_tests import RetrieversIntegrationTests

from rag import composition
from rag.answering.answerer import Answerer
from rag.errors import DocumentUnknown, IndexMissing, RequestFault
from rag.langchain import PageproofRetriever, PageproofRunnable
from rag.testing import ScriptedModel
from tests.integration.conftest import make_answerer, python_blocks, wait_until

QUESTION = "What does a berth cost for a night?"
REPLY = "A berth costs 24 euros for each night."
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "langchain.md"


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails a test that connects to a host or resolves a name, in any thread."""
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2"):
        monkeypatch.delenv(name, raising=False)
    tried: list[object] = []

    def refuse(*where: object, **_: object) -> None:
        tried.append(where)
        raise OSError("no network here")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    yield
    assert tried == []


@pytest.fixture
def answerer(index: Path) -> Answerer:
    return make_answerer(index, ScriptedModel([REPLY]))


class TestLangChainRetrieverSuite(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _answerer(self, answerer: Answerer) -> None:
        self.answerer = answerer

    @property
    def retriever_constructor(self) -> type[PageproofRetriever]:
        return PageproofRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"index": self.answerer.index, "retriever": self.answerer.retriever}

    @property
    def retriever_query_example(self) -> str:
        return QUESTION


def test_a_passage_is_verbatim_and_has_its_place(answerer: Answerer) -> None:
    first, *_ = PageproofRetriever.of(answerer, k=2).invoke(QUESTION)
    generation = answerer.generation()
    metadata = dict(first.metadata)
    page = generation.page(metadata["document_id"], 2)
    assert first.page_content == page.text[metadata["start"] : metadata["end"]]
    assert "A berth costs 24 euros for each night." in first.page_content
    assert metadata.pop("boxes") == [list(box) for box in page.boxes(metadata["start"], metadata["end"])] != []
    assert 0.5 < metadata.pop("relevance") <= 1
    assert metadata.pop("score") > 0
    document = generation.document(metadata["document_id"])
    assert first.id == f"{document.id}:2:{metadata['start']}-{metadata['end']}"
    assert metadata == {
        "document": "harbour.pdf",
        "document_id": document.id,
        "title": "Harbour rules",
        "page": 2,
        "label": None,
        "start": metadata["start"],
        "end": metadata["end"],
        "headings": ["Fees"],
        "index": generation.id,
    }


def test_a_search_may_be_limited_to_documents(answerer: Answerer) -> None:
    retriever = PageproofRetriever.of(answerer, documents=("ferry.pdf",))

    def names(**options: Any) -> set[str]:
        return {passage.metadata["document"] for passage in retriever.invoke(QUESTION, **options)}

    assert names() == {"ferry.pdf"}
    assert names(documents=["harbour.pdf"]) == {"harbour.pdf"}
    assert names(documents=()) == {"ferry.pdf", "harbour.pdf"}
    with pytest.raises(DocumentUnknown, match=r"no\.pdf"):
        names(documents=["no.pdf"])


def test_an_answer_is_that_of_the_service(answerer: Answerer) -> None:
    answer = PageproofRunnable(answerer=answerer).invoke(QUESTION)
    assert (answer["question"], answer["answer"], answer["answered"]) == (QUESTION, REPLY, True)
    (citation,) = answer["citations"]
    assert (citation["document"], citation["page"], citation["quote"]) == ("harbour.pdf", 2, REPLY)


def test_a_question_with_fields(answerer: Answerer) -> None:
    runnable = PageproofRunnable(answerer=answerer)
    answer = runnable.invoke({"question": QUESTION, "documents": ["ferry.pdf"], "max_tokens": 8, "context": [1, 2]})
    assert {citation["document"] for citation in answer["citations"]} == {"ferry.pdf"}
    assert answer["answered"] is False


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        pytest.param({"query": QUESTION}, "question", id="no question"),
        pytest.param("", "question", id="an empty one"),
        pytest.param({"question": QUESTION, "max_tokens": 0}, "max_tokens", id="no tokens"),
        pytest.param({"question": QUESTION, "length": "long"}, "length", id="no such length"),
        pytest.param({"question": QUESTION, "history": [{"question": "x"}]}, "history.0.answer", id="half a turn"),
        pytest.param({"question": QUESTION, "documents": ["no.pdf"]}, "documents", id="an unknown document"),
    ],
)
def test_a_wrong_field_is_named(answerer: Answerer, asked: str | dict[str, Any], field: str) -> None:
    with pytest.raises(RequestFault) as fault:
        PageproofRunnable(answerer=answerer).invoke(asked)
    assert fault.value.field == field


def test_without_an_index(tmp_path: Path) -> None:
    answerer = make_answerer(tmp_path / "none", ScriptedModel([REPLY]))
    for runnable in (PageproofRetriever.of(answerer), PageproofRunnable(answerer=answerer)):
        with pytest.raises(IndexMissing, match="python -m ingest"):
            runnable.invoke(QUESTION)


def test_in_every_way_that_a_runnable_is_called(answerer: Answerer) -> None:
    runnable = PageproofRunnable(answerer=answerer)

    async def ask() -> list[dict[str, Any]]:
        streamed = [part async for part in runnable.astream(QUESTION)]
        return [*streamed, await runnable.ainvoke(QUESTION), *await runnable.abatch([QUESTION])]

    answers = [*runnable.stream(QUESTION), *runnable.batch([QUESTION, QUESTION]), *asyncio.run(ask())]
    assert [answer["answer"] for answer in answers] == [REPLY] * 6


def test_callbacks_get_events(answerer: Answerer) -> None:
    named = PageproofRunnable(answerer=answerer).with_config(run_name="proved")
    names = [event["event"] for event in _events(named) if event["name"] == "proved"]
    assert (names[0], names[-1]) == ("on_chain_start", "on_chain_end")


def _events(runnable: Any) -> list[Any]:
    async def listen() -> list[Any]:
        return [event async for event in runnable.astream_events(QUESTION, version="v2")]

    return asyncio.run(listen())


def test_cancelling_a_call_stops_the_work(index: Path) -> None:
    model = ScriptedModel([REPLY], seconds_to_read=30.0)
    runnable = PageproofRunnable(answerer=make_answerer(index, model))

    async def leave() -> None:
        asking = asyncio.ensure_future(runnable.ainvoke(QUESTION))
        while not model.wordings:
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(leave())
    wait_until(lambda: model.cancelled == 1, seconds=20)


def test_the_examples_of_the_documentation_work(
    answerer: Answerer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(composition, "open_answerer", lambda *_, **__: answerer)
    monkeypatch.setattr(composition, "open_retriever", lambda _: (answerer.retriever, answerer.index))
    names: dict[str, Any] = {}
    for block in python_blocks(DOCUMENTATION):
        exec(block, names)  # noqa: S102 - our own documentation
    assert capsys.readouterr().out.splitlines()[-1] == f"{REPLY} True 2"
    assert [len(names["passages"]), names["follow_up"]["question"]] == [2, "And in which building?"]
    assert [sorted(result) for result in names["both"]] == [["answer", "question"]] * 2
