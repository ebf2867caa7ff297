"""Composition of an answer from a table: the row and the column that were asked for, found by rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rag.answering.grounding import Evidence, Quote, Support
from rag.answering.tables.finding import CellFinding
from rag.answering.tables.lookup import look_up
from rag.answering.tables.matching import TableInEvidence
from rag.answering.tables.parsing import parse_tables
from rag.answering.tables.wording import finding_sentence, table_rows
from rag.domain.values import SentenceKind, Span

# Pages that are searched for tables.
_MOST_PAGES: Final = 6
_LEAST_SCORE: Final = 0.6
_LONGEST_SURROUNDINGS: Final = 4_000


@dataclass(frozen=True, slots=True)
class TableAnswer:
    """An answer from a table.

    Attributes:
        support: a sentence, or the rows, each with its quotes.
        value: text of the cell; None for several.
        score: 0..1, how surely this row and column are meant.
    """

    support: tuple[Support, ...]
    value: str | None
    score: float


def table_answer(question: str, evidence: Sequence[Evidence]) -> TableAnswer | None:
    """The answer that a table of the evidence's pages gives; None where no cell is meant beyond doubt."""
    pages: dict[tuple[str, int], Evidence] = {}
    for item in evidence:
        pages.setdefault((item.hit.passage.document.id, item.page.number), item)
    items = dict(list(pages.items())[:_MOST_PAGES])
    tables = [table for item in items.values() for table in _tables(item)]
    findings = [one for one in look_up(question, tables) if one.score >= _LEAST_SCORE and one.kind != "not_computed"]
    if not findings:
        return None
    best = findings[0]
    if best.kind == "cell" and len(findings) > 1:
        return _side_by_side(question, findings, items)
    return _answer(question, best, items[best.table.source])


def _side_by_side(
    question: str, findings: Sequence[CellFinding], items: Mapping[tuple[str, int], Evidence]
) -> TableAnswer:
    """One sentence for each of several things that the question names."""
    answers = [_answer(question, one, items[one.table.source]) for one in findings]
    support = tuple(replace(each, kind="item") for answer in answers for each in answer.support)
    return TableAnswer(support, None, min(answer.score for answer in answers))


def _tables(item: Evidence) -> Iterable[TableInEvidence]:
    document = item.hit.passage.document
    headings = [item.page.text[heading.start : heading.end] for heading in item.page.headings]
    for table in parse_tables(item.page.text, item.page.words):
        yield TableInEvidence(
            table,
            (document.name, document.title, *item.hit.passage.chunk.headings, *headings),
            item.page.text[:_LONGEST_SURROUNDINGS],
            (document.id, item.page.number),
        )


def _answer(question: str, finding: CellFinding, item: Evidence) -> TableAnswer:
    quotes = tuple(Quote(item, Span(item.page.number, start, end), 1.0) for start, end in finding.spans)
    if finding.kind in ("row", "column", "rows"):
        head, *rows = table_rows(finding)
        header = finding.header
        head_quotes = (Quote(item, Span(item.page.number, *header), 1.0),) if header else quotes[:1]
        supports = [_row(head, head_quotes), *(_row(row, (quote,)) for row, quote in zip(rows, quotes, strict=False))]
        return TableAnswer(tuple(supports), None, finding.score)
    sentence = finding_sentence(question, finding)
    return TableAnswer((_row(sentence, quotes, "lead"),), finding.value, finding.score)


def _row(text: str, quotes: tuple[Quote, ...], kind: SentenceKind = "row") -> Support:
    return Support(text, quotes, score=1.0, agrees=True, kind=kind, verbatim=True)
