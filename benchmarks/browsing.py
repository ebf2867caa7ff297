"""Headless browser for benchmarks: Debian's chromium, or the one that ``PAGEPROOF_CHROMIUM`` names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright


def find_chromium() -> str | None:
    """The program; None where there is none."""
    return os.environ.get("PAGEPROOF_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@contextmanager
def browsing() -> Iterator[Browser]:
    """It is closed at the end.

    Raises:
        SystemExit: there is none.
    """
    program = find_chromium()
    if not program:
        raise SystemExit("no chromium here: apt install chromium, or set PAGEPROOF_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
