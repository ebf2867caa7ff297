"""Deselects the full set of hostile files, which takes minutes, except with ``-m hostile``."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "hostile" in config.option.markexpr:
        return
    for item in items:
        if item.get_closest_marker("hostile"):
            item.add_marker(pytest.mark.skip(reason="make test-hostile"))
