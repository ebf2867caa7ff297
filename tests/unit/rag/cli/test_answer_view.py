"""Terminal rendering of answers, character by character, without control sequences from documents or models."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from rag.answering.answer_builder import FACT
from rag.cli.answer_view import confidence_in_words, print_answer, print_whole_answer
from rag.domain.values import Answer, Citation, Sentence, SentenceKind

PUMP = Citation(1, "manual.pdf", "0" * 64, 2, "The pump has\na blue lid.", 0, 24, (), 1.0)
VALVE = Citation(2, "terms [2025].pdf", "1" * 64, 7, "The valve opens to the left, slowly.", 9, 45, (), 0.8)
TIMINGS = {
    "queue": 0.0, "understand": 3.0, "retrieve": 312.4, "first_token": 1402.0, "generate": 1951.0, "verify": 480.0,
    "total": 3210.0,
}  # fmt: skip
ANSWERED = Answer(
    id="a" * 32,
    question="Which lid has the pump?",
    answer="A blue lid. The valve opens to the left.",
    answered=True,
    reason=None,
    certainty="stated",
    confidence=0.853,
    sentences=(Sentence("A blue lid.", "supported", (1,)), Sentence("It opens to the left.", "supported", (2, 1))),
    citations=(PUMP, VALVE),
    model="scripted",
    index="000001-x",
    timings_ms=TIMINGS,
)
PARTLY = replace(
    ANSWERED, sentences=(ANSWERED.sentences[0], Sentence("The lid is made of gold.", "unsupported")), citations=(PUMP,)
)
POSSIBLY = replace(ANSWERED, certainty="possible", confidence=0.412, reason="length")
ABSTAINED = replace(
    ANSWERED,
    answer="The documents do not answer this question.",
    answered=False,
    reason="no_supported_sentence",
    certainty=None,
    confidence=0.3,
    sentences=(Sentence("The lid is made of gold.", "unsupported"),),
    citations=(PUMP,),
)
STEPS = replace(
    ANSWERED,
    sentences=(
        Sentence("Change the lid in this order:", "supported", (1,), "lead", 0.9),
        Sentence(
            "Close the valve by hand and keep it closed until the last lid is on.", "supported", (1,), "step", 0.9
        ),
        Sentence("Lift the lid.", "supported", (2,), "step", 0.4),
        Sentence("Wear gloves.", "supported", (), "detail", 0.9),
        Sentence("Put on the new one.", "supported", (2,), "step", 0.3),
        Sentence("Blue: for the pump", "supported", (1,), "item", 0.9),
        Sentence("Made of gold.", "unsupported", (), "item"),
    ),
    citations=(replace(PUMP, label="iv"), VALVE),
    missing=("the price", "the\n[colour]"),
)
TRANSLATED = replace(
    ANSWERED,
    sentences=(Sentence("Ein blauer Deckel.", "supported", (1,), original="A blue lid."),),
    citations=(PUMP,),
)
UNCALIBRATED = replace(PARTLY, sentences=PARTLY.sentences[:1], certainty="uncalibrated", confidence=None)
TABLE = replace(
    ANSWERED,
    sentences=(
        Sentence("Lid | Price | Weight", "supported", (1,), "row", 0.9),
        Sentence("Blue | 1,200 | 3 kg", "supported", (2,), "row", 0.9),
        Sentence("Red [x] | 900", "supported", (1, 2), "row", 0.2),
    ),
    citations=(),
)
LISTED = replace(
    ANSWERED,
    confidence=1.0,
    form="collection",
    sentences=(
        Sentence("There are 2 documents:", "supported"),
        Sentence("manual.pdf", "supported", (), "item"),
        Sentence("terms [2025].pdf", "supported", (), "item"),
    ),
    citations=(),
)
GREETED = replace(
    ANSWERED, answer="Hello.", answered=False, reason="not_a_question", certainty=None, sentences=(), citations=(),
    timings_ms={"total": 0.4},
)  # fmt: skip
HOSTILE = replace(
    ANSWERED,
    question="Who\x1b[2J wins?",
    sentences=(Sentence("[red]You\x1b]0;owned\x07 win[/red] \x9b31m\u202enow", "supported", (1,)),),
    citations=(replace(PUMP, document="a\x1b[31m\n[bold].pdf", quote="[link=http://x]\x1bP1$r\x1b\\ yes\r\nno\x00"),),
    model="m\x1b[0m",
)
Show = Callable[[Console, Answer], None]


def shown(show: Show, answer: Answer, width: int = 72) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None, force_terminal=False, highlight=False)
    show(console, answer)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        pytest.param(
            ANSWERED,
            """\
  ✓ A blue lid. [1]
  ✓ It opens to the left. [2] [1]

  Likely right: 85% sure.

  [1] manual.pdf, page 2
      “The pump has a blue lid.”
  [2] terms [2025].pdf, page 7
      “The valve opens to the left, slowly.”

""",
            id="answered",
        ),
        pytest.param(
            TRANSLATED,
            """\
  ✓ Ein blauer Deckel. [1]
  Translated by the model; numbers and names are checked. The quotes
  are the documents' own words.

  Likely right: 85% sure.

  [1] manual.pdf, page 2
      “The pump has a blue lid.”

""",
            id="translated",
        ),
        pytest.param(
            UNCALIBRATED,
            """\
  A blue lid. [1]

  How sure it is cannot be told: this model was not calibrated. Read
  the quotes.

  [1] manual.pdf, page 2
      “The pump has a blue lid.”

""",
            id="uncalibrated",
        ),
        pytest.param(
            PARTLY,
            """\
  ✓ A blue lid. [1]

  Likely right: 85% sure.

  [1] manual.pdf, page 2
      “The pump has a blue lid.”

  The model also wrote this, which the documents do not support:
    ✗ The lid is made of gold.

""",
            id="partly unsupported",
        ),
        pytest.param(
            POSSIBLY,
            """\
  ? possibly: A blue lid. [1]
  ? It opens to the left. [2] [1]

  Possible, and no more than that: 41% sure. Read the quotes.
  It was cut off: an answer has at most RAG_MAX_TOKENS tokens.

  [1] manual.pdf, page 2
      “The pump has a blue lid.”
  [2] terms [2025].pdf, page 7
      “The valve opens to the left, slowly.”

""",
            id="possibly, and cut off",
        ),
        pytest.param(
            STEPS,
            """\
  ✓ Change the lid in this order: [1]
  ✓ 1. Close the valve by hand and keep it closed until the last lid
       is on. [1]
  ? possibly: 2. Lift the lid. [2]
  Wear gloves.
  ? 3. Put on the new one. [2]
  ✓ • Blue: for the pump [1]
  Nothing was found about: the price; the [colour]

  Likely right: 85% sure.

  [1] manual.pdf, page 2 (printed iv)
      “The pump has a blue lid.”
  [2] terms [2025].pdf, page 7
      “The valve opens to the left, slowly.”

  The model also wrote this, which the documents do not support:
    ✗ Made of gold.

""",
            id="steps, a list, and what is missing",
        ),
        pytest.param(
            TABLE,
            """\
  ✓  Lid      Price  Weight  [1]
  ✓  Blue     1,200  3 kg    [2]
  ?  Red [x]  900            [1] [2]

  Likely right: 85% sure.

""",
            id="a table",
        ),
        pytest.param(
            replace(TABLE, certainty="possible", confidence=0.412, sentences=TABLE.sentences[2:]),
            """\
  ? possibly:
  ?  Red [x]  900  [1] [2]

  Possible, and no more than that: 41% sure. Read the quotes.

""",
            id="a table that is only possible",
        ),
        pytest.param(
            LISTED,
            "  There are 2 documents:\n  • manual.pdf\n  • terms [2025].pdf\n\n",
            id="the collection, which nothing proves",
        ),
        pytest.param(
            ABSTAINED,
            """\
  The documents do not answer this question.

  The nearest passages:
  [1] manual.pdf, page 2
      “The pump has a blue lid.”

  Drafted but withheld, because the documents do not support it well
  enough:
    ✗ The lid is made of gold.

""",
            id="abstained",
        ),
    ],
)
def test_the_whole_answer(answer: Answer, text: str) -> None:
    foot = "  3.2 s (search 0.3 s, first word after 1.4 s, draft 2.0 s, check 0.5\n  s) · scripted, index 000001-x\n\n"
    assert shown(print_whole_answer, answer) == text + foot


def test_a_reply_to_a_greeting_is_no_refusal() -> None:
    assert shown(print_whole_answer, GREETED) == "  Hello.\n\n  0.0 s · scripted, index 000001-x\n\n"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        pytest.param(
            POSSIBLY,
            """\
Which lid has the pump?
  ? possibly: A blue lid. [1]
  ? possibly: It opens to the left. [2] [1]
  (cut off: it became too long)
    [1] manual.pdf, page 2
        “The pump has a blue lid.”
    [2] terms [2025].pdf, page 7
        “The valve opens to the left, slowly.”
  41% sure, 3.2 s, scripted, index 000001-x

""",
            id="possibly",
        ),
        pytest.param(
            ABSTAINED,
            """\
Which lid has the pump?
  The documents do not answer this question.
    The nearest passages:
    [1] manual.pdf, page 2
        “The pump has a blue lid.”
  3.2 s, scripted, index 000001-x

""",
            id="abstained",
        ),
    ],
)
def test_in_short(answer: Answer, text: str) -> None:
    assert shown(print_answer, answer) == text


def test_hostile_text_is_escaped() -> None:
    assert shown(print_whole_answer, HOSTILE) == (
        "  ✓ [red]You�]0;owned� win[/red] �31m�now [1]\n\n"
        "  Likely right: 85% sure.\n\n"
        "  [1] a�[31m�[bold].pdf, page 2\n"
        "      “[link=http://x]�P1$r�\\ yes no�”\n\n"
        "  3.2 s (search 0.3 s, first word after 1.4 s, draft 2.0 s, check 0.5\n"
        "  s) · m�[0m, index 000001-x\n\n"
    )
    assert shown(print_answer, HOSTILE).startswith("Who�[2J wins?\n  ✓ [red]You�]0;owned� win[/red]")


@pytest.mark.parametrize("show", [print_answer, print_whole_answer])
@given(text=st.text())
def test_only_printable_characters_reach_the_terminal(show: Show, text: str) -> None:
    answer = replace(
        PARTLY,
        question=text,
        answer=text,
        sentences=(
            *(Sentence(text, "supported", (1,), kind) for kind in get_args(SentenceKind)),
            Sentence(text, "unsupported"),
        ),
        citations=(replace(PUMP, document=text, quote=text, label=text),),
        missing=(text,),
    )
    assert all(character.isprintable() or character == "\n" for character in shown(show, answer))


def test_the_first_sentence_is_as_certain_as_the_answer() -> None:
    sentences = tuple(replace(sentence, confidence=0.99) for sentence in ANSWERED.sentences)
    answer = replace(POSSIBLY, sentences=sentences)
    assert shown(print_whole_answer, answer).startswith(
        "  ? possibly: A blue lid. [1]\n  ✓ It opens to the left. [2] [1]\n"
    )


@pytest.mark.parametrize("width", [1, 20, 200])
def test_any_width(width: int) -> None:
    assert "bluelid" in "".join(shown(print_whole_answer, PARTLY, width).split())
    rows = "".join(shown(print_whole_answer, TABLE, width).split())
    assert all(cell in rows for cell in ("Weight", "1,200", "3kg", "Red[x]"))


def test_lines_have_no_trailing_spaces() -> None:
    for answer in (STEPS, TABLE, LISTED):
        lines = shown(print_whole_answer, answer).splitlines()
        assert [line for line in lines if line != line.rstrip()] == []


def test_a_reply_of_several_lines() -> None:
    reply = replace(GREETED, answer="I have 2:\n\n- a\x1b.pdf\n- b.pdf")
    assert shown(print_whole_answer, reply).startswith("  I have 2:\n\n  - a�.pdf\n  - b.pdf\n\n  0.0 s")


def test_without_a_confidence() -> None:
    plain = replace(ANSWERED, confidence=None)
    assert confidence_in_words(plain) == ""
    assert "\n  3.2 s, scripted" in shown(print_answer, plain)


def test_the_id_of_a_record() -> None:
    console = Console(file=io.StringIO(), width=120, highlight=False)
    print_whole_answer(console, GREETED, recorded=True)
    assert f"record {'a' * 32}" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_summary_is_neither_right_nor_wrong() -> None:
    summary = replace(ANSWERED, confidence=1.0)
    assert confidence_in_words(summary) == "The document's own sentences."
    assert "  the document's own sentences, 3.2 s" in shown(print_answer, summary)


@pytest.mark.parametrize(
    ("confidence", "words"),
    [
        (0.9999, "Very likely right: 99% sure."),
        (0.9, "Very likely right: 90% sure."),
        (0.899, "Likely right: 89% sure."),
        (FACT, "Likely right: 60% sure."),
        (FACT - 0.001, "Possible, and no more than that: 59% sure. Read the quotes."),
        (0.29, "Possible, and no more than that: 29% sure. Read the quotes."),
        (0.0, "Possible, and no more than that: 0% sure. Read the quotes."),
    ],
)
def test_confidence_in_words(confidence: float, words: str) -> None:
    answer = replace(ANSWERED, certainty="stated" if confidence >= FACT else "possible", confidence=confidence)
    assert confidence_in_words(answer) == words
    percentage = re.search(r"\d+% sure", words)
    assert percentage
    assert f"  {percentage[0]}, 3.2 s" in shown(print_answer, answer)
