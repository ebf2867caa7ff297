"""Query understanding as a whole: form, parts, searches, replies and notes of a question."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.domain.values import Form, Question, Turn
from rag.errors import Cancelled
from rag.index.generation import Generation
from rag.query.types import UnderstoodQuestion
from rag.query.understand import understand
from rag.runtime.cancellation import Cancellation
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.unit.rag.query.library import Written, library_of

DOCUMENTS = {
    "terms_2023.pdf": Written(["# Theft\nThe warranty covers theft until 2024."], title="Terms 2023"),
    "terms_2025.pdf": Written(["# Theft\nThe warranty covers theft. The KX-20 costs 35 euros."], title="Terms 2025"),
    "guide.pdf": Written(
        ["Preface of the guide.", "Ropes are checked weekly."],
        title="Mooring guide",
        author="Ada Quill",
        labels=("i", "1"),
    ),
}


@pytest.fixture(scope="module")
def generation() -> Iterator[Generation]:
    with library_of(DOCUMENTS) as generation:
        yield generation


def understood(text: str, generation: Generation, *history: Turn, reply: str = "never") -> UnderstoodQuestion:
    model = ScriptedModel([reply])
    return understand(Question(text, history=history), generation, model, BagOfWordsEncoder(), Cancellation())


class CancelledAt(Cancellation):
    """Is cancelled when it is checked for the n-th time."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self.left = place

    def check(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.cancel()
        super().check()


# The checks of a question with an unknown word and an unknown identifier; none of its steps is long.
@pytest.mark.parametrize("place", range(1, 9))
def test_is_cancelled_between_its_steps(generation: Generation, place: int) -> None:
    question = Question("What does the warrenty of the KX-30 cost?")
    model, encoder = ScriptedModel(["never"]), BagOfWordsEncoder()
    with pytest.raises(Cancelled):
        understand(question, generation, model, encoder, CancelledAt(place))


def test_of_a_long_text_the_beginning_and_the_end_are_read(generation: Generation) -> None:
    story = "The sea was calm and the wind was low. " * 60
    found = understood(f"{story}How much does the KX-30 cost, and who checks the ropes?", generation)
    assert found.form == "parts"
    assert found.unknown_identifiers
    one, other = found.parts
    assert one.startswith("How much does the KX-30 cost")
    assert other.startswith("who checks the ropes")
    assert found.standalone.text.count("calm") == 60
    assert story in found.searches[0].text


def test_one_question_in_a_long_text_is_the_text(generation: Generation) -> None:
    text = "Does the warranty cover theft? " + "The sea was calm and the wind was low. " * 60
    found = understood(text, generation)
    assert (found.form, found.parts) == ("yes_no", (text,))


@pytest.mark.parametrize(
    ("text", "form", "reason"),
    [
        ("thanks, that was very helpful!", "chat", "not_a_question"),
        ("Translate the terms into German", "chat", "not_possible"),
        ("What documents do I have?", "collection", None),
        ("Who wrote the guide?", "collection", None),
        ("Which documents mention Quist?", "collection", "not_in_documents"),
        ("Summarise chapter 7 of the guide", "chat", "section_unknown"),
    ],
)
def test_replies_without_a_search(generation: Generation, text: str, form: Form, reason: str | None) -> None:
    found = understood(text, generation)
    assert found.reply
    assert (found.form, found.reply.form, found.reply.reason) == (form, form, reason)
    assert (found.searches, found.passages, found.parts) == ((), (), (text,))


def test_a_page_by_its_printed_number(generation: Generation) -> None:
    found = understood("What is on page 1 of the guide?", generation)
    assert (found.form, found.reply) == ("overview", None)
    assert [passage.chunk.text for passage in found.passages] == ["Ropes are checked weekly."]
    assert found.scope_note == "The page with the printed number 1 is page 2 of the file."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("What does the lid cost?", (), id="a question"),
        pytest.param("What does the lid cost? Who sells it?", (), id="two questions"),
        pytest.param("We are away in May. What does it cost?", ("What does it cost?",), id="after a statement"),
        pytest.param("I lost my lid. List all spare parts.", ("List all spare parts.",), id="an order"),
        pytest.param(
            "My lid broke. How do I get one? Is it free? Who sends it?",
            ("How do I get one?", "Is it free?"),
            id="at most two",
        ),
        pytest.param("The lid is blue.", (), id="no question"),
    ],
)
def test_questions_beside_what_is_told(generation: Generation, text: str, expected: tuple[str, ...]) -> None:
    assert understood(text, generation).bare_questions == expected


def test_the_author_that_no_property_names_is_searched_for(generation: Generation) -> None:
    found = understood("Who wrote the terms 2023?", generation)
    assert (found.form, found.reply) == ("fact", None)
    assert [search.text for search in found.searches] == ["Who wrote the terms 2023?"]


def test_a_comparison_searches_both_sides_and_the_whole(generation: Generation) -> None:
    text = "What is the difference between the 2023 terms and the 2025 terms?"
    found = understood(text, generation)
    assert found.form == "comparison"
    assert [search.documents for search in found.searches] == [("terms_2023.pdf",), ("terms_2025.pdf",), ()]
    assert found.searches[-1].text == text


def test_parts_are_searched_for_with_the_whole(generation: Generation) -> None:
    found = understood("What does the warranty cover, and how much is the KX-20?", generation)
    assert found.form == "parts"
    assert found.parts == ("What does the warranty cover?", "how much is the KX-20?")
    assert [search.text for search in found.searches] == [found.asked.text, *found.parts]


def test_the_subject_of_a_request_is_searched_for(generation: Generation) -> None:
    found = understood("Make a list of all ropes of the KX-20.", generation)
    assert found.form == "list"
    assert [search.text for search in found.searches] == ["ropes of the KX-20"]
    assert found.standalone.text == "Make a list of all ropes of the KX-20."


def test_there_are_at_most_four_searches(generation: Generation) -> None:
    text = "Who pays, when is it due, how much is the rope, where is it sold and how long is it?"
    found = understood(text, generation)
    assert len(found.parts) == 5
    assert len(found.searches) == 4
    assert found.parts[3] in found.searches[-1].text
    assert found.parts[4] in found.searches[-1].text


def test_what_cannot_be_done_is_left_out_and_said(generation: Generation) -> None:
    found = understood("What does the warranty cover? Translate it into German.", generation)
    assert found.reply is None
    assert found.parts == ("What does the warranty cover?",)
    assert found.scope_note == "I cannot translate."


def test_details_of_the_question(generation: Generation) -> None:
    found = understood("Give me price and weight of every KX-50 that is still sold.", generation)
    assert found.form == "table"
    assert found.attributes == ("price", "weight")
    assert [each.statement() for each in found.unknown_identifiers] == ["No document mentions KX-50; there is KX-20."]
    assert found.needs_today
    assert not understood("What does the warranty cover?", generation).needs_today


def test_a_follow_up_knows_the_documents_of_the_conversation(generation: Generation) -> None:
    turn = Turn("What does the Mooring guide say of ropes?", "Ropes are checked weekly.")
    found = understood("And how often are they replaced?", generation, turn, reply="How often are ropes replaced?")
    assert found.prior_documents == ("guide.pdf",)
    assert found.standalone.text == "How often are ropes replaced (the Mooring guide)?"
    assert found.asked.text == "And how often are they replaced?"
    assert found.usage.completion_tokens


def test_it_is_the_document_of_the_conversation(generation: Generation) -> None:
    turn = Turn("What does the Mooring guide say of ropes?", "Ropes are checked weekly.")
    found = understood("How many pages does it have?", generation, turn, reply="How many pages does it have?")
    assert found.reply
    assert found.reply.text == "Mooring guide (guide.pdf) has 2 pages."


def test_misspelt_words_are_corrected_for_the_search_only(generation: Generation) -> None:
    class Speller(BagOfWordsEncoder):
        def count_tokens(self, text: str) -> int:
            return 2 if text == "warrenty" else 1

    question = Question("What does the warrenty cover?")
    found = understand(question, generation, ScriptedModel(["never"]), Speller(), Cancellation())
    assert found.standalone.text == question.text
    assert found.searches[0].text == "What does the warranty cover?"
