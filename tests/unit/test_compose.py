"""The compose file: who reaches the service. It is read, not run, so that no Docker engine is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from rag.settings import Settings

PROJECT: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = PROJECT["services"]
SERVING = sorted(name for name, service in SERVICES.items() if "RAG_OPEN" in service.get("environment", {}))


def test_the_proxy_alone_has_a_port_on_this_machine_alone() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert [port.partition(":")[0] for port in SERVICES["proxy"]["ports"]] == ["127.0.0.1"]


def test_there_are_services_that_answer() -> None:
    assert SERVING == ["adding", "cuda", "rag"]


@pytest.mark.parametrize("name", SERVING)
def test_without_keys_only_this_machine_is_answered(name: str) -> None:
    """The image listens on all addresses of its container, and does not start there without keys or a word."""
    assert SERVICES[name]["environment"]["RAG_OPEN"] == "${RAG_OPEN:-local}"
    assert "RAG_API_KEYS" in SERVICES[name]["environment"]


@pytest.mark.parametrize("name", SERVING)
def test_what_answers_has_a_network_that_leads_nowhere(name: str) -> None:
    (network,) = SERVICES[name]["networks"]
    assert PROJECT["networks"][network]["internal"] is True
    # Without this the service would reach this machine, by the address of the bridge.
    assert PROJECT["networks"][network]["driver_opts"] == {"com.docker.network.bridge.inhibit_ipv4": "true"}
    assert SERVICES[name]["dns"] == ["127.0.0.1"]


@pytest.mark.parametrize("name", SERVING)
def test_the_proxy_finds_whichever_service_answers(name: str) -> None:
    upstream = SERVICES["proxy"]["command"][-1].split(":")[1]
    ((network, options),) = SERVICES[name]["networks"].items()
    assert options["aliases"] == [upstream]
    assert network in SERVICES["proxy"]["networks"]
    assert SERVICES[name]["depends_on"]["proxy"] == {"condition": "service_started"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_setting_that_it_passes_on_exists(name: str) -> None:
    given = {variable.removeprefix("RAG_").lower() for variable in SERVICES[name].get("environment", {})}
    assert given <= set(Settings.model_fields)
