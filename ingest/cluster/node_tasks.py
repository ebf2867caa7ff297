"""Tasks of a cluster's nodes: reading a file in a confined process, and embedding a batch of texts.

They are plain functions of what a file or a text is, so that one that was lost can be run again on another node. What
is slow to make (the confined process, the encoder's network) stays in Ray's worker process from one task to the next.

What a task returns of a file are the frames of the reader's protocol, which the job checks as it checks those of its
own processes; no object of ours is pickled.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from socket import gethostname
from typing import Final

from ingest.readers.version import reader_version
from ingest.reading import ReadRequest
from ingest.sandbox import protocol
from ingest.sandbox.pool import SandboxedReaders, Timeouts
from ingest.sandbox.worker import WorkerConfig
from rag import __version__
from rag.errors import ClusterUnusable, FileFault
from rag.models.embedding.interfaces import Encoder, FloatMatrix

OpenEncoder = Callable[[], Encoder]

# One of each for a worker process of Ray, which has one processor and works for one job.
_ONE: Final = 1


def reading_identity(config: WorkerConfig) -> str:
    """Identity of a file's reading: version, chunker, and readers. Equal ones give the same text from the same file."""
    return repr({"pageproof": __version__, **config.chunker.identity, **reader_version(config.options)})


def read_file(config: bytes, identity: str, timeouts: Timeouts, path: str, suffix: str) -> bytes:
    """Reads a file in a confined process of this node; returns the frames of its contents, or of its fault.

    Args:
        config: of the process, see :meth:`WorkerConfig.to_json`.
        identity: :func:`reading_identity` of the job.
        timeouts: of the file.
        path: of the file, on storage that all nodes have.
        suffix: selects the reader.

    Raises:
        ClusterUnusable: this node does not have the file, or would read it otherwise than the job.
        IngestFault: the confined process cannot be started.
    """
    readers = _readers(config, timeouts)
    if (own := reading_identity(WorkerConfig.from_json(config))) != identity:
        raise ClusterUnusable(f"node {gethostname()} reads files as {own}, and the job as {identity}; install the same")
    if not Path(path).is_file():
        raise ClusterUnusable(
            f"node {gethostname()} has no {path}: the index has to be on storage that all nodes have at the same path"
        )
    [(_, outcome)] = readers.read([ReadRequest(Path(path), suffix)])
    frames = BytesIO()
    if isinstance(outcome, FileFault):
        protocol.send_fault(outcome, frames, recycle=False)
    else:
        protocol.send_reading(outcome, frames, recycle=False)
    return frames.getvalue()


def embed(open_encoder: OpenEncoder, identity: Mapping[str, object], texts: Sequence[str]) -> FloatMatrix:
    """Embeds a batch of texts on this node. *Shape:* ``(len(texts), dimension)``, rows of length 1.

    Args:
        open_encoder: opens the encoder; two that are equal open the same.
        identity: of the job's encoder.
        texts: to embed.

    Raises:
        ClusterUnusable: the encoder is another one than the job's.
        ModelError: it is missing on this node, corrupt or unusable.
    """
    encoder = _encoder(open_encoder)
    if encoder.identity != identity:
        raise ClusterUnusable(
            f"node {gethostname()} has another encoder ({encoder.identity}) than the job ({identity})"
        )
    return encoder.encode(texts)


@lru_cache(_ONE)
def _readers(config: bytes, timeouts: Timeouts) -> SandboxedReaders:
    return SandboxedReaders(WorkerConfig.from_json(config), workers=1, timeouts=timeouts)


@lru_cache(_ONE)
def _encoder(open_encoder: OpenEncoder) -> Encoder:
    return open_encoder()
