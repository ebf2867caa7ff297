"""List parsing: the styles of lists that documents use, nested ones, page breaks, and hostile text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.structure.lists import TextList, find_lists
from tests.complexity import assert_linear

FULL = "of the pump with the key that hangs beside the door of the engine room"


def bodies(text: str, found: TextList) -> list[str]:
    return [" ".join(text[item.body : item.end].split()) for item in found.items]


def ordinals(found: TextList) -> list[int | None]:
    return [item.ordinal for item in found.items]


def levels(found: TextList) -> list[int]:
    return [item.level for item in found.items]


def only(text: str, fewest: int = 2) -> TextList:
    (found,) = find_lists(text, fewest=fewest)
    return found


class TestStyles:
    @pytest.mark.parametrize(
        ("markers", "numbers"),
        [
            pytest.param(["•", "•", "•"], [None] * 3, id="bullets"),
            pytest.param(["-", "–", "—"], [None] * 3, id="dashes"),
            pytest.param(["*", "*", "*"], [None] * 3, id="stars"),
            pytest.param(["▪", "▪", "▪"], [None] * 3, id="squares"),
            pytest.param(["☐", "☐", "☐"], [None] * 3, id="checkboxes"),
            pytest.param(["$\\rightarrow$"] * 3, [None] * 3, id="arrows as LaTeX"),
            pytest.param(["1.", "2.", "3."], [1, 2, 3], id="1."),
            pytest.param(["1)", "2)", "3)"], [1, 2, 3], id="1)"),
            pytest.param(["(1)", "(2)", "(3)"], [1, 2, 3], id="(1)"),
            pytest.param(["9.", "10.", "11."], [9, 10, 11], id="two digits, from the page before"),
            pytest.param(["a)", "b)", "c)"], [1, 2, 3], id="a)"),
            pytest.param(["(a)", "(b)", "(c)"], [1, 2, 3], id="(a)"),
            pytest.param(["a.", "b.", "c."], [1, 2, 3], id="a."),
            pytest.param(["A.", "B.", "C."], [1, 2, 3], id="A."),
            pytest.param(["(A)", "(B)", "(C)"], [1, 2, 3], id="(A)"),
            pytest.param(["i)", "ii)", "iii)"], [1, 2, 3], id="i)"),
            pytest.param(["(i)", "(ii)", "(iii)"], [1, 2, 3], id="(i)"),
            pytest.param(["viii)", "ix)", "x)"], [8, 9, 10], id="roman, from the page before"),
            pytest.param(["(h)", "(i)", "(j)"], [8, 9, 10], id="the letter i"),
            pytest.param(["Step 1:", "Step 2:", "Step 3:"], [1, 2, 3], id="Step 1:"),
            pytest.param(["Step 1 –", "Step 2 –", "Step 3 –"], [1, 2, 3], id="Step 1 –"),
            pytest.param(["STEP 1", "STEP 2", "STEP 3"], [1, 2, 3], id="STEP 1"),
        ],
    )
    def test_markers(self, markers: list[str], numbers: list[int | None]) -> None:
        names = ["Open the lid.", "Drain the oil.", "Close the lid."]
        text = "Do this:\n" + "\n".join(f"  {marker} {name}" for marker, name in zip(markers, names, strict=True))
        found = only(text)
        assert bodies(text, found) == names
        assert ordinals(found) == numbers
        assert levels(found) == [0, 0, 0]
        assert found.is_numbered == (numbers[0] is not None)
        assert found.intro
        assert text[slice(*found.intro)] == "Do this:"

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("2024. It rained.\n2025. It snowed.", id="years"),
            pytest.param("1.5 litres\n2.5 litres", id="decimals"),
            pytest.param("3M COMPANY\n3M Center", id="a name"),
            pytest.param("see\np. 12 and\np. 13 of it", id="pages"),
            pytest.param("—\n—\n—", id="empty cells"),
            pytest.param("- \n- ", id="markers without a text"),
            pytest.param("A. Smith", id="an initial"),
            pytest.param("Brown\nv. Smith", id="two parties"),
            pytest.param("(871) shares\n(876) shares", id="amounts"),
            pytest.param("The pump is blue.\nIt is new.", id="sentences"),
            pytest.param("", id="empty"),
        ],
    )
    def test_no_list(self, text: str) -> None:
        assert find_lists(text, fewest=1) == []

    def test_a_single_item(self) -> None:
        text = "8. Close the lid.\n\nCare\nWipe it."
        assert find_lists(text) == []
        assert bodies(text, only(text, fewest=1)) == ["Close the lid."]

    def test_markers_in_lines_of_their_own(self) -> None:
        text = "1.\nOpen the lid.\n2.\nClose the lid.\n•\nWipe it."
        assert bodies(text, only(text)) == ["Open the lid.", "Close the lid.", "Wipe it."]


class TestItems:
    def test_a_full_line_goes_on(self) -> None:
        text = f"1. Open the valve {FULL}\nBittern and turn it.\n2. Close it."
        assert bodies(text, only(text)) == [f"Open the valve {FULL} Bittern and turn it.", "Close it."]

    def test_a_line_that_begins_in_lower_case_belongs_to_the_one_above(self) -> None:
        text = f"{FULL} is {FULL}.\n• Open the\nvalve.\n• Close it."
        assert bodies(text, only(text)) == ["Open the valve.", "Close it."]

    @pytest.mark.parametrize(
        ("first", "expected"),
        [
            pytest.param("Foundation and", "Foundation and Masters", id="and"),
            pytest.param("Entwurf und", "Entwurf und Masters", id="und"),
            pytest.param("Foundation", "Foundation", id="a whole item"),
            pytest.param("the goods; and", "the goods; and", id="the last but one of a contract"),
            pytest.param("plan A", "plan A", id="a letter that is a name"),
        ],
    )
    def test_a_line_that_ends_with_a_joining_word_goes_on(self, first: str, expected: str) -> None:
        text = f"We offer courses {FULL}:\n- {first}\nMasters\n- English"
        assert bodies(text, find_lists(text, fewest=1)[0])[0] == expected

    def test_a_short_line_ends_an_item(self) -> None:
        text = f"{FULL} is {FULL}.\n• Open it.\n• Close it.\nThe pump is blue."
        assert bodies(text, only(text)) == ["Open it.", "Close it."]

    def test_a_line_is_full_in_a_column_that_is_narrower_than_the_page(self) -> None:
        wide = "The whole width of the page is used by this line and by others that are as long as it is."
        item = "C. Payments for loss covered under Collision,\nOther Than Collision, and Custom Parts are\ndivided so:"
        text = f"A. {wide}\n\nB. {wide}\n\n{item}\n\n{wide}"
        assert bodies(text, only(text))[2] == " ".join(item[3:].split())

    def test_a_title_is_not_full_beside_the_text_below_it(self) -> None:
        text = "1. Send it\nPut all of it into the box that it came in.\nThe box is sent by post.\n\n2. Wait"
        assert bodies(text, only(text)) == ["Send it", "Wait"]

    def test_a_blank_line_ends_an_item(self) -> None:
        text = "• Open it.\n• Close it\n\nand wait."
        assert bodies(text, only(text)) == ["Open it.", "Close it"]

    def test_blank_lines_between_items(self) -> None:
        text = "• Open it.\n\n• Close it.\n \n• Wait."
        assert bodies(text, only(text)) == ["Open it.", "Close it.", "Wait."]

    @pytest.mark.parametrize("between", ["OR", "Note: the valve is hot.", "Figure 3. The valve.\n\nIt is hot."])
    def test_text_between_numbered_items(self, between: str) -> None:
        text = f"1. Open it.\n{between}\n2. Close it.\n3. Wait."
        assert ordinals(only(text)) == [1, 2, 3]

    def test_text_between_bullets_begins_another_list(self) -> None:
        text = "• Open it.\n• Close it.\nThe other pump:\n• Lift it.\n• Drop it."
        assert [len(found.items) for found in find_lists(text)] == [2, 2]

    def test_a_marker_that_was_not_read(self) -> None:
        text = "1. Open it.\n2. Close it. 3. Wait.\n4. Read the gauge."
        assert ordinals(only(text)) == [1, 2, 4]

    def test_numbers_that_begin_again_are_another_list(self) -> None:
        text = "1. Open it.\n2. Close it.\n1. Lift it.\n2. Drop it."
        assert [ordinals(found) for found in find_lists(text)] == [[1, 2], [1, 2]]

    def test_what_stands_apart_is_no_item_and_ends_one(self) -> None:
        text = f"1. Scope\n1. Open the valve {FULL}\n2. Care\n2. Close it."
        headings = [(text.index(name) - 3, text.index(name) + len(name)) for name in ("Scope", "Care")]
        (found,) = find_lists(text, apart=headings[::-1])
        assert bodies(text, found) == [f"Open the valve {FULL}", "Close it."]


class TestNested:
    @pytest.mark.parametrize(
        ("lines", "depths"),
        [
            pytest.param(["1. A", "a) B", "b) C", "2. D"], [0, 1, 1, 0], id="letters in numbers"),
            pytest.param(["1. A", "• B", "• C", "2. D"], [0, 1, 1, 0], id="bullets in numbers"),
            pytest.param(["• A", "– B", "– C", "• D"], [0, 1, 1, 0], id="dashes in bullets"),
            pytest.param(["(a) A", "(i) B", "(ii) C", "(b) D"], [0, 1, 1, 0], id="roman in letters"),
            pytest.param(["(h) A", "(i) B", "(j) C"], [0, 0, 0], id="the letter i is no roman number"),
            pytest.param(["1. A", "a) B", "• C", "b) D", "2. E", "a) F"], [0, 1, 2, 1, 0, 1], id="three levels"),
            pytest.param(["c) A", "d) B", "3. C", "a) D"], [1, 1, 0, 1], id="the outer list is from the page before"),
            pytest.param(["• A", "• B", "4. C", "5. D"], [1, 1, 0, 0], id="bullets of a step on the page before"),
        ],
    )
    def test_nested_lists_are_flattened_with_their_levels(self, lines: list[str], depths: list[int]) -> None:
        text = "\n".join(lines)
        found = only(text)
        assert bodies(text, found) == [line.split()[1] for line in lines]
        assert levels(found) == depths

    def test_bullets_below_a_note(self) -> None:
        text = f"{FULL}\n1. A\nNote:\n• B\n• C\n2. D"
        found = only(text)
        assert bodies(text, found) == ["A", "B", "C", "D"]
        assert levels(found) == [0, 1, 1, 0]

    def test_bullets_after_the_end_of_a_numbered_list(self) -> None:
        text = "1. A\n2. B\nThe pump:\n• C\n• D"
        assert [bodies(text, found) for found in find_lists(text)] == [["A", "B"], ["C", "D"]]


class TestPageBreak:
    @pytest.mark.parametrize(
        ("page", "following", "expected"),
        [
            pytest.param("1. A\n2. B", "3. C\n4. D", True, id="numbers"),
            pytest.param("1. A\n2. B", "1. C\n2. D", False, id="numbers that begin again"),
            pytest.param("1. A\n2. B", "3) C\n4) D", False, id="another style"),
            pytest.param("• A\n• B", "• C", True, id="bullets"),
            pytest.param("• A\n• B", "▪ C", False, id="other bullets"),
            pytest.param("1. A\na) B\nb) C", "c) D\n2. E", True, id="a nested list"),
            pytest.param("1. A\na) B\nb) C", "2. E", True, id="the outer list"),
            pytest.param("1. A\n2. B", "• C\n• D\n3. E", True, id="bullets of the last item"),
            pytest.param("1. A\n2. B", "• C\n• D\n5. E", False, id="bullets and another number"),
        ],
    )
    def test_goes_on(self, page: str, following: str, expected: bool) -> None:
        assert only(page).goes_on_in(only(following, fewest=1)) is expected


markers = st.sampled_from(
    ["1. ", "2. ", "3) ", "(a) ", "b. ", "(ii) ", "• ", "- ", "Step 2: ", "A. ", "•\n", "(iv) ", ""]
)
words = st.sampled_from(["Open it.", "close", "\n", "\n\n", " ", FULL, "x:", "漢字", "\t", "1.", "\r\n"])
texts = st.lists(st.tuples(markers, words, st.sampled_from(["\n", "\n\n", " "])).map("".join), max_size=40).map("".join)


@given(texts, st.integers(1, 3), st.lists(st.integers(0, 300), unique=True, max_size=8).map(sorted))
def test_items_are_verbatim_and_in_order(text: str, fewest: int, cuts: list[int]) -> None:
    apart = list(zip(cuts[::2], cuts[1::2], strict=False))
    found = find_lists(text, fewest=fewest, apart=apart)
    items = [item for each in found for item in each.items]
    before = 0
    for item in items:
        assert before <= item.start < item.body < item.end <= len(text)
        assert text[item.start : item.end] == text[item.start : item.end].strip()
        assert text[item.body : item.end].strip()
        assert not any(start < item.end and item.start < end for start, end in apart)
        assert item.level >= 0
        before = item.end
    for each in found:
        assert len(each.items) >= fewest
        if each.intro:
            assert each.intro[0] < each.intro[1] <= each.start
            assert text[slice(*each.intro)].strip() == text[slice(*each.intro)]


@given(st.integers(2, 30), st.sampled_from(["{}. ", "{}) ", "({}) ", "Step {}: "]), st.integers(1, 60))
def test_every_item_of_a_numbered_list_is_found(count: int, marker: str, first: int) -> None:
    numbers = list(range(first, first + count))
    found = only("\n".join(f"{marker.format(number)}Item of number {number}." for number in numbers))
    assert ordinals(found) == numbers


HOSTILE: dict[str, Callable[[int], str]] = {
    "items": lambda size: "- a\n" * (size // 4),
    "numbers that begin again": lambda size: "1. a\n" * (size // 5),
    "numbers in order": lambda size: "".join(f"{n % 100}. a\n" for n in range(size // 6)),
    "two styles in turn": lambda size: "5. a\n7) b\n" * (size // 10),
    "all styles in turn": lambda size: "5. a\n7) b\n(9) c\n• d\ne) f\n(vi) g\nStep 7 h\n" * (size // 45),
    "lists in lists": lambda size: ("1. a\nNote\n" * 60 + "2. b\n" * 60) * (size // 900),
    "amounts": lambda size: "1. a\n" + "(871) x\n" * (size // 8),
    "full lines": lambda size: "1. a\n" + ("B" * 40 + ".\n") * (size // 42),
    "short full lines": lambda size: "1. a\n" + "Bc\n" * (size // 3),
    "lines that go on": lambda size: "1. a\n" + "b\n" * (size // 2),
    "markers alone": lambda size: "•\n" * (size // 2),
    "one line": lambda size: "1. " * (size // 3),
    "blanks": lambda size: "1. " + " \t" * (size // 2),
    "blank lines": lambda size: "1. a\n" + "\n" * size + "2. b",
    "opening brackets": lambda size: "(" * size,
    "digits": lambda size: "1" * size + ". a",
    "roman digits": lambda size: "ivx" * (size // 3),
}


# Characters, where an item takes longer than copying a hundred thousand of them.
SIZES = dict.fromkeys(
    [
        "items",
        "numbers that begin again",
        "two styles in turn",
        "all styles in turn",
        "lists in lists",
        "markers alone",
    ],
    30_000,
)


@pytest.mark.parametrize("name", HOSTILE)
def test_time_is_linear(name: str) -> None:
    def prepare(size: int) -> Callable[[], object]:
        text = HOSTILE[name](size)
        return lambda: find_lists(text, fewest=1)

    assert_linear(prepare, SIZES.get(name, 100_000), growth=2.5)


def test_time_is_linear_with_many_headings() -> None:
    def prepare(size: int) -> Callable[[], object]:
        text = "1. a\n" * (size // 5)
        headings = [(start, start + 4) for start in range(0, len(text), 10)]
        return lambda: find_lists(text, fewest=1, apart=headings)

    assert_linear(prepare, 30_000, growth=2.5)
