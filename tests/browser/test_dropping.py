"""A person alone with the service drops documents on the page, without a key; pages of other origins do nothing."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2 as httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from rag.testing import ScriptedModel
from tests.browser.conftest import Serve, ask, picture
from tests.browser.test_accessibility import violations
from tests.fakes import make_pdf
from tests.integration.conftest import Running
from tests.integration.test_adding import QUESTION, UVHOLM, names, upload_service

SAID = "The ferry to Uvholm leaves at 6 in the morning."
# In the browser: files that are dropped on the page, as a person drops them.
_DROP = """(files) => {
  const dropped = new DataTransfer();
  const bytes = (data) => Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
  for (const [name, data] of files) dropped.items.add(new File([bytes(data)], name));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: dropped, bubbles: true, cancelable: true }));
  }
}"""


@pytest.fixture
def alone(serve: Serve, documents: Path, index: Path) -> Running:
    uploads = upload_service(documents, index, without_key=True)
    return serve(ScriptedModel([SAID]), uploads=uploads)


@pytest.fixture
def opened(page: Page, alone: Running) -> Page:
    page.goto(alone.url)
    expect(page.locator(".documents li")).to_have_count(2)
    return page


def drop(page: Page, *paths: Path) -> None:
    page.evaluate(_DROP, [[path.name, base64.b64encode(path.read_bytes()).decode()] for path in paths])


def line_of(page: Page, name: str) -> str:
    return page.get_by_role("list", name="Files").get_by_role("listitem").filter(has_text=name).inner_text()


def test_a_document_is_dropped_and_answers(opened: Page, tmp_path: Path) -> None:
    make_pdf(tmp_path / "uvholm.pdf", UVHOLM)
    drop(opened, tmp_path / "uvholm.pdf")
    files = opened.get_by_role("list", name="Files")
    expect(files).to_contain_text("Ready: 1 page.", timeout=120_000)
    expect(opened.get_by_label("Admin key")).to_have_count(0)
    expect(opened.get_by_role("heading", name="Done")).to_be_visible()
    assert violations(opened) == []
    picture(opened, "dropped")
    ask(opened, QUESTION)
    expect(opened.locator(".said")).to_contain_text(SAID)


def test_the_first_file_is_asked_about_while_the_others_are_read(opened: Page, tmp_path: Path) -> None:
    sent: list[str] = []
    opened.on("request", lambda each: sent.append(f"{each.method} {each.url.rpartition('/')[2]}"))
    for number in range(3):
        make_pdf(tmp_path / f"{number}.pdf", [f"# Island {number}\nSheep live on island {number}."] * (3 - number))
    make_pdf(tmp_path / "locked.pdf", ["# Secret\nNobody reads this."] * 4, password="sesame")
    drop(opened, *(tmp_path / name for name in ("0.pdf", "1.pdf", "2.pdf", "locked.pdf")))
    expect(opened.get_by_role("heading", name="Done")).to_be_visible(timeout=240_000)
    assert line_of(opened, "0.pdf").split("\n")[-1].strip() == "Ready: 3 pages."
    assert line_of(opened, "2.pdf").split("\n")[-1].strip() == "Ready: 1 page."
    assert "It is locked with a password. Save it without one, and add that." in line_of(opened, "locked.pdf")
    # The smallest alone, then a run; then the others, and a run for them.
    posts = [each for each in sent if each.startswith("POST")]
    assert posts[:2] == ["POST uploads?name=2.pdf", "POST ingest"]
    assert posts[-1] == "POST ingest"
    assert sorted(posts[2:-1]) == [f"POST uploads?name={name}" for name in ("0.pdf", "1.pdf", "locked.pdf")]
    expect(opened.locator(".files .fault")).to_have_count(1)
    picture(opened, "report")


def test_a_document_is_removed(opened: Page, documents: Path) -> None:
    opened.get_by_role("button", name="Remove ferry.pdf").click()
    group = opened.get_by_role("group", name="Remove ferry.pdf")
    expect(group.get_by_role("button", name="Remove", exact=True)).to_be_focused()
    assert violations(opened) == []
    group.get_by_role("button", name="Keep").click()
    expect(opened.get_by_role("button", name="Remove ferry.pdf")).to_be_focused()
    assert names(documents) == {"ferry.pdf", "harbour.pdf"}
    opened.get_by_role("button", name="Remove ferry.pdf").click()
    opened.get_by_role("button", name="Remove", exact=True).click()
    expect(opened.locator(".documents li")).to_have_count(1, timeout=120_000)
    expect(opened.locator(".notice")).to_have_text(
        "ferry.pdf was removed. The file is kept: .pageproof-removed/ferry.pdf, in the folder of documents."
    )
    assert (documents / ".pageproof-removed/ferry.pdf").is_file()
    # The last one stays, and the reason is told.
    opened.get_by_role("button", name="Remove harbour.pdf").click()
    opened.get_by_role("button", name="Remove", exact=True).click()
    expect(opened.get_by_role("alert")).to_contain_text("this is the only document")
    assert (documents / "harbour.pdf").is_file()


def test_a_document_is_replaced(opened: Page, tmp_path: Path, documents: Path) -> None:
    make_pdf(tmp_path / "ferry.pdf", UVHOLM)
    before = (documents / "ferry.pdf").read_bytes()
    drop(opened, tmp_path / "ferry.pdf")
    opened.get_by_role("button", name="Replace it").click()
    expect(opened.get_by_role("list", name="Files")).to_contain_text("Ready: 1 page.", timeout=120_000)
    ask(opened, QUESTION)
    expect(opened.locator(".said")).to_contain_text(SAID)
    assert (documents / ".pageproof-removed/ferry.pdf").read_bytes() == before


class TestEmpty:
    """A service without an index, as it is for somebody who has just started it."""

    @pytest.fixture
    def documents(self, tmp_path: Path) -> Path:
        (tmp_path / "empty").mkdir()
        return tmp_path / "empty"

    @pytest.fixture
    def index(self, tmp_path: Path) -> Path:
        return tmp_path / "indexes"

    def test_the_first_document_is_dropped(self, page: Page, alone: Running, tmp_path: Path) -> None:
        page.goto(alone.url)
        expect(page.get_by_role("main").get_by_text("There are no documents yet.")).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
        assert violations(page) == []
        picture(page, "empty")
        text = (
            "# Ferries to Uvholm\nThe ferry leaves at 6 in the morning.\n# Fares and tickets\nA ticket costs 9 euros."
        )
        make_pdf(tmp_path / "uvholm.pdf", [text])
        page.locator(".welcome input[type=file]").set_input_files([tmp_path / "uvholm.pdf"])
        expect(page.get_by_text("1 document is ready.")).to_be_visible(timeout=120_000)
        # Three questions from the document invite, and each is asked by a click.
        expect(page.locator(".examples li")).to_have_count(3)
        expect(page.locator(".examples")).to_contain_text("Summarise")
        picture(page, "first")
        page.locator(".examples button").first.click()
        expect(page.locator(".turn.done")).to_have_count(1)


class _Elsewhere(BaseHTTPRequestHandler):
    """A page of another origin."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title><p>elsewhere")

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def elsewhere() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


# In the browser: all the ways in which a page sends something without being allowed to.
_ATTACK = """async (url) => {
  const send = async (path, options) => {
    try {
      return (await fetch(url + path, { mode: "no-cors", credentials: "omit", ...options })).type;
    } catch (error) {
      return String(error);
    }
  };
  const body = new Blob(["%PDF-1.4 evil"], { type: "text/plain" });
  const json = JSON.stringify({ question: "What does a berth cost?" });
  const typed = (type) => ({ mode: "cors", headers: { "Content-Type": type } });
  await send("/ingest", { method: "POST" });
  await send("/uploads?name=evil.pdf", { method: "POST", body });
  await send("/uploads?name=evil.pdf", { method: "POST", body, ...typed("application/octet-stream") });
  await send("/uploads?name=ferry.pdf", { method: "DELETE", mode: "cors" });
  await send("/ask", { method: "POST", body: json });
  await send("/ask", { method: "POST", body: json, ...typed("application/json") });
  await send("/v1/chat/completions", { method: "POST", body: json });
  navigator.sendBeacon(url + "/ingest", "");
  for (const sandbox of [false, true]) {
    const frame = document.createElement("iframe");
    if (sandbox) frame.sandbox = "allow-forms allow-scripts";
    const form = `<form method="post" action="${url}/ingest"></form>`;
    frame.srcdoc = `${form}<script>document.forms[0].submit()</script>`;
    document.body.append(frame);
    await new Promise((done) => setTimeout(done, 500));
  }
}"""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_page_of_another_origin_does_nothing(
    context: BrowserContext, alone: Running, documents: Path, elsewhere: int, host: str
) -> None:
    before = names(documents)
    page = context.new_page()
    answers: list[tuple[str, str, int]] = []
    context.on(
        "response",
        lambda each: answers.append((each.request.method, each.url, each.status)) if alone.url in each.url else None,
    )
    page.goto(f"http://{host}:{elsewhere}/")
    page.evaluate(_ATTACK, alone.url)
    changing = [status for method, _, status in answers if method not in ("GET", "OPTIONS")]
    assert changing
    assert set(changing) == {403}
    assert httpx.get(f"{alone.url}/ingest").json()["state"] == "idle"
    assert names(documents) == before
    assert alone.model.generated_tokens == 0
    # Its own page may: the same request, from the service's own origin.
    page.goto(alone.url)
    assert page.evaluate("fetch('/ingest', { method: 'POST' }).then((answer) => answer.status)") == 202
    page.close()


def test_it_is_not_offered_to_others(page: Page, alone: Running) -> None:
    """Behind a proxy the service cannot know who is there."""
    page.set_extra_http_headers({"X-Forwarded-For": "192.0.2.7"})
    page.goto(alone.url)
    expect(page.locator(".documents li")).to_have_count(2)
    expect(page.get_by_role("button", name="Add", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("^Remove "))).to_have_count(0)
