"""Settings are kept in the browser, and hold; the first page invites; every text comes from the catalogue."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Route, expect
from pydantic import SecretStr

import rag
from ingest.discovery import discover
from rag.models.weights.catalogue import Catalogue
from rag.models.weights.recommendation import commands_to_try
from rag.service.language_model.description import ModelDescription
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.browser.conftest import Serve, ask, picture
from tests.browser.test_accessibility import violations
from tests.fakes import ingest_job, make_pdf
from tests.integration.test_adding import upload_service
from tests.integration.test_answer_forms import ABSTENTION, HOW_TO

WEB = Path(rag.__file__).parent / "service" / "static"
MOST_BYTES = 200_000
LONG = "Northwind_Health_Plus_Benefits_Details"
DARK, LIGHT = "rgb(20, 24, 31)", "rgb(255, 255, 255)"


def test_they_are_kept_and_hold(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([""]), scripts=[HOW_TO]).url)
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Full everything that the documents say about it").check()
    page.get_by_label("Strict fewer answers").check()
    page.get_by_label("Dark").check()
    page.get_by_label("Large").check()
    expect(page.locator("body")).to_have_css("background-color", DARK)
    picture(page, "settings")
    assert violations(page) == []
    page.reload()
    expect(page.locator("body")).to_have_css("background-color", DARK)
    expect(page.locator("html")).to_have_css("font-size", "19px")
    with page.expect_request("**/ask") as asked:
        ask(page, "How do I take a berth?")
    sent = asked.value.post_data_json or {}
    assert (sent["length"], sent["strictness"]) == ("full", "strict")
    page.get_by_role("button", name="Settings").click()
    for label in ("Normal the answer with what belongs to it", "Normal as whoever runs", "Like the system"):
        page.get_by_label(label).check()
    page.locator("input[name=size][value=normal]").check()
    expect(page.locator("body")).to_have_css("background-color", LIGHT)
    assert page.evaluate("localStorage['pageproof.preferences'] ?? null") is None


def test_the_language_is_chosen(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([""]), scripts=[HOW_TO]).url)
    ask(page, "How do I take a berth?")
    expect(page.locator(".turn.done")).to_have_count(1)
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Deutsch").check()
    expect(page.get_by_role("heading", name="Einstellungen")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    # The conversation goes on.
    expect(page.locator(".turn.done")).to_have_count(1)
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.get_by_role("button", name="Einstellungen").click()
    page.get_by_label("Wie im Browser").check()
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()


def test_the_model_that_answers_is_described_with_a_better_one(
    page: Page, context: BrowserContext, serve: Serve
) -> None:
    catalogue = Catalogue.load()
    default = next(entry for entry in catalogue if entry.default)
    better = catalogue.get("qwen3-4b-instruct-2507-q4_k_m")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(serve(ScriptedModel([""]), language_model=ModelDescription(default, better=better)).url)
    page.get_by_role("button", name="Settings").click()
    section = page.get_by_role("region", name="Model that answers")
    expect(section).to_contain_text(f"{default.title} (licence: Apache-2.0)")
    expect(section).to_contain_text("Small: it takes facts, steps and lists from the documents well.")
    expect(section).to_contain_text("Its answers were measured with this program.")
    section.get_by_text(f"{better.title} would fit this machine").click()
    expect(section).to_contain_text("a download of 2497.3 MB; licence: Apache-2.0")
    expect(section).to_contain_text("its answers were not measured with this program")
    assert violations(page) == []
    picture(page, "model")
    section.get_by_role("button", name="Copy the commands").click()
    expect(page.get_by_role("status").first).to_have_text("The commands were copied")
    assert page.evaluate("navigator.clipboard.readText()") == "\n".join(commands_to_try(better))


def test_a_model_on_a_server_is_said_to_get_the_passages(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([""]), language_model=ModelDescription(is_remote=True)).url)
    page.get_by_role("button", name="Settings").click()
    section = page.get_by_role("region", name="Model that answers")
    expect(section).to_contain_text("It runs on another server, which is sent each question and its passages.")
    expect(section).to_contain_text("whoever runs it can take another one")
    expect(section).not_to_contain_text("would fit this machine")


def test_what_is_kept_may_be_anything(page: Page, serve: Serve) -> None:
    running = serve(ScriptedModel([""]), scripts=[HOW_TO])
    for kept in ("{", "null", "[]", '{"theme": "<b>", "length": 7}'):
        page.add_init_script(f"localStorage['pageproof.preferences'] = {kept!r}")
        page.goto(running.url)
        expect(page.locator("body")).to_have_css("background-color", LIGHT)


def test_the_first_page_invites(page: Page, serve: Serve, documents: Path, index: Path) -> None:
    make_pdf(documents / "knots.pdf", ["# Tying a bowline\nFirst the rope.", "# Mending of torn sails\nA needle."])
    ingest_job(index, BagOfWordsEncoder()).run(discover([documents]))
    page.goto(serve(ScriptedModel([""]), scripts=[HOW_TO]).url)
    examples = page.get_by_role("list", name="Try one of these").get_by_role("button")
    # Of the titles, the names of files that have none, and the headings.
    expect(examples).to_have_text(
        [
            "Summarise ferry.pdf",
            "What does Tying a bowline say about “Mending of torn sails”?",
            "Which documents mention “Opening hours”?",
        ]
    )
    assert violations(page) == []
    with page.expect_request("**/ask") as asked:
        examples.first.click()
    assert (asked.value.post_data_json or {})["question"] == "Summarise ferry.pdf"
    expect(page.locator(".turn.done h2")).to_have_text("Summarise ferry.pdf")


def test_files_are_dropped_anywhere(page: Page, serve: Serve, documents: Path, index: Path) -> None:
    running = serve(
        ScriptedModel([""]), scripts=[HOW_TO], admin_keys=[SecretStr("admin")], uploads=upload_service(documents, index)
    )
    page.goto(running.url)
    expect(page.locator(".invitation")).to_contain_text(".pdf")
    page.evaluate("""() => {
        const data = new DataTransfer();
        data.items.add(new File(["Ferns unroll in April."], "ferns.txt", { type: "text/plain" }));
        for (const kind of ["dragenter", "dragover", "drop"])
            document.querySelector(".welcome").dispatchEvent(
                new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));
    }""")
    expect(page.locator(".curtain")).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_text("The admin key is needed.")
    page.get_by_label("Admin key").fill("admin")
    page.keyboard.press("Tab")
    expect(page.get_by_role("heading", name="Done")).to_be_visible(timeout=120_000)
    expect(page.get_by_role("list", name="Files")).to_have_text(re.compile(r"ferns\.txt\s+Ready: 1 page\."))


def test_the_list_is_sorted_and_named_by_words(page: Page, serve: Serve, documents: Path, index: Path) -> None:
    make_pdf(documents / f"{LONG}.pdf", ["# A\nB.", "# C\nD.", "# E\nF."])
    (documents / "notes10.md").write_text("# Notes\n\nTen.")
    ingest_job(index, BagOfWordsEncoder()).run(discover([documents]))
    page.goto(serve(ScriptedModel([""]), scripts=[HOW_TO]).url)
    names = page.locator(".documents .row-title")
    expect(names).to_have_text(
        [
            "ferry.pdf",
            "Harbour rules harbour.pdf",
            f"{LONG}.pdf",
            re.compile("notes10.md"),
        ]
    )
    expect(page.locator(".documents .filetype text")).to_have_text(["pdf", "pdf", "pdf", "md"])
    page.get_by_label("Sort").select_option("longest first")
    expect(names.first).to_have_text(f"{LONG}.pdf")
    page.reload()
    expect(names.first).to_have_text(f"{LONG}.pdf")
    # Each line ends where a word does.
    lines = page.evaluate("""() => {
        const title = document.querySelector(".documents .row-title .title");
        title.style.width = "9rem";
        const range = document.createRange(), lines = new Map();
        for (const node of [...title.childNodes].filter((each) => each.nodeType === 3))
            for (let place = 0; place < node.data.length; place += 1) {
                range.setStart(node, place);
                range.setEnd(node, place + 1);
                const top = Math.round(range.getBoundingClientRect().top);
                lines.set(top, (lines.get(top) ?? "") + node.data[place]);
            }
        return [...lines.values()];
    }""")
    assert len(lines) > 1
    assert all(line.endswith(("_", ".pdf")) for line in lines), lines


# Texts of elements and of their attributes that a person reads or hears, but for what documents and questions say.
_TEXTS = """(data) => {
  const found = [];
  const walk = document.createTreeWalker(document.querySelector("#page"), NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (!node.parentElement.closest(data)) found.push(node.data.trim());
  }
  for (const each of document.querySelectorAll("#page *"))
    for (const name of ["aria-label", "title", "placeholder", "alt"])
      if (each.hasAttribute(name) && !each.closest(data)) found.push(each.getAttribute(name).trim());
  return found.filter((text) => /\\p{L}/u.test(text));
}"""
# Where data stands: what documents, answers and the model are called, and names of keys.
_DATA = ".words, .sentence, .said, .citation .place, .unsupported li, .asked h2, q, .title, .file, .named, .row-title, "
_DATA += ".brand, dd, kbd, pre, code, .filetype, .text-layer, .example, .viewer h2"


def test_documents_stand_in_their_folders(page: Page, serve: Serve, documents: Path, index: Path) -> None:
    (documents / "tides/north").mkdir(parents=True)
    make_pdf(documents / "tides/north/spring.pdf", ["# Spring\nThe tide is high."])
    make_pdf(documents / "tides/north/autumn.pdf", ["# Autumn\nThe tide is low."])
    ingest_job(index, BagOfWordsEncoder()).run(discover([documents]))
    page.goto(serve(ScriptedModel([""]), scripts=[HOW_TO]).url)
    rows = page.locator(".documents li")
    expect(rows).to_have_count(5)
    expect(rows.nth(2)).to_have_text("tides/north")
    expect(rows.nth(3)).to_contain_text("autumn.pdf")
    expect(rows.nth(3)).not_to_contain_text("tides")
    page.get_by_label("Ask only in the folder tides/north").check()
    expect(page.get_by_text("Only 2 documents are searched.").first).to_be_visible()
    page.get_by_label("Ask only in tides/north/autumn.pdf").uncheck()
    assert page.get_by_label("Ask only in the folder tides/north").evaluate("each => each.indeterminate") is True
    assert violations(page) == []
    picture(page, "folders")
    page.get_by_label("Sort").select_option("newest first")
    expect(rows).to_have_count(4)
    expect(page.locator(".documents")).to_contain_text("tides/north/autumn.pdf")


def test_every_text_is_in_the_catalogue(page: Page, serve: Serve) -> None:
    def marked(route: Route) -> None:
        """The catalogue, with brackets around each text."""
        text = (WEB / "messages" / "en.js").read_text().replace("export const MESSAGES", "const REAL")
        text += """
            const mark = (text) => `⟦${text}⟧`;
            const marked = (message) => typeof message === "string" ? mark(message)
                : Object.fromEntries(Object.entries(message).map(([name, text]) => [name, mark(text)]));
            export const MESSAGES = Object.fromEntries(Object.entries(REAL).map(([key, text]) => [key, marked(text)]));
        """
        route.fulfill(body=text, content_type="text/javascript")

    page.route("**/messages/en.js", marked)
    page.goto(serve(ScriptedModel([""]), scripts=[HOW_TO, ABSTENTION]).url)
    expect(page.locator(".examples li").first).to_be_attached()
    seen: list[Any] = page.evaluate(_TEXTS, _DATA)
    for number in (1, 2):
        page.locator("#question").fill("How do I take a berth?")
        page.keyboard.press("Enter")
        expect(page.locator(".turn.done")).to_have_count(number)
    page.locator("details").evaluate_all("all => all.forEach((each) => { each.open = true })")
    seen += page.evaluate(_TEXTS, _DATA)
    page.locator(".mark").first.click()
    expect(page.locator("rect.quote")).to_have_count(1)
    page.keyboard.press("Control+f")
    expect(page.locator("#find")).to_be_visible()
    seen += page.evaluate(_TEXTS, _DATA)
    page.keyboard.press("Escape")
    for number in (0, 1, -1):
        page.locator(".bar button").nth(number).click()
        expect(page.locator(".panel")).to_be_visible()
        seen += page.evaluate(_TEXTS, _DATA)
    bare = {text for text in seen if "⟦" not in text}
    assert bare == set()
    assert len(set(seen)) > 60, "it has looked at them"


def test_the_page_is_light() -> None:
    files = [path for path in WEB.rglob("*") if path.is_file()]
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < MOST_BYTES
