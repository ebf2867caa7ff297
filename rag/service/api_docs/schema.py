"""OpenAPI schema of the service: what FastAPI derives from the routes, with all errors and the access keys.

FastAPI knows neither the checks that precede a route (keys, hosts, size and time of a body) nor the format of errors.
They are added by what an operation has: a body, parameters, a key. https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from rag.service.openai.errors import OPENAI_PATHS

_Object = dict[str, Any]

# Routes that need no key, and those that need an admin key.
OPEN: Final = ("/livez", "/readyz")
ADMIN: Final = ("/uploads", "/ingest")
_ADMIN_METHOD: Final = ("/collections", "post")


_KEY_SCHEMES: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Authorization: Bearer KEY"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
# Of a path, for the name of an operation.
_NAME: Final = str.maketrans({"/": "_", "{": "", "}": "", ".": "_"})
_EITHER_KEY: Final[list[dict[str, list[str]]]] = [{name: []} for name in _KEY_SCHEMES]

_MEANINGS: Final[Mapping[int, str]] = {
    400: "the request cannot be fulfilled: the error names the field",
    401: "no key was sent, or it is not accepted",
    403: "the key may not do this, or a page of another origin sent it",
    404: "there is no such document, page, collection or model",
    408: "the body did not come in time",
    409: "the name is taken",
    413: "the body is too large",
    415: "the body is of another media type",
    416: "the file does not have the range that was requested",
    421: "the host name of the request is not allowed",
    422: "the request cannot be fulfilled: `errors` names the fields",
    429: "the key has sent too many requests",
    500: "a defect; the log has it under the request id",
    503: "not now: no place, not answered in time, no index, or the service is stopping",
    507: "the disk is full, or refuses to write",
}
_RETRY_AFTER: Final = {
    "Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "seconds; where a retry may help"}
}
_REQUEST_ID: Final = {"X-Request-ID": {"schema": {"type": "string"}, "description": "under which the log has it"}}

_PROBLEM: Final[_Object] = {
    "title": "Problem",
    "description": "An error, as RFC 9457 has it.",
    "type": "object",
    "required": ["type", "title", "status", "request_id"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "about:blank"},
        "title": {"type": "string", "description": "the status in words"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "what is wrong, and what to do"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "maxItems": 11,
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "additionalProperties": False,
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
        "retry_after_seconds": {"type": "integer", "minimum": 1},
    },
}
_OPENAI_ERROR: Final[_Object] = {
    "title": "OpenAIError",
    "description": "An error, as OpenAI's clients expect it.",
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "additionalProperties": False,
            "properties": {
                "message": {"type": "string"},
                "type": {"enum": ["invalid_request_error", "server_error"]},
                "param": {"type": ["string", "null"], "description": "the field that is wrong"},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}


def problem_responses(*statuses: int) -> dict[int | str, _Object]:
    """Errors of one route alone, for the argument ``responses`` of its decorator; the common ones are added here."""
    return {status: _error(status, "/") for status in statuses}


def binary(*media_types: str) -> dict[int | str, _Object]:
    """A response of bytes, for the argument ``responses``: FastAPI cannot know the type of what a route returns."""
    return {200: {"content": {media: {"schema": {"type": "string", "format": "binary"}} for media in media_types}}}


def events(*names: str) -> dict[int | str, _Object]:
    """Server-Sent Events beside JSON, for the argument ``responses``: the schema is that of each event.

    Args:
        names: of the events; without any, events have no names.
    """
    event: _Object = {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "string", "description": "an object in JSON"}},
    }
    if names:
        event["properties"]["event"] = {"enum": list(names)}
    return {200: {"content": {"text/event-stream": {"schema": event}}}}


def install(app: FastAPI, *, keyed: bool, hosts_checked: bool) -> None:
    """Makes ``app.openapi()`` return the complete schema.

    Args:
        app: its routes may be added later, before the first call.
        keyed: whether the routes need a key; those of uploads do anyway.
        hosts_checked: whether requests for other hosts are refused.
    """

    def schema() -> _Object:
        if not app.openapi_schema:
            made = get_openapi(title=app.title, version=app.version, servers=app.servers or None, routes=app.routes)
            app.openapi_schema = _complete(made, keyed=keyed, hosts_checked=hosts_checked)
        return app.openapi_schema

    app.openapi = schema  # type: ignore[method-assign]  # as FastAPI documents it


def _complete(schema: _Object, *, keyed: bool, hosts_checked: bool) -> _Object:
    for path, method, operation in _operations(schema):
        operation["operationId"] = f"{method}{path.translate(_NAME)}".rstrip("_")
        needs_key = path not in OPEN and (keyed or path in ADMIN or (path, method) == _ADMIN_METHOD)
        if needs_key:
            operation["security"] = _EITHER_KEY
        statuses = _statuses(path, operation, needs_key=needs_key) | ({421} if hosts_checked else set())
        _add_errors(path, operation["responses"], statuses)
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own format of errors, which is not sent
        schemas.pop(name, None)
    schemas.update({made["title"]: made for made in (_PROBLEM, _OPENAI_ERROR)})
    if keyed or any(path in ADMIN for path in schema["paths"]):
        components["securitySchemes"] = _KEY_SCHEMES
    return schema


def _operations(schema: _Object) -> Iterator[tuple[str, str, _Object]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _statuses(path: str, operation: _Object, *, needs_key: bool) -> set[int]:
    """The statuses of errors that an operation has by what it takes."""
    statuses = {500, 503}
    if needs_key:
        statuses |= {401, 403, 429}
    if "requestBody" in operation:
        statuses |= {403, 408, 413}
    chooses = any(parameter["name"] == "collection" for parameter in operation.get("parameters", ()))
    if "{" in path or chooses or path == f"{OPENAI_PATHS}chat/completions":
        statuses.add(404)
    if "422" in operation["responses"]:
        statuses.add(400 if path.startswith(OPENAI_PATHS) else 422)
    return statuses


def _add_errors(path: str, responses: _Object, statuses: set[int]) -> None:
    responses.pop("422", None)
    for status in sorted(statuses):
        responses.setdefault(str(status), _error(status, path))
    for response in responses.values():
        response["headers"] = {**response.get("headers", {}), **_REQUEST_ID}


def _error(status: int, path: str) -> _Object:
    is_openai = path.startswith(OPENAI_PATHS)
    name, media = ("OpenAIError", "application/json") if is_openai else ("Problem", "application/problem+json")
    error: _Object = {
        "description": _MEANINGS[status],
        "content": {media: {"schema": {"$ref": f"#/components/schemas/{name}"}}},
    }
    if status in (429, 503):
        error["headers"] = dict(_RETRY_AFTER)
    return error
