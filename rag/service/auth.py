"""Access keys: ``Authorization: Bearer KEY`` or ``X-API-Key: KEY``; and whose a request is."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from fastapi.routing import APIRoute
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send


class Keys:
    """The keys that open the service. Their texts are not kept."""

    def __init__(self, keys: Sequence[SecretStr] = ()) -> None:
        self._digests = [_digest(key.get_secret_value().encode()) for key in keys]

    def client(self, scope: Scope) -> str:
        """Whose a request is: the digest of its key, or where no key is needed the address that it comes from.

        Raises:
            HTTPException: 401, it has none of the keys.
        """
        if not self._digests:
            return _address(scope)
        # HTTP hands headers over as Latin-1; the bytes are the client's.
        given = _digest(_given(Headers(scope=scope)).encode("latin-1"))
        # Every key is compared, each in constant time: the time taken tells nothing.
        if not any([hmac.compare_digest(given, digest) for digest in self._digests]):  # noqa: C419
            raise HTTPException(
                401,
                "an access key is needed: send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return given.hex()


def guarded(keys: Keys) -> type[APIRoute]:
    """A class of routes that look at the key first: a dependency would come after the body is read and parsed."""

    class Guarded(APIRoute):
        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            keys.client(scope)
            await super().handle(scope, receive, send)

    return Guarded


def _address(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else "unknown"


def _given(headers: Headers) -> str:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
