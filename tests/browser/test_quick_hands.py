"""Quick hands: clicks and keys that come before the page has drawn what the ones before them did."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from rag.runtime.cancellation import Cancellation
from rag.testing import ScriptedModel
from tests.browser.conftest import Serve, ask
from tests.integration.conftest import GatedModel, wait_until
from tests.integration.test_adding import upload_service
from tests.integration.test_answer_forms import DOGS, FEE
from tests.scripted_answers import Said, Script

BERTHS = Script((Said(FEE, quotes=(FEE,)), Said(DOGS, "detail", quotes=(DOGS,))))
ASKED = "What does a berth cost?"
# Two clicks within one frame.
_TWICE = "(button) => { button.click(); button.click(); }"
_ESCAPE = 'new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true })'


def answered(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([""]), scripts=[BERTHS]).url)
    ask(page, ASKED)
    expect(page.locator(".turn.done")).to_have_count(1)


def requests(page: Page, method: str, path: str) -> list[str]:
    """The paths of a kind of request that the page sends from now on."""
    sent: list[str] = []

    def noted(request: Request) -> None:
        if request.method == method and path in request.url:
            sent.append(request.url)

    page.on("request", noted)
    return sent


def at_work(page: Page, serve: Serve) -> GatedModel:
    """A question that is answered when the gate of the model is opened."""
    model = GatedModel([FEE])
    page.goto(serve(model).url)
    expect(page.get_by_text("2 documents")).to_be_visible()
    ask(page, "What does a berth cost for each night?")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    return model


def test_ask_again_twice_asks_once(page: Page, serve: Serve) -> None:
    answered(page, serve)
    sent = requests(page, "POST", "/ask")
    page.get_by_role("button", name="Ask again").evaluate(_TWICE)
    expect(page.locator(".turn.done .said")).to_contain_text(FEE)
    assert len(sent) == 1


def test_a_double_click_on_stop_does_not_ask_what_is_typed(page: Page, serve: Serve) -> None:
    at_work(page, serve)
    page.get_by_label("Question", exact=True).fill("Do dogs")
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Ask", exact=True).dispatch_event("click", {"detail": 2})
    expect(page.get_by_text("Stopped.")).to_be_visible()
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.get_by_label("Question", exact=True)).to_have_value("Do dogs")


def test_the_next_question_follows_a_stop_at_once(page: Page, serve: Serve) -> None:
    model = at_work(page, serve)
    page.get_by_label("Question", exact=True).fill("Do dogs travel free?")
    page.get_by_role("button", name="Stop").evaluate("""(button) => {
        button.click();
        document.querySelector("#question").dispatchEvent(
            new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    }""")
    expect(page.locator(".turn h2").last).to_have_text("Do dogs travel free?")
    expect(page.locator(".turn.stopped")).to_have_count(1)
    model.open()
    expect(page.locator(".turn.done")).to_have_count(1)


def test_escape_twice_closes_the_page_of_a_document_and_leaves_this_one(page: Page, serve: Serve) -> None:
    page.goto("about:blank")
    answered(page, serve)
    page.locator(".mark").first.click()
    expect(page.locator("rect.quote")).to_have_count(1)
    page.evaluate(f"for (const _ of [1, 2]) document.body.dispatchEvent({_ESCAPE})")
    expect(page.locator(".viewer")).to_have_count(0)
    page.wait_for_timeout(300)  # for a second step back, which nothing announces
    assert page.url.startswith("http")
    expect(page.locator(".turn.done")).to_have_count(1)


def test_a_quote_that_is_opened_while_another_one_closes_stays(page: Page, serve: Serve) -> None:
    answered(page, serve)
    page.locator(".mark").first.click()
    expect(page.locator("rect.quote")).to_have_count(1)
    first = page.url
    page.evaluate(f"document.body.dispatchEvent({_ESCAPE}); document.querySelectorAll('.mark')[1].click()")
    page.wait_for_url(lambda url: "#/documents/" in url and url != first)
    expect(page.locator(".viewer")).to_have_attribute("aria-busy", "false")
    page.wait_for_timeout(300)
    expect(page.locator(".viewer h2")).to_have_text("ferry.pdf")


@pytest.mark.parametrize(
    ("opener", "form"),
    [
        pytest.param(".asked button", ".editor", id="the editor of a question"),
        pytest.param('.past [aria-label^="Rename"]', ".renamer", id="the new name of a conversation"),
        pytest.param('.documents [aria-label^="Remove"]', ".removal", id="the question before a removal"),
    ],
)
def test_escape_closes_what_was_just_opened_and_nothing_else(
    page: Page, serve: Serve, documents: Path, index: Path, opener: str, form: str
) -> None:
    uploads = upload_service(documents, index, without_key=True)
    page.goto(serve(ScriptedModel([""]), scripts=[BERTHS], uploads=uploads).url)
    ask(page, ASKED)
    expect(page.locator(".turn.done")).to_have_count(1)
    if ".past" in opener:
        page.get_by_role("button", name="Earlier", exact=True).click()
    button: Locator = page.locator(opener).first
    expect(button).to_be_visible()
    button.evaluate(f"(button) => {{ button.click(); document.activeElement.dispatchEvent({_ESCAPE}); }}")
    page.wait_for_timeout(100)
    expect(page.locator(".panel")).to_be_visible()
    expect(page.locator(form)).to_have_count(0)


def test_a_conversation_that_is_left_as_its_answer_ends_is_kept(page: Page, serve: Serve) -> None:
    # The answer is there, and its stream still open.
    page.add_init_script("""{
        const fetched = fetch;
        globalThis.fetch = async (path, options) => {
            const response = await fetched(path, options);
            if (!path.endsWith("/ask")) return response;
            const text = await response.text();
            const body = new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode(text)) });
            return new Response(body, { headers: response.headers });
        };
    }""")
    answered(page, serve)
    page.get_by_role("button", name="New", exact=True).click()
    page.get_by_role("button", name="Earlier", exact=True).click()
    expect(page.locator(".past .row-title")).to_have_text([ASKED])


def test_a_conversation_that_is_deleted_while_it_is_answered_stays_deleted(page: Page, serve: Serve) -> None:
    gate = threading.Event()

    def wait(_number: int, cancelled: Cancellation) -> None:
        while not gate.wait(0.01):
            cancelled.check()

    slow = Script((Said(DOGS, quotes=(DOGS,)),), before=wait)
    running = serve(ScriptedModel([""]), scripts=[BERTHS, slow])
    page.goto(running.url)
    ask(page, ASKED)
    expect(page.locator(".turn.done")).to_have_count(1)
    ask(page, "And dogs?")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.get_by_role("button", name="Earlier", exact=True).click()
    page.get_by_role("button", name=f"Delete: {ASKED}").click()
    gate.set()
    wait_until(lambda: running.admission.held == 0)
    page.wait_for_timeout(300)
    expect(page.locator(".past li")).to_have_count(0)
    expect(page.locator(".turn")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".past .row-title")).to_have_text([ASKED])


def test_an_edit_that_is_left_for_another_question_is_given_up(page: Page, serve: Serve) -> None:
    answered(page, serve)
    page.get_by_role("button", name="Edit the question").click()
    page.locator("#question").fill("And dogs?")
    page.keyboard.press("Enter")
    expect(page.locator(".turn.done")).to_have_count(2)
    expect(page.locator(".editor")).to_have_count(0)
    expect(page.locator(".turn h2")).to_have_text([ASKED, "And dogs?"])


def test_escape_empties_a_search_before_it_closes_its_panel(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([""]), scripts=[BERTHS]).url)
    field = page.get_by_label("Search by name")
    field.fill("ferry")
    expect(page.locator(".documents li")).to_have_count(1)
    field.press("Escape")
    expect(page.locator(".documents li")).to_have_count(2)
    expect(field).to_have_value("")
    field.press("Escape")
    expect(page.locator(".panel")).to_have_count(0)


def test_a_document_that_is_opened_again_has_no_marks_of_an_earlier_search(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([""]), scripts=[BERTHS]).url)
    page.locator(".documents .row-title").first.click()
    expect(page.locator(".viewer")).to_have_attribute("aria-busy", "false")
    page.keyboard.press("Control+f")
    page.get_by_label("Search for a text").fill("the")
    expect(page.locator("rect.found").first).to_be_attached()
    page.get_by_role("button", name="Close the page").click()
    expect(page.locator(".viewer")).to_have_count(0)
    page.locator(".documents .row-title").first.click()
    expect(page.locator(".viewer")).to_have_attribute("aria-busy", "false")
    expect(page.locator("rect.found")).to_have_count(0)


def test_a_document_is_removed_once(page: Page, serve: Serve, documents: Path, index: Path) -> None:
    page.goto(serve(ScriptedModel([""]), uploads=upload_service(documents, index, without_key=True)).url)
    page.get_by_role("button", name="Remove ferry.pdf").click()
    sent = requests(page, "DELETE", "/uploads")
    page.locator(".removal").get_by_role("button", name="Remove").evaluate(_TWICE)
    expect(page.locator(".documents li")).to_have_count(1)
    assert len(sent) == 1


def test_typing_does_not_draw_the_page_for_each_letter(page: Page, serve: Serve) -> None:
    page.add_init_script("""
        const frame = requestAnimationFrame;
        globalThis.frames_asked_for = 0;
        globalThis.requestAnimationFrame = (act) => { frames_asked_for += 1; return frame(act); };
    """)
    page.goto(serve(ScriptedModel([FEE])).url)
    expect(page.locator(".documents li")).to_have_count(2)
    field = page.get_by_label("Question", exact=True)
    before = page.evaluate("frames_asked_for")
    field.press_sequentially("What does a berth cost")
    assert page.evaluate("frames_asked_for") - before < 10
    expect(page.get_by_role("button", name="Ask", exact=True)).to_have_attribute("aria-disabled", "false")
    field.press("Enter")
    expect(page.locator(".turn h2")).to_have_text("What does a berth cost")
    expect(field).to_have_value("")
