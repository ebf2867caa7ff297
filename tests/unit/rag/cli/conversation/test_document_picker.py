"""Document selection by name or number, and suggestions for unknown names."""

from __future__ import annotations

import unicodedata

import pytest

from rag.cli.conversation.document_picker import chosen_documents
from rag.domain.values import Document
from rag.errors import DocumentUnknown

NFD = unicodedata.normalize("NFD", "Prüfbericht 1.pdf")
DOCUMENTS = [
    Document("0" * 64, ("handbook.pdf", "copies/handbook.pdf"), "Handbook", 9, 1),
    Document("1" * 64, ("terms_2023.pdf",), "Terms", 4, 1),
    Document("2" * 64, ("2",), "Named as a number", 4, 1),
    Document("3" * 64, ("terms_2025.pdf",), "Terms", 4, 1),
    Document("4" * 64, (NFD,), "Report", 4, 1),
    Document("5" * 64, ("staff/annex.pdf",), "Annex", 4, 1),
    Document("6" * 64, ("contract.pdf",), "Contract", 4, 1),
    Document("7" * 64, ("contract.pdf › prices.docx",), "Prices", 4, 1),
]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        pytest.param([], (), id="none"),
        pytest.param(["terms_2023.pdf", "handbook.pdf"], ("terms_2023.pdf", "handbook.pdf"), id="names"),
        pytest.param(["copies/handbook.pdf"], ("copies/handbook.pdf",), id="another name"),
        pytest.param(["1", "4", "1"], ("handbook.pdf", "terms_2025.pdf"), id="numbers"),
        pytest.param(["2"], ("2",), id="a name that is a number"),
        pytest.param(["terms_2025"], ("terms_2025.pdf",), id="without its ending"),
        pytest.param(["HAND"], ("handbook.pdf",), id="a beginning that one document has"),
        pytest.param(["copies/h"], ("copies/handbook.pdf",), id="a beginning with its folder"),
        pytest.param(["Prüf"], (NFD,), id="a beginning in another Unicode form"),
        pytest.param(["Prüfbericht 1.pdf"], (NFD,), id="a name in another Unicode form"),
        pytest.param(["anne"], ("staff/annex.pdf",), id="the beginning of a file in a folder"),
        pytest.param(["contract"], ("contract.pdf",), id="a document with attached files"),
        pytest.param(["contract.pdf › p"], ("contract.pdf › prices.docx",), id="an attached file"),
    ],
)
def test_chosen(words: list[str], names: tuple[str, ...]) -> None:
    assert chosen_documents(words, DOCUMENTS) == names


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        pytest.param("TERMS", "did you mean 'terms_2023.pdf' or 'terms_2025.pdf'?", id="a part"),
        pytest.param("terns_2025.pfd", "did you mean 'terms_2025.pdf' or 'terms_2023.pdf'?", id="misspelt"),
        pytest.param("terms.pdf", "did you mean 'terms_2023.pdf' or 'terms_2025.pdf'?", id="its beginning"),
        pytest.param("Terms-2023", "did you mean 'terms_2023.pdf' or 'terms_2025.pdf'?", id="other case, no ending"),
        pytest.param("books.pdf", "/documents at the prompt lists them", id="alike in the ending"),
        pytest.param("handsome.pdf", "/documents at the prompt lists them", id="alike in half of its letters"),
        pytest.param("", "did you mean 'handbook.pdf' or 'copies/handbook.pdf' or 'terms_2023.pdf'?", id="nothing"),
        pytest.param("0", "did you mean 'terms_2023.pdf' or 'terms_2025.pdf'?", id="no such number"),
        pytest.param("9" * 5000, "/documents at the prompt lists them", id="far too large a number"),
        pytest.param("x\x1by", "/documents at the prompt lists them", id="like nothing"),
    ],
)
def test_unknown(word: str, remedy: str) -> None:
    with pytest.raises(DocumentUnknown) as caught:
        chosen_documents(["handbook.pdf", word], DOCUMENTS)
    assert str(caught.value) == f"no document is named {word!r}; {remedy}"
    assert caught.value.field == "documents"
