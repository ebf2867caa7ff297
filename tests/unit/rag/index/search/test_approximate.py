"""Approximate vector search: exact scores, the promised recall or the next better setting, the same bytes again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexCorrupt
from rag.index.search.approximate import TIERS, ApproximateSearch, Promise, Tier
from rag.index.search.row_ranges import RowRanges
from rag.index.vectors import VectorIndex
from rag.models.embedding.interfaces import FloatMatrix
from tests.unit.rag.index.test_vectors import ranges_of

SCAN = ApproximateSearch(rescored=1_000)
CELLS = ApproximateSearch(cells=8, probes=8, rescored=800)
ROWS = 2_000


def directions(rows: int, seed: int, dimension: int = 64) -> FloatMatrix:
    """Vectors of length 1 that crowd in a few directions, as those of texts do."""
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(rows, dimension)) / np.sqrt(1 + np.arange(dimension))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def built(*settings: ApproximateSearch, rows: int = ROWS) -> VectorIndex:
    return VectorIndex.build(directions(rows, 0)).approximated((Tier(1_000, settings),))


def saved(index: VectorIndex, folder: Path) -> tuple[Path, Path]:
    paths = folder / "vectors.faiss", folder / "codes.faiss"
    with paths[0].open("wb") as vectors, paths[1].open("wb") as codes:
        index.write(vectors.write)
        index.write_codes(codes.write)
    return paths


def recall(index: VectorIndex, limit: int) -> float:
    """Beside an exhaustive search."""
    vectors, queries = directions(ROWS, 0), directions(50, 1)
    right = np.argsort(-(queries @ vectors.T), axis=1)[:, :limit]
    found = [[row for row, _ in index.search(query, limit)] for query in queries]
    return float(
        np.mean([len(set(some) & set(best.tolist())) / limit for some, best in zip(found, right, strict=True)])
    )


@pytest.mark.parametrize("setting", [pytest.param(SCAN, id="scan"), pytest.param(CELLS, id="cells")])
class TestSearch:
    def test_recall_is_as_written(self, setting: ApproximateSearch) -> None:
        index = built(setting)
        assert index.approximate_search is not None
        assert Promise().is_kept(index.approximate_search)
        assert recall(index, 10) >= 0.97
        assert recall(index, 50) >= 0.95

    def test_scores_are_cosines_best_first(self, setting: ApproximateSearch) -> None:
        vectors, query = directions(ROWS, 0), directions(1, 2)[0]
        found = built(setting).search(query, 20)
        assert len(found) == 20
        assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
        for row, score in found:
            assert score == pytest.approx(float(vectors[row] @ query), abs=1e-6)

    def test_among_few_rows_is_exact(self, setting: ApproximateSearch) -> None:
        vectors, query = directions(ROWS, 0), directions(1, 2)[0]
        among = np.arange(7, ROWS, 41, dtype=np.int64)
        right = among[np.argsort(-(vectors[among] @ query))[:10]]
        assert [row for row, _ in built(setting).search(query, 10, ranges_of(among.tolist()))] == right.tolist()

    def test_among_long_ranges_is_exact(self, setting: ApproximateSearch, tmp_path: Path) -> None:
        """Their vectors are read where they are mapped."""
        index = built(setting)
        assert index.approximate_search is not None
        mapped = VectorIndex.mapped(*saved(index, tmp_path), index.approximate_search)
        vectors, query = directions(ROWS, 0), directions(1, 2)[0]
        ranges = RowRanges.of([range(5, 60), range(900, 1_000)])
        among = ranges.rows()
        right = among[np.argsort(-(vectors[among] @ query))[:10]].tolist()
        assert [row for row, _ in mapped.search(query, 10, ranges)] == right

    def test_among_many_rows(self, setting: ApproximateSearch, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rag.index.vectors._FEW", 0)
        vectors, query = directions(ROWS, 0), directions(1, 2)[0]
        among = np.arange(0, ROWS, 2, dtype=np.int64)
        right = among[np.argsort(-(vectors[among] @ query))[:10]]
        found = [row for row, _ in built(setting).search(query, 10, ranges_of(among.tolist()))]
        assert set(found) <= set(among.tolist())
        assert len(set(found) & set(right.tolist())) >= 9

    def test_more_rows_than_are_rescored(self, setting: ApproximateSearch) -> None:
        assert len(built(setting).search(directions(1, 2)[0], 1_200)) == 1_200

    def test_mapped(self, setting: ApproximateSearch, tmp_path: Path) -> None:
        index = built(setting)
        assert index.approximate_search is not None
        again = VectorIndex.mapped(*saved(index, tmp_path), index.approximate_search)
        assert (len(again), again.dimension) == (ROWS, 64)
        for query in directions(10, 3):
            assert again.search(query, 20) == index.search(query, 20)

    def test_equal_vectors_are_equal_bytes(self, setting: ApproximateSearch, tmp_path: Path) -> None:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            saved(built(setting), tmp_path / name)
        assert (tmp_path / "one/codes.faiss").read_bytes() == (tmp_path / "two/codes.faiss").read_bytes()


class TestChoice:
    def test_small_indexes_are_exact(self) -> None:
        assert built(SCAN, rows=999).approximate_search is None
        assert VectorIndex.build(directions(5, 0)).approximated().approximate_search is None

    def test_a_setting_below_the_promise_is_not_used(self) -> None:
        poor = ApproximateSearch(rescored=50)
        assert built(poor).approximate_search is None
        assert built(poor, SCAN).approximate_search == built(SCAN).approximate_search

    def test_the_highest_tier_that_is_reached(self) -> None:
        tiers = (Tier(10, (SCAN,)), Tier(1_500, (CELLS,)), Tier(5_000, ()))
        chosen = VectorIndex.build(directions(ROWS, 0)).approximated(tiers).approximate_search
        assert chosen is not None
        assert chosen.cells == CELLS.cells

    def test_tiers_ascend_and_their_cells_have_rows_to_train_with(self) -> None:
        assert [tier.rows for tier in TIERS] == sorted(tier.rows for tier in TIERS)
        for tier in TIERS:
            assert all(40 * setting.cells <= tier.rows for setting in tier.settings)


class TestDamaged:
    @pytest.mark.parametrize("part", [0, 1], ids=["vectors", "codes"])
    @pytest.mark.parametrize("content", [b"", b"garbage" * 99], ids=["empty", "garbage"])
    def test_no_index(self, tmp_path: Path, part: int, content: bytes) -> None:
        paths = saved(built(SCAN), tmp_path)
        paths[part].write_bytes(content)
        with pytest.raises(IndexCorrupt):
            VectorIndex.mapped(*paths, SCAN)

    def test_codes_of_another_kind(self, tmp_path: Path) -> None:
        with pytest.raises(IndexCorrupt, match="type"):
            VectorIndex.mapped(*saved(built(SCAN), tmp_path), CELLS)

    def test_codes_of_other_rows(self, tmp_path: Path) -> None:
        _, codes = saved(built(SCAN), tmp_path)
        (tmp_path / "other").mkdir()
        vectors, _ = saved(built(SCAN, rows=1_500), tmp_path / "other")
        with pytest.raises(IndexCorrupt, match="same rows"):
            VectorIndex.mapped(vectors, codes, SCAN)
