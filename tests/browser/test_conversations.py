"""Conversations: renamed, found, deleted, saved; the last question put otherwise; a quote copied with its reference."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from rag.testing import ScriptedModel
from tests.browser.conftest import Serve, ask, picture
from tests.browser.payloads import PAYLOADS
from tests.browser.test_accessibility import violations
from tests.integration.test_answer_forms import DOGS, FEE, HOW_TO
from tests.scripted_answers import Said, Script

BERTHS = Script((Said(FEE, quotes=(FEE,)),))
ANIMALS = Script((Said(DOGS, quotes=(DOGS,)),))


def asked(page: Page, serve: Serve) -> None:
    """Two conversations of one question each, and the list of them."""
    page.goto(serve(ScriptedModel([""]), scripts=[BERTHS, ANIMALS]).url)
    for question in ("What does a berth cost?", "What about animals?"):
        ask(page, question)
        expect(page.locator(".turn.done")).to_have_count(1)
        page.get_by_role("button", name="New", exact=True).click()
    page.get_by_role("button", name="Earlier", exact=True).click()
    expect(page.locator(".past li")).to_have_count(2)


def test_they_are_renamed_found_and_deleted_one_by_one(page: Page, serve: Serve) -> None:
    asked(page, serve)
    page.get_by_role("button", name="Rename: What about animals?").click()
    field = page.get_by_label("New name")
    expect(field).to_be_focused()
    field.fill("Pets")
    field.press("Enter")
    expect(page.locator(".past .row-title")).to_have_text(["Pets", "What does a berth cost?"])
    picture(page, "conversations")
    assert violations(page) == []
    page.get_by_label("Search questions and answers").fill("24 EUROS")
    expect(page.locator(".past .row-title")).to_have_text(["What does a berth cost?"])
    page.get_by_label("Search questions and answers").fill("")
    # The rows move: what is clicked before they do is another one then.
    expect(page.locator(".past .row-title")).to_have_text(["Pets", "What does a berth cost?"])
    page.get_by_role("button", name="Delete: What does a berth cost?").click()
    expect(page.locator(".past .row-title")).to_have_text(["Pets"])
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".past .row-title")).to_have_text(["Pets", "What does a berth cost?"])
    page.reload()
    page.get_by_role("button", name="Earlier", exact=True).click()
    expect(page.locator(".past .row-title")).to_have_text(["Pets", "What does a berth cost?"])
    # A further question does not take the name away.
    page.get_by_role("button", name="Pets", exact=True).click()
    ask(page, "And cats?")
    expect(page.locator(".turn.done")).to_have_count(2)
    page.get_by_role("button", name="Earlier", exact=True).click()
    expect(page.locator(".past .row-title").first).to_have_text("Pets")


def test_the_last_question_is_put_otherwise(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([""]), scripts=[BERTHS, ANIMALS]).url)
    ask(page, "What does a birth cost?")
    expect(page.locator(".said")).to_contain_text(FEE)
    page.get_by_role("button", name="Edit the question").click()
    field = page.locator(".editor textarea")
    expect(field).to_be_focused()
    field.press("Escape")
    expect(page.get_by_role("button", name="Edit the question")).to_be_focused()
    page.get_by_role("button", name="Edit the question").click()
    field.fill("What about animals?")
    field.press("Enter")
    expect(page.locator(".said")).to_contain_text(DOGS)
    expect(page.locator(".turn h2")).to_have_text(["What about animals?"])
    page.get_by_role("button", name="Earlier", exact=True).click()
    expect(page.locator(".past .row-title")).to_have_text(["What about animals?"])


def saved(page: Page, button: str) -> tuple[str, str]:
    """Name and text of the file that a button saves."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return download.value.suggested_filename, Path(download.value.path()).read_text()


def test_an_answer_is_saved_as_markdown(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([""]), scripts=[HOW_TO]).url)
    ask(page, "How do I take a *berth*?")
    expect(page.locator(".turn.done")).to_have_count(1)
    name, text = saved(page, "Markdown")
    assert name == "how-do-i-take-a-berth.md"
    assert text == (
        "## How do I take a \\*berth\\*?\n\nTake a berth in this order: [1]\n\n1. Pay 24 euros. [1]\n"
        "2. Connect the power. [2] [1]\n\n- **Dogs**: free of charge [3]\n\n| Guest | Euros [1] |\n| --- | --- |\n"
        "| Dog | 0 [3] |\n\nThat is all.\n\nNothing was found about: the penalty for late payment\n\n**Sources**\n\n"
        f"- [1] Harbour rules \\[harbour.pdf\\], p. iv: “{FEE}”\n"
        "- [2] Harbour rules \\[harbour.pdf\\], p. iv: “Electricity is included in the fee.”\n"
        f"- [3] ferry.pdf, p. iv: “{DOGS}”\n"
    )


def test_a_conversation_is_saved_as_markdown_that_loads_nothing(page: Page, serve: Serve) -> None:
    texts = [re.sub(r"\s+", " ", re.sub(r"[\x00-\x1f\x7f]", " ", payload)).strip() for payload in PAYLOADS]
    page.goto(serve(ScriptedModel([""]), scripts=[Script(tuple(Said(text, "item") for text in texts))]).url)
    ask(page, "What is written there?")
    expect(page.locator(".turn.done")).to_have_count(1)
    page.get_by_role("button", name="Earlier", exact=True).click()
    name, text = saved(page, "Save as Markdown: What is written there?")
    assert name == "what-is-written-there.md"
    assert text.startswith("# What is written there?\n\n## What is written there?\n\n- ")
    # No picture, link, HTML or address: each of their signs has a backslash before it.
    assert not re.search(r"(?<!\\)[<`]|(?<!\\)!\[|(?<!\\)\]\(|https?://|(?<!\\)\*(?!\*)(?<!\*\*)", text)


def test_a_quote_is_copied_with_its_reference(page: Page, serve: Serve) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(serve(ScriptedModel([""]), scripts=[Script((Said("It is 24 euros.", quotes=(FEE,)),))]).url)
    ask(page, "What does a berth cost?")
    page.locator(".mark").hover()
    peek = page.locator(".peek")
    expect(peek.locator("q")).to_have_text(FEE)
    picture(page, "quote")
    assert violations(page) == []
    peek.get_by_role("button", name="Copy quote").click()
    expect(page.get_by_role("status")).to_have_text("The quote was copied with its reference")
    assert page.evaluate("navigator.clipboard.readText()") == f"“{FEE}” (Harbour rules [harbour.pdf], p. 2)"
    page.keyboard.press("Escape")
    expect(peek).to_have_count(0)


def test_a_quote_is_shown_to_the_keyboard_and_not_told_twice(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([""]), scripts=[BERTHS]).url)
    ask(page, "What does a berth cost?")
    expect(page.locator(".turn.done")).to_have_count(1)
    page.keyboard.press("Shift+Tab")
    for _ in range(12):
        page.keyboard.press("Shift+Tab")
        if page.locator(".mark").evaluate("each => each === document.activeElement"):
            break
    expect(page.locator(".peek")).to_have_text(re.compile("harbour.pdf, page 2.*Stands there word for word", re.DOTALL))
    expect(page.locator(".mark")).to_have_attribute("aria-describedby", re.compile("^peek"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Show on the page")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".peek")).to_have_count(0)
