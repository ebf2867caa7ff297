"""Sections of documents by number, heading and page, from the headings of their passages and the labels of pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from typing import Final, TypeVar

from rag.domain.values import Document, Passage
from rag.index.generation import Generation
from rag.query.lookup.document_names import listed
from rag.query.lookup.headings import ParsedHeading, SectionNumber, parse_heading
from rag.query.types import Reply
from rag.text.words import words

# Share of the words of two headings that both have, from which on one is taken for the other.
_SIMILAR: Final = 0.5
_MOST_NEAREST: Final = 5
# Headings that are compared with a name, and the characters of it: the time grows with each of them.
_MOST_COMPARED: Final = 2_000
_LONGEST_COMPARED: Final = 200
# Documents whose headings are read; where there are more, one has to be named.
_MOST_DOCUMENTS: Final = 50
_MOST_LISTED: Final = 5
# Passages between two of one chapter that are taken for its own although their headings do not say so.
_LONGEST_GAP: Final = 12
# Characters at the beginning of a passage in which its headings stand.
_LONGEST_BEGINNING: Final = 160

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of one document: its passages in reading order; ``note`` says which of two possible parts was taken."""

    passages: tuple[Passage, ...]
    note: str | None = None


class SectionIndex:
    """The sections of some documents."""

    def __init__(self, generation: Generation, documents: Sequence[Document], prior: Sequence[str]) -> None:
        """Takes the documents to look in; of several that fit, the first whose name is in ``prior`` is meant."""
        self._generation = generation
        self._documents = documents
        self._prior = prior
        self._parsed: dict[str, ParsedHeading] = {}

    def passages(self, document: Document) -> list[Passage]:
        """All of a document, in reading order."""
        rows = self._generation.rows_named([document.name])
        return self._generation.passages([] if rows is None else rows.tolist())

    def page(self, number: str) -> Section | Reply:
        """The page with this printed number in the one document that has it; else the page that is counted so."""
        printed = [(one, n) for one in self._documents for n in self._generation.pages_labelled(one.id, number)[:1]]
        counted = [
            (one, int(number)) for one in self._documents if number.isdecimal() and 1 <= int(number) <= one.pages
        ]
        places = self._preferred(printed or counted, lambda place: place[0])
        if len(places) > 1:
            return _several(f"page {number}", [one for one, _ in places])
        if not places:
            return Reply(f"No page {number} was found.{_page_count(self._documents)}", "section_unknown")
        document, page = places[0]
        passages = self._generation.passages_on(document.id, page, page)
        if not passages:
            return Reply(f"Page {number} of {listed(document)} has no text.", "section_unknown")
        label = self._generation.page(document.id, page).label
        return Section(tuple(passages), _page_note(number, page, label, is_printed=bool(printed)))

    def numbered(self, what: str, number: SectionNumber) -> Section | Reply:
        """The one section with this number, and all below it; ``what`` is the wording of the question."""
        found = [section for one in self._read if (section := self._numbered(self.passages(one), number))]
        return self._only(what, found) or self._nothing(
            f"No heading of {what} was found.", self._nearest_numbers(number)
        )

    def headed(self, what: str, name: str) -> Section | Reply:
        """The one section whose heading is most similar to a name."""
        found = self._headed(name)
        return self._only(what, found) or self._nothing(f"No heading “{name}” was found.", self._nearest_names(name))

    def with_heading(self, name: str) -> Section | None:
        """The one section whose heading is most similar to a name; None where there is none, or several."""
        found = self._headed(name)
        return Section(tuple(found[0])) if len(found) == 1 else None

    def whole(self, what: str, documents: Sequence[Document]) -> Section | Reply | None:
        """All of the one document of several that is meant; None where it has no text."""
        return self._only(what, [passages for one in documents if (passages := self.passages(one))])

    @property
    def _read(self) -> Sequence[Document]:
        return self._documents[:_MOST_DOCUMENTS]

    def _only(self, what: str, found: Sequence[Sequence[Passage]]) -> Section | Reply | None:
        """The one section of ``found``, or a reply that there are several."""
        sections = self._preferred(found, lambda section: section[0].document)
        if len(sections) > 1:
            return _several(what, [section[0].document for section in sections])
        return Section(tuple(sections[0])) if sections else None

    def _preferred(self, found: Sequence[_T], document_of: Callable[[_T], Document]) -> Sequence[_T]:
        """Of several, those of the document that the conversation was about last."""
        if len(found) > 1:
            for name in self._prior:
                if own := [each for each in found if name in document_of(each).names]:
                    return own
        return found

    def _parse(self, heading: str) -> ParsedHeading:
        return self._parsed.setdefault(heading, parse_heading(heading))

    def _numbered(self, passages: Sequence[Passage], number: SectionNumber) -> list[Passage]:
        """The passages of a section by its number: under its heading, or below "3.1" where "3" is asked for."""
        own = [self._numbers_of(passage) for passage in passages]
        is_named = any(number.means(each) and each.kind for numbers in own for each in numbers)
        if not is_named:
            return self._under_number(passages, number)
        is_inside = [
            any((each.kind and number.means(each)) or number.contains(each) for each in numbers) for numbers in own
        ]
        others = [any(each.kind == number.kind and not number.means(each) for each in numbers) for numbers in own]
        return [passages[place] for place in _filled(is_inside, others)]

    def _numbers_of(self, passage: Passage) -> list[SectionNumber]:
        """The section numbers in the headings of a passage, and in the headings at its beginning."""
        numbers = [parsed.number for heading in passage.chunk.headings if (parsed := self._parse(heading)).number]
        # Of "CHAPTER", "THREE" and a title in lines of equal size only the last is among the headings of a passage.
        beginning = " ".join(passage.chunk.text[:_LONGEST_BEGINNING].split())
        begun = parse_heading(beginning).number
        if begun and begun.kind and passage.chunk.headings and passage.chunk.headings[-1] in beginning:
            numbers.append(begun)
        return [number for number in numbers if number]

    def _under_number(self, passages: Sequence[Passage], number: SectionNumber) -> list[Passage]:
        """The passages under headings with a number alone, "3 Fees"; of several such headings the longest section."""
        titles: Counter[str] = Counter()
        for passage in passages:
            titles.update({h for h in passage.chunk.headings if (own := self._parse(h).number) and number.means(own)})
        best = titles.most_common(1)[0][0] if titles else None
        return [
            passage
            for passage in passages
            if best in passage.chunk.headings
            or any((own := self._parse(h).number) and number.contains(own) for h in passage.chunk.headings)
        ]

    def _headed(self, name: str) -> list[list[Passage]]:
        """The sections with the heading most similar to a name: it has all of its words and at most as many more."""
        asked = set(words(name))

        def similarity(heading: str) -> float:
            title = set(words(self._parse(heading).title))
            return len(asked & title) / len(asked | title) if asked and asked <= title else 0.0

        found = [(similarity(heading), section) for heading, section in self._sections(similarity)]
        best = max((score for score, _ in found), default=0.0)
        return [section for score, section in found if score == best]

    def _sections(self, similarity: Callable[[str], float]) -> Iterator[tuple[str, list[Passage]]]:
        for document in self._read:
            sections: dict[str, list[Passage]] = {}
            for passage in self.passages(document):
                # The outermost such heading: its section includes those below it.
                heading = next((each for each in passage.chunk.headings if similarity(each) >= _SIMILAR), None)
                if heading:
                    sections.setdefault(heading, []).append(passage)
            yield from sections.items()

    def _nothing(self, said: str, nearest: Sequence[str]) -> Reply:
        there = f" The nearest headings are: {'; '.join(nearest)}." if nearest else ""
        return Reply(said + there, "section_unknown")

    @cached_property
    def _headings(self) -> list[ParsedHeading]:
        """The distinct headings of the documents, without page numbers."""
        distinct: dict[str, ParsedHeading] = {}
        for document in self._read:
            for passage in self.passages(document):
                for heading in passage.chunk.headings:
                    parsed = self._parse(heading)
                    distinct.setdefault(parsed.text.casefold(), parsed)
            if len(distinct) >= _MOST_COMPARED:
                break
        return list(distinct.values())[:_MOST_COMPARED]

    def _nearest_numbers(self, number: SectionNumber) -> list[str]:
        """Headings with numbers, those of the same kind and of the nearest number first."""
        found = [(parsed.number, parsed.text) for parsed in self._headings if parsed.number]
        ranked = sorted(found, key=lambda each: (each[0].kind != number.kind, number.distance(each[0])))
        return [text for _, text in ranked[:_MOST_NEAREST]]

    def _nearest_names(self, name: str) -> list[str]:
        stems = " ".join(words(name))[:_LONGEST_COMPARED]

        def unlikeness(parsed: ParsedHeading) -> float:
            return -SequenceMatcher(None, stems, " ".join(words(parsed.text))).ratio()

        return [parsed.text for parsed in sorted(self._headings, key=unlikeness)[:_MOST_NEAREST]]


def _filled(is_inside: Sequence[bool], is_other: Sequence[bool]) -> list[int]:
    """Positions that are inside, and short gaps between them in which nothing is of another section."""
    positions: list[int] = []
    for place in (place for place, inside in enumerate(is_inside) if inside):
        gap = range(positions[-1] + 1, place) if positions else range(0)
        if len(gap) <= _LONGEST_GAP and not any(is_other[between] for between in gap):
            positions += gap
        positions.append(place)
    return positions


def _several(what: str, documents: Sequence[Document]) -> Reply:
    names = "; ".join(map(listed, documents[:_MOST_LISTED]))
    more = f"; and {len(documents) - _MOST_LISTED} more" if len(documents) > _MOST_LISTED else ""
    return Reply(f"Several documents have {what}: {names}{more}. Say in which one.", "section_unknown")


def _page_count(documents: Sequence[Document]) -> str:
    if len(documents) != 1:
        return ""
    return f" {listed(documents[0])} has {'1 page' if documents[0].pages == 1 else f'{documents[0].pages} pages'}."


def _page_note(number: str, page: int, label: str | None, *, is_printed: bool) -> str | None:
    """The sentence that says which of two page numberings was meant; None where they agree."""
    if label is None or (is_printed and number == str(page)):
        return None
    if is_printed:
        return f"The page with the printed number {number} is page {page} of the file."
    return f"No page has the printed number {number}; this is page {page} of the file, with the printed number {label}."
