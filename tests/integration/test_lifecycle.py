"""Life of the real server process: readiness ends before the port does, no stream is cut, exit codes, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.integration.conftest import wait_until
from tests.integration.test_asking import QUESTION, REPLY
from tests.integration.test_refusals import ROOT, free_port
from tests.processes import default_sigint

Start = Callable[..., tuple["subprocess.Popen[str]", str]]


def ready(url: str) -> int | None:
    """Status of /readyz; None where the port is closed."""
    try:
        return httpx.get(f"{url}/readyz", timeout=60).status_code
    except httpx.TransportError:
        return None


def environment(**settings: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("RAG_")} | settings


@pytest.fixture
def start(index: Path) -> Iterator[Start]:
    processes: list[subprocess.Popen[str]] = []

    def begin(*, seconds: float = 0.0, **settings: str) -> tuple[subprocess.Popen[str], str]:
        port = free_port()
        arguments = [str(index), str(port), str(seconds), REPLY]
        with default_sigint():
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.service_program", *arguments],
                cwd=ROOT,
                env=environment(**settings),
                stderr=subprocess.PIPE,
                text=True,
            )
        processes.append(process)
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: process.poll() is not None or ready(url) == 200, 120)
        return process, url

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def ask(url: str, first: Callable[[], object]) -> list[str]:
    """Names of the events of an answer; calls ``first`` when the first has come."""
    names = []
    with httpx.stream("POST", f"{url}/ask", json={"question": QUESTION, "stream": True}, timeout=120) as response:
        for line in response.iter_lines():
            if line.startswith("event: "):
                names.append(line.removeprefix("event: "))
                if len(names) == 1:
                    first()
    return names


def test_a_service_that_is_terminated_is_unready_first_and_finishes_its_streams(start: Start) -> None:
    process, url = start(seconds=0.3, RAG_DRAIN_SECONDS="1.5")
    seen: list[int | None] = []

    def watch() -> None:
        process.send_signal(signal.SIGTERM)
        while process.poll() is None and (not seen or seen[-1] is not None):
            status = ready(url)
            seen.extend([status] if status not in seen else [])

    with ThreadPoolExecutor(1) as pool:
        watching: list[object] = []
        names = ask(url, lambda: watching.append(pool.submit(watch)))
    _, log = process.communicate(timeout=60)
    assert (names[-1], process.returncode) == ("answer", 0), log
    assert seen[-2:] == [503, None], "unready while the port still answered, then closed"
    assert "Traceback" not in log


def test_while_it_drains_questions_are_still_answered(start: Start) -> None:
    process, url = start(RAG_DRAIN_SECONDS="600")
    process.send_signal(signal.SIGTERM)
    wait_until(lambda: ready(url) == 503)
    assert httpx.get(f"{url}/livez").status_code == 200
    assert httpx.post(f"{url}/ask", json={"question": QUESTION}, timeout=60).status_code == 200
    process.send_signal(signal.SIGTERM)  # a second one is not made to wait
    assert process.wait(60) == 0


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_service_without_requests_stops_with_0(start: Start, sent: signal.Signals) -> None:
    # Ctrl-C does not drain: nobody balances the load of a terminal.
    process, _ = start(RAG_DRAIN_SECONDS="0" if sent == signal.SIGTERM else "600")
    process.send_signal(sent)
    _, log = process.communicate(timeout=60)
    assert process.returncode == 0, log
    assert "Traceback" not in log


def test_every_line_of_its_log_is_json_where_that_is_wanted(start: Start) -> None:
    process, url = start(RAG_LOG="json", RAG_DRAIN_SECONDS="0")
    httpx.get(f"{url}/info", headers={"X-Request-ID": "r-1"}, timeout=60)
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=60)
    lines = [json.loads(line) for line in log.splitlines()]
    assert {"time", "level", "logger", "message", "request_id", "key_id"} <= set.intersection(*map(set, lines))
    (access,) = [line for line in lines if line["request_id"]]
    assert (access["request_id"], access["route"], access["status"]) == ("r-1", "/info", 200)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["-m", "rag", "serve"], id="rag"),
        pytest.param(["-m", "ingest", "knowledge_base"], id="ingest"),
        pytest.param(["-m", "pageproof", "ask", "What?"], id="pageproof"),
    ],
)
def test_ctrl_c_while_it_imports_is_one_line(command: list[str], tmp_path: Path) -> None:
    # Stands for any library: the import of numpy takes as long as it takes to interrupt it.
    (tmp_path / "numpy.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(600)\n")
    with default_sigint():
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment(PYTHONPATH=str(tmp_path)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert process.stdout
    assert process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (130, "error: stopped\n")
