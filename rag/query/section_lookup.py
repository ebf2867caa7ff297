"""Section lookup: the chapter, page or document that is to be summarised, and its passages."""

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
# Share of the words of two headings that both have, from which on one is taken for the other.
_SIMILAR: Final = 0.5
_MOST_NEAREST: Final = 5
# Characters of an unknown name that headings are compared with: the time of a comparison grows with each of them.
_LONGEST_COMPARED: Final = 200


@dataclass(frozen=True, slots=True)
class Section:
    """A part of one document that is to be summarised: its passages in reading order."""

    passages: tuple[Passage, ...]


def find_section(question: Question, generation: Generation) -> Section | Reply | None:
    """The part of a document that a question wants summarised.

    Returns:
        None for another question, and for a summary of a subject, which is searched for. A reply with the nearest
        headings where a chapter, section, page or document is asked for and there is none, or several.
    """
    asked = _SUMMARISE.fullmatch(question.text.strip())
    if not asked:
        return None
    what = _ENDING.sub("", asked["what"])
    documents = [one for one in generation.documents if not question.documents or {*one.names} & {*question.documents}]
    what, scope = _scope(what, documents)
    what = _ARTICLE.sub("", what, count=1) if _ARTICLE.match(what) else what
    sections = _Sections(generation, scope)
    if page := _PAGE.fullmatch(what):
        return sections.only(f"page {page['page']}", sections.page(int(page["page"])))
    if numbered := _NUMBERED.fullmatch(what):
        return sections.only(what, sections.numbered(numbered["number"]))
    if named := _NAMED.fullmatch(what):
        name = named["after"] or named["before"]
        return sections.only(what, sections.headed(name), name)
    if named_documents := _named_documents(what, scope):
        return sections.only(what, [sections.passages(one) for one in named_documents])
    # Neither a section nor a document by its wording: a heading if there is one, else a subject.
    found = sections.headed(what)
    return Section(tuple(found[0])) if len(found) == 1 else None


def _scope(what: str, documents: Sequence[Document]) -> tuple[str, Sequence[Document]]:
    """The section and its documents: "chapter 3" and the handbook, for "chapter 3 of the handbook".

    Of several document names that fit, the longest; they are tried from the shortest on, so that each word is looked up
    once.
    """
    last_comma = what.rfind(",")
    parts = [match for match in _OF.finditer(what) if last_comma < match.end() < len(what)]
    known = {one.id: _name_words(one) for one in documents} if parts else {}
    found, candidates = (what, documents), list(documents)
    asked: set[str] = set()
    is_specific = False
    end = len(what)
    for match in reversed(parts):
        new = set(words_of_name(what[match.end() : end])) - asked
        end = match.end()
        asked |= new
        if specific := new - _GENERIC:
            is_specific = True
            candidates = [one for one in candidates if specific <= known[one.id]]
        if candidates and (is_specific or (asked and len(documents) == 1)):
            found = what[: match.start()], candidates
    return found


def _named_documents(name: str, documents: Sequence[Document]) -> list[Document]:
    """The documents with all words of ``name`` in their names and title; "the document" is the only one there is."""
    asked = set(words_of_name(name))
    specific = asked - _GENERIC
    if not specific:
        return list(documents) if asked and len(documents) == 1 else []
    return [one for one in documents if specific <= _name_words(one)]


def _name_words(document: Document) -> set[str]:
    return set(words_of_name(" ".join([*document.names, document.title])))


class _Sections:
    """The sections of some documents, by heading, number and page."""

    def __init__(self, generation: Generation, documents: Sequence[Document]) -> None:
        self._generation = generation
        self._documents = documents

    def passages(self, document: Document) -> list[Passage]:
        """All of a document, in reading order."""
        rows = self._generation.rows_named([document.name])
        return self._generation.passages([] if rows is None else rows.tolist())

    def page(self, number: int) -> list[list[Passage]]:
        """The page with this number in each document that has it."""
        pages = ([p for p in self.passages(one) if p.chunk.span.page == number] for one in self._documents)
        return [page for page in pages if page]

    def numbered(self, number: str) -> list[list[Passage]]:
        """The sections with this number in each document."""

        def has_number(heading: str) -> bool:
            match = _HEADING.match(f"{heading} ")
            return match is not None and match["number"].casefold() == number.casefold()

        return [section for _, section in self._sections(has_number)]

    def headed(self, name: str) -> list[list[Passage]]:
        """The sections whose heading is most similar to ``name``: it has all of its words and at most as many more."""
        asked = set(words(name))

        def similarity(heading: str) -> float:
            number = _HEADING.match(heading)
            title = set(words(heading[number.end() :] if number else heading))
            return len(asked & title) / len(asked | title) if asked and asked <= title else 0.0

        found = [(similarity(h), section) for h, section in self._sections(lambda h: similarity(h) >= _SIMILAR)]
        best = max((score for score, _ in found), default=0.0)
        return [section for score, section in found if score == best]

    def only(self, what: str, found: Sequence[Sequence[Passage]], name: str = "") -> Section | Reply:
        """The one section of ``found``; else a reply that there are several, or none and which headings are similar."""
        sections = [section for section in found if section]
        if len(sections) == 1:
            return Section(tuple(sections[0]))
        if sections:
            names = "; ".join(f"{section[0].document.title} ({section[0].document.name})" for section in sections[:5])
            return Reply(f"Several documents have {what}: {names}. Say in which one.", "section_unknown")
        nearest = "; ".join(self._nearest(name or what))
        return Reply(f"There is no {what}." + (f" The nearest are: {nearest}." if nearest else ""), "section_unknown")

    def _sections(self, accepts: Callable[[str], bool]) -> Iterator[tuple[str, list[Passage]]]:
        for document in self._documents:
            sections: dict[str, list[Passage]] = {}
            for passage in self.passages(document):
                # The outermost such heading: its section includes those below it.
                if heading := next(filter(accepts, passage.chunk.headings), None):
                    sections.setdefault(heading, []).append(passage)
            yield from sections.items()

    def _nearest(self, name: str) -> list[str]:
        headings = {
            h: None for one in self._documents for passage in self.passages(one) for h in passage.chunk.headings
        }
        stems = " ".join(words(name))[:_LONGEST_COMPARED]
        return sorted(headings, key=lambda h: -SequenceMatcher(None, stems, " ".join(words(h))).ratio())[:_MOST_NEAREST]
