"""Page numbers in words: the page as people count, and the number that is printed on it."""

from __future__ import annotations


def page_number(page: int, label: str | None) -> str:
    """``page 12``, or ``page 12 (printed iv)`` where another number is printed on it; the label is not escaped."""
    printed = " ".join((label or "").split())
    return f"page {page} (printed {printed})" if printed not in ("", str(page)) else f"page {page}"
