"""Allowed hosts of a service without keys."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from rag.service.allowed_hosts import LOCALHOST, is_allowed
from rag.service.server import allowed_hosts
from rag.settings import Settings


@pytest.mark.parametrize(
    ("host", "known"),
    [
        pytest.param("localhost", True, id="name"),
        pytest.param("LocalHost:8000", True, id="name and port"),
        pytest.param("127.0.0.1:8000", True, id="address"),
        pytest.param("[::1]:8000", True, id="address of IPv6"),
        pytest.param("192.168.1.5", True, id="address of another network, which no name can be"),
        pytest.param("evil.example", False, id="another"),
        pytest.param("localhost.evil.example:8000", False, id="another that begins so"),
        pytest.param("evil.example@localhost", True, id="a user is no host"),
        pytest.param("localhost@evil.example", False, id="nor does it hide one"),
        pytest.param("127.0.0.1.nip.io", False, id="a name that is like an address"),
        pytest.param("", False, id="none"),
        pytest.param("[::1", False, id="broken"),
    ],
)
def test_host_header(host: str, known: bool) -> None:
    assert is_allowed(host, LOCALHOST) is known


def test_hosts_from_the_settings() -> None:
    assert allowed_hosts(Settings()) == {"localhost"}
    assert allowed_hosts(Settings(hosts=("rag",))) == {"localhost", "rag"}
    assert allowed_hosts(Settings(hosts=("rag", "*"))) == set()
    assert allowed_hosts(Settings(api_keys=(SecretStr("key"),))) == set()
    assert allowed_hosts(Settings(admin_keys=(SecretStr("key"),))) == {"localhost"}
