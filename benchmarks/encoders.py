"""Throughput, latency and vector similarity of each way to run the encoder, ``python -m benchmarks.encoders``.

All in one run on the chunks of a folder, in turns, so that a busy minute of the machine falls on all of them.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from subprocess import Popen
from time import perf_counter
from typing import TypeAlias

from benchmarks.isa import add_isa, conditions, hold_to
from ingest.chunking import Chunker
from ingest.discovery import discover
from ingest.readers.limits import ReadingLimits
from ingest.readers.pdf import read_pdf
from ingest.readers.source import ReadingOptions
from rag.cli.console import configure_logging, fail
from rag.domain.values import in_context
from rag.errors import ModelUnusable, PageproofError
from rag.models.embedding.bert_config import BertConfig, UnsupportedModel
from rag.models.embedding.bert_encoder import BertEncoder
from rag.models.embedding.bert_parts import parts_of_folder
from rag.models.embedding.interfaces import Encoder, FloatMatrix
from rag.models.embedding.sentence_transformer_encoder import SentenceTransformerEncoder
from rag.models.opening import open_store
from rag.models.weights.store import Weights
from rag.settings import read_settings

RESULTS = Path(__file__).parent / "results"
QUESTION = "How many days may a ship lie in port?"

Encode: TypeAlias = Callable[[Sequence[str]], FloatMatrix]


@dataclass
class Measured:
    """One way; ``seconds`` for all texts, and ``waits`` for one question, in each round."""

    seconds: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    cosine: float = 1.0


def main() -> int:
    """Measures on a folder of PDFs; by default the knowledge base."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.encoders", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("knowledge_base"), help="folder of PDFs")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each; the median counts")
    parser.add_argument("--busy", action="store_true", help="while another process keeps one core busy")
    add_isa(parser)
    options = parser.parse_args()
    hold_to(options.isa)
    configure_logging()
    settings = read_settings()
    try:
        weights = open_store(settings).locate(settings.encoder, "encoder")
        ways = _ways(weights)
        texts = _texts(options.folder, next(iter(ways.values())))
    except PageproofError as error:
        return fail(error, 1)
    with ExitStack() as stack:
        if options.busy:
            other = stack.enter_context(Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(other.kill)
        table = _table(texts, {name: way.encode for name, way in ways.items()}, options.rounds)
    table += f"\n\n{conditions()}"
    print(table)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / ("encoders-busy.md" if options.busy else "encoders.md")).write_text(table + "\n")
    return 0


def _ways(weights: Weights) -> dict[str, Encoder]:
    """The first is what the others are measured against."""
    try:
        folder = BertConfig.read(weights.directory)
    except UnsupportedModel as reason:
        raise ModelUnusable(f"{weights.name} has only one way: {reason}") from reason
    name, digest, slow = weights.name, weights.digest, weights.directory
    return {
        "sentence-transformers, 2 threads": SentenceTransformerEncoder(slow, name=name, digest=digest, threads=2),
        "pageproof, 1 thread": BertEncoder(folder, parts_of_folder(folder), name=name, digest=digest, threads=1),
        "pageproof, 2 threads": BertEncoder(folder, parts_of_folder(folder), name=name, digest=digest, threads=2),
    }


def _texts(folder: Path, encoder: Encoder) -> list[str]:
    pdfs = [file.path for file in discover([folder]) if file.path.suffix == ".pdf"]
    chunks = [
        chunk
        for path in pdfs
        for chunk in Chunker().chunks(
            read_pdf(path, ReadingOptions(ReadingLimits(), ocr="off")).pages, encoder.count_tokens
        )
    ]
    return [in_context(chunk.headings, chunk.text) for chunk in chunks]


def _table(texts: Sequence[str], ways: Mapping[str, Encode], rounds: int) -> str:
    measured = {name: Measured() for name in ways}
    for encode in ways.values():
        encode([QUESTION])
    for _ in range(rounds):
        expected: FloatMatrix | None = None
        for name, encode in ways.items():
            start = perf_counter()
            vectors = encode(texts)
            encoded = perf_counter()
            encode([QUESTION])
            measured[name].seconds.append(encoded - start)
            measured[name].waits.append(perf_counter() - encoded)
            expected = vectors if expected is None else expected
            measured[name].cosine = float((vectors * expected).sum(axis=1).min())
    base = median(next(iter(measured.values())).seconds)
    rows = [
        f"| {name} | {len(texts) / median(way.seconds):.0f} | {base / median(way.seconds):.1f} "
        f"| {1000 * median(way.waits):.1f} | {way.cosine:.5f} |"
        for name, way in measured.items()
    ]
    head = f"| {len(texts)} chunks | texts/s | times | ms for one question | least cosine |"
    return "\n".join([head, "| --- | --- | --- | --- | --- |", *rows])


if __name__ == "__main__":
    sys.exit(main())
