"""Terms and their forms."""

from __future__ import annotations

import pytest

from rag.answering.tables.terms import are_forms, joined_stems, stem, stems_of


@pytest.mark.parametrize(
    ("text", "stems"),
    [
        ("Bittern 4S", ["bittern", "4s"]),
        ("M3-w.skd", ["m3", "w", "skd"]),
        ("8,192", ["8192"]),
        ("the third quarter", ["q3", "quarter"]),
        ("12 %", ["12", "percent"]),
        ("€5", ["euro", "5"]),
        ("the of and", []),
    ],
)
def test_stems(text: str, stems: list[str]) -> None:
    assert stems_of(text) == stems


@pytest.mark.parametrize(("one", "other"), [("fridge", "refrigerator"), ("keepers", "keeper's"), ("avg", "average")])
def test_same_words(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("storage", "store", True),
        ("open", "opening", True),
        ("quarterly", "quarter", True),
        ("employee", "employer", False),
        ("4", "4s", False),
        ("universe", "university", False),
        ("car", "cart", False),
    ],
)
def test_forms(one: str, other: str, *, expected: bool) -> None:
    assert are_forms(stem(one), stem(other)) is expected


def test_word_torn_by_a_line_break() -> None:
    assert stem("Administrator") in set(joined_stems("Tenant Administ rator"))
