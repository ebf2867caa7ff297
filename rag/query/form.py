"""Question classification: the form of the answer that a question asks for; by rules for English.

In other languages it is told by the cue phrases of their tables (rag/query/multilingual).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rag.domain.values import Document, Form
from rag.query.capabilities import impossible_request
from rag.query.collection import asks_about_collection
from rag.query.english.clauses import Ask, asks_of, lowered, own_questions, plain, without_politeness
from rag.query.english.cues import (
    ASKING,
    AT,
    AUXILIARY,
    BRIEFLY,
    COMPARED,
    CUES_ANYWHERE,
    CUES_AT_START,
    DEGREE,
    OVERVIEW,
    RULES_FOR,
    SIMPLY,
    STEP_BY_STEP,
)
from rag.query.english.nouns import head_of, is_plural
from rag.query.multilingual.cue_phrases import form_by_cues
from rag.query.multilingual.question_language import language_of_question
from rag.query.parts import attributes_of
from rag.query.small_talk import small_talk
from rag.query.yes_no import is_yes_no
from rag.text.languages.table import language_table

# Characters of a question that its form is decided by.
_LONGEST: Final = 400
_MOST_WORDS_OF_KEYWORDS: Final = 15
_MOST_WORDS_DEFINED: Final = 5
# Attributes of one thing that make a table; of each of several things, two do.
_FEWEST_ATTRIBUTES: Final = 3

_PREPOSITION: Final = re.compile(rf"{AT}(?={ASKING}\b)")
_ASKING_FIRST: Final = re.compile(rf"{AT}{ASKING}\b")
_ONE_VALUE: Final = re.compile(r"(?:who|when|where)\b")
# "What does a berth cost?" asks for a value, as "what does it mean?" does not.
_MEASURED: Final = re.compile(
    r"what (?:do|does|did|will|would) .{1,120}\b(?:cost|weigh|earn|charge|measure|pay|total|consume|hold|carry|"
    r"amount to)\b"
)
_QUANTITY: Final = re.compile(rf"how {DEGREE}\b")
_TELLING: Final = re.compile(
    r"(?P<verb>explain|describe|clarify|state|tell|say|show|outline|check|find out|discuss)(?: (?:me|us|to me|"
    r"to us))?(?: \w+ly)? "
    rf"(?P<rest>(?:whether|if|{ASKING}|the (?:differences?|steps|procedure|process))\b.*)"
)
_WHETHER: Final = re.compile(r"(?:whether|if)\b")
_ITEMS: Final = re.compile(r"(?:what|which) (?:(?:is|are|was|were) )?(?P<items>.+)|who are (?P<people>.+)")
_GIVE: Final = re.compile(r"(?:give|tell|show|send|state|provide|quote|find|identify)(?: me| us)? (?P<items>.+)")
# "What grows about two inches a year?" asks for one thing, "what services ..." for all of them.
_VERB_FIRST: Final = re.compile(
    r"what \w+s (?:the|an?|this|that|his|her|its|about|at|in|on|for|to|with|like|from|by|up|out)\b"
)
_ONE_OF: Final = re.compile(r"(?:what|which) (?:one )?(?:of|is|was|has|does)\b")
_DEFINED: Final = re.compile(r"(?:what|who)(?:'s| is| are| does) (?:an? )?(?P<subject>.+)")
_DEFINED_BY_MORE: Final = re.compile(
    r"\b(?:the|this|that|these|those|my|our|your|his|her|its|their|of|for|in|on|at|to|from|by|with|per|under|\w+'s?|"
    r"\w+est|and|or)\b|\d"
)
_VERBS: Final = re.compile(rf"\b(?:{AUXILIARY}|be|been|being|i|we|my|our|me|us|it's|that's)\b|'(?:m|re|ve|ll)\b")
_WISH: Final = re.compile(
    r"(?:i|we)(?:'d| would|'m| am| are|'re)? (?:\w+ )?(?:want|need|like|have|wish|plan|trying|looking|planning|"
    r"going) to\b|.*\bneed help\b"
)
_TROUBLE: Final = re.compile(
    r"\b(?:won't|doesn't|don't|isn't|can't|cannot|not working|broken?|fail(?:s|ed|ing)?|error|leak(?:s|ing)?|stuck|"
    r"stop(?:s|ped)|noisy|wrong|faulty|damaged|cracked|dead|died|refuses)\b"
)
_OF_EACH: Final = re.compile(r"\b(?:of|for|per|with) (?:each|every|all|both)\b")
# Several questions of one of these forms are answered together.
_OPEN: Final = frozenset({"explain", "about"})


def form_of(text: str, documents: Sequence[Document]) -> Form:
    """The form of the answer that a text asks for.

    Args:
        text: a question as it was typed.
        documents: those that may be searched, which a question about the collection is about.
    """
    if small_talk(text) or impossible_request(text):
        return "chat"
    return "collection" if asks_about_collection(text, documents) else form_of_question(text)


def form_of_question(text: str, language: str | None = None) -> Form:
    """The form of the answer to a question to the documents' text: never ``chat`` or ``collection``.

    Args:
        text: the question.
        language: in which it is asked, by its English name; None is told by its words.
    """
    language = language or language_of_question(text)
    if language not in (None, "English"):
        table = language_table(language)
        return form_by_cues(text, table) if table else "fact"
    text = plain(text)
    asks = own_questions(asks_of(text).questions)
    if not asks:
        return _form_of_phrase(text)
    if CUES_ANYWHERE["table"].search(lowered(text[:_LONGEST])) and not CUES_ANYWHERE["comparison"].search(
        lowered(text)
    ):
        return "table"
    forms = [_form(ask, text) for ask in asks]
    for dominant in ("comparison", "table"):
        if dominant in forms:
            return dominant
    if len(forms) == 1 or forms[0] == "overview" or (len({*forms}) == 1 and forms[0] in _OPEN):
        return forms[0]
    # "Explain what it is and why it is useful."
    return forms[0] if asks[0].is_order and forms[0] in ("explain", "how_to") else "parts"


def _form(ask: Ask, text: str) -> Form:
    asked = ask.asked[:_LONGEST]
    if preposition := _PREPOSITION.match(asked):
        asked = asked[preposition.end() :]
    if telling := _TELLING.match(asked):
        return _form_told(telling["verb"], telling["rest"], ask, text)
    return _form_anywhere(ask, asked) or _form_at_start(ask, asked) or _closed_form(ask, asked)


def _form_anywhere(ask: Ask, asked: str) -> Form | None:
    """The form that some cue within a question gives it."""
    whole = lowered(ask.text[:_LONGEST])
    for form, cues in CUES_ANYWHERE.items():
        if cues.search(asked) or cues.search(whole):
            return form
    is_open = not _QUANTITY.match(asked) and not _is_yes_no(ask)
    if COMPARED.search(whole) and is_open:
        return "comparison"
    if _is_tabular(ask.text):
        return "table"
    if STEP_BY_STEP.search(asked):
        return "how_to"
    return "overview" if BRIEFLY.search(whole) and is_open and not _ONE_VALUE.match(asked) else None


def _form_at_start(ask: Ask, asked: str) -> Form | None:
    """The form that the first words of a question give it."""
    if _QUANTITY.match(asked):
        return "fact"
    started = next((form for form, cues in CUES_AT_START if cues.match(asked)), None)
    return started or ("explain" if SIMPLY.search(lowered(ask.text[:_LONGEST])) else None)


def _form_told(verb: str, rest: str, ask: Ask, text: str) -> Form:
    """The form of "explain how ...": that of the question within, unless it would be a fact."""
    if _WHETHER.match(rest):
        return "yes_no"
    form = _form(Ask(ask.text, rest, is_order=False), text)
    if verb in ("explain", "clarify", "describe", "discuss", "outline") and form in (
        "fact",
        "list",
        "about",
        "keyword",
    ):
        return "explain"
    return form


def _closed_form(ask: Ask, asked: str) -> Form:
    """The form of a question without a cue: yes or no, all items of a plural, a definition, or else a fact."""
    if _is_yes_no(ask):
        return "yes_no"
    if (items := _GIVE.match(asked)) or (
        not _ONE_OF.match(asked) and not _VERB_FIRST.match(asked) and (items := _ITEMS.match(asked))
    ):
        named = items["items"] if "items" in items.re.groupindex and items["items"] else items["people"]
        if is_plural(head_of(named)):
            return "list"
    if _MEASURED.match(asked):
        return "fact"
    if (defined := _DEFINED.match(asked)) and not _DEFINED_BY_MORE.search(defined["subject"]):
        return "explain" if len(defined["subject"].split()) <= _MOST_WORDS_DEFINED else "fact"
    return "fact"


def _is_yes_no(ask: Ask) -> bool:
    """True for a yes/no question; never for one that begins with a question word."""
    text = ask.text if ask.opening else ask.text[max(len(ask.text) - len(ask.asked), 0) :]
    return not _ASKING_FIRST.match(ask.asked) and is_yes_no(text + ("?" if ask.is_marked else ""))


def _is_tabular(text: str) -> bool:
    """True if several attributes of each item, or many of one, are asked for."""
    attributes = attributes_of(text)
    return len(attributes) >= _FEWEST_ATTRIBUTES or (len(attributes) == _FEWEST_ATTRIBUTES - 1 and _of_each(text))


def _of_each(text: str) -> bool:
    return _OF_EACH.search(text[:_LONGEST].lower()) is not None


def _form_of_phrase(text: str) -> Form:
    """The form of a text without a question: keywords, a noun phrase such as "rules for ...", or a statement."""
    phrase = without_politeness(lowered(text[:_LONGEST])).rstrip(" .!?")
    for form, cues in CUES_ANYWHERE.items():
        if cues.search(phrase):
            return form
    if RULES_FOR.match(phrase):
        return "about"
    if OVERVIEW.match(phrase):
        return "overview"
    if _is_tabular(text):
        return "table"
    if is_yes_no(text):
        return "yes_no"
    return _form_of_statement(text, phrase)


def _form_of_statement(text: str, phrase: str) -> Form:
    """The form of what neither asks nor orders: keywords, a wish or a problem."""
    if _WISH.match(phrase):
        return "how_to"
    has_verb = _VERBS.search(phrase) is not None
    if _TROUBLE.search(phrase) and has_verb:
        return "explain"
    if text.endswith("?"):
        return "fact"
    return "keyword" if not has_verb and len(phrase.split()) <= _MOST_WORDS_OF_KEYWORDS else "about"
