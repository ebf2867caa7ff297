"""Kinds of documents by title, name and beginning."""

from __future__ import annotations

import pytest

from rag.domain.values import Document
from rag.service.guides.kinds import OPENING, kind_of


def document(title: str, name: str = "a.pdf") -> Document:
    return Document("0" * 64, (name,), title, pages=1, size=1)


@pytest.mark.parametrize(
    ("title", "name", "opening", "kind"),
    [
        pytest.param("Member Handbook of the Cooperative", "a.pdf", "", "handbook", id="title"),
        pytest.param("a", "x/owners_manual-2017.pdf", "", "manual", id="name"),
        pytest.param("Annual Report 2024", "a.pdf", "", "financial report", id="an annual report is no report"),
        pytest.param("Supply Agreement: rules", "a.pdf", "", "contract", id="the first kind"),
        pytest.param("a", "a.pdf", "UNITED STATES\nFORM 10-Q\n", "financial report", id="filing"),
        pytest.param(
            "a", "a.pdf", "THIS SPONSORSHIP AGREEMENT is made on May 1\nby and among A and B.", "contract", id="text"
        ),
        pytest.param(
            "2305.14160", "a.pdf", "Label Words\nA. Uthor\nAbstract\nIn-context learning", "paper", id="paper"
        ),
        pytest.param("a", "a.pdf", "1 May\n\nDear Ms Bird,\nthank you", "letter", id="letter"),
        pytest.param("a", "a.pdf", "Northwind\nHealth Study\nof 2024\n\nThe policy was kept.", "report", id="cover"),
        pytest.param("a", "a.pdf", "The agreement between the cat and the dog was kept.", None, id="in passing"),
        pytest.param("Performance", "informal.pdf", "", None, id="within another word"),
        pytest.param("", "", "", None, id="nothing"),
    ],
)
def test_kinds(title: str, name: str, opening: str, kind: str | None) -> None:
    assert kind_of(document(title, name), opening) == kind


def test_only_the_opening_is_read() -> None:
    assert kind_of(document("a"), "x" * OPENING + "\nAbstract\n") is None
