"""Allowed hosts of a service without keys, and the addresses that it may listen on."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from rag.errors import SettingsError
from rag.service.allowed_hosts import AllowedHosts, allowed_hosts, check_open
from rag.settings import Settings

KEYS = (SecretStr("a-long-key"),)
EVERYWHERE = "0.0.0.0"


@pytest.mark.parametrize(
    ("host", "any_address", "local"),
    [
        pytest.param("localhost", True, True, id="name"),
        pytest.param("LocalHost:8000", True, True, id="name and port"),
        pytest.param("127.0.0.1:8000", True, True, id="address"),
        pytest.param("127.1.2.3", True, True, id="another of this machine"),
        pytest.param("[::1]:8000", True, True, id="address of IPv6"),
        pytest.param("[::ffff:127.0.0.1]", True, True, id="an address of IPv4 in IPv6"),
        pytest.param("192.168.1.5", True, False, id="address of another network, which no name can be"),
        pytest.param("0.0.0.0:8000", True, False, id="no address at all"),
        pytest.param("[::ffff:192.168.1.5]", True, False, id="another of IPv4 in IPv6"),
        pytest.param("evil.example", False, False, id="another"),
        pytest.param("localhost.evil.example:8000", False, False, id="another that begins so"),
        pytest.param("evil.example@localhost", True, True, id="a user is no host"),
        pytest.param("localhost@evil.example", False, False, id="nor does it hide one"),
        pytest.param("127.0.0.1.nip.io", False, False, id="a name that is like an address"),
        pytest.param("", False, False, id="none"),
        pytest.param("[::1", False, False, id="broken"),
    ],
)
def test_host_header(host: str, any_address: bool, local: bool) -> None:
    assert AllowedHosts().allow(host) is any_address
    assert AllowedHosts(any_address=False).allow(host) is local


@given(st.text(max_size=40))
def test_no_header_is_an_error(host: str) -> None:
    assert AllowedHosts(any_address=False).allow(host) <= AllowedHosts().allow(host)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param(Settings(), AllowedHosts(), id="as it is by default"),
        pytest.param(Settings(hosts=("rag",)), AllowedHosts(frozenset({"localhost", "rag"})), id="a name"),
        pytest.param(Settings(hosts=("rag", "*")), None, id="any"),
        pytest.param(Settings(api_keys=KEYS), None, id="with keys"),
        pytest.param(Settings(api_keys=KEYS, open="local"), None, id="with keys, whatever is open"),
        pytest.param(Settings(key_file=Path("keys.json")), None, id="with a key file"),
        pytest.param(Settings(admin_keys=KEYS), AllowedHosts(), id="with keys for adding only"),
        pytest.param(Settings(open="everyone"), AllowedHosts(), id="everyone"),
        pytest.param(
            Settings(open="local", hosts=("rag",)), AllowedHosts(frozenset({"localhost", "rag"}), any_address=False),
            id="local",
        ),
    ],
)  # fmt: skip
def test_hosts_from_the_settings(settings: Settings, expected: AllowedHosts | None) -> None:
    assert allowed_hosts(settings) == expected


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"])
def test_this_machine_alone_needs_no_keys(address: str) -> None:
    check_open(Settings(), address)


@pytest.mark.parametrize("address", [EVERYWHERE, "::", "10.0.0.5", "fd00::1", "::ffff:10.0.0.5"])
class TestAnAddressThatOthersReach:
    def test_is_refused_without_keys(self, address: str) -> None:
        with pytest.raises(SettingsError, match=f"no access keys, and other machines may reach {address}: "):
            check_open(Settings(), address)

    def test_is_refused_with_keys_for_adding_alone(self, address: str) -> None:
        with pytest.raises(SettingsError, match="RAG_OPEN=local"):
            check_open(Settings(admin_keys=KEYS), address)

    @pytest.mark.parametrize(
        "settings",
        [
            Settings(api_keys=KEYS),
            Settings(key_file=Path("keys.json")),
            Settings(open="local"),
            Settings(open="everyone", hosts=("*",)),
        ],
    )
    def test_may_be_used_with_keys_or_a_word(self, address: str, settings: Settings) -> None:
        check_open(settings, address)


@pytest.mark.parametrize("address", ["127.0.0.1", EVERYWHERE])
def test_local_for_any_host_is_a_contradiction(address: str) -> None:
    with pytest.raises(SettingsError, match="RAG_HOSTS"):
        check_open(Settings(open="local", hosts=("*",)), address)
    check_open(Settings(open="local", hosts=("*",), api_keys=KEYS), address)
