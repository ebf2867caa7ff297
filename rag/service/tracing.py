"""OpenTelemetry traces: a span for each answer, with one for each of its phases. Off by default, and without any text.

The spans are made when an answer is ready, from its times (``Answer.timings_ms``), one after the other: where phases
overlap, as drafting and verifying do, they say how long, not when. https://opentelemetry.io/docs/specs/otel/trace/api/
"""

from __future__ import annotations

import time
from typing import Any, Final

from rag import __version__
from rag.domain.values import Answer
from rag.errors import SettingsError
from rag.service.logs import request_state

# Of the request that is being handled; the trace goes on from it. https://www.w3.org/TR/trace-context/
TRACEPARENT: Final = "traceparent"
PHASES: Final = ("queue", "understand", "retrieve", "generate", "verify")
_CLOSING_MILLISECONDS: Final = 3000


class AnswerTraces:
    """Sends the times of answers to a collector, in a thread of OpenTelemetry's."""

    def __init__(self, provider: Any) -> None:  # noqa: ANN401 - of a library that may be missing
        """Sends through a provider of OpenTelemetry's SDK, which :meth:`close` shuts down."""
        self._provider = provider
        self._tracer = provider.get_tracer("pageproof", __version__)

    def record(self, answer: Answer) -> None:
        """Records an answer that is ready. Does not wait, and drops spans that the collector is too slow for."""
        from opentelemetry.trace import set_span_in_context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        state = request_state.get()
        parent = TraceContextTextMapPropagator().extract({TRACEPARENT: state.get(TRACEPARENT) or ""})
        end = time.time_ns()
        begin = at = end - _nanoseconds(answer, "total")
        span = self._tracer.start_span("answer", parent, start_time=begin, attributes=_attributes(answer, state))
        for phase in PHASES:
            if phase in answer.timings_ms:
                child = self._tracer.start_span(phase, set_span_in_context(span), start_time=at)
                at = min(at + _nanoseconds(answer, phase), end)
                child.end(at)
        span.end(end)

    def close(self) -> None:
        """Sends what is left, for a few seconds at most."""
        self._provider.force_flush(_CLOSING_MILLISECONDS)
        self._provider.shutdown()


def open_traces(endpoint: str) -> AnswerTraces | None:
    """Traces that go to a collector's address, such as ``http://127.0.0.1:4318``; None where there is none.

    Raises:
        SettingsError: OpenTelemetry is not installed.
    """
    if not endpoint:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise SettingsError(
            "RAG_TRACES is set, and OpenTelemetry is not installed: pip install -r requirements-otel.txt"
        ) from error
    resource = Resource.create({"service.name": "pageproof", "service.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=_CLOSING_MILLISECONDS / 1000)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return AnswerTraces(provider)


def _nanoseconds(answer: Answer, phase: str) -> int:
    return round(answer.timings_ms.get(phase, 0.0) * 1_000_000)


def _attributes(answer: Answer, state: Any) -> dict[str, str | int | bool]:  # noqa: ANN401 - of ASGI
    attributes = {
        "pageproof.request_id": state.get("request_id"),
        "pageproof.key_id": state.get("key_id"),
        "pageproof.answered": answer.answered,
        "pageproof.reason": answer.reason,
        "pageproof.form": answer.form,
        "pageproof.index": answer.index,
        "pageproof.sentences": len(answer.sentences),
        "gen_ai.request.model": answer.model,
        "gen_ai.usage.input_tokens": answer.usage.prompt_tokens,
        "gen_ai.usage.output_tokens": answer.usage.completion_tokens,
    }
    return {name: value for name, value in attributes.items() if value is not None}
