"""A person says of an answer that it is right, or what it should be; the evaluation reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from rag.answering.prompt import NOT_FOUND
from rag.answering.record_folder import FolderRecorder, RecordFolder
from rag.evaluation.questions import read_questions
from rag.testing import ScriptedModel
from tests.browser.conftest import Serve, ask, picture
from tests.browser.test_accessibility import violations
from tests.browser.test_page import ASKED, FEE
from tests.integration.test_records import SETUP


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    return RecordFolder(tmp_path / "records", keep=10)


@pytest.fixture
def answered(page: Page, serve: Serve, folder: RecordFolder) -> Page:
    page.goto(serve(ScriptedModel([FEE]), recorder=FolderRecorder(folder, SETUP)).url)
    ask(page, ASKED)
    expect(page.locator(".turn.done")).to_have_count(1)
    return page


def kept(folder: RecordFolder) -> list[dict[str, Any]]:
    return [json.loads(line) for line in folder.feedback.read_text().splitlines()]


def test_an_answer_is_right(answered: Page, folder: RecordFolder) -> None:
    answered.get_by_role("button", name="Right", exact=True).click()
    expect(answered.locator(".feedback")).to_contain_text("Thank you.")
    expect(answered.get_by_role("button", name="Right", exact=True)).to_have_attribute("aria-pressed", "true")
    [labelled] = read_questions(folder.feedback)
    assert (labelled.question, labelled.document, labelled.pages) == (ASKED, "harbour.pdf", (2,))
    # It is known when the conversation is opened again.
    answered.reload()
    answered.get_by_role("button", name="Earlier", exact=True).click()
    answered.get_by_role("button", name=ASKED, exact=True).click()
    expect(answered.get_by_role("button", name="Right", exact=True)).to_have_attribute("aria-pressed", "true")


def test_it_is_said_once(answered: Page, folder: RecordFolder) -> None:
    answered.get_by_role("button", name="Right", exact=True).evaluate("(button) => { button.click(); button.click(); }")
    expect(answered.locator(".feedback")).to_contain_text("Thank you.")
    assert len(kept(folder)) == 1


def test_an_answer_is_wrong_and_the_page_that_is_open_is_right(answered: Page, folder: RecordFolder) -> None:
    answered.get_by_role("button", name="harbour.pdf").first.click()
    expect(answered.get_by_label("Page number")).to_have_value("1")
    answered.get_by_role("button", name="Wrong", exact=True).click()
    expect(answered.get_by_label("It should be")).to_be_focused()
    answered.get_by_label("It should be").fill("26 euros")
    answered.get_by_role("button", name="The page that is open: harbour.pdf, page 1").click()
    expect(answered.get_by_label("Document", exact=True)).to_have_value("harbour.pdf")
    assert violations(answered) == []
    picture(answered, "feedback")
    answered.get_by_role("button", name="Send").click()
    expect(answered.locator(".feedback")).to_contain_text("Thank you.")
    expect(answered.get_by_role("button", name="Wrong", exact=True)).to_have_attribute("aria-pressed", "true")
    [line] = kept(folder)
    assert (line["answers"], line["document"], line["pages"]) == (["26 euros"], "harbour.pdf", [1])
    # It was a slip.
    answered.get_by_role("button", name="Right", exact=True).click()
    expect(answered.get_by_role("button", name="Wrong", exact=True)).to_have_attribute("aria-pressed", "false")
    assert [each["feedback"]["verdict"] for each in kept(folder)] == ["right"]


def test_the_documents_do_not_say(answered: Page, folder: RecordFolder) -> None:
    answered.get_by_role("button", name="Wrong", exact=True).click()
    answered.get_by_label("It should be").press("Escape")
    expect(answered.get_by_role("button", name="Wrong", exact=True)).to_be_focused()
    answered.get_by_role("button", name="Wrong", exact=True).click()
    answered.get_by_label("The documents do not answer this").check()
    answered.get_by_role("button", name="Send").click()
    expect(answered.locator(".feedback")).to_contain_text("Thank you.")
    assert kept(folder)[0]["answers"] == []


def test_what_is_not_accepted_is_told(answered: Page, folder: RecordFolder) -> None:
    answered.get_by_role("button", name="Wrong", exact=True).click()
    answered.get_by_label("Document", exact=True).fill("no.pdf")
    answered.get_by_role("button", name="Send").click()
    expect(answered.get_by_role("alert")).to_contain_text("no document of the index has this name")
    assert not folder.feedback.exists()


def test_an_abstention_is_judged_too(page: Page, serve: Serve, folder: RecordFolder) -> None:
    page.goto(serve(ScriptedModel([f"{NOT_FOUND} 24."]), recorder=FolderRecorder(folder, SETUP)).url)
    ask(page, "Who painted the harbour office?")
    expect(page.locator(".turn.done")).to_have_count(1)
    page.get_by_role("button", name="Wrong", exact=True).click()
    expect(page.get_by_label("The documents do not answer this")).to_have_count(0)
    page.get_by_label("It should be").fill("Ingrid Solberg")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".feedback")).to_contain_text("Thank you.")
    assert kept(folder)[0]["answers"] == ["Ingrid Solberg"]


def test_it_is_not_asked_for_where_nothing_is_kept(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([FEE])).url)
    ask(page, ASKED)
    expect(page.locator(".turn.done")).to_have_count(1)
    expect(page.locator(".feedback")).to_have_count(0)
