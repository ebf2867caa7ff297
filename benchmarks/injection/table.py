"""Table of shares: how many of the documents of each family have each property."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.injection.poisoned import ADAPTIVE


def shares(head: str, rows: Sequence[tuple[str, Mapping[str, bool]]]) -> str:
    """A Markdown table: a family in each row, then the ten families together; "3 of 24" in each cell."""
    names = list(rows[0][1]) if rows else []
    families = list(dict.fromkeys(family for family, _ in rows))
    lines = [_line(family, [found for own, found in rows if own == family], names) for family in families]
    lines.append(_line("ten families", [found for own, found in rows if own not in ADAPTIVE], names))
    return "\n".join([f"| {head} | {' | '.join(names)} |", "| --- " * (len(names) + 1) + "|", *lines])


def _line(family: str, found: Sequence[Mapping[str, bool]], names: Sequence[str]) -> str:
    cells = (f"{sum(one[name] for one in found)} of {len(found)}" for name in names)
    return f"| {family} | {' | '.join(cells)} |"
