"""The ten things that somebody who comes from NotebookLM does first, each by what the page offers, without a manual."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rag.answering.answerer import Answerer
from rag.service.guides.maker import GuideMaker
from rag.testing import ScriptedModel
from tests.browser.conftest import Serve, ask
from tests.browser.test_dropping import SAID as UVHOLM_SAID
from tests.browser.test_dropping import drop
from tests.browser.test_guides import CHECKED, OPENS, StillMaker, guides_in
from tests.browser.test_printing import NO_DIALOG, printed
from tests.fakes import make_pdf
from tests.integration.test_adding import QUESTION as UVHOLM_ASKED
from tests.integration.test_adding import UVHOLM, upload_service
from tests.integration.test_answer_forms import DOGS, FEE, POWER
from tests.scripted_answers import Said, Script

HOW = Script(
    (
        Said("Take a berth in this order:", quotes=(FEE,)),
        Said("Pay 24 euros.", "step", (FEE,)),
        Said("Connect the power.", "step", (POWER,)),
    ),
    form="how_to",
)
LIST = Script((Said("It includes:", quotes=(POWER,)), Said("Electricity", "item", (POWER,))), form="list")
BOTH = Script(
    (Said("At the harbour one pays, ", quotes=(FEE,)), Said("on the ferry dogs do not.", "detail", (DOGS,))),
    form="comparison",
)
FACT = Script((Said(FEE, quotes=(FEE,)),))


@pytest.fixture
def opened(page: Page, serve: Serve, index: Path, documents: Path) -> Page:
    """A service on one's own machine, with a guide to one of its two documents."""
    store = guides_in(index)

    def guides(answerer: Answerer) -> GuideMaker:
        return StillMaker(answerer, store)

    uploads = upload_service(documents, index, without_key=True)
    page.add_init_script(NO_DIALOG)
    page.goto(serve(ScriptedModel([UVHOLM_SAID]), uploads=uploads, guides=guides).url)
    expect(page.locator(".documents li")).to_have_count(2)
    expect(page.locator(".examples li")).to_have_count(3)
    return page


def answered(page: Page, serve: Serve, question: str, *scripts: Script) -> Page:
    page.goto(serve(ScriptedModel([""]), scripts=scripts).url)
    ask(page, question)
    expect(page.locator(".turn.done")).to_have_count(1)
    return page


def test_1_add_a_document(opened: Page, tmp_path: Path) -> None:
    expect(opened.get_by_text("anywhere on this page to add them")).to_be_visible()
    drop(opened, make_pdf(tmp_path / "uvholm.pdf", UVHOLM))
    expect(opened.get_by_role("list", name="Files")).to_contain_text("Ready: 1 page.", timeout=120_000)
    ask(opened, UVHOLM_ASKED)
    expect(opened.locator(".said")).to_contain_text(UVHOLM_SAID)


def test_2_read_an_overview(opened: Page) -> None:
    opened.get_by_role("button", name="Guide to harbour.pdf").click()
    expect(opened.get_by_role("heading", name="In its own words")).to_be_visible()
    expect(opened.locator(".guide")).to_contain_text(OPENS)


def test_3_take_a_question_that_is_suggested(opened: Page) -> None:
    opened.get_by_role("button", name=CHECKED[1]).click()
    expect(opened.locator(".turn.done h2")).to_have_text(CHECKED[1])


def test_4_ask_how_something_is_done(page: Page, serve: Serve) -> None:
    answered(page, serve, "How do I take a berth?", HOW)
    steps = page.get_by_role("listitem").filter(has=page.locator(".mark"))
    expect(steps).to_have_count(2)
    for place, text in enumerate(("Pay 24 euros.", "Connect the power.")):
        expect(steps.nth(place)).to_contain_text(text)


def test_5_ask_for_a_list(page: Page, serve: Serve) -> None:
    answered(page, serve, "List all that the fee includes.", LIST)
    items = page.get_by_role("listitem").filter(has=page.locator(".mark"))
    expect(items).to_have_count(1)
    expect(items).to_contain_text("Electricity")


def test_6_open_the_proof(page: Page, serve: Serve) -> None:
    answered(page, serve, "What does a berth cost?", FACT)
    page.get_by_role("button", name="Citation 1").click()
    expect(page.locator(".viewer h2")).to_have_text("harbour.pdf")
    expect(page.locator("rect.quote")).to_be_in_viewport(ratio=1)


def test_7_ask_a_follow_up(page: Page, serve: Serve) -> None:
    answered(page, serve, "What does a berth cost?", FACT, LIST)
    expect(page.get_by_placeholder("Ask a follow-up question")).to_be_visible()
    with page.expect_request("**/ask") as asked:
        ask(page, "And what does it include?")
    assert (asked.value.post_data_json or {})["history"] == [{"question": "What does a berth cost?", "answer": FEE}]
    expect(page.locator(".turn.done")).to_have_count(2)


def test_8_compare_two_documents(page: Page, serve: Serve) -> None:
    answered(page, serve, "Compare the fees of the harbour and of the ferry.", BOTH)
    page.get_by_role("button", name="Citation 1").click()
    expect(page.locator("rect.quote")).to_have_count(1)
    page.get_by_role("button", name="Show another cited page beside it").click()
    expect(page.locator("rect.quote")).to_have_count(2)
    expect(page.locator(".beside")).to_contain_text("ferry.pdf, page 1")
    for quote in page.locator("rect.quote").all():
        expect(quote).to_be_in_viewport(ratio=1)


def test_9_take_it_along(page: Page, serve: Serve, tmp_path: Path) -> None:
    page.add_init_script(NO_DIALOG)
    answered(page, serve, "What does a berth cost?", FACT)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Markdown").click()
    assert FEE in Path(saved.value.path()).read_text()
    page.get_by_role("button", name="PDF", exact=True).click()
    text, cited = printed(page, tmp_path / "answer.pdf")
    assert FEE in " ".join(text[0].split())
    assert cited[1] == 1, "the page that is cited, as a picture"


def test_10_come_back_tomorrow(page: Page, serve: Serve) -> None:
    answered(page, serve, "What does a berth cost?", FACT)
    url = page.url
    tomorrow = page.context.new_page()
    page.close()
    tomorrow.goto(url)
    tomorrow.get_by_role("button", name="Earlier").click()
    tomorrow.get_by_role("button", name="What does a berth cost?", exact=True).click()
    expect(tomorrow.locator(".said")).to_contain_text(FEE)
    tomorrow.get_by_role("button", name="Citation 1").click()
    expect(tomorrow.locator("rect.quote")).to_be_in_viewport(ratio=1)
