"""BM25 index: the formula, saving and loading, and no code on disk."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import Stemmer
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import IndexCorrupt
from rag.index import bm25
from rag.index.bm25 import Bm25Index, Terms
from tests.unit.conftest import quick_folder

TEXTS = [
    "The pump has a blue lid.",
    "The valve is red; the valves of older pumps are green.",
    "Water is stored in the tank.",
    "It is what it was.",
    "Red paint.",
]
QUESTIONS = ["Which valves are red?", "blue lids", "storing water", "pump valve tank", "paint paint red"]


def built(texts: Sequence[str]) -> Bm25Index:
    return Bm25Index.build(Terms.of(texts))


def found(index: Bm25Index, question: str) -> dict[int, float]:
    """Scores of the rows that share a word with the question."""
    scores = index.scores(question)
    assert scores.shape == (len(index),)
    assert scores.dtype == np.float32
    return {row: float(score) for row, score in enumerate(scores) if score}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    built(TEXTS).save(tmp_path / "lexical")
    return tmp_path / "lexical"


def test_scores_are_those_of_the_formula() -> None:
    """Lucene's variant: idf · tf / (tf + k1 · (1 - b + b · length / mean length)), k1 1.5, b 0.75."""
    texts = ["pump pump valve", "pump tank", "hose", "hose tank water valve"]
    index = built(texts)
    mean_length = (3 + 2 + 1 + 4) / 4

    def score(tf: int, length: int, frequency: int) -> float:
        idf = math.log(1 + (4 - frequency + 0.5) / (frequency + 0.5))
        return idf * tf / (tf + 1.5 * (1 - 0.75 + 0.75 * length / mean_length))

    expected = {0: score(2, 3, 2), 1: score(1, 2, 2)}
    assert found(index, "pumps") == pytest.approx(expected, rel=1e-5)
    both = {0: score(2, 3, 2) + score(1, 3, 2), 1: score(1, 2, 2), 3: score(1, 4, 2)}
    assert found(index, "pump valve") == pytest.approx(both, rel=1e-5)


def test_more_of_a_word_is_better() -> None:
    scores = built(["pump " * n + "tank " * (10 - n) for n in range(10)]).scores("pump")
    assert (np.diff(scores) > 0).all()
    assert scores[0] == 0


def test_equal_rows_have_equal_scores() -> None:
    assert len(set(built(["red pump"] * 30).scores("pump").tolist())) == 1


def test_stems() -> None:
    index = built(TEXTS)
    assert found(index, "pumping").keys() == {0, 1}
    assert found(index, "STORES").keys() == {2}


def test_only_rows_that_share_a_word() -> None:
    assert found(built(TEXTS), "red").keys() == {1, 4}


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("zebra", id="unknown word"),
        pytest.param("is it the", id="only stop words"),
        pytest.param("", id="empty"),
        pytest.param("?!", id="only marks"),
        pytest.param("∅", id="the word that stands for none"),
    ],
)
def test_nothing_is_found(question: str) -> None:
    assert found(built(TEXTS), question) == {}


def test_unknown_words_beside_known_ones_change_nothing() -> None:
    index = built(TEXTS)
    assert found(index, "zebra red unicorn") == found(index, "red")


@pytest.mark.parametrize("texts", [["It is in the."], ["", " ", "the"], ["?!"]])
def test_a_corpus_of_nothing_but_stop_words(texts: list[str], tmp_path: Path) -> None:
    built(texts).save(tmp_path / "lexical")
    index = Bm25Index.load(tmp_path / "lexical")
    assert len(index) == len(texts)
    assert found(index, "is it in the?") == {}
    assert found(index, "pump") == {}


class TestSaved:
    @pytest.mark.parametrize("question", QUESTIONS)
    def test_same_scores_as_before(self, saved: Path, question: str) -> None:
        before = found(built(TEXTS), question)
        assert before
        assert found(Bm25Index.load(saved), question) == before

    def test_same_length(self, saved: Path) -> None:
        assert len(Bm25Index.load(saved)) == len(built(TEXTS)) == 5

    def test_nothing_is_pickled(self, saved: Path) -> None:
        files = sorted(saved.iterdir())
        assert {path.suffix for path in files} == {".npy", ".json"}
        for path in files:
            if path.suffix == ".npy":
                assert np.load(path, allow_pickle=False).dtype.kind in "fi"
            else:
                assert isinstance(json.loads(path.read_bytes()), dict)

    @pytest.mark.parametrize("harm", ["truncate", "garbage", "delete"])
    @pytest.mark.parametrize(
        "name",
        [
            "params.index.json",
            "vocab.index.json",
            "data.csc.index.npy",
            "indptr.csc.index.npy",
            "terms.npy",
            "lengths.npy",
        ],
    )
    def test_damaged(self, saved: Path, name: str, harm: str) -> None:
        path = saved / name
        if harm == "delete":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:20] if harm == "truncate" else b"garbage" * 20)
        with pytest.raises(IndexCorrupt):
            Bm25Index.load(saved)


words = st.sampled_from(["pump", "pumps", "Valve", "the", "is", "tank", "zebra", "é", "∅", "42", "it's", "жук", "."])
texts_of_words = st.lists(st.lists(words, max_size=6).map(" ".join), max_size=8)


def same(one: Terms, other: Terms) -> None:
    assert one.vocabulary == other.vocabulary
    np.testing.assert_array_equal(one.ids, other.ids)
    np.testing.assert_array_equal(one.lengths, other.lengths)
    assert (one.ids.dtype, one.lengths.dtype) == (other.ids.dtype, other.lengths.dtype)


def in_words(terms: Terms) -> list[list[str]]:
    """The rows, spelled out."""
    ends = np.cumsum(terms.lengths)
    return [
        [terms.vocabulary[number] for number in terms.ids[end - length : end]]
        for end, length in zip(ends, terms.lengths, strict=True)
    ]


class TestTerms:
    def test_are_stems_without_stop_words(self) -> None:
        terms = Terms.of(["The pumps are pumping.", "", "It is."])
        assert in_words(terms) == [["pump", "pump"], ["∅"], ["∅"]]
        assert terms.vocabulary == ["pump", "∅"]

    @pytest.mark.parametrize(
        ("question", "row"),
        [
            pytest.param("员工有多少天年假？", 0, id="Chinese words without spaces"),
            pytest.param("住宿费450元", 1, id="Chinese number"),
            pytest.param("كم مدة الإجازة؟", 2, id="Arabic word without its article"),
            pytest.param("ลาพักร้อน", 3, id="Thai"),
        ],
    )
    def test_a_part_of_a_run_of_letters_is_found(self, question: str, row: int) -> None:
        texts = [
            "员工每年享有十二天带薪年假。",
            "住宿费每晚四百五十元。",
            "تمنح إجازة سنوية.",
            "พนักงานลาพักร้อนได้",
            "An English text.",
        ]
        assert next(found for found, _ in built(texts).search(question, 3)) == row

    def test_texts_may_come_one_by_one(self) -> None:
        same(Terms.of(iter(TEXTS * 3)), Terms.of(TEXTS * 3))

    @given(st.lists(st.text(alphabet="aZé_ 1'’-.ßİж∅\n", max_size=30), max_size=4))
    def test_words_are_those_of_bm25s(self, texts: list[str]) -> None:
        import bm25s

        stemmer = Stemmer.Stemmer("english")
        rows = bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, return_ids=False, show_progress=False)
        assert in_words(Terms.of(texts)) == [row or ["∅"] for row in rows]
        assert [bm25.stems_of(text) for text in texts] == rows

    @given(st.lists(texts_of_words, max_size=4))
    def test_joined_parts_are_the_terms_of_all(self, parts: list[list[str]]) -> None:
        joined = Terms.joined([*map(Terms.of, parts), Terms.of([])])
        same(joined, Terms.of([text for part in parts for text in part]))

    @settings(max_examples=30)
    @given(texts_of_words.filter(bool), st.data())
    def test_rows_of_joined_parts_in_any_order(self, texts: list[str], data: st.DataObject) -> None:
        """As a publication does it: what is known comes first, then what is new, then it is put in order."""
        order = data.draw(st.permutations(range(len(texts))))
        cut = data.draw(st.integers(0, len(texts)))
        parts = [[texts[place] for place in order[:cut]], [texts[place] for place in order[cut:]]]
        joined = Terms.joined([Terms.of(part) for part in parts])
        back = np.array([order.index(place) for place in range(len(texts))], dtype=np.int64)
        same(joined.rows(back), Terms.of(texts))

    @settings(max_examples=30)
    @given(texts_of_words.filter(bool), st.data())
    def test_some_rows(self, texts: list[str], data: st.DataObject) -> None:
        chosen = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=10))
        terms = Terms.of(texts).rows(np.array(chosen, dtype=np.int64))
        assert in_words(terms) == [in_words(Terms.of([texts[row]]))[0] for row in chosen]
        # What is left of the vocabulary goes when they are joined.
        same(Terms.joined([terms, Terms.of([])]), Terms.of([texts[row] for row in chosen]))

    @settings(max_examples=30)
    @given(texts_of_words.filter(bool), st.lists(words, min_size=1, max_size=3))
    def test_scores_are_those_of_a_fresh_index_of_bm25s(self, texts: list[str], asked: list[str]) -> None:
        import bm25s

        stemmer = Stemmer.Stemmer("english")
        rows = bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, return_ids=False, show_progress=False)
        fresh = bm25s.BM25()
        # bm25s cannot index an empty vocabulary; a word that nobody asks for stands in each empty row.
        fresh.index([row or ["∅"] for row in rows], show_progress=False)
        question = bm25s.tokenize(
            [" ".join(asked)], stopwords="en", stemmer=stemmer, return_ids=False, show_progress=False
        )[0]
        known = [word for word in question if word in fresh.vocab_dict]
        expected = fresh.get_scores(known) if known else np.zeros(len(texts))
        assert built(texts).scores(" ".join(asked)) == pytest.approx(expected, rel=1e-5)

    @settings(max_examples=20)
    @given(texts_of_words.filter(bool))
    def test_saved_and_loaded(self, texts: list[str]) -> None:
        """What is loaded can be taken apart and joined again, as the next run does it."""
        with quick_folder() as folder:
            built(texts).save(folder / "one")
            loaded = Bm25Index.load(folder / "one").terms
            assert in_words(loaded) == in_words(Terms.of(texts))
            rows = loaded.rows(np.arange(len(texts), dtype=np.int64))
            Bm25Index.build(Terms.joined([rows, Terms.of([])])).save(folder / "two")
            for path in (folder / "one").iterdir():
                assert path.read_bytes() == (folder / "two" / path.name).read_bytes(), path.name

    def test_equal_rows_are_equal_bytes(self, tmp_path: Path) -> None:
        """However they came together: other rows, other order, words that are gone."""
        built(TEXTS).save(tmp_path / "clean")
        before = Terms.of(["A zebra from before.", TEXTS[4], TEXTS[1], "Gone."])
        known = before.rows(np.array([2, 1], dtype=np.int64))
        joined = Terms.joined([known, Terms.of([TEXTS[3], TEXTS[0], TEXTS[2]])])
        Bm25Index.build(joined.rows(np.array([3, 0, 4, 2, 1], dtype=np.int64))).save(tmp_path / "other")
        for path in (tmp_path / "clean").iterdir():
            assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes(), path.name


class TestLanguages:
    """Rows in several languages: each is stemmed by its own rules, and questions by those of all."""

    ROWS = ("Die Mieter halten keine Hunde.", "The tenants keep no dogs.", "Der Hund bellt.")
    LANGUAGES = ("German", "English", "German")

    def index(self, folder: Path) -> Bm25Index:
        Bm25Index.build(Terms.of(self.ROWS, self.LANGUAGES)).save(folder)
        return Bm25Index.load(folder, set(self.LANGUAGES))

    @pytest.mark.parametrize(
        ("question", "rows"),
        [
            pytest.param("Sind Hunde erlaubt?", {0, 2}, id="German endings"),
            pytest.param("dogs", {1}, id="English"),
            pytest.param("die der keine", set(), id="German stop words"),
            pytest.param("tenant Mieterin", {0, 1}, id="both"),
        ],
    )
    def test_a_question_finds_the_rows_of_its_language(self, tmp_path: Path, question: str, rows: set[int]) -> None:
        assert set(found(self.index(tmp_path / "lexical"), question)) == rows

    def test_a_word_is_known_in_any_language(self, tmp_path: Path) -> None:
        index = self.index(tmp_path / "lexical")
        assert [index.knows(word) for word in ("Hündin", "Hunden", "dog", "cat")] == [False, True, True, False]

    def test_english_rows_are_as_without_languages(self) -> None:
        one, other = Terms.of(TEXTS), Terms.of(TEXTS, ["English"] * len(TEXTS))
        assert in_words(one) == in_words(other)
