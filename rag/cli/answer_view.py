"""Terminal rendering of answers. Texts of documents and models are escaped: no markup, no control sequences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from rag.answering.answer_builder import FACT
from rag.answering.markdown_text import AnswerBlock, blocks, label_of, table_rows
from rag.answering.replay import Replay
from rag.domain.values import Answer, Certainty, Citation, Sentence
from rag.text.characters import one_line, printable
from rag.text.page_numbers import page_number

_NARROWEST: Final = 20
# Columns that a cell of a table needs; a table of more cells than fit is printed as lines.
_NARROWEST_CELL: Final = 8
# The confidence of a summary, which quotes sentences of the document: no model has written it.
_QUOTED_ONLY: Final = 1.0
_VERY_SURE: Final = 0.9
_TRANSLATED: Final = "Translated by the model; numbers and names are checked. The quotes are the documents' own words."
_STATED: Final = ("✓ ", "green")
_FIRST_POSSIBLE: Final = ("? possibly: ", "yellow")
_POSSIBLE: Final = ("? ", "yellow")
_PLAIN: Final = ("", "")
_NOTHING: Final = "0.0 s"
# Forms of replies that no model has written: how sure they are is not told.
_CERTAIN: Final = ("collection", "chat")
_ABSTAINS: Final = ("not_in_documents", "no_supported_sentence")
# In the order in which they run; "queue" occurs in the service only.
_PHASES: Final = {
    "understand": "understanding",
    "retrieve": "search",
    "first_token": "first word after",
    "generate": "draft",
    "verify": "check",
}


@dataclass(frozen=True)
class Indented:
    """Text with a left margin and without trailing spaces, so that it can be copied and compared.

    Attributes:
        margin: in columns; as many stay free on the right.
        bullet: before the first line; the others are aligned with the text after it.
    """

    text: Text
    margin: int
    bullet: Text = field(default_factory=Text)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        hanging = self.bullet.cell_len
        before = self.bullet
        for line in self.text.wrap(console, max(_NARROWEST, options.max_width - 2 * self.margin - hanging)):
            line = Text(" " * self.margin) + before + line
            line.rstrip()
            yield line
            before = Text(" " * hanging)


@dataclass(frozen=True)
class Aligned:
    """A table with a left margin and without trailing spaces; as lines where its cells have no room."""

    rows: Sequence[Sequence[Text]]
    margin: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(_NARROWEST, options.max_width - 2 * self.margin)
        if width < _NARROWEST_CELL * len(self.rows[0]):
            yield from (Indented(Text(" ").join(filter(None, row)), self.margin) for row in self.rows)
            return
        table = Table.grid(padding=(0, 2, 0, 0))
        for row in self.rows:
            table.add_row(*row)
        for segments in console.render_lines(table, options.update(width=width), pad=False):
            line = Text.assemble(*((segment.text, segment.style or "") for segment in segments))
            line = Text(" " * self.margin) + line
            line.rstrip()
            yield line


def print_answer(console: Console, answer: Answer, *, recorded: bool = False) -> None:
    """Prints an answer in short, for files and pipes: sentences, citations with page and quote, the id of a record."""
    console.print(Text(one_line(answer.question), style="bold"))
    for line in _body(answer, further=_FIRST_POSSIBLE):
        console.print(line)
    if answer.reason == "length":
        console.print(Indented(Text("(cut off: it became too long)", style="dim"), 2))
    if answer.citations and not answer.answered:
        console.print(Indented(Text("The nearest passages:", style="dim"), 4))
    for citation in answer.citations:
        console.print(Indented(_place(citation, answer), 4))
        console.print(Indented(_quote(citation), 8))
    sure = _confidence_short(answer.confidence) if answer.certainty and answer.form not in _CERTAIN else ""
    details = f"{sure}{', ' * bool(sure)}{_seconds(answer, 'total')}, {_origin(answer, recorded=recorded)}"
    console.print(Indented(Text(details, style="dim"), 2))
    console.print()


def print_whole_answer(console: Console, answer: Answer, *, recorded: bool = False) -> None:
    """Prints an answer in full, for a person: also unsupported sentences, the confidence in words, and the timings."""
    for part in filter(None, _parts(answer)):
        for line in part:
            console.print(line)
        console.print()
    details = f"{_timings(answer)} · {_origin(answer, recorded=recorded)}"
    console.print(Indented(Text(details, style="dim"), 2))
    console.print()


def confidence_in_words(answer: Answer) -> str:
    """The confidence of an answer in words, after its certainty: stated, or only possible; empty where it has none."""
    if answer.certainty == "uncalibrated":
        return "How sure it is cannot be told: this model was not calibrated. Read the quotes."
    if answer.confidence is None or answer.certainty is None or answer.form in _CERTAIN:
        return ""
    sure = _confidence_short(answer.confidence)
    if answer.confidence == _QUOTED_ONLY:
        return f"{sure[0].upper()}{sure[1:]}."
    if answer.certainty == "possible":
        return f"Possible, and no more than that: {sure}. Read the quotes."
    return f"{'Very likely' if answer.confidence >= _VERY_SURE else 'Likely'} right: {sure}."


def _confidence_short(confidence: float | None) -> str:
    """The confidence in percent, rounded down: no possible answer looks stated, and no model is 100 % sure."""
    if confidence is None:
        return ""
    if confidence == _QUOTED_ONLY:
        return "the document's own sentences"
    hundredths = math.floor(round(confidence * 100, 6))  # .29 * 100 is a little less than 29
    return f"{min(hundredths, 99)}% sure"


def _parts(answer: Answer) -> Iterator[Sequence[RenderableType]]:
    """The blocks that empty lines separate."""
    unsupported = [sentence for sentence in answer.sentences if sentence.verdict == "unsupported"]
    yield list(_body(answer, further=_POSSIBLE))
    yield list(_confidence_lines(answer))
    if answer.citations:
        above = [] if answer.answered else [Indented(Text("The nearest passages:"), 2)]
        yield [*above, *(line for citation in answer.citations for line in _citation(citation, answer))]
    if unsupported:
        heading = (
            "The model also wrote this, which the documents do not support:"
            if answer.answered
            else "Drafted but withheld, because the documents do not support it well enough:"
        )
        yield [Indented(Text(heading, style="yellow"), 2), *map(_unsupported, unsupported)]


def _body(answer: Answer, further: tuple[str, str]) -> Iterator[RenderableType]:
    """The text of an answer, and what is missing; ``further`` marks possible sentences after the first."""
    supported = [sentence for sentence in answer.sentences if sentence.verdict == "supported"]
    if answer.answered and supported:
        yield from sentence_lines(supported, answer.certainty, further)
    else:
        style = "bold" if answer.reason in _ABSTAINS else ""
        yield from (Indented(Text(one_line(line), style=style), 2) for line in answer.answer.splitlines())
    if any(sentence.original for sentence in answer.sentences):
        yield Indented(Text(_TRANSLATED, style="dim"), 2)
    if answer.missing:
        missing = "; ".join(map(one_line, answer.missing))
        yield Indented(Text(f"Nothing was found about: {missing}", style="yellow"), 2)


def sentence_lines(
    sentences: Sequence[Sentence], certainty: Certainty | None, further: tuple[str, str] = _POSSIBLE
) -> Iterator[RenderableType]:
    """Supported sentences as paragraphs, numbered steps, lists and tables, with ticks and citations.

    Args:
        sentences: of one answer, from its first on.
        certainty: of the answer, which is that of its sentences without a confidence; without one, there are no ticks.
        further: mark and style of possible sentences after the first.
    """
    possible = _FIRST_POSSIBLE
    for block in blocks(sentences):
        marks = []
        for sentence in block.sentences:
            unsure = _is_possible(sentence, certainty) or (certainty == "possible" and sentence is sentences[0])
            marks.append(_mark(sentence, certainty, possible if unsure else _STATED))
            possible = further if marks[-1] is possible else possible
        if block.shape == "table":
            if certainty == "possible" and _FIRST_POSSIBLE in marks:
                yield Indented(Text.assemble(_FIRST_POSSIBLE), 2)
            yield Aligned(list(_table(block, marks)), 2)
            continue
        for number, (sentence, mark) in enumerate(zip(block.sentences, marks, strict=True), block.number):
            marker = {"steps": f"{number}. ", "items": "• "}.get(block.shape, "")
            yield Indented(_sentence(sentence), 2, Text.assemble(mark, marker))


def _is_possible(sentence: Sentence, certainty: Certainty | None) -> bool:
    return certainty == "possible" if sentence.confidence is None else sentence.confidence < FACT


def _mark(sentence: Sentence, certainty: Certainty | None, mark: tuple[str, str]) -> tuple[str, str]:
    """The mark of a sentence: none where nothing is claimed, and a tick only where a quote proves it."""
    is_told = certainty not in (None, "uncalibrated")
    return mark if is_told and (mark is not _STATED or sentence.citations) else _PLAIN


def _sentence(sentence: Sentence) -> Text:
    text = Text.assemble(one_line(sentence.text), (_numbers(sentence), "cyan"))
    text.stylize("bold", 0, len(one_line(label_of(sentence))))
    return text


def _table(block: AnswerBlock, marks: Sequence[tuple[str, str]]) -> Iterator[list[Text]]:
    """Rows of a tick or question mark, the cells and the citations; the first is the head."""
    rows = zip(table_rows(block), block.sentences, marks, strict=True)
    for number, (cells, sentence, mark) in enumerate(rows):
        texts = (Text(one_line(cell), style="" if number else "bold") for cell in cells)
        yield [Text(mark[0][:1], style=mark[1]), *texts, Text(_numbers(sentence).strip(), style="cyan")]


def _numbers(sentence: Sentence) -> str:
    return "".join(f" [{number}]" for number in sentence.citations)


def _confidence_lines(answer: Answer) -> Iterator[RenderableType]:
    style = "green" if answer.certainty == "stated" else "yellow"
    if words := confidence_in_words(answer):
        yield Indented(Text(words, style=style), 2)
    if answer.reason == "length":
        yield Indented(Text("It was cut off: an answer has at most RAG_MAX_TOKENS tokens.", style="yellow"), 2)


def _unsupported(sentence: Sentence) -> RenderableType:
    return Indented(Text(one_line(sentence.text), style="dim"), 4, Text("✗ ", style="red"))


def _citation(citation: Citation, answer: Answer) -> Iterator[RenderableType]:
    yield Indented(_place(citation, answer), 2)
    yield Indented(_quote(citation), 6)


def _place(citation: Citation, answer: Answer) -> Text:
    page = page_number(citation.page, citation.label)
    number = (f"[{citation.id}] ", "cyan" if answer.answered else "dim")
    return Text.assemble(number, printable(f"{citation.document}, {page}"))


def _quote(citation: Citation) -> Text:
    return Text(f"“{one_line(citation.quote)}”", style="italic dim")


def _timings(answer: Answer) -> str:
    spent = {words: _seconds(answer, name) for name, words in _PHASES.items()}
    phases = ", ".join(f"{words} {seconds}" for words, seconds in spent.items() if seconds != _NOTHING)
    return _seconds(answer, "total") + (f" ({phases})" if phases else "")


def _seconds(answer: Answer, phase: str) -> str:
    return f"{answer.timings_ms.get(phase, 0.0) / 1000:.1f} s"


def _origin(answer: Answer, *, recorded: bool) -> str:
    return one_line(f"{answer.model}, index {answer.index}" + f", record {answer.id}" * recorded)


def print_replay(console: Console, replay: Replay) -> None:
    """Prints whether a replayed answer has the same text, else the first difference, and the changes of the system."""
    console.print(Text(one_line(replay.recorded.question.text), style="bold"))
    position = replay.first_difference
    if position is None:
        text = Text.assemble(("✓ ", "green"), "the same text: ", one_line(replay.now.answer))
        console.print(Indented(text, 2))
    else:
        console.print(Indented(Text.assemble(("✗ ", "yellow"), f"another text, from character {position} on"), 2))
        for name, answer in (("recorded", replay.recorded.answer), ("now", replay.now.answer)):
            same, other = printable(answer[:position]), printable(answer[position:])
            console.print(Indented(Text.assemble((f"{name:<9}", "cyan"), same, (other, "bold")), 4))
    if not replay.changes:
        console.print(Indented(Text("Nothing that is recorded has changed.", style="dim"), 4))
    for change in replay.changes:
        console.print(Indented(Text(one_line(f"changed {change}")), 4))
    details = one_line(f"recorded {replay.recorded.time}, answered now from index {replay.now.generation}")
    console.print(Indented(Text(details, style="dim"), 2))
    console.print()
