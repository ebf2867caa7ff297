"""Origin of requests: those of pages of other sites, which must change nothing, and those of this machine alone.

A browser sends a request for any page that asks it to, and without keys the service cannot tell by whom it was meant.
It tells where it comes from: ``Sec-Fetch-Site`` (https://www.w3.org/TR/fetch-metadata/), which no page can set, or in
browsers without it, and for addresses without TLS, ``Origin`` (https://fetch.spec.whatwg.org/#origin-header). Programs
send neither. https://words.filippo.io/csrf/ compares this with tokens.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from rag.service.allowed_hosts import is_loopback

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# "none": the person did it, not a page. "same-site" is another port of this host, so another program.
_OWN_SITES: Final = frozenset({"same-origin", "none"})
# A proxy adds one of these; uvicorn takes the client's address from the second.
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def is_cross_origin(method: str, headers: Headers) -> bool:
    """True for a request that may change something, and that a page of another origin sends.

    Both headers must be right where a request has both, but for a proxy that changes ``Host``: there the browser's
    word that it is the same origin is enough.
    """
    if method in _SAFE_METHODS:
        return False
    if site := headers.get("sec-fetch-site"):
        return site not in _OWN_SITES
    origin = headers.get("origin")
    return origin is not None and not _is_origin_of(origin, headers.get("host", ""))


def _is_origin_of(origin: str, host: str) -> bool:
    """True if an origin, such as ``http://localhost:8000``, has this host and port; "null" has none."""
    try:
        return bool(host) and urlsplit(origin).netloc.casefold() == host.casefold()
    except ValueError:
        return False


def is_from_this_machine(scope: Scope) -> bool:
    """True for a request of this machine for a local host name, which no proxy has passed on."""
    headers = Headers(scope=scope)
    if any(name in headers for name in _FORWARDED):
        return False
    address = (scope.get("client") or ("",))[0]
    try:
        host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
        return is_loopback(address) and (host == "localhost" or is_loopback(host))
    except ValueError:
        return False
