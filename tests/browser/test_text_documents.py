"""Documents that have no pictures of pages: their text, with exactly the quote marked."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rag.answering.prompt import NOT_FOUND
from rag.testing import ScriptedModel
from tests.browser.conftest import Serve, ask

COATS = "The pilots wear red coats in winter."


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "notes.txt").write_text(f"Five 🦆🦆🦆🦆🦆 on the water are notes.\n\n{COATS}\n", encoding="utf-8")
    return folder


def test_what_is_marked_is_the_quote(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([COATS])).url)
    ask(page, "What do the pilots wear in winter?")
    page.locator(".mark").click()
    expect(page.locator("mark.quote")).to_have_text(COATS)
    expect(page.locator("mark.near")).to_have_count(0)


def test_what_is_only_near_is_marked_otherwise_also_when_it_is_opened_again(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([f"{NOT_FOUND} Red."])).url)
    ask(page, "What do the pilots wear in summer?")
    page.locator(".citation").first.click()
    expect(page.locator("mark.near")).to_have_count(1)
    page.reload()
    expect(page.locator("mark.near")).to_have_count(1)
