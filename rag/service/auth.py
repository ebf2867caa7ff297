"""Access keys: ``Authorization: Bearer KEY`` or ``X-API-Key: KEY``."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence

from fastapi import Request
from pydantic import SecretStr
from starlette.exceptions import HTTPException


def require_key(keys: Sequence[SecretStr]) -> Callable[[Request], None]:
    """A dependency that lets only requests with one of ``keys`` pass; every request, if there are none."""
    digests = [_digest(key.get_secret_value().encode()) for key in keys]

    def check(request: Request) -> None:
        if not digests:
            return
        # HTTP hands headers over as Latin-1; the bytes are the client's.
        given = _digest(_given(request).encode("latin-1"))
        # Every key is compared, each in constant time: the time taken tells nothing.
        if not any([hmac.compare_digest(given, digest) for digest in digests]):  # noqa: C419
            raise HTTPException(
                401,
                "an access key is needed: send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'",
                headers={"WWW-Authenticate": "Bearer"},
            )

    return check


def _given(request: Request) -> str:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
