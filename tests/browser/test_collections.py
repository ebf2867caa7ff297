"""Several collections on the page: one is chosen, made, and kept apart; with one alone nothing of them is shown."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from pydantic import SecretStr

from rag.service.access.watched_keys import WatchedKeys
from rag.service.collections.served import CollectionFolder
from rag.testing import ScriptedModel
from tests.browser.conftest import Serve, ask, picture
from tests.browser.test_accessibility import violations
from tests.fakes import make_pdf
from tests.integration.conftest import Running
from tests.integration.test_collections import PUMP, PUMPS, REPLY, ingested, opened, uploads_for
from tests.integration.test_keys import KeyRing


@pytest.fixture
def running(serve: Serve, index: Path, tmp_path: Path) -> Running:
    folder = tmp_path / "pumps"
    folder.mkdir()
    make_pdf(folder / "pumps.pdf", PUMPS, title="Pumps")
    ingested(index, "pumps", folder)
    return serve(ScriptedModel([REPLY]), others=CollectionFolder(index, partial(opened, index)))


def chosen(page: Page) -> str:
    return page.get_by_label("Collection", exact=True).input_value()


def test_with_one_there_is_nothing_to_choose(page: Page, serve: Serve, index: Path) -> None:
    page.goto(serve(ScriptedModel([REPLY]), others=CollectionFolder(index, partial(opened, index))).url)
    expect(page.locator(".documents li")).to_have_count(2)
    expect(page.locator("#collection")).to_have_count(0)


def test_one_is_chosen_and_asked(page: Page, running: Running) -> None:
    page.goto(running.url)
    expect(page.locator(".documents li")).to_have_count(2)
    assert chosen(page) == "default"
    page.get_by_label("Collection", exact=True).select_option("pumps")
    expect(page.locator(".documents li")).to_have_count(1)
    expect(page.locator(".documents")).to_contain_text("pumps.pdf")
    ask(page, PUMP)
    expect(page.locator(".said")).to_contain_text(REPLY)
    page.locator(".mark").first.click()
    expect(page.locator(".viewer h2")).to_have_text("pumps.pdf")
    expect(page.locator(".viewer")).to_have_attribute("aria-busy", "false")
    assert page.url.endswith(";pumps")

    # The link opens the page of this collection, in a tab that has chosen another one.
    link = page.url
    page.keyboard.press("Escape")
    page.get_by_label("Collection", exact=True).select_option("default")
    expect(page.locator(".documents li")).to_have_count(2)
    expect(page.locator(".turn")).to_have_count(0)
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator(".viewer h2")).to_have_text("pumps.pdf")
    assert chosen(page) == "pumps"


def test_the_choice_and_earlier_conversations_are_of_their_collection(page: Page, running: Running) -> None:
    page.goto(running.url)
    page.get_by_label("Collection", exact=True).select_option("pumps")
    expect(page.locator(".documents li")).to_have_count(1)
    ask(page, PUMP)
    expect(page.locator(".said")).to_contain_text(REPLY)
    page.reload()
    expect(page.locator(".documents")).to_contain_text("pumps.pdf")
    assert chosen(page) == "pumps"
    page.get_by_label("Collection", exact=True).select_option("default")
    expect(page.locator(".documents")).to_contain_text("ferry.pdf")
    page.get_by_role("button", name="Earlier").click()
    expect(page.locator(".past")).to_contain_text("pumps")
    page.locator(".past .row-title").click()
    expect(page.locator(".said")).to_contain_text(REPLY)
    assert chosen(page) == "pumps"


def test_several_are_asked_as_one(page: Page, running: Running) -> None:
    page.goto(running.url)
    expect(page.locator(".documents li")).to_have_count(2)
    choice = page.locator(".further")
    choice.locator("summary").click()
    choice.get_by_label("pumps").check()
    expect(choice.locator("summary")).to_have_text("Asked: Main collection, pumps")
    assert violations(page) == []
    picture(page, "collections")
    with page.expect_request("**/ask") as asked:
        ask(page, PUMP)
    assert (asked.value.post_data_json or {})["collections"] == ["default", "pumps"]
    expect(page.locator(".said")).to_contain_text(REPLY)
    expect(page.locator(".turn .only")).to_have_text("Also in pumps")
    # The proof is opened in the collection that has it, and the conversation stays.
    page.get_by_role("button", name="Citation 1: pumps: pumps.pdf, page 1").click()
    expect(page.locator("rect.quote")).to_be_in_viewport(ratio=1)
    assert page.url.endswith(";pumps")
    assert chosen(page) == "default"
    page.go_back()
    expect(page.locator(".viewer")).to_have_count(0)
    page.go_forward()
    expect(page.locator(".viewer h2")).to_have_text("pumps.pdf")
    expect(page.locator(".turn")).to_have_count(1)
    page.keyboard.press("Escape")

    # Tomorrow, too.
    page.reload()
    page.get_by_role("button", name="Earlier").click()
    page.get_by_role("button", name=PUMP, exact=True).click()
    expect(choice.locator("summary")).to_have_text("Asked: Main collection, pumps")
    page.get_by_role("button", name="Citation 1").click()
    expect(page.locator("rect.quote")).to_be_in_viewport(ratio=1)
    # Documents that are ticked are of one collection: it alone is asked then.
    page.keyboard.press("Escape")
    page.get_by_label("Ask only in ferry.pdf").check()
    expect(choice).to_have_count(0)


def test_what_is_told_late_of_a_collection_that_was_left_is_not_shown(page: Page, running: Running) -> None:
    held: list[Route] = []
    page.route("**/info?collection=pumps", lambda route: held.append(route))
    page.goto(running.url)
    expect(page.locator(".documents li")).to_have_count(2)
    choice = page.get_by_label("Collection", exact=True)
    with page.expect_request("**/info?collection=pumps"):
        choice.select_option("pumps")
    choice.select_option("default")
    expect(page.locator(".documents li")).to_have_count(2)
    held[0].fulfill(json={**page.request.get(f"{running.url}/info").json(), "version": "late"})
    page.get_by_role("button", name="Settings").click()
    expect(page.locator(".settings")).to_contain_text("Version")
    expect(page.locator(".settings")).not_to_contain_text("late")


def test_a_key_for_one_shows_nothing_of_others(page: Page, serve: Serve, index: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pumps"
    folder.mkdir()
    make_pdf(folder / "pumps.pdf", PUMPS, title="Pumps")
    ingested(index, "pumps", folder)
    ring = KeyRing(tmp_path / "keys.json")
    ring.add("alice", "ask", "documents", collections=frozenset({"pumps"}))
    others = CollectionFolder(index, partial(opened, index))
    page.goto(serve(ScriptedModel([REPLY]), others=others, key_file=WatchedKeys(ring.path)).url)
    page.get_by_role("textbox", name="Access key").fill(ring.secrets["alice"])
    page.keyboard.press("Enter")
    expect(page.locator(".documents li")).to_have_count(1)
    expect(page.locator("#collection, .further")).to_have_count(0)
    ask(page, PUMP)
    expect(page.locator(".said")).to_contain_text(REPLY)
    page.locator(".mark").first.click()
    expect(page.locator(".viewer h2")).to_have_text("pumps.pdf")
    expect(page.locator(".viewer")).to_have_attribute("aria-busy", "false")


def test_one_is_made_and_gets_a_document(
    page: Page, serve: Serve, index: Path, documents: Path, tmp_path: Path
) -> None:
    others = CollectionFolder(index, partial(opened, index))
    uploads = uploads_for(index, documents)
    page.goto(serve(ScriptedModel([REPLY]), others=others, uploads=uploads, admin_keys=[SecretStr("admin")]).url)
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("Admin key").fill("admin")
    page.get_by_text("Put them into a new collection").click()
    page.get_by_label("Name: a to z").fill("pumps")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("They are added to: pumps")).to_be_visible()
    make_pdf(tmp_path / "pumps.pdf", PUMPS)
    page.locator(".panel input[type=file]").set_input_files([tmp_path / "pumps.pdf"])
    expect(page.get_by_role("heading", name="Done")).to_be_visible(timeout=120_000)
    ask(page, PUMP)
    expect(page.locator(".said")).to_contain_text(REPLY)
    page.get_by_label("Collection", exact=True).select_option("default")
    expect(page.locator(".documents li")).to_have_count(2)
