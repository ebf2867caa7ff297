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

    def __init__(self, keys: Sequence[SecretStr] = (), admin_keys: Sequence[SecretStr] = ()) -> None:
        """As they are set.

        Args:
            keys: one of them, or of the others, is needed; none means no key is.
            admin_keys: one of them is needed for what changes the documents.
        """
        self._digests = _digests(keys)
        self._admin_digests = _digests(admin_keys)

    def client(self, scope: Scope) -> str:
        """Whose a request is: the digest of its key, or where no key is needed the address that it comes from.

        Raises:
            HTTPException: 401, it has no key, or none of these.
        """
        if not self._digests:
            return _address(scope)
        given = _given(scope)
        if not _is_among(given, [*self._digests, *self._admin_digests]):
            raise _refusal("access", given)
        return given.hex()

    def check_admin(self, scope: Scope) -> None:
        """Lets only those pass who have an admin key.

        Raises:
            HTTPException: 401, it has no key at all, or an unknown one; 403, one that opens other things.
        """
        given = _given(scope)
        if _is_among(given, self._admin_digests):
            return
        if _is_among(given, self._digests):
            raise HTTPException(403, "this key may ask, but not add documents: an admin key is needed")
        raise _refusal("admin", given)


def guarded(keys: Keys, *, admin: bool = False) -> type[APIRoute]:
    """A class of routes that look at the key first: a dependency would come after the body is read and parsed.

    Args:
        keys: one of them is needed.
        admin: whether it must be an admin key.
    """
    check = keys.check_admin if admin else keys.client

    class Guarded(APIRoute):
        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            check(scope)
            await super().handle(scope, receive, send)

    return Guarded


def _address(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else "unknown"


def _given(scope: Scope) -> bytes:
    """The digest of the key that was sent, or of an empty one."""
    headers = Headers(scope=scope)
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    key = credentials.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
    # HTTP hands headers over as Latin-1; the bytes are the client's.
    return _digest(key.encode("latin-1"))


def _is_among(given: bytes, digests: Sequence[bytes]) -> bool:
    # Every key is compared, each in constant time: the time taken tells nothing.
    return any([hmac.compare_digest(given, digest) for digest in digests])  # noqa: C419


def _refusal(kind: str, given: bytes) -> HTTPException:
    needed = f"an {kind} key is needed: send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'"
    said = needed if given == _digest(b"") else f"the {kind} key is not one of those that are accepted"
    return HTTPException(401, said, headers={"WWW-Authenticate": "Bearer"})


def _digests(keys: Sequence[SecretStr]) -> list[bytes]:
    return [_digest(key.get_secret_value().encode()) for key in keys]


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
