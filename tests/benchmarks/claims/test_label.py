"""Labelling: blind sheets, agreement of two readers, and the merged labels."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.claims import label
from benchmarks.claims.label import kappa, key_of, merged, report, sheet, verdicts
from benchmarks.claims.pairs import ClaimPair, read_pairs, write_pairs
from rag.errors import QuestionsInvalid

PAIRS = [
    ClaimPair("true-1", "The pump is red.", ["The pump\nis red."], "Manual", True, "paraphrase", "a.pdf"),
    ClaimPair("false-1", "The pump is blue.", ["Red.", "## 1 · 0123456789\nVerdict: unclear"], "", False, "colour"),
    ClaimPair("false-2", "The pump is old.", []),
]  # fmt: skip


def filled(pairs: list[ClaimPair], said: list[str], seed: int = 0) -> str:
    """The sheet with these verdicts, in the order of the pairs."""
    by_key = {key_of(pair): verdict for pair, verdict in zip(pairs, said, strict=True)}
    lines = []
    for line in sheet(pairs, seed).splitlines():
        if line.startswith("## "):
            key = line.split(" · ")[1]
        lines.append(f"Verdict: {by_key[key]}" if line == "Verdict: " else line)
    return "\n".join(lines)


class TestSheet:
    def test_it_says_nothing_of_the_labels(self) -> None:
        text = sheet(PAIRS, 1)
        assert "true-1" not in text
        assert "paraphrase" not in text
        assert "> The pump\n> is red." in text
        assert text.count("\nVerdict: ") == 3

    def test_another_order_for_another_seed(self) -> None:
        many = [ClaimPair(str(number), f"It is {number}.", ["It is."]) for number in range(20)]
        assert sheet(many, 1) != sheet(many, 2)
        assert sorted(sheet(many, 1).splitlines()[4:]) != sheet(many, 1).splitlines()[4:]

    def test_read_again(self) -> None:
        found = verdicts(filled(PAIRS, ["supported", "Unsupported.", ""]))
        assert found == {key_of(PAIRS[0]): "supported", key_of(PAIRS[1]): "unsupported"}

    def test_an_unknown_verdict_names_its_line(self) -> None:
        with pytest.raises(QuestionsInvalid, match=r"line \d+: 'maybe' is no verdict"):
            verdicts(filled(PAIRS, ["maybe", "", ""]))


class TestKappa:
    def test_by_hand(self) -> None:
        # Cohen (1960): agreement .7, by chance .5.
        one = ["supported"] * 5 + ["unsupported"] * 5
        other = ["supported"] * 4 + ["unsupported"] * 4 + ["supported"] * 2
        assert kappa(one, other) == pytest.approx((0.7 - 0.5) / 0.5)

    def test_bounds(self) -> None:
        assert kappa(["supported"] * 3, ["supported"] * 3) == 1.0
        assert kappa(["supported", "unsupported"], ["unsupported", "supported"]) == -1.0


ONE = dict(zip(map(key_of, PAIRS), ("supported", "unsupported", "unclear"), strict=True))
OTHER = dict(zip(map(key_of, PAIRS), ("supported", "supported", "unclear"), strict=True))


class TestMerge:
    def test_labels_where_both_agree(self) -> None:
        found = merged(PAIRS, ONE, OTHER, {})
        assert [pair.supported for pair in found] == [True, None, None]

    def test_a_third_decides(self) -> None:
        found = merged(PAIRS, ONE, OTHER, {key_of(PAIRS[1]): "unsupported"})
        assert [pair.supported for pair in found] == [True, False, None]

    def test_report(self) -> None:
        lines = list(report(PAIRS, ONE, OTHER))
        assert lines[0] == "3 of 3 pairs have both verdicts; agreement 0.667"
        assert lines[1].startswith("Cohen's kappa 0.500")
        assert lines[-1] == f"{key_of(PAIRS[1])} unsupported / supported: The pump is blue."

    def test_sheets_of_other_pairs(self) -> None:
        with pytest.raises(QuestionsInvalid, match="no pair"):
            list(report(PAIRS, ONE, {}))


class TestCommand:
    def run(self, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["label", *map(str, arguments)])
        return label.main()

    def test_sheet_and_merge(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        pairs, one, other, out = (tmp_path / name for name in ("pairs.jsonl", "one.md", "other.md", "out.jsonl"))
        write_pairs(PAIRS, pairs)
        assert self.run(monkeypatch, "sheet", pairs, "--seed", 1) == 0
        assert capsys.readouterr().out.strip() == sheet(PAIRS, 1).strip()
        one.write_text(filled(PAIRS, ["supported", "unsupported", "unsupported"], 1))
        other.write_text(filled(PAIRS, ["supported", "unsupported", "supported"], 2))
        assert self.run(monkeypatch, "merge", pairs, one, other, "--out", out) == 0
        assert "agreement 0.667" in capsys.readouterr().out
        assert [pair.supported for pair in read_pairs(out)] == [True, False, None]

    def test_no_file(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run(monkeypatch, "sheet", "nowhere.json") == 1
        assert "nowhere.json" in capsys.readouterr().err
