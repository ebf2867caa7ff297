"""What the model is asked, and what is taken from its reply.

Instructions and examples are the same each time, so that a model which keeps the beginning of its last prompt reads
them once; the fact comes last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from rag.evaluation.synthetic.matching import subject
from rag.evaluation.synthetic.types import Fact, Form
from rag.models.llm.language_model import Message

MAX_TOKENS: Final = 48
# Of what stands before a fact in its passage, and of its headings.
_MOST_CONTEXT_WORDS: Final = 35
_MOST_HEADING_WORDS: Final = 24

SYSTEM: Final = """\
You write the questions that people ask about their documents. You are given a fact from a document, and what stands \
before it. Write one question to which the given words of the fact are the answer.
The question stands alone: the reader has not seen the document, so name the company, product, person, agreement or \
place, and the year, that the question is about. Never write "this", "the document", "the passage", "it" or "they"."""

_HINTS: Final[Mapping[Form, str]] = {
    "what": "Why, What or How",
    "who": "Who, Which or What",
    "when": "When",
    "number": "How many, How much or How long",
    "yes_no": "Is, Are, Does, Can, May or Must",
    "table": "What or How much",
}

# Invented, from several walks of life: a contract, a report, a manual, a row of a table.
_EXAMPLES: Final = (
    (
        "Document: LARKFIELD INC Distribution Agreement\nBefore: 7.2 Termination. Each party may end this Agreement at "
        "the end of a calendar year.\nFact: The Distributor shall return all unsold Goods to the Supplier within "
        "forty-five (45) days after termination, at its own cost.\nAnswer: forty-five (45) days\n"
        "Begin with: How many, How much or How long",
        "Question: How long does the Distributor have to return unsold Goods to Larkfield after termination of the "
        "Distribution Agreement?",
    ),
    (
        "Document: Annual Report 2019 of Orsay Ferries\nBefore: Our fleet > New ships\nFact: The third ship, which was "
        "built in Gdansk, replaced the Marguerite because her engines no longer met the emission rules.\nAnswer: her "
        "engines no longer met the emission rules\nBegin with: Why, What or How",
        "Question: Why did Orsay Ferries replace the Marguerite?",
    ),
    (
        "Document: Vento 300 Owner's Manual\nBefore: Cleaning\nFact: Do not wash the filter of the dehumidifier in a "
        "dishwasher.\nAnswer: No\nBegin with: Is, Are, Does, Can, May or Must",
        "Question: Can the filter of the Vento 300 dehumidifier be washed in a dishwasher?",
    ),
    (
        "Document: Hallam County budget\nBefore: Spending by department (in thousands) 2021 2020\nFact: Roads and "
        "bridges 4,120 3,870\nAnswer: 4,120\nBegin with: What or How much",
        "Question: How much did Hallam County spend on roads and bridges in 2021, in thousands?",
    ),
)

_QUESTION: Final = re.compile(r"\s*Question:\s*(?P<question>[^\n?]+\?)")


def messages(fact: Fact) -> list[Message]:
    """The chat in which the model is to write a question about a fact."""
    chat = [Message("system", SYSTEM)]
    for asked, replied in _EXAMPLES:
        chat += [Message("user", asked), Message("assistant", replied)]
    chunk = fact.passage.chunk
    above = " > ".join(heading for heading in chunk.headings[-3:] if not chunk.text.startswith(heading)).split()
    before = " ".join(above[-_MOST_HEADING_WORDS:] + fact.before.split()[-_MOST_CONTEXT_WORDS:])
    lines = [
        f"Document: {subject(fact.passage.document)}",
        f"Before: {before}",
        f"Fact: {fact.text}",
        f"Answer: {fact.answer}",
        f"Begin with: {_HINTS[fact.form]}",
    ]
    return [*chat, Message("user", "\n".join(lines))]


def parse(reply: str) -> str | None:
    """The question of a reply; None where it has not the form that was asked for."""
    found = _QUESTION.match(reply)
    return found["question"] if found else None
