r"""Tables in LaTeX: the rows and cells of ``tabular`` environments, with merged cells, as plain text.

Some PDFs hold their tables as LaTeX source. Each character is read a bounded number of times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from rag.answering.tables.grids.grid import Grid, GridCell, GridRow

_BEGIN: Final = re.compile(r"\\begin\s?\{(?:tabular[*x]?|longtable)\}")
_TOKEN: Final = re.compile(r"\\(?:begin|end)\s?\{\s?(?P<name>[A-Za-z]{1,20}\*?)\s?\}|\\\\|\\.|&", re.DOTALL)
_RULES: Final = re.compile(
    r"\s*(?:\\(?:hline|toprule|midrule|bottomrule)\b|\\c(?:line|midrule)\s?(?:\([a-z]{0,4}\)\s?)?\{[\d\s-]{0,20}\}|\[[^\]\n]{0,20}\])"
)
_MULTICOLUMN: Final = re.compile(r"\s*\\multicolumn\s?\{\s?(\d{1,2})\s?\}\s?")
_MULTIROW: Final = re.compile(r"\s*\\multirow\s?(?:\[[^\]]{0,10}\]\s?)?\{\s?(-?\d{1,3})\s?\}\s?(?:\[[^\]]{0,10}\]\s?)?")
_INLINE: Final = re.compile(
    r"\\(?:begin|end)\s?\{\s?[A-Za-z]{1,20}\*?\s?\}(?:\s?\{[|lcrp\s]{0,20}\})?|\\\\|\\[$%&#_{}]|\\[A-Za-z]{1,30}\*?|\\.|\$\$?|[{}~&_^]",
    re.DOTALL,
)
_SYMBOLS: Final = {
    "times": "×",
    "sqrt": "√",
    "pm": "±",
    "leq": "≤",
    "le": "≤",
    "geq": "≥",
    "ge": "≥",
    "sim": "~",
    "approx": "≈",
    "cdot": "·",
    "rightarrow": "→",
    "uparrow": "↑",
    "downarrow": "↓",
    "dagger": "†",
    "checkmark": "✓",
    "square": "□",
    "infty": "∞",
    "circ": "°",
    "degree": "°",
    "euro": "€",
    "quad": " ",
    "ldots": "…",
    "textbackslash": "\\",
}
_SPLIT_DIGITS: Final = re.compile(r"(?<=[\d.,]) (?=[\d.,])")
_LONGEST: Final = 100_000
_DEEPEST: Final = 3


class LatexTable(NamedTuple):
    """A ``tabular`` environment from ``start`` to ``end`` of the text."""

    start: int
    end: int
    grid: Grid


def latex_tables(text: str) -> Iterator[LatexTable]:
    """The outermost tables in LaTeX, in order."""
    position = 0
    while begin := _BEGIN.search(text, position):
        start = _after_arguments(text, begin.end())
        rows, end = _rows(text, start)
        columns = max((row.cells[-1].last + 1 for row in rows), default=0)
        position = end
        if columns:
            whole = [_whole(row, columns) for row in rows]
            yield LatexTable(begin.start(), end, Grid(whole, columns))


def _after_arguments(text: str, position: int) -> int:
    """The position after the optional arguments and the column types of an environment."""
    for opening, closing in ("[]", "{}"):
        while position < len(text) and text[position].isspace():
            position += 1
        if text.startswith(opening, position):
            position = _closing(text, position, opening, closing) + 1
    return position


def _closing(text: str, position: int, opening: str = "{", closing: str = "}") -> int:
    """The position of the bracket that closes the one at ``position``; the end of a line where none does."""
    depth = 0
    for place in range(position, min(len(text), position + _LONGEST)):
        if text[place] == opening:
            depth += 1
        elif text[place] == closing:
            depth -= 1
            if not depth:
                return place
    return position


def _rows(text: str, start: int) -> tuple[list[GridRow], int]:
    """The rows of the environment whose content begins at ``start``, and where it ends; none if it is damaged."""
    rows: list[GridRow] = []
    cells: list[tuple[int, int]] = []
    inner: list[str] = []
    cell_start = start
    end = min(len(text), start + _LONGEST)
    for token in _TOKEN.finditer(text, start, end):
        if name := token["name"]:
            if token[0].startswith("\\begin"):
                inner.append(name)
            elif not inner:
                return [*rows, *_row(text, [*cells, (cell_start, token.start())])], token.end()
            elif inner.pop() != name:
                return [], token.end()
        elif not inner and token[0] == "&":
            cells.append((cell_start, token.start()))
            cell_start = token.end()
        elif not inner and token[0] == "\\\\":
            rows += _row(text, [*cells, (cell_start, token.start())])
            cells, cell_start = [], token.end()
    rows += _row(text, [*cells, (cell_start, end)]) if cells else []
    return rows, end


def _row(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[GridRow]:
    start, end = spans[0][0], spans[-1][1]
    while rule := _RULES.match(text, start, end):
        start = rule.end()
    spans = [(max(left, start), right) for left, right in spans]
    cells: list[GridCell] = []
    for left, right in spans:
        first = cells[-1].last + 1 if cells else 0
        cells.append(_cell(text[left:right], first))
    content = text[start:end]
    stripped = content.strip()
    if stripped:
        begin = start + content.index(stripped)
        yield GridRow(tuple(cells), begin, begin + len(stripped))


def _cell(source: str, first: int) -> GridCell:
    columns = rows = 1
    for _ in range(_DEEPEST):
        if found := _MULTICOLUMN.match(source):
            columns = max(int(found[1]), 1)
            source = _argument(source, _closing(source, found.end()) + 1)
        elif found := _MULTIROW.match(source):
            rows = max(int(found[1]), 1)
            source = _argument(source, _closing(source, found.end()) + 1)
        else:
            break
    return GridCell(plain(source), first, first + columns - 1, rows)


def _argument(source: str, position: int) -> str:
    """The argument in braces that begins at ``position``, and what follows it."""
    position += len(source[position:]) - len(source[position:].lstrip())
    if not source.startswith("{", position):
        return source[position:]
    end = _closing(source, position)
    return source[position + 1 : end] + source[end + 1 :]


def _whole(row: GridRow, columns: int) -> GridRow:
    width = row.cells[-1].last + 1
    return row if width == columns else GridRow(row.cells, row.start, row.end, ragged=True)


def plain(source: str) -> str:
    """LaTeX as plain text: contents of commands, signs for symbols, digits of a formula put together."""
    parts: list[str] = []
    math: int | None = None
    position = 0
    for token in _INLINE.finditer(source):
        parts.append(source[position : token.start()])
        position = token.end()
        if token[0] in ("$", "$$"):
            if math is not None:
                parts[math:] = [_SPLIT_DIGITS.sub("", "".join(parts[math:]))]
            math = len(parts) if math is None else None
        else:
            parts.append(_symbol(token[0]) if math is not None or token[0] not in "_^" else token[0])
    parts.append(source[position:])
    return " ".join("".join(parts).split())


def _symbol(found: str) -> str:
    if found in ("{", "}", "_", "^"):
        return ""
    if found[0] != "\\" or found == "\\\\" or found.startswith(("\\begin", "\\end")):
        return " "
    if len(found) == 2 and found[1] in "$%&#_{}":
        return found[1]
    return _SYMBOLS.get(found[1:], "" if found[1:].isalpha() else " ")
