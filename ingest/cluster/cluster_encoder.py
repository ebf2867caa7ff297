"""Text encoder over a cluster: texts are embedded in batches, each of them a Ray task on some node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ingest.cluster.connection import as_task, result_of
from ingest.cluster.node_tasks import OpenEncoder, embed
from rag.models.embedding.interfaces import Encoder, FloatMatrix

# Texts of a task: about a second of one processor, so that the way there does not matter, and a lost one costs little.
_BATCH: Final = 32
# Texts of a call of :meth:`ClusterEncoder.encode` that keep many processors at work.
TEXTS_AT_A_TIME: Final = 1024


class ClusterEncoder:
    """Embeds on the nodes of the cluster that this process is connected to; counts tokens here."""

    def __init__(self, here: Encoder, open_encoder: OpenEncoder) -> None:
        """Starts no task yet.

        Args:
            here: the same encoder in this process, which embeds no passage.
            open_encoder: opens it on a node, for one processor; can be pickled, and equal ones open the same.
        """
        self._here = here
        self._open = open_encoder
        self._start = as_task(embed)

    @property
    def identity(self) -> dict[str, str | int | bool]:
        """See :class:`Encoder`."""
        return self._here.identity

    @property
    def max_tokens(self) -> int:
        """See :class:`Encoder`."""
        return self._here.max_tokens

    @property
    def cosine_scale(self) -> float:
        """See :class:`Encoder`."""
        return self._here.cosine_scale

    def count_tokens(self, text: str) -> int:
        """See :class:`Encoder`."""
        return self._here.count_tokens(text)

    def encode_questions(self, questions: Sequence[str]) -> FloatMatrix:
        """See :class:`Encoder`; here, for an ingest has no more than a few."""
        return self._here.encode_questions(questions)

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """See :class:`Encoder`; with no texts it does nothing. Texts of similar length are best given side by side.

        Raises:
            ClusterTaskLost: a batch was lost with its process or its node each time.
            ClusterUnusable: a node has another encoder.
            ModelError: the encoder is missing on a node, corrupt or unusable.
        """
        batches = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
        tasks = [self._start(self._open, self.identity, batch) for batch in batches]
        nothing = np.empty((0, int(self.identity["dimension"])), dtype=np.float32)
        return np.concatenate([nothing, *map(result_of, tasks)])
