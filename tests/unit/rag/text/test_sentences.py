"""Sentence segmentation of text from PDFs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.sentences import line_spans, sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


marks = st.sampled_from(
    [".", "!", "?", '."', ".)", "\n", "\n\n", "\n\n\n", " ", "  ", "Dr.", "e.g.", "A.", "3.5", "’s"]
)
texts = st.lists(st.one_of(marks, st.text("abAZ é漢😀0", min_size=1, max_size=6)), max_size=40).map("".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("One is. Two is! Is three?", ["One is.", "Two is!", "Is three?"], id="full stops"),
        pytest.param("No full stop", ["No full stop"], id="without full stop"),
        pytest.param("Ask Dr. Weber. He knows.", ["Ask Dr. Weber.", "He knows."], id="Dr."),
        pytest.param("Tools, e.g. a saw, help.", ["Tools, e.g. a saw, help."], id="e.g."),
        pytest.param("See Fig. 3 and p. 4. Then go.", ["See Fig. 3 and p. 4.", "Then go."], id="Fig. and p."),
        pytest.param("(cf. Sec. 2) It holds.", ["(cf. Sec. 2) It holds."], id="after a bracket"),
        pytest.param("J. R. Smith built it. It runs.", ["J. R. Smith built it.", "It runs."], id="initials"),
        pytest.param("It is 3.5 m long. It fits.", ["It is 3.5 m long.", "It fits."], id="decimal"),
        pytest.param("Visit pump.example.org today. Now.", ["Visit pump.example.org today.", "Now."], id="inner dots"),
        pytest.param('He said "stop." Then he left.', ['He said "stop."', "Then he left."], id="quotes"),
        pytest.param("It is “so.” (Really.) Yes.", ["It is “so.”", "(Really.)", "Yes."], id="curly quotes, bracket"),
        pytest.param("A title\n\nThe text.", ["A title", "The text."], id="blank line"),
        pytest.param("A title\n\n\n\nThe text.", ["A title", "The text."], id="many blank lines"),
        pytest.param("The line is\nfull. So\nis this.", ["The line is\nfull.", "So\nis this."], id="soft line breaks"),
        pytest.param("See Fig.\n\nNext part.", ["See Fig.", "Next part."], id="abbreviation before a blank line"),
        pytest.param("What?! Yes... No.", ["What?!", "Yes...", "No."], id="several marks"),
        pytest.param("  \n Padded.  \n\n ", ["Padded."], id="white space around"),
        pytest.param("The Idr. ended. So.", ["The Idr.", "ended.", "So."], id="ends like an abbreviation"),
        pytest.param("", [], id="empty"),
        pytest.param(" \n\n ", [], id="only white space"),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(texts)
def test_spans_are_in_order_and_disjoint(text: str) -> None:
    last = 0
    for start, end in sentence_spans(text):
        assert last <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        last = end


@given(texts)
def test_only_white_space_is_outside_of_sentences(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@given(texts)
def test_no_sentence_runs_over_a_blank_line(text: str) -> None:
    assert not any("\n\n" in sentence for sentence in sentences(text))


@given(texts, st.data())
def test_lines(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = [text[a:b] for a, b in line_spans(text, start, end)]
    assert found == [line.strip() for line in text[start:end].split("\n") if line.strip()]
    assert all(start <= a < b <= end for a, b in line_spans(text, start, end))
