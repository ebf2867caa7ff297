"""Markdown of answers: text with footnotes, and escaping of text from documents."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag.answering.answer_builder import NOT_IN_DOCUMENTS
from rag.domain.values import Answer, Citation, Reason, Sentence
from rag.service.openai.markdown import pieces, without_footnotes

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
                "Blue. It is heavy.",
                Sentence("Blue", "supported", (1,)),
                Sentence("The mayor has one.", "unsupported"),
                Sentence("It is heavy.", "supported", (1, 2)),
                citations=(cited(1), cited(2, "The lid\nis  heavy.")),
            ),
            [
                "Blue. [1]",
                " It is heavy. [1] [2]",
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


SYNTAX = st.sampled_from(
    ["![", "](", "][", "]", "[", "(", ")", "<", ">", "a", "b ", " ", "\n", "\\", "`", "*", "_", "~", "~~", "!", "|",
     "&lt;", "://", "http", "www.", "@", "x.org", ":", "#", "-", "+", "=", "<b", "/", "&#91;", '"', "\t", "    ", "é"]
)  # fmt: skip
WRITTEN = st.lists(SYNTAX, min_size=1, max_size=12).map("".join).map(str.strip).filter(bool)


@settings(max_examples=50)
@given(WRITTEN, WRITTEN, WRITTEN)
@example("]", "(x)", "!")
@example("# a", "> b", "- c")
@example("[1]: http://evil", "[1]", "[1]")
@example("<1@b>", "\\", "a\\")
def test_rendered_markdown_is_the_plain_text(sentence: str, quote: str, name: str) -> None:
    answer = answer_of(
        "",
        Sentence(sentence, "supported", (1,)),
        Sentence(quote, "supported", (1, 2)),
        citations=(cited(1, quote, name), cited(2, sentence, name)),
    )
    text = "".join(pieces(answer))
    tokens = MARKDOWN.parse(text)
    assert {token.type for token in tokens} == {"paragraph_open", "inline", "paragraph_close"}
    inline = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in inline} <= {"text", "text_special"}
    shown = ["".join(child.content for child in token.children or ()) for token in tokens if token.type == "inline"]
    first, second, said = (" ".join(words.split()) for words in (sentence, quote, name))
    stop = "" if first.endswith((".", "!", "?")) else "."
    assert shown[0] == f"{first}{stop} [1] {second} [1] [2]"
    assert shown[1:] == ["Sources:", f"[1] {said}, page 2: “{second}”", f"[2] {said}, page 3: “{first}”"]
    assert not BARE_ADDRESS.search(text)
