"""For everybody: axe-core finds nothing serious, all can be done with the keyboard, on a phone, in the dark."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python  # type: ignore[import-untyped]
import pytest
from playwright.sync_api import Browser, Page, expect

from rag.answering.prompt import NOT_FOUND
from rag.testing import ScriptedModel
from tests.browser.conftest import Serve, ask, at_page, picture
from tests.browser.test_page import ASKED, FEE

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
SERIOUS = ("serious", "critical")


def violations(page: Page) -> list[str]:
    """What axe-core finds that hinders people: its rule, and the first element."""
    # Given by the debugger: the policy of the page allows no script but its own.
    page.evaluate(AXE)
    found = page.evaluate("axe.run()")
    return [
        f"{each['id']}: {each['nodes'][0]['html']} {each['nodes'][0]['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1400, 900), (390, 844)], ids=["wide", "phone"])
def test_axe_finds_nothing_serious(browser: Browser, serve: Serve, scheme: str, width: int, height: int) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    name = f"{scheme}-{'wide' if width > 1000 else 'phone'}"
    page.goto(serve(ScriptedModel([f"{FEE} The moon is made of cheese.", f"{NOT_FOUND} 24 euros."])).url)
    expect(page.get_by_text("2 documents")).to_be_visible()
    assert violations(page) == []
    ask(page, ASKED)
    page.get_by_text("1 sentence left out").click()
    ask(page, "Who painted the harbour office?")
    expect(page.locator(".turn.done")).to_have_count(2)
    picture(page, f"{name}-answers")
    assert violations(page) == []
    page.locator(".mark").first.click()
    expect(page.locator("rect.quote").first).to_be_attached()
    picture(page, f"{name}-viewer")
    assert violations(page) == []
    page.keyboard.press("Escape")
    # Until it is closed, a panel that it covers counts as closed, too.
    expect(page.locator("rect.quote")).to_have_count(0)
    for panel in ("Documents", "Earlier", "Settings"):
        if page.get_by_role("button", name=panel, exact=True).get_attribute("aria-expanded") == "false":
            page.get_by_role("button", name=panel, exact=True).click()
        expect(page.get_by_role("region", name=panel).first).to_be_visible()
        picture(page, f"{name}-{panel.lower()}")
        assert violations(page) == []
    context.close()


def tab_to(page: Page, name: str, key: str = "Tab", most: int = 60) -> None:
    """Presses the key until what has the focus is called so."""
    for _ in range(most):
        page.keyboard.press(key)
        focused = page.evaluate(
            "document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText.trim()"
        )
        if focused.startswith(name):
            return
    raise AssertionError(f"{key} does not come to {name}")


def tab_back(page: Page, name: str) -> None:
    tab_to(page, name, "Shift+Tab")


def test_everything_with_the_keyboard(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([FEE], seconds_per_token=0.02)).url)
    expect(page.get_by_text("2 documents")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(ASKED)
    page.keyboard.press("Enter")
    tab_to(page, "Stop")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Stopped.")).to_be_visible()
    page.keyboard.press("/")
    tab_back(page, "Ask again")
    page.keyboard.press("Enter")
    expect(page.locator(".said")).to_contain_text(FEE)
    page.keyboard.press("/")
    tab_back(page, "Citation 1: harbour.pdf, page 2")
    page.keyboard.press("Enter")
    expect(page.locator(".viewer h2")).to_be_focused()
    at_page(page, 2, 2)
    page.keyboard.press("ArrowLeft")
    at_page(page, 1, 2)
    page.keyboard.press("ArrowRight")
    at_page(page, 2, 2)
    zoom = page.locator(".zoom").inner_text()
    page.keyboard.press("+")
    expect(page.locator(".zoom")).not_to_have_text(zoom)
    page.keyboard.press("-")
    expect(page.locator(".zoom")).to_have_text(zoom)
    tab_to(page, "Copy link")
    page.keyboard.press("Escape")
    expect(page.locator(".viewer")).to_have_count(0)
    expect(page.locator(":focus")).to_have_attribute("aria-label", "Citation 1: harbour.pdf, page 2")
    tab_back(page, "Ask only in ferry.pdf")
    page.keyboard.press("Space")
    expect(page.get_by_label("Ask only in ferry.pdf")).to_be_checked()
    tab_back(page, "Earlier")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Earlier questions")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Earlier questions")).to_have_count(0)


# Holds back the last event of an answer, the whole one, until the page is told to let it come.
HOLD_ANSWER = """
const comes = new Promise((resolve) => { window.letAnswerCome = resolve; });
const fetched = window.fetch;
window.fetch = async (...asked) => {
  const response = await fetched(...asked);
  if (!String(asked[0]).endsWith("/ask")) return response;
  let held = "";
  const hold = new TransformStream({
    transform(chunk, controller) {
      held += chunk;
      const end = held.indexOf("event: answer");
      controller.enqueue(end < 0 ? held : held.slice(0, end));
      held = end < 0 ? "" : held.slice(end);
    },
    async flush(controller) { await comes; controller.enqueue(held); },
  });
  const text = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(hold);
  return new Response(text.pipeThrough(new TextEncoderStream()), response);
};
"""


def test_the_focus_stays_where_it_is_when_the_answer_is_whole(page: Page, serve: Serve) -> None:
    page.add_init_script(HOLD_ANSWER)
    page.goto(serve(ScriptedModel([FEE])).url)
    ask(page, ASKED)
    expect(page.locator(".said")).to_contain_text(FEE)
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.keyboard.press("/")
    tab_back(page, "Citation 1: harbour.pdf, page 2")
    page.evaluate("letAnswerCome()")
    expect(page.locator(".turn.done")).to_be_visible()
    expect(page.locator(":focus")).to_have_attribute("aria-label", "Citation 1: harbour.pdf, page 2")


def test_what_happens_is_told_to_screen_readers(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([FEE])).url)
    ask(page, ASKED)
    expect(page.get_by_role("status")).to_have_text(f"Answered: {FEE} 1 citation")
    page.locator(".mark").click()
    expect(page.get_by_role("status")).to_have_text("harbour.pdf, page 2 of 2")
