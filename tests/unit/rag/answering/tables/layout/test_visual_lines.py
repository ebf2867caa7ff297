"""Visual lines and their cells."""

from __future__ import annotations

from rag.answering.tables.layout.visual_lines import visual_lines
from rag.domain.values import Box, Word
from tests.unit.rag.answering.tables.pages import drawn


def cells(lines: str) -> list[list[str]]:
    return [[cell.text for cell in line.cells] for line in visual_lines(*drawn(lines))]


def test_cells_are_between_wide_gaps() -> None:
    assert cells("Alder Street   1921   20") == [["Alder Street", "1921", "20"]]


def test_sign_far_from_its_number_belongs_to_it() -> None:
    assert cells("Sales   $        39,669   (393   )") == [["Sales", "$ 39,669", "(393 )"]]


def test_offsets_are_those_of_the_text() -> None:
    text, words = drawn("Sales   $   39,669\nCost   5")
    for line in visual_lines(text, words):
        for cell in line.cells:
            assert text[cell.start : cell.end] == cell.text


def test_word_broken_at_a_line_end_begins_a_new_line() -> None:
    """The text has no newline where a hyphen was left out, but the box is below."""
    words = [Word(0, 5, Box(0, 0, 25, 10)), Word(5, 9, Box(0, 12, 20, 22))]
    assert [line.text for line in visual_lines("brandname", words)] == ["brand", "name"]


def test_list_marker_makes_no_row() -> None:
    (line,) = visual_lines(*drawn("1.   Lock off with the red key"))
    assert not line.tabular


def test_words_outside_the_text_are_left_out() -> None:
    assert visual_lines("ab", [Word(0, 2, Box(0, 0, 5, 5)), Word(3, 9, Box(9, 0, 15, 5))])[0].text == "ab"


def test_a_row_with_cells_of_several_lines_is_one_line() -> None:
    # Drawn cell by cell: "Pump", then two lines beside it, then "4" beside both.
    boxes = [Box(0, 6, 20, 16), Box(40, 0, 60, 10), Box(63, 0, 80, 10), Box(40, 12, 70, 22), Box(100, 6, 105, 16)]
    text, words = "Pump look at it 4", []
    for box, word in zip(boxes, text.split(), strict=True):
        words.append(Word(text.index(word), text.index(word) + len(word), box))
    (line,) = visual_lines(text, words)
    assert line.wrapped
    assert [cell.text for cell in line.cells] == ["Pump", "look at it", "4"]


def test_a_word_broken_in_running_text_is_in_two_lines() -> None:
    words = [Word(0, 3, Box(0, 0, 30, 10)), Word(4, 7, Box(40, 0, 70, 10)), Word(7, 10, Box(0, 12, 30, 22))]
    assert [line.text for line in visual_lines("the wordso", words)] == ["the wor", "dso"]
