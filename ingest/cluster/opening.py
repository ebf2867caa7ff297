"""Opening the engine of a distributed ingest: encoder and readers over a Ray cluster.

One process plans, stages and publishes as in a local run, so an index has a single writer here too. Nodes read the
files from the index's own store, ``sources/``, and the weights from the folder of models: both are on storage that all
nodes have at the same path.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.cluster.cluster_encoder import TEXTS_AT_A_TIME, ClusterEncoder
from ingest.cluster.cluster_readers import ClusterReaders
from ingest.cluster.connection import connected
from ingest.engine import IngestEngine
from ingest.sandbox.pool import Timeouts
from ingest.sandbox.worker import WorkerConfig
from rag.models.embedding.interfaces import Encoder
from rag.models.opening import open_encoder, open_store
from rag.settings import Settings


@dataclass(frozen=True)
class NodeEncoder:
    """Opens the encoder on a node, with one thread, from weights that are checked by their digest there.

    Attributes:
        models: folder of the weights.
        encoder: its name in the catalogue, or the absolute path of its folder.
    """

    models: str
    encoder: str

    @classmethod
    def of(cls, settings: Settings) -> NodeEncoder:
        """By the settings of the job; they are not sent as a whole, because they have keys.

        Raises:
            ModelError: the encoder is missing or corrupt.
        """
        store = open_store(settings)
        folder = store.locate(settings.encoder, "encoder").directory
        name = settings.encoder if settings.encoder in store.catalogue else str(folder)
        return cls(str(settings.models.resolve()), name)

    def __call__(self) -> Encoder:
        """The encoder; ModelError where it is missing, corrupt or unusable."""
        return open_encoder(Settings.model_construct(models=Path(self.models), encoder=self.encoder, threads=1))


@contextmanager
def open_cluster(
    address: str | None, settings: Settings, encoder: Encoder, config: WorkerConfig, timeouts: Timeouts
) -> Iterator[IngestEngine]:
    """Connects to a cluster; the tasks that are left end with the context.

    Args:
        address: see :func:`ingest.cluster.connection.connected`.
        settings: name the encoder.
        encoder: in this process.
        config: of the confined processes.
        timeouts: of a file.

    Raises:
        ClusterUnreachable, ClusterUnusable: as :func:`connected` does.
        ModelError: the encoder is missing or corrupt.
    """
    open_there = NodeEncoder.of(settings)
    with connected(address):
        yield IngestEngine(ClusterEncoder(encoder, open_there), ClusterReaders(config, timeouts), TEXTS_AT_A_TIME)
