"""Labelled questions from a JSONL file, a line of which is ``{"id", "question", "answers", "document", "pages"}``.

``answers`` and ``pages`` are lists. ``nuggets`` are the facts of a complete answer, instead of ``answers`` or beside
them: ``[{"vital": true, "any": ["24 months", "re:two.years?"], "fact": "its length"}]``. Empty ``answers`` without
nuggets, or empty ``nuggets`` without answers, mean that the documents do not answer the question.

``documents`` in place of ``document`` lists several that do; ``evidence``, as ``{"a.pdf": [3], "b.pdf": [7, 8]}`` or
``[{"document": "a.pdf", "pages": [3]}]``, gives each its own pages. ``form`` (such as "Numeric"), ``source`` (such as
"table") and ``kind`` (such as "how_to") are optional: the metrics are then broken down by them.

``history``, as ``[{"question", "answer"}]``, has earlier turns of the conversation, ``within`` the names of the
documents to search in. ``answers`` may be null, where an answer is known to be wrong and nobody said what is right:
such a line counts for retrieval if it has pages, and else not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from rag.domain.values import Question, Turn
from rag.errors import QuestionsInvalid
from rag.evaluation.nuggets import Nugget


def _pages_by_document(value: object) -> object:
    """Evidence as a mapping; empty where it is something else, such as the quotes that other programs keep there."""
    if isinstance(value, list) and value and all(isinstance(one, dict) and "pages" in one for one in value):
        by_document: dict[object, list[object]] = {}
        for one in value:
            pages = one["pages"] if isinstance(one["pages"], list) else [one["pages"]]
            by_document.setdefault(one.get("document"), []).extend(pages)
        return by_document
    return value if isinstance(value, dict) else {}


def _turns(value: object) -> object:
    """Turns of a conversation; none where it is something else."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return ()
    return value if all({"question", "answer"} <= one.keys() for one in value) else ()


def _names(value: object) -> object:
    return value if isinstance(value, list) and all(isinstance(one, str) for one in value) else ()


class EarlierTurn(BaseModel):
    """An earlier question of the same conversation, and its answer."""

    model_config = ConfigDict(frozen=True)

    question: str
    answer: str


# A value of another type is ignored: other programs use these names too.
_Kind: TypeAlias = Annotated[str | None, BeforeValidator(lambda value: value if isinstance(value, str) else None)]
_Evidence: TypeAlias = Annotated[Mapping[str, tuple[int, ...]], BeforeValidator(_pages_by_document)]


class LabelledQuestion(BaseModel):
    """A labelled question: one line of a questions file."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str
    question: str = Field(min_length=1)
    answers: tuple[str, ...]
    nuggets: tuple[Nugget, ...] = ()
    document: str | None = None
    documents: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()
    evidence: _Evidence = {}
    form: _Kind = None
    source: _Kind = None
    kind: _Kind = None
    history: Annotated[tuple[EarlierTurn, ...], BeforeValidator(_turns)] = ()
    within: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()
    is_answer_known: bool = True

    @model_validator(mode="before")
    @classmethod
    def _answers_may_be_missing(cls, line: object) -> object:
        if isinstance(line, dict) and line.get("answers", ()) is None:
            return {**line, "answers": (), "is_answer_known": False}
        return {"answers": (), **line} if isinstance(line, dict) and "nuggets" in line else line

    @property
    def answerable(self) -> bool:
        """True if the documents hold an answer, known or not."""
        return bool(self.answers or self.nuggets) or not self.is_answer_known

    @property
    def paged(self) -> bool:
        """True if it is answerable and a gold page is known."""
        return self.answerable and bool(self.pages or any(self.evidence.values()))

    @property
    def gold_documents(self) -> frozenset[str]:
        """Names of the documents that hold the answer."""
        named = self.documents or ([self.document] if self.document else [])
        return frozenset([*named, *self.evidence])

    def to_domain(self) -> Question:
        """The question as it is asked."""
        history = tuple(Turn(turn.question, turn.answer) for turn in self.history)
        return Question(self.question, self.within, history)

    def is_gold(self, names: Iterable[str], page: int) -> bool:
        """True if the page, of a document with these names, is one that holds the answer or a part of it."""
        here = self.gold_documents.intersection(names)
        return any(page in gold_pages(name, self.pages, self.evidence) for name in here)


def gold_pages(document: str, pages: Sequence[int], evidence: Mapping[str, Sequence[int]]) -> Sequence[int]:
    """The gold pages of a gold document: its own ``evidence``, else ``pages``, which count in any of them."""
    return evidence.get(document, pages)


def read_questions(path: Path, *, retrieval_only: bool = False) -> list[LabelledQuestion]:
    """The labelled questions of a file.

    Args:
        path: of the file.
        retrieval_only: whether a page without a known answer is enough.

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
            problem = first["msg"].removeprefix("Value error, ")
            raise QuestionsInvalid(f"{path}, line {number}: {where or 'JSON'}: {problem}") from error
    usable = [each for each in questions if each.is_answer_known or (retrieval_only and each.paged)]
    if not usable:
        raise QuestionsInvalid(f"{path} holds no question" + (" whose answer is known" if questions else ""))
    return usable


def absent_documents(questions: Iterable[LabelledQuestion], names: Collection[str]) -> dict[str, list[str]]:
    """The gold documents that are not among ``names``, by name, each with the ids of its questions."""
    absent: dict[str, list[str]] = {}
    for question in questions:
        if question.answerable:
            for name in question.gold_documents.difference(names):
                absent.setdefault(name, []).append(question.id)
    return dict(sorted(absent.items()))
