"""What stands where, and is seen whole: at several widths, with long names, long lists and long answers."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from ingest.discovery import discover
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.browser.conftest import Serve, ask, picture
from tests.browser.test_accessibility import violations
from tests.fakes import ingest_job, make_pdf
from tests.integration.test_answer_forms import DOGS, FEE
from tests.scripted_answers import Said, Script

ASKED = "What does a berth cost?"
LONG_NAME = "Northwind_Health_Plus_Benefits_Details_and_Summary_of_Coverage_for_Plan_Year_2024_signed.pdf"
COVER = "Preventive care is covered in full."
MANY = 230  # documents: more than the list shows


def box(locator: Locator) -> dict[str, float]:
    found = locator.bounding_box()
    assert found
    return {side: float(value) for side, value in found.items() if isinstance(value, float | int)}


def answered(page: Page, serve: Serve, *said: Said) -> None:
    page.goto(serve(ScriptedModel([""]), scripts=[Script(said)]).url)
    ask(page, ASKED)
    expect(page.locator(".turn.done")).to_have_count(1)


def test_the_direct_answer_of_a_long_text_stands_by_itself(page: Page, serve: Serve) -> None:
    why = "Electricity, water and the use of the showers are in this price, and so is the watch at night. " * 4
    answered(page, serve, Said(FEE, quotes=(FEE,)), Said(why, "detail", quotes=(FEE,)), Said(DOGS, "detail"))
    expect(page.locator(".said > p")).to_have_count(2)
    expect(page.locator(".said > p.lead")).to_contain_text(FEE)
    expect(page.locator(".said > p").nth(1)).to_contain_text(DOGS)


def test_a_short_text_stays_one_paragraph(page: Page, serve: Serve) -> None:
    answered(page, serve, Said(FEE, quotes=(FEE,)), Said(DOGS, "detail", quotes=(DOGS,)))
    expect(page.locator(".said > p.lead")).to_have_count(1)
    expect(page.locator(".said > p")).to_contain_text(DOGS)


def test_the_question_is_typed_right_under_the_answers(page: Page, serve: Serve) -> None:
    answered(page, serve, Said(FEE, quotes=(FEE,)))
    assert abs(box(page.locator(".answer"))["x"] - box(page.locator("#question"))["x"]) < 1


def test_the_facts_of_a_document_are_one_line(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([""])).url)
    expect(page.locator(".documents .told").last).to_contain_text("2 pages")
    assert box(page.locator(".documents .told").last)["height"] < 30


def test_the_conversation_that_is_open_is_marked(page: Page, serve: Serve) -> None:
    answered(page, serve, Said(FEE, quotes=(FEE,)))
    page.get_by_role("button", name="New", exact=True).click()
    ask(page, "And for dogs?")
    expect(page.locator(".turn.done")).to_have_count(1)
    page.get_by_role("button", name="Earlier", exact=True).click()
    expect(page.locator(".panel")).to_contain_text("The last 30 conversations, kept in this browser only.")
    expect(page.locator('.past [aria-current="true"]')).to_have_text("And for dogs?")
    assert violations(page) == []
    page.get_by_role("button", name=ASKED, exact=True).click()
    page.get_by_role("button", name="Earlier", exact=True).click()
    expect(page.locator('.past [aria-current="true"]')).to_have_text(ASKED)


def test_a_panel_is_closed_where_it_covers_the_conversation(page: Page, serve: Serve) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(serve(ScriptedModel([""])).url)
    page.get_by_role("button", name="Documents", exact=True).click()
    expect(page.locator(".documents li")).to_have_count(2)
    picture(page, "panel-phone")
    page.get_by_role("button", name="Close the panel").click()
    expect(page.locator(".panel")).to_have_count(0)
    expect(page.get_by_label("Question", exact=True)).to_be_focused()


@pytest.fixture
def named(documents: Path, index: Path) -> None:
    make_pdf(documents / LONG_NAME, [f"# Cover\n{COVER}"])
    ingest_job(index, BagOfWordsEncoder()).run(discover([documents]))


@pytest.mark.usefixtures("named")
def test_beside_a_document_names_and_actions_have_room(page: Page, serve: Serve) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    answered(page, serve, Said(FEE, quotes=(FEE,)), Said(COVER, "detail", quotes=(COVER,)))
    page.get_by_role("button", name="Earlier", exact=True).click()
    page.locator(".mark").first.click()
    expect(page.locator("rect.quote")).to_have_count(1)
    # The other document's chip is as wide as its viewer at most; what it is cited for stands in one line.
    chip = page.locator(".others .chip")
    expect(chip).to_contain_text("…")
    expect(chip).to_contain_text("page 1")
    assert box(chip)["width"] < box(page.locator(".viewer"))["width"]
    assert box(page.locator(".past .item .quiet"))["height"] < 30
    picture(page, "beside")


def test_a_quote_stays_in_sight_when_the_room_changes(page: Page, serve: Serve) -> None:
    page.set_viewport_size({"width": 1024, "height": 800})
    answered(page, serve, Said(FEE, quotes=(FEE,)))
    page.locator(".mark").first.click()
    quote, sheet = page.locator("rect.quote"), page.locator(".sheet")
    expect(quote).to_have_count(1)
    page.set_viewport_size({"width": 1440, "height": 800})
    page.wait_for_timeout(300)
    shown, room = box(quote), box(sheet)
    assert room["x"] <= shown["x"]
    assert shown["x"] + shown["width"] <= room["x"] + room["width"]
    assert room["y"] <= shown["y"] <= room["y"] + room["height"]


def several(change: Callable[[dict[str, Any]], None]) -> Callable[[Route], None]:
    """Answers ``GET /documents`` as the service does, changed."""

    def answer(route: Route) -> None:
        body = route.fetch().json()
        change(body)
        route.fulfill(json=body)

    return answer


def test_a_folder_is_ticked_with_those_that_the_list_does_not_show(page: Page, serve: Serve) -> None:
    def many(body: dict[str, Any]) -> None:
        one = body["documents"][0]
        names = [f"tides/{number:03}.pdf" for number in range(MANY)]
        body["documents"] = [
            {**one, "id": f"{number:064}", "name": name, "names": [name]} for number, name in enumerate(names)
        ]

    page.route("**/documents", several(many))
    page.goto(serve(ScriptedModel([""])).url)
    expect(page.get_by_text("And 30 more: search by name.")).to_be_visible()
    page.get_by_label("Ask only in the folder tides").check()
    expect(page.get_by_text(f"Only {MANY} documents are searched.").first).to_be_visible()


def test_too_many_questions_are_not_said_to_want_a_place(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([""])).url)
    problem = {"title": "Too Many Requests", "status": 429, "detail": "this key may send 2 requests a minute"}
    page.route("**/ask", lambda route: route.fulfill(status=429, json={**problem, "retry_after_seconds": 12}))
    ask(page, ASKED)
    expect(page.locator(".problem h3")).to_have_text("Not now")
    expect(page.locator(".problem")).to_contain_text("Ask again in 12 seconds.")
    expect(page.locator(".problem")).not_to_contain_text("place")


def test_a_conversation_that_is_too_long_is_said_to_be(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([""])).url)
    problem = {"title": "Content Too Large", "status": 413, "detail": "a request may have 1000000 bytes"}
    page.route("**/ask", lambda route: route.fulfill(status=413, json=problem))
    ask(page, ASKED)
    expect(page.locator(".problem")).to_contain_text("Begin a new one, or ask more briefly.")


def test_a_table_of_many_columns_has_its_numbers_in_sight_on_a_phone(page: Page, serve: Serve) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    columns = "Berth | Fee for each night | Fee for each week | Electricity | Remarks on the season"
    cells = "North | 24 euros for each night | 140 euros for each week | included in the fee | in summer only"
    answered(page, serve, Said("The fees:", quotes=(FEE,)), Said(columns, "row", (FEE,)), Said(cells, "row", (DOGS,)))
    row = page.locator(".said tbody tr")
    expect(row.locator("td").first).to_contain_text("North2")
    mark = box(row.locator(".mark"))
    assert mark["x"] + mark["width"] <= 390


@pytest.mark.parametrize("question", [pytest.param("", id="before a question"), pytest.param(ASKED, id="asked")])
def test_without_an_index_it_is_said_in_words(page: Page, serve: Serve, index: Path, question: str) -> None:
    shutil.rmtree(index)
    page.goto(serve(ScriptedModel([""])).url)
    if question:
        ask(page, question)
        expect(page.locator(".problem")).to_contain_text("There are no documents yet.")
    else:
        expect(page.locator(".welcome .ready")).to_have_text("There are no documents yet.")
        expect(page.locator(".welcome .notice")).to_contain_text("Whoever runs it adds documents with")
    expect(page.locator("#page")).not_to_contain_text("no index in")
    expect(page.locator("#page")).not_to_contain_text("No index in")
