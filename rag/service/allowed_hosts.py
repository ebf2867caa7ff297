"""Access to a service without keys: the addresses that it may listen on, and the allowed ``Host`` names.

A web page of any site can point its own host name to 127.0.0.1. For the browser it then has the same origin as whatever
listens there, and may send requests and read the answers (https://en.wikipedia.org/wiki/DNS_rebinding). The page cannot
choose the ``Host`` header, which holds that name, so only names that the operator allows are accepted. IP addresses are
accepted: with one in ``Host``, no name was resolved. A service with keys needs no check, as the page has no key.

Where other machines can reach the service, it needs keys, or the operator's word (``RAG_OPEN``). ``local`` is for a
container whose port is published on its own machine only: there the address of the connection says nothing, so the
``Host`` header must be local. That keeps out browsers and mistakes; it does not keep out a client that lies, which the
published port has to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from rag.errors import SettingsError
from rag.settings import Settings

_LOCALHOST: Final = "localhost"
_ANY: Final = "*"


@dataclass(frozen=True)
class AllowedHosts:
    """Allowed values of the ``Host`` header, on any port.

    Attributes:
        names: host names and addresses, in lower case.
        any_address: whether every IP address is allowed; else those of this machine alone.
    """

    names: frozenset[str] = frozenset({_LOCALHOST})
    any_address: bool = True

    def allow(self, host: str) -> bool:
        """True if a request with this header, which may be empty or malformed, is answered."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
            return name in self.names or (self.any_address and bool(ip_address(name))) or is_loopback(name)
        except ValueError:
            return False


def is_loopback(address: str) -> bool:
    """True for an address that only this machine reaches; ValueError if it is no IP address."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return parsed.is_loopback


def allowed_hosts(settings: Settings) -> AllowedHosts | None:
    """The hosts that requests are answered for; None means any."""
    if settings.needs_keys or _ANY in settings.hosts:
        return None
    return AllowedHosts(frozenset({_LOCALHOST, *settings.hosts}), any_address=settings.open != "local")


def check_open(settings: Settings, address: str) -> None:
    """Refuses to serve without access keys where others may reach the service, unless that was said in words.

    Args:
        settings: those of the service.
        address: the IP address that it listens on.

    Raises:
        SettingsError: there are no keys, and ``RAG_OPEN`` is not set, or contradicts ``RAG_HOSTS``.
    """
    if settings.needs_keys:
        return
    if settings.open == "local" and _ANY in settings.hosts:
        raise SettingsError(
            "RAG_OPEN=local answers local host names only, and RAG_HOSTS=* any: name the hosts in RAG_HOSTS, or set "
            "RAG_API_KEYS or RAG_OPEN=everyone"
        )
    if not settings.open and not is_loopback(address):
        raise SettingsError(
            f"there are no access keys, and other machines may reach {address}: set RAG_API_KEYS or RAG_KEY_FILE; or "
            "listen on 127.0.0.1 (RAG_HOST); or say who is answered without a key: RAG_OPEN=local (requests for "
            "localhost, where the port is published on this machine only) or RAG_OPEN=everyone"
        )
