"""Answers of every form on the page: steps, lists, tables and bold as elements, sentence by sentence."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from rag.answering.markdown_text import blocks, label_of, table_rows
from rag.domain.values import Sentence
from rag.testing import ScriptedModel
from tests.browser.conftest import Serve, ask, picture
from tests.browser.payloads import PAYLOADS
from tests.browser.test_accessibility import violations
from tests.browser.test_page import ASKED, DOGS, FEE
from tests.integration.test_answer_forms import ABSTENTION, COLLECTION, GREETING, HOW_TO, POSSIBLE, POWER, Gate
from tests.scripted_answers import Said, Script

GREEN = re.compile(r"rgb\(44, 122, 69\)")


def given(page: Page, serve: Serve, *scripts: Script) -> None:
    """Opens the page of a service that answers by the scripts, and asks as many questions."""
    page.goto(serve(ScriptedModel([""]), scripts=scripts).url)
    for number, _ in enumerate(scripts, start=1):
        ask(page, ASKED)
        expect(page.locator(".turn.done")).to_have_count(number)


def test_steps_lists_and_tables_are_elements(page: Page, serve: Serve) -> None:
    given(page, serve, HOW_TO)
    said = page.locator(".said")
    expect(said.locator("p").first).to_have_text("Take a berth in this order:1")
    expect(said.locator("ol.steps > li")).to_have_text(["Pay 24 euros.1", "Connect the power.12"])
    expect(said.locator("ul.items > li")).to_have_text(["Dogs: free of charge3"])
    expect(said.locator("li b")).to_have_text(["Dogs"])
    expect(said.locator("th")).to_have_text(["Guest", "Euros1"])
    expect(said.locator("td")).to_have_text(["Possibly Dog", "03"])
    missing = "Nothing was found about: the penalty for late payment"
    expect(page.locator(".answer").get_by_text(missing)).to_be_visible()
    expect(page.locator(".quotes summary")).to_have_text("3 sources: harbour.pdf p. 2, ferry.pdf p. 1")
    expect(page.locator(".quotes li").first).not_to_be_visible()
    picture(page, "steps")
    page.locator(".quotes summary").click()
    expect(page.locator(".quotes .place").first).to_have_text("harbour.pdf, page 2 (printed iv)")
    said.locator("li .mark").first.click()
    expect(page.locator("rect.quote")).to_have_count(1)
    assert violations(page) == []


def test_sentences_appear_as_they_are_verified(page: Page, serve: Serve) -> None:
    gate = Gate()
    page.goto(serve(ScriptedModel([""]), scripts=[Script(HOW_TO.said, before=gate.wait)]).url)
    ask(page, ASKED)
    expect(page.get_by_text(re.compile("Reading [0-9]+ passage"))).to_be_visible()
    expect(page.locator(".said")).to_have_count(0)
    gate.permits.release()
    expect(page.locator(".said")).to_have_text("Take a berth in this order:1")
    expect(page.get_by_text("Writing, and checking each sentence")).to_be_visible()
    gate.permits.release()
    expect(page.locator(".said li")).to_have_text(["Pay 24 euros.1"])
    # A citation can be opened meanwhile, and what is said stays when the answer is stopped.
    page.locator(".said .mark").last.click()
    expect(page.locator("rect.quote")).to_have_count(1)
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped.")).to_be_visible()
    expect(page.locator(".said li")).to_have_text(["Pay 24 euros.1"])
    gate.permits.release(100)
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".turn.done .said td")).to_have_count(2)


def test_what_is_translated_is_said_to_be(page: Page, serve: Serve) -> None:
    translated = "Ein Liegeplatz kostet 24 Euro je Nacht."
    given(page, serve, Script((Said(translated, quotes=(FEE,), original=FEE), Said("That is all.", "detail"))))
    expect(page.locator(".translated")).to_have_text(re.compile("^Translated by the model"))
    expect(page.locator(".sentence").first).to_have_attribute("title", FEE)
    assert page.locator(".sentence").last.get_attribute("title") is None
    page.locator(".quotes summary").click()
    expect(page.locator(".quotes q")).to_have_text([FEE])
    assert violations(page) == []


def test_an_answer_in_the_documents_language_is_not(page: Page, serve: Serve) -> None:
    given(page, serve, HOW_TO)
    expect(page.locator(".translated")).to_have_count(0)


def test_uncertain_is_not_green(page: Page, serve: Serve) -> None:
    given(page, serve, POSSIBLE)
    expect(page.locator(".answer.possible")).to_have_count(1)
    expect(page.locator(".said .badge")).to_have_text(["Possibly"])
    unsure, sure = page.locator(".said .mark").first, page.locator(".said .mark").last
    expect(unsure).not_to_have_css("color", GREEN)
    expect(sure).to_have_css("color", GREEN)
    expect(page.locator(".citation .number").first).not_to_have_css("color", GREEN)
    expect(page.locator(".citation .number").last).to_have_css("color", GREEN)
    # Nor has it the same shape.
    for each, style in ((unsure, "dashed"), (sure, "solid")):
        expect(each).to_have_css("border-style", style)
    assert unsure.evaluate("each => getComputedStyle(each, '::after').content") == '"?"'
    expect(page.locator(".answer.possible")).to_have_css("border-left-style", "dashed")


def test_nothing_of_an_abstention_looks_like_proof(page: Page, serve: Serve) -> None:
    given(page, serve, ABSTENTION)
    answer = page.locator(".answer.abstained")
    expect(answer.locator(".said")).to_have_text("This was not found.")
    expect(answer.locator("h4")).to_have_text("Nearest passages")
    expect(answer).to_contain_text("Nothing was found about: the mayor")
    expect(answer.locator(".mark, .badge")).to_have_count(0)
    expect(answer.locator(".citation .number")).not_to_have_css("color", GREEN)
    expect(answer.locator("footer")).not_to_contain_text("right")


@pytest.mark.parametrize("script", [COLLECTION, GREETING], ids=["collection", "greeting"])
def test_what_nothing_proves_is_plain(page: Page, serve: Serve, script: Script) -> None:
    given(page, serve, script)
    expect(page.locator(".answer.fact, .answer.possible, .mark, .badge, .answer h3, .quotes")).to_have_count(0)
    expect(page.locator(".answer footer")).not_to_contain_text("right")
    if script.said:
        expect(page.locator(".answer.plain .items li")).to_have_text(["*ferry*.pdf"])


def test_a_reply_keeps_its_lines(page: Page, serve: Serve) -> None:
    given(page, serve, Script(text="I have 2:\n\n- a.pdf\n- <b>b.pdf", reason="not_a_question"))
    expect(page.locator(".said p")).to_have_text("I have 2:")
    expect(page.locator(".said li")).to_have_text(["a.pdf", "<b>b.pdf"])


def test_copied_as_text(page: Page, serve: Serve) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    given(page, serve, HOW_TO)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("copied")
    assert page.evaluate("navigator.clipboard.readText()") == (
        "Take a berth in this order: [1]\n\n1. Pay 24 euros. [1]\n2. Connect the power. [2] [1]\n\n"
        "- Dogs: free of charge [3]\n\nGuest | Euros [1]\nDog | 0 [3]\n\nThat is all.\n\n"
        "Nothing was found about: the penalty for late payment\n\n"
        f"[1] harbour.pdf, page 2 (printed iv): “{FEE}”\n[2] harbour.pdf, page 2 (printed iv): “{POWER}”\n"
        f"[3] ferry.pdf, page 1 (printed iv): “{DOGS}”"
    )


def test_told_to_screen_readers_without_markup(page: Page, serve: Serve) -> None:
    given(page, serve, HOW_TO)
    expect(page.get_by_role("status")).to_contain_text("Dogs: free of charge")
    expect(page.get_by_role("status")).not_to_contain_text("---")


def test_conversations_of_version_0_2_are_opened(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([""]), scripts=[HOW_TO]).url)
    citation = {
        "id": 1, "document": "harbour.pdf", "document_id": "0" * 64, "page": 2, "quote": FEE, "start": 5, "end": 43,
        "boxes": [], "score": 1.0, "url": "/documents/x",
    }  # fmt: skip
    answer = {
        "id": "a", "question": ASKED, "answer": FEE, "answered": True, "reason": None, "certainty": "possible",
        "confidence": 0.4, "citations": [citation], "model": "m", "index": "i", "usage": {}, "timings_ms": {},
        "sentences": [
            {"text": FEE, "verdict": "supported", "citations": [1]},
            {"text": "In gold.", "verdict": "unsupported", "citations": []},
        ],
    }  # fmt: skip
    turns = [{"question": ASKED, "documents": [], "answer": answer}]
    kept = json.dumps([{"id": "1", "time": 0, "turns": turns}])
    page.evaluate("kept => { localStorage['pageproof.conversations'] = kept }", kept)
    page.reload()
    page.get_by_role("button", name="Earlier").click()
    page.get_by_role("button", name=ASKED, exact=True).click()
    expect(page.locator(".answer.possible .said .badge")).to_have_text("Possibly")
    expect(page.locator(".said")).to_contain_text(FEE)
    page.locator(".quotes summary").click()
    expect(page.locator(".citation .place")).to_have_text("harbour.pdf, page 2")
    expect(page.get_by_text("1 sentence left out")).to_be_visible()


def test_payloads_in_every_element_are_text(page: Page, serve: Serve) -> None:
    texts = [re.sub(r"\s+", " ", re.sub(r"[\x00-\x1f\x7f]", " ", payload)).strip() for payload in PAYLOADS]
    said = [
        Said(text, kind)  # type: ignore[arg-type]
        for start, kind in enumerate(("lead", "step", "item", "row", "detail"))
        for text in texts[start * 16 : start * 16 + 16]
    ]
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.add_init_script("addEventListener('securitypolicyviolation', (event) => { window.pwned = event.blockedURI })")
    running = serve(ScriptedModel([""]), scripts=[Script(tuple(said), missing=tuple(texts), label=texts[0])])
    page.goto(running.url)
    ask(page, ASKED)
    expect(page.locator(".turn.done")).to_have_count(1)
    assert page.evaluate("window.pwned ?? null") is None
    assert [url for url in sent if not url.startswith((running.url, f"blob:{running.url}"))] == []
    shown = [text.strip("\ufeff ") for text in page.locator(".said li").all_text_contents()]
    assert [text.strip("\ufeff ") for text in texts[16:48]] == shown
    assert page.locator(".said :is(script, img, svg, iframe, a, style, form, input, video)").count() == 0


CASES = [
    [("lead", "A:"), ("step", "x"), ("detail", "y"), ("step", "z"), ("lead", "B"), ("step", "w")],
    [("item", "Standard: cheap"), ("item", "It is. So: no"), ("item", "At 9:30"), ("item", f"{'a' * 60}: b")],
    [("item", f"{'a' * 61}: b"), ("row", "a | b"), ("row", "a |  | b"), ("row", "| x |"), ("row", "c|d")],
    [("row", " |\t2023\n | 2022"), ("row", "| |"), ("row", "")],
]


def test_blocks_are_those_of_the_service(page: Page, serve: Serve) -> None:
    page.goto(serve(ScriptedModel([""]), scripts=[HOW_TO]).url)
    for case in CASES:
        sentences = [Sentence(text, "supported", kind=kind) for kind, text in case]  # type: ignore[arg-type]
        expected = [
            {
                "shape": block.shape,
                "number": block.number if block.shape == "steps" else None,
                "rows": table_rows(block) if block.shape == "table" else None,
                "labels": [label_of(sentence) for sentence in block.sentences],
            }
            for block in blocks(sentences)
        ]
        found = page.evaluate(
            """async (sentences) => {
                const { blocksOf, rowsOf, labelled } = await import("/web/answer/blocks.js");
                return blocksOf(sentences).map((block) => ({
                    shape: block.shape,
                    number: block.shape === "steps" ? block.number : null,
                    rows: block.shape === "table" ? rowsOf(block) : null,
                    labels: block.sentences.map((sentence) => labelled(sentence)[0]),
                }));
            }""",
            [{"text": sentence.text, "kind": sentence.kind} for sentence in sentences],
        )
        assert found == expected
