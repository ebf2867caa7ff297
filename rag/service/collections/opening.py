"""Opening of collections: what each has of its own, beside the models that all share."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial

from rag.answering.answerer import Answerer
from rag.domain.collection_name import DEFAULT_COLLECTION
from rag.index.layout import IndexLayout, known_collection_root
from rag.runtime.background import BackgroundQueue
from rag.service.collections.served import CollectionFolder, ServedCollection, ServedCollections
from rag.service.guides.job import guides_job
from rag.service.guides.maker import GuideMaker
from rag.service.metrics import Metrics
from rag.service.uploads.adding import Adding, UploadService, open_for_collection
from rag.service.uploads.ingest_jobs import IngestJobs

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CollectionParts:
    """Parts that the collections of one application are made of.

    Attributes:
        answerer: of the default collection, as the next three are.
        queue: runs ingest jobs, and makes guides.
        metrics: counts runs of ingest.
        uploads: None where no documents can be added.
        maker: None where no guides are made.
        others: the further collections; None where there are none.
    """

    answerer: Answerer
    queue: BackgroundQueue
    metrics: Metrics
    uploads: UploadService | None
    maker: GuideMaker | None
    others: CollectionFolder | None

    def served(self) -> ServedCollections:
        """The collections, of which only the default one is open."""
        adding = self._adding(self.uploads, self.answerer)
        default = ServedCollection(DEFAULT_COLLECTION, self.answerer, self.maker, adding)
        if self.others is None:
            return ServedCollections(default)
        return ServedCollections(default, self.others.root, partial(self._opened, self.others))

    @contextmanager
    def _opened(self, others: CollectionFolder, name: str) -> Iterator[ServedCollection]:
        """A further collection; until the context is left its index is followed, and its guides are made."""
        answerer = others.open(self.answerer, name)
        root = known_collection_root(others.root, name)
        maker = self.maker.for_collection(answerer, IndexLayout(root)) if self.maker else None
        adding = self._adding(open_for_collection(self.uploads, name), answerer)
        closed = threading.Event()
        with closing(answerer.index), answerer.index.followed():
            _log.info("the collection %s is open", name)
            if maker:
                self.queue.submit(guides_job(maker, lambda: not closed.is_set() and root.is_dir()))
            try:
                yield ServedCollection(name, answerer, maker, adding)
            finally:
                closed.set()
                _log.info("the collection %s is closed", name)

    def _adding(self, uploads: UploadService | None, answerer: Answerer) -> Adding | None:
        if uploads is None:
            return None
        jobs = IngestJobs(
            uploads.job,
            self.queue,
            answerer.index.refresh,
            lambda ended: self.metrics.count_ingest(published=ended.state == "finished", files=ended.files),
        )
        return Adding(uploads.folder, jobs)
