"""Connection to a Ray cluster, and the results of its tasks, with Ray's exceptions as those of :mod:`rag.errors`.

Whoever reaches the ports of a cluster can run code on it, for Ray sends its tasks as pickled objects: they belong into
a private network (docs/cluster.md).
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import ray
from ray.exceptions import RayError, RayTaskError

from rag.errors import ClusterTaskLost, ClusterUnreachable, ClusterUnusable, PageproofError

# ray.ObjectRef: the result of a task, which may not be there yet. Ray has no types here, as it is an extra.
Reference: TypeAlias = Any

# A task that is lost with its process or its node is started so often again, wherever there is room. So often in a row
# none is lost by chance: then it is the task that does it.
_MOST_RESTARTS: Final = 5
_KNOCK_SECONDS: Final = 10.0


@contextmanager
def connected(address: str | None) -> Iterator[None]:
    """Connects this process to a cluster; a connection that it has already is used, and stays.

    Args:
        address: ``host:port`` of the cluster's head; None for the one that RAY_ADDRESS names or that runs on this
            machine, and where there is none, for a new one of this machine alone, which ends with the context.

    Raises:
        ClusterUnreachable: nothing answers there.
        ClusterUnusable: it is no address, or the cluster has another version of Ray or Python.
    """
    if ray.is_initialized():
        yield
        return
    where = address or "of this machine"
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except OSError as error:
        raise ClusterUnreachable(f"the Ray cluster {where} does not respond: {_first_line(error)}") from error
    except (RuntimeError, ValueError, RayError) as error:
        raise ClusterUnusable(f"the Ray cluster {where} cannot be used: {_first_line(error)}") from error
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str | None) -> None:
    """OSError where nothing listens at ``host:port``: Ray would try again for many minutes, without a word."""
    host, _, port = (address or "").rpartition(":")
    if host and port.isdecimal() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_SECONDS).close()


def as_task(function: Callable[..., object]) -> Callable[..., Reference]:
    """The function as a task of one processor, which is started again where it is lost; calls return references."""
    task: Any = ray.remote(num_cpus=1, max_retries=_MOST_RESTARTS)(function)
    start: Callable[..., Reference] = task.remote
    return start


def processors() -> int:
    """Number of processors of all nodes at this moment; 0 while no node with any is there."""
    try:
        return int(ray.cluster_resources().get("CPU", 0))
    except RayError as error:
        raise ClusterUnreachable(f"the Ray cluster does not respond any more: {_first_line(error)}") from error


def result_of(reference: Reference) -> Any:  # noqa: ANN401 - of whatever the task returns
    """Waits for the result of a task.

    Raises:
        PageproofError: what the task raised.
        ClusterUnusable: it raised something else.
        ClusterTaskLost: it was lost with its process or its node each time.
    """
    try:
        return ray.get(reference)
    except RayTaskError as error:
        if isinstance(error.cause, PageproofError):
            raise error.cause from None
        raise ClusterUnusable(f"a task on the Ray cluster failed: {_first_line(error.cause)}") from error
    except RayError as error:
        raise ClusterTaskLost(
            f"a task was lost {_MOST_RESTARTS + 1} times with its process or its node: {_first_line(error)}"
        ) from error


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
