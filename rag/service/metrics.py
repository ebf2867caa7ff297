"""Prometheus metrics of the service. They never hold text of questions, answers or documents."""

from __future__ import annotations

from collections import Counter as CountOf
from collections.abc import Iterable, Mapping
from datetime import datetime
from http import HTTPStatus
from platform import python_version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from rag import __version__
from rag.domain.file_status import FAILED, FileRow
from rag.domain.values import Answer
from rag.index.generation import Generation
from rag.runtime.background import BackgroundStatus, JobOutcome

CONTENT_TYPE = CONTENT_TYPE_LATEST
_PHASE_SECONDS = (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128)
# Pages, documents and probes take milliseconds, answers seconds.
_REQUEST_SECONDS = (0.005, 0.025, 0.1, *_PHASE_SECONDS)


class Metrics:
    """Metrics in a registry of their own, so that two services in one process do not share counts."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        ProcessCollector(registry=registry)
        self.build = Gauge("pageproof_build_info", "1", ["version", "python", "model"], registry=registry)
        self.key_file_refused = Gauge(
            "pageproof_key_file_refused",
            "1 while the key file cannot be used, and earlier keys are in force",
            registry=registry,
        )
        self._set_up_requests(registry)
        self._set_up_answers(registry)
        self._set_up_index(registry)
        self._set_up_background(registry)

    def _set_up_requests(self, registry: CollectorRegistry) -> None:
        self.requests = Counter("pageproof_requests", "HTTP requests", ["route", "status"], registry=registry)
        self.request_seconds = Histogram(
            "pageproof_request_seconds",
            "Time of a request, to the end of its response",
            ["route", "status"],
            buckets=_REQUEST_SECONDS,
            registry=registry,
        )
        self.internal_errors = Counter("pageproof_internal_errors", "Requests with status 500", registry=registry)
        self.connections_closed = Counter(
            "pageproof_connections_closed",
            "Connections closed for their client's silence, or without a place",
            ["reason"],
            registry=registry,
        )

    def _set_up_answers(self, registry: CollectorRegistry) -> None:
        self.answers = Counter("pageproof_answers", "Answers by outcome", ["outcome"], registry=registry)
        self.unfinished = Counter("pageproof_unfinished", "Answers that failed or were cancelled", registry=registry)
        self.waiting = Gauge("pageproof_waiting_requests", "Questions that wait for their turn", registry=registry)
        self.at_work = Gauge("pageproof_answers_at_work", "Questions that are being answered", registry=registry)
        self.turned_away = Counter("pageproof_turned_away", "Questions without a place", ["reason"], registry=registry)
        self.late = Counter("pageproof_late", "Questions that ended at their deadline", ["phase"], registry=registry)
        for phase in ("waiting", "working"):
            self.late.labels(phase)
        self.tokens = Counter("pageproof_tokens", "Tokens of the language model", ["kind"], registry=registry)
        self.phase = Histogram(
            "pageproof_phase_seconds",
            "Time per phase of an answer",
            ["phase"],
            buckets=_PHASE_SECONDS,
            registry=registry,
        )

    def _set_up_index(self, registry: CollectorRegistry) -> None:
        self.swaps = Gauge("pageproof_index_swaps", "New generations taken while running", registry=registry)
        self.refused = Gauge("pageproof_index_refused", "Generations that could not be served", registry=registry)
        self.degraded = Gauge(
            "pageproof_index_degraded", "1 while an earlier generation than the current is served", registry=registry
        )
        self.ready = Gauge("pageproof_ready", "1 while questions can be answered", registry=registry)
        self.chunks = Gauge("pageproof_index_chunks", "Chunks in the served generation", ["index"], registry=registry)
        self.files = Gauge(
            "pageproof_index_files",
            "Files of the ingest that published the served generation, by status",
            ["status"],
            registry=registry,
        )
        self.published = Gauge(
            "pageproof_index_published_timestamp_seconds", "When the served generation was made", registry=registry
        )
        self.collection_ready = Gauge(
            "pageproof_collection_ready",
            "1 while a further collection that was opened can be asked in its current generation",
            ["collection"],
            registry=registry,
        )
        self.ingest_runs = Counter(
            "pageproof_ingest_runs", "Runs of ingest that the service started", ["outcome"], registry=registry
        )
        # A series that begins with 1 has no increase: an alert would miss the first.
        for outcome in ("ok", "incomplete", "failed"):
            self.ingest_runs.labels(outcome)

    def _set_up_background(self, registry: CollectorRegistry) -> None:
        self.background_runs = Counter(
            "pageproof_background_runs", "Runs of background jobs", ["kind", "outcome"], registry=registry
        )
        self.background_seconds = Counter(
            "pageproof_background_seconds", "Time of background jobs, pauses included", ["kind"], registry=registry
        )
        self.background_waiting = Gauge("pageproof_background_waiting", "Background jobs that wait", registry=registry)
        self.background_running = Gauge(
            "pageproof_background_running", "1 for the background job at work", ["kind", "state"], registry=registry
        )

    def count_background(self, kind: str, outcome: JobOutcome, seconds: float) -> None:
        """Counts a run of a background job when it has ended."""
        self.background_runs.labels(kind, outcome).inc()
        self.background_seconds.labels(kind).inc(seconds)

    def background_state(self, status: BackgroundStatus) -> None:
        """Sets the gauges of the background queue."""
        self.background_waiting.set(len(status.waiting))
        self.background_running.clear()
        if status.job:
            self.background_running.labels(status.job, status.state).set(1)

    def index_state(self, generation: Generation | None, *, swaps: int, refused: int, degraded: bool) -> None:
        """Sets the gauges of the index: the generation that is served, and reloads while the service ran."""
        self.ready.set(generation is not None)
        self.swaps.set(swaps)
        self.refused.set(refused)
        self.degraded.set(degraded)
        self.chunks.clear()
        self.files.clear()
        if generation:
            self.chunks.labels(generation.id).set(len(generation))
            self.published.set(datetime.fromisoformat(generation.manifest.created).timestamp())
            for status, count in CountOf(row.status for row in generation.manifest.sources).items():
                self.files.labels(status).set(count)

    def collections_state(self, ready: Mapping[str, bool]) -> None:
        """Sets the gauge of further collections, by name."""
        self.collection_ready.clear()
        for name, is_ready in ready.items():
            self.collection_ready.labels(name).set(is_ready)

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Counts a request when its response has ended."""
        self.requests.labels(route, str(status)).inc()
        self.request_seconds.labels(route, str(status)).observe(seconds)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            self.internal_errors.inc()

    def count_ingest(self, *, published: bool, files: Iterable[FileRow]) -> None:
        """Counts a run of ingest: ``ok``, ``incomplete`` where files could not be read, or ``failed``."""
        complete = not any(row.status in FAILED for row in files)
        self.ingest_runs.labels(("ok" if complete else "incomplete") if published else "failed").inc()

    def count_answer(self, answer: Answer) -> None:
        """Counts an answer: outcome, tokens, and time per phase."""
        self.answers.labels("answered" if answer.answered else answer.reason or "none").inc()
        self.tokens.labels("prompt").inc(answer.usage.prompt_tokens)
        self.tokens.labels("cached").inc(answer.usage.cached_tokens)
        self.tokens.labels("completion").inc(answer.usage.completion_tokens)
        for phase, milliseconds in answer.timings_ms.items():
            self.phase.labels(phase).observe(milliseconds / 1000)

    def started(self, model: str) -> None:
        """Tells what runs: version of the program, of Python, and the language model's name."""
        self.build.labels(__version__, python_version(), model).set(1)

    def exposition(self, *, waiting: int, at_work: int) -> bytes:
        """All metrics in Prometheus' text format, with the current ``waiting`` and ``at_work``."""
        self.waiting.set(waiting)
        self.at_work.set(at_work)
        return generate_latest(self._registry)
