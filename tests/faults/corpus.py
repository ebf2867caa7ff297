"""Test corpus: states of a folder of documents, and the index of each, byte for byte."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ingest.discovery import discover
from rag.domain.file_status import FileRow
from rag.index.layout import MANIFEST, IndexLayout
from rag.index.maintenance import verify_generation
from rag.index.manifest import Manifest
from rag.index.reading import generation_names, open_current
from rag.testing import BagOfWordsEncoder
from tests.fakes import ingest_job, make_pdf
from tests.faults.server import DIMENSION

State = Literal["earliest", "earlier", "old", "new"]
Content = Mapping[str, str]

_TOPICS: Final = (
    "harbour ferry lantern tide mooring rope anchor buoy beacon pilot cargo crane".split()  # one for each document
)


def encoder() -> BagOfWordsEncoder:
    return BagOfWordsEncoder(DIMENSION)


def _pages(number: int, version: int) -> list[str]:
    topic = _TOPICS[number % len(_TOPICS)]
    return [
        f"# The {topic} of article {number}\nThe {topic} has {number + page} parts in edition {version}.\n"
        f"On page {page} of article {number} the {topic} is painted in colour {version * 100 + page}."
        for page in range(1, 3)
    ]


# Which articles there are in each state, and which of them are in their second edition.
_STATES: Final[Mapping[State, tuple[Sequence[int], Sequence[int]]]] = {
    "earliest": ([0, 1, 2, 15, 16], [15]),
    "earlier": ([*range(9)], [1]),
    "old": ([*range(12)], []),
    "new": ([*range(9), 12, 13, 14], [6, 7, 8]),
}
_LARGE: Final = 14


def write_documents(folder: Path, state: State) -> Path:
    """PDFs, twelve in the old and in the new state: that keeps 6 of them, edits 3, drops 3, and adds 3, one large."""
    folder.mkdir()
    numbers, edited = _STATES[state]
    for number in numbers:
        pages = _pages(number, 2 if number in edited else 1) * (6 if number == _LARGE else 1)
        make_pdf(folder / f"article-{number:02}.pdf", pages)
    return folder


class MixedState(AssertionError):
    """The index is of no state of the corpus."""


@dataclass(frozen=True)
class Corpus:
    """Both states of the documents.

    Attributes:
        template: an index of the old state, to be copied. As many generations as are kept: the next one displaces one.
        contents: of a clean build of each state: the digest of every file that says what is in it.
    """

    old: Path
    new: Path
    template: Path
    contents: Mapping[State, Content]

    def start(self, root: Path) -> Path:
        """A fresh index of the old state."""
        shutil.copytree(self.template, root)
        return root

    def state(self, root: Path) -> State:
        """Which state the index holds. All was read: it opens as for a reader, and no generation is damaged.

        Raises:
            MixedState: neither. IndexFault: it cannot be opened.
        """
        content = content_of(root)
        for name in generation_names(IndexLayout(root)):
            verify_generation(root, name)
        for state, expected in self.contents.items():
            if content == expected:
                return state
        raise MixedState(f"{root} is of neither state: {content}")


def make_corpus(folder: Path) -> Corpus:
    """Makes documents and indexes of all states in a new folder."""
    folder.mkdir()
    documents = {state: write_documents(folder / state, state) for state in _STATES}
    template = folder / "template"
    states: tuple[State, ...] = ("earliest", "earlier", "old")
    for state in states:
        ingest_job(template, encoder()).run(discover([documents[state]]))
    contents: dict[State, Content] = {}
    compared: tuple[State, ...] = ("old", "new")
    for state in compared:
        clean = folder / f"{state}.index"
        ingest_job(clean, encoder()).run(discover([documents[state]]))
        contents[state] = content_of(clean)
    assert content_of(template) == contents["old"]
    return Corpus(documents["old"], documents["new"], template, contents)


def content_of(root: Path) -> Content:
    """Digests of the files of the current generation, except the report of the run; everything is verified."""
    generation = open_current(root, encoder().identity)
    try:
        verify_generation(root, generation.id)
        rows = {row.name: row.sha256 for row in generation.manifest.files if row.name != "report.json"}
        assert len(generation) == generation.manifest.counts.chunks > 0
        assert {row.path for row in generation.manifest.sources} == {d.name for d in generation.documents}
        return rows
    finally:
        generation.close()


def litter(root: Path) -> list[str]:
    """Leftover files that should not exist after a run."""
    layout = IndexLayout(root)
    left = [str(path) for folder in (layout.work, layout.trash) for path in folder.iterdir()]
    named = {row.sha256 for row in _named(root)}
    left += [str(path) for path in layout.sources.iterdir() if path.name not in named]
    known = {"CURRENT", "writer.lock", "gen", "sources", "tmp", "trash"}
    left += [str(path) for path in root.iterdir() if path.name not in known]
    return left


def _named(root: Path) -> list[FileRow]:
    layout = IndexLayout(root)
    return [
        row
        for folder in layout.generations.iterdir()
        for row in Manifest.from_bytes((folder / MANIFEST).read_bytes(), folder.name).sources
    ]
