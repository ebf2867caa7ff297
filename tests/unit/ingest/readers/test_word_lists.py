"""Word reader: the numbers that Word puts before paragraphs, which their text does not have."""

from __future__ import annotations

import pytest

from tests.unit.ingest.readers.conftest import Read, headings_of, text_of
from tests.unit.ingest.readers.test_docx import packed, table


def level(place: int, numeral: str, text: str, more: str = "", *, start: int = 1) -> str:
    inside = f'<w:start w:val="{start}"/><w:numFmt w:val="{numeral}"/>{more}<w:lvlText w:val="{text}"/>'
    return f'<w:lvl w:ilvl="{place}">{inside}</w:lvl>'


def definition(key: int, *levels: str) -> str:
    return f'<w:abstractNum w:abstractNumId="{key}">{"".join(levels)}</w:abstractNum>'


def num(key: int, of: int, override: str = "") -> str:
    return f'<w:num w:numId="{key}"><w:abstractNumId w:val="{of}"/>{override}</w:num>'


def item(text: str, key: int, place: int = 0, more: str = "") -> str:
    numbers = f'<w:numPr><w:ilvl w:val="{place}"/><w:numId w:val="{key}"/></w:numPr>'
    return f"<w:p><w:pPr>{numbers}{more}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def styled(style: str, text: str) -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'


STEPS = definition(1, level(0, "decimal", "%1."), level(1, "lowerLetter", "(%2)"), level(2, "lowerRoman", "%3)"))
LEGAL = definition(2, level(0, "upperRoman", "Article %1"), level(1, "decimal", "%1.%2", "<w:isLgl/>"))
BULLETS = definition(3, level(0, "bullet", "\uf0b7"))


@pytest.mark.parametrize(
    ("numbering", "body", "lines"),
    [
        pytest.param(STEPS + num(1, 1), [item("a", 1), item("b", 1)], ["1. a", "2. b"], id="numbers"),
        pytest.param(
            STEPS + num(1, 1),
            [item("a", 1), item("b", 1, 1), item("c", 1, 1), item("d", 1, 2), item("e", 1), item("f", 1, 1)],
            ["1. a", "(a) b", "(b) c", "i) d", "2. e", "(a) f"],
            id="levels begin again",
        ),
        pytest.param(
            LEGAL + num(1, 2), [item("a", 1), item("b", 1), item("c", 1, 1)], ["Article I a", "Article II b", "2.1 c"],
            id="of two levels, in digits",
        ),
        pytest.param(STEPS + num(1, 1), [item("a", 1), "<w:p/>", item("b", 1)], ["1. a", "2. b"], id="text between"),
        pytest.param(
            STEPS + num(1, 1) + num(2, 1), [item("a", 1), item("b", 2)], ["1. a", "2. b"], id="two lists of one count"
        ),
        pytest.param(
            STEPS + num(1, 1) + num(2, 1, '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride>'),
            [item("a", 1), item("b", 2), item("c", 2)],
            ["1. a", "7. b", "8. c"],
            id="begun anew",
        ),
        pytest.param(
            STEPS + num(1, 1, f'<w:lvlOverride w:ilvl="0">{level(0, "upperLetter", "%1)")}</w:lvlOverride>'),
            [item("a", 1)],
            ["A) a"],
            id="a level of its own",
        ),
        pytest.param(
            definition(1, level(0, "decimal", "%1"), level(1, "decimal", "%1-%2", '<w:lvlRestart w:val="0"/>'))
            + num(1, 1),
            [item("a", 1), item("b", 1, 1), item("c", 1), item("d", 1, 1)],
            ["1 a", "1-1 b", "2 c", "2-2 d"],
            id="a level that goes on",
        ),
        pytest.param(
            definition(1, level(0, "decimal", "§%1", '<w:suff w:val="nothing"/>', start=5)) + num(1, 1),
            [item("a", 1)],
            ["§5a"],
            id="without a gap",
        ),
        pytest.param(BULLETS + num(1, 3), [item("a", 1)], ["- a"], id="bullets"),
        pytest.param(
            definition(1, level(0, "cardinalText", "%1")) + num(1, 1), [item("a", 1)], ["- a"], id="numbers in words"
        ),
        pytest.param(STEPS + num(1, 1), [item("a", 9), item("b", 1, 8)], ["- a", "- b"], id="a list that is not there"),
        pytest.param(STEPS + num(1, 1), [item("a", 0)], ["a"], id="no list any more"),
        pytest.param(
            STEPS + num(1, 1),
            [item("a", 1, more="<w:rPr><w:del/></w:rPr>"), item("b", 1)],
            ["a", "1. b"],
            id="a paragraph that is deleted",
        ),
        pytest.param(
            STEPS + num(1, 1), [table(f"<w:tc>{item('a', 1)}</w:tc>", f"<w:tc>{item('b', 1)}</w:tc>")],
            ["1. a\n2. b"], id="in a table",
        ),
    ],
)  # fmt: skip
def test_numbers(read: Read, numbering: str, body: list[str], lines: list[str]) -> None:
    assert text_of(read("a.docx", packed(*body, numbering=numbering))) == "\n\n".join(lines)


def test_headings_and_styles(read: Read) -> None:
    numbering = definition(
        1,
        level(0, "decimal", "%1", '<w:pStyle w:val="H1"/>'),
        level(1, "decimal", "%1.%2", '<w:pStyle w:val="H2"/>'),
    ) + num(4, 1)
    of_list = '<w:pPr><w:numPr><w:numId w:val="4"/></w:numPr></w:pPr>'
    styles = (
        f'<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/>{of_list}</w:style>'
        '<w:style w:type="paragraph" w:styleId="H2"><w:name w:val="heading 2"/><w:basedOn w:val="H1"/>'
        '<w:pPr><w:numPr><w:ilvl w:val="1"/></w:numPr></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="Annex"><w:name w:val="heading 1"/><w:basedOn w:val="H1"/>'
        '<w:pPr><w:numPr><w:numId w:val="0"/></w:numPr></w:pPr></w:style>'
    )
    body = [styled("H1", "Scope"), styled("H1", "Terms"), styled("H2", "Notice"), styled("H2", "Rent")]
    source = read("a.docx", packed(*body, styled("Annex", "Prices"), numbering=numbering, styles=styles))
    assert headings_of(source) == [(1, "1 Scope"), (1, "2 Terms"), (2, "2.1 Notice"), (2, "2.2 Rent"), (1, "Prices")]


def test_a_list_by_the_style_that_it_is_tied_to(read: Read) -> None:
    numbering = (
        f"{STEPS.replace('<w:lvl', '<w:styleLink w:val=' + chr(34) + 'Steps' + chr(34) + '/><w:lvl', 1)}"
        '<w:abstractNum w:abstractNumId="5"><w:numStyleLink w:val="Steps"/></w:abstractNum>' + num(1, 5)
    )
    assert text_of(read("a.docx", packed(item("a", 1), numbering=numbering))) == "1. a"
