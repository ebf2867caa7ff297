"""Ingest on a Ray cluster of several nodes: the same index, byte for byte, also where processes and nodes are lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ingest.chunking import Chunker
from ingest.discovery import discover
from ingest.job import IngestJob
from ingest.readers.limits import ReadingLimits
from ingest.readers.source import ReadingOptions
from ingest.readers.version import reader_version
from ingest.reading import ReadRequest
from ingest.reporting.progress import Progress
from ingest.reporting.report import Report
from ingest.sandbox.pool import Timeouts
from ingest.sandbox.worker import WorkerConfig
from rag.errors import ClusterUnreachable, ClusterUnusable
from rag.index.layout import IndexLayout
from rag.index.maintenance import verify_generation
from rag.index.reading import open_current
from rag.testing import BagOfWordsEncoder
from tests.fakes import ingest_job, make_pdf
from tests.integration.ray_cluster import DIMENSION, OpenBagOfWords, OpenDying, RayNodes, kill_worker, ray_nodes

pytest.importorskip("ray", reason="requirements-ray.txt is not installed")

from ingest.cluster.cluster_encoder import TEXTS_AT_A_TIME, ClusterEncoder
from ingest.cluster.cluster_readers import ClusterReaders
from ingest.cluster.connection import connected
from ingest.cluster.node_tasks import OpenEncoder

FILES = 24
FAST = OpenBagOfWords()

# Nodes come up in ten seconds on an idle machine; that one is lost is noticed after some more.
pytestmark = [pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore::FutureWarning")]


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PDFs of several pages, a text, and a file that no reader can read."""
    folder = tmp_path_factory.mktemp("documents")
    for number in range(FILES):
        pages = [
            f"# Article {number}, page {page}\n"
            + "\n".join(f"Buoy {number}-{page}-{line} is red." for line in range(30))
            for page in range(1, 4)
        ]
        make_pdf(folder / f"article-{number:02}.pdf", pages)
    (folder / "note.txt").write_text("The lighthouse is white.")
    (folder / "damaged.pdf").write_bytes(b"%PDF-1.4 and nothing else")
    return folder


@pytest.fixture(scope="module")
def clean(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of an ordinary ingest."""
    root = tmp_path_factory.mktemp("clean")
    ingest_job(root, BagOfWordsEncoder(DIMENSION)).run(discover([documents]))
    return root


@pytest.fixture(scope="module")
def nodes() -> Iterator[RayNodes]:
    with ray_nodes(2) as running:
        yield running


class AtFile(Progress):
    """Does something once, when so many files are read."""

    def __init__(self, number: int, action: Callable[[], object]) -> None:
        self._left = number
        self._action = action

    def file(self, *_: Any) -> None:
        self._left -= 1
        if self._left == 0:
            self._action()


def config_for(index: Path) -> WorkerConfig:
    return WorkerConfig(
        tokenizer=None,
        max_tokens=BagOfWordsEncoder(DIMENSION).max_tokens,
        chunker=Chunker(),
        options=ReadingOptions(ReadingLimits(), "off"),
        memory=4 << 30,
        cpu_seconds=60.0,
        folder=str(IndexLayout(index).sources.resolve()),
    )


def run_on(
    nodes: RayNodes,
    documents: Path,
    index: Path,
    open_encoder: OpenEncoder = FAST,
    progress: Progress | None = None,
) -> Report:
    config = config_for(index)
    with connected(nodes.address):
        job = IngestJob(
            index,
            ClusterEncoder(BagOfWordsEncoder(DIMENSION), open_encoder),
            ClusterReaders(config, Timeouts()),
            identity={**config.chunker.identity, **reader_version(config.options)},
            slab=TEXTS_AT_A_TIME,
            progress=progress or Progress(),
        )
        return job.run(discover([documents]))


def content_of(root: Path) -> dict[str, str]:
    """Digests of the verified files of the current generation, except the report of the run."""
    with closing(open_current(root, BagOfWordsEncoder(DIMENSION).identity)) as generation:
        verify_generation(root, generation.id)
        return {row.name: row.sha256 for row in generation.manifest.files if row.name != "report.json"}


def statuses(report: Report) -> dict[str, str]:
    return {row.path: row.status for row in report.files}


def check(report: Report, index: Path, clean: Path) -> None:
    """No file is lost, and the index has the bytes of the ordinary one."""
    expected = {"note.txt": "ok", "damaged.pdf": "malformed"}
    expected |= {f"article-{number:02}.pdf": "ok" for number in range(FILES)}
    assert statuses(report) == expected
    assert content_of(index) == content_of(clean)


def test_the_index_is_that_of_an_ordinary_ingest(nodes: RayNodes, documents: Path, clean: Path, tmp_path: Path) -> None:
    check(run_on(nodes, documents, tmp_path), tmp_path, clean)


def test_a_process_is_killed_while_it_reads(nodes: RayNodes, documents: Path, clean: Path, tmp_path: Path) -> None:
    killed: list[int] = []
    killer = threading.Thread(target=lambda: killed.append(kill_worker("read_file")))
    killer.start()
    report = run_on(nodes, documents, tmp_path)
    killer.join()
    assert killed
    check(report, tmp_path, clean)


def test_a_process_dies_while_it_embeds(nodes: RayNodes, documents: Path, clean: Path, tmp_path: Path) -> None:
    died, index = tmp_path / "died", tmp_path / "index"
    check(run_on(nodes, documents, index, OpenDying(died)), index, clean)
    assert died.exists()


def test_a_node_is_lost(nodes: RayNodes, documents: Path, clean: Path, tmp_path: Path) -> None:
    """It is lost with what it read and embedded; what is left runs on the other."""
    before = len(nodes.nodes)
    report = run_on(nodes, documents, tmp_path, OpenBagOfWords(0.02), AtFile(3, nodes.kill_node))
    assert len(nodes.nodes) == before - 1
    check(report, tmp_path, clean)
    nodes.add()


def test_a_node_without_the_files_is_named(nodes: RayNodes, documents: Path, tmp_path: Path) -> None:
    config = config_for(tmp_path)
    with connected(nodes.address), pytest.raises(ClusterUnusable, match="same path"):
        list(ClusterReaders(config, Timeouts()).read([ReadRequest(tmp_path / "not there", ".pdf")]))


def test_a_node_with_another_encoder_is_named(nodes: RayNodes) -> None:
    with connected(nodes.address), pytest.raises(ClusterUnusable, match="another encoder"):
        ClusterEncoder(BagOfWordsEncoder(32), OpenBagOfWords()).encode(["text"])


def test_no_cluster_there() -> None:
    with pytest.raises(ClusterUnreachable, match=r"127\.0\.0\.1:9"), connected("127.0.0.1:9"):
        pass
