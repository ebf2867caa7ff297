"""Markdown of an answer in a chat: its sentences with numbers of footnotes, then the footnotes, all text escaped.

Chat clients render text as Markdown, and fetch an image as soon as it is shown: the author of a document could
exfiltrate questions that way. So text from documents is escaped: it makes no image, no link and no HTML.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rag.answering.answer_builder import POSSIBLY, punctuated
from rag.domain.values import Answer, Citation

_SOURCES: Final = "Sources:"
_NEAREST: Final = "Nearest passages:"

# https://spec.commonmark.org/0.31.2/ and https://github.github.com/gfm/: the characters that are
# syntax within a line; a backslash makes them literal. Where a character is no syntax it is not escaped, because many
# programs show the text without rendering it.
_PUNCTUATION: Final = r"[!-/:-@\[-`{-~]"
_SYNTAX: Final = re.compile(
    rf"\\(?={_PUNCTUATION}|$)"  # escapes
    r"|`"  # code
    r"|(?<!\s)\*|\*(?!\s)|(?<![^\W_])_|_(?![^\W_])"  # emphasis
    r"|(?<=\S)~"  # the end of strikethrough
    r"|(?<=\])[(\[:]"  # links, images, and their definitions
    r"|<(?=[a-zA-Z/!?]|[^\s<>]*@)"  # HTML, and autolinks
    r"|&(?=#?\w+;)"  # entities
    r"|(?<=:)/(?=/)|(?<=\bwww)\.|(?<=[\w.+-])@(?=[\w-]+\.)",  # extended autolinks of GitHub's dialect
    re.IGNORECASE,
)
# At the beginning of a line: headings, quotes, lists and rules.
_OPENING: Final = re.compile(r"^(?:[#>]|[-+](?=[\s-]))")
_ESCAPED: Final = re.compile(rf"\\({_PUNCTUATION})")
_MARK: Final = re.compile(r" \[\d+\]")
_NOTES: Final = re.compile(rf"\n\n(?:{_SOURCES}|{_NEAREST})\n")


def pieces(answer: Answer) -> list[str]:
    """Parts of an answer's text, in order: each sentence, then each footnote. Joined, they are the text."""
    supported = [sentence for sentence in answer.sentences if sentence.verdict == "supported"]
    if not answer.answered or not supported:
        return [_at_start(_escaped(answer.answer)), *_footnotes(answer.citations, _NEAREST)]
    texts = punctuated([sentence.text for sentence in supported])
    first, *others = [
        _escaped(text) + "".join(f" [{number}]" for number in sentence.citations)
        for text, sentence in zip(texts, supported, strict=True)
    ]
    possibly = POSSIBLY if answer.certainty == "possible" else ""
    return [_at_start(possibly + first), *(f" {text}" for text in others), *_footnotes(answer.citations, _SOURCES)]


def _footnotes(citations: Sequence[Citation], heading: str) -> list[str]:
    """Footnotes, each a paragraph: in Markdown, a line end alone is a space."""
    headings = [f"\n\n{heading}", *[""] * (len(citations) - 1)]
    return [f"{above}\n\n{_footnote(citation)}" for above, citation in zip(headings, citations, strict=False)]


def _footnote(citation: Citation) -> str:
    return f"[{citation.id}] {_escaped(citation.document)}, page {citation.page}: “{_escaped(citation.quote)}”"


def _escaped(text: str) -> str:
    """A text in one line, with Markdown syntax escaped."""
    return _SYNTAX.sub(r"\\\g<0>", " ".join(text.split()))


def _at_start(line: str) -> str:
    return _OPENING.sub(r"\\\g<0>", line)


def without_footnotes(text: str) -> str:
    """The inverse of :func:`pieces`: an answer from its text in a chat's history; another text stays about as it is."""
    body = _NOTES.split(text, maxsplit=1)[0].removeprefix(POSSIBLY)
    return _ESCAPED.sub(r"\1", _MARK.sub("", body))
