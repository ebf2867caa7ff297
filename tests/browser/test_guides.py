"""Guides on the page: of a document, of all of them on the first page, and questions to go on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from rag.answering.answerer import Answerer
from rag.index.current_index import CurrentIndex
from rag.index.layout import IndexLayout
from rag.runtime.cancellation import Cancellation
from rag.service.guides.guide import GuideQuestion, GuideQuote, GuideSentence, GuideTopic, SourceGuide
from rag.service.guides.maker import GuideMaker
from rag.service.guides.store import GuideStore
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.browser.conftest import Serve, ask, at_page, picture
from tests.browser.test_accessibility import violations
from tests.browser.test_page import ASKED, FEE

OPENS = "The harbour office opens at 8 in the morning."
CHECKED = ("When does the harbour office open?", "What does a berth cost for each night?", "When does it close?")


class StillMaker(GuideMaker):
    """Makes nothing: what it gives is in the store."""

    def step(self, cancelled: Cancellation) -> bool:
        cancelled.check()
        return False


def guides_in(index: Path, **fields: Any) -> GuideStore:
    """A store with a guide to the harbour's rules."""
    generation = CurrentIndex(index, BagOfWordsEncoder().identity).generation()
    document = next(each for each in generation.documents if each.name == "harbour.pdf")
    first, second = (generation.page(document.id, number).text for number in (1, 2))
    start, fees = first.index(OPENS), second.index("Fees")
    guide = SourceGuide(
        document_id=document.id,
        model="scripted",
        kind="policy",
        language="English",
        summary=(
            GuideSentence(text=OPENS, quotes=(GuideQuote(page=1, start=start, end=start + len(OPENS), text=OPENS),)),
        ),
        topics=(GuideTopic(text="Fees", place=GuideQuote(page=2, start=fees, end=fees + 4, text="Fees")),),
        questions=tuple(GuideQuestion(question=text, page=page) for text, page in zip(CHECKED, (1, 2, 1), strict=True)),
        is_whole=True,
    )
    store = GuideStore(IndexLayout(index))
    store.write(guide.model_copy(update=fields))
    return store


def served(serve: Serve, store: GuideStore) -> str:
    def opened(answerer: Answerer) -> GuideMaker:
        return StillMaker(answerer, store)

    return serve(ScriptedModel([FEE]), guides=opened).url


@pytest.fixture
def first_page(page: Page, serve: Serve, index: Path) -> Page:
    page.goto(served(serve, guides_in(index)))
    expect(page.locator(".examples li").first).to_be_attached()
    return page


def test_the_guide_of_a_document(first_page: Page) -> None:
    first_page.get_by_role("button", name="Guide to harbour.pdf").click()
    guide = first_page.locator(".guide")
    expect(guide.get_by_role("heading", name="Harbour rules")).to_be_focused()
    expect(guide.locator(".facts").first).to_have_text("Policy2 pagesEnglish")
    expect(guide.locator("img.thumbnail")).to_be_visible()
    expect(guide).to_contain_text(OPENS)
    assert violations(first_page) == []
    picture(first_page, "guide")
    # Its sentences have their proof, and its topics their place.
    guide.locator(".mark").click()
    expect(first_page.locator("rect.quote")).to_have_count(1)
    at_page(first_page, 1, 2)
    guide.get_by_role("button", name="Fees").click()
    at_page(first_page, 2, 2)
    # The page of the document is closed first, then the guide; the focus is where it was.
    first_page.keyboard.press("Escape")
    expect(first_page.locator(".viewer")).to_have_count(0)
    expect(guide).to_be_visible()
    first_page.keyboard.press("Escape")
    expect(guide).to_have_count(0)
    expect(first_page.get_by_role("button", name="Guide to harbour.pdf")).to_be_focused()


def test_a_question_of_the_guide_is_asked(first_page: Page) -> None:
    first_page.get_by_role("button", name="Guide to harbour.pdf").click()
    first_page.locator(".guide .example", has_text=CHECKED[1]).click()
    expect(first_page.locator(".guide")).to_have_count(0)
    expect(first_page.locator(".turn.done h2")).to_have_text(CHECKED[1])


def test_it_can_be_asked_alone(first_page: Page) -> None:
    first_page.get_by_role("button", name="Guide to harbour.pdf").click()
    first_page.get_by_role("button", name="Ask only in this document").click()
    expect(first_page.locator(".box .filter")).to_contain_text("Only in harbour.pdf")


def test_the_first_page_has_questions_that_were_tried(first_page: Page) -> None:
    expect(first_page.locator(".examples .example")).to_have_text(list(CHECKED))
    first_page.get_by_text("What these documents are about").click()
    about = first_page.locator(".about")
    expect(about).to_contain_text("3 pages")
    expect(about).to_contain_text("Policy: 1")
    about.locator(".mark").click()
    expect(first_page.locator("rect.quote")).to_have_count(1)


def test_questions_to_go_on_with(first_page: Page) -> None:
    ask(first_page, "What is the cost of a berth for each night?")
    expect(first_page.locator(".turn.done")).to_have_count(1)
    suggested = first_page.get_by_role("navigation", name="You could ask next").get_by_role("button")
    expect(suggested).to_have_count(3)
    # What is near the answer, and has its words, comes first.
    expect(suggested.first).to_have_text(CHECKED[1])
    suggested.first.click()
    expect(first_page.locator(".turn.done")).to_have_count(2)
    # What was asked is not offered again, and only the last answer has them.
    expect(suggested).to_have_count(2)
    expect(first_page.locator(".turn").first.locator(".follow-ups")).to_have_count(0)
    assert violations(first_page) == []


def test_what_is_not_made_yet(page: Page, serve: Serve, index: Path) -> None:
    store = guides_in(index, is_whole=False, questions=())
    page.goto(served(serve, store))
    page.get_by_role("button", name="Guide to ferry.pdf").click()
    expect(page.locator(".guide")).to_contain_text("This guide is not made yet.")
    page.get_by_role("button", name="Guide to harbour.pdf").click()
    expect(page.locator(".guide")).to_contain_text("This guide is being made")
    expect(page.locator(".guide")).to_contain_text(OPENS)
    # It shows what comes, by itself.
    guides_in(index)
    store._known.clear()
    expect(page.locator(".guide .example")).to_have_count(3)


def test_where_none_are_made_nothing_is_offered(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([FEE])).url)
    expect(page.locator(".documents li")).to_have_count(2)
    expect(page.get_by_role("button", name="Guide to harbour.pdf")).to_have_count(0)
    ask(page, ASKED)
    expect(page.locator(".turn.done")).to_have_count(1)
    expect(page.locator(".follow-ups")).to_have_count(0)
