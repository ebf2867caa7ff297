"""The application: middleware, routes and errors around an Answerer that the lifespan opens and closes."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence
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
from rag.service import problems
from rag.service.admission.admission import DEFAULTS, Admission, AdmissionLimits
from rag.service.auth import Keys, guarded
from rag.service.metrics import Metrics
from rag.service.middleware import RequestMiddleware
from rag.service.page_images import PageImages
from rag.service.routes import ask, documents, health, openai, page
from rag.service.routes.uploads import UploadService, adding_body, router
from rag.service.uploads.ingest_jobs import IngestJobs

_log = logging.getLogger(__name__)


def create_app(
    open_answerer: Callable[[], Answerer],
    *,
    api_keys: Sequence[SecretStr] = (),
    admin_keys: Sequence[SecretStr] = (),
    adding: UploadService | None = None,
    limits: AdmissionLimits = DEFAULTS,
    hosts: Collection[str] = (),
    drawers: RenderPool | None = None,
) -> FastAPI:
    """The service.

    Args:
        open_answerer: called once, when the application starts; what it opens is closed when the application ends.
        api_keys: one of them is needed for everything but ``/livez``, ``/readyz``, and the page (``/``, ``/web/``),
            which has nothing of the documents; none means no key is.
        admin_keys: one of them is needed for adding documents; each opens everything else, too.
        adding: how documents are added; None means that none are.
        limits: how many are answered at a time and may wait, and for how long.
        hosts: names under which it is asked, beside addresses, whatever the port; requests for others get a 421. None
            named means any.
        drawers: what draws pictures of pages, closed as above; None means that it starts with the first picture.

    Returns:
        The application. While it runs, ``state.admission`` has its :class:`Admission`.
    """
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        answerer = await run_in_threadpool(open_answerer)
        admission = Admission(limits, quantum=answerer.evidence_tokens + answerer.max_tokens)
        app.state.admission = admission
        threads = ThreadPoolExecutor(limits.parallel, thread_name_prefix="answer")
        pictures = PageImages(drawers or RenderPool())
        keys = Keys(api_keys, admin_keys)
        keyed = guarded(keys)
        app.include_router(health.probes(answerer))
        questions = ask.QuestionService(answerer, admission, threads, metrics)
        app.include_router(ask.router(questions, keys))
        app.include_router(openai.router(questions, answerer, keys))
        app.include_router(documents.router(answerer, pictures, keyed))
        app.include_router(health.router(answerer, admission, metrics, adding_body(adding), keyed))
        if adding:
            runs = IngestJobs(adding.job, answerer.index.refresh)
            app.include_router(router(adding, runs, guarded(keys, admin=True)))
        with answerer.index.followed():
            await run_in_threadpool(_tell_where_nothing_is_served, answerer)
            yield
        if adding:
            await run_in_threadpool(runs.close)
        await run_in_threadpool(pictures.close)
        # The model must not be closed under a thread that is about to leave it.
        await run_in_threadpool(partial(threads.shutdown, wait=True))
        await run_in_threadpool(answerer.model.close)
        # FastAPI remembers the routes of an application that has ended, and with them all that they hold.
        answerer.index.close()

    # FastAPI's own pages of documentation load scripts from elsewhere, and its schema would need no key.
    app = FastAPI(
        title="Pageproof",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redirect_slashes=False,
        redoc_url=None,
        openapi_url=None,
    )
    app.add_middleware(RequestMiddleware, metrics=metrics, hosts=hosts)
    problems.install(app)
    page.install(app)
    return app


def _tell_where_nothing_is_served(answerer: Answerer) -> None:
    try:
        answerer.generation()
    except IndexFault as fault:
        _log.warning("no question can be answered yet: %s", fault)
