"""Canaries: unique strings in question, document, answer and keys, and a search for them in log, metrics and errors."""

from __future__ import annotations

import json
import secrets
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from tests.soak.row import Row
from tests.soak.service import fake_service

# In the model's reply the canary of an answer is the last word: an answer that has it is not served without support.
_PLACES: Final = ("question", "document", "answer", "key", "admin key", "wrong key", "history", "search", "path")


@dataclass(frozen=True)
class _Asked:
    """A request: method, path, headers and body; ``body`` is JSON unless it is bytes."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: object = None


def row(rounds: int) -> Row:
    """The row of so many rounds of all requests, with the log as text and as JSON."""
    start, faults, searched, asked = time.monotonic(), set[str](), 0, 0
    for log_format in ("text", "json"):
        canaries = {place: f"canary{secrets.token_hex(8)}" for place in _PLACES}
        settings = {
            "RAG_API_KEYS": canaries["key"], "RAG_ADMIN_KEYS": canaries["admin key"], "RAG_LOG": log_format,
            "RAG_REQUESTS_PER_MINUTE": "0",
        }  # fmt: skip
        document = f"# Fees\nA berth costs 24 euros for each {canaries['document']}."
        reply = f"A berth costs 24 euros for each {canaries['document']} {canaries['answer']} [1]."
        with tempfile.TemporaryDirectory() as folder:
            with fake_service(Path(folder), settings, document=document, reply=reply) as service:
                told = []
                for _ in range(rounds):
                    for request in _requests(canaries):
                        status, text = _sent(service.url, request)
                        asked += 1
                        told += [text] if status >= HTTPStatus.BAD_REQUEST else []
                metrics = _sent(service.url, _Asked("GET", "/metrics", {"X-API-Key": canaries["key"]}))[1]
            log = (Path(folder) / "log").read_text()
        searched += len(log) + len(metrics) + sum(map(len, told))
        for place, canary in canaries.items():
            faults |= {f"the canary of the {place} is in the log" for _ in [0] if canary in log}
            faults |= {f"the canary of the {place} is in the metrics" for _ in [0] if canary in metrics}
            # What a client has sent in a path or a name of a document may come back to it, and to nobody else.
            own = place in ("path", "search")
            faults |= {f"the canary of the {place} is in an error" for text in told if canary in text and not own}
    measured = f"{len(_PLACES)} places, {asked:,} requests, {searched:,} characters of log, metrics and errors searched"
    return Row("canaries", measured, sorted(faults), time.monotonic() - start)


def _requests(canaries: Mapping[str, str]) -> Iterator[_Asked]:
    """Requests that are answered, and requests that are refused, in all ways."""
    key, wrong = {"X-API-Key": canaries["key"]}, {"Authorization": f"Bearer {canaries['wrong key']}"}
    admin = {"X-API-Key": canaries["admin key"]}
    question = f"What does a berth cost for a night, {canaries['question']}?"
    history = [{"question": f"And {canaries['history']}?", "answer": f"It is {canaries['history']}."}]
    chat = {"model": "pageproof", "messages": [{"role": "user", "content": question}]}
    for headers in (key, wrong, {}):
        yield _Asked("POST", "/ask", headers, {"question": question})
        yield _Asked("POST", "/ask", headers, {"question": "And now?", "history": history})
        yield _Asked("POST", "/v1/chat/completions", headers, chat)
        yield _Asked("POST", "/v1/chat/completions", headers, {**chat, "stream": True})
    for stream in (True, False):
        yield _Asked("POST", "/ask", key, {"question": question, "stream": stream, "max_tokens": -1})
        yield _Asked("POST", "/ask", key, {"question": "a", "history": history * 30, "stream": stream})
    yield _Asked("POST", "/ask", key, {"question": question * 200})
    yield _Asked("POST", "/ask", key, {"question": [question]})
    yield _Asked("POST", "/ask", key, f'{{"question": "{question}'.encode())
    yield _Asked("POST", "/ask", key, f'{{"question": "{question}\\ud800"}}'.encode())
    yield _Asked("POST", "/ask", key, question.encode() * 10_000)
    yield _Asked("POST", "/v1/chat/completions", key, {"messages": [{"role": question, "content": question}]})
    word = urllib.parse.quote(canaries["search"])
    yield _Asked("GET", f"/documents/{'0' * 64}/search?text={word}", key)
    yield _Asked("GET", f"/documents?text={word}", wrong)
    yield _Asked("GET", f"/{canaries['path']}", key)
    yield _Asked("GET", f"/documents/{canaries['path']}/pages/1", key)
    yield _Asked("PUT", f"/uploads?name={canaries['path']}.exe", admin, b"MZ")
    yield _Asked("POST", "/ingest", wrong)


def _sent(url: str, request: _Asked) -> tuple[int, str]:
    """Status and body of the response."""
    data = request.body if isinstance(request.body, bytes) else json.dumps(request.body).encode()
    headers = {"Content-Type": "application/json", **request.headers}
    body = None if request.body is None else data
    made = urllib.request.Request(f"{url}{request.path}", data=body, headers=headers, method=request.method)
    try:
        with urllib.request.urlopen(made, timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
