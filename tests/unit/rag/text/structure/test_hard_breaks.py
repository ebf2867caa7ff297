"""Hard line breaks: stacked statements apart, wrapped sentences whole."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.structure.hard_breaks import statements_of_lines


def statements(text: str) -> list[str]:
    return [text[start:end] for start, end in statements_of_lines(text, 0, len(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "Tuesday, 28 April, at 6 pm\nTown Hall, 223 Gates Street\nThe fee of $100 for the year is due by May.",
            [
                "Tuesday, 28 April, at 6 pm",
                "Town Hall, 223 Gates Street",
                "The fee of $100 for the year is due by May.",
            ],
            id="stacked",
        ),
        pytest.param("Leafy vegetables\nRemove the wrapping and trim off what is bruised.", None, id="a title"),
        pytest.param("It is kept by the Ministry of the\nEnvironment, and by the towns.", None, id="wrapped"),
        pytest.param("We met in Ashby, with\nMr Lee of the Cooperative, the Chair of the Board.", None, id="goes on"),
        pytest.param("One, two,\nThree are in the list of the Board of the Cooperative.", None, id="after a comma"),
        pytest.param("one line.", None, id="one line"),
        pytest.param("9, 10 and 11 am\nin the hall of the works, where all of us meet.", None, id="a small letter"),
    ],
)
def test_statements(text: str, expected: list[str] | None) -> None:
    assert statements(text) == (expected or [text])


def test_the_longest_line_of_the_paragraph_tells_the_width() -> None:
    around = "A wide line of the paragraph before, which ends with a stop.\n"
    sentence = "Room 12, on the left\nHarbour office."
    text = f"{around}{sentence}"
    found = [text[start:end] for start, end in statements_of_lines(text, len(around), len(text))]
    assert found == ["Room 12, on the left", "Harbour office."]
    assert statements(sentence) == [sentence]


@given(st.text(alphabet="Ab, .1\n", max_size=120).filter(str.strip))
def test_any_text(text: str) -> None:
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    spans = list(statements_of_lines(text, start, end))
    assert (spans[0][0], spans[-1][1]) == (start, end)
    assert all(not text[one[1] : other[0]].strip() for one, other in pairwise(spans))
