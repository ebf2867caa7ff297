"""Generation swaps under load: each answer is from one generation, none fails, and nothing leaks."""

from __future__ import annotations

import gc
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2 as httpx
import pytest
import uvicorn

from rag.index.layout import IndexLayout
from rag.models.llm.language_model import Message, Prompt
from rag.service.admission.admission import AdmissionLimits
from rag.service.app import create_app
from rag.testing import ScriptedModel
from tests.faults.conftest import FULL, Say
from tests.faults.injection import ROOT, environment
from tests.integration.conftest import make_answerer, open_files, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

_SWAPS: Final = 200 if FULL else 12
_READERS: Final = 8
_CANARY: Final = re.compile(r"canary\d{5}")
_QUESTION: Final = "What does a berth cost for a night?"

_PUBLISH: Final = """
import bm25s, faiss, json, random, sys, time
from pathlib import Path
from ingest.discovery import discover
from rag.testing import (BagOfWordsEncoder)
from tests.fakes import (ingest_job, make_pdf)

root, folder, first, last = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
pauses = random.Random(4)
folder.mkdir(exist_ok=True)
for number in range(first, last + 1):
    for name in ("harbour", "ferry", "tariff"):
        canary = f"canary{number:05}"
        make_pdf(folder / f"{name}.pdf", [
            f"# Fees {canary}\\nA berth of {canary} costs {number} euros for each night, says {name} on page {page}."
            for page in range(2)
        ])
    report = ingest_job(root, BagOfWordsEncoder()).run(discover([folder]))
    assert report.published
    print(json.dumps({"generation": report.generation, "canary": canary, "time": time.monotonic()}), flush=True)
    # Sometimes the next one comes before anybody has looked.
    time.sleep(pauses.uniform(0.0, float(sys.argv[5])))
"""


class EchoModel(ScriptedModel):
    """Generates the first sentence of its evidence that has a canary."""

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        self.chats.clear()  # thousands of them
        found = re.search(r"A berth of canary.*?page \d\.", messages[-1].text)
        self.replies = [found.group() if found else "No."]
        return super().prompt(messages)


@dataclass
class Seen:
    """Answers that a client got.

    Attributes:
        generations: for each answer the time at which it was there, and the generation that it named.
        canaries: for each generation those of its answers.
        failures: what was not answered.
    """

    answers: list[tuple[float, str]] = field(default_factory=list)
    canaries: dict[str, set[str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def ask(self, client: httpx.Client) -> None:
        response = client.post("/ask", json={"question": _QUESTION}, timeout=300.0)
        body = response.json()
        if response.status_code != 200 or not body["answered"] or not body["citations"]:
            self.failures.append(f"{response.status_code}: {response.text[:300]}")
            return
        self.answers.append((time.monotonic(), body["index"]))
        self.canaries.setdefault(body["index"], set()).update(_CANARY.findall(response.text))
        assert len(_CANARY.findall(json.dumps(body["citations"]))) >= len(body["citations"])


@contextmanager
def served(index: Path) -> Iterator[str]:
    """Runs the real application on a socket; yields its address."""
    app = create_app(lambda: make_answerer(index, EchoModel([""])), limits=AdmissionLimits(1, 2 * _READERS))
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=60)


def publisher(root: Path, documents: Path, first: int, last: int, longest_pause: float = 0.0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _PUBLISH, str(root), str(documents), str(first), str(last), str(longest_pause)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment(),
    )


def test_generations_are_published_while_questions_are_asked(tmp_path: Path, say: Say) -> None:
    root, documents = tmp_path / "index", tmp_path / "documents"
    published = [json.loads(line) for line in publisher(root, documents, 1, 1).communicate()[0].splitlines()]
    ended = threading.Event()
    seen = [Seen() for _ in range(_READERS)]

    def read(mine: Seen) -> None:
        with httpx.Client(base_url=url) as client:
            while not ended.is_set():
                try:
                    mine.ask(client)
                except Exception as error:  # noqa: BLE001 - it is counted
                    mine.failures.append(repr(error))

    with served(root) as url:
        readers = [threading.Thread(target=read, args=(mine,)) for mine in seen]
        for reader in readers:
            reader.start()
        wait_until(lambda: all(mine.answers for mine in seen))
        files = open_files(root)
        process = publisher(root, documents, 2, 1 + _SWAPS, 1.6 if FULL else 0.6)
        assert process.stdout
        published += [json.loads(line) for line in process.stdout]
        assert process.wait() == 0
        newest = published[-1]["generation"]
        wait_until(lambda: all(mine.answers[-1][1] == newest for mine in seen))
        gc.collect()
        files_after = open_files(root)
        ended.set()
        for reader in readers:
            reader.join()
        metrics = httpx.get(f"{url}/metrics", timeout=60).text

    swaps, refused = (re.search(rf"^pageproof_index_{what} (\d+)", metrics, re.M) for what in ("swaps", "refused"))
    assert swaps
    assert refused
    failures = [failure for mine in seen for failure in mine.failures]
    assert failures == []
    canaries = {row["generation"]: {row["canary"]} for row in published}
    for mine in seen:
        assert mine.canaries == {generation: canaries[generation] for generation in mine.canaries}
    slowest = max(delays(published, [answer for mine in seen for answer in mine.answers]))
    assert slowest <= 60.0  # it is looked for every second or so
    # A swap may be under way: what is served, and what a last request still holds.
    assert files_after <= files + 1, (files, files_after)
    layout = IndexLayout(root)
    assert len(list(layout.generations.iterdir())) <= 3
    assert not [*layout.work.iterdir(), *layout.trash.iterdir()]
    answers, generations = sum(len(mine.answers) for mine in seen), {g for mine in seen for g in mine.canaries}
    say(
        f"{_SWAPS} publications, {answers} answers to {_READERS} readers from {len(generations)} generations: "
        f"0 mixed, 0 failed; {swaps[1]} swaps, {refused[1]} refused; served at most {slowest:.2f} s after publication; "
        f"{files} open files of the index before, {files_after} after"
    )


def delays(published: Sequence[dict[str, str | float]], answers: Sequence[tuple[float, str]]) -> Iterator[float]:
    """For each generation, how long after its publication the first answer came from it, or from a later one."""
    for row in published[1:]:
        first = min(moment for moment, generation in answers if generation >= str(row["generation"]))
        yield max(0.0, first - float(row["time"]))
