"""A Ray cluster of several nodes on this machine, for tests: nodes of one processor each beside a head without any."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from rag.models.embedding.interfaces import FloatMatrix
from rag.testing import BagOfWordsEncoder

DIMENSION: Final = 64
# Of each node; and without the processes that tests do not need.
_NODE: Final = {"object_store_memory": 100 << 20, "include_log_monitor": False}
_HEAD: Final = {"num_cpus": 0, "include_dashboard": False, "no_monitor": True, **_NODE}


@dataclass
class RayNodes:
    """The cluster.

    Attributes:
        nodes: with one processor each; one that was killed is none of them.
    """

    cluster: Any
    nodes: list[Any] = field(default_factory=list)

    @property
    def address(self) -> str:
        return str(self.cluster.address)

    def add(self) -> None:
        self.nodes.append(self.cluster.add_node(num_cpus=1, **_NODE))

    def kill_node(self) -> None:
        """Kills all processes of the node that came first, as if its power went."""
        self.cluster.remove_node(self.nodes.pop(0), allow_graceful=False)


@contextmanager
def ray_nodes(count: int) -> Iterator[RayNodes]:
    from ray.cluster_utils import Cluster

    running = RayNodes(Cluster(initialize_head=True, head_node_args=_HEAD))
    try:
        for _ in range(count):
            running.add()
        yield running
    finally:
        running.cluster.shutdown()


def kill_worker(task: str, seconds: float = 60.0) -> int:
    """Kills the first process of this test's clusters that Ray calls so, by task or actor; returns its id."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for pid in _descendants(os.getpid()):
            if _title(pid).startswith(f"ray::{task}"):
                os.kill(pid, signal.SIGKILL)
                return pid
        time.sleep(0.005)
    raise AssertionError(f"there was no process {task}")


def _descendants(pid: int) -> Iterator[int]:
    try:
        children = Path(f"/proc/{pid}/task").glob("*/children")
        found = [int(child) for file in children for child in file.read_text().split()]
    except OSError:
        return
    for child in found:
        yield child
        yield from _descendants(child)


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode(errors="replace")
    except OSError:
        return ""


@dataclass(frozen=True)
class OpenBagOfWords:
    """Opens the fake of an encoder on a node; each text takes it so long."""

    seconds_per_text: float = 0.0

    def __call__(self) -> BagOfWordsEncoder:
        return SlowBagOfWords(self.seconds_per_text)


class SlowBagOfWords(BagOfWordsEncoder):
    def __init__(self, seconds_per_text: float) -> None:
        super().__init__(DIMENSION)
        self._seconds = seconds_per_text

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        time.sleep(self._seconds * len(texts))
        return super().encode(texts) if texts else np.empty((0, DIMENSION), dtype=np.float32)


@dataclass(frozen=True)
class OpenDying:
    """Opens an encoder whose process is killed at its first text, unless the file is there already."""

    died: Path

    def __call__(self) -> BagOfWordsEncoder:
        return DyingBagOfWords(self.died)


class DyingBagOfWords(BagOfWordsEncoder):
    def __init__(self, died: Path) -> None:
        super().__init__(DIMENSION)
        self._died = died

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        try:
            self._died.touch(exist_ok=False)
        except FileExistsError:
            return super().encode(texts)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("it is dead")
