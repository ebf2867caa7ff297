"""Fixtures of the fault-injection tests: the injectors, two states of an index, and a summary of the figures.

A quick selection runs by default; ``PAGEPROOF_FAULTS=all`` (``make test-faults``) runs all of it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Final, TypeVar

import pytest

from tests.faults.corpus import Corpus, make_corpus
from tests.faults.injection import Injector, compiled, injecting, missing
from tests.unit.conftest import quick_folder

FULL: Final = os.environ.get("PAGEPROOF_FAULTS") == "all"
_FIGURES: Final = pytest.StashKey[list[str]]()

Item = TypeVar("Item")
Result = TypeVar("Result")
Say = Callable[[str], None]


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Say:
    """Adds a figure to the summary at the end."""
    figures = request.config.stash.setdefault(_FIGURES, [])
    return lambda figure: figures.append(f"{request.node.name}: {figure}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if figures := config.stash.get(_FIGURES, []):
        terminalreporter.section(f"faults ({'all' if FULL else 'a quick selection'})")
        for figure in figures:
            terminalreporter.line(figure)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A temporary folder in memory where that is possible, as in the unit tests."""
    with quick_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def corpus() -> Iterator[Corpus]:
    with quick_folder() as folder:
        yield make_corpus(folder / "corpus")


class Injectors:
    """Pool of injectors that work in parallel."""

    def __init__(self, injectors: Sequence[Injector]) -> None:
        self._free: Queue[Injector] = Queue()
        for injector in injectors:
            self._free.put(injector)
        self.one = injectors[0]
        self._count = len(injectors)

    def each(self, items: Sequence[Item], work: Callable[[Injector, Item], Result]) -> list[Result]:
        """What ``work`` gives for each item, in their order."""

        def done(item: Item) -> Result:
            injector = self._free.get()
            try:
                return work(injector, item)
            finally:
                self._free.put(injector)

        with ThreadPoolExecutor(self._count) as pool:
            return list(pool.map(done, items))


@pytest.fixture(scope="session")
def injectors() -> Iterator[Injectors]:
    if reason := missing():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory() as folder, injecting(compiled(Path(folder)), count=2) as all_of_them:
        yield Injectors(all_of_them)
