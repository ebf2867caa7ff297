"""Two-stage retrieval: candidates and their signals, deduplication, reranking and its early exit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rag.retrieval.retriever as retrieval
from rag.domain.probability import log_odds
from rag.domain.values import Chunk, Document, Passage, Question, Span, Turn
from rag.errors import DocumentUnknown
from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.index.search.row_ranges import RowRanges
from rag.models.embedding.interfaces import FloatVector
from rag.retrieval.retriever import Candidates, Retriever, reranker_text, search_text
from rag.retrieval.scoring import FIRST_STAGE, HIGHEST_LOGIT, WITH_RERANKER, Signals, SignalWeights
from rag.testing import BagOfWordsEncoder, OverlapReranker
from tests.unit.conftest import publish, quick_folder

LIBRARY = {
    "pump.pdf": ["The pump has a blue lid.", "The pump weighs nine kilograms.", "Oil the pump each year."],
    "valve.pdf": ["The valve is red.", "The red valve closes the water of the pump."],
    "tank.pdf": ["The tank is filled with water."],
    "copy.pdf": ["THE  VALVE\nis red."],
}
TWINS = {
    "2022_Q3_INTC.pdf": ["Revenue was 15 dollars.", "Nothing else."],
    "2023_Q3_INTC.pdf": ["Revenue was 14 dollars.", "Nothing more."],
    "2023_Q3_AAPL.pdf": ["Revenue was 81 dollars.", "Nothing at all."],
}


@pytest.fixture
def generation(tmp_path: Path) -> Generation:
    publish(tmp_path, LIBRARY, BagOfWordsEncoder())
    return open_current(tmp_path, BagOfWordsEncoder().identity)


@pytest.fixture
def twins(tmp_path: Path) -> Generation:
    publish(tmp_path, TWINS, BagOfWordsEncoder())
    return open_current(tmp_path, BagOfWordsEncoder().identity)


def passage(text: str, row: int = 0, page: int = 1, name: str = "a.pdf", headings: tuple[str, ...] = ()) -> Passage:
    return Passage(row, Document(name, (name,), "A", 9, 1), Chunk(Span(page, 0, len(text)), text, headings))


def candidates(*passages: Passage, cosines: Sequence[float] | None = None) -> Candidates:
    """Ranked by cosine alone; in the order in which they are given by default."""
    some = cosines or np.linspace(1, 0, len(passages))
    nothing = np.zeros(len(passages), np.float32)
    signals = Signals(np.array(some, np.float32), nothing, nothing, nothing, nothing)
    return Candidates(passages, signals, SignalWeights(1.0, 0.0, 0.0, 0.0, 0.0))


def texts(found: Sequence[object]) -> list[str]:
    return [hit.passage.chunk.text for hit in found]  # type: ignore[attr-defined]


def names(found: Sequence[object]) -> set[str]:
    return {hit.passage.document.name for hit in found}  # type: ignore[attr-defined]


class FixedReranker:
    """Gives each text the logit of its ending, and records the texts."""

    def __init__(self, logits: dict[str, float], otherwise: float = -3.0) -> None:
        self._logits = logits
        self._otherwise = otherwise
        self.question = ""
        self.read: list[str] = []

    def logits(self, question: str, texts: Sequence[str]) -> FloatVector:
        self.question = question
        self.read += texts
        logits = [next((v for end, v in self._logits.items() if t.endswith(end)), self._otherwise) for t in texts]
        return np.array(logits, np.float32)


class TestCandidates:
    def test_best_first(self) -> None:
        some = candidates(passage("a"), passage("b"), passage("c"), cosines=[0.2, 0.9, 0.5])
        assert texts(list(some.best().hits())) == ["b", "c", "a"]
        assert [hit.score for hit in some.best().hits()] == pytest.approx([0.9, 0.5, 0.2])

    def test_ties_stay_as_they_are(self) -> None:
        some = candidates(*[passage(str(n)) for n in range(30)], cosines=[0.5] * 30)
        assert texts(list(some.best().hits())) == [str(n) for n in range(30)]

    def test_of_near_duplicates_the_best_is_kept(self) -> None:
        some = candidates(passage("The valve is red.", 4), passage("Other.", 5), passage("the  VALVE\nis red", 6))
        assert [hit.passage.row for hit in some.distinct(9).hits()] == [4, 5]

    def test_the_limit_counts_distinct_passages(self) -> None:
        some = candidates(*map(passage, ["Red.", "red", "RED", "Blue.", "Green.", "Grey."]))
        assert texts(list(some.distinct(3).hits())) == ["Red.", "Blue.", "Green."]
        assert len(some.distinct(0)) == 0

    def test_passages_beyond_the_limit_of_a_page_come_later(self) -> None:
        some = candidates(*[passage(str(n), page=page) for n, page in enumerate([1, 1, 1, 2, 1, 3, 2, 2])])
        assert texts(list(some.spread(2).hits())) == ["0", "1", "3", "5", "6", "2", "7", "4"]
        assert texts(list(some.spread(1).hits())) == ["0", "3", "5", "1", "6", "2", "7", "4"]

    def test_no_passage_about_something_else_comes_before_them(self) -> None:
        some = candidates(*[passage(str(n), page=page) for n, page in enumerate([1, 1, 1, 2])], cosines=[9.0] * 3 + [0])
        assert texts(list(some.spread(1).hits())) == ["0", "1", "2", "3"]

    def test_the_same_page_of_another_document_is_another_page(self) -> None:
        some = candidates(passage("0"), passage("1"), passage("2", name="b.pdf"))
        assert texts(list(some.spread(1).hits())) == ["0", "2", "1"]

    def test_reranked(self) -> None:
        weights = SignalWeights(cosine=0.0, bm25=0.0, document=0.0, digit_share=0.0, reranker=0.5)
        some = candidates(passage("a"), passage("b"), passage("c"))
        hits = list(some.reranked(np.array([-2.0, 0.0, 99.0], np.float32), weights).best().hits())
        assert texts(hits) == ["c", "b", "a"]
        assert [hit.score for hit in hits] == pytest.approx([HIGHEST_LOGIT / 2, 0.0, -1.0])
        assert [hit.relevance for hit in hits] == pytest.approx([1.0, 0.5, 0.1192029], abs=1e-4)

    def test_not_reranked(self) -> None:
        assert all(hit.relevance is None for hit in candidates(passage("a")).hits())


class TestFirstStage:
    def test_the_best_passage_comes_first(self, generation: Generation) -> None:
        found = Retriever(BagOfWordsEncoder(), None).retrieve(generation, Question("How much does the pump weigh?"), 3)
        assert found[0].passage.chunk.text == "The pump weighs nine kilograms."
        assert found[0].relevance is None

    def test_signals(self, generation: Generation) -> None:
        question, encoder = "Is the red valve in tank.pdf?", BagOfWordsEncoder()
        some = Retriever(encoder, None).candidates_of(generation, Question(question), 10)
        rows = np.array([each.row for each in some.passages])
        bm25 = generation.bm25_scores(question)
        vector = encoder.encode([question])[0]
        expected = encoder.encode([each.chunk.text for each in some.passages]) @ vector
        assert some.signals.cosine == pytest.approx(expected, abs=1e-6)
        assert some.signals.bm25 == pytest.approx(bm25[rows] / bm25.max())
        assert some.signals.document == pytest.approx(generation.distinct_match(question).of_rows(rows))
        assert not some.signals.reranker.any()
        assert some.scores == pytest.approx(FIRST_STAGE.scores(some.signals))
        assert sorted(some.scores, reverse=True) == some.scores.tolist()

    def test_digit_share(self) -> None:
        assert retrieval._digit_share("In 2023: 45") == pytest.approx(6 / 11)
        assert retrieval._digit_share("") == 0.0

    def test_near_duplicates_are_found_once(self, generation: Generation) -> None:
        found = Retriever(BagOfWordsEncoder(), None).retrieve(generation, Question("Is the valve red?"), 10)
        assert len([text for text in texts(found) if text.casefold().split() == ["the", "valve", "is", "red."]]) == 1
        assert len(found) == 6

    @pytest.mark.parametrize("limit", [1, 2, 5, 50])
    def test_limit(self, generation: Generation, limit: int) -> None:
        for reranker in (None, OverlapReranker()):
            found = Retriever(BagOfWordsEncoder(), reranker).retrieve(generation, Question("pump valve water"), limit)
            assert len(found) == min(limit, 6)

    @pytest.mark.parametrize("documents", [("tank.pdf",), ("tank.pdf", "valve.pdf"), ("pump.pdf",)])
    def test_only_in_the_documents_asked_for(self, generation: Generation, documents: tuple[str, ...]) -> None:
        """The best answer is in another one."""
        question = Question("Which valve closes the water of the pump?", documents=documents)
        found = Retriever(BagOfWordsEncoder(), OverlapReranker()).retrieve(generation, question, 10)
        assert names(found) == set(documents)

    def test_the_best_of_the_documents_asked_for_has_all_of_bm25(self, generation: Generation) -> None:
        question = Question("the pump's water", documents=("tank.pdf",))
        some = Retriever(BagOfWordsEncoder(), None).candidates_of(generation, question, 5)
        assert some.signals.bm25.max() == 1.0

    def test_words_that_no_passage_has(self, generation: Generation) -> None:
        some = Retriever(BagOfWordsEncoder(), None).candidates_of(generation, Question("zebras?"), 5)
        assert len(some) == 5
        assert not some.signals.bm25.any()

    def test_withheld_rows_are_as_if_not_there(self, generation: Generation) -> None:
        question = Question("Which valve closes the water of the pump?")
        all_rows = Retriever(BagOfWordsEncoder(), None).candidates_of(generation, question, 9)
        best = all_rows.passages[0].row
        some = Retriever(BagOfWordsEncoder(), None, withheld=frozenset({best})).candidates_of(generation, question, 9)
        assert best not in {one.row for one in some.passages}
        assert some.signals.bm25.max() == 1.0

    def test_unknown_document(self, generation: Generation) -> None:
        with pytest.raises(DocumentUnknown, match=r"gone\.pdf") as caught:
            Retriever(BagOfWordsEncoder(), None).retrieve(generation, Question("pump", documents=("gone.pdf",)), 3)
        assert caught.value.field == "documents"

    def test_candidates_per_source_are_bounded(self, generation: Generation) -> None:
        found = Retriever(BagOfWordsEncoder(), None, candidates_per_source=1).retrieve(
            generation, Question("blue water"), 10
        )
        assert 1 <= len(found) <= 2

    def test_nothing_is_found(self, generation: Generation) -> None:
        reranker = FixedReranker({})
        assert (
            Retriever(BagOfWordsEncoder(), reranker, candidates_per_source=0).retrieve(generation, Question("pump"), 3)
            == []
        )
        assert reranker.read == []

    def test_the_previous_question_is_part_of_the_query(self, generation: Generation) -> None:
        history = (Turn("Is the lid blue?", "Yes."), Turn("What is with the tank?", "Water."))
        question = Question("And what is it filled with?", history=history)
        assert search_text(question) == "What is with the tank? And what is it filled with?"
        reranker = FixedReranker({})
        found = Retriever(BagOfWordsEncoder(), reranker).retrieve(generation, question, 1)
        assert reranker.question == search_text(question)
        assert names(found) == {"tank.pdf"}


class TestNamedDocuments:
    @pytest.mark.parametrize(
        ("question", "name"),
        [
            ("What was the revenue of INTC in Q3 2022?", "2022_Q3_INTC.pdf"),
            ("AAPL revenue in dollars", "2023_Q3_AAPL.pdf"),
            ("the latest revenue of INTC in dollars", "2023_Q3_INTC.pdf"),
        ],
    )
    def test_decides_between_similar_documents(self, twins: Generation, question: str, name: str) -> None:
        found = Retriever(BagOfWordsEncoder(), None).retrieve(twins, Question(question), 3)
        assert found[0].passage.document.name == name
        assert found[0].passage.chunk.text.startswith("Revenue")

    def test_match_by_row(self, twins: Generation) -> None:
        match = twins.document_match("INTC 2023").of_rows(np.arange(len(twins)))
        by_name = {twins.passages([row])[0].document.name: share for row, share in enumerate(match)}
        assert by_name["2023_Q3_INTC.pdf"] == 1.0
        assert 0 < by_name["2022_Q3_INTC.pdf"] < 1
        assert match.shape == (len(twins),)
        assert match.dtype == np.float32

    def test_its_passages_are_candidates_even_if_other_documents_fill_the_sources(self, twins: Generation) -> None:
        retriever = Retriever(BagOfWordsEncoder(), None, candidates_per_source=1)
        some = retriever.candidates_of(twins, Question("Nothing more of AAPL"), 10)
        assert {each.document.name for each in some.passages} >= {"2023_Q3_AAPL.pdf", "2023_Q3_INTC.pdf"}


def exhaustive_pool(generation: Generation, encoder: BagOfWordsEncoder, question: Question, limit: int) -> list[int]:
    """Rows of the candidates by a sort of the scores of all rows, as up to 0.2."""
    bm25 = generation.bm25_scores(question.text)
    document = generation.distinct_match(question.text).of_rows(np.arange(len(generation)))
    allowed = generation.rows_named(question.documents)
    allowed = np.arange(len(generation), dtype=np.int64) if allowed is None else allowed
    best_match = max(float(document[allowed].max(initial=0.0)), 1e-6)
    named = allowed[document[allowed] >= 0.9 * best_match]
    pool: set[int] = set()
    for scope in [allowed] if len(named) in (0, len(allowed)) else [allowed, named]:
        ranges = None if len(scope) == len(generation) else RowRanges.of(range(row, row + 1) for row in scope.tolist())
        pool |= {row for row, _ in generation.nearest(encoder.encode([question.text])[0], limit, ranges)}
        best = scope[np.argsort(-bm25[scope], kind="stable")[:limit]]
        pool |= set(best[bm25[best] > 0].tolist())
    return sorted(pool)


@pytest.fixture(scope="module")
def many() -> Iterator[Generation]:
    """Thirty documents of twenty passages of few words, so that many scores are nearly the same."""
    words = "pump valve tank hose lid oil water blue red nine year kilograms".split()
    generator = np.random.default_rng(0)
    library = {
        f"{year}_{words[n % 5]}_{n}.pdf": [
            " ".join(generator.choice(words, generator.integers(3, 9))) for _ in range(20)
        ]
        for n, year in enumerate(generator.integers(2018, 2024, 30).tolist())
    }
    with quick_folder() as folder:
        publish(folder, library, BagOfWordsEncoder())
        yield open_current(folder, BagOfWordsEncoder().identity)


class TestExhaustiveSearch:
    """Candidates and signals are those of a search that scores every row, bit for bit."""

    @pytest.mark.parametrize("limit", [1, 5, 50])
    @pytest.mark.parametrize("documents", [0, 3])
    @pytest.mark.parametrize(
        "text",
        ["blue water of the pump", "red red valve in 2020", "the tank of 2021, and its hose", "nine", "zebra", "is it"],
    )
    def test_is_the_same(self, many: Generation, text: str, documents: int, limit: int) -> None:
        encoder = BagOfWordsEncoder()
        question = Question(text, documents=tuple(one.name for one in many.documents[:documents]))
        retriever = Retriever(encoder, None, candidates_per_source=limit)
        some = retriever.candidates_of(many, question, 10_000)
        rows = np.array([one.row for one in some.passages], np.int64)
        pool = exhaustive_pool(many, encoder, question, limit)
        assert set(rows.tolist()) <= set(pool)
        texts_of_pool = {frozenset(Counter(one.chunk.text.split()).items()) for one in many.passages(pool)}
        assert texts_of_pool == {frozenset(Counter(one.chunk.text.split()).items()) for one in some.passages}
        allowed = many.rows_named(question.documents)
        bm25 = many.bm25_scores(text)
        best = float(bm25.max() if allowed is None else bm25[allowed].max()) or 1.0
        np.testing.assert_array_equal(some.signals.bm25, bm25[rows] / best)
        np.testing.assert_array_equal(some.signals.document, many.distinct_match(text).of_rows(rows))


class TestReranker:
    def test_its_logit_is_one_of_the_signals(self, generation: Generation) -> None:
        question, reranker = (
            Question("red valve of the pump"),
            FixedReranker({"Oil the pump each year.": 9.0, "valve is red.": 1.5}),
        )
        found = Retriever(BagOfWordsEncoder(), reranker).retrieve(generation, question, 6)
        relevance = {hit.passage.chunk.text: hit.relevance or 0 for hit in found}
        assert log_odds(relevance["Oil the pump each year."], nearest=1e-7) == pytest.approx(9.0, abs=1e-3)
        some = Retriever(BagOfWordsEncoder(), None).candidates_of(generation, question, 6)
        logits = {text: 9.0 if "Oil" in text else 1.5 if "valve is red" in text else -3.0 for text in texts(found)}
        given = np.array([logits[each.chunk.text] for each in some.passages], np.float32)
        expected = dict(
            zip(
                [p.row for p in some.passages], WITH_RERANKER.scores(replace(some.signals, reranker=given)), strict=True
            )
        )
        assert [h.score for h in found] == pytest.approx([expected[h.passage.row] for h in found], abs=1e-4)

    def test_reranks_only_the_candidates(self, generation: Generation) -> None:
        reranker = FixedReranker({})
        Retriever(BagOfWordsEncoder(), reranker, candidates=2).retrieve(generation, Question("pump"), 1)
        assert len(reranker.read) == 2
        reranker.read.clear()
        Retriever(BagOfWordsEncoder(), reranker, candidates=2).retrieve(generation, Question("pump"), 4)
        assert len(reranker.read) == 4

    def test_its_input_has_document_and_headings(self) -> None:
        some = passage("Oil it.", name="2023/pump_care-2.pdf", headings=("Care", "Filling"))
        named = replace(some, document=replace(some.document, title="The Bittern"))
        assert reranker_text(named) == "pump care 2 The Bittern\nCare > Filling\nOil it."
        titled = replace(some, document=replace(some.document, title="About pump care 2"))
        assert reranker_text(titled) == "pump care 2\nCare > Filling\nOil it."


class Logits:
    """Gives prepared logits one after the other, and counts them."""

    def __init__(self, logits: Sequence[float]) -> None:
        self._logits = logits
        self.read = 0

    def logits(self, question: str, texts: Sequence[str]) -> FloatVector:  # noqa: ARG002
        now = np.array(self._logits[self.read : self.read + len(texts)], np.float32)
        self.read += len(texts)
        return now


@st.composite
def rankings(draw: st.DrawFn) -> tuple[Candidates, list[float]]:
    """Candidates in the order of the first stage, with the logits that a reranker would give them."""
    count = draw(st.integers(1, 30))
    shares = st.floats(0, 1, width=16)
    columns = [draw(st.lists(shares, min_size=count, max_size=count)) for _ in range(4)]
    pages = draw(st.lists(st.integers(1, 6), min_size=count, max_size=count))
    logits = draw(
        st.lists(st.sampled_from([-11.0, -4.0, 0.0, 3.0, 8.0, 10.0, 11.5, 40.0]), min_size=count, max_size=count)
    )
    signals = Signals(*np.array([*columns, [0.0] * count], np.float32))
    passages = [passage(str(row), row, page) for row, page in enumerate(pages)]
    return Candidates(passages, signals, FIRST_STAGE).best(), logits


class TestEarlyExit:
    """Candidates that were not reranked could not have ranked among the first, whatever their logits."""

    @given(rankings(), st.integers(1, 12), st.integers(1, 3))
    def test_finds_the_same_as_reranking_all(
        self, ranking: tuple[Candidates, list[float]], limit: int, per_page: int
    ) -> None:
        some, logits = ranking
        early_exit, exhaustive = Logits(logits), Logits(logits)
        retriever = Retriever(BagOfWordsEncoder(), early_exit, per_page=per_page)
        found = retriever.rerank(Question("?"), some, limit).best().spread(per_page).first(limit)
        everything = replace(retriever, reranker=exhaustive).rerank(Question("?"), some).best()
        assert exhaustive.read == len(some)
        assert early_exit.read <= len(some)
        assert list(found.hits()) == list(everything.spread(per_page).first(limit).hits())

    def test_stops_when_no_other_candidate_can_rank_first(self) -> None:
        some = candidates(*[passage(str(n), page=n + 1) for n in range(24)], cosines=[9.0] + [0.0] * 23)
        reranker = Logits([HIGHEST_LOGIT] + [-5.0] * 23)
        retriever = Retriever(BagOfWordsEncoder(), reranker)
        assert texts(list(retriever.rerank(Question("?"), some, 1).best().hits()))[0] == "0"
        assert reranker.read == retrieval._BATCH

    def test_continues_while_a_passage_of_another_page_may_move_up(self) -> None:
        """Four passages of one page are ahead, but not by as much as the third of a page loses."""
        pages = [1, 1, 1, 1, *range(2, 20)]
        some = candidates(*[passage(str(n), page=page) for n, page in enumerate(pages)], cosines=[0.2] * 4 + [0.0] * 18)
        logits = [4.0] * 4 + [-9.0] * 17 + [5.0]
        reranker = Logits(logits)
        retriever = Retriever(BagOfWordsEncoder(), reranker)
        first = retriever.rerank(Question("?"), some, 3).best().spread(2).first(3)
        assert texts(list(first.hits())) == ["0", "1", "21"]
        assert reranker.read == len(pages)
