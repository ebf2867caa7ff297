"""Problem documents: HTTP errors as application/problem+json (RFC 9457), under ``/v1/`` in OpenAI's format."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from rag.errors import (
    Cancelled,
    CollectionUnknown,
    DocumentUnknown,
    FeedbackNotStored,
    FileFault,
    IndexFault,
    LastDocument,
    ModelError,
    ModelUnreachable,
    NameTaken,
    PageproofError,
    RateExceeded,
    RequestFault,
    ServiceBusy,
    UploadNotStored,
    UploadTooLarge,
)
from rag.service.api_docs.route_index import methods_of, nothing_at
from rag.service.openai.errors import OPENAI_PATHS, openai_error

_log = logging.getLogger(__name__)

# nginx's status for a client that has disconnected; it is logged, not read.
_CLIENT_CLOSED_REQUEST: Final = 499

# A client's own text comes back in an error only so far: the answer to a large request must not be larger.
_DETAIL_CHARACTERS: Final = 1000
_FIELD_CHARACTERS: Final = 100
_MOST_ERRORS: Final = 10

_STATUS: Final[Mapping[type[PageproofError], int]] = {
    CollectionUnknown: 404,
    RequestFault: 422,
    FileFault: 422,
    UploadTooLarge: 413,
    NameTaken: 409,
    LastDocument: 409,
    UploadNotStored: 507,
    FeedbackNotStored: 507,
    RateExceeded: 429,
    ServiceBusy: 503,
    IndexFault: 503,
    ModelError: 503,
    Cancelled: _CLIENT_CLOSED_REQUEST,
}

# Errors that know when a retry may succeed.
_RETRYABLE: Final = (RateExceeded, ServiceBusy, ModelUnreachable)


def status_of(error: PageproofError) -> int:
    """HTTP status of an error; 500 for those that are not listed."""
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)


def error_response(path: str, fields: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Error response from the members of a problem document, in the format of the path's API."""
    if path.startswith(OPENAI_PATHS):
        status, body = openai_error(fields)
        return JSONResponse(body, status, headers)
    return JSONResponse(fields, fields["status"], headers, media_type="application/problem+json")


def problem_fields(status: int, detail: str | None, request_id: str, **more: object) -> dict[str, Any]:
    """Members of a problem document; those that are None are left out, and text that a client sent is cut."""
    title = "Client Closed Request" if status == _CLIENT_CLOSED_REQUEST else HTTPStatus(status).phrase
    detail = _shown(detail, _DETAIL_CHARACTERS) if detail else detail
    fields = {"type": "about:blank", "title": title, "status": status, "detail": detail, "request_id": request_id}
    return {name: value for name, value in {**fields, **more}.items() if value is not None}


def _shown(text: str, characters: int) -> str:
    """A text that a client may have chosen, no longer than ``characters``, and without what JSON cannot hold."""
    shown = text if len(text) <= characters else f"{text[: characters - 1]}…"
    return shown.encode("utf-8", "backslashreplace").decode()


def _shown_errors(errors: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """The first errors, as ``field`` and ``message``; the last entry says how many are left out."""
    shown = [
        {"field": _shown(field, _FIELD_CHARACTERS), "message": _shown(message, _DETAIL_CHARACTERS)}
        for field, message in errors[:_MOST_ERRORS]
    ]
    if left_out := len(errors) - len(shown):
        shown.append({"field": "body", "message": f"and {left_out} more"})
    return shown


def error_fields(error: PageproofError, request_id: str) -> dict[str, Any]:
    """Members of the problem document of an error; a 500 has no detail, which may be confidential."""
    status = status_of(error)
    field = error.field if isinstance(error, RequestFault) else None
    errors = _shown_errors([(field, str(error))]) if field else None
    retry_after = error.retry_after_seconds if isinstance(error, _RETRYABLE) else None
    detail = str(error) if status != 500 else None
    return problem_fields(status, detail, request_id, errors=errors, retry_after_seconds=retry_after)


def install(app: FastAPI) -> None:
    """Registers the handlers of exceptions from routes; unexpected ones are handled in middleware.py."""
    app.add_exception_handler(PageproofError, _pageproof_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)


def _request_id(request: Request) -> str:
    return str(request.state.request_id)


async def _pageproof_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PageproofError)  # noqa: S101 - registered for it
    if isinstance(error, DocumentUnknown) and error.field is None:
        return _response(request, problem_fields(404, str(error), _request_id(request)))
    fields = error_fields(error, _request_id(request))
    retry_after = fields.get("retry_after_seconds")
    if fields["status"] == 500:
        _log.error("request %s failed", _request_id(request), exc_info=error)
    return _response(request, fields, {"Retry-After": str(retry_after)} if retry_after else {})


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    errors = _shown_errors([(_field(detail), _message(detail)) for detail in error.errors()])
    detail = "; ".join(f"{entry['field']}: {entry['message']}" for entry in errors)
    return _response(request, problem_fields(422, detail, _request_id(request), errors=errors))


def _field(detail: Mapping[str, Any]) -> str:
    """Name of the invalid field: ``question`` for ``("body", "question")``; ``body`` for invalid JSON."""
    place = [str(part) for part in detail["loc"] if part != "body"]
    return "body" if detail["type"] == "json_invalid" or not place else ".".join(place)


def _message(detail: Mapping[str, Any]) -> str:
    """Message of a validation error, without the prefix that pydantic puts before the text of a ValueError."""
    if detail["type"] == "model_attributes_type":
        as_json = not isinstance(detail["input"], bytes)  # FastAPI parses a body only with a JSON Content-Type
        return "must be a JSON object" if as_json else "send it with Content-Type: application/json"
    return str(detail["msg"]).removeprefix("Value error, ")


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    if error.status_code == 400:  # FastAPI's status for a body that is not JSON
        errors = [{"field": "body", "message": error.detail}]
        return _response(request, problem_fields(422, f"body: {error.detail}", _request_id(request), errors=errors))
    detail, headers = error.detail, dict(error.headers or {})
    path = request.scope["path"]
    if error.status_code == 404 and detail == HTTPStatus.NOT_FOUND.phrase:  # Starlette's, where no route matches
        detail = nothing_at(request.app, path)
    if error.status_code == 405 and (methods := methods_of(request.app, path)):
        # Starlette names those of the first route with this path alone.
        headers["Allow"] = ", ".join(methods)
        detail = f"this path has the methods {headers['Allow']}"
    return _response(request, problem_fields(error.status_code, detail, _request_id(request)), headers)


def _response(request: Request, fields: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> JSONResponse:
    return error_response(request.scope["path"], fields, headers)
