"""The application: middleware, routes and errors around an Answerer that the lifespan opens and closes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from pydantic import SecretStr

from rag import __version__
from rag.answering import Answerer
from rag.service import asking, library, operations, problems
from rag.service.admission import Admission
from rag.service.auth import require_key
from rag.service.metrics import Metrics
from rag.service.middleware import Frame


def create_app(
    open_answerer: Callable[[], Answerer], *, api_keys: Sequence[SecretStr] = (), max_queue: int = 16
) -> FastAPI:
    """The service.

    Args:
        open_answerer: called once, when the application starts; what it opens is closed when the application ends.
        api_keys: one of them is needed for everything but ``/livez`` and ``/readyz``; none means no key is.
        max_queue: questions that may wait while one is answered; one more is refused with 503.
    """
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        answerer = await run_in_threadpool(open_answerer)
        admission = Admission(max_queue)
        key = [Depends(require_key(api_keys))]
        app.include_router(operations.probes(answerer))
        app.include_router(asking.router(asking.Asking(answerer, admission, metrics)), dependencies=key)
        app.include_router(library.router(answerer), dependencies=key)
        app.include_router(operations.router(answerer, admission, metrics), dependencies=key)
        with answerer.index.followed():
            yield
        await run_in_threadpool(answerer.model.close)

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
    app.add_middleware(Frame, metrics=metrics)
    problems.install(app)
    return app
