"""Features of drafts: which confidence model they are for, when an answer is right, and withheld documents."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks import collect_features, fitting
from benchmarks.collect_features import Observed, is_value_right, is_whole_right, observe_set
from benchmarks.journal import Journal
from rag.answering.confidence import Logistic
from rag.domain.probability import log_odds
from rag.domain.values import Question
from rag.evaluation.nuggets import Nugget
from rag.evaluation.questions import LabelledQuestion
from rag.testing import ScriptedModel
from tests.benchmarks.conftest import COVER, DRAFT, HOW_LONG, HOW_TO, LENIENT, OpenAnswerer

KEY = Nugget(vital=True, any=("red key",))
LID = Nugget(vital=True, any=("open the lid",))
HOW = LabelledQuestion(id="how", question=HOW_TO, answers=(), nuggets=(KEY, LID), document="a.pdf", pages=(1,))
LONG = "The cover lasts 24 months from the delivery of the pump, in all countries, if the bill is kept."


def labelled(**fields: object) -> LabelledQuestion:
    return LabelledQuestion.model_validate({"id": "1", "question": HOW_LONG, "answers": (), **fields})


class TestRight:
    @pytest.mark.parametrize(
        ("question", "text", "expected"),
        [
            pytest.param(HOW, "Use the red key.", True, id="half of the vital nuggets"),
            pytest.param(HOW, "Use a key.", False, id="no nugget"),
            pytest.param(HOW, "", False, id="nothing"),
            pytest.param(
                labelled(nuggets=(KEY, replace(LID, vital=False), replace(LID, vital=False))), "The red key.", True,
                id="those that are welcome do not count",
            ),
            pytest.param(labelled(nuggets=(replace(LID, vital=False),)), "Open the lid.", True, id="none is vital"),
            pytest.param(
                labelled(answers=(LONG,)), "24 months from the delivery of the pump, in all countries.", True,
                id="half of a long gold answer",
            ),
            pytest.param(labelled(answers=(LONG,)), "24 months.", False, id="a part of it only"),
            pytest.param(labelled(answers=("24 months",)), "It is 24 months and more.", True, id="a short gold answer"),
            pytest.param(labelled(answers=("24 months",)), "It is 12 months.", False, id="another one"),
        ],
    )  # fmt: skip
    def test_whole(self, question: LabelledQuestion, text: str, *, expected: bool) -> None:
        assert is_whole_right(question, text) is expected

    @pytest.mark.parametrize(
        ("question", "text", "expected"),
        [
            pytest.param(labelled(answers=(LONG,)), "24 months.", True, id="a part of a long gold answer"),
            pytest.param(labelled(answers=("12 months",), nuggets=(KEY,)), "red key", False, id="gold answers first"),
            pytest.param(HOW, "red key", True, id="nuggets only"),
        ],
    )
    def test_value(self, question: LabelledQuestion, text: str, *, expected: bool) -> None:
        assert is_value_right(question, text) is expected


class TestObserve:
    def test_each_form_has_its_model(self, open_fake: OpenAnswerer) -> None:
        fact = labelled(id="long", answers=("24 months",))
        nowhere = labelled(id="nowhere", question=COVER)
        (how,), (long,), (none,) = observe_set(open_fake(), [HOW, fact, nowhere])
        assert [(row.id, row.kind, row.form) for row in (how, long, none)] == [
            ("how", "whole", "how_to"), ("long", "value", "fact"), ("nowhere", "whole", "about"),
        ]  # fmt: skip
        assert [(row.answerable, row.right) for row in (how, long, none)] == [
            (True, True),
            (True, False),
            (False, False),
        ]
        # Of a value the draft is judged, of a whole answer what is shown.
        assert long.text.strip() == DRAFT
        assert how.text.startswith("1. Lock the pump off") or "\n1. Lock the pump off" in how.text

    def test_what_would_not_be_given_is_observed_too(self, open_fake: OpenAnswerer) -> None:
        strict = replace(
            LENIENT, prefilter=Logistic(-9.0, {}), prefilter_threshold=0.9, answerable=Logistic(-9.0, {}),
        )  # fmt: skip
        answerer = replace(open_fake(), confidence_model=strict, whole_confidence_model=strict)
        assert not answerer.ask(Question(HOW_TO)).answered
        found = list(observe_set(answerer, [HOW, labelled()]))
        assert [row.kind for (row,) in found] == ["whole", "value"]
        assert found[0][0].right

    def test_a_question_that_needs_no_model_has_no_row(self, open_fake: OpenAnswerer) -> None:
        greeting = labelled(question="Hello!")
        assert list(observe_set(open_fake(), [greeting])) == [[]]

    def test_evidence_is_of_the_passages_that_were_found(self, open_fake: OpenAnswerer) -> None:
        ((row,),) = observe_set(open_fake(), [HOW])
        assert row.evidence.coverage == row.verified.coverage
        assert row.evidence.certainty == row.evidence.share == 0.0
        assert row.verified.certainty > 0.9

    @pytest.mark.parametrize("bias", [0.0, 2.0])
    @pytest.mark.parametrize(
        ("answers", "is_yes"),
        [(("Yes",), True), (("No", "no, it does not"), False), (("Yes", "No"), None), (("red",), None), ((), None)],
    )
    def test_the_models_own_yes(
        self, open_fake: OpenAnswerer, bias: float, answers: tuple[str, ...], *, is_yes: bool | None
    ) -> None:
        question = labelled(question="Does the warranty cover the lid?", answers=answers)
        answerer = replace(open_fake(ScriptedModel(["Yes"])), confidence_model=replace(LENIENT, yes_bias=bias))
        ((row,),) = observe_set(answerer, [question])
        assert row.form == "yes_no"
        # The scripted model is sure of it, as far as log-odds are finite.
        assert row.yes == pytest.approx(log_odds(1.0), abs=1e-6)
        assert row.is_yes is is_yes

    def test_no_yes_where_it_was_not_asked_for(self, open_fake: OpenAnswerer) -> None:
        ((row,),) = observe_set(open_fake(ScriptedModel(["Yes"])), [labelled(answers=("Yes",))])
        assert (row.form, row.yes, row.is_yes) == ("fact", None, True)

    def test_json(self, open_fake: OpenAnswerer) -> None:
        ((row,),) = observe_set(open_fake(), [HOW])
        assert Observed.from_json(json.loads(json.dumps(asdict(row)))) == row


class TestWithheld:
    def test_a_whole_question_is_asked_again_without_its_documents(self, open_fake: OpenAnswerer) -> None:
        ((row, without),) = observe_set(open_fake(), [HOW], withheld=True)
        assert (row.withheld, row.answerable) == (False, True)
        assert (without.id, without.withheld, without.answerable, without.right) == ("how", True, False, False)
        assert "red key" in row.text
        assert "red key" not in without.text

    @pytest.mark.parametrize(
        "question",
        [
            pytest.param(HOW.model_copy(update={"document": "b.pdf"}), id="its document is not there"),
            pytest.param(HOW.model_copy(update={"document": "other.pdf"}), id="a vital nugget is found in another one"),
            pytest.param(HOW.model_copy(update={"nuggets": (replace(KEY, vital=False),)}), id="no nugget is vital"),
            pytest.param(labelled(answers=("24 months",), document="a.pdf", pages=(2,)), id="a value"),
        ],
    )
    def test_not_where_it_may_be_answered_all_the_same(
        self, open_fake: OpenAnswerer, question: LabelledQuestion
    ) -> None:
        ((row,),) = observe_set(open_fake(), [question], withheld=True)
        assert not row.withheld


def test_a_second_run_asks_the_model_nothing(
    tmp_path: Path, index: Path, open_fake: OpenAnswerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions, drafts = tmp_path / "questions.jsonl", tmp_path / "results" / "drafts.jsonl"
    questions.write_text("\n".join(one.model_dump_json() for one in (HOW, labelled(answers=("24 months",)), HOW)))
    arguments = ["--set", f"small={index}:{questions}", "--drafts", str(drafts), "--limit", "2", "--withheld"]
    monkeypatch.setattr(sys, "argv", ["collect_features", *arguments])
    models = [ScriptedModel([DRAFT]), ScriptedModel(["Something else."])]
    left = iter(models)
    monkeypatch.setattr(fitting, "open_answerer", lambda _: open_fake(next(left)))
    features = Journal(drafts.with_name("features-small.jsonl"))
    assert collect_features.main() == 0
    first = features.rows()
    assert [(row["id"], row["kind"], row["withheld"]) for row in first] == [
        ("how", "whole", False), ("how", "whole", True), ("1", "value", False),
    ]  # fmt: skip
    assert collect_features.main() == 0
    assert features.rows() == first
    assert (models[1].wordings, models[1].choices) == ([], [])
