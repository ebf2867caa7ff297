"""Titles in front of a sentence, by example, and no change to any other text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.structure.run_in_titles import with_titles_apart

SENTENCE = "Remove the wrapping, and trim or tear off what is bruised and discolored."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"Leafy vegetables\n{SENTENCE}", f"Leafy vegetables:\n{SENTENCE}", id="one"),
        pytest.param(f"Care\nLEAFY VEGETABLES\n{SENTENCE}", f"Care:\nLEAFY VEGETABLES:\n{SENTENCE}", id="two"),
        pytest.param(f"Care\nREMOVING\nRemove\n{SENTENCE}", SENTENCE, id="that the sentence begins with"),
        pytest.param(f"Care\nRemov\n{SENTENCE}", f"Care:\nRemov:\n{SENTENCE}", id="that it begins with in part"),
        pytest.param(f"Care\nREMOVING: Remove\n{SENTENCE}", SENTENCE, id="with a chapter in front of it"),
        pytest.param(f"We are glad that\n{SENTENCE}", f"We are glad that\n{SENTENCE}", id="a line that goes on"),
        pytest.param(
            f"Die\nSchlüssel verwaltet Frau Petersen im {SENTENCE}", None, id="an article of another language"
        ),
        pytest.param(f"Wash it.\n{SENTENCE}", f"Wash it.\n{SENTENCE}", id="a sentence"),
        pytest.param("Remove the\nwrapping, and trim it with a knife.", None, id="wrapped prose"),
        pytest.param("The new members of Contoso\nElectronics are welcome here.", None, id="lines of one length"),
        pytest.param(SENTENCE, None, id="one line"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_examples(text: str, expected: str | None) -> None:
    assert with_titles_apart(text) == (text if expected is None else expected)


@given(st.text(alphabet="Ab .:\n", max_size=60))
def test_only_colons_are_added_and_titles_left_out(text: str) -> None:
    found, before = (part.replace(":", "").split() for part in (with_titles_apart(text), text))
    assert found == before[len(before) - len(found) :]
    assert set(found) == set(before) or len(found) < len(before)
