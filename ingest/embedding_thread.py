"""Background embedding: a thread encodes texts in batches across files, while other files are read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Full, Queue
from time import perf_counter
from typing import Final

from rag.models.embedding.interfaces import Encoder, FloatVector

# Texts that are sorted by length together, to reduce padding within a batch.
_WINDOW: Final = 1024
# Texts that the encoder is given at a time, between two checks of the stop event.
_SLAB: Final = 256
# Capacity of the queue: producers wait when it is full, so that memory does not grow.
_WAITING: Final = 4 * _WINDOW

# Texts each second, until some are encoded: those of a processor without AVX-512.
_FIRST_GUESS: Final = 30.0

Keep = Callable[[str, int, FloatVector], None]
_Text = tuple[str, int, str]


class EmbeddingThread:
    """Encoder thread with a bounded queue. Made by :func:`embedding_thread`."""

    def __init__(
        self, encoder: Encoder, keep: Keep, on_encoded: Callable[[int], None], slab: int | None = None
    ) -> None:
        self._encoder = encoder
        self._keep = keep
        self._on_encoded = on_encoded
        self._slab = slab or _SLAB
        self._texts: Queue[_Text | None] = Queue(_WAITING)
        self._stopped = threading.Event()
        self._failure: BaseException | None = None
        self._seconds = 0.0
        self._added = self._encoded = 0
        self._may_run = threading.Event()
        self._may_run.set()
        self._thread = threading.Thread(target=self._run, name="encoder", daemon=True)

    @property
    def seconds(self) -> float:
        """Seconds of encoding so far."""
        return self._seconds

    @property
    def waiting(self) -> int:
        """Texts that were added, and are not encoded."""
        return self._added - self._encoded

    def seconds_for(self, texts: int) -> float:
        """Estimated seconds of encoding so many texts."""
        if not self._encoded:
            return texts / _FIRST_GUESS
        return texts * self._seconds / self._encoded

    def hold(self) -> None:
        """Encodes no further batch until :meth:`go_on`: whoever adds texts has the processor first."""
        self._may_run.clear()

    def go_on(self) -> None:
        """Ends :meth:`hold`."""
        self._may_run.set()

    def prepare(self) -> None:
        """Starts the thread, which loads the encoder while there is no text yet."""
        if not self._thread.is_alive() and not self._failure:
            self._thread.start()

    def add(self, document_id: str, texts: Sequence[str]) -> None:
        """Queues the texts of a document's chunks, in order; raises what the encoder raised."""
        if self._thread.ident is None:  # a thread that has failed is not started again
            self._thread.start()
        self._added += len(texts)
        for position, text in enumerate(texts):
            self._put((document_id, position, text))

    def add_one(self, document_id: str, position: int, text: str) -> None:
        """Queues the text of one chunk; raises as :meth:`add`."""
        self.prepare()
        self._added += 1
        self._put((document_id, position, text))

    def finish(self) -> None:
        """Waits until every vector is stored; raises what the encoder or ``keep`` raised."""
        if self._thread.is_alive():
            self._put(None)
            self._thread.join()
        self._raise()

    def stop(self) -> None:
        """Ends the thread after the current batch; the rest of the queue is dropped."""
        self._stopped.set()
        self._may_run.set()
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
            # With an empty queue a partial window is encoded at once: an idle processor costs more than padding.
            if len(window) == _WINDOW or (len(window) >= self._slab and self._texts.empty()):
                yield window
                window = []
        if window:
            yield window

    def _encode(self, window: Sequence[_Text]) -> None:
        for start in range(0, len(window), self._slab):
            self._may_run.wait()
            if self._stopped.is_set():
                return
            slab = window[start : start + self._slab]
            begun = perf_counter()
            vectors = self._encoder.encode([text for _, _, text in slab])
            self._seconds += perf_counter() - begun
            for (document_id, position, _), vector in zip(slab, vectors, strict=True):
                self._keep(document_id, position, vector)
            self._encoded += len(slab)
            self._on_encoded(len(slab))


@contextmanager
def embedding_thread(
    encoder: Encoder, keep: Keep, on_encoded: Callable[[int], None] = lambda _count: None, slab: int | None = None
) -> Iterator[EmbeddingThread]:
    """Runs an encoder thread until the context is left; texts that are not encoded by then are dropped.

    Args:
        encoder: used in that thread only.
        keep: called in that thread with document, position and vector of each text, in any order.
        on_encoded: called in that thread with the number of texts of each batch.
        slab: texts that the encoder is given at a time; None for as many as suit one processor.
    """
    work = EmbeddingThread(encoder, keep, on_encoded, slab)
    try:
        yield work
    finally:
        work.stop()
