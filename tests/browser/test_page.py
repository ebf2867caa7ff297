"""What a person does on the page, in a real browser."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from pydantic import SecretStr

from ingest.discovery import discover
from rag.answering.prompt import NOT_FOUND
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.browser.conftest import Serve, ask, at_page, picture
from tests.fakes import DRAWING, ingest_job, make_pdf
from tests.integration.conftest import GatedModel, Running, post, wait_until
from tests.scripted_answers import Said, Script

FEE = "A berth costs 24 euros for each night."
DOGS = "Dogs travel free of charge."
ASKED = "What does a berth cost for each night?"


def test_ask_and_see_the_sentence_on_its_page(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([FEE])).url)
    expect(page.get_by_text("2 documents")).to_be_visible()
    picture(page, "welcome")
    ask(page, ASKED)
    expect(page.locator(".said")).to_contain_text(FEE)
    expect(page.get_by_text("Very likely right")).to_be_visible()
    picture(page, "answer")
    page.get_by_role("button", name="Citation 1: harbour.pdf, page 2").first.click()
    expect(page.locator(".viewer h2")).to_have_text("harbour.pdf")
    at_page(page, 2, 2)
    expect(page.locator("rect.quote")).to_have_count(1)
    picture(page, "citation")


def test_what_is_not_supported_is_left_out(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([f"{FEE} The moon is made of cheese."])).url)
    ask(page, ASKED)
    expect(page.locator(".turn.done .said")).to_contain_text(FEE)
    expect(page.locator(".said")).not_to_contain_text("cheese")
    page.get_by_text("1 sentence left out").click()
    expect(page.locator(".unsupported")).to_contain_text("The moon is made of cheese.")


def test_stop_really_stops(page: Page, serve: Serve) -> None:
    running = serve(ScriptedModel([f"{FEE} " * 50], seconds_per_token=0.05, context_tokens=4096))
    page.goto(running.url)
    ask(page, ASKED)
    expect(page.get_by_text(re.compile("Reading [0-9]+ passage"))).to_be_visible()
    page.get_by_text(re.compile("passages? found")).click()
    expect(page.get_by_role("list", name="Passages that are read").get_by_role("button").first).to_be_visible()
    wait_until(lambda: running.model.generated_tokens > 0)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped.")).to_be_visible()
    wait_until(lambda: running.model.cancelled > 0 and running.admission.held == 0)
    generated = running.model.generated_tokens
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    assert running.model.generated_tokens - generated <= 2


def test_the_nearest_passage_is_shown_until_the_first_sentence(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([FEE], seconds_to_read=600)).url)
    ask(page, ASKED)
    expect(page.locator(".nearest blockquote")).to_contain_text(FEE)
    expect(page.locator(".nearest b")).to_have_text("Fees")
    picture(page, "progress")
    page.locator(".nearest .chip").click()
    expect(page.locator("rect.quote.near").first).to_be_attached()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped.")).to_be_visible()
    expect(page.locator(".nearest")).to_have_count(0)


def test_not_found_is_an_answer(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([f"{NOT_FOUND} 24 euros."])).url)
    ask(page, "Who painted the harbour office?")
    expect(page.locator(".answer h3")).to_have_text("Not found in these documents")
    expect(page.get_by_text("Nearest passages", exact=True)).to_be_visible()
    expect(page.locator(".answer")).not_to_have_attribute("role", "alert")
    picture(page, "abstention")
    page.locator(".citation").first.click()
    expect(page.locator("rect.quote.near").first).to_be_attached()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_proves_nothing_is_dashed(page: Page, serve: Serve, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(serve(ScriptedModel([f"{NOT_FOUND} 24 euros.", FEE])).url)
    ask(page, "Who painted the harbour office?")
    expect(page.locator(".turn.done")).to_have_count(1)
    ask(page, ASKED)
    expect(page.locator(".turn.done")).to_have_count(2)
    expect(page.locator(".abstained .citation").first).to_have_css("border-style", "dashed")
    expect(page.locator(".fact .citation").first).to_have_css("border-style", "solid")
    page.locator(".abstained .citation").first.click()
    expect(page.locator(".others .chip").first).to_have_css("border-style", "dashed")
    picture(page, f"nearest-{scheme}")
    page.locator(".fact .mark").first.click()
    expect(page.locator("rect.quote")).to_have_count(1)
    expect(page.locator(".viewer .near")).to_have_count(0)


def test_a_summary_is_said_to_be_the_documents_own(page: Page, serve: Serve) -> None:
    summary = Script((Said(FEE, quotes=(FEE,), confidence=1.0),), form="overview")
    page.goto(serve(ScriptedModel([]), scripts=[summary]).url)
    ask(page, "Summarize harbour.pdf")
    expect(page.locator(".turn.done")).to_contain_text("The document's own sentences")


def at_work(running: Running) -> threading.Thread:
    """Another client's question, which has the only place until the model's gate is opened."""
    other = threading.Thread(target=post, args=(running.url, "Do dogs travel free of charge?", 600.0))
    other.start()
    wait_until(lambda: running.admission.at_work == 1)
    return other


def test_the_place_in_line_is_told(page: Page, serve: Serve) -> None:
    model = GatedModel([FEE])
    running = serve(model)
    page.goto(running.url)
    expect(page.get_by_text("2 documents")).to_be_visible()
    other = at_work(running)
    ask(page, ASKED)
    expect(page.locator(".turn").get_by_text(re.compile("Waiting: number 1 in line, about [0-9]+ s"))).to_be_visible()
    picture(page, "queue")
    model.open()
    expect(page.locator(".said")).to_contain_text(FEE)
    other.join()


def test_nobody_has_a_place(page: Page, serve: Serve) -> None:
    model = GatedModel([FEE])
    running = serve(model, max_queue=0)
    page.goto(running.url)
    expect(page.get_by_text("2 documents")).to_be_visible()
    other = at_work(running)
    ask(page, ASKED)
    expect(page.get_by_role("alert")).to_contain_text("Not now")
    expect(page.get_by_role("alert")).to_contain_text(re.compile("Request [0-9a-f]{32}"))
    picture(page, "error")
    model.open()
    other.join()
    wait_until(lambda: running.admission.held == 0)
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".said")).to_contain_text(FEE)


def test_the_service_is_gone(page: Page, serve: Serve) -> None:
    running = serve(ScriptedModel([FEE]))
    page.goto(running.url)
    expect(page.get_by_text("2 documents")).to_be_visible()
    page.route("**/ask", lambda route: route.abort())
    ask(page, ASKED)
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")


def test_a_follow_up_question_brings_the_conversation(page: Page, serve: Serve) -> None:
    running = serve(ScriptedModel([FEE, "Do dogs travel free of charge?", DOGS]))
    sent: list[object] = []

    def note(route: Route) -> None:
        sent.append(route.request.post_data_json)
        route.continue_()

    page.route("**/ask", note)
    page.goto(running.url)
    ask(page, ASKED)
    expect(page.locator(".said")).to_have_count(1)
    ask(page, "And dogs?")
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".turn.done")).to_have_count(2)
    assert isinstance(sent[1], dict)
    assert sent[1]["history"] == [{"question": ASKED, "answer": FEE}]
    page.get_by_role("button", name="New").click()
    expect(page.locator(".turn")).to_have_count(0)


def test_earlier_questions_are_kept_in_the_browser(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([FEE])).url)
    ask(page, ASKED)
    expect(page.locator(".said")).to_contain_text(FEE)
    page.reload()
    expect(page.locator(".turn")).to_have_count(0)
    page.get_by_role("button", name="Earlier").click()
    picture(page, "earlier")
    page.get_by_role("button", name=ASKED, exact=True).click()
    expect(page.locator(".said")).to_contain_text(FEE)
    page.get_by_role("button", name="Earlier").click()
    # It is asked about first, and keeping them is what Enter does.
    page.get_by_role("button", name="Forget all").click()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Forget all")).to_be_focused()
    expect(page.locator(".past li")).to_have_count(1)
    page.get_by_role("button", name="Forget all").click()
    page.get_by_role("button", name="Forget", exact=True).click()
    expect(page.get_by_text("None yet.")).to_be_visible()
    assert page.evaluate("localStorage.length") == 0


def test_an_earlier_answer_with_the_certainty_in_its_text(page: Page, serve: Serve) -> None:
    """Pageproof 0.1 wrote "Possibly: " into the answer that the browser keeps."""
    page.goto(serve(ScriptedModel([FEE])).url)
    ask(page, ASKED)
    expect(page.locator(".said")).to_contain_text(FEE)
    page.evaluate("""() => {
        const kept = JSON.parse(localStorage["pageproof.conversations"]);
        const answer = kept[0].turns[0].answer;
        delete answer.certainty;
        answer.answer = `Possibly: ${answer.answer}`;
        localStorage["pageproof.conversations"] = JSON.stringify(kept);
    }""")
    page.reload()
    page.get_by_role("button", name="Earlier").click()
    page.get_by_role("button", name=ASKED, exact=True).click()
    expect(page.locator(".said .badge")).to_have_text("Possibly")
    expect(page.locator(".said")).not_to_contain_text("Possibly:")


def test_only_in_some_documents(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([DOGS])).url)
    page.get_by_label("Search by name").fill("FERR")
    expect(page.locator(".documents li")).to_have_count(1)
    page.get_by_label("Ask only in ferry.pdf").check()
    picture(page, "library")
    with page.expect_request("**/ask") as asked:
        ask(page, "Do dogs travel free of charge?")
    assert (asked.value.post_data_json or {})["documents"] == ["ferry.pdf"]
    expect(page.locator(".turn .only")).to_have_text("Only in ferry.pdf")
    page.get_by_role("button", name="search in all").click()
    expect(page.get_by_label("Ask only in ferry.pdf")).not_to_be_checked()


def test_a_link_opens_the_same_view_again(page: Page, browser: Browser, serve: Serve) -> None:
    running = serve(ScriptedModel([FEE]))
    page.goto(running.url)
    ask(page, ASKED)
    page.locator(".mark").click()
    expect(page.locator("rect.quote")).to_have_count(1)
    link, place = page.url, page.locator("rect.quote").evaluate("each => each.outerHTML")
    page.go_back()
    expect(page.locator(".viewer")).to_have_count(0)
    other = browser.new_page()
    other.goto(link)
    expect(other.locator(".viewer h2")).to_have_text("harbour.pdf")
    assert other.locator("rect.quote").evaluate("each => each.outerHTML") == place
    other.get_by_role("button", name="Close the page").click()
    expect(other.locator(".viewer")).to_have_count(0)
    other.close()


def test_a_link_to_what_is_not_there(page: Page, serve: Serve) -> None:
    page.goto(f"{serve(ScriptedModel([FEE])).url}/#/documents/{'0' * 64}/pages/1")
    expect(page.locator(".viewer").get_by_role("alert")).to_contain_text("This document is not in the index any more.")


def test_a_link_to_a_page_that_is_not_there(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([FEE])).url)
    page.get_by_role("button", name="harbour.pdf").click()
    at_page(page, 1, 2)
    page.goto(page.url.replace("pages/1", "pages/9"))
    expect(page.locator(".viewer").get_by_role("alert")).to_contain_text("harbour.pdf has pages 1 to 2, not 9")


def test_copied_with_its_citations(page: Page, serve: Serve) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(serve(ScriptedModel([FEE])).url)
    ask(page, ASKED)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"{FEE} [1]\n\n[1] harbour.pdf, page 2: “{FEE}”"


def test_pages_are_turned_and_zoomed(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([FEE])).url)
    ask(page, ASKED)
    page.locator(".mark").click()
    at_page(page, 2, 2)
    expect(page.get_by_role("button", name="Next page")).to_be_disabled()
    page.get_by_role("button", name="Previous page").click()
    at_page(page, 1, 2)
    expect(page.locator("rect.quote")).not_to_be_in_viewport()
    page.keyboard.press("ArrowRight")
    at_page(page, 2, 2)
    page.locator(".zoom").click()
    expect(page.locator(".zoom")).to_have_text("100 %")
    width = page.locator(".paper").first.evaluate("each => each.clientWidth")
    page.get_by_role("button", name="Zoom in").click()
    expect(page.locator(".zoom")).to_have_text("125 %")
    assert page.locator(".paper").first.evaluate("each => each.clientWidth") == pytest.approx(1.25 * width, rel=0.02)


def test_a_new_generation_is_served_and_shown(page: Page, serve: Serve, documents: Path, index: Path) -> None:
    page.goto(serve(ScriptedModel([FEE])).url)
    expect(page.locator(".documents li")).to_have_count(2)
    make_pdf(documents / "pilots.pdf", ["# Pilots\nThe pilots wear red coats."])
    ingest_job(index, BagOfWordsEncoder()).run(discover([documents]))
    expect(page.locator(".documents li")).to_have_count(3)
    expect(page.locator(".served")).to_contain_text("000002-")


def test_what_could_not_be_read_is_listed(page: Page, serve: Serve, documents: Path, index: Path) -> None:
    (documents / "<b>broken.pdf").write_bytes(b"%PDF-1.4 nothing more")
    make_pdf(documents / "secret.pdf", ["# Secret\nNobody reads this."], password="sesame")
    make_pdf(documents / "half.pdf", ["# Half\nThe pilots wear red coats.", DRAWING])
    ingest_job(index, BagOfWordsEncoder()).run(discover([documents]))
    make_pdf(documents / "other.pdf", ["# Other\nFerns unroll in April."])
    ingest_job(index, BagOfWordsEncoder()).run(discover([documents]))
    page.goto(serve(ScriptedModel([FEE])).url)
    unread = page.get_by_role("list", name="Could not be read").get_by_role("listitem")
    expect(unread).to_have_count(2)
    expect(unread.nth(0)).to_contain_text("<b>broken.pdf")
    expect(unread.nth(0).locator(".badge")).to_have_text("Damaged")
    expect(unread.nth(1).locator(".badge")).to_have_text("Locked")
    half = page.locator(".documents li", has_text="half.pdf")
    expect(half.locator(".fault")).to_contain_text("Partly read")
    expect(half.locator(".fault")).to_contain_text("page 2")
    expect(page.locator(".documents .fault")).to_have_count(1)
    picture(page, "unread")
    page.get_by_label("Search by name").fill("secret")
    expect(unread).to_have_count(1)


def test_an_access_key_is_asked_for(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([FEE]), api_keys=[SecretStr("sesame")]).url)
    expect(page.get_by_role("dialog")).to_contain_text("An access key is needed")
    expect(page.get_by_role("alert", include_hidden=True)).to_have_count(0)
    expect(page.locator("body")).not_to_contain_text("Bearer")
    page.get_by_role("textbox", name="Access key").fill("wrong")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("That key is not accepted.")
    page.get_by_role("textbox", name="Access key").fill("sesame")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".documents li")).to_have_count(2)
    ask(page, ASKED)
    page.locator(".mark").click()
    expect(page.locator("rect.quote")).to_have_count(1)
    assert "sesame" not in page.evaluate("JSON.stringify(localStorage)")


def test_copied_as_possible_where_it_is(page: Page, serve: Serve) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(serve(ScriptedModel([FEE], assent=0.4)).url)
    ask(page, ASKED)
    expect(page.locator(".said")).to_contain_text("Possibly")
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith(f"Possibly: {FEE} [1]")


def test_an_answer_that_was_cut_off(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([f"{FEE} " + " ".join(f"Berth {n} is free." for n in range(90))])).url)
    ask(page, ASKED)
    expect(page.locator(".answer")).to_contain_text("cut off")


def test_an_answer_stays_until_there_is_another(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([FEE])).url)
    ask(page, ASKED)
    expect(page.locator(".said")).to_contain_text(FEE)
    page.route("**/ask", lambda route: route.abort())
    page.get_by_role("button", name="Ask again").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    expect(page.locator(".said")).to_contain_text(FEE)
    page.unroute("**/ask")
    page.locator(".problem").get_by_role("button", name="Ask again").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator(".said")).to_contain_text(FEE)


def test_a_link_is_closed_after_its_pages_were_turned(page: Page, browser: Browser, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([FEE])).url)
    ask(page, ASKED)
    page.locator(".mark").click()
    expect(page.locator("rect.quote")).to_have_count(1)
    other = browser.new_page()
    other.goto(page.url)
    expect(other.locator(".viewer h2")).to_have_text("harbour.pdf")
    other.keyboard.press("ArrowLeft")
    at_page(other, 1, 2)
    other.keyboard.press("Escape")
    expect(other.locator(".viewer")).to_have_count(0)
    expect(other.get_by_text("2 documents")).to_be_visible()
    other.close()


def test_a_page_that_was_closed_before_it_came_stays_closed(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([FEE])).url)
    ask(page, ASKED)

    def late(route: Route) -> None:
        page.wait_for_timeout(600)
        route.continue_()

    page.route("**/pages/*.png", late)
    page.locator(".mark").click()
    page.keyboard.press("Escape")
    expect(page.locator(".viewer")).to_have_count(0)
    page.wait_for_timeout(1200)
    expect(page.locator(".viewer")).to_have_count(0)
    page.keyboard.press("ArrowLeft")


def test_a_panel_is_opened_in_front_of_a_page(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([FEE])).url)
    ask(page, ASKED)
    page.locator(".mark").click()
    expect(page.locator(".viewer")).to_be_visible()
    page.get_by_role("button", name="Earlier").click()
    expect(page.get_by_role("heading", name="Earlier questions")).to_be_visible()
    expect(page.locator(".viewer")).to_have_count(0)


def test_the_focus_stays_on_the_button(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([FEE], seconds_per_token=0.02)).url)
    page.get_by_label("Question", exact=True).fill(ASKED)
    page.get_by_role("button", name="Ask", exact=True).dblclick()
    expect(page.get_by_role("button", name="Stop")).to_be_focused()
    expect(page.locator(".said")).to_contain_text(FEE)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_focused()


@pytest.mark.parametrize("key", ["\u200bsesame", "schlüssel"])
def test_a_key_of_any_characters(page: Page, serve: Serve, key: str) -> None:
    page.goto(serve(ScriptedModel([FEE]), api_keys=[SecretStr("sesame")]).url)
    for given in (key, " sesame "):
        page.get_by_role("textbox", name="Access key").fill(given)
        page.get_by_role("button", name="Continue").click()
        if given == key:
            expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    expect(page.locator(".documents li")).to_have_count(2)


def test_where_the_browser_keeps_nothing(page: Page, serve: Serve) -> None:
    forbidden = "{ get() { throw new DOMException('forbidden', 'SecurityError') } }"
    for name in ("localStorage", "sessionStorage"):
        page.add_init_script(f"Object.defineProperty(window, '{name}', {forbidden})")
    page.goto(serve(ScriptedModel([FEE])).url)
    ask(page, ASKED)
    expect(page.locator(".said")).to_contain_text(FEE)


def test_what_could_not_be_loaded_is_tried_again(page: Page, serve: Serve) -> None:
    running = serve(ScriptedModel([FEE]))
    page.route("**/info", lambda route: route.abort(), times=1)
    page.goto(running.url)
    expect(page.get_by_text("cannot be reached").first).to_be_visible()
    expect(page.locator(".documents li")).to_have_count(2)


def test_long_names_on_a_phone(page: Page, serve: Serve, documents: Path, index: Path) -> None:
    name = f"{'Annual_Report_2024_consolidated_final_signed_by_board_' * 2}.pdf"
    make_pdf(documents / name, ["# Ferns\nFerns unroll in April."])
    ingest_job(index, BagOfWordsEncoder()).run(discover([documents]))
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(serve(ScriptedModel(["Ferns unroll in April."])).url)
    page.get_by_role("button", name="Documents", exact=True).click()
    page.get_by_label(f"Ask only in {name}").check()
    page.get_by_role("button", name="Documents", exact=True).click()
    ask(page, "When do ferns unroll?")
    expect(page.locator(".said")).to_contain_text("April")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("height", [640, 800])
def test_only_what_scrolls_is_scrolled(page: Page, serve: Serve, height: int) -> None:
    """The bar stays where it is, and the newest question is at the top."""
    page.set_viewport_size({"width": 1280, "height": height})
    page.goto(serve(ScriptedModel([FEE, f"{NOT_FOUND} 24 euros.", f"{NOT_FOUND} 24 euros."])).url)
    for number, question in enumerate((ASKED, "Who painted the harbour office?", "Who painted the boats?"), start=1):
        ask(page, question)
        expect(page.locator(".turn.done")).to_have_count(number)
    box = page.locator(".turn h2").last.bounding_box()
    assert box is not None
    assert 0 < box["y"] < 150
    page.locator(".mark").first.click()
    expect(page.locator("rect.quote").first).to_be_attached()
    assert page.evaluate("document.documentElement.scrollTop") == 0
    expect(page.locator(".bar")).to_be_in_viewport(ratio=1)
