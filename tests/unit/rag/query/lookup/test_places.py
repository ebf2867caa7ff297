"""Places of a subject: its heading before other mentions, printed page numbers, no tables of contents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.domain.values import Question
from rag.index.generation import Generation
from rag.query.collection import collection_reply
from tests.unit.rag.query.library import Written, library_of

GUIDE = Written(
    [
        "Contents\nBlack crusts ..... 1\nOrange crusts ..... 2\nGrey beards 3",
        "# Black crusts\nThe tar lichen is black.",
        "# Orange crusts\nThe sea lichen grows where gulls rest.",
        "# Grey beards\nSea ivory hangs above the orange crusts. A gull rests here.",
    ],
    title="Field Guide",
    labels=["i", "1", "2", "3"],
)


@pytest.fixture(scope="module")
def generation() -> Iterator[Generation]:
    with library_of(
        {"guide.pdf": GUIDE, "diary.pdf": ["On Monday a gull came.", "Nothing.", "Two gulls, and rain."]}
    ) as it:
        yield it


@pytest.mark.parametrize(
    ("text", "items"),
    [
        pytest.param(
            "On which page are the orange crusts described?",
            ["Field Guide (guide.pdf): page 3 (printed 2), as a heading"],
            id="its heading",
        ),
        pytest.param(
            "What page is the tar lichen on?", ["Field Guide (guide.pdf): page 2 (printed 1)"], id="in the text"
        ),
        pytest.param(
            "Which pages mention gulls?",
            ["diary.pdf: pages 1 and 3", "Field Guide (guide.pdf): pages 3 (printed 2) and 4 (printed 3)"],
            id="of several documents",
        ),
        pytest.param(
            "Where in the documents is sea ivory mentioned?",
            ["Field Guide (guide.pdf): page 4 (printed 3)"],
            id="where",
        ),
        pytest.param(
            "On what page can I find the tar lichen?", ["Field Guide (guide.pdf): page 2 (printed 1)"], id="find"
        ),
        pytest.param(
            "What page of the field guide explains sea ivory?",
            ["Field Guide (guide.pdf): page 4 (printed 3)"],
            id="of a document",
        ),
    ],
)
def test_pages(generation: Generation, text: str, items: list[str]) -> None:
    reply = collection_reply(Question(text), generation)
    assert reply is not None
    assert reply.reason is None
    assert [item.text for item in reply.items] == items
    for item in reply.items:
        assert item.passage is not None
        assert item.start < item.end


def test_a_long_list_of_pages_says_how_many_more() -> None:
    with library_of({"log.pdf": ["The whale was seen."] * 15}) as log:
        reply = collection_reply(Question("Which pages mention the whale?"), log)
    assert reply is not None
    assert reply.items[0].text.endswith(", 12 and 3 more")


def test_a_line_that_ends_with_a_number_is_no_contents() -> None:
    with library_of({"log.pdf": ["The number of whales that were seen is 24\nand of seals 3."]}) as log:
        reply = collection_reply(Question("Which pages mention whales?"), log)
    assert reply is not None


@pytest.mark.parametrize(
    ("line", "is_contents"),
    [
        pytest.param("Whales 4", True, id="the subject alone and a number"),
        pytest.param("Whales of the northern shore ..... 4", True, id="a longer title with dots"),
        pytest.param("Whales of the northern shore …… . 4 ", True, id="ellipses for dots"),
        pytest.param("Whales of the northern shore 4", False, id="words between, no dots"),
        pytest.param("Whales of the northern shore... and 4", False, id="dots elsewhere"),
        pytest.param("Whales were seen in 20041", False, id="five digits"),
        pytest.param("Whales" + "." * 300 + "4", False, id="longer than a line"),
    ],
)
def test_lines_of_a_table_of_contents_do_not_count(line: str, is_contents: bool) -> None:
    with library_of({"log.pdf": [f"{line}\nSeals were seen too."]}) as log:
        reply = collection_reply(Question("Which pages mention whales?"), log)
    assert (reply is None) == is_contents


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("On which page are penguins described?", id="nothing has it"),
        pytest.param("What does page 4 say?", id="about a page"),
        pytest.param("Where does the sea lichen grow?", id="about a place"),
    ],
)
def test_others_are_searched_for(generation: Generation, text: str) -> None:
    assert collection_reply(Question(text), generation) is None
