"""Group headings."""

from __future__ import annotations

from rag.answering.tables.grids.group_headings import GroupHeadings


def test_group_without_indents_ends_at_the_next() -> None:
    groups = GroupHeadings()
    groups.enter("A", None)
    assert groups.of(None) == ("A",)
    groups.enter("B", None)
    assert groups.of(None) == ("B",)


def test_headings_in_a_row_are_nested() -> None:
    groups = GroupHeadings()
    groups.enter("A", 10.0)
    groups.enter("B", 20.0)
    assert groups.of(30.0) == ("A", "B")


def test_heading_at_the_same_indent_replaces_after_a_row() -> None:
    groups = GroupHeadings()
    groups.enter("A", 10.0)
    groups.enter("B", 20.0)
    groups.of(30.0)
    groups.enter("C", 20.0)
    assert groups.of(30.0) == ("A", "C")


def test_row_to_the_left_of_indented_rows_has_left_the_group() -> None:
    groups = GroupHeadings()
    groups.enter("A", 10.0)
    assert groups.of(20.0) == ("A",)
    assert groups.of(10.0) == ()


def test_rows_at_the_heading_s_own_indent_stay_in_the_group() -> None:
    groups = GroupHeadings()
    groups.enter("A", 10.0)
    assert [groups.of(10.0), groups.of(10.0)] == [("A",), ("A",)]


def test_leave_and_close() -> None:
    groups = GroupHeadings()
    groups.enter("A", 10.0)
    groups.enter("B", 20.0)
    groups.leave()
    assert groups.of(20.0) == ("A",)
    groups.close()
    assert groups.of(20.0) == ()


def test_at_most_three_are_open() -> None:
    groups = GroupHeadings()
    for depth in range(6):
        groups.enter(str(depth), 10.0 * depth)
    assert groups.of(100.0) == ("3", "4", "5")
