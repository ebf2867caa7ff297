"""Nothing of a document, of the model or of a question is run, and nothing is sent away."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ingest.discovery import discover
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.browser.conftest import Serve, ask
from tests.browser.payloads import PAYLOADS
from tests.fakes import ingest_job


def printable(payload: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f]", " ", payload).split())


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """Each payload in a sentence, and in the name of a file."""
    folder = tmp_path / "documents"
    folder.mkdir()
    lines = [f"Notice {number:02} reads {printable(payload)} today." for number, payload in enumerate(PAYLOADS)]
    (folder / "<img src=x onerror=window.pwned=1>.txt").write_text("\n\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def index(documents: Path, tmp_path: Path) -> Path:
    ingest_job(tmp_path / "indexes", BagOfWordsEncoder()).run(discover([documents]))
    return tmp_path / "indexes"


@pytest.fixture
def sent(page: Page) -> Callable[[str], list[str]]:
    """What was asked of anybody else, or opened, or run."""
    seen: list[str] = []
    page.context.on("request", lambda request: seen.append(request.url))
    page.on("popup", lambda popup: seen.append(f"opened {popup.url}"))
    page.on("dialog", lambda dialog: seen.append(f"said {dialog.message}"))
    page.add_init_script("addEventListener('securitypolicyviolation', (event) => { window.pwned = event.blockedURI })")

    def elsewhere(url: str) -> list[str]:
        page.wait_for_timeout(100)
        here = (url, f"blob:{url}")
        run = str(page.evaluate("window.pwned ?? ''"))
        return [each for each in seen if not each.startswith(here)] + [f"ran {run}"] * bool(run)

    return elsewhere


def test_there_are_eighty() -> None:
    assert len(set(PAYLOADS)) == 80


@pytest.mark.parametrize("start", range(0, 80, 10))
def test_in_documents_and_answers(page: Page, serve: Serve, sent: Callable[[str], list[str]], start: int) -> None:
    lines = [f"Notice {number:02} reads {printable(PAYLOADS[number])} today." for number in range(start, start + 10)]
    running = serve(ScriptedModel([*lines], context_tokens=8192))
    page.goto(running.url)
    for number, line in enumerate(lines, start):
        ask(page, f"What does Notice {number:02} read today?")
        turn = page.locator(".turn").nth(number - start)
        expect(turn).to_have_class(re.compile("done"))
        expect(turn).to_contain_text(line.split("<")[0].strip()[:12])
    assert page.locator(".mark").count() >= 5, "most of them are said, and cited"
    page.locator(".mark").last.click()
    expect(page.locator(".paper.text")).to_contain_text("window.pwned=1")
    page.get_by_role("button", name="Earlier").click()
    assert sent(running.url) == []
    assert page.url.startswith(running.url)


@pytest.mark.parametrize("start", range(0, 80, 20))
def test_in_questions(page: Page, serve: Serve, sent: Callable[[str], list[str]], start: int) -> None:
    running = serve(ScriptedModel(["Nothing of the kind."]))
    page.goto(running.url)
    for number in range(start, start + 20):
        ask(page, printable(PAYLOADS[number]))
        expect(page.locator(".turn").nth(number - start)).to_have_class(re.compile("done|failed"))
        assert page.locator(".turn h2").nth(number - start).inner_text() == printable(PAYLOADS[number]).strip("\ufeff")
    page.reload()
    page.get_by_role("button", name="Earlier").click()
    assert sent(running.url) == []
