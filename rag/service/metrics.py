"""Prometheus metrics of the service. They never hold text of questions, answers or documents."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from rag.domain.values import Answer

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """Metrics in a registry of their own, so that two services in one process do not share counts."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self.requests = Counter("pageproof_requests", "HTTP requests", ["route", "status"], registry=registry)
        self.answers = Counter("pageproof_answers", "Answers by outcome", ["outcome"], registry=registry)
        self.unfinished = Counter("pageproof_unfinished", "Answers that failed or were cancelled", registry=registry)
        self.connections_closed = Counter(
            "pageproof_connections_closed",
            "Connections closed for their client's silence, or without a place",
            ["reason"],
            registry=registry,
        )
        self.waiting = Gauge("pageproof_waiting_requests", "Questions that wait for their turn", registry=registry)
        self.at_work = Gauge("pageproof_answers_at_work", "Questions that are being answered", registry=registry)
        self.turned_away = Counter("pageproof_turned_away", "Questions without a place", ["reason"], registry=registry)
        self.late = Counter("pageproof_late", "Questions that ended at their deadline", ["phase"], registry=registry)
        self.tokens = Counter("pageproof_tokens", "Tokens of the language model", ["kind"], registry=registry)
        self.phase = Histogram(
            "pageproof_phase_seconds", "Time per phase of an answer", ["phase"], buckets=_SECONDS, registry=registry
        )
        self.swaps = Gauge("pageproof_index_swaps", "New generations taken while running", registry=registry)
        self.refused = Gauge("pageproof_index_refused", "Generations that could not be served", registry=registry)
        self.degraded = Gauge(
            "pageproof_index_degraded", "1 while an earlier generation than the current is served", registry=registry
        )
        self.chunks = Gauge("pageproof_index_chunks", "Chunks in the served generation", ["index"], registry=registry)

    def index_state(self, *, swaps: int, refused: int, degraded: bool) -> None:
        """Sets the gauges of index reloads: generations that were published while the service ran."""
        self.swaps.set(swaps)
        self.refused.set(refused)
        self.degraded.set(degraded)

    def count_answer(self, answer: Answer) -> None:
        """Counts an answer: outcome, tokens, and time per phase."""
        self.answers.labels("answered" if answer.answered else answer.reason or "none").inc()
        self.tokens.labels("prompt").inc(answer.usage.prompt_tokens)
        self.tokens.labels("cached").inc(answer.usage.cached_tokens)
        self.tokens.labels("completion").inc(answer.usage.completion_tokens)
        for phase, milliseconds in answer.timings_ms.items():
            self.phase.labels(phase).observe(milliseconds / 1000)

    def exposition(self, *, waiting: int, at_work: int) -> bytes:
        """All metrics in Prometheus' text format, with the current ``waiting`` and ``at_work``."""
        self.waiting.set(waiting)
        self.at_work.set(at_work)
        return generate_latest(self._registry)
