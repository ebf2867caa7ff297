"""Reader version in an index's identity, and the test whether a file has to be read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ingest.readers.ocr import find_tesseract
from ingest.readers.source import OCR_FAILED, OCR_OFF, OCR_UNAVAILABLE, ReadingOptions, Remark

# Raise it when a reader gives other text, labels or properties for the same bytes: all files are then read again.
VERSION: Final = 17

_NO_OCR: Final = frozenset({"off", "none"})
_FORCED: Final = "forced "
_WITHOUT_OCR: Final = frozenset({OCR_OFF, OCR_UNAVAILABLE, OCR_FAILED})


def reader_version(options: ReadingOptions) -> dict[str, int | str]:
    """Identity of the readers for the manifest: ``reader`` version; ``ocr``: ``off``, ``none`` (missing), or a name."""
    if options.ocr == "off":
        return {"reader": VERSION, "ocr": "off"}
    tesseract = find_tesseract(options.ocr_languages)
    name = tesseract.name if tesseract else "none"
    return {"reader": VERSION, "ocr": f"{_FORCED}{name}" if options.ocr == "force" else name}


def needs_rereading(
    remarks: Iterable[Remark], before: Mapping[str, object], now: Mapping[str, object], *, pdf: bool = True
) -> bool:
    """True if a file must be read again, because its text would be another or OCR is forced now.

    OCR that was installed or switched on since then is for the pages that lacked it. A newer OCR alone is no reason,
    nor is OCR that is switched off or gone: the text that it recognized stays.

    Args:
        remarks: of the reading before.
        before: the identity that it was read with.
        now: the identity to read with.
        pdf: whether the file is a PDF; for others OCR makes no difference.
    """
    if before.get("reader") != now.get("reader"):
        return True
    was, is_ = str(before.get("ocr", "none")), str(now.get("ocr", "none"))
    if not pdf or is_ in _NO_OCR:
        return False
    forced, force = was.startswith(_FORCED), is_.startswith(_FORCED)
    if force and not forced:
        return True
    kinds = [(remark.kind, remark.detail) for remark in remarks]
    if forced and not force and any(kind == "ocr" for kind, _ in kinds):
        return True
    return was != is_ and any(kind in ("empty", "suspect") and detail in _WITHOUT_OCR for kind, detail in kinds)
