"""Docstore: texts, offsets, boxes, headings and rows are read back as they were written."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.domain.stored import DocumentRecord, PageRecord, pack_words
from rag.domain.values import Box, Chunk, Document, Heading, Page, Span, Word
from rag.errors import DocumentUnknown, IndexCorrupt
from rag.index.docstore.docstore import Docstore
from rag.index.docstore.writing import Entry, Staging, write_docstore
from tests.unit.conftest import files_of_at_most, quick_folder

Given = tuple[Document, list[Page], list[Chunk]]
TEXT = "Größe 😀 漢字.\n\n𝔘nd ein Ende\u0301."


def document(name: str, pages: int = 1, *more: str) -> Document:
    return Document(hashlib.sha256(name.encode()).hexdigest(), (name, *more), f"Title of {name}", pages, 12_345)


def chunk_of(page: Page, start: int, end: int, *headings: str) -> Chunk:
    return Chunk(Span(page.number, start, end), page.text[start:end], headings)


def staged(path: Path, *entries: Given) -> Path:
    staging = Staging(path)
    for document_, pages, chunks in entries:
        records = [PageRecord.of(page) for page in pages]
        record = DocumentRecord(document_.title, records, chunks, document_.author, document_.created)
        staging.add(document_.id, document_.size, record)
    staging.finish()
    return path


def write(folder: Path, *entries: Given) -> Path:
    path = folder / "docstore.sqlite"
    listed = [Entry(document_.id, document_.names, fresh=True) for document_, _, _ in entries]
    write_docstore(path, listed, staging=staged(folder / "staging.sqlite", *entries), before=None)
    (folder / "staging.sqlite").unlink()
    return path


def stored(folder: Path, *entries: Given) -> Docstore:
    return Docstore(write(folder, *entries))


def without_the_new_columns(path: Path) -> Path:
    """Makes a docstore that has the columns of version 0.2 alone."""
    with closing(sqlite3.connect(path)) as database, database:
        for table, column in (
            ("document", "author"),
            ("document", "created"),
            ("document", "language"),
            ("page", "label"),
            ("chunk", "lead_in"),
        ):
            database.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    return path


def chunks_of(store: Docstore, document_id: str) -> list[Chunk]:
    return [passage.chunk for passage in store.passages(store.rows_of(document_id))]


def entry(name: str = "a.pdf") -> Given:
    words = [Word(0, 5, Box(72.0, 700.25, 100.5, 712.0)), Word(6, 7, Box(104.123456, 700.0, 110.987654, 712.0))]
    pages = [
        Page(1, TEXT, 595.2755737304688, 841.8897705078125, words=words, headings=[Heading(0, 5, 1), Heading(6, 7, 3)]),
        Page(2, "", 612.0, 792.0, label="iv"),
        Page(3, "The end.", 841.8897705078125, 595.2755737304688, label="1"),
    ]
    chunks = [chunk_of(pages[0], 0, 11, "Größe", "漢"), chunk_of(pages[0], 13, len(TEXT)), chunk_of(pages[2], 0, 8)]
    return document(name, 3), pages, chunks


def led_in(entry_: Given) -> Given:
    document_, pages, chunks = entry_
    return document_, pages, [*chunks[:-1], replace(chunks[-1], lead_in="Größe, größer:")]


def test_documents(tmp_path: Path) -> None:
    two = (document("z.pdf", 3, "copy of z.pdf", "ünter/z.pdf"), *entry()[1:])
    store = stored(tmp_path, two, entry("b.pdf"), entry("a.pdf"))
    assert list(store.documents) == [document("a.pdf", 3), document("b.pdf", 3), two[0]]
    assert store.document(two[0].id) == two[0]


def test_pages(tmp_path: Path) -> None:
    document_, pages, chunks = entry()
    store = stored(tmp_path, (document_, pages, chunks))
    for page in pages:
        held = store.page(document_.id, page.number)
        assert (held.number, held.text, held.width, held.height) == (page.number, page.text, page.width, page.height)
        assert held.label == page.label
        assert list(held.headings) == list(page.headings)
        assert [(word.start, word.end) for word in held.words] == [(word.start, word.end) for word in page.words]
        for word, expected in zip(held.words, page.words, strict=True):
            assert word.box == pytest.approx(expected.box, abs=0.0051)


def test_properties(tmp_path: Path) -> None:
    named = replace(document("a.pdf", 3), author="Ünal Ö. & Søn", created="2024-05-31")
    dated = replace(document("b.pdf", 3), created="1999-12-31")
    store = stored(tmp_path, (named, *entry()[1:]), (dated, *entry()[1:]), entry("c.pdf"))
    assert list(store.documents) == [named, dated, document("c.pdf", 3)]
    assert (store.document(document("c.pdf").id).author, store.document(document("c.pdf").id).created) == (None, None)


def test_the_language_of_a_document_is_that_of_most_pages(tmp_path: Path) -> None:
    texts = [
        "Die Hunde sind nicht erlaubt.",
        "Der Hund ist mit der Leine zu führen.",
        "Dogs are not allowed in the hall.",
    ]
    pages = [Page(number, text, 1.0, 1.0) for number, text in enumerate(texts, 1)]
    store = stored(tmp_path, (document("a.pdf", 3), pages, [chunk_of(pages[0], 0, 3)]), entry("b.pdf"))
    assert [each.language for each in store.documents] == ["German", None]


@pytest.mark.parametrize(
    ("label", "numbers"),
    [("iv", [2, 4]), ("IV", [2, 4]), (" iv ", [2, 4]), ("1", [5]), ("ÄNDERUNG-1", [3]), ("2", []), ("", []), ("v", [])],
)
def test_pages_labelled(tmp_path: Path, label: str, numbers: list[int]) -> None:
    pages = [Page(n, "x", 1.0, 1.0, label=held) for n, held in enumerate([None, "iv", "Änderung-1", "IV", "1"], 1)]
    store = stored(tmp_path, (document("a.pdf", 5), pages, [chunk_of(pages[0], 0, 1)]), entry("b.pdf"))
    assert store.pages_labelled(document("a.pdf").id, label) == numbers


class TestBefore03:
    """Docstores without columns for labels, authors, dates, languages and lead-ins."""

    def test_is_read(self, tmp_path: Path) -> None:
        document_, pages, chunks = entry()
        named = replace(document_, author="An Author", created="2024-05-31")
        store = Docstore(without_the_new_columns(write(tmp_path, (named, pages, chunks))))
        assert list(store.documents) == [document_]
        held = [store.page(document_.id, page.number) for page in pages]
        assert [(page.text, page.label) for page in held] == [(page.text, None) for page in pages]
        assert chunks_of(store, document_.id) == chunks
        assert store.pages_labelled(document_.id, "iv") == []

    def test_is_copied(self, tmp_path: Path) -> None:
        old, new = entry("b.pdf"), (replace(document("a.pdf", 3), author="An Author"), *led_in(entry("a.pdf"))[1:])
        (tmp_path / "before").mkdir()
        before = without_the_new_columns(write(tmp_path / "before", old))
        staging = staged(tmp_path / "staging.sqlite", new)
        listed = [Entry(given_[0].id, given_[0].names, fresh=given_ is new) for given_ in (new, old)]
        write_docstore(tmp_path / "docstore.sqlite", listed, staging=staging, before=before)
        store = Docstore(tmp_path / "docstore.sqlite")
        assert list(store.documents) == [new[0], old[0]]
        assert [store.page(new[0].id, number).label for number in (1, 2, 3)] == [None, "iv", "1"]
        assert [store.page(old[0].id, number).label for number in (1, 2, 3)] == [None, None, None]
        assert store.page(old[0].id, 1).text == TEXT
        assert chunks_of(store, old[0].id) == old[2]
        assert chunks_of(store, new[0].id) == new[2]


def test_lead_ins(tmp_path: Path) -> None:
    document_, pages, chunks = led_in(entry())
    store = stored(tmp_path, (document_, pages, chunks))
    assert [chunk.lead_in for chunk in chunks_of(store, document_.id)] == ["", "", "Größe, größer:"]


def test_chunks_are_cut_by_code_points(tmp_path: Path) -> None:
    document_, pages, chunks = entry()
    store = stored(tmp_path, (document_, pages, chunks))
    assert chunks_of(store, document_.id) == chunks
    assert chunks_of(store, document_.id)[1].text == "𝔘nd ein Ende\u0301."


def test_rows_are_in_the_order_given(tmp_path: Path) -> None:
    """Not by name: the vectors are in this order too."""
    entries = [entry("c.pdf"), entry("a.pdf"), (document("none.pdf"), [Page(1, "", 1.0, 1.0)], []), entry("b.pdf")]
    store = stored(tmp_path, *entries)
    assert len(store) == 9
    passages = store.passages(range(9))
    assert [passage.row for passage in passages] == list(range(9))
    assert [passage.document.name for passage in passages] == ["c.pdf"] * 3 + ["a.pdf"] * 3 + ["b.pdf"] * 3
    ids = {name: document(name).id for name in ("a.pdf", "b.pdf", "c.pdf", "none.pdf")}
    assert store.rows_of(ids["c.pdf"]) == range(3)
    assert store.rows_of(ids["a.pdf"]) == range(3, 6)
    assert store.rows_of(ids["b.pdf"]) == range(6, 9)
    assert chunks_of(store, ids["none.pdf"]) == []


def test_passages_are_in_the_order_asked(tmp_path: Path) -> None:
    store = stored(tmp_path, entry("a.pdf"), entry("b.pdf"))
    assert [passage.row for passage in store.passages([5, 0, 3, 0])] == [5, 0, 3, 0]
    assert store.passages([]) == []


@pytest.mark.parametrize(
    ("pages", "rows"), [((1, 1), [3, 4]), ((1, 3), [3, 4, 5]), ((2, 2), []), ((3, 9), [5]), ((-4, 0), []), ((3, 1), [])]
)
def test_passages_on_pages(tmp_path: Path, pages: tuple[int, int], rows: list[int]) -> None:
    store = stored(tmp_path, entry("a.pdf"), entry("b.pdf"), entry("c.pdf"))
    found = store.passages_on(document("b.pdf").id, *pages)
    assert [passage.row for passage in found] == rows
    assert found == store.passages(rows)


@pytest.mark.parametrize(
    ("row", "before", "after", "rows"),
    [
        pytest.param(4, 0, 0, [4], id="alone"),
        pytest.param(4, 1, 1, [3, 4, 5], id="both sides"),
        pytest.param(3, 2, 1, [3, 4], id="not of the document before"),
        pytest.param(5, 1, 9, [4, 5], id="not of the document after"),
        pytest.param(0, 5, 5, [0, 1, 2], id="first document"),
        pytest.param(8, 1, 5, [7, 8], id="last document"),
    ],
)
def test_neighbours(tmp_path: Path, row: int, before: int, after: int, rows: list[int]) -> None:
    empty: Given = document("none.pdf"), [Page(1, "", 1.0, 1.0)], []
    store = stored(tmp_path, entry("a.pdf"), empty, entry("b.pdf"), entry("c.pdf"))
    found = store.neighbours(row, before, after)
    assert [passage.row for passage in found] == rows
    assert found == store.passages(rows)


def test_unknown(tmp_path: Path) -> None:
    store = stored(tmp_path, entry())
    known = document("a.pdf").id
    with pytest.raises(DocumentUnknown, match="gone"):
        store.document("gone")
    with pytest.raises(DocumentUnknown, match="gone"):
        store.page("gone", 1)
    with pytest.raises(DocumentUnknown, match="gone"):
        store.passages_on("gone", 1, 2)
    with pytest.raises(DocumentUnknown, match="gone"):
        store.pages_labelled("gone", "1")
    for number in (0, 4, -1):
        with pytest.raises(DocumentUnknown, match=f"a.pdf has pages 1 to 3, not {number}"):
            store.page(known, number)


@pytest.mark.parametrize("data", [b"", b"garbage" * 1000, b"SQLite format 3\0" + b"\0" * 4080])
def test_no_docstore(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "docstore.sqlite").write_bytes(data)
    with pytest.raises(IndexCorrupt, match=r"docstore\.sqlite"):
        Docstore(tmp_path / "docstore.sqlite")


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            f"DROP TABLE document; CREATE VIEW document AS {ENDLESS} x AS id, '' AS names, '' AS title, 1 AS size, "
            "1 AS pages, 1 AS chunks, x AS first_row FROM n",
            id="a view that never ends",
        ),
        pytest.param("ALTER TABLE page ADD COLUMN more AS (hex(zeroblob(400000000)))", id="a column that is computed"),
        pytest.param("CREATE TABLE more (x)", id="a further table"),
        pytest.param("ALTER TABLE chunk RENAME COLUMN start TO begin", id="another column"),
        pytest.param("UPDATE document SET id = 'x'", id="no id"),
        pytest.param("UPDATE document SET id = '../../../etc/passwd'", id="an id that leads out of the folder"),
        pytest.param("UPDATE document SET names = '[]'", id="no name"),
        pytest.param("UPDATE document SET names = '[\"\\ud800\"]'", id="a name that is no Unicode"),
        pytest.param("UPDATE document SET names = '5'", id="names that are a number"),
        pytest.param("UPDATE document SET pages = 4", id="more pages than there are"),
        pytest.param("UPDATE document SET chunks = 9223372036854775807", id="more passages than there are"),
        pytest.param("UPDATE document SET first_row = 'a'", id="a row that is a text"),
        pytest.param("UPDATE document SET size = -1", id="a negative size"),
        pytest.param("DELETE FROM chunk WHERE position = 1", id="a passage is missing"),
        pytest.param("UPDATE chunk SET page = 1.5 WHERE position = 1", id="a passage on half a page"),
        pytest.param("DELETE FROM page WHERE number = 3", id="a page is missing"),
    ],
)
def test_a_file_that_is_not_as_written_is_not_opened(tmp_path: Path, change: str) -> None:
    path = write(tmp_path, entry())
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(change)
    with pytest.raises(IndexCorrupt, match=r"^docstore\.sqlite cannot be read: .*make the index anew"):
        Docstore(path)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"text": None}, id="no text"),
        pytest.param({"text": b"\xff"}, id="text that is bytes"),
        pytest.param({"width": float("inf")}, id="endless width"),
        pytest.param({"height": -1.0}, id="negative height"),
        pytest.param({"words": b""}, id="no words"),
        pytest.param({"words": pack_words([Word(0, 500, Box(0, 0, 1, 1))])}, id="a word beyond the text"),
        pytest.param({"words": pack_words([Word(0, 1, Box(0, 0, float("nan"), 1))])}, id="a box that is nowhere"),
        pytest.param({"words": zlib.compress(bytes(50_000_000))}, id="a bomb"),
        pytest.param({"headings": "{"}, id="headings that are no JSON"),
        pytest.param({"headings": "[" * 100_000}, id="headings too deep"),
        pytest.param({"headings": "[[0, 1]]"}, id="half a heading"),
        pytest.param({"headings": "[[0, 999, 1]]"}, id="a heading beyond the text"),
    ],
)
def test_a_page_that_is_not_as_written_is_not_returned(tmp_path: Path, change: dict[str, object]) -> None:
    path = write(tmp_path, entry())
    ((column, value),) = change.items()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE looser AS SELECT * FROM page")  # which takes any value
        database.execute(f"UPDATE looser SET {column} = ? WHERE number = 1", (value,))  # noqa: S608
        database.execute("DROP TABLE page")
        database.execute("ALTER TABLE looser RENAME TO page")
    with closing(Docstore(path)) as store, pytest.raises(IndexCorrupt, match="make the index anew"):
        store.page(document("a.pdf").id, 1)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(IndexCorrupt):
        Docstore(tmp_path / "docstore.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_a_path_with_special_characters(tmp_path: Path) -> None:
    folder = tmp_path / "50% of?mode=rw#ü"
    folder.mkdir()
    assert len(stored(folder, entry())) == 3


def test_it_is_read_only(tmp_path: Path) -> None:
    path = write(tmp_path, entry())
    before = path.read_bytes()
    store = Docstore(path)
    store.passages([0, 1, 2])
    store.close()
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["docstore.sqlite"]


points = st.floats(0, 2000, width=32)
boxes = st.builds(Box, points, points, points, points)
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)


@settings(max_examples=30)
@given(st.lists(st.tuples(texts, st.lists(boxes, max_size=4)), min_size=1, max_size=4), st.data())
def test_round_trip(content: list[tuple[str, list[Box]]], data: st.DataObject) -> None:
    pages, chunks = [], []
    for number, (text, found) in enumerate(content, start=1):
        offsets = [tuple(sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))) for _ in found]
        words = tuple(Word(start, end, box) for (start, end), box in zip(offsets, found, strict=True))
        pages.append(Page(number, text, 595.0, 842.0, words=words))
        chunks += [chunk_of(pages[-1], start, end, text) for start, end in offsets]
    with quick_folder() as folder:
        store = stored(folder, (document("a.pdf", len(pages)), pages, chunks))
        for page in pages:
            held = store.page(document("a.pdf").id, page.number)
            assert held.text == page.text
            for word, expected in zip(held.words, page.words, strict=True):
                assert (word.start, word.end) == (expected.start, expected.end)
                assert word.box == pytest.approx(expected.box, abs=0.0051)
        assert chunks_of(store, document("a.pdf").id) == chunks
        store.close()


class TestMerge:
    """A docstore is made of staged documents and those of the docstore before."""

    def test_is_the_same_bytes_as_written_at_once(self, tmp_path: Path) -> None:
        old, new = [entry("b.pdf"), entry("d.pdf")], [entry("a.pdf"), entry("c.pdf")]
        for name in ("before", "clean"):
            (tmp_path / name).mkdir()
        before = write(tmp_path / "before", *old)
        order = [new[0], old[0], new[1], old[1]]
        clean = write(tmp_path / "clean", *order)
        listed = [Entry(given_[0].id, given_[0].names, fresh=given_ in new) for given_ in order]
        staging = staged(tmp_path / "staging.sqlite", *new)
        untouched = before.read_bytes(), staging.read_bytes()
        write_docstore(tmp_path / "docstore.sqlite", listed, staging=staging, before=before)
        assert (tmp_path / "docstore.sqlite").read_bytes() == clean.read_bytes()
        assert (before.read_bytes(), staging.read_bytes()) == untouched

    def test_all_from_before(self, tmp_path: Path) -> None:
        (tmp_path / "before").mkdir()
        before = write(tmp_path / "before", entry("a.pdf"), entry("b.pdf"))
        kept = document("b.pdf")
        listed = [Entry(kept.id, ("new name.pdf", "b.pdf"), fresh=False)]
        write_docstore(tmp_path / "docstore.sqlite", listed, staging=staged(tmp_path / "staging.sqlite"), before=before)
        store = Docstore(tmp_path / "docstore.sqlite")
        (held,) = store.documents
        assert (held.id, held.names, held.pages) == (kept.id, ("new name.pdf", "b.pdf"), 3)
        assert store.rows_of(kept.id) == range(3)
        assert chunks_of(store, kept.id) == entry("b.pdf")[2]
        with pytest.raises(DocumentUnknown):
            store.document(document("a.pdf").id)

    def test_the_title_of_a_document_without_one_is_its_name(self, tmp_path: Path) -> None:
        staging = Staging(tmp_path / "staging.sqlite")
        staging.add("0" * 64, 5, DocumentRecord(None, [PageRecord.of(Page(1, "Text.", 1.0, 1.0))], []))
        staging.finish()
        for name, title in (("in/the_report.v2.pdf", "the report.v2"), ("b.pdf", "b")):
            path = tmp_path / f"{title}.sqlite"
            write_docstore(path, [Entry("0" * 64, (name,), fresh=True)], staging=staging.path, before=None)
            assert Docstore(path).document("0" * 64).title == title

    def test_the_staged_chunks_can_be_read_while_more_is_staged(self, tmp_path: Path) -> None:
        staging = Staging(tmp_path / "staging.sqlite")
        for name in ("a.pdf", "b.pdf"):
            document_, pages, chunks = entry(name)
            staging.add(document_.id, 1, DocumentRecord(None, [PageRecord.of(page) for page in pages], chunks))
            assert staging.chunks(document_.id) == chunks
        assert staging.chunks("gone") == []
        staging.finish()

    @settings(max_examples=15)
    @given(st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), unique_by=lambda item: item[0], min_size=1))
    def test_any_mixture(self, order: list[tuple[str, bool]]) -> None:
        with quick_folder() as folder:
            for name in ("before", "clean"):
                (folder / name).mkdir()
            before = write(folder / "before", *(entry(f"{name}.pdf") for name in "fedcba"))
            clean = write(folder / "clean", *(entry(f"{name}.pdf") for name, _ in order))
            staging = staged(folder / "staging.sqlite", *(entry(f"{name}.pdf") for name, fresh in order if fresh))
            listed = [Entry(document(f"{name}.pdf").id, (f"{name}.pdf",), fresh) for name, fresh in order]
            write_docstore(folder / "docstore.sqlite", listed, staging=staging, before=before)
            assert (folder / "docstore.sqlite").read_bytes() == clean.read_bytes()


class TestWriteErrors:
    """SQLite's operational errors are the disk's, and become OSError."""

    def test_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match=r"staging\.sqlite"):
            Staging(tmp_path / "gone" / "staging.sqlite")
        with pytest.raises(OSError, match=r"docstore\.sqlite"):
            write_docstore(
                tmp_path / "gone" / "docstore.sqlite", [], staging=staged(tmp_path / "staging.sqlite"), before=None
            )

    def test_a_full_disk(self, tmp_path: Path) -> None:
        staging = staged(tmp_path / "staging.sqlite", entry())
        listed = [Entry(document("a.pdf").id, ("a.pdf",), fresh=True)]
        with (
            files_of_at_most(8192),
            pytest.raises(OSError, match=r"docstore\.sqlite: .*full|docstore\.sqlite: disk I/O"),
        ):
            write_docstore(tmp_path / "docstore.sqlite", listed, staging=staging, before=None)

    def test_a_full_disk_while_staging(self, tmp_path: Path) -> None:
        def fill() -> None:
            staging = Staging(tmp_path / "staging.sqlite")
            for number in range(2000):
                page = PageRecord.of(Page(1, "A text. " * 1000, 1.0, 1.0))
                staging.add(str(number), 5, DocumentRecord(None, [page], []))
            staging.finish()

        with files_of_at_most(100_000), pytest.raises(OSError, match=r"staging\.sqlite"):
            fill()
