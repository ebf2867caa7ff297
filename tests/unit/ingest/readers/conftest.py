"""Fixtures of the reader tests: files made in memory, read with the default limits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.readers.limits import ReadingLimits
from ingest.readers.registry import READERS
from ingest.readers.source import ReadingOptions, SourceText

Read = Callable[..., SourceText]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads what is given as the file ``name``; the file itself has no suffix, as in the index."""

    def read(name: str, data: bytes | str, limits: ReadingLimits | None = None) -> SourceText:
        path = tmp_path / "stored"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return READERS[Path(name).suffix](path, ReadingOptions(limits or ReadingLimits(), ocr="off"))

    return read


def text_of(source: SourceText) -> str:
    (page,) = source.pages
    return page.text


def headings_of(source: SourceText) -> list[tuple[int, str]]:
    return [(h.level, page.text[h.start : h.end]) for page in source.pages for h in page.headings]
