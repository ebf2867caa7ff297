"""The viewer: opens at the words, scrolls on, finds a page and a text, and lets its words be copied."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfWriter
from pypdf.constants import PageLabelStyle

from rag.testing import ScriptedModel
from tests.browser.conftest import Serve, ask, at_page, picture
from tests.browser.test_accessibility import violations
from tests.fakes import make_pdf
from tests.scripted_answers import Said, Script

FEE = "A berth costs 24 euros for each night."
POWER = "Electricity is included in the fee of the berth."
ASKED = "What does a berth cost for each night?"
READABLE = 11  # pixels of a line's height


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """Twelve pages, of which the first two have Roman numbers: what is quoted is on the seventh and the ninth."""
    folder = tmp_path / "documents"
    folder.mkdir()
    filler = "\n".join(f"Line {number} tells of ropes and of knots." for number in range(30))
    texts = [f"# Part {number}\n{filler}\nThe number of this page is {number}." for number in range(1, 13)]
    texts[6] += f"\n{FEE}"
    texts[8] += f"\n{POWER}"
    writer = PdfWriter(clone_from=make_pdf(tmp_path / "plain.pdf", texts))
    writer.set_page_label(0, 1, style=PageLabelStyle.LOWERCASE_ROMAN)
    writer.set_page_label(2, 11, style=PageLabelStyle.DECIMAL, start=1)
    writer.write(folder / "harbour.pdf")
    return folder


ANSWER = Script((Said(FEE, quotes=(FEE,)), Said(POWER, "detail", quotes=(POWER,))))


def opened(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([""]), scripts=[ANSWER]).url)
    ask(page, ASKED)
    expect(page.locator(".turn.done")).to_have_count(1)
    page.locator(".mark").first.click()
    expect(page.locator("rect.quote")).to_have_count(1)


def test_it_opens_at_the_words_that_can_be_read(browser: Browser, serve: Serve) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(serve(ScriptedModel([""]), scripts=[ANSWER]).url)
    ask(page, ASKED)
    # A tap shows the quote; from there one comes to the page.
    page.locator(".mark").first.tap()
    expect(page.locator(".peek")).to_contain_text("harbour.pdf, page 7")
    expect(page.locator(".viewer")).to_have_count(0)
    page.get_by_role("button", name="Show on the page").tap()
    quote = page.locator("rect.quote")
    expect(quote).to_be_in_viewport()
    at_page(page, 7, 12)
    box = quote.bounding_box()
    assert box is not None
    assert box["height"] >= READABLE
    assert box["x"] >= 0
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    context.close()


def test_pages_are_scrolled_one_after_the_other(page: Page, serve: Serve) -> None:
    opened(page, serve)
    at_page(page, 7, 12)
    box = page.locator("rect.quote").bounding_box()
    assert box is not None
    assert box["height"] >= READABLE
    expect(page.locator("rect.quote")).to_be_in_viewport(ratio=1)
    page.locator(".sheet").hover()
    page.mouse.wheel(0, 1200)
    at_page(page, 8, 12)
    expect(page.locator(".paper[data-page='8'] img")).to_be_visible()
    page.locator(".sheet").evaluate("each => each.scrollTo(0, each.scrollHeight)")
    at_page(page, 12, 12)
    # What is far away is not drawn.
    expect(page.locator(".paper[data-page='12'] img")).to_be_visible()
    assert page.locator(".paper").count() == 12
    assert page.locator(".paper img").count() < 12


def test_a_page_is_chosen_by_its_number_and_by_what_is_printed_on_it(page: Page, serve: Serve) -> None:
    opened(page, serve)
    field = page.get_by_label("Page number")
    expect(page.locator(".tools")).to_contain_text("printed 5")
    for typed, number in (("3", 3), ("ii", 2), ("12", 12), ("1", 1)):
        field.fill(typed)
        field.press("Enter")
        at_page(page, number, 12)
    field.fill("99")
    field.press("Enter")
    expect(page.get_by_role("status").last).to_have_text("This document has no page 99.")
    at_page(page, 1, 12)


def test_a_text_is_searched_in_the_document(page: Page, serve: Serve) -> None:
    opened(page, serve)
    page.get_by_role("button", name="Search in this document").click()
    field = page.get_by_label("Search for a text")
    expect(field).to_be_focused()
    field.fill("ROPES  and of knots")
    place = page.locator(".find").get_by_role("status")
    expect(place).to_have_text("181 of 360")
    field.fill("number of this page is 9")
    field.press("Enter")
    expect(place).to_have_text("1 of 1")
    at_page(page, 9, 12)
    expect(page.locator("rect.found.now")).to_be_in_viewport(ratio=1)
    picture(page, "search-in-document")
    assert violations(page) == []
    field.fill("Line 3 tells")
    expect(place).to_have_text("9 of 12")
    page.get_by_role("button", name="Next occurrence").click()
    expect(place).to_have_text("10 of 12")
    at_page(page, 10, 12)
    field.fill("penguins")
    expect(place).to_have_text("Not found")
    field.press("Escape")
    expect(page.locator(".find, rect.found")).to_have_count(0)
    expect(page.locator(".viewer")).to_be_visible()


def test_escape_closes_the_search_before_the_document_from_anywhere(page: Page, serve: Serve) -> None:
    opened(page, serve)
    page.get_by_role("button", name="Search in this document").click()
    expect(page.get_by_label("Search for a text")).to_be_focused()
    page.locator("#question").focus()
    page.keyboard.press("Escape")
    expect(page.locator(".find")).to_have_count(0)
    expect(page.locator(".viewer")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".viewer")).to_have_count(0)


def test_what_is_selected_is_copied_as_the_text_of_the_page(page: Page, serve: Serve) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, serve)
    words = page.locator(".paper[data-page='7'] .text-layer > span")
    expect(words.last).to_have_text("night.")
    seen, box = page.locator("rect.quote").bounding_box(), words.last.bounding_box()
    assert seen is not None
    assert box is not None
    # The last word stands where the picture has it.
    assert box["x"] + box["width"] == pytest.approx(seen["x"] + seen["width"], abs=3)
    assert box["y"] == pytest.approx(seen["y"], abs=3)
    first, last = words.all_inner_texts().index("berth "), words.count() - 1
    start, end = words.nth(first).bounding_box(), words.nth(last).bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 1, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] - 1, end["y"] + end["height"] / 2, steps=8)
    page.mouse.up()
    page.keyboard.press("Control+c")
    assert page.evaluate("navigator.clipboard.readText()") == "berth costs 24 euros for each night."


def test_the_rail_leads_to_every_citation(page: Page, serve: Serve) -> None:
    opened(page, serve)
    rail = page.get_by_role("navigation", name="Places of the citations in this document")
    ticks = rail.get_by_role("button")
    expect(ticks).to_have_count(2)
    expect(ticks.first).to_have_attribute("aria-current", "true")
    boxes = [tick.bounding_box() for tick in ticks.all()]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[1]["y"] >= boxes[0]["y"] + boxes[0]["height"], "none covers another"
    ticks.last.click()
    at_page(page, 9, 12)
    expect(page.locator("rect.quote")).to_be_in_viewport(ratio=1)
    expect(ticks.last).to_have_attribute("aria-current", "true")
    ticks.first.click()
    at_page(page, 7, 12)
    assert violations(page) == []


def test_two_cited_pages_are_shown_side_by_side(page: Page, serve: Serve) -> None:
    opened(page, serve)
    page.get_by_role("button", name="Show another cited page beside it").click()
    quotes = page.locator("rect.quote")
    expect(quotes).to_have_count(2)
    for place in (0, 1):
        expect(quotes.nth(place)).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("region", name="A second cited page")).to_contain_text("2: harbour.pdf, page 9")
    expect(page.locator(".conversation")).not_to_be_visible()
    assert violations(page) == []
    picture(page, "side_by_side")
    # The first one can be turned and zoomed as before, and Escape closes both.
    page.get_by_role("button", name="Next page").click()
    at_page(page, 8, 12)
    page.get_by_role("button", name="Close the second page").click()
    expect(quotes).to_have_count(1)
    expect(page.locator(".conversation")).to_be_visible()
    page.get_by_role("button", name="Show another cited page beside it").click()
    expect(quotes).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator(".viewer")).to_have_count(0)
    expect(page.locator(".conversation")).to_be_visible()
    # A narrow window has no room for two.
    page.set_viewport_size({"width": 900, "height": 800})
    page.locator(".mark").first.click()
    expect(quotes).to_have_count(1)
    expect(page.get_by_role("button", name="Show another cited page beside it")).to_have_count(0)


def test_three_columns_where_there_is_room(page: Page, serve: Serve) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    opened(page, serve)
    expect(page.get_by_role("region", name="Documents")).to_be_visible()
    expect(page.locator(".conversation .said")).to_be_visible()
    page.set_viewport_size({"width": 1300, "height": 900})
    expect(page.get_by_role("region", name="Documents")).not_to_be_visible()
