"""The steps from a question as it is typed to what is searched for, on one screen."""

from __future__ import annotations

from rag.domain import Question
from rag.index import Generation
from rag.understanding.small_talk import small_talk
from rag.understanding.understood import Kind, UnderstoodQuestion
from rag.understanding.yes_no import is_yes_no


def understand(question: Question, generation: Generation) -> UnderstoodQuestion:
    """What a question asks for, and of which kind it is.

    Raises:
        DocumentUnknown: it names a document that the index does not have.
    """
    if reply := small_talk(question.text, generation.documents):
        return UnderstoodQuestion(question, question, (), reply=reply)
    kind: Kind = "yes_no" if is_yes_no(question.text) else "question"
    return UnderstoodQuestion(question, question, (question,), kind)
