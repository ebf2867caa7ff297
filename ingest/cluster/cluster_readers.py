"""Reader pool over a cluster: each file is a Ray task, which reads it in a confined process of some node.

Tasks, not Ray Data and not actors. Ray Data works on blocks of many rows: a file that breaks its reader again and again
would end the run for all, a lost block is read again whole, and files that are attached to files come to light only
while these are read. Calls of an actor wait for the actor to come back, and where its node is lost there may be no
room for that, while others are idle. A task that is lost starts wherever a processor is free, and costs one file at
most.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Final

import ray

from ingest.cluster.connection import Reference, as_task, processors, result_of
from ingest.cluster.node_tasks import read_file, reading_identity
from ingest.reading import Reading, ReadRequest
from ingest.sandbox import protocol
from ingest.sandbox.pool import Timeouts
from ingest.sandbox.worker import WorkerConfig
from rag.domain.file_status import FAILED
from rag.errors import ClusterTaskLost, FileFault

_log = logging.getLogger(__name__)

# Tasks that wait for a processor, for each that there is: the next begins at once, and few results wait for the job.
_AHEAD: Final = 2
_LOOK_SECONDS: Final = 30.0


class ClusterReaders:
    """Reads files on the nodes of the cluster that this process is connected to."""

    def __init__(self, config: WorkerConfig, timeouts: Timeouts) -> None:
        """Starts no task yet.

        Args:
            config: of each confined process; its folder and its tokenizer are on storage that all nodes have.
            timeouts: of a file.
        """
        self._limits = config.options.limits
        self._same_for_all = (config.to_json(), reading_identity(config), timeouts)
        self._start = as_task(read_file)

    def read(self, requests: Iterable[ReadRequest]) -> Iterator[tuple[ReadRequest, Reading | FileFault]]:
        """See :class:`ingest.reading.Readers`; waits while no node is there.

        Raises:
            ClusterUnusable: a node does not have the files, or reads them otherwise than this one.
            ClusterUnreachable: the cluster has gone.
            IngestFault: a node cannot start confined processes.
        """
        source = iter(requests)
        running: dict[Reference, ReadRequest] = {}
        try:
            while True:
                most = max(1, _AHEAD * processors())
                while len(running) < most and (request := next(source, None)) is not None:
                    task = self._start(*self._same_for_all, str(request.path.resolve()), request.suffix)
                    running[task] = request
                if not running:
                    return
                done, _ = ray.wait(list(running), timeout=_LOOK_SECONDS)
                if not done and not processors():
                    _log.warning("no node of the Ray cluster has a processor; the run goes on when one comes")
                for task in done:
                    yield running.pop(task), self._outcome(task)
        finally:
            # Where the caller has left, the files that are being read are not wanted any more.
            for task in running:
                ray.cancel(task, force=True)

    def _outcome(self, task: Reference) -> Reading | FileFault:
        try:
            outcome, _ = protocol.receive(protocol.frames_in(result_of(task), self._limits), FAILED, self._limits)
        except ClusterTaskLost as lost:
            return FileFault("crashed", str(lost))
        except protocol.ProtocolError as error:
            return FileFault("crashed", f"the node broke the protocol ({error})")
        return outcome
