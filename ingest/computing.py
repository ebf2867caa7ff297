"""Vectors of a run: texts are encoded while files are read, or, where there are many, after the text is published."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from ingest.embedding_thread import EmbeddingThread, embedding_thread
from ingest.reading import text_to_encode
from rag.index.building import FreshVectors
from rag.index.docstore.docstore import Docstore
from rag.index.layout import DOCSTORE, IndexLayout
from rag.index.pending_vectors import PendingVectors
from rag.index.writer import Computing
from rag.models.embedding.interfaces import Encoder, FloatVector

# Texts that may wait for the encoder while files are read; where there are more, reading has the processor first.
_WAITING: Final = 2048


@dataclass(frozen=True)
class Publication:
    """The publications of a run.

    Attributes:
        text_may_go_first: whether the text may be published before its vectors are there: where the index has no other
            text, or less than the new one.
        is_resumed: called when all is read; whether an earlier run has published the same text.
        slow_seconds: of encoding that is left then; from so many on, the text is published first.
        resumed: called with a number of vectors of an earlier run, which are not computed again.
        ready: called when all vectors are there.
    """

    text_may_go_first: bool
    is_resumed: Callable[[], bool]
    slow_seconds: float
    resumed: Callable[[int], object]
    ready: Callable[[], object]


class RunVectors(Computing):
    """The vectors of one run. Made by :func:`run_vectors`.

    Attributes:
        embedded: how many texts are encoded in this run, or will be.
    """

    def __init__(self, encoder: Encoder, vectors: FreshVectors, layout: IndexLayout, when: Publication) -> None:
        self.embedded = 0
        self._encoder = encoder
        self._vectors = vectors
        self._layout = layout
        self._when = when
        self._work: EmbeddingThread
        self._deferred: list[str] = []
        self._deferred_texts = 0
        self._pending: PendingVectors | None = None
        self._lock = Lock()
        # Of the texts that are to be kept among the pending ones, while they are encoded.
        self._texts: dict[tuple[str, int], str] = {}

    @property
    def seconds(self) -> float:
        """Seconds of encoding so far."""
        return self._work.seconds

    def use(self, work: EmbeddingThread) -> None:
        """Sets the thread that encodes, whose ``keep`` is this object's."""
        self._work = work

    def prepare(self) -> None:
        """Loads the encoder while there is no text yet."""
        self._work.prepare()

    def add(self, document_id: str, texts: Sequence[str]) -> None:
        """The texts of a document that was read, in order; raises what the encoder raised."""
        self._reserve(document_id, len(texts))
        if self._when.text_may_go_first and (self._deferred or self._is_much(len(texts))):
            self._work.hold()
            self._defer(document_id, len(texts))
        else:
            self._work.add(document_id, texts)

    def add_stored(self, document_id: str, chunks: int) -> None:
        """A document whose text is in the index already, without vectors."""
        self._reserve(document_id, chunks)
        self._defer(document_id, chunks)

    def keep(self, document_id: str, position: int, vector: FloatVector) -> None:
        """Keeps a vector, in the thread of the encoder; OSError where the disk refuses."""
        self._put(document_id, position, vector)
        text = self._texts.pop((document_id, position), None)
        if self._pending is not None and text is not None:
            self._pending.put(text, vector)

    def is_slow(self) -> bool:
        """See :class:`Computing`."""
        left = self._deferred_texts + self._work.waiting
        if not (self._when.text_may_go_first and left) or self._work.seconds_for(left) < self._when.slow_seconds:
            return False
        return not self._when.is_resumed()

    def finish(self, text: Path) -> None:
        """See :class:`Computing`; raises what the encoder raised."""
        self._work.go_on()
        if self._deferred:
            with (
                closing(PendingVectors(self._layout, self._encoder.identity)) as self._pending,
                closing(Docstore(text / DOCSTORE)) as docstore,
            ):
                for document_id in self._deferred:
                    self._encode_stored(docstore, document_id)
                self._work.finish()
        self._work.finish()
        self._when.ready()

    def _encode_stored(self, docstore: Docstore, document_id: str) -> None:
        """Queues the texts of a document that have no vector yet."""
        assert self._pending is not None  # noqa: S101 - the caller opened it
        for position, passage in enumerate(docstore.passages(docstore.rows_of(document_id))):
            text = text_to_encode(passage.chunk, self._encoder.count_tokens, self._encoder.max_tokens)
            vector = self._pending.get(text)
            if vector is None:
                self._texts[document_id, position] = text
                self._work.add_one(document_id, position, text)
            else:
                self._put(document_id, position, vector)
                self._when.resumed(1)

    def _put(self, document_id: str, position: int, vector: FloatVector) -> None:
        with self._lock:
            self._vectors.put(document_id, position, vector)

    def _is_much(self, texts: int) -> bool:
        """True if the encoder has enough to do without these texts."""
        return self._work.waiting + texts > (_WAITING if self._when.slow_seconds else 0)

    def _reserve(self, document_id: str, chunks: int) -> None:
        self._vectors.reserve(document_id, chunks)
        self.embedded += chunks

    def _defer(self, document_id: str, chunks: int) -> None:
        self._deferred.append(document_id)
        self._deferred_texts += chunks


@contextmanager
def run_vectors(
    encoder: Encoder,
    vectors: FreshVectors,
    layout: IndexLayout,
    when: Publication,
    on_encoded: Callable[[int], None],
    slab: int | None = None,
) -> Iterator[RunVectors]:
    """The vectors of a run, encoded in a thread of its own until the context is left.

    Args:
        encoder: used in that thread, but for counting tokens.
        vectors: keeps them.
        layout: of the index.
        when: what is published when.
        on_encoded: called in that thread with the number of texts of each batch.
        slab: texts that the encoder is given at a time; see :func:`embedding_thread`.
    """
    run = RunVectors(encoder, vectors, layout, when)
    with embedding_thread(encoder, run.keep, on_encoded, slab) as work:
        run.use(work)
        yield run
