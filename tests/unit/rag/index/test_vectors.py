"""Vector index: search equals brute force in numpy at any size, and only an exact index is opened."""

from __future__ import annotations

import gc

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import IndexCorrupt
from rag.index.search.row_ranges import RowRanges
from rag.index.vectors import VectorIndex
from rag.models.embedding.interfaces import FloatMatrix


def directions(rows: int, dimension: int, seed: int) -> FloatMatrix:
    vectors = np.random.default_rng(seed).normal(size=(rows, dimension))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def brute_force(vectors: FloatMatrix, query: FloatMatrix, limit: int, among: list[int]) -> list[tuple[int, float]]:
    cosines = vectors.astype(np.float64) @ query.astype(np.float64)
    return [(row, float(cosines[row])) for row in sorted(among, key=lambda row: -cosines[row])[:limit]]


def ranges_of(rows: list[int]) -> RowRanges:
    return RowRanges.of(range(row, row + 1) for row in rows)


def written(index: VectorIndex) -> bytes:
    pieces: list[bytes] = []
    index.write(pieces.append)
    return b"".join(pieces)


def serialised(index: faiss.Index) -> bytes:
    return bytes(faiss.serialize_index(index).tobytes())


sizes = st.integers(1, 70)
dimensions = st.sampled_from([1, 3, 8, 33])
seeds = st.integers(0, 10_000)


class TestSearch:
    @given(sizes, st.sampled_from([3, 8, 33]), seeds, st.integers(1, 80))
    def test_is_brute_force(self, rows: int, dimension: int, seed: int, limit: int) -> None:
        vectors, query = directions(rows, dimension, seed), directions(1, dimension, seed + 1)[0]
        found = VectorIndex.build(vectors).search(query, limit)
        expected = brute_force(vectors, query, limit, list(range(rows)))
        assert [row for row, _ in found] == [row for row, _ in expected]
        np.testing.assert_allclose([score for _, score in found], [score for _, score in expected], atol=1e-5)

    @given(st.integers(2, 70), seeds, st.data())
    def test_among_is_brute_force_over_these_rows(self, rows: int, seed: int, data: st.DataObject) -> None:
        vectors, query = directions(rows, 8, seed), directions(1, 8, seed + 1)[0]
        among = sorted(data.draw(st.sets(st.integers(0, rows - 1), min_size=1)))
        found = VectorIndex.build(vectors).search(query, 10, ranges_of(among))
        assert [row for row, _ in found] == [row for row, _ in brute_force(vectors, query, 10, among)]

    @given(st.lists(st.tuples(st.integers(0, 3), st.integers(8, 20)), min_size=1, max_size=5), seeds)
    def test_among_long_ranges(self, parts: list[tuple[int, int]], seed: int) -> None:
        """Vectors of long ranges are not copied."""
        ends = np.cumsum(parts).tolist()[1::2]
        among = RowRanges.of(range(end - length, end) for end, (_, length) in zip(ends, parts, strict=True))
        vectors, query = directions(ends[-1] + 3, 8, seed), directions(1, 8, seed + 1)[0]
        found = VectorIndex.build(vectors).search(query, 10, among)
        expected = brute_force(vectors, query, 10, among.rows().tolist())
        assert [row for row, _ in found] == [row for row, _ in expected]
        np.testing.assert_allclose([score for _, score in found], [score for _, score in expected], atol=1e-5)

    def test_of_equal_rows_the_lower_goes_first(self) -> None:
        index = VectorIndex.build(np.repeat(directions(1, 8, 0), 40, axis=0))
        among = RowRanges.of([range(2, 12), range(20, 32)])
        assert [row for row, _ in index.search(directions(1, 8, 1)[0], 12, among)] == [*range(2, 12), 20, 21]

    @given(sizes, dimensions, seeds)
    def test_a_row_finds_itself(self, rows: int, dimension: int, seed: int) -> None:
        vectors = directions(rows, dimension, seed)
        index = VectorIndex.build(vectors)
        for row in range(min(rows, 5)):
            found = dict(index.search(vectors[row], rows))
            assert found[row] == pytest.approx(1.0, abs=1e-6)
            assert found[row] == max(found.values())

    def test_more_than_there_are(self) -> None:
        vectors = directions(5, 4, 0)
        found = VectorIndex.build(vectors).search(vectors[0], 50)
        assert sorted(row for row, _ in found) == [0, 1, 2, 3, 4]

    def test_among_none(self) -> None:
        vectors = directions(5, 4, 0)
        assert VectorIndex.build(vectors).search(vectors[0], 3, RowRanges.of([])) == []

    @given(sizes, dimensions, seeds, st.data())
    def test_cosines_of_some_rows(self, rows: int, dimension: int, seed: int, data: st.DataObject) -> None:
        vectors, query = directions(rows, dimension, seed), directions(1, dimension, seed + 1)[0]
        chosen = np.array(data.draw(st.lists(st.integers(0, rows - 1), max_size=9)), dtype=np.int64)
        cosines = VectorIndex.build(vectors).cosines(query, chosen)
        np.testing.assert_allclose(cosines, vectors[chosen].astype(np.float64) @ query, atol=1e-6)
        assert cosines.shape == chosen.shape
        assert cosines.dtype == np.float32

    def test_size(self) -> None:
        index = VectorIndex.build(directions(7, 3, 0))
        assert (len(index), index.dimension) == (7, 3)


class TestBytes:
    @given(sizes, dimensions, seeds)
    def test_round_trip(self, rows: int, dimension: int, seed: int) -> None:
        vectors = directions(rows, dimension, seed)
        again = VectorIndex.from_bytes(written(VectorIndex.build(vectors)))
        np.testing.assert_array_equal(again.rows(range(rows)), vectors)

    def test_some_rows(self) -> None:
        vectors = directions(6, 4, 0)
        np.testing.assert_array_equal(VectorIndex.build(vectors).rows(range(2, 5)), vectors[2:5])

    def test_no_rows(self) -> None:
        assert VectorIndex.build(directions(6, 4, 0)).rows(range(3, 3)).shape == (0, 4)

    def test_outlives_what_it_was_made_from(self) -> None:
        """Arrays and bytes are copied, not borrowed: they may be freed and written over."""
        vectors = directions(300, 32, 3)
        wanted = vectors[123].copy()
        built = VectorIndex.build(vectors)
        data = bytearray(written(built))
        # Bytes that can be written over.
        read = VectorIndex.from_bytes(memoryview(data))  # type: ignore[arg-type]
        vectors[:] = 0.0
        data[:] = b"\xff" * len(data)
        del vectors, data
        gc.collect()
        for index in (built, read):
            assert dict(index.search(wanted, 1)) == pytest.approx({123: 1.0}, abs=1e-6)

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"IxFI", id="only the magic"),
            pytest.param(b"garbage " * 50, id="garbage"),
            pytest.param(b"IxFI" + b"\xff" * 200, id="magic, then garbage"),
            pytest.param(written(VectorIndex.build(directions(9, 8, 0)))[:-1], id="cut at the end"),
            pytest.param(written(VectorIndex.build(directions(9, 8, 0)))[:21], id="cut in the header"),
        ],
    )
    def test_garbage(self, data: bytes) -> None:
        with pytest.raises(IndexCorrupt):
            VectorIndex.from_bytes(data)

    @given(st.binary(max_size=300))
    def test_any_bytes(self, data: bytes) -> None:
        with pytest.raises(IndexCorrupt):
            VectorIndex.from_bytes(data)

    @pytest.mark.parametrize(
        "index",
        [
            pytest.param(faiss.IndexFlatL2(8), id="other metric"),
            pytest.param(faiss.IndexHNSWFlat(8, 4), id="not exact"),
            pytest.param(faiss.IndexIDMap(faiss.IndexFlatIP(8)), id="renumbered"),
        ],
    )
    def test_another_type(self, index: faiss.Index) -> None:
        with pytest.raises(IndexCorrupt, match="not IndexFlatIP"):
            VectorIndex.from_bytes(serialised(index))

    def test_are_those_of_faiss(self) -> None:
        index = faiss.IndexFlatIP(8)
        index.add(directions(9, 8, 0))
        assert written(VectorIndex.build(directions(9, 8, 0))) == serialised(index)

    @given(st.lists(st.integers(0, 20), max_size=5))
    def test_in_slabs_they_are_the_same(self, sizes: list[int]) -> None:
        vectors = directions(sum(sizes), 4, 1)
        index, start = VectorIndex.empty(4), 0
        for size in sizes:
            index.add(vectors[start : start + size])
            start += size
        assert written(index) == written(VectorIndex.build(vectors))

    def test_nothing_is_written_at_once(self) -> None:
        """A copy of the whole would double what the job needs."""
        sizes: list[int] = []
        VectorIndex.build(directions(50_000, 33, 0)).write(lambda data: sizes.append(len(data)))
        assert sum(sizes) > 50_000 * 33 * 4
        assert max(sizes) < sum(sizes) / 2

    @pytest.mark.parametrize("after", [0, 1, 3])
    def test_what_the_disk_refuses_is_raised(self, after: int) -> None:
        """faiss would go on, and say that all is well."""
        pieces: list[bytes] = []

        def write(data: bytes) -> None:
            if len(pieces) >= after:
                raise OSError(28, "No space left on device")
            pieces.append(data)

        with pytest.raises(OSError, match="No space left"):
            VectorIndex.build(directions(100, 8, 0)).write(write)
        assert len(pieces) == after
