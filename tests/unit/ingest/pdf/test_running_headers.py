"""Running headers and footers are found, and body text is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunking import Chunker
from ingest.pdf.lines import Line
from ingest.pdf.page_text import compose_pages
from rag.domain.values import Page
from tests.unit.ingest.pdf.layouts import HEIGHT, LEFT, RIGHT, THIRD, WIDTH, Drawn, draw, line

TEXTS = [" ".join(LEFT), " ".join(RIGHT), " ".join(THIRD)]
SIZES = ["one", "two", "three", "four", "five", "six", "seven", "eight"]


def pages(path: Path, running: Callable[[int], list[Drawn]], count: int = 5, *, last: bool = False) -> tuple[Page, ...]:
    """Pages of prose with running headers drawn before or after it."""
    made = []
    for number in range(1, count + 1):
        start = f"On page {SIZES[number]} there is this."
        prose = [
            (60.0, 700.0 - 14 * row, 10.0, text) for row, text in enumerate([start, *(LEFT, RIGHT, THIRD)[number % 3]])
        ]
        made.append([*prose, *running(number)] if last else [*running(number), *prose])
    return draw(path, *made)


def bodies(found: tuple[Page, ...]) -> list[str]:
    return [page.text[slice(*page.body)] for page in found]


def header(text: str, *, y: float = 800.0, size: float = 9.0) -> list[Drawn]:
    return [(60.0, y, size, text)]


class TestInFiles:
    @pytest.mark.parametrize("last", [False, True])
    def test_headers_come_first_and_footers_last(self, tmp_path: Path, last: bool) -> None:
        found = pages(
            tmp_path / "a.pdf",
            lambda n: [*header("The pump manual"), *header(f"Edition 7, page {n} of 5", y=40)],
            last=last,
        )
        first, second, *_ = found
        assert first.text.startswith("The pump manual\n\nOn page two"), "kept once"
        assert bodies(found)[0] == first.text
        assert second.text.startswith("The pump manual\n\nOn page three")
        assert second.text.endswith("\n\nEdition 7, page 2 of 5")
        for page, body in zip(found[1:], bodies(found)[1:], strict=True):
            assert body.startswith(f"On page {SIZES[page.number]}")
            assert not {"manual", "Edition"} & set(body.split())
            assert [page.text[word.start : word.end] for word in page.words] == page.text.split()

    @pytest.mark.parametrize(
        "number",
        [str, lambda n: f"– {n + 16} –", lambda n: f"Page {n} of 5", lambda n: f"{n}/5", lambda n: "i" * min(n, 3)],
    )
    def test_page_numbers_are_on_no_page_text(self, tmp_path: Path, number: Callable[[int], str]) -> None:
        for body in bodies(pages(tmp_path / "a.pdf", lambda n: header(number(n), y=30))):
            assert body.startswith("On page")
            assert body.split()[-1] in (LEFT[-1].split()[-1], RIGHT[-1].split()[-1], THIRD[-1].split()[-1])

    def test_page_numbers_right_below_the_text(self, tmp_path: Path) -> None:
        found = pages(tmp_path / "a.pdf", lambda n: header(str(n), y=560 - 20 * n), last=True)
        assert not any(body.split()[-1].isdigit() for body in bodies(found))

    def test_left_and_right_pages(self, tmp_path: Path) -> None:
        found = pages(tmp_path / "a.pdf", lambda n: header("The pump" if n % 2 else "A manual for keepers"), 7)
        assert all(body.startswith("On page") for body in bodies(found)[2:])

    def test_a_header_is_no_heading(self, tmp_path: Path) -> None:
        found = pages(tmp_path / "a.pdf", lambda _: header("The pump manual", size=16))
        assert [page.headings for page in found] == [()] * 5

    def test_a_header_beside_the_title_of_a_section(self, tmp_path: Path) -> None:
        found = pages(
            tmp_path / "a.pdf", lambda n: [*header("The pump manual"), (400, 800, 9, f"On {SIZES[n]} things")]
        )
        assert bodies(found)[0].startswith("The pump manual On two things"), "not said anywhere else"
        assert bodies(found)[3].startswith("The pump manual On five things"), "not said anywhere else"

    @pytest.mark.parametrize(
        "running",
        [
            pytest.param(lambda n: header(f"Step {n}", size=18), id="titles that count"),
            pytest.param(lambda n: header("Sometimes") if n < 3 else [], id="on two pages"),
            pytest.param(lambda n: header(f"In {SIZES[n]} days"), id="other words"),
            pytest.param(lambda n: header("The pump", y=800 - 60 * n), id="at other heights"),
            pytest.param(lambda n: header(f"It costs {n * n * 7} pounds"), id="numbers that do not count pages"),
        ],
    )
    def test_what_does_not_run(self, tmp_path: Path, running: Callable[[int], list[Drawn]]) -> None:
        found = pages(tmp_path / "a.pdf", running)
        assert bodies(found) == [page.text for page in found]

    def test_two_pages_have_none(self, tmp_path: Path) -> None:
        found = pages(tmp_path / "a.pdf", lambda _: header("The pump manual"), 2)
        assert bodies(found) == [page.text for page in found]

    def test_a_page_that_has_nothing_else_keeps_it(self, tmp_path: Path) -> None:
        found = draw(tmp_path / "a.pdf", *[header("The pump manual") for _ in range(4)])
        assert bodies(found) == ["The pump manual"] * 4


texts = st.sampled_from(["Manual", "Page 1", "1", "2", "The pump", *LEFT[:3], "12 34", "iv"])
lines = st.lists(st.tuples(st.integers(0, 10), texts), max_size=8)


def compose(drawn: list[list[tuple[int, str]]]) -> tuple[Page, ...]:
    made: list[list[Line]] = [[line((60, text), top=80.0 * row) for row, text in page] for page in drawn]
    return compose_pages([((WIDTH, HEIGHT), page) for page in made])


class TestAlways:
    @settings(max_examples=40)
    @given(st.lists(lines, max_size=7))
    def test_each_word_is_in_one_chunk_or_outside_of_the_body(self, drawn: list[list[tuple[int, str]]]) -> None:
        found = compose(drawn)
        chunks = list(Chunker(max_tokens=8, min_tokens=2).chunks(found, lambda text: len(text.split())))
        for page, given_lines in zip(found, drawn, strict=True):
            assert sorted(page.text.split()) == sorted(" ".join(text for _, text in given_lines).split())
            start, end, _ = slice(*page.body).indices(len(page.text))
            times = [0] * len(page.text)
            for chunk in chunks:
                if chunk.span.page == page.number:
                    assert start <= chunk.span.start < chunk.span.end <= end
                    for position in range(chunk.span.start, chunk.span.end):
                        times[position] += 1
            assert all(
                count == (start <= position < end)
                for position, count in enumerate(times)
                if not page.text[position].isspace()
            )
