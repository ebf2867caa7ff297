"""Fit of the usefulness model: labels, the fit itself, folds, and a run that goes on where it was interrupted."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import fit_usefulness, fitting
from benchmarks.fit_usefulness import NAMES, ComposedQuestion, constants, gather, in_folds, report
from benchmarks.fitting import remembering_answerer, traced
from rag.answering.usefulness.model import USEFULNESS_MODEL, UsefulnessModel
from rag.answering.usefulness.pointers import pointers_of
from rag.domain.probability import logistic
from rag.evaluation.nuggets import Nugget
from rag.evaluation.questions import LabelledQuestion
from rag.settings import Settings
from rag.testing import ScriptedModel
from tests.benchmarks.conftest import COVER, DRAFT, HOW_LONG, HOW_TO, OpenAnswerer

NUGGETS = (
    Nugget(vital=True, any=("red key",), fact="key"),
    Nugget(vital=True, any=("open the lid",), fact="lid"),
    Nugget(vital=False, any=("old diaphragm out",)),
)
LABELLED = LabelledQuestion(id="1", question=HOW_TO, answers=(), nuggets=NUGGETS)


@pytest.fixture
def composed(open_fake: OpenAnswerer) -> ComposedQuestion:
    (question,) = gather(open_fake(), [LABELLED])
    assert question
    return question


def drawn(
    composed: ComposedQuestion, identifier: str, model: UsefulnessModel, seed: int, size: int
) -> ComposedQuestion:
    """A question with many units, whose features are drawn and whose labels are by a model."""
    random = np.random.default_rng(seed)
    units = [replace(composed.composition.units[0], text=f"unit {place}") for place in range(size)]
    values = random.normal(size=(size, len(NAMES)))
    one = composed.composition.features[0]
    features = [replace(one, **dict(zip(NAMES, row.tolist(), strict=True))) for row in values]
    held = tuple(("fact",) if random.random() < model.probability(each) else () for each in features)
    composition = replace(composed.composition, units=units, features=features, usefulness=[0.0] * size)
    return ComposedQuestion(composed.labelled.model_copy(update={"id": identifier}), composition, held)


class TestGather:
    def test_units_are_labelled_by_the_nuggets_in_them(self, composed: ComposedQuestion) -> None:
        held = dict(zip((unit.text for unit in composed.composition.units), composed.held, strict=True))
        assert held["Lock the pump off with the red key."] == ("key",)
        assert held["Open the lid of the pump."] == ("lid",)
        assert held["Pull the old diaphragm out."] == ("old diaphragm out",)
        assert held["Put in the new one."] == ()
        assert composed.labels.sum() == 3
        assert composed.matrix.shape == (len(composed.held), len(NAMES))

    def test_with_the_weights_in_the_code_it_is_what_was_answered(
        self, composed: ComposedQuestion, open_fake: OpenAnswerer
    ) -> None:
        made = traced(open_fake(), HOW_TO)
        assert made
        assert made[1].answer.answered
        assert composed.answer(USEFULNESS_MODEL) == made[1].answer.answer
        assert composed.result(USEFULNESS_MODEL).vital_recall == 1.0

    def test_a_value_is_not_composed(self, open_fake: OpenAnswerer) -> None:
        value = LABELLED.model_copy(update={"question": HOW_LONG})
        assert list(gather(open_fake(), [value])) == [None]

    def test_a_question_that_does_not_fit_is_left_out(self, open_fake: OpenAnswerer) -> None:
        answerer = open_fake(ScriptedModel([DRAFT], context_tokens=20))
        assert list(gather(answerer, [LABELLED])) == [None]

    def test_json(self, composed: ComposedQuestion) -> None:
        made = json.loads(json.dumps(composed.to_json()))
        assert (made["id"], made["form"]) == ("1", "how_to")
        unit = next(unit for unit in made["units"] if unit["nuggets"] == ["key"])
        assert (unit["document"], unit["page"], unit["kind"]) == ("a.pdf", 1, "step")
        assert unit["features"]["pointed"] == 1.0
        assert made["pointers"][0]["statement"] == "Lock the pump off with the red key."


class TestFit:
    def test_weights_are_found_again(self, composed: ComposedQuestion) -> None:
        truth = UsefulnessModel(-1.0, {name: 2.0 * (name == "gap") - 1.0 * (name == "rank") for name in NAMES})
        found = fit_usefulness.fit_usefulness([drawn(composed, str(seed), truth, seed, 60) for seed in range(50)])
        assert found.bias == pytest.approx(-1.0, abs=0.3)
        assert found.weights["gap"] == pytest.approx(2.0, abs=0.4)
        assert found.weights["rank"] == pytest.approx(-1.0, abs=0.3)
        assert max(abs(found.weights[name]) for name in NAMES if name not in ("gap", "rank")) < 0.3

    def test_a_question_counts_the_same_however_many_units_it_has(self, composed: ComposedQuestion) -> None:
        def of(weight: float) -> UsefulnessModel:
            return UsefulnessModel(0.0, {name: weight * (name == "gap") for name in NAMES})

        one, other = drawn(composed, "1", of(3.0), 1, 60), drawn(composed, "2", of(-3.0), 2, 60)
        more = replace(
            one,
            composition=replace(
                one.composition, units=[*one.composition.units] * 5, features=[*one.composition.features] * 5
            ),
            held=one.held * 5,
        )
        # The penalty is on weights per spread, which differs a little.
        assert fit_usefulness.fit_usefulness([more, other]).weights["gap"] == pytest.approx(
            fit_usefulness.fit_usefulness([one, other]).weights["gap"], abs=0.1
        )

    def test_no_question_is_judged_by_a_model_that_has_seen_it(
        self, composed: ComposedQuestion, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        questions = [composed.labelled.model_copy(update={"id": str(number)}) for number in range(9)]
        some = [replace(composed, labelled=labelled) for labelled in questions]
        outside = replace(composed, labelled=composed.labelled.model_copy(update={"id": "outside"}))
        seen: dict[int, set[str]] = {}

        def fit(kept: Sequence[ComposedQuestion]) -> UsefulnessModel:
            model = UsefulnessModel(float(len(seen)), {})
            seen[len(seen)] = {question.labelled.id for question in kept}
            return model

        monkeypatch.setattr(fit_usefulness, "fit_usefulness", fit)
        judged = in_folds(some, [outside])
        assert sorted(question.labelled.id for question, _ in judged) == sorted(each.id for each in questions)
        for question, model in judged:
            assert question.labelled.id not in seen[int(model.bias)]
            assert "outside" in seen[int(model.bias)]

    def test_one_question_alone_has_no_fold(self, composed: ComposedQuestion) -> None:
        assert in_folds([composed], []) == []
        assert len(in_folds([composed], [composed])) == 1

    def test_auc(self, composed: ComposedQuestion) -> None:
        steps = [logistic(float(bool(held))) for held in composed.held]
        by_place = dict(zip(map(id, composed.composition.features), steps, strict=True))
        assert composed.auc(lambda features: by_place[id(features)]) == 1.0
        assert composed.auc(lambda features: -by_place[id(features)]) == 0.0
        assert composed.auc(lambda _: 0.0) == 0.5
        assert replace(composed, held=((),) * len(composed.held)).auc(lambda _: 0.0) is None

    def test_constants_are_python(self) -> None:
        scope: dict[str, object] = {"UsefulnessModel": UsefulnessModel, "Final": object}
        exec(constants(USEFULNESS_MODEL), scope)  # noqa: S102
        assert scope["USEFULNESS_MODEL"] == USEFULNESS_MODEL


def test_report_has_the_rows_of_each_set(composed: ComposedQuestion) -> None:
    other = replace(composed, composition=replace(composed.composition, pointers=pointers_of(HOW_TO, "", [])))
    lines = report({"one": [composed], "other": [other, other]}).splitlines()
    assert lines[0] == "| set | usefulness fitted on | AUC | vital_recall | all_recall | complete | mean_words |"
    starts = [line.split(" | ")[:2] for line in lines[2:]]
    rows = ["other sets, other folds", "other sets", "as in the code, which may have seen them", "relevance alone"]
    assert starts == [
        [f"| {name}", how] for name in ("one, 1 questions", "other, 2 questions") for how in [*rows, "pointers alone"]
    ]
    assert "| 1.000 (1.000–1.000) |" in lines[4]
    assert lines[5].endswith("| – | – | – | – |")


class TestMain:
    @pytest.fixture
    def arguments(self, tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Of two questions, one of which has no nuggets; the folder that the drafts are in."""
        asked = [LABELLED, LABELLED.model_copy(update={"id": "2", "question": COVER, "nuggets": ()})]
        questions = tmp_path / "questions.jsonl"
        questions.write_text("\n".join(question.model_dump_json() for question in asked))
        folder = tmp_path / "results"
        sets, drafts = ["--set", f"small={index}:{questions}"], ["--drafts", str(folder / "drafts.jsonl")]
        monkeypatch.setattr(sys, "argv", ["fit_usefulness", *sets, *drafts])
        monkeypatch.setattr(fit_usefulness, "RESULTS", folder)
        return folder

    def test_a_second_run_asks_the_model_nothing(
        self,
        arguments: Path,
        open_fake: OpenAnswerer,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        models = [ScriptedModel([DRAFT]), ScriptedModel(["Something else."])]
        left = iter(models)
        monkeypatch.setattr(fitting, "open_answerer", lambda _: open_fake(next(left)))
        assert fit_usefulness.main() == 0
        first = capsys.readouterr().out
        assert "| small, 1 questions |" in first
        assert (arguments / "usefulness.md").read_text() == first
        assert len((arguments / "units-small.jsonl").read_text().splitlines()) == 1
        assert fit_usefulness.main() == 0
        assert capsys.readouterr().out == first
        assert (len(models[0].wordings), models[1].wordings, models[1].choices) == (1, [], [])
        assert models[0].closed
        assert models[1].closed

    def test_each_rule_for_a_further_draft_has_its_report(
        self,
        arguments: Path,
        open_fake: OpenAnswerer,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        further = "Pull the old diaphragm out."
        models = {below: ScriptedModel([DRAFT] if below < 3 else [further]) for below in (0, 1, 3)}
        left = iter(models.values())
        monkeypatch.setattr(fitting, "open_answerer", lambda _: open_fake(next(left)))
        monkeypatch.setattr(sys, "argv", [*sys.argv, "--rereads-below", *map(str, models)])
        assert fit_usefulness.main() == 0
        printed = capsys.readouterr().out
        assert printed.count("| small, 1 questions | as in the code") == printed.count("USEFULNESS_MODEL: Final") == 3
        assert all(f"fewer than {below} statements are borne out:" in printed for below in models)
        # The first model drafts once, two statements; the last one says what the first did not, and the rest is known.
        assert [len(model.wordings) for model in models.values()] == [1, 0, 1]
        pointed = []
        for below in models:
            (line,) = (arguments / f"units-small-rereads-below-{below}.jsonl").read_text().splitlines()
            pointed.append({unit["text"]: unit["features"]["pointed"] for unit in json.loads(line)["units"]})
        red_key, old = "Lock the pump off with the red key.", "Pull the old diaphragm out."
        assert [each[red_key] for each in pointed] == [1.0, 1.0, 0.5]
        assert [each[old] for each in pointed] == [0.0, 0.0, 0.5]

    @pytest.mark.parametrize("below", ["-1", "five"])
    def test_a_rule_that_is_no_number(
        self, arguments: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], below: str
    ) -> None:
        monkeypatch.setattr(sys, "argv", [*sys.argv, f"--rereads-below={below}"])
        with pytest.raises(SystemExit) as caught:
            fit_usefulness.main()
        assert caught.value.code == 2
        assert "--rereads-below" in capsys.readouterr().err
        assert not arguments.exists()

    @pytest.mark.usefixtures("arguments")
    def test_nothing_to_fit(self, open_fake: OpenAnswerer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "questions.jsonl").write_text(LABELLED.model_copy(update={"nuggets": ()}).model_dump_json())
        monkeypatch.setattr(fitting, "open_answerer", lambda _: open_fake())
        assert fit_usefulness.main() == 1


def test_drafts_and_logits_are_kept_when_a_run_is_interrupted(
    tmp_path: Path, index: Path, open_fake: OpenAnswerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "open_answerer", lambda _: open_fake())
    drafts = tmp_path / "drafts.jsonl"

    def interrupted() -> None:
        with remembering_answerer(Settings(reranker="overlap"), index, drafts) as answerer:
            assert traced(answerer, HOW_TO)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert drafts.stat().st_size > 0
    assert json.loads((tmp_path / "overlap.json").read_text())
