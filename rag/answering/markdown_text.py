"""Markdown of an answer's sentences: paragraphs, numbered steps, lists and tables of GitHub's dialect.

It is append-only: the Markdown of the first sentences is a prefix of the Markdown of all, so that an answer can be
streamed while it is written. https://github.github.com/gfm/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, Literal, NamedTuple, TypeAlias

from rag.domain.values import Sentence, SentenceKind

Shape: TypeAlias = Literal["paragraph", "steps", "items", "table"]

_SHAPES: Final[dict[SentenceKind, Shape]] = {
    "lead": "paragraph",
    "detail": "paragraph",
    "step": "steps",
    "item": "items",
    "row": "table",
}
# A bar between two cells stands by itself; an empty cell at an end may have lost its blank.
_BAR: Final = re.compile(r"(?<!\S)\|(?!\S)")
_ENDED: Final = re.compile(r"[.!?:;…][\"'”’»)\]]{0,3}$")
# Most characters of a label: a longer text before a colon is a clause.
_LONGEST_LABEL: Final = 60
_LABEL: Final = re.compile(rf"[^\s.!?:;|][^.!?:;|]{{0,{_LONGEST_LABEL - 1}}}(?=:\s)")


class AnswerBlock(NamedTuple):
    """Consecutive sentences that are displayed as one element.

    Attributes:
        shape: ``paragraph`` of lead and detail sentences, ``steps``, ``items`` or ``table``; its first row is the head.
        number: of the first step; 1 for the other shapes.
    """

    shape: Shape
    sentences: tuple[Sentence, ...]
    number: int = 1


def blocks(sentences: Iterable[Sentence]) -> list[AnswerBlock]:
    """The blocks of an answer, in order. A lead begins a paragraph.

    Steps are numbered on after a detail, and from 1 after another lead.
    """
    found: list[AnswerBlock] = []
    number = 1
    for shape, members in _groups(sentences):
        if any(sentence.kind == "lead" for sentence in members):
            number = 1
        found.append(AnswerBlock(shape, members, number if shape == "steps" else 1))
        if shape == "steps":
            number += len(members)
    return found


def _groups(sentences: Iterable[Sentence]) -> Iterator[tuple[Shape, tuple[Sentence, ...]]]:
    paragraph = 0

    def key(sentence: Sentence) -> tuple[Shape, int]:
        nonlocal paragraph
        paragraph += sentence.kind == "lead"
        shape = _SHAPES[sentence.kind]
        return shape, paragraph if shape == "paragraph" else 0

    for (shape, _), group in groupby(sentences, key=key):
        yield shape, tuple(group)


def table_cells(text: str) -> list[str]:
    """The cells of a ``row``, each in one line; at least one."""
    return [_in_one_line(cell) for cell in _BAR.split(text)]


def table_rows(block: AnswerBlock) -> list[list[str]]:
    """The cells of a table by row, the head first. Each row has as many as the head."""
    head, *others = (table_cells(sentence.text) for sentence in block.sentences)
    return [head, *(_fitted(cells, len(head)) for cells in others)]


def label_of(sentence: Sentence) -> str:
    """The label of a list item, which displays set in bold: "Standard" of "Standard: for all days"; else empty."""
    found = _LABEL.match(_in_one_line(sentence.text)) if sentence.kind == "item" else None
    return found[0] if found else ""


def markdown(sentences: Sequence[Sentence]) -> str:
    """The sentences as Markdown, without citation marks; their text is not escaped."""
    writer = MarkdownWriter()
    return "".join(writer.add(sentence) for sentence in sentences)


def _as_it_is(text: str) -> str:
    return text


def _nothing(_sentence: Sentence) -> str:
    return ""


@dataclass
class MarkdownWriter:
    """Writes the Markdown of sentences one after the other.

    Attributes:
        inline: escapes text within a line.
        opening: escapes what ``inline`` has returned where it begins a paragraph or an item.
        marks: what follows the text of a sentence, such as the numbers of its citations.
    """

    inline: Callable[[str], str] = _as_it_is
    opening: Callable[[str], str] = _as_it_is
    marks: Callable[[Sentence], str] = _nothing
    _shape: Shape | None = field(default=None, init=False)
    _number: int = field(default=1, init=False)
    _columns: int = field(default=0, init=False)
    _is_ended: bool = field(default=True, init=False)

    def add(self, sentence: Sentence) -> str:
        """The next piece: what stands between the sentence and the one before, then the sentence."""
        shape = _SHAPES[sentence.kind]
        begins = shape != self._shape or sentence.kind == "lead"
        between = "\n\n" if begins and self._shape else ""
        self._shape = shape
        if sentence.kind == "lead":
            self._number = 1
        if shape == "paragraph":
            return between + self._in_paragraph(sentence, begins=begins)
        between = between if begins else "\n"
        if shape == "table":
            return between + self._row(sentence, begins=begins)
        return between + self._listed(sentence)

    def _in_paragraph(self, sentence: Sentence, *, begins: bool) -> str:
        text = _in_one_line(sentence.text)
        # A short answer, such as a name, gets its full stop where another sentence follows.
        between = " " if self._is_ended else ". "
        self._is_ended = bool(_ENDED.search(text))
        written = self.inline(text)
        return (self.opening(written) if begins else between + written) + self.marks(sentence)

    def _listed(self, sentence: Sentence) -> str:
        marker = "- "
        if sentence.kind == "step":
            marker = f"{self._number}. "
            self._number += 1
        return marker + self.opening(self.inline(_in_one_line(sentence.text))) + self.marks(sentence)

    def _row(self, sentence: Sentence, *, begins: bool) -> str:
        cells = table_cells(sentence.text)
        if begins:
            self._columns = len(cells)
        written = [self.inline(cell).replace("|", r"\|") for cell in _fitted(cells, self._columns)]
        written[-1] = (written[-1] + self.marks(sentence)).strip()
        line = f"| {' | '.join(written)} |"
        return f"{line}\n|{' --- |' * self._columns}" if begins else line


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _fitted(cells: Sequence[str], columns: int) -> list[str]:
    """As many cells as columns: empty ones are added, and those too many are joined to the last."""
    kept = [*cells[: columns - 1], " ".join(cells[columns - 1 :])] if len(cells) > columns else list(cells)
    return kept + [""] * (columns - len(kept))
