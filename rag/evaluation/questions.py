"""Labelled questions from a JSONL file, a line of which is ``{"id", "question", "answers", "document", "pages"}``.

``answers`` and ``pages`` are lists. Empty ``answers`` mean that the documents do not answer the question; ``documents``
in place of ``document`` lists several that do. ``form`` (such as "Numeric") and ``source`` (such as "table") are
optional: the metrics are then broken down by them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from rag.errors import QuestionsInvalid

# A value of another type is ignored: other programs use these names too.
_Kind: TypeAlias = Annotated[str | None, BeforeValidator(lambda value: value if isinstance(value, str) else None)]


class LabelledQuestion(BaseModel):
    """A labelled question: one line of a questions file."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str
    question: str = Field(min_length=1)
    answers: tuple[str, ...]
    document: str | None = None
    documents: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()
    form: _Kind = None
    source: _Kind = None

    @property
    def answerable(self) -> bool:
        """True if the documents hold an answer."""
        return bool(self.answers)

    @property
    def gold_documents(self) -> frozenset[str]:
        """Names of the documents that hold the answer."""
        return frozenset(self.documents or ([self.document] if self.document else []))


def read_questions(path: Path) -> list[LabelledQuestion]:
    """The labelled questions of a file.

    Raises:
        QuestionsInvalid: no such file, or a line is not a question; the message names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionsInvalid(f"{path} cannot be read: {error}") from error
    questions = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            questions.append(LabelledQuestion.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise QuestionsInvalid(f"{path}, line {number}: {where or 'JSON'}: {first['msg']}") from error
    if not questions:
        raise QuestionsInvalid(f"{path} holds no question")
    return questions


def absent_documents(questions: Iterable[LabelledQuestion], names: Collection[str]) -> dict[str, list[str]]:
    """The gold documents that are not among ``names``, by name, each with the ids of its questions."""
    absent: dict[str, list[str]] = {}
    for question in questions:
        if question.answerable:
            for name in question.gold_documents.difference(names):
                absent.setdefault(name, []).append(question.id)
    return dict(sorted(absent.items()))
