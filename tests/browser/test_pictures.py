"""The knowledge base on the page, as README and docs show it. ``PAGEPROOF_PICTURES=docs/pictures`` makes them anew.

The encoder and the model are fakes, so that they are the same each time; the documents and the page are real.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ingest.discovery import discover
from rag.answering.prompt import NOT_FOUND
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.browser.conftest import Serve, ask, picture
from tests.fakes import ingest_job

BIRDS = "How often is damage by birds covered?"
GASKETS = "A gasket older than how many years should be thrown away?"
REPLIES = [
    "Damage by birds is covered once.",
    "A gasket older than 6 years should be thrown away, however good it looks.",
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("knowledge_base")
    ingest_job(root, BagOfWordsEncoder()).run(discover([Path(__file__).parents[2] / "knowledge_base"]))
    return root


def model(*replies: str) -> ScriptedModel:
    return ScriptedModel([*replies], context_tokens=8192, name="qwen2.5-coder-1.5b-instruct-q4_k_m")


@pytest.fixture
def small(page: Page) -> Page:
    page.set_viewport_size({"width": 1280, "height": 800})
    return page


def test_a_citation(small: Page, serve: Serve) -> None:
    small.goto(serve(model(REPLIES[1])).url)
    ask(small, GASKETS)
    expect(small.locator(".turn.done")).to_have_count(1)
    small.locator(".mark").first.click()
    expect(small.locator("rect.quote").first).to_be_visible()
    picture(small, "page_citation")


def test_an_abstention(small: Page, serve: Serve) -> None:
    small.goto(serve(model(REPLIES[0], f"{NOT_FOUND} 24.")).url)
    ask(small, BIRDS)
    expect(small.locator(".turn.done")).to_have_count(1)
    ask(small, "How many people work at the yard in Norway?")
    expect(small.locator(".turn.done")).to_have_count(2)
    expect(small.locator(".answer.abstained")).to_have_count(1)
    small.locator(".turn").nth(1).scroll_into_view_if_needed()
    picture(small, "page_abstention")


def test_on_a_phone_in_the_dark(browser: Browser, serve: Serve) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 800}, color_scheme="dark", device_scale_factor=2, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(serve(model(REPLIES[0])).url)
    ask(page, BIRDS)
    expect(page.locator(".turn.done")).to_have_count(1)
    picture(page, "page_phone")
    context.close()
