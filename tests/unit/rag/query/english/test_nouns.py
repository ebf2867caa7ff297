"""Heads of noun phrases, and their number."""

from __future__ import annotations

import pytest

from rag.query.english.nouns import head_of, is_plural


@pytest.mark.parametrize(
    ("phrase", "head"),
    [
        ("services need no permit", "services"),
        ("storage classes does it have", "classes"),
        ("plan covers dental care", "plan"),
        ("the services of a bank", "services"),
        ("incident caused worldwide chaos", "incident"),
        ("spare parts are sold", "parts"),
        ("the chair of the board", "chair"),
        ("of the board", ""),
        ("", ""),
    ],
)
def test_head(phrase: str, head: str) -> None:
    assert head_of(phrase) == head


@pytest.mark.parametrize("noun", ["fees", "classes", "people", "criteria"])
def test_plurals(noun: str) -> None:
    assert is_plural(noun)


@pytest.mark.parametrize("noun", ["fee", "class", "status", "analysis", "hours", "gas", "is", ""])
def test_others(noun: str) -> None:
    assert not is_plural(noun)
