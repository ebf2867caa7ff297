"""The report as a page that a person would open."""

from __future__ import annotations

from pathlib import Path

from ingest.report import Report


def write_report_page(path: Path, report: Report) -> None:
    """Writes it."""
