"""A real browser, and a real service over real PDFs with a model that says what it is told."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from benchmarks.browsing import find_chromium
from tests.integration.conftest import Running, documents, index, serve

__all__ = ["documents", "index", "serve"]

CHROMIUM = find_chromium()
_FILMED = (1080, 675)
# Screenshots of the tests, where they are wanted: for the README and docs.
PICTURES = os.environ.get("PAGEPROOF_PICTURES")


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=60_000)  # by default 5 s, which a busy machine may need
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no chromium here: apt install chromium, or set PAGEPROOF_CHROMIUM")
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    yield browser
    browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1400, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which nothing goes wrong unseen: errors, and whatever the policy stops, fail the test."""
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield page
    expected = getattr(page, "expected_faults", ("Failed to load resource",))
    assert [fault for fault in faults if not fault.startswith(tuple(expected))] == []


def picture(page: Page, name: str) -> None:
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))


def film(frames: Sequence[tuple[bytes, int]], name: str) -> None:
    """An animated picture of screenshots, each with the milliseconds for which it is seen; where they are wanted."""
    if PICTURES:
        images = [Image.open(BytesIO(data)).convert("RGB").resize(_FILMED) for data, _ in frames]
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        first, *others = images
        times = [time for _, time in frames]
        path = Path(PICTURES) / f"{name}.webp"
        first.save(path, save_all=True, append_images=others, duration=times, loop=0, quality=70, method=6)


def at_page(page: Page, number: int, pages: int) -> None:
    """Waits until the viewer is at a page, of so many."""
    expect(page.get_by_label("Page number")).to_have_value(str(number))
    expect(page.locator(".tools .count")).to_contain_text(f"of {pages}")


def ask(page: Page, question: str) -> None:
    page.get_by_label("Question", exact=True).fill(question)
    page.keyboard.press("Enter")


Serve = Callable[..., Running]
