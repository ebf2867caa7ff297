"""Errors in OpenAI's format, which its clients turn into their own exceptions.

The form is that of https://platform.openai.com/docs/guides/error-codes: ``{"error": {"message", "type", "param",
"code"}}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

# Prefix of the OpenAI-compatible routes.
OPENAI_PATHS: Final = "/v1/"

_CODES: Final = {
    401: "invalid_api_key",
    403: "insufficient_permissions",
    404: "not_found",
    405: "method_not_supported",
    408: "request_timeout",
    413: "request_too_large",
    429: "rate_limit_exceeded",
    500: "internal_error",
    503: "service_unavailable",
}


def openai_error(fields: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Status and body in OpenAI's format, from the members of a problem document; 422 becomes 400."""
    status = 400 if fields["status"] == 422 else int(fields["status"])
    field = next((error["field"] for error in fields.get("errors", ())), None)
    return status, {
        "error": {
            "message": fields.get("detail") or f"{fields['title']}; the log has it under {fields['request_id']}",
            "type": "invalid_request_error" if status < 500 else "server_error",
            "param": None if field == "body" else field,
            "code": _CODES.get(status),
        }
    }
