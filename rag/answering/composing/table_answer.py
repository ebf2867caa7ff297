"""Composition of an answer from a table: the rows and the columns that were asked for, found by rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from rag.answering.composing.evidence_tables import EvidenceTables, PageReader
from rag.answering.grounding import Evidence, Quote, Support
from rag.answering.prompt import NO, YES
from rag.answering.tables.agreement import row_agrees
from rag.answering.tables.finding import CellFinding, FindingKind
from rag.answering.tables.lookup import look_up
from rag.answering.tables.marks import mark_of, marked_cells, marked_things
from rag.answering.tables.wording import finding_sentence, table_rows
from rag.domain.values import Form, SentenceKind, Span

_MOST_FINDINGS: Final = 6
# Of what is found on such grounds, so many are right that no draft is needed for it.
_SURE: Final = 0.95
_COMPUTED: Final = tuple(
    (name, re.compile(rf"\b(?:{words})\b", re.IGNORECASE))
    for name, words in (
        ("average", r"average|mean|median"),
        ("ratio", r"ratio|percent(?:age)?|share|proportion|times"),
        ("sum", r"sum|total|totals|together|combined|altogether|overall|cumulative|aggregate|in all"),
        ("difference", r"\w+"),
    )
)


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
    pages = EvidenceTables(evidence, read)
    findings = look_up(question, pages.tables, limit=_MOST_FINDINGS)
    is_of_all = any(map(_is_of_all_rows, findings))
    if not findings:
        findings = marked_things(question, pages.tables)
        is_of_all = len({one.row_key for one in findings}) > 1
    if not findings or (is_of_all and any(pages.is_part(one.table) for one in findings)):
        return None
    best = findings[0]
    if best.kind == "not_computed":
        return _not_computed(question, findings, pages)
    if best.kind == "cell" and len(findings) > 1:
        return _side_by_side(question, findings, pages)
    return _answer(question, best, pages)


def yes_no_of_table(question: str, evidence: Sequence[Evidence], read: PageReader | None = None) -> TableAnswer | None:
    """The answer to a yes/no question by the yes/no cells of a table, such as "✓"; None where none is meant.

    For several things that the question names, of which some have it and others do not, their cells side by side.
    Arguments as those of :func:`table_answer`.
    """
    pages = EvidenceTables(evidence, read)
    findings = marked_cells(question, pages.tables)[:_MOST_FINDINGS]
    if not findings:
        return None
    answer = _side_by_side(question, findings, pages)
    if len({mark_of(one.value) for one in findings}) > 1:
        return answer
    opening = (YES if mark_of(findings[0].value) else NO)[0]
    lead, *others = answer.support
    lead = replace(lead, sentence=f"{opening}: {lead.sentence}", kind="lead", verbatim=False)
    return replace(answer, support=(lead, *others), value=opening)


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


def _is_of_all_rows(finding: CellFinding) -> bool:
    """True for a finding that is true of the whole of a table only."""
    return finding.kind in ("superlative", "column", "rows") or (finding.kind == "not_computed" and not finding.value)


def _side_by_side(question: str, findings: Sequence[CellFinding], pages: EvidenceTables) -> TableAnswer:
    """One sentence for each of several things that the question names."""
    answers = [_answer(question, one, pages) for one in findings]
    support = tuple(replace(each, kind="item") for answer in answers for each in answer.support)
    return TableAnswer(support, None, min(answer.confidence for answer in answers))


def _not_computed(question: str, findings: Sequence[CellFinding], pages: EvidenceTables) -> TableAnswer:
    """The statement that a value is not computed, and the cells that it would be computed from."""
    computed = next(name for name, pattern in _COMPUTED if pattern.search(question))
    cells = [replace(one, kind="cell" if one.value else "rows") for one in findings]
    support = [each for one in cells for each in _answer(question, one, pages).support]
    support = [replace(each, kind="item" if each.kind == "lead" else each.kind) for each in support]
    quotes = tuple(quote for each in support for quote in each.quotes[:1])
    lead = Support(f"The {computed} is not computed here; the table has these values:", quotes, score=1.0, agrees=True)
    return TableAnswer((lead, *support), None, min(one.score for one in findings), "not_computed")


def _answer(question: str, finding: CellFinding, pages: EvidenceTables) -> TableAnswer:
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


def _header(finding: CellFinding, pages: EvidenceTables) -> Quote | None:
    """The quote of the header rows, which may be on the page before."""
    if finding.header is None:
        return None
    item = pages.item(finding.table.header_source or finding.table.source)
    return Quote(item, Span(item.page.number, *finding.header), 1.0)


def _row(text: str, quotes: tuple[Quote, ...], kind: SentenceKind = "row") -> Support:
    return Support(text, quotes, score=1.0, agrees=True, kind=kind, verbatim=True)
