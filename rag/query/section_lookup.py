"""Section lookup: the chapter, page or document that is to be summarised or shown, and its passages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rag.domain.values import Question
from rag.index.generation import Generation
from rag.query.english.clauses import lowered, plain, without_politeness
from rag.query.lookup.document_names import named_documents, searched_documents, split_scope
from rag.query.lookup.headings import KIND, NUMBER, asked_number
from rag.query.lookup.sections import Section, SectionIndex
from rag.query.types import Reply

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
    what = _ARTICLE.sub("", what, count=1) if _ARTICLE.match(what) else what
    sections = SectionIndex(generation, scope, prior)
    if page := _PAGE.fullmatch(what):
        return sections.page(page["page"])
    if number := asked_number(what):
        return sections.numbered(what, number)
    if is_numbered:
        return None
    if named := _NAMED.fullmatch(what):
        return sections.headed(what, named["after"] or named["before"])
    # A name ends where its explanation begins: "the bulletin: what happened?".
    if found := named_documents(_EXPLANATION.split(what, maxsplit=1)[0], scope):
        return sections.whole(what, found)
    # Neither a section nor a document by its wording: a heading if there is one, else a subject.
    return sections.with_heading(what)


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
