"""Web page: ``/`` and its static files under ``/web/``. It needs no key: it holds nothing of the documents."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from rag.runtime.background import BackgroundQueue

_FOLDER: Final = Path(__file__).parents[1] / "static"
# Revalidated each time; the response is 304 if nothing has changed.
_CACHE: Final = {"Cache-Control": "no-cache"}
# Content-Security-Policy: this origin only; `blob:` is for page images that were fetched with the access key.
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


# From the last file that was asked for: longer than it takes to be there and drawn.
_LOADING_SECONDS: Final = 2.0


def make_way(app: FastAPI) -> None:
    """Lets background jobs make way for a page, or the picture of one, that a person waits for."""
    background: BackgroundQueue | None = getattr(app.state, "background", None)
    if background:
        background.make_way(_LOADING_SECONDS)


class _Files(StaticFiles):
    # Route name in logs and metrics.
    path = "/web"

    async def get_response(self, path: str, scope: Scope) -> Response:
        scope["route"] = self
        make_way(scope["app"])
        response = await super().get_response(path, scope)
        response.headers.update(_CACHE)
        return response


def install(app: FastAPI, root_path: str = "") -> None:
    """Adds the page to an application that is offered under ``root_path``."""
    routes = APIRouter()
    files = _Files(directory=_FOLDER)
    index = _FOLDER / "index.html"

    @routes.get("/", response_class=Response, include_in_schema=False)
    def page(request: Request) -> Response:
        make_way(request.app)
        if root_path:
            html = index.read_text(encoding="utf-8").replace('="/web/', f'="{root_path}/web/')
            response = Response(html, media_type="text/html")
        else:
            response = files.file_response(index, index.stat(), request.scope)
        response.headers.update({**_CACHE, "Content-Security-Policy": _POLICY})
        return response

    app.include_router(routes)
    app.mount("/web", files)
