"""HTML reader: the visible text of the page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.blocks import pages_of
from ingest.readers.html import html_blocks
from ingest.readers.limits import ReadingLimits
from rag.errors import FileFault
from tests.unit.ingest.readers.conftest import Read, headings_of, text_of


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("<p>One  \n two<br>three &amp; &lt;four", "One two\nthree & <four", id="paragraph"),
        pytest.param("loose<p>one</p>more<div>two</div>", "loose\n\none\n\nmore\n\ntwo", id="blocks"),
        pytest.param("<ul><li>a<li>b<ol><li>c<li>d</ol><li>e</ul>", "- a\n- b\n  1. c\n  2. d\n- e", id="lists"),
        pytest.param("<li>alone", "- alone", id="an item without a list"),
        pytest.param("<table><tr><th>A<th>B<tr><td>1<td><p>2</p><p>3</p></table>", "A | B\n1 | 2 3", id="table"),
        pytest.param(
            "<table><tr><td><p>left</p><table><tr><td>a<td>b</table><td>right</table>",
            "left\n\na | b\n\nright",
            id="a table that only arranges",
        ),
        pytest.param("<pre>  if a:\n    b</pre>", "  if a:\n    b", id="code"),
        pytest.param("a<b>b</b>c <i>d</i>", "abc d", id="inline"),
        pytest.param("<p>x<img alt='A chart' src='http://x/y.png'>", "x A chart", id="picture"),
        pytest.param("<nav>Home</nav><p>a<script>b</script><style>c{}</style><noscript>d</noscript>", "a", id="unread"),
        pytest.param("<p hidden>a<p style='color:red;display: none'>b<p aria-hidden=true>c<p>d", "d", id="hidden"),
        pytest.param("<form><button>Go</button><select><option>a</select>Name", "Name", id="controls"),
        pytest.param("<!-- a --><template><p>b</template>c", "c", id="comment and template"),
        pytest.param("vis&#8203;ible&#x202e;", "visible", id="invisible characters"),
    ],
)
def test_text(read: Read, source: str, text: str) -> None:
    assert text_of(read("a.html", source)) == text


def test_headings_and_titles(read: Read) -> None:
    page = "<title> Pump &amp;\n Valve </title><h2>Part <i>one</i></h2><p>Text<h1>Whole</h1>"
    assert headings_of(read("a.htm", page)) == [(2, "Part one"), (1, "Whole")]
    assert read("a.htm", page).title == "Pump & Valve"
    assert read("a.htm", page.replace("<title>", "<title>x</title><p ")).title == "Whole"


@pytest.mark.parametrize(
    ("head", "author", "created"),
    [
        pytest.param('<meta name="author" content="Ada Byron">', "Ada Byron", None, id="author"),
        pytest.param('<META NAME="Author" CONTENT="Ada">', "Ada", None, id="capitals"),
        pytest.param('<meta name=author content=Ada><meta name=author content="Mary">', "Ada, Mary", None, id="two"),
        pytest.param(
            '<meta name="author" content="admin"><meta name="dc.creator" content="Ada">', "Ada", None, id="DC"
        ),
        pytest.param('<meta property="article:author" content="https://x.example/ada">', None, None, id="address"),
        pytest.param(
            '<meta property="article:published_time" content="2024-05-31T08:00Z">', None, "2024-05-31", id="time"
        ),
        pytest.param(
            '<meta name="date" content="soon"><meta name="date" content="2024-05-31">', None, "2024-05-31", id="date"
        ),
        pytest.param(
            '<meta name="author"><meta content="Ada"><meta name="description" content="x">', None, None, id="none"
        ),
    ],
)
def test_author_and_date(read: Read, head: str, author: str | None, created: str | None) -> None:
    source = read("a.html", f"<html><head>{head}</head><body>Text.</body></html>")
    assert (text_of(source), source.author, source.created) == ("Text.", author, created)


@pytest.mark.parametrize(
    "head", ["<meta charset=windows-1251>", '<meta http-equiv=x content="a; charset=windows-1251">']
)
def test_declared_encoding(read: Read, head: str) -> None:
    assert text_of(read("a.html", f"{head}<p>Насос".encode("cp1251"))) == "Насос"


def test_entity_bombs_and_deep_nesting_are_harmless(read: Read) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><p>&b; text'
    assert text_of(read("a.html", bomb)).endswith("&b; text")
    assert text_of(read("a.html", "<div>" * 5000 + "deep")) == "deep"
    assert text_of(read("a.html", "<table><tr><td>" * 1000 + "deep")) == "deep"


@pytest.mark.parametrize("data", ["", "<script>document.write('x')</script>", "<body></body>"])
def test_nothing(read: Read, data: str) -> None:
    with pytest.raises(FileFault) as caught:
        read("a.html", data)
    assert caught.value.status == "empty_text"


TAGS = "p div table tr td th ul ol li h1 h2 pre b br nav body html head title script select option template svg".split()
PIECES = st.one_of(
    st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS]), st.sampled_from("ab &<>")
)


@given(st.lists(PIECES, max_size=25).map("".join))
def test_anything_can_be_read(html: str) -> None:
    for page in pages_of(html_blocks(html), ReadingLimits()):
        for heading in page.headings:
            assert page.text[heading.start : heading.end].strip()
