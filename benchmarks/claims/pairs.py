"""Claim–quote pairs as JSON lines: a sentence, the quotes that it is judged against, and whether they support it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rag.errors import QuestionsInvalid


@dataclass(frozen=True)
class ClaimPair:
    """A claim and its quotes.

    Attributes:
        supported: True where the quotes, with names from the context, say all of the claim; None where nobody has
            judged it.
        kind: how it was made, "number_swapped"; for pairs of people what it tests.
        document: that the quotes are of.
        context: headings and title above the quotes, joined by " > ".
    """

    id: str
    claim: str
    quotes: Sequence[str]
    context: str = ""
    supported: bool | None = None
    kind: str = ""
    document: str = ""


def read_pairs(path: Path) -> list[ClaimPair]:
    """Pairs of a JSON-lines file, or of a file with one JSON array; fields that are not known are left out.

    Raises:
        QuestionsInvalid: the file cannot be read, or a pair has no claim or no list of quotes; names the pair.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionsInvalid(f"{path} cannot be read: {error}") from error
    try:
        rows = json.loads(text) if text.lstrip().startswith("[") else list(map(json.loads, text.splitlines()))
    except ValueError as error:
        raise QuestionsInvalid(f"{path} is no JSON: {error}") from error
    return [_pair(row, f"{path}, pair {number}", number) for number, row in enumerate(rows, start=1)]


def write_pairs(pairs: Iterable[ClaimPair], path: Path) -> None:
    """Writes pairs as JSON lines."""
    lines = (json.dumps(asdict(pair), ensure_ascii=False) for pair in pairs)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _pair(row: Any, where: str, number: int) -> ClaimPair:  # noqa: ANN401 - JSON
    claim, quotes = (row.get("claim"), row.get("quotes")) if isinstance(row, dict) else (None, None)
    if not isinstance(claim, str) or not isinstance(quotes, list) or not all(isinstance(q, str) for q in quotes):
        raise QuestionsInvalid(f'{where}: needs "claim", a text, and "quotes", a list of texts')
    supported = row.get("supported")
    if supported not in (True, False, None):
        raise QuestionsInvalid(f'{where}: "supported" is true, false or null')
    return ClaimPair(
        str(row.get("id") or number),
        claim,
        quotes,
        str(row.get("context") or ""),
        supported,
        str(row.get("kind") or ""),
        str(row.get("document") or ""),
    )
