"""BERT inference in OpenVINO. With bert_graph the only home of openvino.

Nothing is converted or kept on disk: the graph is built in memory in a fifth of a second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

import rag.runtime.native  # noqa: F401 - before openvino
from rag.errors import ModelUnusable
from rag.models.embedding import bert_graph
from rag.models.embedding.bert_config import BertConfig
from rag.models.embedding.interfaces import FloatMatrix

# openvino.InferRequest: OpenVINO has no types that mypy can use.
_Request: TypeAlias = Any
TokenIds: TypeAlias = npt.NDArray[np.int32]

# Tokens in a batch, padding included: enough to fill the vector units, and few enough for the cache of a core.
_BATCH_TOKENS: Final = 2048


class BertNetwork:
    """Compiled BERT network: tokens to vectors. Thread-safe."""

    def __init__(self, config: BertConfig, weights: bert_graph.Weights, *, threads: int) -> None:
        """Compiles for this CPU: in bfloat16 where it has instructions for that, else in float32.

        Raises:
            ModelUnusable: OpenVINO refuses the weights.
        """
        import openvino

        try:
            core = _core()
            # BF16 is the default just where the CPU has instructions for it; elsewhere float32 is faster. Half
            # precision, the default of ARM, has not been measured.
            native = core.get_property("CPU", "INFERENCE_PRECISION_HINT") == openvino.Type.bf16
            options = {
                # Each thread computes a batch of its own. They never wait for each other, so that another program on
                # one of the cores costs that core and no more.
                "NUM_STREAMS": threads,
                "INFERENCE_NUM_THREADS": threads,
                "ENABLE_CPU_PINNING": False,
                # Cached kernels, each for a batch shape. With the default of 5,000 a long ingest, which sees ever new
                # shapes, grows by a quarter of a gigabyte.
                "CPU_RUNTIME_CACHE_CAPACITY": "64",
            }
            self._compiled: Any = _compiled(bert_graph.model(config, weights), options, native=native)
        except RuntimeError as error:
            raise ModelUnusable(f"encoder {config.directory} cannot be loaded: {error}") from error
        self._dimension = config.dimension
        self._threads = threads

    def vectors(self, texts: Sequence[TokenIds]) -> FloatMatrix:
        """One row for each text, of length 1. *Shape:* ``(len(texts), dimension)``.

        Args:
            texts: tokens with the special ones, at least one and at most ``max_length`` in each.

        Raises:
            ModelUnusable: OpenVINO failed; there may be too little memory.
        """
        found = np.empty((len(texts), self._dimension), dtype=np.float32)
        # Each call has its own requests, which are created in microseconds: no call waits for another. One more than
        # there are threads: while the oldest is fetched, all threads have work.
        free = [self._compiled.create_infer_request() for _ in range(self._threads + 1)]
        running: deque[tuple[_Request, list[int]]] = deque()

        def fetch() -> None:
            request, rows = running.popleft()
            request.wait()
            found[rows] = request.get_output_tensor().data
            free.append(request)

        # Not AsyncInferQueue: its callbacks run Python in threads of OpenVINO, which outlive the wait for them. When
        # the interpreter ends meanwhile, the process is aborted (one in three short ones on a busy machine).
        try:
            for rows in batches([len(text) for text in texts]):
                if not free:
                    fetch()
                request = free.pop()
                request.start_async(_padded([texts[row] for row in rows]))
                running.append((request, rows))
            while running:
                fetch()
        except RuntimeError as error:
            raise ModelUnusable(f"the encoder stopped: {error}") from error
        # Normalized in float32: bfloat16 has too few digits for a length of 1.
        return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def batches(lengths: Sequence[int], tokens: int = _BATCH_TOKENS) -> list[list[int]]:
    """Positions in batches of similar length, the longest first; at most ``tokens`` in each, padding included.

    A text that is longer than that has a batch of its own.
    """
    order = sorted(range(len(lengths)), key=lambda position: (-lengths[position], position))
    found: list[list[int]] = []
    for position in order:
        if found and (len(found[-1]) + 1) * lengths[found[-1][0]] <= tokens:
            found[-1].append(position)
        else:
            found.append([position])
    return found


def _compiled(model: Any, options: Mapping[str, object], *, native: bool) -> Any:  # noqa: ANN401 - OpenVINO has no types
    """The compiled model, in bfloat16 if that is native.

    ``ONEDNN_MAX_CPU_ISA`` may take the instructions away that OpenVINO's default precision relies on: then float32.
    """
    if native:
        with suppress(RuntimeError):
            return _core().compile_model(model, "CPU", {**options, "INFERENCE_PRECISION_HINT": "bf16"})
    return _core().compile_model(model, "CPU", {**options, "INFERENCE_PRECISION_HINT": "f32"})


@cache
def _core() -> Any:  # noqa: ANN401 - OpenVINO has no types that mypy can use
    """The OpenVINO core of this process, for good.

    Each core sets a signal stack in its thread, and restores the previous one at its end. Of two that end in the order
    in which they began, the second restores the stack of the first, which is freed: the next Ctrl-C is a segmentation
    fault (https://github.com/openvinotoolkit/openvino/pull/11894).
    """
    import openvino

    return openvino.Core()


def _padded(texts: Sequence[TokenIds]) -> list[npt.NDArray[Any]]:
    """Tokens, and a mask of 1 for a token and 0 for padding. *Shape:* both ``(len(texts), longest)``."""
    shape = (len(texts), max(map(len, texts)))
    ids, mask = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.float32)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return [ids, mask]
