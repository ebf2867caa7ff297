"""Requests that cannot be carried out are refused by name; what can be answered is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.query.capabilities import impossible_request


@pytest.mark.parametrize(
    ("text", "action", "topic"),
    [
        ("Translate the privacy notice of Orrin into German", "translate", "the privacy notice of Orrin"),
        ("Can you translate this?", "translate", ""),
        ("Give me a translation of chapter 2 in French, please", "translate", "chapter 2"),
        ("How do you say mooring in Spanish?", "translate", "mooring"),
        ("Write an email to Ada about the lease", "write texts of my own", "Ada about the lease"),
        ("write me a short poem about kilns", "write texts of my own", "kilns"),
        ("Could you draft a letter of complaint?", "write texts of my own", "complaint"),
        ("Tell me a joke", "write texts of my own", ""),
        ("write python code for sorting berths", "write texts of my own", "sorting berths"),
        ("Draw a chart of the monthly sales", "draw", "the monthly sales"),
        ("create slides about safety", "draw", "safety"),
        ("Search the web for kiln prices", "look anything up on the internet", ""),
        ("Google the price of oak", "look anything up on the internet", ""),
        ("Calculate the sum of all invoices", "calculate", "invoices"),
        ("add up the fees of 2023", "calculate", "fees of 2023"),
        ("Send the report to Ada", "send or change anything", ""),
        ("Remind me to pay the rent", "send or change anything", ""),
        ("please delete the old lease", "send or change anything", ""),
    ],
)
def test_refused(text: str, action: str, topic: str) -> None:
    found = impossible_request(text)
    assert found is not None
    about = f" about {topic}" if topic else ""
    assert found.text == f"I cannot {action}. I can show what the documents say{about}."
    assert (found.reason, found.form) == ("not_possible", "chat")


@pytest.mark.parametrize(
    "text",
    [
        "Make a table of the firing temperatures",
        "Write a summary of chapter 3",
        "Create an overview of the lease",
        "How do I write an email to the board?",
        "Who translates the minutes?",
        "Is the manual translated into French?",
        "What is the sum of all invoices?",
        "Find the web address of the office",
        "Tell me the story of how the yard was founded",
        "Give me the code of the door",
        "Calculate the difference between the two tariffs",
        "Show me the diagram on page 4",
        "book prices",
        "How do I send a parcel?",
        "translation costs",
        "What does the lease say, and translate it into French",
        "",
    ],
)
def test_not_refused(text: str) -> None:
    assert impossible_request(text) is None


@given(st.text(max_size=200))
def test_accepts_any_text(text: str) -> None:
    impossible_request(text)
