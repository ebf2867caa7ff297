"""An answer as the text of a chat: its sentences with the numbers of their footnotes, then the footnotes.

Clients of chats show text as Markdown, and a Markdown picture is fetched as soon as it is shown: whoever writes a
document could learn that way what was asked. So what comes from documents stays text: no picture, no link, no HTML.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rag.answering.answer_builder import POSSIBLY, punctuated
from rag.domain.values import Answer, Citation

_SOURCES: Final = "Sources:"
_NEAREST: Final = "Nearest passages:"

# https://spec.commonmark.org/0.31.2/ and https://github.github.com/gfm/: within a line these are syntax, and nothing
# else is. A backslash before one makes it the character that it is. What is syntax in some places only is left alone in
# the others, because many programs show the text as it comes.
_PUNCTUATION: Final = r"[!-/:-@\[-`{-~]"
_SYNTAX: Final = re.compile(
    rf"\\(?={_PUNCTUATION}|$)"  # escapes
    r"|`"  # code
    r"|(?<!\s)\*|\*(?!\s)|(?<![^\W_])_|_(?![^\W_])"  # emphasis
    r"|(?<=\S)~"  # the end of what is struck out
    r"|(?<=\])[(\[:]"  # links and pictures, and what they refer to
    r"|<(?=[a-zA-Z/!?]|[^\s<>]*@)"  # HTML, and links that are only an address
    r"|&(?=#?\w+;)"  # entities
    r"|(?<=:)/(?=/)|(?<=\bwww)\.|(?<=[\w.+-])@(?=[\w-]+\.)",  # addresses that GitHub's dialect makes links of
    re.IGNORECASE,
)
# At the beginning of a line: headings, quotes, lists and rules.
_OPENING: Final = re.compile(r"^(?:[#>]|[-+](?=[\s-]))")
_ESCAPED: Final = re.compile(rf"\\({_PUNCTUATION})")
_MARK: Final = re.compile(r" \[\d+\]")
_NOTES: Final = re.compile(rf"\n\n(?:{_SOURCES}|{_NEAREST})\n")


def pieces(answer: Answer) -> list[str]:
    """The parts of an answer's text in their order: each sentence, then each footnote. Together they are the text."""
    said = [sentence for sentence in answer.sentences if sentence.verdict == "supported"]
    if not answer.answered or not said:
        return [_at_start(_literal(answer.answer)), *_footnotes(answer.citations, _NEAREST)]
    texts = punctuated([sentence.text for sentence in said])
    first, *others = [
        _literal(text) + "".join(f" [{number}]" for number in sentence.citations)
        for text, sentence in zip(texts, said, strict=True)
    ]
    possibly = POSSIBLY if answer.certainty == "possible" else ""
    return [_at_start(possibly + first), *(f" {text}" for text in others), *_footnotes(answer.citations, _SOURCES)]


def _footnotes(citations: Sequence[Citation], heading: str) -> list[str]:
    """A paragraph for each: in Markdown, a line's end alone is a space."""
    headings = [f"\n\n{heading}", *[""] * (len(citations) - 1)]
    return [f"{above}\n\n{_footnote(citation)}" for above, citation in zip(headings, citations, strict=False)]


def _footnote(citation: Citation) -> str:
    return f"[{citation.id}] {_literal(citation.document)}, page {citation.page}: “{_literal(citation.quote)}”"


def _literal(text: str) -> str:
    """A text in one line, and with nothing in it that Markdown takes for more than text."""
    return _SYNTAX.sub(r"\\\g<0>", " ".join(text.split()))


def _at_start(line: str) -> str:
    return _OPENING.sub(r"\\\g<0>", line)


def without_footnotes(text: str) -> str:
    """The inverse of :func:`pieces`: an answer from its text in a chat's history; another text stays about as it is."""
    said = _NOTES.split(text, maxsplit=1)[0].removeprefix(POSSIBLY)
    return _ESCAPED.sub(r"\1", _MARK.sub("", said))
