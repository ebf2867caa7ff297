"""Work in the background of a service: it makes way for questions, ends with the service, and is shown."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2 as httpx
import pytest

from rag.runtime.background import BackgroundJob, BackgroundQueue, BackgroundTurn
from rag.testing import ScriptedModel
from tests.integration.conftest import GatedModel, Running, post, wait_until

QUESTION = "When does the harbour office open?"


class Guides:
    """A job that goes on until it is cancelled, or let go."""

    def __init__(self) -> None:
        self.runs = 0
        self.go = threading.Event()
        self.job = BackgroundJob("guides", self._run, priority=2)

    def _run(self, turn: BackgroundTurn) -> None:
        self.runs += 1
        turn.progress(2, 5)
        while not self.go.wait(0.005):
            turn.cancellation.check()


def background(service: Running) -> dict[str, Any]:
    shown: dict[str, Any] = httpx.get(f"{service.url}/info").json()["background"]
    return shown


def test_a_question_interrupts_it(serve: Callable[..., Running]) -> None:
    guides, model = Guides(), GatedModel(["The harbour office opens at 8."])
    service = serve(model, background=[guides.job])
    wait_until(lambda: guides.runs == 1)
    assert background(service) == {"job": "guides", "state": "running", "done": 2, "total": 5, "waiting": []}
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(post, service.url, QUESTION)
        wait_until(lambda: background(service)["waiting"] == ["guides"])
        assert background(service)["state"] == "idle"
        model.open()
        assert answer.result().status_code == 200
    wait_until(lambda: guides.runs == 2)
    guides.go.set()
    wait_until(lambda: background(service) == {"job": None, "state": "idle", "done": 0, "total": 0, "waiting": []})
    metrics = httpx.get(f"{service.url}/metrics").text
    assert 'pageproof_background_runs_total{kind="guides",outcome="interrupted"} 1.0' in metrics
    assert 'pageproof_background_runs_total{kind="guides",outcome="finished"} 1.0' in metrics
    assert "pageproof_background_waiting 0.0" in metrics


@pytest.mark.parametrize("path", ["/", "/web/main.js"], ids=["page", "script"])
def test_a_page_that_is_loaded_interrupts_it(serve: Callable[..., Running], path: str) -> None:
    guides = Guides()
    service = serve(ScriptedModel(["It opens at 8."]), background=[guides.job])
    wait_until(lambda: guides.runs == 1)
    assert httpx.get(f"{service.url}{path}").status_code == 200
    wait_until(lambda: guides.runs == 2)
    guides.go.set()
    metrics = httpx.get(f"{service.url}/metrics").text
    assert 'pageproof_background_runs_total{kind="guides",outcome="interrupted"} 1.0' in metrics


def test_the_first_signal_ends_it_while_answers_go_on(serve: Callable[..., Running]) -> None:
    guides, model = Guides(), GatedModel(["The harbour office opens at 8."])
    service = serve(model, grace_seconds=30)
    queue: BackgroundQueue = service.app.state.background
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(post, service.url, QUESTION)
        wait_until(lambda: service.admission.at_work == 1)
        service.server.should_exit = True
        wait_until(lambda: not queue.submit(guides.job))
        assert not answer.done()
        model.open()
        assert answer.result().status_code == 200
    assert guides.runs == 0


def test_a_service_without_jobs(serve: Callable[..., Running]) -> None:
    service = serve(ScriptedModel(["The harbour office opens at 8."]))
    assert background(service) == {"job": None, "state": "idle", "done": 0, "total": 0, "waiting": []}
