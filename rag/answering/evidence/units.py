"""Quotable units of the evidence: sentences, list items and single lines in reading order, and the lists they make."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from rag.answering.grounding import Evidence, Quote, Support
from rag.answering.tables.parsing import parse_tables
from rag.answering.tables.table import ParsedTable
from rag.domain.values import SentenceKind, Span
from rag.text.lists import TextList, find_lists
from rag.text.prompt_injection import is_prompt_injection
from rag.text.sentences import line_spans, sentence_spans

UnitKind: TypeAlias = Literal["sentence", "item", "step", "row", "line"]
# A document and a span in it: equal for the same stretch of text, whichever passage it was found by.
Place: TypeAlias = tuple[str, Span]

# Longer sentences are taken line by line: they are tables, or lists without marks.
_LONGEST: Final = 500
_FEWEST_WORDS: Final = 4
_ENDS: Final = re.compile(r"[.!?:;…][\"'”’»)\]]{0,3}\d{0,2}$")
# Dots of a table of contents, or a page number after a run of them.
_CONTENTS: Final = re.compile(r"(?:\. ?){4}|\.{4}|…{2}")
_HYPHEN: Final = re.compile(r"(?<=[a-zß-öø-ÿ])-\n(?=[a-zß-öø-ÿ])")
_SHOWN: Final[dict[UnitKind, SentenceKind]] = {
    "sentence": "detail",
    "item": "item",
    "step": "step",
    "row": "item",
    "line": "item",
}
_MOST_ROWS: Final = 60


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table.

    Attributes:
        cells: its texts; the first ``keys`` of them name it.
        table: with heads and header.
    """

    cells: tuple[str, ...]
    table: ParsedTable

    @property
    def text(self) -> str:
        """The row as one line: "Bittern 6: Range 4.0; Note 285"; a value without a head stands alone."""
        keys = self.table.keys
        name = ", ".join(filter(None, self.cells[:keys])).rstrip(" :")
        values = [
            f"{head} {cell}".strip()
            for head, cell in zip(self.table.heads[keys:], self.cells[keys:], strict=False)
            if cell
        ]
        return f"{name}: {'; '.join(values)}" if values and name else name or "; ".join(values)


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of a page that can be shown as it is written.

    Attributes:
        evidence: the passage that it is from, with its page.
        span: of the page's text.
        text: in one line, without a list marker; of a table's row, its key and its values with their heads.
        block: number of the list or table that it is in, equal for all of it; None outside of these.
        row: of a table's row, its cells and the table that it is from.
    """

    evidence: Evidence
    span: Span
    text: str
    kind: UnitKind
    block: int | None = None
    row: TableRow | None = None

    @property
    def place(self) -> Place:
        """Its document and span."""
        return self.evidence.hit.passage.document.id, self.span

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings of its passage."""
        return self.evidence.hit.passage.chunk.headings

    @property
    def is_statement(self) -> bool:
        """True if it states something by itself: no heading, question, contents line or introduction of a list."""
        if self.kind == "row":
            return True
        if self.kind in ("item", "step"):
            return not self.text.endswith("?")
        whole = bool(_ENDS.search(self.text)) and self.text[-1] not in "?:" and not _CONTENTS.search(self.text)
        opens = self.text[0].isupper() or not self.text[0].isalpha()
        return whole and opens and len(self.text.split()) >= _FEWEST_WORDS

    def support(self, kind: SentenceKind | None = None) -> Support:
        """The unit as a sentence of an answer, with itself as its quote."""
        quote = Quote(self.evidence, self.span, 1.0)
        return Support(self.text, (quote,), score=1.0, agrees=True, kind=kind or _SHOWN[self.kind], verbatim=True)


def units_of(evidence: Sequence[Evidence]) -> list[Unit]:
    """The units of the evidence, each once: documents in the order of their best passage, text in reading order.

    A list that goes on at the top of the next page is one list.
    """
    order = {item.hit.passage.document.id: position for position, item in reversed(list(enumerate(evidence)))}
    in_order = sorted(evidence, key=lambda item: (order[item.hit.passage.document.id], item.hit.passage.chunk.span))
    units: list[Unit] = []
    seen: set[Place] = set()
    for item in in_order:
        for unit in _units(item):
            if unit.place not in seen:
                seen.add(unit.place)
                units.append(unit)
    return _with_blocks(units)


def _units(evidence: Evidence) -> Iterator[Unit]:
    """The units that lie in a passage, in order."""
    page, text = evidence.hit.passage.chunk.span, evidence.page.text
    rows = list(_rows(evidence))
    in_tables = [(span.start, span.end) for span, _ in rows]
    in_tables += list({row.table.header for _, row in rows if row.table.header})
    found = [one for one in find_lists(text, fewest=1) if not any(s < one.end and one.start < e for s, e in in_tables)]
    spans = [*_item_spans(found), *_other_spans(evidence, found, in_tables)]
    units = [Unit(evidence, span, row.text, "row", row=row) for span, row in rows]
    units += [
        Unit(evidence, Span(page.page, start, end), one_line(text[body:end]), kind) for start, end, body, kind in spans
    ]
    for unit in sorted(units, key=lambda one: one.span):
        overlaps = unit.span.start < page.end and unit.span.end > page.start
        if overlaps and unit.text and not is_prompt_injection(text[unit.span.start : unit.span.end]):
            yield unit


def _rows(evidence: Evidence) -> Iterator[tuple[Span, TableRow]]:
    """The rows of the tables that lie in a passage."""
    page, number = evidence.page, evidence.hit.passage.chunk.span.page
    for table in parse_tables(page.text, page.words):
        for row in table.rows[:_MOST_ROWS]:
            # A longer one is a text that was set in a frame.
            if row.end - row.start <= _LONGEST:
                yield Span(number, row.start, row.end), TableRow(row.cells, table)


def _item_spans(found: Sequence[TextList]) -> Iterator[tuple[int, int, int, UnitKind]]:
    for one in found:
        for item in one.items:
            yield item.start, item.end, item.body, "item" if item.ordinal is None else "step"


def _other_spans(
    evidence: Evidence, found: Sequence[TextList], in_tables: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, int, UnitKind]]:
    """Sentences and lines outside of lists, tables and headings."""
    text, chunk = evidence.page.text, evidence.hit.passage.chunk
    taken = [*in_tables]
    taken += [(item.start, item.end) for one in found for item in one.items]
    taken += [(heading.start, heading.end) for heading in evidence.page.headings]
    for start, end in _between(chunk.span.start, min(chunk.span.end, len(text)), sorted(taken)):
        for first, last in sentence_spans(text[start:end]):
            sentence = text[start + first : start + last]
            if len(sentence) <= _LONGEST and ("\n" not in sentence or _ENDS.search(sentence)):
                yield start + first, start + last, start + first, "sentence"
            else:
                for line_start, line_end in line_spans(text, start + first, start + last):
                    yield line_start, line_end, line_start, "line"


def _between(start: int, end: int, taken: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The stretches of a range that are outside of the spans ``taken``, which are in order."""
    for first, last in taken:
        if first >= end:
            break
        if first > start:
            yield start, first
        start = max(start, last)
    if start < end:
        yield start, end


def _with_blocks(units: Sequence[Unit]) -> list[Unit]:
    """The units with the number of their list."""
    numbered: list[Unit] = []
    block, before = -1, None
    for unit in units:
        if unit.kind not in ("item", "step", "row"):
            before = None if unit.kind == "sentence" and not _is_aside(unit, before) else before
            numbered.append(unit)
            continue
        if before is None or not _goes_on(before, unit):
            block += 1
        before = unit
        numbered.append(replace(unit, block=block))
    return numbered


def _is_aside(unit: Unit, before: Unit | None) -> bool:
    """True for a footnote at the end of a page, after which a numbered list may go on."""
    return before is not None and before.kind == "step" and unit.span.page == before.span.page


def _goes_on(before: Unit, unit: Unit) -> bool:
    """True if an item belongs to the list of the item before it."""
    same = before.kind == unit.kind and before.place[0] == unit.place[0]
    if unit.row:
        return same and before.row is not None and before.row.table == unit.row.table
    if not same or unit.span.page - before.span.page not in (0, 1):
        return False
    if unit.kind == "item":
        return before.headings == unit.headings or unit.span.page != before.span.page
    one, two = _number(before), _number(unit)
    return one is None or two is None or two == one + 1


def _number(unit: Unit) -> int | None:
    """The number in front of a step, as it is written."""
    marker = unit.evidence.page.text[unit.span.start : unit.span.start + 12]
    digits = re.match(r"\D{0,6}(\d{1,3})", marker)
    return int(digits[1]) if digits else None


def one_line(text: str) -> str:
    """A text in one line, with words that were divided at a line's end joined."""
    return " ".join(_HYPHEN.sub("", text).split())
