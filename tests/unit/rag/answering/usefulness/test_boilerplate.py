"""Boilerplate in the evidence."""

from __future__ import annotations

import pytest

from rag.answering.usefulness.boilerplate import is_about_itself, is_boilerplate
from rag.text.words import words


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        pytest.param("© 2024 The Cooperative.", "How often is it cleaned?", True, id="sign"),
        pytest.param("All rights reserved.", "What rights do members have?", False, id="asked for by one word"),
        pytest.param("All Rights Reserved.", "How often is it cleaned?", True, id="any case"),
        pytest.param(
            "This document contains information generated using a language model.", "Summarise it", True, id="origin"
        ),
        pytest.param("It is for informational purposes only.", "Summarise it", True, id="purpose"),
        pytest.param("It is only for demonstration purposes.", "Summarise it", True, id="demonstration"),
        pytest.param("This does not reflect the opinions of the maker.", "Summarise it", True, id="opinions"),
        pytest.param("The maker makes no representations of any kind.", "Summarise it", True, id="representations"),
        pytest.param("The seller makes the representations below.", "Summarise it", False, id="clause of a contract"),
        pytest.param("For more information, call 13 11 20.", "Summarise it", True, id="further information"),
        pytest.param("If you or your family have any questions, call us.", "Summarise it", True, id="questions"),
        pytest.param("Unfamiliar terms are explained in the glossary.", "Summarise it", True, id="glossary"),
        pytest.param("This is no legal advice.", "Where do I get legal advice?", False, id="asked for"),
        pytest.param("Prices may change without notice.", "How long is the notice period?", False, id="notice"),
        pytest.param("Dear members, this was a good year.", "Sum up the year.", True, id="salutation"),
        pytest.param("Thank you for choosing us!", "Which plan is it?", True, id="thanks"),
        pytest.param("Thank you for buying this fridge.", "Summarise it", True, id="thanks for buying"),
        pytest.param("Lid and Valve are trademarks of the maker.", "Summarise it", True, id="trademarks"),
        pytest.param("Indicate by check mark whether it files.", "Summarise it", True, id="form"),
        pytest.param("No part of this may be reproduced in any form.", "Summarise it", True, id="no copies"),
        pytest.param("They have asked for confidential treatment.", "Summarise it", True, id="confidential"),
        pytest.param("If you still have questions, call us.", "How do I appeal?", True, id="further questions"),
        pytest.param("If you have a lamp, clean it.", "How do I appeal?", False, id="condition"),
        pytest.param("Welcome to the yard!", "What is it about?", True, id="greeting"),
        pytest.param("Guests are welcome to the yard on Sundays.", "When is it open?", False, id="who is welcome"),
        pytest.param("We look forward to welcoming you.", "What is it about?", True, id="farewell"),
        pytest.param("Please read it carefully.", "What is it about?", True, id="request to read"),
        pytest.param("All names are the property of their respective holders.", "Sum it up.", True, id="trademarks"),
        pytest.param("We hope that this was helpful.", "How do they differ?", True, id="closing"),
        pytest.param("The model is cleaned with water.", "How often is it cleaned?", False, id="text"),
    ],
)
def test_is_boilerplate(text: str, question: str, *, expected: bool) -> None:
    assert is_boilerplate(text, frozenset(words(question))) == expected


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        pytest.param("This handbook was adopted in May.", "What does the handbook offer parents?", True, id="adopted"),
        pytest.param("It holds for every member.", "What does the handbook offer parents?", True, id="it"),
        pytest.param("They supersede the 2023 edition.", "How do I claim?", True, id="terms"),
        pytest.param("This policy applies to all employees.", "How do I report fraud?", True, id="scope"),
        pytest.param("It supersedes the old one.", "Which edition does it supersede?", False, id="asked for"),
        pytest.param("It does not assume any training.", "Who may work alone?", True, id="denied"),
        pytest.param("It applies to all.", "Who does it apply to?", False, id="asked for with another ending"),
        pytest.param("When was it adopted?", "When was the handbook adopted?", False, id="other words"),
        pytest.param("This contract is void after a year.", "How long is it valid?", False, id="a clause"),
        pytest.param("This pump is cleaned with water.", "How is it cleaned?", False, id="another thing"),
    ],
)
def test_is_about_itself(text: str, question: str, *, expected: bool) -> None:
    assert is_about_itself(text, frozenset(words(question))) == expected
