"""Summaries: which chapter, page or document is asked for, and which passages stand in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from rag.domain.values import Document, Passage, Question
from rag.index.generation import Generation
from rag.query.types import Reply
from rag.text.words import words, words_of_name

_SUMMARISE: Final = re.compile(
    r"(?:(?:can|could|would|will) you |please )*(?:give (?:me |us )?|write |show (?:me )?)?"
    r"(?:an? |the )?(?:short |brief |quick )?"
    r"(?:summari[sz]e|sum up|summary(?: of)?|overview of|outline(?: of)?|tl;?dr(?: of)?|(?:key|main) points of"
    r"|what(?: is|['’]s) in(?= (?:the )?(?:chapter|section|part|page) )"
    r"|what (?:is|does)(?= (?:chapter|section|part|page) .+ (?:about|say|cover|deal)))(?: for me)?[:\s]+(?P<what>.+)",
    re.IGNORECASE | re.DOTALL,
)
# Each begins where a run of white space and marks does: from every place within it, the time would be quadratic.
_ENDING: Final = re.compile(
    r"(?<![\s,])[\s,]++(?:about|say|cover|deal with|please|for me|in \w+ sentences|briefly)[\s?.!]*+$"
    r"|(?<![\s?.!])[\s?.!]*+$",
    re.IGNORECASE,
)
_KIND: Final = r"(?:chapter|section|part|clause|article|appendix|annex|paragraph)"
_NUMBERED: Final = re.compile(rf"{_KIND} (?P<number>\d+(?:\.\d+)*|[A-Z])", re.IGNORECASE)
_PAGE: Final = re.compile(r"page (?P<page>\d+)", re.IGNORECASE)
_NAMED: Final = re.compile(
    rf"(?:{_KIND}\s++(?:on |about |called |named |titled )?(?P<after>.+)|(?P<before>.+?)(?<!\s)\s++{_KIND})",
    re.IGNORECASE,
)
_OF: Final = re.compile(r"(?<![,\s])[,\s]++(?:of|in|from|on) ", re.IGNORECASE)
_HEADING: Final = re.compile(rf"(?:{_KIND}\s+)?(?P<number>\d+(?:\.\d+)*|[A-Z])[.:)]?\s", re.IGNORECASE)
_ARTICLE: Final = re.compile(r"(?:the|a|this|that)\s+", re.IGNORECASE)
_GENERIC: Final = frozenset(words("document file pdf text book whole entire complete all my this section chapter"))
_ALIKE: Final = 0.5
_MOST_NEAREST: Final = 5
# Characters of an unknown name that headings are compared with: the time of a comparison grows with each of them.
_LONGEST_COMPARED: Final = 200


@dataclass(frozen=True, slots=True)
class Section:
    """What is to be summarised: passages of one document, in reading order."""

    passages: tuple[Passage, ...]


def find_section(question: Question, generation: Generation) -> Section | Reply | None:
    """The part of a document of which a question wants a summary.

    Returns:
        None for another question, and for a summary of something that is no chapter, section, page or document: that is
        searched for. A reply with the nearest headings where such a part is asked for and there is none, or several.
    """
    asked = _SUMMARISE.fullmatch(question.text.strip())
    if not asked:
        return None
    what = _ENDING.sub("", asked["what"])
    documents = [one for one in generation.documents if not question.documents or {*one.names} & {*question.documents}]
    what, among = _within(what, documents)
    what = _ARTICLE.sub("", what, count=1) if _ARTICLE.match(what) else what
    library = _Library(generation, among)
    if page := _PAGE.fullmatch(what):
        return library.only(f"page {page['page']}", library.page(int(page["page"])))
    if numbered := _NUMBERED.fullmatch(what):
        return library.only(what, library.numbered(numbered["number"]))
    if named := _NAMED.fullmatch(what):
        name = named["after"] or named["before"]
        return library.only(what, library.headed(name), name)
    if called := _called(what, among):
        return library.only(what, [library.passages(one) for one in called])
    # Not said to be a part of a document: a heading if there is one, and else a subject.
    found = library.headed(what)
    return Section(tuple(found[0])) if len(found) == 1 else None


def _within(what: str, documents: Sequence[Document]) -> tuple[str, Sequence[Document]]:
    """What is left of "chapter 3 of the handbook", and the documents that are called so.

    Of several names that fit, the longest; they are tried from the shortest on, so that each word is looked up once.
    """
    last_comma = what.rfind(",")
    parts = [match for match in _OF.finditer(what) if last_comma < match.end() < len(what)]
    known = {one.id: _name_words(one) for one in documents} if parts else {}
    found, called = (what, documents), list(documents)
    asked: set[str] = set()
    says_which = False
    end = len(what)
    for match in reversed(parts):
        new = set(words_of_name(what[match.end() : end])) - asked
        end = match.end()
        asked |= new
        if specific := new - _GENERIC:
            says_which = True
            called = [one for one in called if specific <= known[one.id]]
        if called and (says_which or (asked and len(documents) == 1)):
            found = what[: match.start()], called
    return found


def _called(name: str, documents: Sequence[Document]) -> list[Document]:
    """The documents that have all words of a name in theirs, or in their title; "the document" is the only one."""
    asked = set(words_of_name(name))
    spoken = asked - _GENERIC
    if not spoken:
        return list(documents) if asked and len(documents) == 1 else []
    return [one for one in documents if spoken <= _name_words(one)]


def _name_words(document: Document) -> set[str]:
    return set(words_of_name(" ".join([*document.names, document.title])))


class _Library:
    """The passages of some documents, by the headings that they stand under."""

    def __init__(self, generation: Generation, documents: Sequence[Document]) -> None:
        self._generation = generation
        self._documents = documents

    def passages(self, document: Document) -> list[Passage]:
        """All of a document, in reading order."""
        rows = self._generation.rows_named([document.name])
        return self._generation.passages([] if rows is None else rows.tolist())

    def page(self, number: int) -> list[list[Passage]]:
        """That page of each document which has it."""
        pages = ([p for p in self.passages(one) if p.chunk.span.page == number] for one in self._documents)
        return [page for page in pages if page]

    def numbered(self, number: str) -> list[list[Passage]]:
        """The sections with a number, in each document."""

        def is_it(heading: str) -> bool:
            match = _HEADING.match(f"{heading} ")
            return match is not None and match["number"].casefold() == number.casefold()

        return [section for _, section in self._sections(is_it)]

    def headed(self, name: str) -> list[list[Passage]]:
        """The sections whose heading says the same as ``name``; else those that say all of it and little more."""
        asked = set(words(name))

        def alike(heading: str) -> float:
            number = _HEADING.match(heading)
            said = set(words(heading[number.end() :] if number else heading))
            return len(asked & said) / len(asked | said) if asked and asked <= said else 0.0

        found = [(alike(heading), section) for heading, section in self._sections(lambda h: alike(h) >= _ALIKE)]
        best = max((score for score, _ in found), default=0.0)
        return [section for score, section in found if score == best]

    def only(self, what: str, found: Sequence[Sequence[Passage]], name: str = "") -> Section | Reply:
        """The one section that was found, or what to say instead: ``what`` is not there, these are like ``name``."""
        sections = [section for section in found if section]
        if len(sections) == 1:
            return Section(tuple(sections[0]))
        if sections:
            names = "; ".join(f"{section[0].document.title} ({section[0].document.name})" for section in sections[:5])
            return Reply(f"Several documents have {what}: {names}. Say in which one.", "section_unknown")
        nearest = "; ".join(self._nearest(name or what))
        return Reply(f"There is no {what}." + (f" The nearest are: {nearest}." if nearest else ""), "section_unknown")

    def _sections(self, is_it: Callable[[str], bool]) -> Iterator[tuple[str, list[Passage]]]:
        for document in self._documents:
            sections: dict[str, list[Passage]] = {}
            for passage in self.passages(document):
                # The outermost such heading has the sections below it, too.
                if heading := next(filter(is_it, passage.chunk.headings), None):
                    sections.setdefault(heading, []).append(passage)
            yield from sections.items()

    def _nearest(self, name: str) -> list[str]:
        headings = {
            h: None for one in self._documents for passage in self.passages(one) for h in passage.chunk.headings
        }
        stems = " ".join(words(name))[:_LONGEST_COMPARED]
        return sorted(headings, key=lambda h: -SequenceMatcher(None, stems, " ".join(words(h))).ratio())[:_MOST_NEAREST]
