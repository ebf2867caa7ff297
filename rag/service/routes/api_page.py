"""``/docs``: the HTTP API in Swagger UI, which is bundled. It needs no key: the schema that it displays does."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

import rag.service.api_docs

_FOLDER: Final = Path(rag.service.api_docs.__path__[0]) / "swagger_ui"
_PAGE: Final = "index.html"
_FILES: Final = ("swagger-ui-bundle.js", "swagger-ui.css", "start.js", "start.css")
# This origin only. Swagger UI's style sheet has its icons as data.
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = {"Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}


def router() -> APIRouter:
    """The page and its files."""
    routes = APIRouter(prefix="/docs")
    files = StaticFiles(directory=_FOLDER)

    def sent(name: str, request: Request) -> Response:
        response = files.file_response(_FOLDER / name, (_FOLDER / name).stat(), request.scope)
        response.headers.update(_HEADERS)
        return response

    @routes.get("", include_in_schema=False)
    def page(request: Request) -> Response:
        return sent(_PAGE, request)

    @routes.get("/{name}", include_in_schema=False)
    def file(name: str, request: Request) -> Response:
        if name not in _FILES:
            raise HTTPException(404)
        return sent(name, request)

    return routes
