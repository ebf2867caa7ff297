"""Nothing of a document, of the model or of a question is run, and nothing is sent away."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ingest.discovery import discover
from rag.index.current_index import CurrentIndex
from rag.index.layout import IndexLayout
from rag.service.guides.guide import GuideQuestion, GuideQuote, GuideSentence, GuideTopic, SourceGuide
from rag.service.guides.store import GuideStore
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.browser.conftest import Serve, ask
from tests.browser.payloads import MARKDOWN_PAYLOADS, PAYLOADS, TITLE_PAYLOADS
from tests.browser.test_guides import StillMaker
from tests.fakes import ingest_job, make_pdf
from tests.scripted_answers import Said, Script


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


def test_there_are_eighty_and_eighty_more() -> None:
    assert len(set(PAYLOADS)) == len(set(MARKDOWN_PAYLOADS)) == 80


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


def test_in_replies_of_markdown(page: Page, serve: Serve, sent: Callable[[str], list[str]]) -> None:
    """They become lists, tables and bold; what they hold is text, and nothing else of Markdown is rendered."""
    replies = ["\n\n".join(MARKDOWN_PAYLOADS[start : start + 16]) for start in range(0, 80, 16)]
    scripts = [Script(text=reply, reason="not_a_question") for reply in replies]
    running = serve(ScriptedModel([""]), scripts=scripts)
    page.goto(running.url)
    for number in range(len(replies)):
        ask(page, f"What is said in reply {number}?")
        expect(page.locator(".turn.done")).to_have_count(number + 1)
    said = page.locator(".said.reply")
    assert min(said.locator(shape).count() for shape in ("ul", "ol", "table", "b")) >= 16
    assert (
        said.locator(":is(script, img, svg, iframe, a, style, form, input, video, code, details, h1, em, del)").count()
        == 0
    )
    assert sent(running.url) == []
    # In a file that another program shows, too, none is more than text.
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    with page.expect_download() as download:
        page.get_by_role("button", name="Markdown").first.click()
    text = Path(download.value.path()).read_text()
    assert not re.search(r"(?<!\\)[<`]|(?<!\\)!\[|(?<!\\)\]\(|https?://", text)
    assert sent(running.url) == []


def test_in_titles_of_documents(
    page: Page, serve: Serve, sent: Callable[[str], list[str]], documents: Path, index: Path
) -> None:
    for number, title in enumerate(TITLE_PAYLOADS):
        heading = re.sub(r"[()\\\\]", " ", title)
        make_pdf(documents / f"{number:02}.pdf", [f"# {heading}\nFerns {number} unroll in April."], title=title)
    ingest_job(index, BagOfWordsEncoder()).run(discover([documents]))
    quotes = [f"Ferns {number} unroll in April." for number in range(len(TITLE_PAYLOADS))]
    script = Script(tuple(Said(quote, "item", (quote,)) for quote in quotes), form="overview")
    running = serve(ScriptedModel([""]), scripts=[script])
    page.goto(running.url)
    expect(page.locator(".documents li")).to_have_count(len(TITLE_PAYLOADS) + 1)
    expect(page.locator(".examples li").first).to_be_attached()
    shown = {" ".join(title.split()) for title in page.locator(".documents .title").all_inner_texts()}
    assert len(shown & {" ".join(title.split()) for title in TITLE_PAYLOADS}) >= 10
    ask(page, "When do ferns unroll?")
    expect(page.locator(".turn.done")).to_have_count(1)
    page.locator(".mark").first.hover()
    expect(page.locator(".peek")).to_be_visible()
    page.locator(".mark").first.click()
    expect(page.locator("rect.quote")).to_have_count(1)
    assert sent(running.url) == []


def test_in_guides(page: Page, serve: Serve, sent: Callable[[str], list[str]], index: Path) -> None:
    """In summaries, topics and suggested questions, of the guide of a document and of that of all."""
    texts = [printable(payload) for payload in (*PAYLOADS, *MARKDOWN_PAYLOADS)]
    generation = CurrentIndex(index, BagOfWordsEncoder().identity).generation()
    (document,) = generation.documents
    text = generation.page(document.id, 1).text
    quotes = [GuideQuote(page=1, start=at, end=at + 9, text=text[at : at + 9]) for at in range(len(texts))]
    guide = SourceGuide(
        document_id=document.id,
        model="scripted",
        kind="policy",
        language="English",
        summary=tuple(GuideSentence(text=each, quotes=(quote,)) for each, quote in zip(texts, quotes, strict=True)),
        topics=tuple(GuideTopic(text=each, place=quote) for each, quote in zip(texts, quotes, strict=True)),
        questions=tuple(GuideQuestion(question=each, page=1) for each in texts),
        is_whole=True,
    )
    store = GuideStore(IndexLayout(index))
    store.write(guide)
    running = serve(ScriptedModel([""]), guides=lambda answerer: StillMaker(answerer, store))
    page.goto(running.url)
    page.get_by_text("What these documents are about").click()
    expect(page.locator(".about .mark").first).to_be_visible()
    page.get_by_role("button", name="Guide to").click()
    guide_shown = page.locator(".guide")
    expect(guide_shown.locator(".topics li")).to_have_count(len(texts))
    expect(guide_shown.locator(".example")).to_have_count(len(texts))
    expect(guide_shown).to_contain_text("window.pwned=1")
    guide_shown.locator(".mark").first.hover()
    expect(page.locator(".peek")).to_be_visible()
    assert sent(running.url) == []
