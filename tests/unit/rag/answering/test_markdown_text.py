"""Markdown of sentences: its blocks, that it only grows, and that a renderer makes the same blocks of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag.answering.markdown_text import AnswerBlock, MarkdownWriter, blocks, label_of, markdown, table_cells, table_rows
from rag.domain.values import Sentence, SentenceKind

GFM = MarkdownIt("commonmark").enable("table")


def sentences_of(*kinds_and_texts: str) -> list[Sentence]:
    """Sentences from texts such as "step: Close the valve."."""
    parts = [each.partition(": ") for each in kinds_and_texts]
    return [Sentence(text, "supported", kind=kind) for kind, _, text in parts]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sentences", "text"),
    [
        pytest.param([], "", id="nothing"),
        pytest.param(
            ["lead: It is replaced every 400 hours.", "detail: Sooner if it leaks."],
            "It is replaced every 400 hours. Sooner if it leaks.",
            id="a paragraph",
        ),
        pytest.param(
            ["lead: 24 euros", "detail: The documents disagree."],
            "24 euros. The documents disagree.",
            id="a bare value",
        ),
        pytest.param(
            ["lead: He said “go.”", "detail: (So be it.)", "detail: Then?", "detail: Go"],
            "He said “go.” (So be it.) Then? Go",
            id="ends in brackets and quotes",
        ),
        pytest.param(
            ["lead: In order:", "step: Close the valve.", "step: Open\n  the lid.", "detail: Wear gloves."],
            "In order:\n\n1. Close the valve.\n2. Open the lid.\n\nWear gloves.",
            id="steps",
        ),
        pytest.param(
            ["step: A", "detail: Wait.", "step: B", "item: b1", "step: C", "lead: Next.", "step: D"],
            "1. A\n\nWait.\n\n2. B\n\n- b1\n\n3. C\n\nNext.\n\n1. D",
            id="steps are numbered on, but not after a lead",
        ),
        pytest.param(["item: Standard: cheap", "item: Archive"], "- Standard: cheap\n- Archive", id="a list"),
        pytest.param(
            ["lead: So it is.", "row: Class | Price", "row: Standard | 2", "row: Archive | 1"],
            "So it is.\n\n| Class | Price |\n| --- | --- |\n| Standard | 2 |\n| Archive | 1 |",
            id="a table",
        ),
        pytest.param(
            ["row:  | 2023 | 2022", "row: Sales | 1", "row: Costs | 2 | 3 | 4", "row: | 7 | 8"],
            "|  | 2023 | 2022 |\n| --- | --- | --- |\n| Sales | 1 |  |\n| Costs | 2 | 3 4 |\n|  | 7 | 8 |",
            id="rows of other lengths, and empty cells",
        ),
        pytest.param(["row: a|b | c"], "| a\\|b | c |\n| --- | --- |", id="a bar within a cell"),
    ],
)
def test_markdown(sentences: Sequence[str], text: str) -> None:
    assert markdown(sentences_of(*sentences)) == text


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        pytest.param("a | b", ["a", "b"], id="two"),
        pytest.param("a |  | b", ["a", "", "b"], id="an empty one between"),
        pytest.param(" | a | ", ["", "a", ""], id="empty ones at both ends"),
        pytest.param("| a |", ["", "a", ""], id="stripped"),
        pytest.param("a\n b  |\tc|d", ["a b", "c|d"], id="white space"),
        pytest.param("", [""], id="nothing"),
    ],
)
def test_table_cells(text: str, cells: list[str]) -> None:
    assert table_cells(text) == cells


@pytest.mark.parametrize(
    ("sentence", "label"),
    [
        pytest.param("item: Standard: for hot data", "Standard", id="a label"),
        pytest.param("item: Standard", "", id="no colon"),
        pytest.param("item: At 9:30 each day", "", id="a time"),
        pytest.param("item: It leaks. Remedy: a gasket", "", id="a sentence before"),
        pytest.param(f"item: {'long ' * 13}: x", "", id="a clause"),
        pytest.param("detail: Note: wear gloves", "", id="not of a list"),
    ],
)
def test_label(sentence: str, label: str) -> None:
    (only,) = sentences_of(sentence)
    assert label_of(only) == label


KINDS = st.sampled_from(get_args(SentenceKind))
TEXTS = st.lists(
    st.sampled_from(["a", "b c", ".", ":", "|", " | ", "\n", " ", "1.", "-", "**", "”", "?", "é"]), max_size=6
).map("".join)
SENTENCES = st.lists(st.builds(Sentence, TEXTS, st.just("supported"), kind=KINDS), max_size=8)


@given(SENTENCES)
def test_the_markdown_of_the_first_sentences_is_a_prefix(sentences: list[Sentence]) -> None:
    whole, writer, text = markdown(sentences), MarkdownWriter(), ""
    for number, sentence in enumerate(sentences, start=1):
        text += writer.add(sentence)
        assert text == markdown(sentences[:number])
        assert whole.startswith(text)
    assert text == whole


@given(SENTENCES)
def test_blocks_have_all_sentences_in_order(sentences: list[Sentence]) -> None:
    found = blocks(sentences)
    assert [sentence for block in found for sentence in block.sentences] == sentences
    assert all(one.shape != other.shape or other.sentences[0].kind == "lead" for one, other in pairwise(found))


@given(st.lists(TEXTS, min_size=1, max_size=6))
@example(["a | b", "", "| | |"])
def test_a_table_is_a_rectangle_that_loses_no_word(texts: list[str]) -> None:
    block = AnswerBlock("table", tuple(Sentence(text, "supported", kind="row") for text in texts))
    rows = table_rows(block)
    assert len({len(row) for row in rows}) == 1
    for text, row in zip(texts, rows, strict=True):
        assert " ".join(row).split() == " ".join(table_cells(text)).split()


WORDS = st.lists(st.sampled_from(["valve", "opens", "2,000", "left."]), min_size=1, max_size=4).map(" ".join)
ROWS = st.lists(WORDS, min_size=2, max_size=2).map(" | ".join)


@given(
    st.lists(KINDS.flatmap(lambda kind: st.tuples(st.just(kind), ROWS if kind == "row" else WORDS)), max_size=8).map(
        lambda pairs: [Sentence(text, "supported", kind=kind) for kind, text in pairs]
    )
)
def test_a_renderer_makes_the_same_blocks(sentences: list[Sentence]) -> None:
    names = {"paragraph_open": "paragraph", "ordered_list_open": "steps", "bullet_list_open": "items",
             "table_open": "table"}  # fmt: skip
    tokens = GFM.parse(markdown(sentences))
    opened = [(names[token.type], int(token.attrs.get("start", 1))) for token in tokens if token.level == 0
              if token.type in names]  # fmt: skip
    assert opened == [(block.shape, block.number) for block in blocks(sentences)]
    items = [token for token in tokens if token.type == "list_item_open"]
    assert len(items) == sum(sentence.kind in ("step", "item") for sentence in sentences)
    rows = [token for token in tokens if token.type == "tr_open"]
    assert len(rows) == sum(sentence.kind == "row" for sentence in sentences)


def test_marks_and_escapes_are_put_where_they_belong() -> None:
    writer = MarkdownWriter(str.upper, lambda text: f"^{text}", lambda sentence: f" [{sentence.citations[0]}]")
    kinds: list[SentenceKind] = ["lead", "detail", "step", "item", "row", "row"]
    sentences = [Sentence("a | b", "supported", (number,), kind) for number, kind in enumerate(kinds, start=1)]
    assert "".join(map(writer.add, sentences)) == (
        "^A | B [1]. A | B [2]\n\n1. ^A | B [3]\n\n- ^A | B [4]\n\n| A | B [5] |\n| --- | --- |\n| A | B [6] |"
    )
