"""HTML reader: the visible text of the page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.blocks import pages_of
from ingest.readers.html import html_blocks
from ingest.readers.limits import ReadingLimits
from ingest.readers.source import Remark
from rag.errors import FileFault
from tests.unit.ingest.readers.conftest import Read, headings_of, text_of


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("<p>One  \n two<br>three &amp; &lt;four", "One two\nthree & <four", id="paragraph"),
        pytest.param("loose<p>one</p>more<div>two</div>", "loose\n\none\n\nmore\n\ntwo", id="blocks"),
        pytest.param("<ul><li>a<li>b<ol><li>c<li>d</ol><li>e</ul>", "- a\n- b\n  1. c\n  2. d\n- e", id="lists"),
        pytest.param("<li>alone", "- alone", id="an item without a list"),
        pytest.param("<ol start=7><li>a<li>b</ol>", "7. a\n8. b", id="a list that goes on"),
        pytest.param("<ol><li>a<li value=5>b<li>c<li value=x>d</ol>", "1. a\n5. b\n6. c\n7. d", id="own numbers"),
        pytest.param("<ol type=a start=26><li>x<li>y</ol>", "z. x\naa. y", id="letters"),
        pytest.param("<ol type=I><li>x<li type=i>y<li>z</ol>", "I. x\nii. y\nIII. z", id="roman numerals"),
        pytest.param("<ol style='list-style-type: upper-alpha'><li>x</ol>", "A. x", id="letters by a style"),
        pytest.param("<ol style='list-style:none'><li>§ 1 a<li>§ 2 b</ol>", "§ 1 a\n§ 2 b", id="without numbers"),
        pytest.param("<ol reversed><li>x<li>y<ol><li>z</ol></ol>", "2. x\n1. y\n  1. z", id="backwards"),
        pytest.param("<ol start=-1 type=a><li>x<li>y<li>z</ol>", "-1. x\n0. y\na. z", id="no letter has the number"),
        pytest.param("<table><tr><th>A<th>B<tr><td>1<td><p>2</p><p>3</p></table>", "A | B\n1 | 2 3", id="table"),
        pytest.param(
            "<table><tr><th rowspan=2>A<th colspan=2>B<tr><th>C<th>D<tr><td rowspan=2>x<td>1<td>2<tr><td>3<td>4"
            "<tr><td colspan=3>rest<tr><td>y<td>5<td>6</table>",
            "A | B | B\nA | C | D\nx | 1 | 2\nx | 3 | 4\nrest |\ny | 5 | 6",
            id="merged cells",
        ),
        pytest.param("<table><tr><td rowspan=x>a<td colspan=-1>b<tr><td>c</table>", "a | b\nc |", id="no spans"),
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


@pytest.mark.parametrize(
    ("source", "text", "detail"),
    [
        pytest.param("<p>It costs <s>14 euros</s> <ins>17 euros</ins>.", "It costs 17 euros.", "crossed out", id="s"),
        pytest.param("<p>a <strike>b</strike> c", "a c", "crossed out", id="strike"),
        pytest.param("<p>a <del>b</del> c", "a c", "deleted", id="del"),
        pytest.param("<del><p>One.</p><ul><li>x</ul></del><p>Two.", "Two.", "deleted", id="del around blocks"),
        pytest.param("a <span style='text-decoration:line-through'>b</span>", "a", "crossed out", id="by its style"),
        pytest.param(
            "<style>.old{text-decoration:line-through}</style><table><tr><td class=old>14</td><td>17</table>",
            "17",
            "crossed out",
            id="by the style sheet",
        ),
        pytest.param(
            "<style>.old > .price{text-decoration:line-through}</style><p class=old><b><i class=price>9</i> 11",
            "11",
            "crossed out",
            id="by what is around it",
        ),
        pytest.param(
            "<style>.was{text-decoration:line-through}</style><table><tr><th>Line<th>Old<th>New<tr><td>A<td class=was>5"
            "<td>6</table>",
            "Line | Old | New\nA |  | 6",
            "crossed out",
            id="a cell, whose column stays",
        ),
        pytest.param("at 9\u0336:\u03360\u03360\u0336 10:00", "at 10:00", "crossed out", id="by strokes over letters"),
        pytest.param("<style>.x{display:none}</style>a <b class=x>b</b>", "a", "not shown", id="hidden for ever"),
        pytest.param("a <b hidden>b</b>", "a", "not shown", id="hidden"),
        pytest.param("<nav>Home</nav>a", "a", "navigation", id="navigation"),
        pytest.param("a<p><s>b</s>", "a", "crossed out", id="at the end"),
    ],
)
def test_text_that_does_not_hold_is_left_out_with_a_remark(read: Read, source: str, text: str, detail: str) -> None:
    found = read("a.html", source)
    assert text_of(found) == text
    assert found.remarks == (Remark(1, "hidden", detail),)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("a <s style='text-decoration:none'>b</s>", "a b", id="not crossed out"),
        pytest.param("a <s> </s>b<nav></nav><p hidden></p>", "a b", id="nothing in it"),
        pytest.param(
            "<style>.tab{display:none}</style><script>open()</script><p>a<p class=tab>b",
            "a\n\nb",
            id="a script",
        ),
        pytest.param(
            "<style>.tab{display:none} #a:checked+.tab{display:block}</style><p>a<p class=tab>b",
            "a\n\nb",
            id="a click opens it",
        ),
        pytest.param("<details><summary>a</summary>b</details>", "a\n\nb", id="details"),
    ],
)
def test_text_that_holds_is_read_without_a_remark(read: Read, source: str, text: str) -> None:
    found = read("a.html", source)
    assert (text_of(found), found.remarks) == (text, ())


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("Name <input value='Ada Byron'>", "Name Ada Byron", id="field"),
        pytest.param("<input type=checkbox checked>yes <input type=radio>no", "☒ yes ☐ no", id="boxes"),
        pytest.param("<textarea>One\ntwo</textarea>", "One two", id="text"),
        pytest.param("Size <select><option>S<option selected>M</select> blue", "Size M blue", id="chosen"),
        pytest.param(
            "a<input type=hidden value=x><input type=submit value=Go><input type=password value=y>", "a", id="none"
        ),
    ],
)
def test_what_was_put_into_a_form(read: Read, source: str, text: str) -> None:
    assert text_of(read("a.html", source)) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("a tower of 245<sup>9</sup> steps", "a tower of 245 9 steps", id="mark"),
        pytest.param("10<sup>&minus;6</sup> m<sup>2</sup>", "10^-6 m^2", id="exponents"),
        pytest.param("in 10<sup><a href='#n2'>2</a></sup> years", "in 10 2 years", id="a link is a mark"),
        pytest.param("the 1<sup>st</sup> H<sub>2</sub>O", "the 1st H2O", id="letters, and below"),
        pytest.param("<table><tr><td>245<sup>9</sup><td>7</table>", "245 9 | 7", id="in a table"),
        pytest.param("a<sup>b<p>c</p></sup>d", "ab\n\nc\n\nd", id="around a block"),
        pytest.param("a<sup>1<sup>2</sup></sup>", "a 1 2", id="twice"),
        pytest.param("<sup>1</sup><b>245</b> <sup>137</sup>Cs", "1 245 137Cs", id="before a number"),
        pytest.param("<td><sup>1</sup><p>245", "1\n\n245", id="before another block"),
        pytest.param("30<span style='vertical-align: super'>4</span> men", "30 4 men", id="by a style"),
        pytest.param("30<span style='vertical-align: 5px'>4</span> men", "30 4 men", id="by a length"),
        pytest.param("30<i style='top:-.4em;position:relative'>4</i> men", "30 4 men", id="moved up"),
        pytest.param("30<i style='margin-top:-4px;position:relative'>4</i> men", "304 men", id="with another margin"),
        pytest.param(
            "<style>.n{vertical-align:super}</style>30<i class=n>4</i> men", "30 4 men", id="by a style sheet"
        ),
        pytest.param("30<span style='vertical-align: sub'>4</span>", "304", id="lowered"),
    ],
)
def test_raised_numbers_stay_apart(read: Read, source: str, text: str) -> None:
    assert text_of(read("a.html", source)) == text


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        pytest.param("<msup><mn>10</mn><mrow><mo>−</mo><mn>6</mn></mrow></msup><mi>m</mi>", "10^-6m", id="exponent"),
        pytest.param("<mfrac><mn>1</mn><mn>2</mn></mfrac>", "1/2", id="fraction"),
        pytest.param("<mfrac><mrow><mi>a</mi><mo>+</mo><mn>1</mn></mrow><mi>b</mi></mfrac>", "(a+1)/b", id="brackets"),
        pytest.param("<msub><mi>x</mi><mn>1</mn></msub>", "x_1", id="subscript"),
        pytest.param("<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>", "x_i^2", id="both"),
        pytest.param("<msqrt><mn>2</mn></msqrt><mroot><mi>x</mi><mn>3</mn></mroot>", "√23√x", id="roots"),
        pytest.param("<munderover><mo>∑</mo><mn>0</mn><mi>n</mi></munderover><mi>i</mi>", "∑_0^ni", id="sum"),
        pytest.param("<mover><mi>x</mi><mo>¯</mo></mover>", "x", id="accent"),
        pytest.param(
            "<mtable><mtr><mtd>1</mtd><mtd>2</mtd></mtr><mtr><mtd>3</mtd><mtd>4</mtd></mtr></mtable>", "1 2; 3 4",
            id="matrix",
        ),
        pytest.param(
            "<semantics><mn>5</mn><annotation encoding='application/x-tex'>5</annotation></semantics>", "5", id="TeX"
        ),
        pytest.param("<msup><mn>7</mn></msup>", "7", id="a part is missing"),
        pytest.param("<mrow>" * 60 + "<mn>5</mn>", "5", id="deep"),
    ],
)  # fmt: skip
def test_formulas(read: Read, formula: str, text: str) -> None:
    assert text_of(read("a.html", f"<p>a <math>{formula}</math> b")) == f"a {text} b"


@pytest.mark.parametrize(
    ("source", "text", "figures"),
    [
        pytest.param("a<img src=x>", "a", [""], id="picture that nothing describes"),
        pytest.param("a<img src=x alt=''> <img src=y alt='A chart'>", "a A chart", [], id="ornament, and described"),
        pytest.param("a<img src=x width=16 height=16>", "a", [], id="sign"),
        pytest.param(
            "<figure><img src=x alt='A chart'><figcaption>Figure <b>1</b>: Sales</figcaption></figure>",
            "A chart\n\nFigure 1: Sales",
            ["Figure 1: Sales"],
            id="figure with a caption",
        ),
        pytest.param("<figure><canvas></canvas></figure>a<canvas></canvas>", "a", [""], id="drawn by a script"),
        pytest.param(
            "<figure><table><tr><td>a<td>b</table><figcaption>T</figcaption></figure>", "a | b\n\nT", [], id="table"
        ),
        pytest.param(
            "a<svg><title>T</title><defs><text>d</text></defs><text>Sales</text><text>12<tspan>kg</tspan></text></svg>b",
            "a Sales 12 kg b",
            [],
            id="words of a drawing",
        ),
        pytest.param(
            "<figure><svg><path/></svg><figcaption>Plan</figcaption></figure>", "Plan", ["Plan"], id="drawing"
        ),
    ],
)
def test_figures(read: Read, source: str, text: str, figures: list[str]) -> None:
    found = read("a.html", source)
    assert text_of(found) == text
    assert found.remarks == tuple(Remark(1, "figure", caption) for caption in figures)


def test_captions_of_many_figures_are_told_up_to_a_number(read: Read) -> None:
    source = "".join(f"<figure><img src=x><figcaption>{n} {'x' * 200}</figcaption></figure>" for n in range(60))
    remarks = read("a.html", source).remarks
    assert max(len(remark.detail) for remark in remarks) == 100
    assert remarks[-1] == Remark(1, "figure", "")
