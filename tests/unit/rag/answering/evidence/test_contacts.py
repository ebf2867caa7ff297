"""Contacts that a document names, and addresses that it only sends its readers to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.answering.evidence.contacts import unnamed_contacts
from rag.domain.values import Citation, Sentence
from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import publish, quick_folder

PAGES = {
    "form.pdf": [
        "Send the form to claims@harbour.example. To see the price, go to www.prices.example.",
        "A berth costs 24 euros, as www.law.example says.",
        "The hall is blue.",
        "The last but one.",
        "Questions are answered. E-mail: claims@harbour.example",
    ],
    "guide.pdf": ["Visit ntu.ac.uk/a. Visit ntu.ac.uk/b.", "See ntu.ac.uk. Or ask at www.ntu.ac.uk/c."],
    "staff.pdf": [
        "Write to the Privacy Officer at privacy@staff.example, or call\nthe Desk by phone at +47 22 33 44 55."
    ],
    "fogwrights.pdf": [
        "Fog Wrights is a firm. Fog Wrights sells. Fogwrights buys. Ask Fog Wrights.",
        "See www.fogwrights.example/x.",
    ],
    "deed.pdf": ["Notices\nE-mail: a.b@law.example c.d@other.example\nSend them today."],
    "club.pdf": ["Rules of the club.\n\nContact\nIlse Brandt, ilse@club.example\n\nWrite to desk@care.example."],
}


@pytest.fixture(scope="module")
def generation() -> Iterator[Generation]:
    with quick_folder() as root:
        publish(root, PAGES, BagOfWordsEncoder())
        opened = open_current(root, BagOfWordsEncoder().identity)
        yield opened
        opened.close()


def cited(generation: Generation, name: str, page: int = 1) -> Citation:
    document = next(one for one in generation.documents if one.name == name)
    return Citation(1, name, document.id, page, "", 0, 0, (), 1.0)


@pytest.mark.parametrize(
    ("name", "text", "unnamed"),
    [
        pytest.param("form.pdf", "Send the form to claims@harbour.example.", [], id="named on the last page"),
        pytest.param("form.pdf", "Go to www.prices.example.", ["www.prices.example"], id="named nowhere"),
        pytest.param("form.pdf", "The answer is at www.prices.example.", ["www.prices.example"], id="it is there"),
        pytest.param("form.pdf", "The fee: www.prices.example", ["www.prices.example"], id="behind a colon"),
        pytest.param("form.pdf", "www.prices.example", ["www.prices.example"], id="an address alone"),
        pytest.param("form.pdf", "A berth costs 24 euros, as www.law.example says.", [], id="nobody is sent there"),
        pytest.param("form.pdf", "A berth costs 24 euros.", [], id="no address"),
        pytest.param("guide.pdf", "Visit ntu.ac.uk/a.", [], id="the document's own host"),
        pytest.param("staff.pdf", "Write to privacy@staff.example.", [], id="behind the one whose it is"),
        pytest.param("staff.pdf", "Call +47 22 33 44 55.", [], id="a telephone of the one whose it is"),
        pytest.param("fogwrights.pdf", "Go to www.fogwrights.example/x.", [], id="the name of the document's firm"),
        pytest.param("deed.pdf", "Write to c.d@other.example.", [], id="the second behind a label"),
        pytest.param("club.pdf", "Write to ilse@club.example.", [], id="below a heading of contacts"),
        pytest.param(
            "form.pdf",
            "Write to a@b.example, c@d.example or a@b.example.",
            ["a@b.example", "c@d.example"],
            id="several, each once",
        ),
    ],
)
def test_unnamed_contacts(generation: Generation, name: str, text: str, unnamed: list[str]) -> None:
    assert unnamed_contacts([Sentence(text, "supported")], [cited(generation, name)], generation) == unnamed


def test_another_document_names_it(generation: Generation) -> None:
    sentences = [Sentence("Write to claims@harbour.example.", "supported")]
    assert unnamed_contacts(sentences, [cited(generation, "club.pdf")], generation) == ["claims@harbour.example"]
    both = [cited(generation, "club.pdf"), cited(generation, "form.pdf", 3)]
    assert unnamed_contacts(sentences, both, generation) == []
