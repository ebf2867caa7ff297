"""Workloads: Zipf's law, no passage twice, conversations, and the same draws for the same seed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.serving.schedule import Cell, cell, schedule
from benchmarks.serving.workloads import conversations, pool_of, skewed, unrepeated, zipf
from rag.evaluation.questions import LabelledQuestion

POOL = {f"{name}.pdf": [f"{name} {number}?" for number in range(6)] for name in "abcd"}
ALONE = [f"alone {number}?" for number in range(20)]


def labelled(question: str, *documents: str, answers: tuple[str, ...] = ("yes",)) -> LabelledQuestion:
    return LabelledQuestion(id=question, question=question, answers=answers, documents=documents)


class TestPool:
    def test_by_document(self) -> None:
        questions = [
            labelled("one", "b.pdf", "a.pdf"),
            labelled("two", "b.pdf"),
            labelled("one", "a.pdf"),
            labelled("not there", "a.pdf", answers=()),
            labelled("of nothing"),
        ]
        assert dict(pool_of(questions, 0)) == {"a.pdf": ["one"], "b.pdf": ["two"]}

    def test_chance_decides_which_document_is_first(self) -> None:
        questions = [labelled(name, name) for name in "abcde"]
        assert {next(iter(pool_of(questions, seed))) for seed in range(30)} == set("abcde")


class TestSkewed:
    def test_zipf(self) -> None:
        assert zipf(4).tolist() == pytest.approx([12 / 25, 6 / 25, 4 / 25, 3 / 25])

    def test_documents_follow_it(self) -> None:
        drawn = skewed(POOL, 5000, np.random.default_rng(0))
        of_document = Counter(question.split()[0] for (question,) in drawn)
        assert [of_document[name] / 5000 for name in "abcd"] == pytest.approx(zipf(4).tolist(), abs=0.03)
        assert len(set(drawn)) == 24


class TestUnrepeated:
    def test_the_greedy_one_is_left_out(self) -> None:
        """The first shares a passage with each of the others, so that without it there are two."""
        assert unrepeated({"both": {1, 2}, "left": {1}, "right": {2}, "nothing found": set()}) == ["left", "right"]

    @given(st.dictionaries(st.sampled_from("abcdefgh"), st.frozensets(st.integers(0, 9), max_size=4)))
    def test_no_passage_twice(self, passages: dict[str, frozenset[int]]) -> None:
        rows = [row for question in unrepeated(passages) for row in passages[question]]
        assert len(rows) == len(set(rows))
        # Nothing more fits.
        assert all(not found or not found.isdisjoint(rows) for found in passages.values())


class TestConversations:
    def test_each_on_one_document(self) -> None:
        for turns in conversations(POOL, 50, np.random.default_rng(1)):
            assert len(turns) in (5, 6)
            assert len(set(turns)) == len(turns)
            assert len({question.split()[0] for question in turns}) == 1

    def test_as_many_turns_as_there_are_questions(self) -> None:
        pool = {"a": ["1", "2"], "b": ["3"]}
        assert {frozenset(turns) for turns in conversations(pool, 9, np.random.default_rng(1))} == {frozenset("12")}


class TestSchedule:
    CELLS = (Cell("W1", 8), Cell("W2", 1), Cell("W3", 1))

    def test_sizes(self) -> None:
        plan = schedule(POOL, ALONE, self.CELLS, rounds=2, per_client=4, seed=3, warm_up=5)
        sizes = [(run.cell.workload, run.round, len(run.conversations)) for run in plan.runs]
        assert sizes == [("W1", 0, 32), ("W2", 0, 12), ("W3", 0, 2), ("W1", 1, 32), ("W2", 1, 12), ("W3", 1, 2)]
        assert len(plan.warm_up) == 5
        assert plan.fresh_warm_up == [("alone 0?",)]

    def test_the_warm_up_of_w2_is_not_asked_again(self) -> None:
        plan = schedule(POOL, ALONE, [Cell("W2", 8)], rounds=3, per_client=9, seed=3)
        for run in plan.runs:
            assert sorted(run.conversations) == sorted((question,) for question in ALONE[1:])
            assert not any(flag for turns in run.repeated for flag in turns)

    def test_what_was_put_before_is_told(self) -> None:
        plan = schedule({"a": ["only?"]}, [], [Cell("W1", 1)], rounds=1, per_client=1, seed=0, warm_up=0)
        assert [flag for turns in plan.runs[0].repeated for flag in turns] == [False, *[True] * 11]
        assert plan.repeats == pytest.approx(11 / 12)

    def test_repeatable(self) -> None:
        one, other = (schedule(POOL, ALONE, self.CELLS, rounds=2, per_client=4, seed=7) for _ in range(2))
        assert one == other

    @pytest.mark.parametrize("text", ["W4:1", "W1", "W1:0", "W1:many"])
    def test_no_cell(self, text: str) -> None:
        with pytest.raises(ValueError, match="W1:8"):
            cell(text)

    def test_a_cell(self) -> None:
        assert str(cell("W3:8")) == "W3:8"
