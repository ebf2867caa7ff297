"""Quotable units of the evidence: sentences, list items and single lines in reading order, and the lists they make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Final, Literal, TypeAlias

from rag.answering.evidence.contents_table import contents_span
from rag.answering.evidence.page_breaks import goes_on
from rag.answering.evidence.page_parts import PageParts, page_parts
from rag.answering.grounding import REDACTED, Evidence, Quote, Support, heading_above
from rag.answering.tables.cell_text import without_note
from rag.answering.tables.table import DOT_LEADERS, ParsedTable
from rag.domain.values import SentenceKind, Span
from rag.text.scripts import segmented
from rag.text.sentences import QUESTION_MARKS, SENTENCE_END, line_spans, sentence_spans
from rag.text.structure.hard_breaks import statements_of_lines
from rag.text.structure.lists import ListItem
from rag.text.structure.number_marks import paragraphs_with_marks, start_after_mark
from rag.text.structure.run_in_titles import with_titles_apart

UnitKind: TypeAlias = Literal["sentence", "item", "step", "row", "line"]
# A document and a span in it: equal for the same stretch of text, whichever passage it was found by.
Place: TypeAlias = tuple[str, Span]
# A document and a page of it, and a list or table on that page.
_PageKey: TypeAlias = tuple[str, int]
_Group: TypeAlias = tuple[str, int, int]

# Longer sentences are taken line by line: they are tables, or lists without marks. Clauses of contracts are longer.
_LONGEST: Final = 500
_LONGEST_CLAUSE: Final = 1_000
_FEWEST_WORDS: Final = 4
# Characters of a footer, or of a header, between the two parts of a sentence. With more the passage was cut, and does
# not end where its page does.
_LONGEST_FURNITURE: Final = 240
# Lines after the first, and the share of them that begin with a capital or a digit. German nouns make a third.
_FEWEST_STACKED: Final = 3
_STACKED_SHARE: Final = 0.75
# What a sentence of an entry of a table of contents leaves, which ends at the first dot.
_LEADERS: Final = re.compile(r" ?\.(?: ?\.){2}")
# A step may be one word in capitals: "STOP".
_LONGEST_CODE: Final = 6
# "It ...", "These ...": what cannot be understood without the sentence before it.
_ANAPHOR: Final = re.compile(
    r"(?:It|Its|They|Their|This|These|That|Those|He|She|His|Her|Such|Both|Here|There|However|Therefore|Otherwise|Also|"
    r"In addition|Additionally|Then|If so|In this case|But|And|Or|So|Thus|Finally|For instance|For example)\b"
)
# "... out of the building by that time": so is this.
_REFERENCE: Final = re.compile(
    r"\b(?:by|at|before|after|until|till|during|in|on|for|from|within|since) (?:that|those|this|these) "
    r"(?:time|date|day|hour|week|month|year|period|point|moment|deadline|case|event)s?\b",
    re.IGNORECASE,
)
# What stands in the list or table below it: "The surplus is divided as follows, subject to the meeting."
_ANNOUNCES: Final = re.compile(r"\bas follows\b|\b(?:is|are) (?:listed|set out|shown|given) below\b", re.IGNORECASE)
# "President – Ann Lee".
_PAIR: Final = re.compile(r"[^\W\d_] [–—-] [^\W\d_]")
_HYPHEN: Final = re.compile(r"(?<=[a-zß-öø-ÿ])-\n(?=[a-zß-öø-ÿ])")
_SHOWN: Final[dict[UnitKind, SentenceKind]] = {
    "sentence": "detail",
    "item": "item",
    "step": "step",
    "row": "item",
    "line": "item",
}


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
            f"{head} {without_note(cell)}".strip()
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
        text: in one line, without a list marker or the number of a footnote or paragraph; of a table's row, its key and
            its values with their heads.
        block: number of the list or table that it is in, equal for all of it; None outside of these.
        level: of an item, 0 in the list itself, 1 in a list within one of its items, and so on.
        row: of a table's row, its cells and the table that it is from.
        rest: the end of a sentence that goes on on the next page, whose words are in ``text``, too.
    """

    evidence: Evidence
    span: Span
    text: str
    kind: UnitKind
    block: int | None = None
    row: TableRow | None = None
    rest: Unit | None = None
    level: int = 0

    @property
    def place(self) -> Place:
        """Its document and span."""
        return self.evidence.hit.passage.document.id, self.span

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings of its passage."""
        return self.evidence.hit.passage.chunk.headings

    @property
    def context(self) -> tuple[str, ...]:
        """The headings of its passage, and what leads in to the passage."""
        return self.evidence.hit.passage.chunk.context

    @property
    def heading(self) -> str:
        """The heading right above it; empty where there is none."""
        return heading_above(self.evidence, self.span)

    @property
    def is_statement(self) -> bool:
        """True if it states something by itself: no heading, question, contents line or introduction of a list."""
        if self.kind == "row":
            return True
        if self._is_contents:
            return False
        if self.kind in ("item", "step"):
            # "1. CONCESSIONS" is the heading of a section.
            is_heading = self.kind == "step" and self.text.isupper() and len(self.text) > _LONGEST_CODE
            return not self.text.endswith("?") and not is_heading
        whole = bool(SENTENCE_END.search(self.text)) and not self.text.endswith((*QUESTION_MARKS, ":", "："))
        whole = whole and not _ANNOUNCES.search(self.text)
        # Letters of scripts without case open a sentence, too.
        opens = not (self.text[0].isalpha() and self.text[0].islower())
        return whole and opens and len(segmented(self.text).split()) >= _FEWEST_WORDS

    @property
    def _is_contents(self) -> bool:
        """True for an entry of a table of contents."""
        text = self.evidence.page.text
        if DOT_LEADERS.search(self.text) or _LEADERS.match(text, self.span.end):
            return True
        contents = contents_span(text)
        return contents is not None and contents[0] <= self.span.start and self.span.end <= contents[1]

    @property
    def refers_back(self) -> bool:
        """True if it refers to the text before it: "It ...", "However, ...", "... by that time"."""
        return _ANAPHOR.match(self.text) is not None or _REFERENCE.search(self.text) is not None

    @property
    def is_telling_line(self) -> bool:
        """True for a line that says something without being a sentence: no heading, name or number by itself."""
        many = len(self.text.split()) >= _FEWEST_WORDS
        return (
            self.kind == "line"
            and any(map(str.isalpha, self.text))
            and not self.text.isupper()
            and (
                ":" in self.text
                or any(map(str.isdigit, self.text))
                or (many and not self.text.istitle())
                or _PAIR.search(self.text) is not None
            )
            and not self._is_contents
        )

    def support(self, kind: SentenceKind | None = None) -> Support:
        """The unit as a sentence of an answer, with itself as its quote, or with its parts on two pages."""
        parts = (self, self.rest) if self.rest else (self,)
        quotes = tuple(Quote(part.evidence, part.span, 1.0) for part in parts)
        return Support(self.text, quotes, score=1.0, agrees=True, kind=kind or _SHOWN[self.kind], verbatim=True)


def units_of(evidence: Sequence[Evidence]) -> list[Unit]:
    """The units of the evidence, each once: documents in the order of their best passage, text in reading order.

    A list that goes on on the next page is one list, and a sentence one sentence.
    """
    order = {item.hit.passage.document.id: position for position, item in reversed(list(enumerate(evidence)))}
    in_order = sorted(evidence, key=lambda item: (order[item.hit.passage.document.id], item.hit.passage.chunk.span))
    pages: dict[_PageKey, PageParts] = {}
    found: dict[Place, tuple[Unit, _Group | None]] = {}
    for item, following in zip_longest(in_order, in_order[1:]):
        key = (item.hit.passage.document.id, item.hit.passage.chunk.span.page)
        if key not in pages:
            pages[key] = page_parts(item.page)
        is_torn = following is not None and goes_on(item.hit.passage, following.hit.passage)
        for unit, group in _units(item, pages[key], is_torn=is_torn):
            found.setdefault(unit.place, (unit, None if group is None else (*key, group)))
    return _mended(list(_with_blocks(found.values(), pages)))


def _mended(units: Sequence[Unit]) -> list[Unit]:
    """The units, with the two parts of each sentence that a page break tears as one unit."""
    mended: list[Unit] = []
    for unit in units:
        before = mended[-1] if mended else None
        if before and unit.kind == "sentence" and _is_rest(before, unit):
            parts = (one.evidence.page.text[one.span.start : one.span.end] for one in (before, unit))
            text = f"{before.text} {unit.text}" if before.text[-1] != "-" else one_line("\n".join(parts))
            mended[-1] = replace(before, text=text, rest=unit)
        else:
            mended.append(unit)
    return mended


def _is_rest(before: Unit, unit: Unit) -> bool:
    """True if a unit is the end of the one before it: the last of a page's text is open, and the next page ends it."""
    if max(len(before.evidence.page.text) - before.span.end, unit.span.start) > _LONGEST_FURNITURE:
        return False
    is_open = before.row is None and before.rest is None and not SENTENCE_END.search(before.text)
    is_end = unit.text[:1].islower() and SENTENCE_END.search(unit.text) is not None
    return is_open and is_end and goes_on(before.evidence.hit.passage, unit.evidence.hit.passage)


def _units(evidence: Evidence, parts: PageParts, *, is_torn: bool = False) -> Iterator[tuple[Unit, int | None]]:
    """The units that lie in a passage, in order, each with the number of its list or table on the page."""
    passage, text = evidence.hit.passage.chunk.span, evidence.page.text
    units = list(_of_tables(evidence, parts))
    for number, found in enumerate(parts.lists):
        for item in found.items:
            units += _of_item(evidence, item, number)
    units += [(_unit(evidence, *each), None) for each in _text_spans(evidence, parts, is_torn=is_torn)]
    for unit, group in sorted(units, key=lambda pair: pair[0].span):
        overlaps = unit.span.start < passage.end and unit.span.end > passage.start
        # Rules and ornaments have neither.
        is_text = any(character.isalnum() for character in unit.text)
        if overlaps and is_text and REDACTED not in text[unit.span.start : unit.span.end]:
            yield unit, group


def _of_tables(evidence: Evidence, parts: PageParts) -> Iterator[tuple[Unit, int | None]]:
    page = evidence.hit.passage.chunk.span.page
    for row in parts.rows:
        table_row = TableRow(row.cells, row.table)
        yield Unit(evidence, Span(page, row.start, row.end), table_row.text, "row", row=table_row), row.group


def _of_item(evidence: Evidence, item: ListItem, group: int) -> Iterator[tuple[Unit, int | None]]:
    """An item of a list; the sentences at the end of a long one, such as the clause of a contract, stand alone."""
    text = evidence.page.text[item.body : item.end]
    ends = [end for _, end in sentence_spans(text)] if len(text) > _LONGEST else []
    first = max((end for end in ends if end <= _LONGEST), default=min(ends, default=len(text)))
    unit = _unit(evidence, item.start, item.body, item.body + first, _kind(item))
    yield replace(unit, level=item.level), group
    for start, end in sentence_spans(text[first:]):
        begin = item.body + first + start
        yield _unit(evidence, begin, begin, item.body + first + end, "sentence"), None


def _unit(evidence: Evidence, start: int, body: int, end: int, kind: UnitKind) -> Unit:
    page, text = evidence.hit.passage.chunk.span.page, evidence.page.text
    own = text[body:end]
    return Unit(evidence, Span(page, start, end), one_line(with_titles_apart(own) if kind == "sentence" else own), kind)


def _kind(item: ListItem) -> UnitKind:
    """A step is an item of a numbered list; those of a list within it are not numbered on with it."""
    return "step" if item.ordinal is not None and item.level == 0 else "item"


def _text_spans(evidence: Evidence, parts: PageParts, *, is_torn: bool) -> Iterator[tuple[int, int, int, UnitKind]]:
    """Start, beginning of the words, and end of the sentences and lines outside of lists, tables and headings.

    Where the last sentence of a passage is torn by the page's end, its lines are one sentence nevertheless.
    """
    text, chunk = evidence.page.text, evidence.hit.passage.chunk
    last_end = chunk.span.start + len(chunk.text.rstrip()) if is_torn else -1
    stretches = parts.between(chunk.span.start, min(chunk.span.end, len(text)))
    for start, end in (one for each in stretches for one in paragraphs_with_marks(text, *each, parts.marks)):
        for first, last in sentence_spans(text[start:end]):
            sentence = text[start + first : start + last]
            is_whole = SENTENCE_END.search(sentence) or start + last == last_end
            is_prose = "\n" not in sentence or (is_whole and not _is_stacked(sentence))
            is_clause = is_whole and "\n" in sentence and len(sentence) <= _LONGEST_CLAUSE
            if is_prose and (len(sentence) <= _LONGEST or is_clause):
                spans = [*statements_of_lines(text, start + first, start + last)]
                final: UnitKind = "sentence"
            else:
                spans, final = [*line_spans(text, start + first, start + last)], "line"
            for begin, stop in spans:
                yield begin, start_after_mark(text, begin, parts.marks), stop, final if stop == spans[-1][1] else "line"


def _is_stacked(sentence: str) -> bool:
    """True for lines that begin anew, such as the labels of a form, rather than one sentence that is wrapped."""
    later = [line.lstrip() for line in sentence.split("\n")[1:] if line.strip()]
    anew = sum(line[0].isupper() or line[0].isdigit() for line in later)
    return len(later) >= _FEWEST_STACKED and anew > _STACKED_SHARE * len(later)


def _with_blocks(found: Iterable[tuple[Unit, _Group | None]], pages: Mapping[_PageKey, PageParts]) -> Iterator[Unit]:
    """The units with the number of their list or table; a list that goes on from the page before has the same."""
    blocks: dict[_Group, int] = {}
    levels: dict[_Group, int] = {}
    # True while no text has followed an item of a list but the rest of that item: no introduction of another one.
    is_near = False
    for unit, group in found:
        if group is None:
            is_near = is_near and not unit.is_statement and not unit.text.endswith((":", "："))
            yield unit
            continue
        if group not in blocks:
            before = None if unit.row else _list_above(group, pages, is_near=is_near)
            blocks[group] = len(blocks) if before is None else blocks.get(before, len(blocks))
            if before is not None:
                levels[group] = _level_within(group, before, pages, levels.get(before, 0))
        is_near = unit.row is None
        level = levels.get(group, 0)
        yield replace(unit, block=blocks[group], kind="item" if level else unit.kind, level=unit.level + level)


def _list_above(group: _Group, pages: Mapping[_PageKey, PageParts], *, is_near: bool) -> _Group | None:
    document, page, number = group
    above = pages.get((document, page - 1))
    place = pages[document, page].goes_on_from(number, above, is_near=is_near) if above else None
    return None if place is None else (document, page - 1, place)


def _level_within(group: _Group, before: _Group, pages: Mapping[_PageKey, PageParts], level: int) -> int:
    """The level of the items with which a list goes on, in the list on the page before, whose own level is given."""
    first = pages[group[:2]].lists[group[2]].items[0]
    levels = {item.style: item.level for item in pages[before[:2]].lists[before[2]].items}
    return max(0, level + levels.get(first.style, 0) - first.level)


def one_line(text: str) -> str:
    """A text in one line, with words that were divided at a line's end joined."""
    return " ".join(_HYPHEN.sub("", text).split())
