"""Builds an index of a synthetic corpus with the index writer, in a process of its own; prints seconds and bytes."""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import json
import resource
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.sizing.corpus import RealPassages, SyntheticCorpus, SyntheticDocument
from rag.domain.file_status import FileRow
from rag.index.docstore.writing import Entry
from rag.index.generation import Generation
from rag.index.maintenance import list_generations
from rag.index.reading import open_published
from rag.index.writer import GenerationMetadata, IndexWriter, open_writer


def main(source: str, target: str, passages: int) -> int:
    """``python -m benchmarks.sizing.build SOURCE TARGET PASSAGES``: ``SOURCE`` is an index of real documents."""
    corpus = SyntheticCorpus(RealPassages.of(open_source(Path(source))))
    with open_writer(Path(target)) as writer:
        seconds = _publish(writer, corpus, passages, dict(open_source(Path(source)).manifest.encoder))
    files = [path for path in Path(target, "gen").rglob("*") if path.is_file()]
    sizes = {path.name: path.stat().st_size for path in files}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"build_seconds": seconds, "disk": sum(sizes.values()), "files": sizes, "build_peak": peak}))
    return 0


def open_source(root: Path) -> Generation:
    """The current generation of an index, whatever its encoder."""
    name = next(row.name for row in list_generations(root) if row.current)
    digest = (root / "gen" / name / "manifest.sha256").read_text().strip()
    encoder = json.loads((root / "gen" / name / "manifest.json").read_bytes())["encoder"]
    return open_published(root, name, digest, encoder)


def _publish(writer: IndexWriter, corpus: SyntheticCorpus, passages: int, encoder: dict[str, object]) -> float:
    """Seconds of the publication alone; staging the documents is not counted."""
    staging, vectors = writer.staging()
    entries, rows = [], []
    for document in corpus.documents(passages):
        record = document.record
        staging.add(document.id, sum(len(page.text) for page in record.pages), record)
        vectors.reserve(document.id, len(record.chunks))
        for position, vector in enumerate(document.vectors):
            vectors.put(document.id, position, vector)
        entries.append(Entry(document.id, (document.name,), fresh=True))
        rows.append(_row(document))
    start = perf_counter()
    about = GenerationMetadata(encoder, {"name": "sizing"}, rows)
    writer.publish(entries, None, (staging, vectors), about, lambda: {"files": []})
    return perf_counter() - start


def _row(document: SyntheticDocument) -> FileRow:
    record = document.record
    return FileRow(
        path=document.name, sha256=document.id, status="ok", pages=len(record.pages), chunks=len(record.chunks)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
