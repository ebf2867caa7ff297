"""Pages of a document for a viewer: their sizes and headings, the words of one, and search."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from rag.service.app import create_app
from rag.testing import ScriptedModel
from tests.integration.conftest import make_answerer


@pytest.fixture
def client(index: Path) -> Iterator[TestClient]:
    with TestClient(create_app(lambda: make_answerer(index, ScriptedModel(["Yes."])))) as client:
        yield client


@pytest.fixture
def harbour(client: TestClient) -> str:
    """Path of a document of two pages."""
    documents = client.get("/documents").json()["documents"]
    return next(f"/documents/{each['id']}" for each in documents if each["name"] == "harbour.pdf")


def test_sizes_and_headings_of_all_pages(client: TestClient, harbour: str) -> None:
    told = client.get(f"{harbour}/pages").json()
    assert told["document"] == "harbour.pdf"
    assert [page["page"] for page in told["pages"]] == [1, 2]
    assert [heading["text"] for page in told["pages"] for heading in page["headings"]] == ["Opening hours", "Fees"]
    one = client.get(f"{harbour}/pages/2").json()
    assert {name: told["pages"][1][name] for name in ("width", "height", "label")} == {
        name: one[name] for name in ("width", "height", "label")
    }


def test_words_stand_where_their_boxes_are(client: TestClient, harbour: str) -> None:
    told = client.get(f"{harbour}/pages/2/words").json()
    words = [told["text"][start:end] for start, end, *_ in told["words"]]
    assert " ".join(words) == " ".join(told["text"].split())
    start, end, *box = told["words"][words.index("euros")]
    assert client.get(f"{harbour}/pages/2?start={start}&end={end}").json()["boxes"] == [box]


def test_a_text_is_found_with_its_boxes(client: TestClient, harbour: str) -> None:
    told = client.get(f"{harbour}/search", params={"text": "the  FEE"}).json()
    assert told["total"] == 1
    (found,) = told["found"]
    assert (found["page"], found["text"]) == (2, "the fee")
    assert found["before"].endswith("Electricity is included in ")
    assert found["after"].startswith(".")
    one: dict[str, Any] = client.get(f"{harbour}/pages/2?start={found['start']}&end={found['end']}").json()
    assert found["boxes"] == one["boxes"]


def test_only_the_first_are_told_of_many(client: TestClient, harbour: str) -> None:
    told = client.get(f"{harbour}/search", params={"text": "e"}).json()
    text = "".join(client.get(f"{harbour}/pages/{number}").json()["text"] for number in (1, 2))
    assert told["total"] == len(told["found"]) == text.casefold().count("e") <= 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/documents/0/pages", 404),
        ("/documents/0/pages/1/words", 404),
        ("/documents/0/search?text=a", 404),
        ("{harbour}/pages/9/words", 404),
        ("{harbour}/search", 422),
        ("{harbour}/search?text=", 422),
        (f"{{harbour}}/search?text={'a' * 201}", 422),
    ],
)
def test_what_is_not_there(client: TestClient, harbour: str, path: str, status: int) -> None:
    response = client.get(path.format(harbour=harbour))
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
