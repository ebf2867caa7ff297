"""The compose file: who reaches the service. It is read, not run, so that no Docker engine is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from rag.settings import Settings

SERVICES: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.yml").read_text())["services"]
SERVING = sorted(name for name, service in SERVICES.items() if "ports" in service)


def test_there_are_services_with_ports() -> None:
    assert SERVING == ["adding", "cuda", "rag"]


@pytest.mark.parametrize("name", SERVING)
def test_without_keys_only_this_machine_is_answered(name: str) -> None:
    """The image listens on all addresses of its container, and does not start there without keys or a word."""
    service = SERVICES[name]
    assert [port.partition(":")[0] for port in service["ports"]] == ["127.0.0.1"]
    assert service["environment"]["RAG_OPEN"] == "${RAG_OPEN:-local}"
    assert "RAG_API_KEYS" in service["environment"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_setting_that_it_passes_on_exists(name: str) -> None:
    given = {variable.removeprefix("RAG_").lower() for variable in SERVICES[name].get("environment", {})}
    assert given <= set(Settings.model_fields)
