"""Terminal rendering of answers. Texts of documents and models are escaped: no markup, no control sequences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from rag.answering.replay import Replay
from rag.domain.values import Answer, Citation, Sentence
from rag.text.characters import one_line, printable

_NARROWEST: Final = 20
# The confidence of a summary, which quotes sentences of the document: no model has written it.
_QUOTED_ONLY: Final = 1.0
_VERY_SURE: Final = 0.9
_POSSIBLY: Final = "? possibly: "
_NOTHING: Final = "0.0 s"
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
    """

    text: Text
    margin: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.text.wrap(console, max(_NARROWEST, options.max_width - 2 * self.margin)):
            line.rstrip()
            yield Text(" " * self.margin) + line


def print_answer(console: Console, answer: Answer, *, recorded: bool = False) -> None:
    """Prints an answer in short, for files and pipes: sentences, citations with page and quote, the id of a record."""
    console.print(Text(one_line(answer.question), style="bold"))
    if answer.answered:
        for line in _supported(answer, _POSSIBLY):
            console.print(line)
        if answer.reason == "length":
            console.print(Indented(Text("(cut off: it became too long)", style="dim"), 2))
    else:
        console.print(Indented(Text.assemble(("✗ ", "yellow"), one_line(answer.answer)), 2))
        if answer.citations:
            console.print(Indented(Text("The nearest passages:", style="dim"), 4))
    for citation in answer.citations:
        console.print(Indented(_place(citation), 4))
        console.print(Indented(_quote(citation), 8))
    sure = f"{_confidence_short(answer)}, " if answer.answered else ""
    details = f"{sure}{_seconds(answer, 'total')}, {_origin(answer, recorded=recorded)}"
    console.print(Indented(Text(details, style="dim"), 2))
    console.print()


def print_whole_answer(console: Console, answer: Answer, *, recorded: bool = False) -> None:
    """Prints an answer in full, for a person: also unsupported sentences, the confidence in words, and the timings."""
    for part in _parts(answer):
        for line in part:
            console.print(line)
        console.print()
    details = f"{_timings(answer)} · {_origin(answer, recorded=recorded)}"
    console.print(Indented(Text(details, style="dim"), 2))
    console.print()


def confidence_in_words(answer: Answer) -> str:
    """The confidence of an answer in words, after its certainty: stated, or only possible."""
    sure = _confidence_short(answer)
    if answer.confidence == _QUOTED_ONLY:
        return f"{sure[0].upper()}{sure[1:]}."
    if answer.confidence >= _VERY_SURE:
        return f"Very likely right: {sure}."
    if answer.certainty == "stated":
        return f"Likely right: {sure}."
    return f"Possible, and no more than that: {sure}. Read the quotes."


def _confidence_short(answer: Answer) -> str:
    """The confidence in percent, rounded down: no possible answer looks stated, and no model is 100 % sure."""
    if answer.confidence == _QUOTED_ONLY:
        return "the document's own sentences"
    hundredths = math.floor(round(answer.confidence * 100, 6))  # .29 * 100 is a little less than 29
    return f"{min(hundredths, 99)}% sure"


def _parts(answer: Answer) -> Iterator[Sequence[RenderableType]]:
    """The blocks that empty lines separate."""
    unsupported = [sentence for sentence in answer.sentences if sentence.verdict == "unsupported"]
    if answer.answered:
        yield list(_supported(answer, "? "))
        yield list(_confidence_lines(answer))
    elif answer.reason in _ABSTAINS:
        yield [Indented(Text.assemble(("✗ ", "bold yellow"), (one_line(answer.answer), "bold")), 2)]
    else:
        yield [Indented(Text(one_line(answer.answer)), 2)]
    if answer.citations:
        above = [] if answer.answered else [Indented(Text("The nearest passages:"), 2)]
        yield [*above, *(line for citation in answer.citations for line in _citation(citation))]
    if unsupported:
        heading = (
            "The model also wrote this, which the documents do not support:"
            if answer.answered
            else "Drafted but withheld, because the documents do not support it well enough:"
        )
        yield [Indented(Text(heading, style="yellow"), 2), *map(_unsupported, unsupported)]


def _supported(answer: Answer, further: str) -> Iterator[RenderableType]:
    """The supported sentences; ``further`` marks those after the first where the answer is only possible."""
    is_stated = answer.certainty == "stated"
    mark = ("✓ ", "green") if is_stated else (_POSSIBLY, "yellow")
    for sentence in answer.sentences:
        if sentence.verdict == "supported":
            numbers = "".join(f" [{number}]" for number in sentence.citations)
            yield Indented(Text.assemble(mark, one_line(sentence.text), (numbers, "cyan")), 2)
            mark = mark if is_stated else (further, "yellow")


def _confidence_lines(answer: Answer) -> Iterator[RenderableType]:
    style = "green" if answer.certainty == "stated" else "yellow"
    yield Indented(Text(confidence_in_words(answer), style=style), 2)
    if answer.reason == "length":
        yield Indented(Text("It was cut off: an answer has at most RAG_MAX_TOKENS tokens.", style="yellow"), 2)


def _unsupported(sentence: Sentence) -> RenderableType:
    return Indented(Text.assemble(("✗ ", "red"), (one_line(sentence.text), "dim")), 4)


def _citation(citation: Citation) -> Iterator[RenderableType]:
    yield Indented(_place(citation), 2)
    yield Indented(_quote(citation), 6)


def _place(citation: Citation) -> Text:
    return Text.assemble((f"[{citation.id}] ", "cyan"), f"{printable(citation.document)}, page {citation.page}")


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
