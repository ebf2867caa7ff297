"""The knowledge base on the page, as README and docs show it. ``PAGEPROOF_PICTURES=docs/pictures`` makes them anew.

The encoder and the model are fakes, so that they are the same each time; the documents and the page are real.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ingest.discovery import discover
from rag.answering.answerer import Answerer
from rag.answering.prompt import NOT_FOUND
from rag.domain.values import Page as DocumentPage
from rag.index.current_index import CurrentIndex
from rag.index.layout import IndexLayout
from rag.service.guides.guide import GuideQuestion, GuideQuote, GuideSentence, GuideTopic, SourceGuide
from rag.service.guides.maker import GuideMaker
from rag.service.guides.store import GuideStore
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.browser.conftest import Serve, ask, film, picture
from tests.browser.test_guides import StillMaker
from tests.fakes import ingest_job
from tests.scripted_answers import Said, Script

BIRDS = "How often is damage by birds covered?"
REPLIES = ["Damage by birds is covered once."]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("knowledge_base")
    ingest_job(root, BagOfWordsEncoder()).run(discover([Path(__file__).parents[2] / "knowledge_base"]))
    return root


def model(*replies: str) -> ScriptedModel:
    return ScriptedModel([*replies], context_tokens=8192, name="qwen2.5-coder-1.5b-instruct-q4_k_m")


COMMISSIONING = Script(
    (
        Said(
            "A new signal is not yours until it has passed its trial.",
            quotes=("A new signal is not yours until it has passed its trial.",),
        ),
        Said(
            "The trial lasts 24 hours, may be held in any weather except a gale, and must be witnessed by a fogwright "
            "who holds the grade C ticket or higher.",
            "detail",
            (
                "The trial lasts 24 hours, may be held in any weather\n"
                "except a gale, and must be witnessed by a fogwright who holds the grade C ticket or higher.",
            ),
        ),
        *(
            Said(" ".join(step.split()), "step", (step,))
            for step in (
                "Fifty blasts by hand. The receiver must recover its pressure between blasts each time.",
                "Twelve hours in FOG mode with the Fog Eye hooded, so that the signal sounds its full character.",
                "Sound measurement. The level is read 100 metres in front of the mouth.",
                "Power cut. The supply is switched off without notice and the standby blasts are counted.",
            )
        ),
    ),
    form="how_to",
)
QUESTION = "How is a new Bittern signal commissioned?"


SUMMARY = {
    2: "This manual is written for the people who look after a Bittern fog signal: harbour hands, lighthouse\n"
    "keepers, island wardens and the occasional schoolteacher with a key to the signal house.",
    3: "The Bittern 4 is meant for harbour\n"
    "mouths and pier heads, the Bittern 6 for headlands and estuaries, and the Bittern 9 for offshore rocks\n"
    "and the approaches to deep channels.",
}
TOPICS = {"Know your signal": 3, "The three models": 3, "The nameplate": 3}
SUGGESTED = {
    "What does a further copy of the manual cost?": 2,
    "Which model is meant for headlands and estuaries?": 3,
    "When was the first Bittern built?": 3,
}


def manual_guide(index: Path) -> GuideStore:
    """A store with a guide to the field manual, whose sentences and topics are the manual's own."""
    generation = CurrentIndex(index, BagOfWordsEncoder().identity).generation()
    document = next(each for each in generation.documents if each.name == "bittern_field_manual.pdf")

    def page(number: int) -> DocumentPage:
        return generation.page(document.id, number)

    guide = SourceGuide(
        document_id=document.id,
        model="scripted",
        kind="manual",
        language="English",
        summary=tuple(
            GuideSentence(text=" ".join(text.split()), quotes=(quote_on(page(number), text),))
            for number, text in SUMMARY.items()
        ),
        topics=tuple(GuideTopic(text=text, place=quote_on(page(number), text)) for text, number in TOPICS.items()),
        questions=tuple(GuideQuestion(question=text, page=number) for text, number in SUGGESTED.items()),
        is_whole=True,
    )
    store = GuideStore(IndexLayout(index))
    store.write(guide)
    return store


def quote_on(page: DocumentPage, text: str) -> GuideQuote:
    start = page.text.index(text)
    return GuideQuote(page=page.number, start=start, end=start + len(text), text=text)


@pytest.fixture
def desktop(page: Page) -> Page:
    page.set_viewport_size({"width": 1440, "height": 900})
    return page


def test_the_first_page(desktop: Page, serve: Serve) -> None:
    desktop.goto(serve(model("")).url)
    expect(desktop.locator(".examples li")).to_have_count(3)
    picture(desktop, "page_welcome")


def test_a_long_answer_and_its_proof(desktop: Page, serve: Serve) -> None:
    desktop.goto(serve(model(""), scripts=[COMMISSIONING]).url)
    ask(desktop, QUESTION)
    expect(desktop.locator(".turn.done .steps li")).to_have_count(4)
    desktop.locator(".mark").nth(1).hover()
    expect(desktop.locator(".peek")).to_be_visible()
    picture(desktop, "page_answer")
    desktop.locator(".mark").nth(1).click()
    expect(desktop.locator("rect.quote").first).to_be_visible()
    expect(desktop.locator(".paper img").nth(1)).to_be_attached()
    desktop.mouse.move(5, 5)
    expect(desktop.locator(".peek")).to_have_count(0)
    picture(desktop, "page_citation")


def test_a_tour(desktop: Page, serve: Serve) -> None:
    """From the first page to the proof, as README shows it."""
    frames: list[tuple[bytes, int]] = []

    def seen(milliseconds: int) -> None:
        frames.append((desktop.screenshot(), milliseconds))

    desktop.goto(serve(model(""), scripts=[COMMISSIONING]).url)
    expect(desktop.locator(".examples li")).to_have_count(3)
    seen(1500)
    box = desktop.get_by_label("Question", exact=True)
    for end in range(6, len(QUESTION) + 6, 6):
        box.fill(QUESTION[:end])
        seen(120)
    box.press("Enter")
    expect(desktop.locator(".turn.done .steps li")).to_have_count(4)
    seen(2500)
    mark = desktop.locator(".mark").nth(3)
    mark.hover()
    expect(desktop.locator(".peek")).to_be_visible()
    seen(1800)
    mark.click()
    expect(desktop.locator("rect.quote").first).to_be_in_viewport()
    desktop.mouse.move(5, 5)
    expect(desktop.locator(".peek")).to_have_count(0)
    seen(3000)
    film(frames, "page_tour")


def test_an_abstention(desktop: Page, serve: Serve) -> None:
    desktop.goto(serve(model(REPLIES[0], f"{NOT_FOUND} 24.")).url)
    ask(desktop, BIRDS)
    expect(desktop.locator(".turn.done")).to_have_count(1)
    ask(desktop, "How many people work at the yard in Norway?")
    expect(desktop.locator(".turn.done")).to_have_count(2)
    expect(desktop.locator(".answer.abstained")).to_have_count(1)
    desktop.locator(".turn").nth(1).scroll_into_view_if_needed()
    picture(desktop, "page_abstention")


def test_the_guide_of_a_document(desktop: Page, serve: Serve, index: Path) -> None:
    store = manual_guide(index)

    def opened(answerer: Answerer) -> GuideMaker:
        return StillMaker(answerer, store)

    desktop.goto(serve(model(""), guides=opened).url)
    desktop.get_by_role("button", name="Guide to bittern_field_manual.pdf").click()
    expect(desktop.locator(".guide .example")).to_have_count(3)
    expect(desktop.locator(".guide img.thumbnail")).to_be_visible()
    picture(desktop, "page_guide")


def test_on_a_phone_in_the_dark(browser: Browser, serve: Serve) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 800},
        color_scheme="dark",
        device_scale_factor=2,
        reduced_motion="reduce",
        has_touch=True,
        is_mobile=True,
    )
    page = context.new_page()
    page.goto(serve(model(""), scripts=[COMMISSIONING]).url)
    ask(page, QUESTION)
    expect(page.locator(".turn.done")).to_have_count(1)
    picture(page, "page_phone")
    page.locator(".mark").first.tap()
    page.get_by_role("button", name="Show on the page").tap()
    expect(page.locator("rect.quote").first).to_be_in_viewport()
    picture(page, "page_phone_viewer")
    context.close()
