"""Question restating: a question in everyday words is put in the words of contracts, manuals and policies.

"I just bought a new car" and "a newly acquired auto" have no word in common; what the model has read does.
"""

from __future__ import annotations

from typing import Final

from rag.domain.values import Usage
from rag.models.llm.language_model import LanguageModel, Message
from rag.query.english.names import find_names
from rag.query.identifiers import identifiers_of
from rag.query.rewording.completion import complete_line
from rag.runtime.cancellation import Cancellation
from rag.text.words import is_number, words

_MAX_TOKENS: Final = 40
# Longer questions tell much beside what they ask.
_LONGEST: Final = 300

RESTATE: Final = """\
Rewrite the question as a formal document would put it: replace everyday words by the words that contracts, manuals \
and policies use, and leave out what does not matter. Do not answer it. Reply with one short question alone."""

_EXAMPLES: Final = (
    ("I lost my job. Do I get my gym fee back?", "Is the membership fee refunded upon termination of employment?"),
    ("Can my kids use the pool by themselves?", "Are unaccompanied minors permitted in the pool?"),
    ("How do I turn the thing off when it beeps?", "How is the alarm deactivated?"),
)


def restated(text: str, model: LanguageModel, cancelled: Cancellation) -> tuple[str | None, Usage]:
    """An English question in formal words, and the tokens that it took.

    None where the model finds no other words, and where it drops a name, a number or an identifier: what is found
    without it would be about something else.

    Raises:
        Cancelled: ``cancelled`` was called.
        ModelError: the model failed.
    """
    if len(text) > _LONGEST:
        return None, Usage()
    examples = [
        message for asked, formal in _EXAMPLES for message in (Message("user", asked), Message("assistant", formal))
    ]
    messages = [Message("system", RESTATE), *examples, Message("user", text)]
    line, usage = complete_line(model, messages, max_tokens=_MAX_TOKENS, cancelled=cancelled)
    question, mark, _ = line.partition("?")
    found = question.strip() + mark
    has_news = bool(set(words(found)) - set(words(text)))
    return (found if has_news and _keeps_names(text, found) else None), usage


def _keeps_names(text: str, other: str) -> bool:
    kept = set(words(other))
    named = " ".join([*(name.phrase for name in find_names(text)), *identifiers_of(text)])
    return all(word in kept for word in (*words(named), *filter(is_number, words(text))))
