"""Health and operations: ``/livez``, ``/readyz``, ``/metrics``, ``/info``, ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse

from rag import __version__
from rag.errors import CollectionUnknown, IndexFault, IndexMissing, ModelError
from rag.index.generation import Generation
from rag.runtime.background import BackgroundQueue
from rag.service.access.access_key import SCOPES
from rag.service.admission.admission import Admission
from rag.service.auth import Keys, guarded
from rag.service.collections.choosing import ChosenCollection, opened_by
from rag.service.collections.served import ServedCollections
from rag.service.language_model.description import ModelDescription
from rag.service.metrics import CONTENT_TYPE, Metrics
from rag.service.middleware import MAX_BODY_BYTES
from rag.service.problems import error_response, problem_fields
from rag.service.routes.feedback import records_of
from rag.service.schemas.fields import MAX_HISTORY, MAX_QUESTION
from rag.service.schemas.health import BackgroundBody, InfoBody, LimitsBody, StateBody, VectorsBody
from rag.service.uploads.schemas import AddingBody

_STOPPING: Final = "the service is stopping"


def probes(served: ServedCollections) -> APIRouter:
    """Liveness and readiness probes; they need no key."""
    routes = APIRouter()
    answerer = served.default.answerer

    @routes.get("/livez", response_model=StateBody)
    async def livez() -> StateBody:
        """Liveness: the process runs, and its event loop responds."""
        return StateBody(status="alive")

    @routes.get("/readyz", response_model=StateBody)
    async def readyz(request: Request) -> StateBody | Response:
        """Readiness: whether questions can be answered; if not, the reason and the remedy.

        ``degraded``, with 200: questions are answered from an earlier index, because a newer one is damaged; or only
        from other collections than the default one.
        """
        if request.app.state.draining:
            return error_response(request.scope["path"], problem_fields(503, _STOPPING, request.state.request_id))
        try:
            generation = await run_in_threadpool(answerer.generation)
        except IndexFault as fault:
            if other := await run_in_threadpool(_other_generation, served):
                return StateBody(status="degraded", reason=str(fault), model=answerer.model.name, index=other.id)
            return error_response(request.scope["path"], problem_fields(503, str(fault), request.state.request_id))
        refused = answerer.index.state.fault
        return StateBody(
            status="degraded" if refused else "ready",
            reason=f"a newer index cannot be served: {refused}" if refused else None,
            model=answerer.model.name,
            index=generation.id,
        )

    return routes


@dataclass(frozen=True)
class ServiceInfo:
    """Parts of the service that ``/info`` and ``/metrics`` tell about.

    Attributes:
        uploads: what may be added, by the key of a request.
    """

    admission: Admission
    uploads: Callable[[Request], AddingBody]
    background: BackgroundQueue
    model: ModelDescription


def router(served: ServedCollections, metrics: Metrics, keys: Keys, about: ServiceInfo) -> APIRouter:
    """Metrics, API schema and configuration, guarded by the keys."""
    admission, background = about.admission, about.background
    answerer = served.default.answerer
    routes = APIRouter(route_class=guarded(keys))
    measured = APIRouter(route_class=guarded(keys, "metrics"))

    @measured.get("/metrics", response_class=PlainTextResponse)
    def exposition(request: Request) -> Response:
        """Metrics in Prometheus' text format."""
        generation = None
        with suppress(IndexFault):
            generation = answerer.generation()
        metrics.key_file_refused.set(keys.file is not None and keys.file.fault is not None)
        metrics.background_state(background.status)
        opens = opened_by(request)
        states = served.states()
        metrics.collections_state({name: states[name] for name in states if opens is None or name in opens})
        state = answerer.index.state
        metrics.index_state(generation, swaps=state.swaps, refused=state.refused, degraded=state.fault is not None)
        return Response(
            metrics.exposition(waiting=admission.waiting, at_work=admission.at_work), media_type=CONTENT_TYPE
        )

    routes.include_router(measured)

    @routes.get("/openapi.json", include_in_schema=False)
    def schema(request: Request) -> dict[str, Any]:
        """The OpenAPI schema."""
        application: FastAPI = request.app
        return application.openapi()

    @routes.get("/info", response_model=InfoBody)
    def info(request: Request, collection: ChosenCollection) -> InfoBody:
        """Versions, model, encoder, index, and the limits in force."""
        answerer = collection.answerer
        generation = None
        with suppress(IndexMissing):
            generation = answerer.generation()
        return InfoBody(
            title="Pageproof",
            version=__version__,
            model=answerer.model.name,
            encoder=answerer.retriever.encoder.identity,
            index=generation.id if generation else None,
            limits=LimitsBody(
                question_characters=MAX_QUESTION,
                history_turns=MAX_HISTORY,
                context_tokens=answerer.model.context_tokens,
                evidence_tokens=answerer.evidence_tokens,
                passages=answerer.passages,
                answer_tokens=answerer.max_tokens,
                parallel_answers=admission.limits.parallel,
                waiting_requests=admission.limits.max_queue,
                answer_seconds=round(admission.seconds, 1),
                body_bytes=MAX_BODY_BYTES,
                requests_per_minute=getattr(request.state, "requests_per_minute", None),
            ),
            language_model=about.model.body(answerer),
            adding=about.uploads(request),
            feedback=records_of(answerer) is not None and "feedback" in getattr(request.state, "scopes", SCOPES),
            background=BackgroundBody.of(background.status),
            vectors=_vectors(generation) if generation else None,
        )

    return routes


def _other_generation(served: ServedCollections) -> Generation | None:
    """A generation of another collection than the default one; None where none can be served."""
    for name in served.names()[1:]:
        with suppress(IndexFault, CollectionUnknown, ModelError):
            return served.find(name).answerer.generation()
    return None


def _vectors(generation: Generation) -> VectorsBody | None:
    """How many vectors of a generation are computed; None where it has all."""
    if generation.has_vectors:
        return None
    return VectorsBody(done=min(generation.pending_vectors(), len(generation)), total=len(generation))
