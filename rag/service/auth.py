"""Authorization of requests by key (``Authorization: Bearer KEY``, ``X-API-Key: KEY``), and the identity of clients."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from time import monotonic
from typing import Final

from fastapi.routing import APIRoute
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from rag.errors import RateExceeded
from rag.service.access.access_key import SCOPES, AccessKey, KeyScope, digest_of, matching
from rag.service.access.origin import is_from_this_machine
from rag.service.access.rate_limit import RateLimits
from rag.service.access.watched_keys import WatchedKeys
from rag.settings import Settings

_ACCESS: Final[frozenset[KeyScope]] = frozenset(("ask", "documents", "feedback", "metrics"))
_MAY_NOT: Final[dict[KeyScope, str]] = {
    "ask": "ask",
    "documents": "read documents",
    "feedback": "say what it thinks of answers",
    "admin": "add documents",
    "metrics": "read metrics",
}
# Of a service that has no keys to send.
_NOT_HERE: Final = (
    "documents are added without a key only on the machine that the service runs on, at http://127.0.0.1; for others "
    "have the operator set RAG_DOCUMENTS and RAG_ADMIN_KEYS"
)


class Keys:
    """The keys that are accepted, and what they are checked for: validity, scope and rate. For use in one thread."""

    def __init__(
        self,
        keys: Sequence[SecretStr] = (),
        admin_keys: Sequence[SecretStr] = (),
        file: WatchedKeys | None = None,
        *,
        requests_per_minute: int = 0,
        open_admin: bool = False,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """The keys of the settings, of which only the digests are kept, and those of a file.

        Args:
            keys: for all but adding documents; none, and no file, means that no key is needed for that.
            admin_keys: for everything.
            file: further keys, each with its own scopes; with it, a key is needed whether or not it has any.
            requests_per_minute: limit of each key that has none of its own; 0 for none.
            open_admin: whether requests of this machine need no key for adding documents, where none is needed to ask.
            today: the date in UTC.
            clock: monotonic clock in seconds.
        """
        # No id of a file has a "#".
        self._fixed = (*_numbered("api", keys, _ACCESS), *_numbered("admin", admin_keys, frozenset(SCOPES)))
        self.file = file
        self.are_needed = bool(keys) or file is not None
        self._requests_per_minute = requests_per_minute
        self._open_admin = open_admin and not self.are_needed
        self._limits = RateLimits(clock)
        self._today = today

    def admit(self, scope: Scope, needed: KeyScope | None) -> str:
        """Checks the key of a request, and counts the request.

        Args:
            scope: of the request; its state gets ``key_id``, ``scopes`` and ``collections``, the id, the scopes and the
                collections of its key, if it is a known one, and ``requests_per_minute``, the limit that it has.
            needed: the scope that the key must have; None if any key will do.

        Returns:
            The identity of the client: the id of its key, or its address where no key is needed.

        Raises:
            HTTPException: 401, the request has no key, or an unknown or expired one; 403, the key lacks the scope, or
                only requests of this machine may do it.
            RateExceeded: the key has sent too many requests.
        """
        secret = _sent(scope)
        key = matching(secret, (*self._fixed, *(self.file.current() if self.file else ())))
        if key:
            scope.setdefault("state", {}).update(key_id=key.id, scopes=key.scopes, collections=key.collections)
        if not self.are_needed and (needed != "admin" or self.is_admin_open(scope)):
            return _address(scope)
        if self._open_admin:
            raise HTTPException(403, _NOT_HERE)
        key = self._valid(key, secret, "admin" if needed == "admin" else "access")
        self._count(key, scope)
        if needed and needed not in key.scopes:
            raise _forbidden(key, needed)
        return key.id

    def is_admin_open(self, scope: Scope) -> bool:
        """True if a request may add documents without a key."""
        return self._open_admin and is_from_this_machine(scope)

    def _valid(self, key: AccessKey | None, secret: bytes, kind: str) -> AccessKey:
        if not secret:
            raise _unauthorized(f"an {kind} key is needed: send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'")
        if key is None:
            raise _unauthorized(f"the {kind} key is not one of those that are accepted")
        if key.has_expired(self._today()):
            raise _unauthorized(f"the key {key.id} expired with {key.expires}: have the operator make another one")
        return key

    def _count(self, key: AccessKey, scope: Scope) -> None:
        own = key.requests_per_minute
        limit = self._requests_per_minute if own is None else own
        scope["state"]["requests_per_minute"] = limit or None
        if wait := self._limits.take(key.id, limit):
            seconds = max(1, math.ceil(wait))
            raise RateExceeded(f"this key may send {limit:,} requests a minute; try again in {seconds} s", seconds)


def open_key_file(settings: Settings) -> WatchedKeys | None:
    """The key file of the settings; None where they name none.

    Raises:
        KeyFileFault: it cannot be used, has no keys, or has one that is in the settings, too.
    """
    if settings.key_file is None:
        return None
    elsewhere = [digest_of(key.get_secret_value().encode()) for key in (*settings.api_keys, *settings.admin_keys)]
    return WatchedKeys(settings.key_file, elsewhere)


def guarded(keys: Keys, needed: KeyScope | None = None) -> type[APIRoute]:
    """Route class that checks the key first: a FastAPI dependency would run after the body is read and parsed.

    Args:
        keys: the keys that are accepted.
        needed: the scope that the key must have; None if any key will do.
    """

    class Guarded(APIRoute):
        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            keys.admit(scope, needed)
            await super().handle(scope, receive, send)

    return Guarded


def _numbered(name: str, keys: Sequence[SecretStr], scopes: frozenset[KeyScope]) -> list[AccessKey]:
    return [
        AccessKey(f"{name}#{number}", digest_of(key.get_secret_value().encode()), scopes)
        for number, key in enumerate(keys, start=1)
    ]


def _address(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else "unknown"


def _sent(scope: Scope) -> bytes:
    """The secret that was sent; empty where none was."""
    headers = Headers(scope=scope)
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    key = credentials.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
    # Headers are decoded as Latin-1; this restores the bytes that the client sent.
    return key.encode("latin-1")


def _unauthorized(detail: str) -> HTTPException:
    return HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})


def _forbidden(key: AccessKey, needed: KeyScope) -> HTTPException:
    has = ", ".join(scope for scope in SCOPES if scope in key.scopes)
    # The header is that of RFC 6750, 3.1.
    challenge = f'Bearer error="insufficient_scope", scope="{needed}"'
    detail = f"this key may not {_MAY_NOT[needed]}: it lacks the scope '{needed}', and has {has}"
    return HTTPException(403, detail, headers={"WWW-Authenticate": challenge})
