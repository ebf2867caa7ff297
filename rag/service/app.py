"""FastAPI application: middleware, routes and error handlers around an Answerer that the lifespan opens and closes."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from pydantic import SecretStr

from rag import __version__
from rag.answering.answerer import Answerer
from rag.errors import IndexFault
from rag.pdf.render_pool import RenderPool
from rag.runtime.background import BackgroundJob, BackgroundQueue
from rag.service import problems
from rag.service.access.watched_keys import WatchedKeys
from rag.service.admission.admission import DEFAULTS, Admission, AdmissionLimits
from rag.service.allowed_hosts import AllowedHosts
from rag.service.api_docs import schema
from rag.service.auth import Keys, guarded
from rag.service.collections.opening import CollectionParts
from rag.service.collections.served import CollectionFolder
from rag.service.guides.job import guides_job
from rag.service.guides.maker import GuideMaker
from rag.service.language_model.description import ModelDescription
from rag.service.metrics import Metrics
from rag.service.middleware import RequestMiddleware
from rag.service.page_images import PageImages
from rag.service.routes import api_page, ask, collections, documents, feedback, health, openai, page
from rag.service.routes import guides as guide_routes
from rag.service.routes.uploads import router, uploads_info
from rag.service.tracing import AnswerTraces
from rag.service.uploads.adding import UploadService

_log = logging.getLogger(__name__)


def create_app(
    open_answerer: Callable[[], Answerer],
    *,
    api_keys: Sequence[SecretStr] = (),
    admin_keys: Sequence[SecretStr] = (),
    key_file: WatchedKeys | None = None,
    requests_per_minute: int = 0,
    uploads: UploadService | None = None,
    limits: AdmissionLimits = DEFAULTS,
    hosts: AllowedHosts | None = None,
    render_pool: RenderPool | None = None,
    root_path: str = "",
    traces: AnswerTraces | None = None,
    background: Sequence[BackgroundJob] = (),
    guides: Callable[[Answerer], GuideMaker | None] | None = None,
    others: CollectionFolder | None = None,
    language_model: ModelDescription | None = None,
) -> FastAPI:
    """Creates the application of the service.

    Args:
        open_answerer: called once, when the application starts; what it opens is closed when the application ends.
        api_keys: access keys, needed for everything but ``/livez``, ``/readyz`` and the pages (``/``, ``/web/``,
            ``/docs``), which hold nothing of the documents; none, and no key file, means that no key is needed.
        admin_keys: keys for adding documents; each is an access key, too.
        key_file: further keys, each with its own scopes.
        requests_per_minute: limit of each key that has none of its own; 0 for none.
        uploads: folder and job of documents added over HTTP; None turns uploads off.
        limits: of answers at a time, of the queue, and of the time of a request.
        hosts: those that requests are answered for, others get a 421; None means any.
        render_pool: renders page images, and is closed with the application; None means one that starts its processes
            with the first image.
        traces: records the times of answers, and is closed with the application; None records none.
        background: jobs that begin with the application, while nothing is asked.
        guides: opens the maker of guides of documents, whose job is the last of those; None where none are made.
        others: further collections, each opened when it is first asked for; None for the default one alone.
        language_model: what clients are told about the language model, beside its name.
        root_path: the path under which a proxy offers the service, without a slash at its end; empty for ``/``.

    Returns:
        The application. ``state.metrics`` has its :class:`Metrics`, and while it runs ``state.admission`` its
        :class:`Admission`, ``state.background`` its queue of background jobs, and ``state.collections`` its
        :class:`ServedCollections`. While ``state.draining`` is true, ``/readyz`` says that it stops.
    """
    metrics = Metrics()
    keys = Keys(
        api_keys,
        admin_keys,
        key_file,
        requests_per_minute=requests_per_minute,
        open_admin=uploads is not None and uploads.without_key,
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        answerer = await run_in_threadpool(open_answerer)
        admission = Admission(limits, quantum=answerer.evidence_tokens + answerer.max_tokens)
        app.state.admission = admission
        app.state.background = queue = BackgroundQueue(metrics.count_background)
        metrics.started(answerer.model.name)
        threads = ThreadPoolExecutor(limits.parallel, thread_name_prefix="answer")
        page_images = PageImages(render_pool or RenderPool())
        parts = CollectionParts(answerer, queue, metrics, uploads, guides(answerer) if guides else None, others)
        served = app.state.collections = parts.served()
        app.include_router(health.probes(served))
        questions = ask.QuestionService(served, admission, threads, metrics, traces, queue)
        app.include_router(ask.router(questions, keys))
        app.include_router(openai.router(questions, answerer, keys))
        app.include_router(feedback.router(guarded(keys, "feedback")))
        app.include_router(documents.router(page_images, guarded(keys, "documents")))
        app.include_router(guide_routes.router(guarded(keys, "documents")))
        can_make = uploads is not None and others is not None
        app.include_router(collections.router(served, guarded(keys), can_make=can_make))
        about = health.ServiceInfo(admission, uploads_info(uploads, keys), queue, language_model or ModelDescription())
        app.include_router(health.router(served, metrics, keys, about))
        if uploads:
            app.include_router(router(guarded(keys, "admin")))
            if others:
                app.include_router(collections.making_router(served, others.root, guarded(keys, "admin")))
        app.openapi()  # derived now, from all routes, and kept
        with answerer.index.followed():
            await run_in_threadpool(_tell_of_gaps, answerer)
            maker = served.default.maker
            for job in (*background, *([guides_job(maker)] if maker else [])):
                queue.submit(job)
            yield
        await run_in_threadpool(queue.close)
        await run_in_threadpool(page_images.close)
        if traces:
            await run_in_threadpool(traces.close)
        # The model must not be closed while a thread still uses it.
        await run_in_threadpool(partial(threads.shutdown, wait=True))
        await run_in_threadpool(answerer.model.close)
        # FastAPI keeps the routes of an application that has ended, and with them all that they refer to.
        await run_in_threadpool(served.close)
        answerer.index.close()

    # FastAPI's documentation pages load scripts from a CDN, and its schema route would need no key: ours do neither.
    app = FastAPI(
        title="Pageproof",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redirect_slashes=False,
        redoc_url=None,
        openapi_url=None,
        # Not its root_path: RequestMiddleware takes that away, so that every route has one path.
        servers=[{"url": root_path}] if root_path else None,
    )
    app.state.metrics = metrics
    app.state.draining = False
    app.add_middleware(RequestMiddleware, metrics=metrics, hosts=hosts, root_path=root_path)
    schema.install(app, keyed=keys.are_needed, hosts_checked=hosts is not None)
    problems.install(app)
    app.include_router(api_page.router())
    page.install(app, root_path)
    return app


def _tell_of_gaps(answerer: Answerer) -> None:
    try:
        generation = answerer.generation()
    except IndexFault as fault:
        _log.warning("no question can be answered yet: %s", fault)
        return
    missing = [document.name for document in generation.documents if not generation.source(document.id).is_file()]
    if missing:
        _log.warning(
            "the stored files of %d of %d documents are missing (%s, ...): their pages cannot be shown; restore the "
            "folder sources of the index, or ingest again",
            len(missing),
            len(generation.documents),
            missing[0],
        )
