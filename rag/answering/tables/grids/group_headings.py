"""Group headings of tables: labels without values, which hold for the rows below them."""

from __future__ import annotations

from typing import Final

_MOST_GROUPS: Final = 3
_LONGEST_GROUP: Final = 200
# Tolerance of indents, in the unit in which they are given.
_SAME: Final = 1.0


class GroupHeadings:
    """The group headings above the current row, outermost first, nested by their indents where these are known."""

    def __init__(self) -> None:
        """No group is open."""
        self._open: list[tuple[str, float | None]] = []
        self._indented = False  # the rows of the innermost group stand to the right of its heading
        self._fresh = False  # the row before was a heading

    def close(self) -> None:
        """Ends all groups."""
        self._open.clear()

    def leave(self) -> None:
        """Ends the innermost group."""
        del self._open[-1:]

    def enter(self, text: str, indent: float | None) -> None:
        """Begins a group.

        After a row, it ends the groups that are not indented less; right after a heading only those indented more.
        """
        slack = _SAME if self._fresh else -_SAME
        while self._open and self._ends(self._open[-1][1], indent, slack):
            self._open.pop()
        self._open = [*self._open, (text[:_LONGEST_GROUP], indent)][-_MOST_GROUPS:]
        self._fresh, self._indented = True, False

    def _ends(self, above: float | None, indent: float | None, slack: float) -> bool:
        if above is None or indent is None:
            return not self._fresh
        return above > indent + slack

    def of(self, indent: float | None) -> tuple[str, ...]:
        """The groups of a row whose label is at ``indent``; those that it is left of have ended."""
        above = self._open[-1][1] if self._open else None
        if self._fresh and indent is not None and above is not None:
            self._indented = indent > above + _SAME
        while self._open and self._is_left(indent, self._open[-1][1]):
            self._open.pop()
        self._fresh = False
        return tuple(text for text, _ in self._open)

    def _is_left(self, indent: float | None, above: float | None) -> bool:
        if indent is None or above is None:
            return False
        return indent < above - _SAME or (self._indented and indent <= above + _SAME)
