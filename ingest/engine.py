"""Engine of an ingest: what reads files and embeds their texts. Another one: ``ingest/cluster/``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ingest.reading import Readers
from ingest.sandbox.pool import OnPage, SandboxedReaders, Timeouts
from ingest.sandbox.worker import WorkerConfig
from rag.models.embedding.interfaces import Encoder


@dataclass(frozen=True)
class IngestEngine:
    """Encoder and readers of an ingest job.

    Attributes:
        slab: texts that the encoder is given at a time; see :func:`ingest.embedding_thread.embedding_thread`.
    """

    encoder: Encoder
    readers: Readers
    slab: int | None = None


@contextmanager
def local_engine(
    encoder: Encoder, config: WorkerConfig, timeouts: Timeouts, *, workers: int, on_page: OnPage
) -> Iterator[IngestEngine]:
    """The engine of this machine; its worker processes end with the context. See :class:`SandboxedReaders`."""
    with SandboxedReaders(config, workers=workers, timeouts=timeouts, on_page=on_page) as readers:
        yield IngestEngine(encoder, readers)
