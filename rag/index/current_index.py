"""Current index: the generation that questions are answered from, which follows what is published."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, Final

from rag.errors import IndexCorrupt, IndexFault, IndexMissing
from rag.index.durable_files import published_digest
from rag.index.generation import Generation
from rag.index.layout import IndexLayout
from rag.index.reading import generation_names, open_generation, read_current
from rag.index.search.interfaces import VectorDatabase

_log = logging.getLogger(__name__)

# A generation that failed to open is tried again after so many seconds: a disk may have been away.
_TRY_AGAIN_SECONDS: Final = 30.0


@dataclass(frozen=True)
class ServingState:
    """Counts of generation swaps since the process started, and the current fault.

    Attributes:
        swaps: new generations taken, after the first.
        refused: generations that could not be served.
        fault: why the generation that ``CURRENT`` names is not the one that is served; None where it is.
    """

    swaps: int = 0
    refused: int = 0
    fault: IndexFault | None = None


@dataclass(frozen=True)
class _Poll:
    """Content of ``CURRENT`` at the last poll, and the time of it in seconds of the monotonic clock."""

    content: str
    time: float


class CurrentIndex:
    """The generation to answer from. It follows ``CURRENT``; a generation that cannot be served is not taken.

    A request keeps the generation that it got until it ends: a swap does not affect it, and an earlier generation is
    freed with the last reference to it.
    """

    def __init__(self, root: Path, encoder: Mapping[str, Any], database: VectorDatabase | None = None) -> None:
        self._layout = IndexLayout(root)
        self._encoder = encoder
        self._database = database
        self._lock = threading.Lock()
        self._generation: Generation | None = None
        self._polled = _Poll("", 0.0)
        self._state = ServingState()

    @property
    def state(self) -> ServingState:
        """Counts of swaps, and the current fault."""
        return self._state

    def generation(self) -> Generation:
        """The open generation; opens one if none is, and then raises as :func:`rag.index.reading.open_current`."""
        generation = self._generation
        if generation is None:
            with self._lock:
                generation = self._generation or self._open_first()
        return generation

    def open_if_there(self) -> None:
        """Opens the generation now, if one was published; raises as :meth:`generation`, but for IndexMissing."""
        with suppress(IndexMissing):
            self.generation()

    def close(self) -> None:
        """Drops the reference to the generation, which is freed with the last one, and idle connections."""
        with self._lock:
            self._generation = None
        if self._database:
            self._database.close()

    def refresh(self) -> None:
        """Takes the generation that ``CURRENT`` names, if it is another one and can be served."""
        with self._lock:
            if self._generation is None or not self._changed():
                return
            try:
                name, manifest_digest = read_current(self._layout)
                if name == self._generation.id:
                    self._state = replace(self._state, fault=None)
                else:
                    self._take(self._open(name, manifest_digest))
            except IndexMissing as fault:
                if self._generation.folder.is_dir():
                    self._refuse(fault)
                else:  # its last document was erased: nothing of it may be shown any more
                    self._generation = None
            except IndexFault as fault:
                self._refuse(fault)

    def _changed(self) -> bool:
        """True if ``CURRENT`` differs from the last poll, or a generation that failed is to be tried again."""
        try:
            content = self._layout.current.read_text(errors="replace")
        except OSError as error:
            content = str(error)
        again = self._state.fault is not None and monotonic() - self._polled.time > _TRY_AGAIN_SECONDS
        if content == self._polled.content and not again:
            return False
        self._polled = _Poll(content, monotonic())
        return True

    def _open(self, name: str, manifest_digest: str) -> Generation:
        folder = self._layout.generation(name)
        return open_generation(folder, manifest_digest, self._encoder, self._layout, self._database)

    def _take(self, generation: Generation) -> None:
        if self._generation:
            _log.info("generation %s is served now, in place of %s", generation.id, self._generation.id)
            self._state = ServingState(self._state.swaps + 1, self._state.refused)
        self._generation = generation

    def _refuse(self, fault: IndexFault) -> None:
        _log.error("the current generation cannot be served, and another one stays: %s", fault)
        self._state = ServingState(self._state.swaps, self._state.refused + 1, fault)

    def _open_first(self) -> Generation:
        self._changed()
        try:
            self._generation = self._open(*read_current(self._layout))
        except IndexCorrupt as fault:
            self._generation = self._newest_intact()
            if self._generation is None:
                raise
            self._refuse(fault)
        return self._generation

    def _newest_intact(self) -> Generation | None:
        """The newest published generation that can be opened."""
        for name in generation_names(self._layout):
            with suppress(IndexFault):
                return self._open(name, published_digest(self._layout, name))
        return None

    @contextmanager
    def followed(self, seconds: float = 1.0) -> Iterator[None]:
        """Polls ``CURRENT`` every so many seconds in a thread of its own, until the context is left."""
        ended = threading.Event()

        def follow() -> None:
            while not ended.wait(seconds):
                try:
                    self.refresh()
                except Exception:  # noqa: BLE001 - a boundary
                    # No caller waits for this thread: were it to die, new generations would silently never be served.
                    _log.exception("the current generation could not be looked at; it is tried again")

        thread = threading.Thread(target=follow, name="follow-current", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
