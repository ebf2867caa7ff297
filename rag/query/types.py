"""Types of query understanding: the understood question, and a reply that needs no search."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from rag.domain.values import Answer, Form, Passage, Question, Reason, Usage
from rag.text.languages.table import in_language

_UNKNOWN: Final = "No document mentions {name}."
# In English the names that there are come in a clause of their own.
_UNKNOWN_BUT: Final = "No document mentions {name}; similar: {similar}."


@dataclass(frozen=True, slots=True)
class ReplyItem:
    """One item of a reply, with the place that proves it.

    Attributes:
        text: of the item, in one line; empty where the place proves the text of the reply itself.
        passage: on the page that shows it; None where no page does.
        start, end: offsets of the proof in the text of the passage's page; 0 without a passage.
    """

    text: str
    passage: Passage | None = None
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that is given without a search and without the model.

    Attributes:
        text: one or two sentences; the items follow it as a list.
        reason: None where it answers the question.
    """

    text: str
    reason: Reason | None
    form: Form = "chat"
    items: tuple[ReplyItem, ...] = ()


@dataclass(frozen=True, slots=True)
class UnknownIdentifier:
    """A model number, code, name or period of a question that occurs nowhere in the documents.

    Attributes:
        text: as it was typed: "TR-50".
        similar: those that do occur, nearest first: "TR-40", "TR-60".
        is_period: true for a year or quarter, which an answer may concern although no document writes it.
    """

    text: str
    similar: tuple[str, ...] = ()
    is_period: bool = False

    def statement(self, language: str | None = None) -> str:
        """One sentence for people: "No document mentions TR-50; there are TR-40 and TR-60."."""
        if not self.similar:
            return in_language(_UNKNOWN, language).format(name=self.text)
        if (template := in_language(_UNKNOWN_BUT, language)) != _UNKNOWN_BUT:
            return template.format(name=self.text, similar=", ".join(self.similar))
        *others, last = self.similar
        there = f"there are {', '.join(others)} and {last}" if others else f"there is {last}"
        return f"No document mentions {self.text}; {there}."


@dataclass(frozen=True, slots=True)
class UnderstoodQuestion:
    """Result of query understanding: the question in the forms for search, prompt and verification.

    Attributes:
        asked: the question as it was typed.
        standalone: the question for the prompt, against which the answer is verified.
        searches: the questions to search for, at most five, whose hits are interleaved: the whole question; for a
            comparison its two sides first; for several parts each of them, too; last its translation.
        topic: the search for the question without the name of a document, in that document; None where it names none.
        form: of the answer that is asked for.
        parts: the questions in the text, each by itself; one element for one question. A request that cannot be carried
            out is left out.
        attributes: what is asked for of each item: the columns of a table; none for most questions.
        unknown_identifiers: of the question, which occur nowhere in the searched documents.
        needs_today: true where the answer depends on today's date.
        prior_documents: names of the documents that the conversation was about, the most recent first.
        reply: the reply instead of a search; None for a question that the documents may answer.
        passages: of the section or document to summarise; there is no search then.
        usage: tokens of the language model for rewriting and translation.
        scope_note: a sentence for people that says which part was taken, such as which page of two numberings.
        language: in which it was asked, by its English name; None where that is not known.
        bare_questions: the questions of a text that tells something beside them; none where it only asks.
    """

    asked: Question
    standalone: Question
    searches: tuple[Question, ...]
    form: Form = "fact"
    parts: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    unknown_identifiers: tuple[UnknownIdentifier, ...] = ()
    needs_today: bool = False
    prior_documents: tuple[str, ...] = ()
    reply: Reply | None = None
    passages: tuple[Passage, ...] = ()
    usage: Usage = field(default_factory=Usage)
    scope_note: str | None = None
    topic: Question | None = None
    language: str | None = None
    bare_questions: tuple[str, ...] = ()

    def answered_by(self, answer: Answer) -> Answer:
        """The answer with the question as it was typed, and with the tokens of query understanding."""
        return replace(answer, question=self.asked.text, usage=self.usage + answer.usage)
