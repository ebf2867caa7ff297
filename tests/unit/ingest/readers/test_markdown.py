"""Markdown reader: text without markup, with headings, lists and tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.blocks import pages_of
from ingest.readers.limits import ReadingLimits
from ingest.readers.markdown import markdown_blocks
from ingest.readers.source import Remark
from rag.errors import FileFault
from tests.unit.ingest.readers.conftest import Read, headings_of, text_of


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("Some **bold** _and_ `code` and ~~old~~ text", "Some bold and code and text", id="emphasis"),
        pytest.param("See [the manual](http://x.y/z) now", "See the manual now", id="link"),
        pytest.param("See <https://x.y/z>", "See https://x.y/z", id="address that is seen"),
        pytest.param("![A chart of sales](a.png)", "A chart of sales", id="picture"),
        pytest.param("one\ntwo  \nthree<br>four", "one\ntwo\nthree\nfour", id="lines"),
        pytest.param("a &amp; b &lt;c&gt; \\*d\\*", "a & b <c> *d*", id="entities and escapes"),
        pytest.param("- one\n- two\n  - in\n- three", "- one\n- two\n  - in\n- three", id="list"),
        pytest.param("3. one\n4. two", "3. one\n4. two", id="numbers"),
        pytest.param("- one\n\n  more of it\n\n- two", "- one\n  more of it\n- two", id="paragraphs in a list"),
        pytest.param("| A | B |\n|---|---|\n| 1 | *2* |\n| x | |", "A | B\n1 | 2\nx |", id="table"),
        pytest.param("```python\nif a:\n    b = 1\n```", "if a:\n    b = 1", id="code"),
        pytest.param("> quoted\n> text", "quoted\ntext", id="quote"),
        pytest.param("a\n\n---\n\nb", "a\n\nb", id="rule"),
        pytest.param("<p>Raw <b>html</b></p><script>x()</script>", "Raw html", id="html"),
        pytest.param("a <span onclick='x'>b</span> c", "a b c", id="inline html"),
        pytest.param("> " * 500 + "deep", "> " * 499 + "> deep", id="absurd nesting is read as it is"),
    ],
)
def test_text(read: Read, source: str, text: str) -> None:
    assert text_of(read("a.md", source)) == text


def test_headings_and_title(read: Read) -> None:
    source = read("a.markdown", "## Part *one*\n\nText.\n\nThe Whole\n=========\n\nMore.\n\n### Deep")
    assert headings_of(source) == [(2, "Part one"), (1, "The Whole"), (3, "Deep")]
    assert source.title == "The Whole"


@pytest.mark.parametrize("title", ["Pump manual", '"Pump manual"', "'Pump manual'"])
def test_front_matter(read: Read, title: str) -> None:
    source = read("a.md", f"---\nauthor: Me\ntitle: {title}\n---\n# Another\n\nText.")
    assert source.title == "Pump manual"
    assert text_of(source) == "Another\n\nText."


@pytest.mark.parametrize(
    ("front", "author", "created"),
    [
        pytest.param("author: Ada Byron\ndate: 2024-05-31", "Ada Byron", "2024-05-31", id="both"),
        pytest.param("author: 'Ada Byron'\ndate: \"2024-05-31\"", "Ada Byron", "2024-05-31", id="quoted"),
        pytest.param('author: [Ada Byron, "Mary Somerville"]', "Ada Byron, Mary Somerville", None, id="list"),
        pytest.param("author: Ada Byron\nauthor: Another", "Ada Byron", None, id="the first"),
        pytest.param("author:\ndate: soon", None, None, id="empty"),
        pytest.param("  author: Ada Byron", None, None, id="of something else"),
    ],
)
def test_author_and_date(read: Read, front: str, author: str | None, created: str | None) -> None:
    source = read("a.md", f"---\n{front}\n---\nText.")
    assert (text_of(source), source.author, source.created) == ("Text.", author, created)


def test_too_long_for_the_parser(read: Read) -> None:
    source = read("a.md", "# Heading\n\nSome *text* here.\n\n" + "x" * 2_000_000)
    assert source.pages[0].text.startswith("# Heading\n\nSome *text*")


@pytest.mark.parametrize("data", ["", "<!-- only a comment -->", "[a]: http://x.y"])
def test_what_shows_nothing_is_read_as_it_is_or_is_empty(read: Read, data: str) -> None:
    if data:
        assert text_of(read("a.md", data)) == data
        return
    with pytest.raises(FileFault) as caught:
        read("a.md", data)
    assert caught.value.status == "empty_text"


@given(st.text(st.sampled_from("ab #*_-`|>[]()!<>&;:1.\n\t~="), max_size=80))
def test_anything_can_be_read(text: str) -> None:
    for page in pages_of(markdown_blocks(text), ReadingLimits()):
        for heading in page.headings:
            assert page.text[heading.start : heading.end].strip()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("It costs ~~14~~ 17 euros.", "It costs 17 euros.", id="tildes"),
        pytest.param("It costs <del>14 *or* 15</del> <ins>17</ins>.", "It costs 17.", id="tags in a line"),
        pytest.param("Old.\n\n<del>\n\nGone *x*\n\n- y\n\n</del>\n\nNew.", "Old.\n\nNew.", id="tags around blocks"),
        pytest.param("- ~~one~~\n- two", "- two", id="in a list"),
        pytest.param("| A | B |\n|---|---|\n| ~~1~~ 2 | 3 |", "A | B\n2 | 3", id="in a table"),
        pytest.param("<p>a <s>b</s></p>\n\nc", "a\n\nc", id="html"),
        pytest.param("c\n\n~~all~~", "c", id="a whole paragraph"),
    ],
)
def test_crossed_out_text_is_left_out_with_a_remark(read: Read, source: str, text: str) -> None:
    found = read("a.md", source)
    assert text_of(found) == text
    assert found.remarks == (Remark(1, "hidden", "crossed out"),)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param(
            "It is 27[^1] degrees.\n\n[^1]: Measured", "It is 27 [1] degrees.\n\n[1]: Measured", id="one word"
        ),
        pytest.param("27[^a]\n\n[^a]: http://x.y 'z'", "27 [a]\n\n[a]: http://x.y 'z'", id="no address of a link"),
        pytest.param("| A |\n|---|\n| 27[^1] |", "A\n27 [1]", id="in a table"),
        pytest.param("`27[^1]`", "27[^1]", id="not in code"),
        pytest.param("[^ 1] [^]", "[^ 1] [^]", id="no mark"),
    ],
)
def test_footnotes_stay_apart_from_numbers(read: Read, source: str, text: str) -> None:
    assert text_of(read("a.md", source)) == text


def test_raised_numbers_stay_apart(read: Read) -> None:
    source = "It has 245<sup>9</sup> doors, 10<sup>-6</sup> m and the 1<sup>st</sup> lid."
    assert text_of(read("a.md", source)) == "It has 245 9 doors, 10^-6 m and the 1st lid."


def test_a_mark_before_a_number_stays_apart(read: Read) -> None:
    assert text_of(read("a.md", "<sup>1</sup>**245** units of <sup>137</sup>Cs")) == "1 245 units of 137Cs"


def test_pictures_that_nothing_describes_are_named(read: Read) -> None:
    source = read(
        "a.md", "a ![](x.png) ![A chart](y.png)\n\n<figure><img src=x><figcaption>Plan</figcaption></figure>\n"
    )
    assert text_of(source) == "a  A chart\n\nPlan"
    assert source.remarks == (Remark(1, "figure", ""), Remark(1, "figure", "Plan"))
