"""An answer or a conversation as PDF, with the pages that it cites; a quote as BibTeX."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
from playwright.sync_api import Page, expect

from ingest.discovery import discover
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.browser.conftest import Serve, ask
from tests.browser.payloads import PAYLOADS
from tests.fakes import ingest_job
from tests.integration.test_answer_forms import DOGS, FEE, HOW_TO
from tests.scripted_answers import Said, Script

# The dialog of a browser without a screen would close at once.
NO_DIALOG = "window.print = () => document.documentElement.setAttribute('data-printed', '')"


def printed(page: Page, path: Path) -> list[tuple[str, int]]:
    """Text and number of pictures of each page of what is printed."""
    expect(page.locator("html[data-printed]")).to_have_count(1)
    page.pdf(path=path, format="A4")
    with pypdfium2.PdfDocument(path) as file:
        return [(sheet.get_textpage().get_text_bounded(), images(sheet)) for sheet in file]


def images(sheet: pypdfium2.PdfPage) -> int:
    return sum(each.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE for each in sheet.get_objects(max_depth=5))


def asked(page: Page, serve: Serve, *scripts: Script) -> None:
    page.add_init_script(NO_DIALOG)
    page.goto(serve(ScriptedModel([""]), scripts=scripts).url)
    for number in range(len(scripts)):
        ask(page, f"Question {number}?")
        expect(page.locator(".turn.done")).to_have_count(number + 1)


def test_an_answer_with_the_pages_that_it_cites(page: Page, serve: Serve, tmp_path: Path) -> None:
    asked(page, serve, HOW_TO)
    page.get_by_role("button", name="PDF", exact=True).click()
    first, *others = printed(page, tmp_path / "answer.pdf")
    text = " ".join(first[0].split())
    assert text.startswith("Question 0? Take a berth in this order: 1")
    assert "Nothing was found about: the penalty for late payment" in text
    assert f"[1] Harbour rules [harbour.pdf], p. iv: “{FEE}”" in text
    assert "Ask again" not in text
    assert "Markdown" not in text
    assert [count for _, count in others] == [1, 1]
    captions = [" ".join(text.split()) for text, _ in others]
    assert captions[0].startswith("harbour.pdf, page 2 (printed iv): quotes [1] [2]")
    assert captions[1].startswith("ferry.pdf, page 1 (printed iv): quote [3]")
    # The page is as it was when the dialog has closed.
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(page.locator(".printed")).to_have_count(0)
    assert page.title() == "Pageproof"


def test_a_conversation(page: Page, serve: Serve, tmp_path: Path) -> None:
    asked(page, serve, Script((Said(FEE, quotes=(FEE,)),)), Script((Said(DOGS, quotes=(DOGS,)),)))
    page.get_by_role("button", name="Earlier", exact=True).click()
    page.get_by_role("button", name="Print, or save as PDF: Question 0?").click()
    first, *others = printed(page, tmp_path / "conversation.pdf")
    text = " ".join(first[0].split())
    assert text.startswith("Question 0? 1. Question 0?")
    assert "2. Question 1?" in text
    assert [" ".join(text.split()).partition(": ")[2][:13] for text, _ in others] == ["quote [1.1] 1", "quote [2.1] 2"]


def test_in_the_dark_it_is_printed_on_white(page: Page, serve: Serve, tmp_path: Path) -> None:
    page.emulate_media(color_scheme="dark")
    asked(page, serve, HOW_TO)
    page.get_by_role("button", name="PDF", exact=True).click()
    printed(page, tmp_path / "dark.pdf")
    with pypdfium2.PdfDocument(tmp_path / "dark.pdf") as file:
        picture = file[0].render(scale=1).to_pil().convert("L")
    assert picture.getpixel((5, 5)) == 255
    assert picture.resize((1, 1)).getpixel((0, 0)) > 200


def test_documents_without_pictures(page: Page, serve: Serve, tmp_path: Path, documents: Path, index: Path) -> None:
    (documents / "notes.txt").write_text("Swans are fed at noon.")
    ingest_job(index, BagOfWordsEncoder()).run(discover([documents]))
    asked(page, serve, Script((Said("Swans are fed at noon.", quotes=("Swans are fed at noon.",)),)))
    page.get_by_role("button", name="PDF", exact=True).click()
    [(text, count)] = printed(page, tmp_path / "text.pdf")
    assert "notes.txt, p. 1: “Swans are fed at noon.”" in " ".join(text.split())
    assert count == 0


def test_nothing_in_it_is_run_or_requested(page: Page, serve: Serve, tmp_path: Path) -> None:
    requested: list[str] = []
    asked(page, serve, Script(tuple(Said(" ".join(payload.split()), "item") for payload in PAYLOADS[:40])))
    page.on("request", lambda each: requested.append(each.url))
    page.get_by_role("button", name="PDF", exact=True).click()
    printed(page, tmp_path / "payloads.pdf")
    assert [url for url in requested if not url.startswith(("blob:", page.url.partition("#")[0]))] == []
    assert page.locator(".printed script, .printed iframe, .printed a").count() == 0


def test_the_page_itself_is_printed_without_its_bars(page: Page, serve: Serve, tmp_path: Path) -> None:
    asked(page, serve, HOW_TO)
    page.pdf(path=tmp_path / "page.pdf", format="A4")
    with pypdfium2.PdfDocument(tmp_path / "page.pdf") as file:
        text = " ".join(file[0].get_textpage().get_text_bounded().split())
    assert text.startswith("Question 0?")
    assert "Settings" not in text


def test_a_quote_is_copied_as_bibtex(page: Page, serve: Serve) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    asked(page, serve, Script((Said("It is 24 euros.", quotes=(FEE,)), Said(DOGS, "detail", quotes=(DOGS,)))))
    page.locator(".mark").first.hover()
    page.get_by_role("button", name="BibTeX").click()
    expect(page.get_by_role("status")).to_have_text("The reference was copied as BibTeX")
    assert page.evaluate("navigator.clipboard.readText()") == (
        "@misc{harbourp2,\n  title = {Harbour rules},\n  howpublished = {harbour.pdf},\n  pages = {2},\n"
        f"  note = {{“{FEE}”}},\n}}"
    )
    page.keyboard.press("Escape")
    # Of a document that has only its name there is nothing to say in BibTeX.
    page.locator(".mark").nth(1).hover()
    expect(page.locator(".peek")).to_contain_text("ferry.pdf")
    expect(page.get_by_role("button", name="BibTeX")).to_have_count(0)
