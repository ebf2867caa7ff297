"""API key authentication (``Authorization: Bearer KEY`` or ``X-API-Key: KEY``) and the identity of clients."""

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
    """API keys and admin keys. Only their SHA-256 digests are kept."""

    def __init__(self, keys: Sequence[SecretStr] = (), admin_keys: Sequence[SecretStr] = ()) -> None:
        """Digests of the keys in the settings.

        Args:
            keys: each request needs one of them, or an admin key; none means that no key is needed.
            admin_keys: requests that change the documents need one of them.
        """
        self._digests = _digests(keys)
        self._admin_digests = _digests(admin_keys)

    def client(self, scope: Scope) -> str:
        """Identity of a client: the digest of its key, or its address where no key is needed.

        Raises:
            HTTPException: 401, the request has no key, or an unknown one.
        """
        if not self._digests:
            return _address(scope)
        given = _sent_digest(scope)
        if not _matches(given, [*self._digests, *self._admin_digests]):
            raise _refusal("access", given)
        return given.hex()

    def check_admin(self, scope: Scope) -> None:
        """Checks that a request has an admin key.

        Raises:
            HTTPException: 401, it has no key, or an unknown one; 403, its key is an access key.
        """
        given = _sent_digest(scope)
        if _matches(given, self._admin_digests):
            return
        if _matches(given, self._digests):
            raise HTTPException(403, "this key may ask, but not add documents: an admin key is needed")
        raise _refusal("admin", given)


def guarded(keys: Keys, *, admin: bool = False) -> type[APIRoute]:
    """Route class that checks the key first: a FastAPI dependency would run after the body is read and parsed.

    Args:
        keys: the keys that are accepted.
        admin: whether an admin key is required.
    """
    check = keys.check_admin if admin else keys.client

    class Guarded(APIRoute):
        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            check(scope)
            await super().handle(scope, receive, send)

    return Guarded


def _address(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else "unknown"


def _sent_digest(scope: Scope) -> bytes:
    """Digest of the key that was sent; of the empty string where none was."""
    headers = Headers(scope=scope)
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    key = credentials.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
    # Headers are decoded as Latin-1; this restores the bytes that the client sent.
    return _digest(key.encode("latin-1"))


def _matches(given: bytes, digests: Sequence[bytes]) -> bool:
    # Every key is compared, each in constant time, so that timing reveals nothing about the keys.
    return any([hmac.compare_digest(given, digest) for digest in digests])  # noqa: C419


def _refusal(kind: str, given: bytes) -> HTTPException:
    needed = f"an {kind} key is needed: send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'"
    detail = needed if given == _digest(b"") else f"the {kind} key is not one of those that are accepted"
    return HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})


def _digests(keys: Sequence[SecretStr]) -> list[bytes]:
    return [_digest(key.get_secret_value().encode()) for key in keys]


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
