"""Allowed hosts: protection against DNS rebinding for a service without keys.

A web page of any site can point its own host name to 127.0.0.1. For the browser it then has the same origin as whatever
listens there, and may send requests and read the answers (https://en.wikipedia.org/wiki/DNS_rebinding). The page cannot
choose the ``Host`` header, which holds that name, so only names that the operator allows are accepted. IP addresses are
accepted: with one in ``Host``, no name was resolved. A service with keys needs no check, as the page has no key.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

LOCALHOST: Final = frozenset({"localhost"})


def is_allowed(host: str, hosts: Collection[str]) -> bool:
    """True if a ``Host`` header, with any port, is an IP address or one of ``hosts``, which are in lower case."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name in hosts or bool(ip_address(name))
    except ValueError:
        return False
