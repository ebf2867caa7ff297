"""Markdown of an answer in a chat: its sentences with numbers of footnotes, then the footnotes, all text escaped.

Chat clients render text as Markdown, and fetch an image as soon as it is shown: the author of a document could
exfiltrate questions that way. So text from documents is escaped: it makes no image, no link and no HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rag.answering.answer_builder import FACT, POSSIBLY
from rag.answering.markdown_text import MarkdownWriter
from rag.domain.values import Answer, Certainty, Citation, Sentence
from rag.text.page_numbers import page_number

_SOURCES: Final = "Sources:"
_NEAREST: Final = "Nearest passages:"
_MISSING: Final = "Nothing was found about:"
_TRANSLATED: Final = "Translated by the model"
_TRANSLATED_HOW: Final = f"{_TRANSLATED}; numbers and names are checked. The quotes are the documents' own words."

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
# At the beginning of a line: headings, quotes, lists, rules, numbers of lists, and boxes to tick.
_OPENING: Final = re.compile(r"^(?:(\d{1,9})(?=[.)](?:\s|$))|(?=[#>]|[-+](?:[\s-]|$)|\[[ xX]\]))")
_ESCAPED: Final = re.compile(rf"\\({_PUNCTUATION})")
# What begins a line of a list or table.
_MARKER: Final = re.compile(r"- |\d{1,9}\. |\| ")
_ROW: Final = "| "
_MARK: Final = re.compile(r" \[\d+\]")
_NOTES: Final = re.compile(rf"\n\n(?:{_SOURCES}\n|{_NEAREST}\n|{_MISSING} |{_TRANSLATED};)")


def pieces(answer: Answer) -> list[str]:
    """Parts of an answer's text, in order: each sentence, what is missing, each footnote. Joined, they are the text."""
    return list(ChatText().rest(answer))


class ChatText:
    """Writes the text of one answer, piece by piece, while its sentences are verified.

    A possible answer begins with "Possibly: ". Before the answer is complete, that is decided by the confidence of the
    first sentence, which is that of the answer; where it has none, the sentences wait for the answer.
    """

    def __init__(self) -> None:
        """An empty text."""
        self._certainty: Certainty | None = None
        self._writer = MarkdownWriter(_escaped, _at_start, _marks)
        self._written = 0

        self._waits = False

    def sentence(self, sentence: Sentence) -> str:
        """The next verified sentence, with the numbers of its footnotes; empty where it has to wait."""
        if not self._written and sentence.confidence is None:
            self._waits = True
        return "" if self._waits else self._add(sentence)

    def rest(self, answer: Answer) -> Iterator[str]:
        """The pieces after the sentences that have been written, to the end."""
        self._certainty = answer.certainty
        supported = [sentence for sentence in answer.sentences if sentence.verdict == "supported"]
        if not answer.answered or not supported:
            yield _reply(answer.answer)
        else:
            yield from map(self._add, supported[self._written :])
        if any(sentence.original for sentence in answer.sentences):
            yield f"\n\n{_TRANSLATED_HOW}"
        if answer.missing:
            yield f"\n\n{_MISSING} {'; '.join(map(_escaped, answer.missing))}."
        yield from _footnotes(answer.citations, _SOURCES if answer.answered else _NEAREST)

    def _add(self, sentence: Sentence) -> str:
        self._written += 1
        text = self._writer.add(sentence)
        return POSSIBLY + text if self._written == 1 and self._is_possible(sentence) else text

    def _is_possible(self, sentence: Sentence) -> bool:
        if self._certainty:
            return self._certainty == "possible"
        return sentence.confidence is not None and sentence.confidence < FACT


def _marks(sentence: Sentence) -> str:
    return "".join(f" [{number}]" for number in sentence.citations)


def _reply(text: str) -> str:
    """A text without sentences, such as an abstention; its own lists and tables stay such."""
    return "\n".join(_reply_line(line) for line in text.splitlines())


def _reply_line(line: str) -> str:
    marker = found[0] if (found := _MARKER.match(line)) else ""
    text = _escaped(line[len(marker) :])
    return marker + (text if marker == _ROW else _at_start(text))


def _footnotes(citations: Sequence[Citation], heading: str) -> list[str]:
    """Footnotes, each a paragraph: in Markdown, a line end alone is a space."""
    headings = [f"\n\n{heading}", *[""] * (len(citations) - 1)]
    return [f"{above}\n\n{_footnote(citation)}" for above, citation in zip(headings, citations, strict=False)]


def _footnote(citation: Citation) -> str:
    place = f"{citation.document}, {page_number(citation.page, citation.label)}"
    return f"[{citation.id}] {_escaped(place)}: “{_escaped(citation.quote)}”"


def _escaped(text: str) -> str:
    """A text in one line, with Markdown syntax escaped."""
    return _SYNTAX.sub(r"\\\g<0>", " ".join(text.split()))


def _at_start(line: str) -> str:
    return _OPENING.sub(lambda match: f"{match[1] or ''}\\", line)


def without_footnotes(text: str) -> str:
    """The inverse of :func:`pieces`: an answer from its text in a chat's history; another text stays about as it is."""
    body = _NOTES.split(text, maxsplit=1)[0].removeprefix(POSSIBLY)
    return _ESCAPED.sub(r"\1", _MARK.sub("", body))
