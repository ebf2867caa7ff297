"""Question generation with a language model: few-shot prompt, parsed reply, and the loop that makes and filters them.

Instructions and examples are the same each time and the fact comes last, so that a model which caches the prefix of
its prompts prefills them once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from rag.evaluation.synthetic.filters import is_new, rejection_reason
from rag.evaluation.synthetic.matching import subject
from rag.evaluation.synthetic.sampling import sampled_facts
from rag.evaluation.synthetic.types import Fact, Form, SyntheticQuestion
from rag.index.generation import Generation
from rag.models.llm.language_model import LanguageModel, Message, Token
from rag.runtime.cancellation import Cancellation
from rag.text.words import words

_MAX_TOKENS: Final = 48
# The last words of the passage's text before the fact, and of its headings.
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

# Few-shot examples, invented, from several kinds of documents: a contract, a report, a manual, a table.
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

_QUESTION: Final = re.compile(r"\s*+Question:\s*+(?P<question>[^\n?]++\?)")


def make_questions(
    generation: Generation, model: LanguageModel, count: int, seed: int = 0
) -> Iterator[SyntheticQuestion]:
    """Up to ``count`` questions, spread over documents and pages; fewer where the documents do not hold so many facts.

    The same index, model and seed give the same questions. No question is selected by how well it is retrieved or
    answered: that is what the questions are to measure.

    Raises:
        ModelUnusable: the model failed.
    """
    asked: list[frozenset[str]] = []
    for fact in sampled_facts(generation, seed):
        if len(asked) == count:
            return
        question = question_about(fact, model)
        if question and is_new(question.question, asked):
            asked.append(frozenset(words(question.question)))
            yield question


def question_about(fact: Fact, model: LanguageModel, cancelled: Cancellation | None = None) -> SyntheticQuestion | None:
    """The model's question about one fact; None where its reply cannot be parsed or a filter rejects it.

    Raises:
        ModelUnusable: the model failed.
        Cancelled: ``cancelled`` was called.
    """
    reply = ""
    prompt = model.prompt(messages(fact))
    for token in model.generate(prompt, max_tokens=_MAX_TOKENS, cancelled=cancelled or Cancellation()):
        reply += token.text if isinstance(token, Token) else ""
        if "?" in reply:
            break  # closing the generator stops the generation
    question = parse(reply)
    return SyntheticQuestion(question, fact, fact.form) if question and not rejection_reason(question, fact) else None


def messages(fact: Fact) -> list[Message]:
    """The chat messages that ask the model for a question about a fact."""
    chat = [Message("system", SYSTEM)]
    for asked, replied in _EXAMPLES:
        chat += [Message("user", asked), Message("assistant", replied)]
    chunk = fact.passage.chunk
    above = " > ".join(heading for heading in chunk.context[-3:] if not chunk.text.startswith(heading)).split()
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
    """The question in a reply; None where the reply does not begin with ``Question: ...?``."""
    found = _QUESTION.match(reply)
    return found["question"] if found else None
