"""A small index of real PDFs on disk, and the service over it with fakes for the models."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import uvicorn
from fastapi import FastAPI

from ingest.discovery import discover
from rag.answering.answerer import Answerer
from rag.answering.trace import Recorder
from rag.index.current_index import CurrentIndex
from rag.models.llm.language_model import Generated, Prompt
from rag.retrieval.retriever import Retriever
from rag.runtime.cancellation import Cancellation
from rag.service.admission.admission import Admission, AdmissionLimits
from rag.service.app import create_app
from rag.service.server import Server
from rag.testing import PLAIN_CONFIDENCE_MODEL, BagOfWordsEncoder, OverlapReranker, ScriptedModel
from tests.fakes import ingest_job, make_pdf
from tests.scripted_answers import Script, ScriptedAnswerer

HARBOUR = [
    "# Opening hours\nThe harbour office opens at 8 in the morning.\nIt closes at 17 on every day of the week.",
    "# Fees\nA berth costs 24 euros for each night.\nElectricity is included in the fee.",
]
FERRY = ["# Ferry\nThe ferry to Skarholm leaves twice a day, at 9 and at 15.\nDogs travel free of charge."]


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    make_pdf(folder / "harbour.pdf", HARBOUR, title="Harbour rules")
    make_pdf(folder / "ferry.pdf", FERRY)
    return folder


@pytest.fixture
def index(documents: Path, tmp_path: Path) -> Path:
    root = tmp_path / "indexes"
    ingest_job(root, BagOfWordsEncoder()).run(discover([documents]))
    return root


def make_answerer(index: Path, model: ScriptedModel, scripts: Sequence[Script] = ()) -> Answerer:
    """An answerer over fakes of the models; with scripts, one that answers by them."""
    encoder = BagOfWordsEncoder()
    answerer = Answerer(
        index=CurrentIndex(index, encoder.identity),
        retriever=Retriever(encoder, OverlapReranker()),
        model=model,
        passages=3,
        evidence_tokens=300,
        max_tokens=64,
        confidence_model=PLAIN_CONFIDENCE_MODEL,
    )
    return ScriptedAnswerer.of(answerer, scripts) if scripts else answerer


@dataclass
class GatedModel(ScriptedModel):
    """Generates for an answer when its gate gives a permit, and not before: no test depends on how long that takes.

    Attributes:
        permitted: the answers that have a permit, by their cancellation: one may need several generations.
    """

    gate: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    permitted: list[Cancellation] = field(default_factory=list)

    def generate(self, prompt: Prompt, **options: Any) -> Iterator[Generated]:
        answer: Cancellation = options["cancelled"]
        if not any(answer is each for each in self.permitted):
            while not self.gate.acquire(timeout=0.005):
                answer.check()
            self.permitted.append(answer)
        yield from super().generate(prompt, **options)

    def open(self, answers: int = 1000) -> None:
        self.gate.release(answers)


@dataclass
class Running:
    """A service on a real socket."""

    url: str
    model: ScriptedModel
    app: FastAPI
    server: Server

    @property
    def admission(self) -> Admission:
        """Its counters may be read from any thread."""
        admission: Admission = self.app.state.admission
        return admission


@pytest.fixture
def serve(index: Path) -> Iterator[Callable[..., Running]]:
    """Starts a real server for a model; it is stopped when the test ends."""
    servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(
        model: ScriptedModel,
        *,
        scripts: Sequence[Script] = (),
        parallel: int = 1,
        max_queue: int = 4,
        seconds: float = 300.0,
        grace_seconds: int = 1,
        connections: int = 512,
        recorder: Recorder | None = None,
        **options: Any,
    ) -> Running:
        limits = AdmissionLimits(parallel, max_queue, seconds)

        def opened() -> Answerer:
            answerer = make_answerer(index, model, scripts)
            return replace(answerer, recorder=recorder) if recorder else answerer

        app = create_app(opened, limits=limits, **options)
        # asyncio sets TCP_NODELAY only on a socket whose protocol is TCP.
        listener = socket.socket(proto=socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        server = Server(app, connections=connections, grace_seconds=grace_seconds)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        servers.append((server, thread))
        wait_until(lambda: server.started)
        return Running(f"http://127.0.0.1:{listener.getsockname()[1]}", model, app, server)

    yield start
    for server, thread in servers:
        server.should_exit = True
        thread.join(timeout=60)
        assert not thread.is_alive()


def open_files(root: Path) -> int:
    """Number of open descriptors and memory mappings of files of the index in this process."""
    links = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            links.append(str(link.readlink()))
        except FileNotFoundError:
            continue
    mapped = {line.split(maxsplit=5)[-1] for line in Path("/proc/self/maps").read_text().splitlines()}
    return sum(str(root.resolve()) in path for path in [*links, *mapped])


def wait_until(condition: Callable[[], bool], seconds: float = 300.0) -> None:
    """Waits for what comes at once; the limit is for what never comes."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def post(url: str, question: str, timeout: float = 60.0) -> httpx.Response:
    return httpx.post(f"{url}/ask", json={"question": question}, timeout=timeout)


def python_blocks(document: Path) -> list[str]:
    """Python code blocks of a documentation page."""
    return re.findall(r"^```python\n(.*?)^```$", document.read_text(), re.DOTALL | re.MULTILINE)
