"""The page in the language of the browser: a person who reads French sees no English but the documents'."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from rag.testing import ScriptedModel
from tests.browser.conftest import Serve
from tests.browser.test_settings import _DATA, _TEXTS, WEB
from tests.integration.test_answer_forms import ABSTENTION, HOW_TO


def texts(language: str) -> set[str]:
    """The texts of a catalogue, those with values left out."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"', (WEB / "messages" / f"{language}.js").read_text("utf-8"))
    return {text for text in found if "{" not in text and not re.fullmatch(r"[\w ]+(?:\.[\w ]+)+", text)}


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        pytest.param("fr-CA", "fr", id="French"),
        pytest.param("de-AT", "de", id="German"),
        pytest.param("ja-JP", "en", id="without a catalogue"),
    ],
)
def test_the_page_follows_the_browser(browser: Browser, serve: Serve, locale: str, language: str) -> None:
    context = browser.new_context(locale=locale, reduced_motion="reduce")
    page = context.new_page()
    page.goto(serve(ScriptedModel([""]), scripts=[HOW_TO, ABSTENTION]).url)
    expect(page.locator(".examples li").first).to_be_attached()
    expect(page.locator("html")).to_have_attribute("lang", language)
    seen: list[Any] = page.evaluate(_TEXTS, _DATA)
    for number in (1, 2):
        page.locator("#question").fill("How do I take a berth?")
        page.keyboard.press("Enter")
        expect(page.locator(".turn.done")).to_have_count(number)
    seen += page.evaluate(_TEXTS, _DATA)
    page.locator(".mark").first.click()
    expect(page.locator("rect.quote")).to_have_count(1)
    seen += page.evaluate(_TEXTS, _DATA)
    context.close()
    others = texts("fr" if language == "en" else "en") - texts(language)
    assert len(others) > 100
    assert {text for text in seen if text in others} == set()
    assert len(set(seen)) > 30, "it has looked at them"


def test_what_went_wrong_is_told_in_the_language_of_the_page(browser: Browser, serve: Serve) -> None:
    context = browser.new_context(locale="fr-FR", reduced_motion="reduce")
    page = context.new_page()
    detail = {"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": "no model is loaded"}
    page.route("**/ask", lambda route: route.fulfill(status=503, json=detail))
    page.goto(serve(ScriptedModel([""]), scripts=[HOW_TO]).url)
    page.locator("#question").fill("How do I take a berth?")
    page.keyboard.press("Enter")
    turn = page.locator(".turn")
    expect(turn).to_contain_text("Le service ne peut pas le faire maintenant.")
    expect(turn).not_to_contain_text("no model is loaded")
    context.close()
