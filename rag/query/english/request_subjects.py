"""Subjects of requests by rules for English: "food storage times" of "Please make a table of all food storage times".

Rerankers are trained on questions and keywords; a passage never says "make a table of", and by these words the right
one is taken for irrelevant.
"""

from __future__ import annotations

import re
from typing import Final

from rag.query.english.clauses import lowered, plain, without_politeness

_NAMING: Final = (
    r"(?:list(?! price\b| of\b)|name|enumerate|tabulate|outline|describe|explain|summari[sz]e|sum up|recap)\b"
)
_MAKING: Final = (
    r"(?:make|create|build|draw up|put together|give|show|write|produce|prepare|compile|generate|provide|present|"
    r"display|print|tell)\b"
)
_US: Final = r"(?:(?:to |for )?(?:me|us)\b)"
_SIZE: Final = (
    r"(?:(?:short|brief|quick|complete|full|simple|small|detailed|concise|general|clear|bulleted|bullet|numbered) )?"
)
_TEXT: Final = (
    r"(?:(?:an?|the) "
    rf"{_SIZE}(?:table|list|overview|summary|outline|explanation|description|recap|listing|rundown|checklist|"
    r"bullet points?) "
    r"(?:of|about|on|for|with|showing|listing|explaining)\b)"
)
_REQUEST: Final = re.compile(
    rf"(?:{_NAMING}(?: down| out)?(?: {_US})?(?: in (?:detail|short|brief|a table|a list),?)?(?: {_TEXT})?"
    rf"|{_MAKING}(?: {_US})?(?: {_TEXT})|{_MAKING} {_US}(?: about)?)(?: (?:all|every|each)\b(?: of)?)?(?: the)? "
)
# "Explain it": what is asked about stands elsewhere.
_PRONOUNS: Final = frozenset("it this that these those them they everything more".split())


def request_subject(text: str) -> str:
    """The subject of a request for a text, a list or a table; the text itself where it is none or names no subject.

    A question within a request is its subject: "how reviews work" of "tell me how reviews work".
    """
    typed = plain(text).rstrip(" .!")
    asked = without_politeness(lowered(typed))
    match = _REQUEST.match(asked)
    subject = typed[len(typed) - len(asked) + (match.end() if match else 0) :]
    return subject if subject and subject.lower() not in _PRONOUNS else text
