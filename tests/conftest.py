"""Distribution of the tests over processes (pytest-xdist)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

_MODELS = "tests/real_models/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of real models begin first, because they take longest; a slow processor needs minutes for one."""
    for item in items:
        if item.nodeid.startswith(_MODELS) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(1200))
    items.sort(key=lambda item: not item.nodeid.startswith(_MODELS))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """A file stays in one process, and so do all tests of real models: two models at a time fight for the processors.

    Not ``--dist=loadgroup``: its marks have no effect with pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # the library has no types
        def _split_scope(self, nodeid: str) -> str:
            return _MODELS if nodeid.startswith(_MODELS) else nodeid.partition("::")[0]

    return ByFile(config, log)
