"""Stateful property test: after any history of a folder, its index equals a clean build, byte for byte."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ingest.discovery import discover
from ingest.reporting.report import Report
from rag.domain.file_status import INDEXED
from rag.domain.values import Question
from rag.errors import NothingToIngest
from rag.index.layout import IndexLayout
from rag.index.maintenance import list_generations, roll_back, verify_generation
from rag.index.reading import open_current, read_current
from rag.retrieval.retriever import Retriever
from rag.testing import BagOfWordsEncoder
from tests.fakes import ingest_job, tiny_pdf
from tests.unit.conftest import quick_folder

# CONTRIBUTING.md tells of it.
THOROUGH = os.environ.get("PAGEPROOF_TESTS") == "thorough"
KEEP = 3

names = st.sampled_from(["a.pdf", "b.pdf", "in/a.pdf", "in/deep/c.pdf", "z.pdf"])
contents = st.integers(0, 7)


def canary(content: int) -> str:
    """A word that only this content has."""
    return f"canary{'qxzjvkwy'[content]}"


def bytes_of(content: int) -> bytes:
    pages = [f"Document number {content} about pumps.\nIt speaks of {canary(content)}."]
    return tiny_pdf(pages + [f"Page {page} of {content} is about valves." for page in range(2, 2 + content % 3)])


def digests(folder: Path) -> dict[str, str]:
    """Digests of a generation's files that do not depend on time and history."""
    parts = [folder / "vectors.faiss", folder / "docstore.sqlite", *sorted((folder / "lexical").iterdir())]
    return {part.name: hashlib.sha256(part.read_bytes()).hexdigest() for part in parts}


class AnyHistory(RuleBasedStateMachine):
    """A folder, an index of it, and the digests of each generation when it was published."""

    # What a clean build of a folder gives is known once it was built: folders repeat between sequences.
    clean: Mapping[frozenset[tuple[str, bytes]], dict[str, str]] = {}

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        root = self._open.enter_context(quick_folder())
        self.folder, self.index = root / "documents", root / "index"
        self.folder.mkdir()
        self.encoder = BagOfWordsEncoder()
        self.published: dict[str, dict[str, str]] = {}
        self.used: set[int] = set()

    def teardown(self) -> None:
        self._open.close()

    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }

    def put(self, name: str, data: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    @initialize(content=contents)
    def begin(self, content: int) -> None:
        self.add("a.pdf", content)

    @rule(name=names, content=contents)
    def add(self, name: str, content: int) -> None:
        """Or edit, or put back what was deleted, or the content of another one."""
        self.put(name, bytes_of(content))
        self.used.add(content)

    @precondition(lambda self: self.files())
    @rule(data=st.data(), to=names)
    def rename(self, data: st.DataObject, to: str) -> None:
        path = self.folder / self.one(data)
        (self.folder / to).parent.mkdir(parents=True, exist_ok=True)
        path.replace(self.folder / to)

    @precondition(lambda self: self.files())
    @rule(data=st.data(), to=names)
    def duplicate(self, data: st.DataObject, to: str) -> None:
        self.put(to, (self.folder / self.one(data)).read_bytes())

    @precondition(lambda self: self.files())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        (self.folder / self.one(data)).unlink()

    @precondition(lambda self: self.files())
    @rule(data=st.data(), share=st.sampled_from([0.0, 0.02, 0.5, 0.97]))
    def damage(self, data: st.DataObject, share: float) -> None:
        """Cut short; some of what is left can still be read."""
        path = self.folder / self.one(data)
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])

    def one(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.files())))

    @rule()
    def run(self) -> None:
        self.update()

    @rule()
    def rebuild(self) -> None:
        before = self.current()
        report = self.update(rebuild=True)
        assert report is None or report.generation != before

    @precondition(lambda self: len(self.published) > 1)
    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        rows = list_generations(self.index)
        target = data.draw(st.sampled_from(sorted(row.name for row in rows)))
        assert roll_back(self.index, target) == target == self.current()
        # An index of another folder than this one, until the next run.

    @invariant()
    def every_generation_is_as_it_was_published(self) -> None:
        if not self.published:
            return
        rows = list_generations(self.index)
        assert len(rows) <= KEEP
        assert [row.current for row in rows].count(True) == 1
        for row in rows:
            assert digests(self.index / "gen" / row.name) == self.published[row.name]

    def current(self) -> str | None:
        return read_current(IndexLayout(self.index))[0] if self.published else None

    def update(self, *, rebuild: bool = False) -> Report | None:
        """Runs twice, and compares with a clean build; None where no file can be read."""
        before = self.current()
        try:
            report = self.ingest(rebuild=rebuild)
        except NothingToIngest:
            assert self.current() == before
            assert self.clean_build() == {}
            return None
        folder = self.index / "gen" / report.generation
        assert digests(folder) == self.clean_build()
        assert report.generation == read_current(IndexLayout(self.index))[0]
        self.published.setdefault(report.generation, digests(folder))
        verify_generation(self.index, report.generation)
        self.nothing_else_is_found(report)
        self.again(report)
        return report

    def again(self, report: Report) -> None:
        self.encoder.encoded.clear()
        again = self.ingest()
        assert (again.published, again.embedded, again.generation) == (False, 0, report.generation)
        assert self.encoder.encoded == []
        assert (again.chunks, again.pages, again.failed) == (report.chunks, report.pages, report.failed)

    def nothing_else_is_found(self, report: Report) -> None:
        generation = open_current(self.index, self.encoder.identity)
        files = self.files()
        held = {files[row.path] for row in report.files if row.status in INDEXED}
        retriever = Retriever(BagOfWordsEncoder(), None)
        for content in self.used:
            hits = retriever.retrieve(generation, Question(canary(content)), 50)
            found = any(canary(content) in hit.passage.chunk.text for hit in hits)
            if bytes_of(content) in held:
                assert found
                assert generation.bm25_scores(canary(content)).any()
            elif not any(data and bytes_of(content).startswith(data) for data in held):
                assert not found
                assert not generation.bm25_scores(canary(content)).any()
        generation.close()

    def ingest(self, *, rebuild: bool = False) -> Report:
        files = discover([self.folder])
        return ingest_job(self.index, self.encoder, rebuild=rebuild, keep=KEEP).run(files)

    def clean_build(self) -> dict[str, str]:
        """Of this folder, in another place; nothing where no file can be read."""
        key = frozenset(self.files().items())
        if key not in AnyHistory.clean:
            with quick_folder() as root:
                made: dict[str, str] = {}
                try:
                    report = ingest_job(root / "clean", BagOfWordsEncoder()).run(discover([self.folder]))
                    made = digests(root / "clean" / "gen" / report.generation)
                except NothingToIngest:
                    pass
            AnyHistory.clean = {**AnyHistory.clean, key: made}
        return AnyHistory.clean[key]


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(
    max_examples=50 if THOROUGH else 6, stateful_step_count=40 if THOROUGH else 12, deadline=None
)
