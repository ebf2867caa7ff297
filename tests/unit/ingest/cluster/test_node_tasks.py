"""Tasks of a node: what they return of a file is what its reader sent; a node that differs from the job says so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ingest.chunking import Chunker
from ingest.cluster.node_tasks import embed, read_file, reading_identity
from ingest.readers.limits import ReadingLimits
from ingest.readers.source import ReadingOptions
from ingest.reading import Reading
from ingest.sandbox import protocol
from ingest.sandbox.pool import Timeouts
from ingest.sandbox.worker import WorkerConfig
from rag.domain.file_status import FAILED
from rag.errors import ClusterUnusable, FileFault
from rag.testing import BagOfWordsEncoder
from tests.fakes import make_pdf

LIMITS = ReadingLimits()


@pytest.fixture
def config(tmp_path: Path) -> WorkerConfig:
    return WorkerConfig(None, 254, Chunker(), ReadingOptions(LIMITS, "off"), 4 << 30, 60.0, str(tmp_path))


def outcome_of(config: WorkerConfig, path: Path) -> Reading | FileFault:
    frames = read_file(config.to_json(), reading_identity(config), Timeouts(), str(path), path.suffix)
    return protocol.receive(protocol.frames_in(frames, LIMITS), FAILED, LIMITS)[0]


def test_a_file(config: WorkerConfig, tmp_path: Path) -> None:
    reading = outcome_of(config, make_pdf(tmp_path / "a.pdf", ["# Buoys\nThe buoy is red."], title="Harbour"))
    assert isinstance(reading, Reading)
    assert reading.record.title == "Harbour"
    assert reading.texts == ["Buoys\n\nThe buoy is red."]


def test_a_file_that_cannot_be_read(config: WorkerConfig, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    fault = outcome_of(config, tmp_path / "a.pdf")
    assert isinstance(fault, FileFault)
    assert fault.status == "malformed"


def test_a_file_that_is_not_there(config: WorkerConfig, tmp_path: Path) -> None:
    with pytest.raises(ClusterUnusable, match="same path"):
        outcome_of(config, tmp_path / "a.pdf")


def test_a_node_that_reads_otherwise(config: WorkerConfig, tmp_path: Path) -> None:
    with pytest.raises(ClusterUnusable, match="another version"):
        read_file(config.to_json(), "another version", Timeouts(), str(tmp_path), ".pdf")


@dataclass(frozen=True)
class Opened:
    dimension: int

    def __call__(self) -> BagOfWordsEncoder:
        return BagOfWordsEncoder(self.dimension)


def test_texts() -> None:
    here = BagOfWordsEncoder(32)
    np.testing.assert_array_equal(embed(Opened(32), here.identity, ["a buoy"]), here.encode(["a buoy"]))


def test_a_node_with_another_encoder() -> None:
    with pytest.raises(ClusterUnusable, match="another encoder"):
        embed(Opened(16), BagOfWordsEncoder(32).identity, ["a buoy"])
