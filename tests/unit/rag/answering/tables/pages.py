"""Pages for tests of tables: text with boxes, drawn in a fixed grid of characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.tables.matching import TableInEvidence
from rag.answering.tables.parsing import parse_tables
from rag.domain.values import Box, Word

CHARACTER = 3.0
LINE = 12.0
HEIGHT = 10.0


def drawn(lines: str, *, scale: float = 1.0) -> tuple[str, list[Word]]:
    """A page as a PDF gives it: words stand where they do in ``lines``, and single spaces are left in the text."""
    words: list[Word] = []
    texts: list[str] = []
    start = 0
    for number, line in enumerate(lines.strip("\n").split("\n")):
        found = list(re.finditer(r"\S+", line))
        offset = start
        for match in found:
            x0, x1 = match.start() * CHARACTER, match.end() * CHARACTER
            box = Box(x0, number * LINE, x1, number * LINE + HEIGHT * scale)
            words.append(Word(offset, offset + len(match[0]), box))
            offset += len(match[0]) + 1
        texts.append(" ".join(match[0] for match in found))
        start += len(texts[-1]) + 1
    return "\n".join(texts), words


def evidence(lines: str, *context: str) -> list[TableInEvidence]:
    """The tables of a drawn page, with the whole page around them."""
    text, words = drawn(lines)
    return [TableInEvidence(table, context, text, ("document", 1)) for table in parse_tables(text, words)]


def barred(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as the readers of Markdown, HTML and Word write it."""
    return "\n".join(" | ".join(row) for row in (heads, *rows))


def aligned(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with columns three characters apart, all but the first to the right."""
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    return "\n".join(
        "   ".join(
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (heads, *rows)
    )


def latex(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same in LaTeX."""
    body = "\n".join(" & ".join(row) + r" \\" for row in (heads, *rows))
    return "\\begin{tabular}{" + "c" * len(heads) + "}\n" + body + "\n\\end{tabular}"
