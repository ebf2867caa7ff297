"""Which hosts a service without keys is asked for: only those that its operator knows.

A page of any site can have its own name point to 127.0.0.1, and is then, for the browser, of one origin with whatever
listens there: it may ask, and read the answers (DNS rebinding, https://en.wikipedia.org/wiki/DNS_rebinding). It cannot
choose ``Host``, which has the name; an address in it was no name. With keys it gets nowhere: it has none.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

THIS_MACHINE: Final = frozenset({"localhost"})


def is_among(host: str, hosts: Collection[str]) -> bool:
    """Whether a ``Host`` header, whatever its port, is an address or names one of the hosts; these in lower case."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name in hosts or bool(ip_address(name))
    except ValueError:
        return False
