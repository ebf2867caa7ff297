"""Lazy opening of the engine of a Ray cluster: Ray is an extra, and this module can be imported without it."""

from __future__ import annotations

from contextlib import AbstractContextManager

from ingest.engine import IngestEngine
from ingest.sandbox.pool import Timeouts
from ingest.sandbox.worker import WorkerConfig
from rag.errors import ClusterUnusable
from rag.models.embedding.interfaces import Encoder
from rag.settings import Settings


def ray_engine(
    encoder: Encoder, config: WorkerConfig, timeouts: Timeouts, *, settings: Settings, address: str | None
) -> AbstractContextManager[IngestEngine]:
    """The engine of a Ray cluster; see :func:`ingest.cluster.opening.open_cluster`.

    Raises:
        ClusterUnusable: Ray is not installed; or as ``open_cluster`` does.
    """
    try:
        import ray  # noqa: F401 - an extra, which only this needs
    except ImportError as error:
        raise ClusterUnusable("--engine ray needs Ray; install it: pip install -r requirements-ray.txt") from error
    from ingest.cluster.opening import open_cluster

    return open_cluster(address, settings, encoder, config, timeouts)
