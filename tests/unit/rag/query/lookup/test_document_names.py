"""Document resolution by file names and titles."""

from __future__ import annotations

import pytest

from rag.domain.values import Document, Question
from rag.query.lookup.document_names import (
    is_document_word,
    listed,
    named_documents,
    searched_documents,
    split_scope,
)


def document(name: str, title: str) -> Document:
    return Document(name, (name,), title, 1, 1)


LEASE = document("tarn_lease.pdf", "tarn lease")
REPORT = document("noise_report.pdf", "Noise at night")
MANUAL = document("kiln_manual_2023.pdf", "Kiln manual, 2023 edition")
NEWER = document("kiln_manual_2025.pdf", "Kiln manual, 2025 edition")
ALL = [LEASE, REPORT, MANUAL, NEWER]


@pytest.mark.parametrize(
    ("name", "documents"),
    [
        ("the Tarn lease", [LEASE]),
        ("the kiln manual", [MANUAL, NEWER]),
        ("kiln manual of 2025", [NEWER]),
        ("noise_report.pdf", [REPORT]),
        ("the report", [REPORT]),
        ("the manual", []),
        ("the document", []),
        ("the kiln of porcelain", []),
        ("", []),
    ],
)
def test_named(name: str, documents: list[Document]) -> None:
    assert named_documents(name, ALL) == documents


def test_the_only_document_is_meant_by_any_word_for_it() -> None:
    for name in ("the document", "this report", "the whole file", "the book"):
        assert named_documents(name, [LEASE]) == [LEASE]
    assert named_documents("the fees", [LEASE]) == []


@pytest.mark.parametrize(
    ("what", "part", "documents"),
    [
        ("chapter 3 of the Tarn lease", "chapter 3", [LEASE]),
        ("page 2 of the report", "page 2", [REPORT]),
        ("the section on fees of the kiln manual 2023", "the section on fees", [MANUAL]),
        ("chapter 3", "chapter 3", ALL),
        ("the use of oak", "the use of oak", ALL),
    ],
)
def test_scope(what: str, part: str, documents: list[Document]) -> None:
    found, scope = split_scope(what, ALL)
    assert (found, list(scope)) == (part, documents)


def test_listed_names_no_title_that_is_the_name() -> None:
    assert listed(LEASE) == "tarn_lease.pdf"
    assert listed(REPORT) == "Noise at night (noise_report.pdf)"


def test_searched_documents() -> None:
    assert searched_documents(Question("?", ("tarn_lease.pdf",)), ALL) == [LEASE]
    assert searched_documents(Question("?"), ALL) == ALL


def test_words_for_documents() -> None:
    assert is_document_word("the report")
    assert is_document_word("lease.pdf")
    assert not is_document_word("the lease")
