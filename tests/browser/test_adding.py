"""Documents are added from the page: sent, read by the ingest job, and asked at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pydantic import SecretStr

from rag.testing import ScriptedModel
from tests.browser.conftest import Serve, ask, picture
from tests.fakes import make_pdf
from tests.integration.test_adding import MOST, QUESTION, UVHOLM, upload_service

SAID = "The ferry to Uvholm leaves at 6 in the morning."


@pytest.fixture
def opened(page: Page, serve: Serve, documents: Path, index: Path) -> Page:
    running = serve(ScriptedModel([SAID]), admin_keys=[SecretStr("admin")], uploads=upload_service(documents, index))
    page.goto(running.url)
    expect(page.locator(".documents li")).to_have_count(2)
    page.get_by_role("button", name="Add", exact=True).click()
    return page


def send(page: Page, *paths: Path, key: str = "admin") -> None:
    page.get_by_label("Admin key").fill(key)
    page.locator("input[type=file]").set_input_files(list(paths))


def test_a_document_is_added_and_answers(opened: Page, tmp_path: Path) -> None:
    make_pdf(tmp_path / "uvholm.pdf", UVHOLM)
    send(opened, tmp_path / "uvholm.pdf")
    expect(opened.get_by_role("heading", name="Done")).to_be_visible(timeout=120_000)
    expect(opened.get_by_role("list", name="Files")).to_have_text(re.compile(r"uvholm\.pdf\s+Ready: 1 page\."))
    picture(opened, "adding")
    ask(opened, QUESTION)
    expect(opened.locator(".said")).to_contain_text(SAID)
    opened.locator(".mark").first.click()
    expect(opened.locator(".viewer h2")).to_have_text("uvholm.pdf")
    opened.keyboard.press("Escape")
    opened.get_by_role("button", name="Documents", exact=True).click()
    expect(opened.locator(".documents li")).to_have_count(3)
    expect(opened.locator(".served")).to_contain_text(re.compile("000002-.*published just now"))


def test_without_the_key_nothing_is_sent(opened: Page, tmp_path: Path, documents: Path) -> None:
    make_pdf(tmp_path / "uvholm.pdf", UVHOLM)
    opened.locator("input[type=file]").set_input_files([tmp_path / "uvholm.pdf"])
    expect(opened.get_by_role("alert")).to_have_text("The admin key is needed.")
    send(opened, tmp_path / "uvholm.pdf", key="wrong")
    expect(opened.locator(".files")).to_contain_text("key")
    assert sorted(path.name for path in documents.iterdir()) == ["ferry.pdf", "harbour.pdf"]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        pytest.param("wrong", "That admin key is not accepted.", id="none"),
        pytest.param(
            "reader",
            "this key may not add documents: it lacks the scope 'admin', and has ask, documents, feedback, metrics",
            id="for asking",
        ),
    ],
)
def test_a_key_that_does_not_do_is_told(
    page: Page, serve: Serve, documents: Path, index: Path, key: str, said: str
) -> None:
    reader, admin = SecretStr("reader"), SecretStr("admin")
    running = serve(
        ScriptedModel([SAID]), api_keys=[reader], admin_keys=[admin], uploads=upload_service(documents, index)
    )
    page.goto(running.url)
    page.get_by_role("textbox", name="Access key").fill("reader")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Add", exact=True).click()
    send(page, documents / "ferry.pdf", key=key)
    expect(page.locator(".files .fault")).to_have_text(said)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_cannot_be_added_is_told(opened: Page, tmp_path: Path, documents: Path) -> None:
    (tmp_path / "big.txt").write_bytes(b"x" * (MOST + 1))
    (tmp_path / "fake.pdf").write_bytes(b"not a pdf")
    send(opened, tmp_path / "big.txt", tmp_path / "fake.pdf")
    rows = opened.locator(".files li")
    expect(rows.nth(0)).to_contain_text("larger than")
    expect(rows.nth(1).locator(".fault")).to_be_visible()
    assert sorted(path.name for path in documents.iterdir()) == ["ferry.pdf", "harbour.pdf"]


def test_a_name_that_is_taken_may_be_replaced(opened: Page, tmp_path: Path) -> None:
    make_pdf(tmp_path / "ferry.pdf", UVHOLM)
    send(opened, tmp_path / "ferry.pdf")
    expect(opened.locator(".files .fault")).to_have_text(re.compile(r"^This name is taken already\.\s+Replace it$"))
    # This click leaves the field of the key, too: what that starts must not disable the button.
    opened.get_by_role("button", name="Replace it").click()
    expect(opened.get_by_role("heading", name="Done")).to_be_visible(timeout=120_000)
    ask(opened, QUESTION)
    expect(opened.locator(".said")).to_contain_text(SAID)


def test_it_is_not_offered_where_it_is_off(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([SAID])).url)
    expect(page.locator(".documents li")).to_have_count(2)
    expect(page.get_by_role("button", name="Add", exact=True)).to_have_count(0)


@pytest.mark.parametrize("width", [320, 360, 430])
@pytest.mark.parametrize("letters", ["100%", "150%"])
def test_every_button_of_the_bar_is_on_a_phone(opened: Page, width: int, letters: str) -> None:
    opened.set_viewport_size({"width": width, "height": 700})
    opened.evaluate("size => { document.documentElement.style.fontSize = size }", letters)
    buttons = opened.locator(".bar button")
    assert buttons.all_inner_texts() == ["Documents", "Earlier", "Add", "New", "Settings"]
    for button in buttons.all():
        expect(button).to_be_in_viewport(ratio=1)
    # What is opened begins below the bar.
    bar, panel = opened.locator(".bar").bounding_box(), opened.locator(".side").bounding_box()
    assert bar is not None
    assert panel is not None
    assert panel["y"] == pytest.approx(bar["y"] + bar["height"], abs=1)
    if letters == "100%" and width >= 360:
        assert bar["height"] < 56  # one line
