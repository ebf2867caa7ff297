"""Opening of collections: what each has of its own, beside the models that all share."""

from __future__ import annotations

from dataclasses import dataclass

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
        others = self.others
        served = ServedCollections(default, others.root, lambda name: self._opened(others, name, served))
        return served

    def _opened(self, others: CollectionFolder, name: str, served: ServedCollections) -> ServedCollection:
        answerer = others.open(self.answerer, name)
        layout = IndexLayout(known_collection_root(others.root, name))
        maker = self.maker.for_collection(answerer, layout) if self.maker else None
        adding = self._adding(open_for_collection(self.uploads, name), answerer)
        collection = ServedCollection(name, answerer, maker, adding)
        if maker:
            self.queue.submit(guides_job(maker, lambda: served.is_served(collection)))
        return collection

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
