"""Measurement: folds by document, cuts of equal recall, and the tables."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.claims import measure
from benchmarks.claims.measure import fitted, in_folds, measured, passes_overlap, threshold, without
from benchmarks.claims.pairs import ClaimPair, write_pairs
from rag.answering.claims.check import FEATURES
from rag.errors import QuestionsInvalid


def pairs(documents: int = 4, each: int = 6) -> list[ClaimPair]:
    """Half of them with another number than their quote."""
    return [
        ClaimPair(
            f"{document}-{number}",
            f"The pump has a warranty of {24 if number % 2 else 25} months.",
            ["The pump has a warranty of 24 months. Frost is excluded."],
            supported=bool(number % 2),
            kind="right" if number % 2 else "wrong",
            document=f"{document}.pdf",
        )
        for document in range(documents)
        for number in range(each)
    ]


def test_scores_in_folds_tell_them_apart() -> None:
    data = measured(pairs())
    scores = in_folds(data)
    assert scores[data.labels].min() > scores[~data.labels].max()


def test_a_document_is_not_scored_by_a_fit_that_has_seen_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []
    real = measure.fitted

    def fitted_on(data: measure.Measured, penalty: float = 1.0) -> measure.ClaimModel:
        seen.append({pair.document for pair in data.pairs})
        return real(data, penalty)

    monkeypatch.setattr(measure, "fitted", fitted_on)
    in_folds(measured(pairs()))
    assert sorted(map(len, seen)) == [3, 3, 3, 3]


def test_one_document_has_no_folds() -> None:
    with pytest.raises(QuestionsInvalid, match="two documents"):
        in_folds(measured(pairs(documents=1)))


def test_labels_of_one_kind() -> None:
    with pytest.raises(QuestionsInvalid, match="supported and unsupported"):
        measured([pair for pair in pairs() if pair.supported])


def test_no_weight_speaks_against_its_meaning() -> None:
    data = measured(pairs())
    turned = replace(data, labels=~data.labels)
    assert not fitted(turned).weights.any()


def test_without() -> None:
    data = without(measured(pairs()), ["overlap", "run"])
    assert not data.features[:, [FEATURES.index("overlap"), FEATURES.index("run")]].any()
    assert fitted(data).weights[FEATURES.index("overlap")] == 0.0
    with pytest.raises(QuestionsInvalid, match="nosuch"):
        without(data, ["nosuch"])


@pytest.mark.parametrize(("recall", "cut"), [(1.0, 0.2), (0.5, 0.6), (0.75, 0.4)])
def test_threshold(recall: float, cut: float) -> None:
    labels = np.array([True, True, True, True, False])
    assert threshold(np.array([0.2, 0.4, 0.6, 0.8, 0.9]), labels, recall) == cut


def test_word_overlap_is_that_of_grounding() -> None:
    true, false = pairs()[1], pairs()[0]
    assert passes_overlap(true)
    assert not passes_overlap(false)
    assert not passes_overlap(ClaimPair("", "The pump is red.", []))


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pairs.jsonl"
    write_pairs(pairs(), path)
    monkeypatch.setattr(sys, "argv", ["measure", str(path), "--test", str(path), "--wrong", "--without", "run"])
    assert measure.main() == 0
    out = capsys.readouterr().out
    assert out.startswith("24 pairs, 12 supported\n")
    assert (
        "| fitted, at equal recall | 1.000 (1.000–1.000) | 0.000 (0.000–0.000) | 1.000 (1.000–1.000) | 1.000 |" in out
    )
    assert "| number_missing | 0 | 12 | 1.00 |" in out
    assert "Test:" in out


def test_no_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["measure", "nowhere.jsonl"])
    assert measure.main() == 1
    assert "nowhere.jsonl" in capsys.readouterr().err
