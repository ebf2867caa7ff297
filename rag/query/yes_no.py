"""Yes/no question detection, by rules for English."""

from __future__ import annotations

import re
from typing import Final

from rag.text.sentences import sentence_spans

_AUXILIARY: Final = (
    r"(?:(?:is|are|was|were|do|does|did|could|would|should|might|must|has|have|had|need)(?:n['’]?t)?"
    r"|am|may|can(?:['’]?t|not)?|will|won['’]?t|shall)"
)
# "May 2024" is a date, "do not" and "have a" are orders.
_BEGINS: Final = re.compile(rf"(?!may\s+\d|(?:do|have)\s+(?:not|a|an)\b){_AUXILIARY}\s+\S", re.IGNORECASE)
_TAG: Final = re.compile(
    rf",\s*(?:{_AUXILIARY}\s+(?:it|they|he|she|there|that|this|we|you|i)|right|correct|true|yes|no)\s*\?$",
    re.IGNORECASE,
)
# "Can you tell me how ..." asks how.
_POLITE: Final = re.compile(
    r"(?:hi|hello|hey|please|so|well|ok|okay|and|but|or|also|then|now)\b[\s,!.]*"
    r"|(?:(?:can|could|would|will)\s+you\s+)?(?:please\s+)?"
    r"(?:tell|explain|say|show|check|confirm|find|list|name|give|describe|summari[sz]e|compare|let)"
    r"(?:\s+(?:out|to|me|us|know))*\s+"
    r"|do\s+you\s+(?:happen\s+to\s+)?know\s+|i\s+(?:want|would\s+like|need)\s+to\s+know\s+|i\s+wonder\s+",
    re.IGNORECASE,
)
_WHETHER: Final = re.compile(r"(?:whether|if)\s", re.IGNORECASE)
_CONDITION: Final = re.compile(
    r"(?:if|when|while|once|after|before|since|because|under|in|on|at|for|with|without|during|as|according|given|"
    r"suppose|by|from|unless|until|comparing|considering|assuming)\b[^?,]*+,\s*+",
    re.IGNORECASE,
)
_IF_SO: Final = re.compile(r"(?:and\s+)?(?:if|when)\s+(?:so|yes|not)\b|(?:and\s+)?why(?:\s+not)?\s*\?", re.IGNORECASE)
_NO_CHOICE: Final = re.compile(r"\b(?:any|anything|anyone|either)\b", re.IGNORECASE)
_FEWEST_WORDS: Final = 3
# "Is it red or blue?", with one to three words last; not "Is there any dust or rust on it?" nor "Is it red or not?".
_MOST_WORDS_OF_CHOICE: Final = 3


def is_yes_no(text: str) -> bool:
    """True if the last sentence of a text is a yes/no question.

    It begins with an auxiliary verb, possibly after a polite phrase or a condition, or it ends with a tag ("..., isn't
    it?"). One that offers a choice ("red or blue?") is none: its answer is the choice.
    """
    sentences = [text[start:end] for start, end in sentence_spans(text)]
    while len(sentences) > 1 and _IF_SO.match(sentences[-1]):
        sentences.pop()
    if not sentences:
        return False
    last = sentences[-1]
    asked = _after(_POLITE, last)
    if _TAG.search(last) or (asked != last and _WHETHER.match(asked)):
        return True
    return any(_is_inverted(part) for part in (asked, _after(_CONDITION, asked)))


def _is_inverted(text: str) -> bool:
    """True if an auxiliary verb comes first, and no choice last."""
    is_choice = _ends_with_choice(text) and not _NO_CHOICE.search(text)
    return len(text.split()) >= _FEWEST_WORDS and bool(_BEGINS.match(text)) and not is_choice


def _ends_with_choice(text: str) -> bool:
    """True if "or" and one to three words come last."""
    last = text.rstrip(" ?\n\t").lower().split()[-_MOST_WORDS_OF_CHOICE - 1 :]
    if "or" not in last[:-1]:
        return False
    options = last[last.index("or") + 1 :]
    return options[0] != "not" and not any("," in option for option in options)


def _after(beginning: re.Pattern[str], text: str) -> str:
    """The text without all matches of ``beginning`` at its start."""
    start = 0
    while match := beginning.match(text, start):
        start = match.end()
    return text[start:]
