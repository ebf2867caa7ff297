"""Fuzzing targets of an index: ``CURRENT``, the manifest of a generation, and its docstore."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import closing, suppress
from functools import cached_property
from pathlib import Path

from ingest.discovery import discover
from rag.domain.values import Document, Passage
from rag.index.docstore.docstore import Docstore
from rag.index.docstore.writing import Entry, Staging, write_docstore
from rag.index.generation import Generation
from rag.index.layout import DOCSTORE, MANIFEST, MANIFEST_DIGEST, IndexLayout
from rag.index.maintenance import faults_of, list_generations
from rag.index.manifest import Manifest
from rag.index.reading import open_current, read_current
from rag.service.metrics import Metrics
from rag.service.schemas.documents import DocumentBody, PageBody
from rag.testing import BagOfWordsEncoder
from tests.fakes import ingest_job, make_pdf
from tests.hostile.fuzzing.target import Target, check
from tests.integration.conftest import FERRY, HARBOUR

_MOST_PAGES = 50


class _IndexTarget(Target):
    """A target with an index of two documents in its folder."""

    @cached_property
    def layout(self) -> IndexLayout:
        documents = self.folder / "documents"
        documents.mkdir()
        make_pdf(documents / "harbour.pdf", HARBOUR, title="Harbour rules")
        make_pdf(documents / "ferry.pdf", FERRY)
        ingest_job(self.folder / "index", BagOfWordsEncoder()).run(discover([documents]))
        return IndexLayout(self.folder / "index")

    @cached_property
    def generation(self) -> Path:
        return self.layout.generation(read_current(self.layout)[0])

    def open(self) -> Generation:
        return open_current(self.layout.root, BagOfWordsEncoder().identity)


class CurrentTarget(_IndexTarget):
    """``CURRENT``, which names the generation that is served."""

    name = "current"

    def seeds(self) -> Sequence[bytes]:
        return [self.layout.current.read_bytes(), b"{}", b"[" * 3000]

    def read(self, data: bytes) -> None:
        before = self.seeds()[0]
        try:
            self.layout.current.write_bytes(data)
            name, digest = read_current(self.layout)
            check(isinstance(digest, str), "a digest that is no text")
            check("/" not in name, "a name that leads out of the folder")
            self.open().close()
        finally:
            self.layout.current.write_bytes(before)


class ManifestTarget(_IndexTarget):
    """The manifest of the current generation, with its right digest in ``CURRENT``."""

    name = "manifest"

    @cached_property
    def _sound(self) -> bytes:
        return (self.generation / MANIFEST).read_bytes()

    def seeds(self) -> Sequence[bytes]:
        fields = json.loads(self._sound)
        outside = {**fields, "files": [*fields["files"], {"name": "../../../dev/zero", "size": 0, "sha256": "0" * 64}]}
        return [self._sound, json.dumps(fields).encode(), json.dumps(outside).encode()]

    def read(self, data: bytes) -> None:
        digest = hashlib.sha256(data).hexdigest()
        (self.generation / MANIFEST).write_bytes(data)
        (self.generation / MANIFEST_DIGEST).write_text(digest)
        self.layout.current.write_text(json.dumps({"generation": self.generation.name, "manifest_sha256": digest}))
        list(faults_of(self.layout.root, self.generation.name))
        (row,) = list_generations(self.layout.root)
        with closing(self.open()) as generation:
            check(row.fault is None, "a generation that can be opened, and is listed as damaged")
            manifest = generation.manifest
            again = Manifest.from_bytes(manifest.to_bytes(), manifest.generation)
            check(again.to_bytes() == manifest.to_bytes(), "it is written otherwise")
            Metrics().index_state(generation, swaps=0, refused=0, degraded=False)
            rows = {source.path: source for source in manifest.sources}
            for document in generation.documents:
                body = DocumentBody.of(document, rows.get(document.name), generation.added(document.id))
                body.model_dump_json()


class DocstoreTarget(_IndexTarget):
    """A docstore; all of it is read, and copied as the next ingest does."""

    name = "docstore"

    def seeds(self) -> Sequence[bytes]:
        return [(self.generation / DOCSTORE).read_bytes()]

    def read(self, data: bytes) -> None:
        path = self.folder / "read.sqlite"
        path.write_bytes(data)
        with closing(Docstore(path)) as docstore:
            json.dumps(docstore.openings(100), ensure_ascii=False).encode()
            for document in docstore.documents:
                _read_document(docstore, document)
            check(len(docstore.passages(range(len(docstore)))) == len(docstore), "rows are missing")
            entries = [Entry(document.id, document.names, fresh=False) for document in docstore.documents]
        self._copy(path, entries)

    def _copy(self, path: Path, entries: Sequence[Entry]) -> None:
        staging, target = self.folder / "staging.sqlite", self.folder / "copy.sqlite"
        for file in (staging, target):
            file.unlink(missing_ok=True)
        Staging(staging).finish()
        with suppress(OSError):  # the job says that it cannot publish
            write_docstore(target, entries, staging=staging, before=path)
            with closing(Docstore(target)) as copy:
                check([each.id for each in copy.documents] != [] or not entries, "the copy lacks documents")


def _read_document(docstore: Docstore, document: Document) -> None:
    pages = docstore.pages_without_words(document.id)
    check([page.number for page in pages] == list(range(1, document.pages + 1)), "pages are missing")
    for number in range(1, min(document.pages, _MOST_PAGES) + 1):
        page = docstore.page(document.id, number)
        check(page.text == pages[number - 1].text, "two texts of one page")
        check(all(page.text[word.start : word.end] is not None for word in page.words), "a word without a place")
        PageBody.of(document, page, 0, len(page.text)).model_dump_json().encode()
    docstore.pages_labelled(document.id, "iv")
    rows = docstore.rows_of(document.id)
    for passage in docstore.passages_on(document.id, 1, _MOST_PAGES):
        _check_passage(docstore, passage)
    if rows:
        found = docstore.neighbours(rows.start, 1, 1)
        check(found and found[0].row == rows.start, "a row is not where it is")


def _check_passage(docstore: Docstore, passage: Passage) -> None:
    span = passage.chunk.span
    page = docstore.page(passage.document.id, span.page)
    check(passage.chunk.text == page.text[span.start : span.end], "a passage that its page does not have")
