"""Composition of an answer from a table: the rows and the columns that were asked for, found by rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from rag.answering.evidence.redaction import redacted_page
from rag.answering.grounding import Evidence, Quote, Support
from rag.answering.tables.agreement import row_agrees
from rag.answering.tables.continuation import goes_on, with_continued_heads
from rag.answering.tables.finding import CellFinding, FindingKind
from rag.answering.tables.lookup import look_up
from rag.answering.tables.matching import TableInEvidence
from rag.answering.tables.parsing import parse_tables
from rag.answering.tables.wording import finding_sentence, table_rows
from rag.domain.values import Form, Page, SentenceKind, Span
from rag.index.generation import Generation

# Pages that are searched for tables.
_MOST_PAGES: Final = 6
# Pages that are read back to the heads of a table.
_MOST_BEFORE: Final = 4
_MOST_FINDINGS: Final = 6
# Of what is found on such grounds, so many are right that no draft is needed for it.
_SURE: Final = 0.95
_LONGEST_SURROUNDINGS: Final = 4_000
_COMPUTED: Final = tuple(
    (name, re.compile(rf"\b(?:{words})\b", re.IGNORECASE))
    for name, words in (
        ("average", r"average|mean|median"),
        ("ratio", r"ratio|percent(?:age)?|share|proportion|times"),
        ("sum", r"sum|total|totals|together|combined|altogether|overall|cumulative|aggregate|in all"),
        ("difference", r"\w+"),
    )
)

# Id of a document, and number of a page.
_Place: TypeAlias = tuple[str, int]
# Reads a page; None where there is none of this number.
PageReader: TypeAlias = Callable[[str, int], Page | None]


@dataclass(frozen=True, slots=True)
class TableAnswer:
    """An answer from a table.

    Attributes:
        support: a sentence, or the rows, each with its quotes.
        value: text of the cell; None for several.
        confidence: 0..1, the share of right ones among such findings.
        kind: of what was found; ``not_computed`` for the values that a sum or a difference would be computed from.
    """

    support: tuple[Support, ...]
    value: str | None
    confidence: float
    kind: FindingKind = "cell"

    @property
    def is_sure(self) -> bool:
        """True for an answer that is given whatever the model's draft is like."""
        return self.confidence >= _SURE or self.kind == "not_computed"

    @property
    def is_several(self) -> bool:
        """True for things side by side, and for what would be computed from several cells."""
        return self.kind == "not_computed" or (self.kind == "cell" and self.value is None)


def table_answer(question: str, evidence: Sequence[Evidence], read: PageReader | None = None) -> TableAnswer | None:
    """The answer that a table of the evidence's pages gives; None where no cell is meant beyond doubt.

    Args:
        question: on its own.
        evidence: its first six pages are searched.
        read: reads the pages before and after, for tables over page breaks; without it only these pages are known.
    """
    pages = _Pages(evidence, read)
    findings = look_up(question, pages.tables, limit=_MOST_FINDINGS)
    if not findings or any(_is_of_all_rows(one) and pages.is_part(one.table) for one in findings):
        return None
    best = findings[0]
    if best.kind == "not_computed":
        return _not_computed(question, findings, pages)
    if best.kind == "cell" and len(findings) > 1:
        return _side_by_side(question, findings, pages)
    return _answer(question, best, pages)


def table_of_form(
    form: Form, question: str, evidence: Sequence[Evidence], read: PageReader | None = None
) -> TableAnswer | None:
    """The table answer to a question of several sentences; of a comparison or of parts only one that has all of them.

    None for other forms. Arguments as those of :func:`table_answer`.
    """
    if form not in ("table", "list", "comparison", "parts"):
        return None
    found = table_answer(question, evidence, read)
    return found if found and (found.is_several or form in ("table", "list")) else None


def page_reader(generation: Generation) -> PageReader:
    """Reads the pages of a generation's documents, without instructions to a model."""

    def read(document: str, number: int) -> Page | None:
        is_there = number <= generation.document(document).pages
        return redacted_page(generation.page(document, number)) if is_there else None

    return read


def contradicts_tables(question: str, support: Support) -> bool:
    """True if the values of a sentence are from another row or column of its quotes' tables than the one asked for."""
    verdicts = [
        row_agrees(
            question,
            support.sentence,
            quote.text,
            quote.evidence.page.text,
            quote.span.start,
            quote.evidence.page.words,
        )
        for quote in support.quotes
    ]
    return False in verdicts and True not in verdicts


class _Pages:
    """The pages of the evidence, with their tables."""

    def __init__(self, evidence: Sequence[Evidence], read: PageReader | None) -> None:
        found: dict[_Place, Evidence] = {}
        for item in evidence:
            found.setdefault((item.hit.passage.document.id, item.page.number), item)
        self._items: Mapping[_Place, Evidence] = dict(list(found.items())[:_MOST_PAGES])
        self._read = read
        self._known: dict[_Place, Sequence[TableInEvidence]] = {}
        order = {document: number for number, (document, _) in reversed(list(enumerate(self._items)))}
        self.tables = list(self._in_order(sorted(self._items, key=lambda place: (order[place[0]], place[1]))))

    def item(self, place: _Place) -> Evidence:
        """The evidence on a page, or on the page beside it where that is none itself."""
        if place in self._items:
            return self._items[place]
        beside = next(item for (document, _), item in self._items.items() if document == place[0])
        page = self._page(*place)
        return beside if page is None else replace(beside, page=page)

    def is_part(self, table: TableInEvidence) -> bool:
        """True if a table has further rows on the page before or after it."""
        if table.header_source is not None:
            return True
        document, number = table.source
        before, after = self._on((document, number - 1)), self._on((document, number + 1))
        return any(goes_on(one, table) for one in before[-1:]) or any(goes_on(table, one) for one in after[:1])

    def _in_order(self, places: Sequence[_Place]) -> Iterator[TableInEvidence]:
        for place in places:
            own = self._on(place)
            before = self._headed(place, own)
            yield from with_continued_heads([*before, *own])[len(before) :]

    def _headed(self, place: _Place, own: Sequence[TableInEvidence]) -> Sequence[TableInEvidence]:
        """The tables of the pages before a page that begins with a table without heads, back to the one with heads."""
        before: list[TableInEvidence] = []
        first = own[0] if own else None
        for number in range(place[1] - 1, place[1] - 1 - _MOST_BEFORE, -1):
            if first is None or first.table.header is not None:
                break
            tables = self._on((place[0], number))
            before = [*tables, *before]
            first = tables[-1] if tables else None
        return before

    def _on(self, place: _Place) -> Sequence[TableInEvidence]:
        """The tables of a page; none where it cannot be read."""
        if place not in self._known:
            item = self.item(place)
            is_read = item.page.number == place[1]
            self._known[place] = list(_tables(item)) if is_read else ()
        return self._known[place]

    def _page(self, document: str, number: int) -> Page | None:
        return self._read(document, number) if self._read and number > 0 else None


def _tables(item: Evidence) -> Iterable[TableInEvidence]:
    document, page = item.hit.passage.document, item.page
    headings = [page.text[heading.start : heading.end] for heading in page.headings]
    for table in parse_tables(page.text, page.words):
        yield TableInEvidence(
            table,
            (document.name, document.title, *item.hit.passage.chunk.context, *headings),
            page.text[:_LONGEST_SURROUNDINGS],
            (document.id, page.number),
        )


def _is_of_all_rows(finding: CellFinding) -> bool:
    """True for a finding that is true of the whole of a table only."""
    return finding.kind in ("superlative", "column", "rows") or (finding.kind == "not_computed" and not finding.value)


def _side_by_side(question: str, findings: Sequence[CellFinding], pages: _Pages) -> TableAnswer:
    """One sentence for each of several things that the question names."""
    answers = [_answer(question, one, pages) for one in findings]
    support = tuple(replace(each, kind="item") for answer in answers for each in answer.support)
    return TableAnswer(support, None, min(answer.confidence for answer in answers))


def _not_computed(question: str, findings: Sequence[CellFinding], pages: _Pages) -> TableAnswer:
    """The statement that a value is not computed, and the cells that it would be computed from."""
    computed = next(name for name, pattern in _COMPUTED if pattern.search(question))
    cells = [replace(one, kind="cell" if one.value else "rows") for one in findings]
    support = [each for one in cells for each in _answer(question, one, pages).support]
    support = [replace(each, kind="item" if each.kind == "lead" else each.kind) for each in support]
    quotes = tuple(quote for each in support for quote in each.quotes[:1])
    lead = Support(f"The {computed} is not computed here; the table has these values:", quotes, score=1.0, agrees=True)
    return TableAnswer((lead, *support), None, min(one.score for one in findings), "not_computed")


def _answer(question: str, finding: CellFinding, pages: _Pages) -> TableAnswer:
    item = pages.item(finding.table.source)
    quotes = tuple(Quote(item, Span(item.page.number, start, end), 1.0) for start, end in finding.spans)
    if finding.kind in ("row", "column", "rows"):
        head, *rows = table_rows(finding)
        header = _header(finding, pages)
        supports = [
            _row(head, (header,) if header else quotes[:1]),
            *(_row(row, (quote,)) for row, quote in zip(rows, quotes, strict=False)),
        ]
        return TableAnswer(tuple(supports), None, finding.score, finding.kind)
    sentence = finding_sentence(question, finding)
    header = _header(finding, pages) if finding.table.header_source else None
    support = _row(sentence, (*quotes, header) if header else quotes, "lead")
    return TableAnswer((support,), finding.value, finding.score, finding.kind)


def _header(finding: CellFinding, pages: _Pages) -> Quote | None:
    """The quote of the header rows, which may be on the page before."""
    if finding.header is None:
        return None
    item = pages.item(finding.table.header_source or finding.table.source)
    return Quote(item, Span(item.page.number, *finding.header), 1.0)


def _row(text: str, quotes: tuple[Quote, ...], kind: SentenceKind = "row") -> Support:
    return Support(text, quotes, score=1.0, agrees=True, kind=kind, verbatim=True)
