"""Claim pairs: read as they were written, and faults named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.claims.pairs import ClaimPair, read_pairs, write_pairs
from rag.errors import QuestionsInvalid

PAIR = ClaimPair("1", "It is red.", ["The pump\nis red."], "Manual > Pump", True, "paraphrase", "manual.pdf")


def test_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    write_pairs([PAIR, ClaimPair("2", "ü", [])], path)
    assert read_pairs(path) == [PAIR, ClaimPair("2", "ü", [])]


def test_an_array_of_bare_pairs(tmp_path: Path) -> None:
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps([{"claim": "It is red.", "quotes": ["red"], "more": 1}]))
    assert read_pairs(path) == [ClaimPair("1", "It is red.", ["red"])]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON"),
        ('{"claim": "It is red."}', "pair 1: needs"),
        ('{"claim": 1, "quotes": []}', "pair 1: needs"),
        ("3", "pair 1: needs"),
        ('{"claim": "", "quotes": [], "supported": "yes"}', "true, false or null"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(text)
    with pytest.raises(QuestionsInvalid, match=message):
        read_pairs(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(QuestionsInvalid, match="cannot be read"):
        read_pairs(tmp_path / "nowhere.jsonl")


DATA = Path(__file__).parents[3] / "benchmarks" / "data"


@pytest.mark.parametrize("name", ["claims.jsonl", "claims_handwritten.jsonl"])
def test_the_projects_own_pairs(name: str) -> None:
    pairs = read_pairs(DATA / name)
    assert len({pair.id for pair in pairs}) == len(pairs)
    assert sum(bool(pair.supported) for pair in pairs) * 2 == len(pairs)
    assert all(pair.claim and pair.quotes and pair.document for pair in pairs)
