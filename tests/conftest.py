"""Distribution of the tests over processes (pytest-xdist, --dist=loadgroup)."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file stays in one process, and so do all tests of real models: two models at a time would share the processors.

    These begin first, because they take longest.
    """
    for item in items:
        models = item.get_closest_marker("real_models") is not None
        item.add_marker(pytest.mark.xdist_group("real models" if models else item.nodeid.partition("::")[0]))
    items.sort(key=lambda item: item.get_closest_marker("real_models") is None)
