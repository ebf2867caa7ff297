"""Opening of further collections: each is followed, and has its guides made, until it is closed."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from rag.answering.answerer import Answerer
from rag.index.current_index import CurrentIndex
from rag.index.layout import IndexLayout, collection_root
from rag.retrieval.retriever import Retriever
from rag.runtime.background import BackgroundJob, BackgroundQueue, BackgroundTurn, Later
from rag.service.collections.opening import CollectionParts
from rag.service.collections.served import MOST_OPEN, CollectionFolder, ServedCollections
from rag.service.guides.maker import GuideMaker
from rag.service.guides.store import GuideStore
from rag.service.metrics import Metrics
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.unit.conftest import publish

ENCODER = BagOfWordsEncoder()
NAMES = [f"c{number:02}" for number in range(MOST_OPEN + 1)]


@dataclass
class KeptJobs:
    """A queue that runs nothing by itself."""

    jobs: list[BackgroundJob] = field(default_factory=list)

    def submit(self, job: BackgroundJob) -> bool:
        self.jobs.append(job)
        return True

    def goes_on(self, number: int) -> bool:
        """Runs a job; True if it is to be run again."""
        job = self.jobs[number]
        outcome = job.run(BackgroundTurn(job))
        return isinstance(outcome, Later)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("indexes")
    publish(root, {"default.pdf": ["The ferry costs 4 euros."]}, ENCODER)
    publish(collection_root(root, NAMES[0]), {"a.pdf": ["The pump is blue."]}, ENCODER)
    for name in NAMES[1:]:
        shutil.copytree(collection_root(root, NAMES[0]), collection_root(root, name))
    return root


@pytest.fixture
def queue() -> KeptJobs:
    return KeptJobs()


@pytest.fixture
def served(published: Path, queue: KeptJobs) -> Iterator[ServedCollections]:
    def open_one(answerer: Answerer, name: str) -> Answerer:
        return replace(answerer, index=CurrentIndex(collection_root(published, name), ENCODER.identity))

    index = CurrentIndex(published, ENCODER.identity)
    answerer = Answerer(
        index, Retriever(ENCODER, None), ScriptedModel([""]), passages=3, evidence_tokens=300, max_tokens=64
    )
    maker = GuideMaker(answerer, GuideStore(IndexLayout(published)), most_ahead=0)
    folder = CollectionFolder(published, open_one)
    served = CollectionParts(
        answerer, cast("BackgroundQueue", queue), Metrics(), uploads=None, maker=maker, others=folder
    ).served()
    yield served
    served.close()


def followers() -> int:
    return sum(thread.name == "follow-current" for thread in threading.enumerate())


def test_an_answer_at_work_keeps_the_generation_of_a_collection_that_is_closed(served: ServedCollections) -> None:
    before = served.find(NAMES[0])
    generation = before.answerer.generation()
    for name in NAMES[1:]:
        served.find(name)
    assert NAMES[0] not in served.states()
    assert generation.passages([0])[0].chunk.text == "The pump is blue."
    # A request that has just found the collection, and has no generation yet.
    assert before.answerer.generation().id == generation.id
    assert served.find(NAMES[0]) is not before


def test_those_that_are_closed_are_not_followed(served: ServedCollections) -> None:
    for name in NAMES:
        served.find(name)
    assert followers() == MOST_OPEN
    served.close()
    assert followers() == 0


def test_guides_are_made_while_it_is_open(served: ServedCollections, queue: KeptJobs) -> None:
    served.find(NAMES[0])
    assert queue.goes_on(0)
    for name in NAMES[1:]:
        served.find(name)
    assert not queue.goes_on(0)
    assert queue.goes_on(1)
    served.find(NAMES[0])
    assert queue.goes_on(len(NAMES))


def test_guides_are_not_made_of_one_whose_folder_is_gone(
    published: Path, served: ServedCollections, queue: KeptJobs
) -> None:
    shutil.copytree(collection_root(published, NAMES[0]), collection_root(published, "gone"))
    served.find("gone")
    assert queue.goes_on(0)
    shutil.rmtree(collection_root(published, "gone"))
    assert not queue.goes_on(0)
