"""OpenTelemetry: spans of an answer at a collector, without texts; off by default, and one line where it is missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from rag.errors import SettingsError
from rag.service.tracing import PHASES, open_traces
from tests.integration.test_asking import QUESTION, client_for

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """A collector: its address, and the bodies that it was sent."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - see http.server
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", bodies
    server.shutdown()
    thread.join()
    server.server_close()


def spans(bodies: list[bytes]) -> list[Any]:
    """Spans of OTLP's protocol buffers, in the order of their beginnings."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    requests = [ExportTraceServiceRequest.FromString(body) for body in bodies]
    found = [
        span
        for request in requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    return sorted(found, key=lambda span: (span.start_time_unix_nano, -span.end_time_unix_nano))


def test_an_answer_is_a_span_with_its_phases(index: Path, collector: tuple[str, list[bytes]]) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="requirements-otel.txt is not installed")
    address, bodies = collector
    with client_for(index, traces=open_traces(address)) as client:
        headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "X-Request-ID": "r-1"}
        answer = client.post("/ask", json={"question": QUESTION}, headers=headers).json()
    found = spans(bodies)
    assert sorted(span.name for span in found) == sorted(["answer", *PHASES])
    whole = next(span for span in found if span.name == "answer")
    assert {span.trace_id.hex() for span in found} == {TRACE}
    assert {span.parent_span_id for span in found if span is not whole} == {whole.span_id}
    attributes = {each.key: each.value.string_value for each in whole.attributes}
    assert attributes["pageproof.request_id"] == "r-1"
    seconds = (whole.end_time_unix_nano - whole.start_time_unix_nano) / 1e9
    assert seconds == pytest.approx(answer["timings_ms"]["total"] / 1000, abs=0.001)
    sent = b"".join(bodies)
    for text in (QUESTION, answer["answer"], "harbour.pdf", "24 euros"):
        assert text.encode() not in sent


def test_a_wrong_traceparent_begins_a_trace(index: Path, collector: tuple[str, list[bytes]]) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="requirements-otel.txt is not installed")
    address, bodies = collector
    with client_for(index, traces=open_traces(address)) as client:
        assert client.post("/ask", json={"question": QUESTION}, headers={"traceparent": "00-x"}).status_code == 200
    assert next(span for span in spans(bodies) if span.name == "answer").parent_span_id == b""


def test_off_by_default() -> None:
    assert open_traces("") is None


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    for name in [name for name in sys.modules if name.startswith("opentelemetry.")]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SettingsError, match=r"requirements-otel\.txt"):
        open_traces("http://127.0.0.1:4318")
