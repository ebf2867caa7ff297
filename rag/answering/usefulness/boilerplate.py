"""Boilerplate of documents: copyright, disclaimers, courtesies, and what a document says of itself.

It answers few questions.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from rag.text.words import words

_BOILERPLATE: Final = re.compile(
    r"©|\bcopyright\b|\ball rights reserved\b|\bdisclaimer\b|\bdisclaims?\b|\b(?:registered|other) trademarks?\b"
    r"|\b(?:general )?informational purposes\b|\b(?:legal|medical|financial|tax) advice\b"
    r"|\b(?:demonstration|illustrative|illustration) purposes\b|\breflects? the (?:views?|opinions?|beliefs?)\b"
    r"|\bmakes? no (?:\w+ )?(?:representations?|warrant(?:y|ies))\b|\bwarrant(?:y|ies) of any kind\b"
    r"|\bgenerated (?:using|by|with) (?:an? )?(?:language model|ai|artificial)\b|\b(?:change|changes) without notice\b"
    r"|\bconfidential treatment\b|\bmay be (?:reproduced|copied)\b|\bare trademarks\b|^indicate by check"
    r"|\b(?:property|trademarks?) of their respective (?:holders?|owners?)\b"
    r"|^dear \w+|^welcome to\b|\bthank you for (?:choosing|buying|purchasing|your|being|reading)\b"
    r"|\bwe hope (?:that )?(?:this|you)\b|\bwe look forward to (?:welcoming|seeing|hearing|working)\b"
    r"|^please read (?:it|this|these|them)\b"
    r"|^if you (?:\w+ ){0,5}have (?:any )?(?:further |other |more )?(?:questions|concerns)\b"
    r"|^for (?:more|further|additional) (?:information|details)\b|\b(?:explained|defined) in the glossary\b"
    r"|\bis (?:reviewed|updated) (?:\w+ ){0,2}every\b|\bfree copy of\b",
    re.IGNORECASE,
)
_ITSELF: Final = (
    r"(?:manual|handbook|guide|document|report|bulletin|agreement|contract|terms|policy|booklet|brochure|letter|rules|"
    r"statutes?|form|edition|version|publication)"
)
# "This handbook was adopted by the general meeting. It holds for every member."
_OF_ITSELF: Final = re.compile(
    rf"(?:(?:this|these) {_ITSELF}|it|they) (?:"
    r"(?:was|were|is|are|has been|have been) (adopted|written|issued|published|intended|meant|prepared|designed)"
    r"|(holds?) for|(appl(?:y|ies)) to|(?:(?:does|do) not )?(supersedes?|assumes?|presumes?))\b",
    re.IGNORECASE,
)


def is_boilerplate(text: str, asked: Collection[str]) -> bool:
    """True for boilerplate that the question does not ask about.

    Args:
        text: of a unit.
        asked: the words of the question, as :func:`rag.text.words.words` gives them.
    """
    found = _BOILERPLATE.search(text)
    return found is not None and set(words(found[0])).isdisjoint(asked)


def is_about_itself(text: str, asked: Collection[str]) -> bool:
    """True for a sentence about the document that it is in, unless the question has its verb: "adopted", "applies".

    Args:
        text: of a unit.
        asked: the words of the question, as :func:`rag.text.words.words` gives them.
    """
    found = _OF_ITSELF.match(text)
    return found is not None and set(words(next(filter(None, found.groups())))).isdisjoint(asked)
