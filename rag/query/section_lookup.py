"""Section lookup: the chapter, page or document that is to be summarised or shown, and its passages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rag.domain.values import Document, Question
from rag.index.generation import Generation
from rag.query.english.clauses import lowered, plain, without_politeness
from rag.query.lookup.document_names import name_words, named_documents, searched_documents, split_scope
from rag.query.lookup.headings import KIND, NUMBER, asked_number
from rag.query.lookup.prior_documents import documents_named_in
from rag.query.lookup.sections import Section, SectionIndex
from rag.query.types import Reply
from rag.text.words import words_of_name

_LENGTH: Final = r"(?:(?:short|brief|quick|general|concise|rough|high-level|detailed|complete|full|one-paragraph) )*+"
_MAIN: Final = r"(?:main|key|central|most important|major|chief|core|essential)"
# What is to be summarised follows.
_SUMMARISE: Final = re.compile(
    r"(?:summari[sz]e|sum up|recap|outline|tl;?dr)(?: (?:for (?:me|us)|briefly|shortly))?[: ]+"
    rf"|(?:(?:give|write|show|provide|prepare|make)(?: me| us)? )?(?:an? |the |your )?{_LENGTH}"
    r"(?:summary|overview|outline|synopsis|gist|tl;?dr)(?: for (?:me|us))? (?:of|on|for|about) "
    rf"|(?:(?:what(?:'s| is| are| were)|give(?: me| us)?|list|name|state|tell me|describe) )?(?:the )?{_MAIN} "
    r"(?:points|findings|ideas|results|messages|take-?aways|conclusions|contributions|themes|topics|arguments|"
    r"highlights) (?:of|in|from) "
)
_PART: Final = rf"(?:(?:{KIND}) {NUMBER}|pages? \w{{1,8}}|p\. ?\d{{1,4}})(?!\w)"
# "What is on page 12 of ..." and "what does chapter 3 say"; for other subjects these are questions.
_SHOW: Final = re.compile(
    r"(?:what(?:'s| is)(?: (?:said|written|printed|stated|shown))?(?: (?:in|on))?|what does|what do|what stands (?:in|"
    r"on)|(?:show|read|open|display|quote|give)(?: me| us)?(?: (?:the )?(?:text|content|"
    rf"contents) of)?) (?:the )?(?={_PART})"
)
_BARE: Final = re.compile(rf"(?={_PART})")
_WHAT_ABOUT: Final = re.compile(r"what(?:'s| is| are)(?: all)? (?=.+ about$)")
# Each begins where a run of white space and marks does: from every place within it, the time would be quadratic.
_ENDING: Final = re.compile(
    r"(?<![\s,])[\s,]++(?:(?:all )?about|say|state|cover|contain|describe|show|look like|tell(?: me| us)?|deal with|"
    r"please|for me|in (?:\w{1,20} ){1,3}(?:sentences?|words|lines)|briefly|in brief|in short)[\s?.!]*+$"
    r"|(?<![\s?.!])[\s?.!]++$"
)
_PAGE: Final = re.compile(
    r"(?:pages? |p\. ?)(?:number |no\.? )?(?P<page>\d{1,5}|[ivxlc]{1,8}|[a-z]-?\d{1,4})", re.IGNORECASE
)
_NAMED: Final = re.compile(
    rf"(?:{KIND}\s++(?:on |about |called |named |titled )?(?P<after>.+)|(?P<before>.+?)(?<!\s)\s++{KIND})",
    re.IGNORECASE,
)
# "... say, please?"
_MOST_ENDINGS: Final = 3
_PART_OF: Final = re.compile(
    rf"(?:the )?(?P<part>{_PART}) (?:of|in|from) (?:the |my |"
    r"our )?(?P<name>.+)",
    re.IGNORECASE,
)
# "The road transport agreement between ..." is a document; "the transport of oil" a subject.
_DOCUMENT: Final = re.compile(
    r"(?:[\w'-]+ ){0,4}(?:paper|report|agreement|contract|manual|handbook|guide|lease|document|file|article|study|"
    r"thesis|"
    r"brochure|booklet|bulletin|policy|letter|minutes|book|statement|presentation|reference)\b"
)
# Share of the words of a name that a document's name, title and first page have, and the characters of that page.
_FEWEST_WORDS_NAMED: Final = 0.6
_COVER: Final = 1_000
_EXPLANATION: Final = re.compile(r"[:,(]")
_ARTICLE: Final = re.compile(r"(?:the|an?|this|that|my|our)\s+", re.IGNORECASE)


def find_section(question: Question, generation: Generation, prior: Sequence[str] = ()) -> Section | Reply | None:
    """The part of a document that a question wants summarised or shown.

    Args:
        question: by itself, without its history.
        generation: the index.
        prior: names of the documents that the conversation was about; of several that fit, the one among these.

    Returns:
        None for another question, and for a summary of a subject, which is searched for. A reply with the nearest
        headings where a chapter, section, page or document is asked for and none is found, or several.
    """
    asked = _requested(question.text)
    if asked is None:
        return None
    what, is_numbered = asked
    documents = searched_documents(question, generation.documents)
    what, scope = split_scope(what, documents)
    if part := _PART_OF.fullmatch(what):
        what, scope = part["part"], _meant(part["name"], documents, generation)
        if not scope:
            return Reply(f"No document named “{part['name']}” was found.", "section_unknown")
    what = _ARTICLE.sub("", what, count=1) if _ARTICLE.match(what) else what
    sections = SectionIndex(generation, scope, prior)
    if page := _PAGE.fullmatch(what):
        return sections.page(page["page"])
    if number := asked_number(what):
        return sections.numbered(what, number)
    return None if is_numbered else _by_name(what, scope, sections, generation)


def _by_name(
    what: str, scope: Sequence[Document], sections: SectionIndex, generation: Generation
) -> Section | Reply | None:
    """The section or document with a name; None for a subject."""
    if named := _NAMED.fullmatch(what):
        return sections.headed(what, named["after"] or named["before"])
    # A name ends where its explanation begins: "the bulletin: what happened?".
    name = _EXPLANATION.split(what, maxsplit=1)[0]
    if found := named_documents(name, scope):
        return sections.whole(what, found)
    if _DOCUMENT.match(lowered(name)) and len(found := _meant(name, scope, generation)) == 1:
        return sections.whole(what, found)
    # Neither a section nor a document by its wording: a heading if there is one, else a subject.
    return sections.with_heading(what)


def _meant(name: str, documents: Sequence[Document], generation: Generation) -> list[Document]:
    """The documents whose names, titles and first pages have most words of a name."""
    asked = set(words_of_name(name))
    names = documents_named_in(name, generation)
    found = []
    for one in (one for one in documents if one.name in names):
        cover = generation.page(one.id, 1).text[:_COVER]
        own = name_words(one) | set(words_of_name(cover))
        if len(asked & own) >= _FEWEST_WORDS_NAMED * len(asked):
            found.append(one)
    return found


def _requested(text: str) -> tuple[str, bool] | None:
    """What is to be summarised, as it was typed, and whether it must be a numbered part; None for another question."""
    text = plain(text).rstrip(" ?.!")
    lower = lowered(text)
    start = len(lower) - len(without_politeness(lower))
    for pattern, is_strict in ((_SUMMARISE, False), (_SHOW, True), (_WHAT_ABOUT, False), (_BARE, True)):
        if match := pattern.match(lower, start):
            what = text[match.end() :]
            for _ in range(_MOST_ENDINGS):
                what = _without_ending(what)
            return (what, is_strict) if what else None
    return None


def _without_ending(what: str) -> str:
    return what[: ending.start()] if (ending := _ENDING.search(lowered(what))) else what
