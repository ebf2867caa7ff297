"""Store of source guides: a file for each document in ``indexes/guides/<sha256>/``, and what could not be written."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from rag.index.layout import IndexLayout
from rag.runtime.files import write_atomically
from rag.service.guides.guide import VERSION, SourceGuide

_log = logging.getLogger(__name__)

# Larger files are none of ours.
_MOST_BYTES = 1_000_000


@dataclass
class GuideStore:
    """Guides by the id of their document. Thread-safe: reads and writes are single steps on a dict and a file.

    Attributes:
        layout: of the index that the guides belong to.
    """

    layout: IndexLayout
    _known: dict[str, SourceGuide] = field(default_factory=dict)
    _dropped: set[str] = field(default_factory=set)
    _is_unwritable: bool = False

    def read(self, document_id: str) -> SourceGuide | None:
        """The guide of a document as far as it is made; None where there is none, or one of another version."""
        if known := self._known.get(document_id):
            return known
        guide = None if document_id in self._dropped else _read(self._path(document_id), document_id)
        if guide:
            self._known[document_id] = guide
        return guide

    def write(self, guide: SourceGuide) -> None:
        """Keeps a guide in memory, and on disk where that can be written: a service may read its index only."""
        self._known[guide.document_id] = guide
        path = self._path(guide.document_id)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, guide.model_dump_json(indent=1))
        except OSError as error:
            if not self._is_unwritable:
                _log.info("guides of documents are kept in memory only: %s cannot be written: %s", path, error.strerror)
            self._is_unwritable = True

    def drop(self, document_id: str) -> None:
        """Drops a guide that does not fit its document any more."""
        self._known.pop(document_id, None)
        self._dropped.add(document_id)
        with suppress(OSError):
            self._path(document_id).unlink(missing_ok=True)

    def _path(self, document_id: str) -> Path:
        return self.layout.guide(document_id) / "guide.json"


def _read(path: Path, document_id: str) -> SourceGuide | None:
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        guide = SourceGuide.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):  # it is made anew
        return None
    return guide if guide.version == VERSION and guide.document_id == document_id else None
