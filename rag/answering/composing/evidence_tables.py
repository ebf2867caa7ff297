"""The tables on the pages of the evidence, with heads from the pages before where a table goes on over page breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from rag.answering.evidence.redaction import redacted_page
from rag.answering.grounding import Evidence
from rag.answering.tables.continuation import goes_on, with_continued_heads
from rag.answering.tables.matching import TableInEvidence
from rag.answering.tables.parsing import parse_tables
from rag.domain.values import Page
from rag.index.generation import Generation

# Pages that are searched for tables.
_MOST_PAGES: Final = 6
# Pages that are read back to the heads of a table.
_MOST_BEFORE: Final = 4
_LONGEST_SURROUNDINGS: Final = 4_000

# Id of a document, and number of a page.
_Place: TypeAlias = tuple[str, int]
# Reads a page; None where there is none of this number.
PageReader: TypeAlias = Callable[[str, int], Page | None]


def page_reader(generation: Generation) -> PageReader:
    """Reads the pages of a generation's documents, without instructions to a model."""

    def read(document: str, number: int) -> Page | None:
        is_there = number <= generation.document(document).pages
        return redacted_page(generation.page(document, number)) if is_there else None

    return read


class EvidenceTables:
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
