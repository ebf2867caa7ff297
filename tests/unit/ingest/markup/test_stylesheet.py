"""Style sheets: rules that cross out or hide elements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.markup.stylesheet import Element, Look, Stylesheet, look_of

OUT, IN = Look(crossed_out=True), Look(crossed_out=False)
HIDDEN, SHOWN = Look(hidden=True), Look(hidden=False)


@pytest.mark.parametrize(
    ("sheet", "tag", "attributes", "look"),
    [
        pytest.param(".old { text-decoration: line-through }", "td", {"class": "a old"}, OUT, id="class"),
        pytest.param("#a{TEXT-DECORATION-LINE:Line-Through}", "p", {"id": "a"}, OUT, id="id"),
        pytest.param("span{display:none!important}", "span", {}, HIDDEN, id="tag"),
        pytest.param("td.old.x{visibility:hidden}", "td", {"class": "x old"}, HIDDEN, id="tag and classes"),
        pytest.param("td.old{display:none}", "p", {"class": "old"}, Look(), id="another tag"),
        pytest.param(".a.b{display:none}", "p", {"class": "a"}, Look(), id="one of two classes"),
        pytest.param("p,.x{display:none}", "p", {}, HIDDEN, id="one of several selectors"),
        pytest.param(".x{display:none}.x{display:block}", "p", {"class": "x"}, SHOWN, id="the later goes before"),
        pytest.param("s{text-decoration:none}", "s", {}, IN, id="not crossed out"),
        pytest.param("div .x{display:none}", "p", {"class": "x"}, Look(), id="in another element"),
        pytest.param("div + .x{display:none}", "p", {"class": "x"}, Look(), id="after another element"),
        pytest.param(".x{vertical-align:super}", "p", {"class": "x"}, Look(raised=True), id="raised"),
        pytest.param(".x{vertical-align:.4em}", "p", {"class": "x"}, Look(raised=True), id="raised by a length"),
        pytest.param(".x{vertical-align:1px}", "p", {"class": "x"}, Look(raised=False), id="hardly raised"),
        pytest.param(
            ".x{position:relative;font-size:70%;top:-.4em}", "p", {"class": "x"}, Look(raised=True), id="moved up"
        ),
        pytest.param(".x{position:absolute;top:-4em}.x{top:-1px}", "p", {"class": "x"}, Look(), id="moved elsewhere"),
        pytest.param(
            "@layer base{@supports (display:grid){.x{vertical-align:super}}}",
            "p",
            {"class": "x"},
            Look(raised=True),
            id="in a layer",
        ),
        pytest.param("@supports not (x:y){.x{vertical-align:super}}", "p", {"class": "x"}, Look(), id="unsupported"),
        pytest.param(".x:hover{display:none}", "p", {"class": "x"}, Look(), id="a state"),
        pytest.param("@media print{.x{display:none}}", "p", {"class": "x"}, Look(), id="in print"),
        pytest.param("@media screen{.x{display:none}}", "p", {"class": "x"}, HIDDEN, id="on a screen"),
        pytest.param("@media (max-width:9em){.x{display:none}}", "p", {"class": "x"}, Look(), id="on some screens"),
        pytest.param("@import 'a.css';.x{display:none}", "p", {"class": "x"}, HIDDEN, id="after an import"),
        pytest.param("/* .y{ */.x{content:'}';display:none}", "p", {"class": "x"}, HIDDEN, id="comment and string"),
        pytest.param("*{display:none}", "p", {}, Look(), id="everything"),
        pytest.param(".x{font-size:0px}", "p", {"class": "x"}, HIDDEN, id="no size"),
        pytest.param(".x{font-size:0.9em;opacity:.5}", "p", {"class": "x"}, Look(), id="small"),
        pytest.param(".x{color:red}", "p", {"class": "x"}, Look(), id="something else"),
        pytest.param("}}{{.x{display:none", "p", {"class": "x"}, Look(), id="broken"),
    ],
)
def test_look(sheet: str, tag: str, attributes: dict[str, str], look: Look) -> None:
    assert Stylesheet([sheet]).look(tag, attributes) == look


@pytest.mark.parametrize(
    ("selector", "fits"),
    [
        pytest.param(".old .x", True, id="around it"),
        pytest.param("div.old>.x", True, id="child"),
        pytest.param("body #a .x", True, id="several"),
        pytest.param("#a body .x", False, id="in another order"),
        pytest.param(".old section .x", False, id="one is missing"),
        pytest.param(".old .y", False, id="another element"),
        pytest.param(".old [x] .x", False, id="one that is not known"),
    ],
)
def test_elements_around_one(selector: str, fits: bool) -> None:
    around: list[Element] = [("p", {"id": "a"}), ("div", {"class": "old"}), ("body", {})]
    sheet = Stylesheet([f"{selector}{{text-decoration:line-through}}"])
    assert sheet.look("b", {"class": "x"}, lambda: around) == (OUT if fits else Look())


def test_of_several_sheets() -> None:
    sheet = Stylesheet([".x{display:none}", ".x{text-decoration:line-through}"])
    assert sheet.look("p", {"class": "x"}) == Look(crossed_out=True, hidden=True)
    assert sheet.hides
    assert not Stylesheet([".x{display:block}"]).hides


def test_an_attribute() -> None:
    assert look_of("color: red ; text-decoration: underline line-through; display:") == OUT.under(SHOWN)
    assert look_of("") == Look()


@given(st.text(st.sampled_from("{}@.x;:'\"\\/* \nd,"), max_size=60))
def test_any_sheet_can_be_read(sheet: str) -> None:
    assert isinstance(Stylesheet([sheet]).look("p", {"class": "x"}), Look)
