"""Markdown of answers: text with footnotes, and escaping of text from documents."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag.answering.answer_builder import NOT_IN_DOCUMENTS
from rag.answering.markdown_text import blocks, table_rows
from rag.domain.values import Answer, Certainty, Citation, Reason, Sentence, SentenceKind
from rag.service.openai.markdown import ChatText, pieces, without_footnotes

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
# What GitHub's dialect makes links of without any sign: https://github.github.com/gfm/#autolinks-extension-
BARE_ADDRESS = re.compile(r"(?:https?|ftp)://|\bwww\.|[\w.+-]@[\w-]+\.", re.IGNORECASE)


def cited(number: int, quote: str = "The lid is blue.", document: str = "pump.pdf") -> Citation:
    return Citation(number, document, "0" * 64, number + 1, quote, 0, len(quote), (), 1.0)


def answer_of(
    text: str, *sentences: Sentence, citations: tuple[Citation, ...] = (), reason: Reason | None = None
) -> Answer:
    return Answer(
        "a1", "Why?", text, reason in (None, "length"), reason, 0.9, sentences, citations, "scripted", "000001"
    )


@pytest.mark.parametrize(
    ("answer", "parts"),
    [
        pytest.param(
            answer_of("The lid is blue.", Sentence("The lid is blue.", "supported", (1,)), citations=(cited(1),)),
            ["The lid is blue. [1]", "\n\nSources:\n\n[1] pump.pdf, page 2: “The lid is blue.”"],
            id="a sentence and its quote",
        ),
        pytest.param(
            answer_of(
                "Der Deckel ist blau.",
                Sentence("Der Deckel ist blau.", "supported", (1,), original="The lid is blue."),
                citations=(cited(1),),
            ),
            [
                "Der Deckel ist blau. [1]",
                "\n\nTranslated by the model; numbers and names are checked. The quotes are the documents' own words.",
                "\n\nSources:\n\n[1] pump.pdf, page 2: “The lid is blue.”",
            ],
            id="a translation is said to be one",
        ),
        pytest.param(
            answer_of(
                "Blue. It is heavy.",
                Sentence("Blue", "supported", (1,)),
                Sentence("The mayor has one.", "unsupported"),
                Sentence("It is heavy.", "supported", (1, 2), "detail"),
                citations=(cited(1), cited(2, "The lid\nis  heavy.")),
            ),
            [
                "Blue [1]",
                ". It is heavy. [1] [2]",
                "\n\nSources:\n\n[1] pump.pdf, page 2: “The lid is blue.”",
                "\n\n[2] pump.pdf, page 3: “The lid is heavy.”",
            ],
            id="only what is supported, and a quote is one line",
        ),
        pytest.param(
            replace(
                answer_of("Blue", Sentence("Blue", "supported", (1,)), citations=(cited(1),)), certainty="possible"
            ),
            ["Possibly: Blue [1]", "\n\nSources:\n\n[1] pump.pdf, page 2: “The lid is blue.”"],
            id="not sure enough for a fact",
        ),
        pytest.param(
            replace(
                answer_of(
                    "In order:\n\n1. Close it.\n2. Go.\n\n| a | b |\n| --- | --- |",
                    Sentence("In order:", "supported", (1,)),
                    Sentence("Close it.", "supported", (1,), "step"),
                    Sentence("Go.", "supported", (), "step"),
                    Sentence("a | b", "supported", (2,), "row"),
                    citations=(replace(cited(1), label="iv"), cited(2, "a b")),
                ),
                missing=("the penalty", "*who* pays"),
            ),
            [
                "In order: [1]",
                "\n\n1. Close it. [1]",
                "\n2. Go.",
                "\n\n| a | b [2] |\n| --- | --- |",
                "\n\nNothing was found about: the penalty; \\*who\\* pays.",
                "\n\nSources:\n\n[1] pump.pdf, page 2 (printed iv): “The lid is blue.”",
                "\n\n[2] pump.pdf, page 3: “a b”",
            ],
            id="steps, a table, and what is missing",
        ),
        pytest.param(
            answer_of("You have 2:\n\n- # a.pdf\n- *b*.pdf\n\n| a |\n| --- |\n# x"),
            ["You have 2:\n\n- \\# a.pdf\n- \\*b\\*.pdf\n\n| a |\n| --- |\n\\# x"],
            id="a list without sentences",
        ),
        pytest.param(
            answer_of(
                NOT_IN_DOCUMENTS, Sentence("Red.", "unsupported"), citations=(cited(1),), reason="not_in_documents"
            ),
            [NOT_IN_DOCUMENTS, "\n\nNearest passages:\n\n[1] pump.pdf, page 2: “The lid is blue.”"],
            id="not in the documents",
        ),
        pytest.param(answer_of("Hello.", reason="not_a_question"), ["Hello."], id="small talk"),
    ],
)
def test_pieces(answer: Answer, parts: list[str]) -> None:
    assert pieces(answer) == parts
    assert without_footnotes("".join(parts)) == answer.answer


@pytest.mark.parametrize(
    ("said", "written"),
    [
        pytest.param("![x](http://evil/?q=1)", r"![x]\(http:\//evil/?q=1)", id="picture"),
        pytest.param("![x][y] and [y]: /z", r"![x]\[y] and [y]\: /z", id="picture by reference"),
        pytest.param("<img src=x onerror=alert(1)>", r"\<img src=x onerror=alert(1)>", id="HTML"),
        pytest.param("<https://evil.org>", r"\<https:\//evil.org>", id="address in brackets"),
        pytest.param("see www.evil.org", r"see www\.evil.org", id="bare address"),
        pytest.param("write to me@evil.org", r"write to me\@evil.org", id="mail"),
        pytest.param(r"a \![x](y)", r"a \\![x]\(y)", id="escaped picture"),
        pytest.param("`code` and ~~gone~~", r"\`code\` and ~\~gone\~\~", id="code and what is struck out"),
        pytest.param("*much* __more__ snake_case 2 * 3", r"\*much\* \_\_more\_\_ snake_case 2 * 3", id="emphasis"),
        pytest.param("&lt;b&gt; AT&T", r"\&lt;b\&gt; AT&T", id="entities"),
        pytest.param("x < 5 [a] (ISO) 5 > 4, ~5 kg, 24.50 $", "x < 5 [a] (ISO) 5 > 4, ~5 kg, 24.50 $", id="none"),
    ],
)
def test_text_of_documents_is_escaped(said: str, written: str) -> None:
    answer = answer_of("Blue", Sentence("Blue", "supported", (1,)), citations=(cited(1, said, said),))
    assert pieces(answer)[1] == f"\n\nSources:\n\n[1] {written}, page 2: “{written}”"
    answer = answer_of(said, Sentence(said, "supported", ()))
    assert "".join(pieces(answer)) == written
    assert without_footnotes(written) == said


@pytest.mark.parametrize(
    ("said", "written"),
    [
        pytest.param("# Fees", r"\# Fees", id="heading"),
        pytest.param("> so", r"\> so", id="quote"),
        pytest.param("- so", r"\- so", id="list"),
        pytest.param("--- | ---", r"\--- | ---", id="head of a table"),
        pytest.param("12. so", r"12\. so", id="number"),
        pytest.param("3) so", r"3\) so", id="another number"),
        pytest.param("[x] so", r"\[x] so", id="box to tick"),
        pytest.param("2.5 kg -1", "2.5 kg -1", id="none"),
    ],
)
@pytest.mark.parametrize(("kind", "before"), [("lead", ""), ("step", "1. "), ("item", "- ")])
def test_what_begins_a_line_is_escaped(said: str, written: str, kind: SentenceKind, before: str) -> None:
    answer = answer_of(said, Sentence(said, "supported", (), kind))
    assert pieces(answer) == [before + written]
    assert without_footnotes(before + written) == before + said


SYNTAX = st.sampled_from(
    ["![", "](", "][", "]", "[", "(", ")", "<", ">", "a", "b ", " ", "\n", "\\", "`", "*", "_", "~", "~~", "!", "|",
     "&lt;", "://", "http", "www.", "@", "x.org", ":", "#", "-", "+", "=", "<b", "/", "&#91;", '"', "\t", "    ", "é",
     "1.", "2) ", "- ", "---", " | ", "[x] "]
)  # fmt: skip
WRITTEN = st.lists(SYNTAX, min_size=1, max_size=12).map("".join).map(str.strip).filter(bool)
KINDS = st.sampled_from(get_args(SentenceKind))
SAID = st.lists(st.builds(Sentence, WRITTEN, st.just("supported"), st.just((1,)), KINDS), min_size=1, max_size=5)
STRUCTURE = {
    f"{name}_{end}"
    for name in ("paragraph", "ordered_list", "bullet_list", "list_item", "table", "thead", "tbody", "tr", "th", "td")
    for end in ("open", "close")
} | {"inline"}


def plain(text: str) -> str:
    return " ".join(text.split())


@settings(max_examples=100)
@given(SAID, WRITTEN)
@example([Sentence("]", "supported", (1,)), Sentence("(x)", "supported", (1,))], "!")
@example([Sentence(text, "supported", (1,), "item") for text in ("# a", "> b", "- c", "1. d")], "- c")
@example([Sentence(text, "supported", (1,)) for text in ("[1]: http://evil", "[1]")], "[1]")
@example([Sentence("<1@b>", "supported", (1,)), Sentence("\\", "supported", (1,))], "a\\")
@example([Sentence(text, "supported", (1,), "row") for text in ("a\\ | b", "`|` | \\|", "c")], "|")
@example([Sentence("a | b", "supported", (1,)), Sentence("--- | ---", "supported", (1,), "item")], "a")
def test_rendered_markdown_is_the_plain_text(sentences: list[Sentence], quote: str) -> None:
    answer = answer_of("", *sentences, citations=(cited(1, quote, quote),))
    text = "".join(pieces(answer))
    tokens = MARKDOWN.parse(text)
    assert {token.type for token in tokens} <= STRUCTURE
    inline = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in inline} <= {"text", "text_special"}
    shown = ["".join(child.content for child in token.children or ()) for token in tokens if token.type == "inline"]
    *body, heading, note = shown
    assert (heading, note) == ("Sources:", f"[1] {plain(quote)}, page 2: “{plain(quote)}”")
    assert plain("".join(body)).replace(" ", "") == expected(sentences).replace(" ", "")
    assert not BARE_ADDRESS.search(text)


def expected(sentences: list[Sentence]) -> str:
    """The text of the sentences with their marks, in which white space does not count."""
    parts = []
    for block in blocks(sentences):
        texts = [plain(sentence.text) for sentence in block.sentences]
        if block.shape == "table":
            texts = ["".join(row) for row in table_rows(block)]
        if block.shape == "paragraph":
            ends = ["" if re.search(r"[.!?:;][\"”)\]]{0,3}$", each) else "." for each in texts[:-1]]
            texts = [f"{text} [1]{end}" for text, end in zip(texts, [*ends, ""], strict=True)]
        else:
            texts = [f"{text} [1]" for text in texts]
        parts += texts
    return " ".join(parts)


@given(SAID, st.sampled_from([None, 0.2, 0.9]), st.integers(0, 5))
def test_what_is_streamed_is_the_whole_text(sentences: list[Sentence], confidence: float | None, ahead: int) -> None:
    """A sentence is written before the answer is known; ``ahead`` of them are."""
    lead = replace(sentences[0], confidence=confidence)
    sentences = [lead, *sentences[1:]]
    certainty: Certainty = "stated" if confidence == 0.9 else "possible"
    answer = replace(answer_of("", *sentences, citations=(cited(1),)), certainty=certainty, missing=("x",))
    text = ChatText()
    streamed = [text.sentence(sentence) for sentence in sentences[:ahead]]
    assert [*filter(None, streamed), *text.rest(answer)] == pieces(answer)
    assert any(streamed) == (confidence is not None and ahead > 0)
    assert "".join(pieces(answer)).startswith("Possibly: ") == (certainty == "possible")
