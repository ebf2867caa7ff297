"""Texts to vectors in the background, in batches that are filled across files, while other files are being read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Full, Queue
from time import perf_counter
from typing import Final

from rag.models.embedding.interfaces import Encoder, FloatVector

# Texts that are sorted by length together, so that those of a batch are padded little.
_WINDOW: Final = 1024
# Texts that are encoded between two looks at whether to stop.
_SLAB: Final = 256
# Texts that may wait; whoever brings more waits, so that memory does not grow.
_WAITING: Final = 4 * _WINDOW

Keep = Callable[[str, int, FloatVector], None]
_Text = tuple[str, int, str]


class EmbeddingThread:
    """A thread that encodes. Made by :func:`embedding_thread`."""

    def __init__(self, encoder: Encoder, keep: Keep, on_encoded: Callable[[int], None]) -> None:
        self._encoder = encoder
        self._keep = keep
        self._on_encoded = on_encoded
        self._texts: Queue[_Text | None] = Queue(_WAITING)
        self._stopped = threading.Event()
        self._failure: BaseException | None = None
        self._seconds = 0.0
        self._thread = threading.Thread(target=self._run, name="encoder", daemon=True)

    @property
    def seconds(self) -> float:
        """How long the encoder has worked."""
        return self._seconds

    def prepare(self) -> None:
        """Lets the encoder load what it needs, while there is no text yet."""
        if not self._thread.is_alive() and not self._failure:
            self._thread.start()

    def add(self, document_id: str, texts: Sequence[str]) -> None:
        """The texts of a document's chunks, in order; raises what the encoder raised."""
        if self._thread.ident is None:  # a thread that has failed is not started again
            self._thread.start()
        for position, text in enumerate(texts):
            self._put((document_id, position, text))

    def finish(self) -> None:
        """Waits until every vector is kept; raises what the encoder or the keeping raised."""
        if self._thread.is_alive():
            self._put(None)
            self._thread.join()
        self._raise()

    def stop(self) -> None:
        """Ends it soon, whatever is left to do."""
        self._stopped.set()
        with suppress(Full):
            self._texts.put_nowait(None)
        if self._thread.is_alive():
            self._thread.join()

    def _put(self, item: _Text | None) -> None:
        while True:
            self._raise()
            with suppress(Full):
                self._texts.put(item, timeout=1.0)
                return

    def _raise(self) -> None:
        if self._failure:
            raise self._failure

    def _run(self) -> None:
        try:
            self._encoder.encode([])
            for window in self._windows():
                self._encode(sorted(window, key=lambda item: len(item[2])))
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits for this one
            self._failure = error

    def _windows(self) -> Iterator[list[_Text]]:
        window: list[_Text] = []
        while not self._stopped.is_set():
            item = self._texts.get()
            if item is None:
                break
            window.append(item)
            # What is there is encoded at once when nothing more waits: an idle processor is worse than padding.
            if len(window) == _WINDOW or (len(window) >= _SLAB and self._texts.empty()):
                yield window
                window = []
        if window:
            yield window

    def _encode(self, window: Sequence[_Text]) -> None:
        for start in range(0, len(window), _SLAB):
            if self._stopped.is_set():
                return
            slab = window[start : start + _SLAB]
            begun = perf_counter()
            vectors = self._encoder.encode([text for _, _, text in slab])
            self._seconds += perf_counter() - begun
            for (document_id, position, _), vector in zip(slab, vectors, strict=True):
                self._keep(document_id, position, vector)
            self._on_encoded(len(slab))


@contextmanager
def embedding_thread(
    encoder: Encoder, keep: Keep, on_encoded: Callable[[int], None] = lambda _count: None
) -> Iterator[EmbeddingThread]:
    """Encodes in the background until the context is left; then what is not finished is dropped.

    Args:
        encoder: is used in that thread only.
        keep: is given document, position and vector of each text, in any order, in that thread.
        on_encoded: is told how many more are done, in that thread.
    """
    work = EmbeddingThread(encoder, keep, on_encoded)
    try:
        yield work
    finally:
        work.stop()
