"""Feedback: what people have said of answers, in the lines that the service keeps of it, and on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from rich.console import Console
from rich.text import Text

from rag.errors import QuestionsInvalid

_MOST_SHOWN: Final = 20
_LONGEST: Final = 200


class RecordedFeedback(BaseModel):
    """Feedback on one answer.

    Attributes:
        answer: that was judged, at ``time`` (ISO 8601, UTC).
        answered: False where it was "not in the documents".
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    verdict: Literal["right", "wrong"]
    answer: str
    answered: bool
    time: str


class JudgedQuestion(BaseModel):
    """A question whose answer was judged.

    Attributes:
        answers: the right ones; empty where the documents have none, None where nobody said.
        feedback: None for a line that a person has added.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    question: str
    answers: tuple[str, ...] | None = ()
    document: str | None = None
    pages: tuple[int, ...] = ()
    feedback: RecordedFeedback | None = None


def read_feedback(path: Path) -> list[JudgedQuestion]:
    """The questions that people have judged the answers of, in the order in which they did.

    Raises:
        QuestionsInvalid: there are none, or the file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError as error:
        raise QuestionsInvalid(
            f"nobody has said anything of an answer yet: there is no {path}; the page has buttons for it under answers"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionsInvalid(f"{path} cannot be read: {error}") from error
    judged = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            judged.append(JudgedQuestion.model_validate_json(line))
        except ValidationError as error:
            raise QuestionsInvalid(f"{path}, line {number}: {error.errors()[0]['msg']}") from error
    return [each for each in judged if each.feedback]


def print_feedback(console: Console, judged: Sequence[JudgedQuestion]) -> None:
    """Prints how many answers are said to be right, and the latest that are not, with what they should have been."""
    wrong = [each for each in judged if each.feedback and each.feedback.verdict == "wrong"]
    unknown = sum(each.answers is None for each in wrong)
    about = f"{len(judged)} answers judged: {len(judged) - len(wrong)} right, {len(wrong)} wrong"
    more = f"  of {unknown} nobody said what is right: these are not measured" if unknown else ""
    console.print(Text.assemble((about, "bold"), (more, "dim")), soft_wrap=True)
    for each in wrong[-_MOST_SHOWN:]:
        console.print(Text(f"  {_short(each.question)}"), soft_wrap=True)
        answer = _short(each.feedback.answer) if each.feedback else ""
        console.print(Text.assemble("    answered: ", (answer, "red")), soft_wrap=True)
        console.print(Text.assemble("    should be: ", (_expected(each), "green")), soft_wrap=True)
    console.print()


def _expected(judged: JudgedQuestion) -> str:
    place = f" ({judged.document}, page {', '.join(map(str, judged.pages))})" if judged.document else ""
    if judged.answers is None:
        return f"not said{place}"
    return f"{_short('; '.join(judged.answers))}{place}" if judged.answers else "not in the documents"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
