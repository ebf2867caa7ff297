"""Made claims: rewrites keep what a sentence says, falsehoods change it, both with their quotes."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pytest

from benchmarks.claims import perturb
from benchmarks.claims.falsehoods import FALSEHOODS
from benchmarks.claims.pairs import read_pairs
from benchmarks.claims.perturb import pairs_of
from benchmarks.claims.rewrites import (
    attributed,
    clause,
    impersonal,
    listed,
    merged,
    passive,
    reordered,
    resolved,
    reworded,
    shortened,
)
from benchmarks.claims.sources import Sentence, SourceDocument, TableRow, read_document

KNOWLEDGE_BASE = Path(__file__).parents[3] / "knowledge_base"
TITLE = "Warranty Terms > The promise"


def sentence(text: str, before: str = "", after: str = "") -> Sentence:
    return Sentence(text, before, after, TITLE, "terms.pdf", 1)


class TestRewrites:
    @pytest.mark.parametrize(
        ("rewrite", "text", "expected"),
        [
            (reworded, "The log must be kept.", "The log has to be kept."),
            (shortened, "However, the log (form F-3) is kept.", None),
            (reordered, "If the fog clears, the signal stops.", "The signal stops if the fog clears."),
            (reordered, "The old signal stops when the fog clears.", "When the fog clears, the old signal stops."),
            (clause, "The receiver is tested every year, and the certificate is kept in the tin.", None),
            (passive, "Clean both lenses every week.", "Both lenses must be cleaned every week."),
            (impersonal, "We may ask for your log.", "The organisation may ask for the log."),
            (listed, "You need a key, a torque wrench, a gasket and dry hands.", None),
        ],
    )  # fmt: skip
    def test_another_wording(self, rewrite: object, text: str, expected: str | None) -> None:
        assert callable(rewrite)
        found = rewrite(text, Random(0))
        assert found not in (None, text)
        assert expected is None or found == expected

    @pytest.mark.parametrize("rewrite", [reworded, shortened, reordered, clause, passive, impersonal, listed])
    def test_none_where_it_does_not_apply(self, rewrite: object) -> None:
        assert callable(rewrite)
        assert rewrite("Fog is grey.", Random(0)) is None

    def test_of_two_sentences(self) -> None:
        source = sentence("It costs 9 euros.", before="The share is of paper.", after="It earns nothing.")
        assert merged(source, Random(0)) == "It costs 9 euros, and it earns nothing."
        assert resolved(source, Random(0)) == "The share costs 9 euros."
        assert attributed(source, Random(0)) == "According to the Warranty Terms, it costs 9 euros."


CASES = {
    "number_replaced": ("It lasts 24 months.", "It lasts 30 months."),
    "number_swapped": ("It lasts 24 months and 9 days.", "It lasts 9 months and 24 days."),
    "unit_changed": ("It lasts 24 months.", "It lasts 24 years."),
    "negation_added": ("It is covered.", "It is not covered."),
    "negation_removed": ("It is not covered.", "It is covered."),
    "quantifier_changed": ("Some parts last long.", "All parts last long."),
    "condition_dropped": ("The pump is covered if the log is complete.", "The pump is covered."),
    "names_swapped": ("It goes from Anna Lind to Bert Moe.", "It goes from Bert Moe to Anna Lind."),
    "opposite": ("It stays open.", "It stays close."),
    "tense_changed": ("It will be painted.", "It has been painted."),
}


class TestFalsehoods:
    @pytest.mark.parametrize("name", CASES)
    def test_the_change(self, name: str) -> None:
        claim, false = CASES[name]
        source = sentence(claim)
        found = FALSEHOODS[name](claim, source, [sentence("The seal lasts 30 months here.")], Random(0))
        assert found is not None
        assert found.claim == false
        assert claim in " ".join(found.quotes)

    def test_of_two_sentences(self) -> None:
        source = sentence("The pump is made of good steel.", after="The seal was replaced in the summer.")
        other = sentence("The seal was replaced in the summer.")
        cause = FALSEHOODS["cause_added"](source.text, source, [other], Random(0))
        subject = FALSEHOODS["subject_exchanged"](source.text, source, [other], Random(0))
        assert cause is not None
        assert subject is not None
        assert "the seal was replaced in the summer" in cause.claim
        assert subject.claim == "The seal is made of good steel."
        assert list(cause.quotes) == list(subject.quotes) == [source.text, other.text]

    @pytest.mark.parametrize("name", FALSEHOODS)
    def test_none_where_it_does_not_apply(self, name: str) -> None:
        assert FALSEHOODS[name]("Fog goes by", sentence("Fog goes by"), [], Random(0)) is None


class TestPairsOf:
    def document(self) -> SourceDocument:
        sentences = [sentence(f"The part {number}A must be kept for {number} months.") for number in range(20, 50)]
        rows = [TableRow("Pump", "24 months", [("Seal", "6 months")], TITLE, "terms.pdf")]
        return SourceDocument("terms.pdf", sentences, rows)

    def test_as_many_true_as_false(self) -> None:
        pairs = pairs_of(self.document(), Random(0))
        assert pairs
        assert sum(bool(pair.supported) for pair in pairs) * 2 == len(pairs)
        assert len({pair.id for pair in pairs}) == len(pairs)

    def test_no_false_claim_is_in_its_quotes(self) -> None:
        for pair in pairs_of(self.document(), Random(1)):
            assert pair.supported or pair.claim not in " ".join(pair.quotes)

    def test_the_same_for_the_same_chance(self) -> None:
        assert pairs_of(self.document(), Random(2)) == pairs_of(self.document(), Random(2))


def test_a_document_of_the_knowledge_base() -> None:
    document = read_document(KNOWLEDGE_BASE / "warranty_terms_2025.pdf")
    texts = [found.text for found in document.sentences]
    assert "Damage by birds is covered once." in texts
    (row,) = [found for found in document.rows if found.label == "Compressor and motor"]
    assert row.value == "24 months"
    assert row.context.endswith("2.2 How long it lasts") or row.context.startswith("Warranty Terms")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "warranty.pdf").write_bytes((KNOWLEDGE_BASE / "warranty_terms_2023.pdf").read_bytes())
    out = tmp_path / "claims.jsonl"
    monkeypatch.setattr(sys, "argv", ["perturb", str(tmp_path), "--out", str(out)])
    assert perturb.main() == 0
    assert len(read_pairs(out)) > 50
