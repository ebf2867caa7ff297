"""Merged cells of HTML and Word: their text in each row and column that they belong to.

A row is found and understood without those above it, so the text of a merged cell is repeated in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

# Longer texts are not repeated; cells over more columns or rows are cut.
_LONGEST_REPEATED: Final = 200
_MOST_COLUMNS: Final = 40
_MOST_ROWS: Final = 1_000
# Characters that repetition may add: so many, and a multiple of those that the table has.
_SPARE, _FACTOR = 2_000, 4


class TableCell(NamedTuple):
    """A cell as a document has it.

    Attributes:
        columns, rows: that it is merged over, from its own on.
        continues: whether it belongs to the cell above it, as Word says.
    """

    text: str
    columns: int = 1
    rows: int = 1
    continues: bool = False


class MergedCells:
    """Reads the rows of one table in order. All work is linear in the text of its cells."""

    def __init__(self) -> None:
        """Before the first row."""
        # By column: the text of a cell that goes on in the rows below, and in how many.
        self._open: dict[int, tuple[str, int]] = {}
        self._above: dict[int, str] = {}
        self._room = _SPARE

    def row(self, cells: Sequence[TableCell]) -> list[str]:
        """The texts of the columns of the next row."""
        self._room += _FACTOR * sum(len(cell.text) for cell in cells)
        if len(cells) == 1 and not self._open and not cells[0].continues and cells[0].rows == 1:
            # A title or a group heading over all columns.
            self._above = {}
            return [cells[0].text]
        texts: list[str] = []
        opened: dict[int, tuple[str, int]] = {}
        for cell in cells:
            self._fill(texts)
            text = cell.text or (self._repeated(self._above.get(len(texts), "")) if cell.continues else "")
            for number in range(max(1, min(cell.columns, _MOST_COLUMNS - len(texts)))):
                if cell.rows > 1 and len(texts) < _MOST_COLUMNS:
                    opened[len(texts)] = (text, min(cell.rows, _MOST_ROWS) - 1)
                texts.append(text if number == 0 else self._repeated(text))
        self._fill(texts)
        self._open |= opened
        self._above = dict(enumerate(texts[:_MOST_COLUMNS]))
        return texts if any(cell.text for cell in cells) else []

    def _fill(self, texts: list[str]) -> None:
        """Adds the texts of the merged cells above the next columns."""
        while (column := len(texts)) in self._open:
            text, left = self._open.pop(column)
            if left > 1:
                self._open[column] = (text, left - 1)
            texts.append(self._repeated(text))

    def _repeated(self, text: str) -> str:
        if len(text) > min(_LONGEST_REPEATED, self._room):
            return ""
        self._room -= len(text)
        # A page break in it is not repeated.
        return text.replace("\f", " ").strip()
