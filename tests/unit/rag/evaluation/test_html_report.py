"""Reports of a run: on the terminal, as plots, and as an HTML page that escapes hostile texts."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from rag.evaluation.comparison import Comparison, compare
from rag.evaluation.failures import find_failures
from rag.evaluation.html_report import _MEANINGS, render, write_report
from rag.evaluation.metrics import ANSWERS, COMPLETENESS, COST, RETRIEVAL
from rag.evaluation.nuggets import GradedNugget
from rag.evaluation.plots import write_plots
from rag.evaluation.reliability import CONFIDENCE
from rag.evaluation.results import CitedQuote, QuestionResult, RetrievedPassage
from rag.evaluation.summary import summarise
from rag.evaluation.text_report import GROUPS, print_comparison, print_missing_facts, print_summary
from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.testing import BagOfWordsEncoder
from tests.fakes import make_pdf
from tests.unit.conftest import publish
from tests.unit.ingest.reporting.test_html_report import Parsed

HOSTILE = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 77 * 77 }}"
PAGES = ("The pump has a lid.", "Some words. The warranty is 24 months from delivery. More words.")


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generation]:
    root = tmp_path_factory.mktemp("index")
    pdf = make_pdf(root / "made.pdf", PAGES).read_bytes()
    sources = {"a.pdf": pdf, "notes.txt": b"The valve is red."}
    publish(root, {"a.pdf": PAGES, "notes.txt": ["The valve is red."]}, BagOfWordsEncoder(), sources)
    opened = open_current(root, BagOfWordsEncoder().identity)
    yield opened
    opened.close()


def result(identifier: str, outcome: str | None, **fields: Any) -> QuestionResult:
    """An answerable question about the warranty, its page found first."""
    answerable = outcome not in ("false_answer", "abstained")
    given: dict[str, Any] = {
        "question": f"Question {identifier}?", "answerable": answerable, "paged": answerable, "seconds": 1.0,
        "page_rank": 1, "document_rank": 1, "answers": ("24 months",) if answerable else (),
        "documents": ("a.pdf",) if answerable else (), "pages": (2,) if answerable else (), "outcome": outcome,
        "answered": None if outcome is None else "abst" not in outcome,
        "answer": None if outcome is None else "Said.", "confidence": None if outcome is None else 0.7, **fields,
    }  # fmt: skip
    return QuestionResult(id=identifier, **given)


NUGGETS = (
    GradedNugget(True, ("24 months",), found=True),
    GradedNugget(True, ("delivery",), "when it begins", found=False),
    GradedNugget(False, ("re:bills?",), "its colour", found=False),
)
RUN = [
    result("a", "right"),
    result("b", "wrong", cited=(CitedQuote("a.pdf", 1, "The pump has a lid.", gold=False),)),
    result(
        "c", "false_abstention", retrieved=(RetrievedPassage("a.pdf", 2, 1.5, gold=True),), reason="not_in_documents"
    ),
    result("d", "false_answer"),
    result("e", "abstained"),
    result("f", "right", page_rank=7, form="Numeric"),
    result("h", "right", kind="how_to", nuggets=NUGGETS, answer="24 months.\n\n1. Keep the bill.", short_answer="24"),
]


def page_of(
    results: list[QuestionResult],
    generation: Generation,
    comparison: Comparison | None = None,
    picture_bytes: int = 1_000_000,
) -> str:
    summary = summarise(results, model="m", index="i")
    return render(results, summary, comparison, generation, picture_bytes)


def printed(results: list[QuestionResult], comparison: Comparison | None = None, width: int = 100) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width)
    print_summary(console, summarise(results, model="m", index="i"))
    if comparison:
        print_comparison(console, comparison)
    return file.getvalue()


def compared(now: list[QuestionResult], before: list[QuestionResult]) -> Comparison:
    run = json.loads(json.dumps(summarise(before, model="m", index="i")))
    return compare(now, summarise(now, model="m", index="i"), run)


class TestFailures:
    def test_each_has_its_kind(self, generation: Generation) -> None:
        found = find_failures(RUN, generation).kinds
        assert {kind: [failure.result.id for failure in members] for kind, members in found.items()} == {
            "false_answer": ["d"],
            "wrong": ["b"],
            "false_abstention": ["c"],
            "incomplete": ["h"],
            "not_found": ["f"],
        }
        assert [members[0].found for members in found.values()] == [None, True, True, True, False]

    def test_the_sentence_that_answers(self, generation: Generation) -> None:
        (failure,) = find_failures([result("b", "wrong")], generation).kinds["wrong"]
        assert failure.gold
        assert (failure.gold.document, failure.gold.page) == ("a.pdf", 2)
        assert (failure.gold.before, failure.gold.sentence, failure.gold.after) == (
            "Some words.",
            "The warranty is 24 months from delivery.",
            "More words.",
        )
        assert (failure.gold.picture or "").startswith("data:image/png;base64,iVBOR")

    def test_size_limit_of_pictures(self, generation: Generation) -> None:
        found = find_failures([result("b", "wrong"), result("c", "wrong")], generation, picture_bytes=1)
        first, second = found.kinds["wrong"]
        assert first.gold
        assert first.gold.picture
        assert second.gold
        assert second.gold.picture is None
        assert found.left_out == 1

    @pytest.mark.parametrize(
        ("documents", "pages", "pictured"),
        [
            pytest.param(("gone.pdf",), (1,), None, id="not in the index"),
            pytest.param(("a.pdf",), (9,), None, id="no such page"),
            pytest.param(("a.pdf",), (), None, id="page not known"),
            pytest.param(("notes.txt",), (1,), False, id="no PDF"),
            pytest.param(("gone.pdf", "a.pdf"), (2,), True, id="one of two"),
        ],
    )
    def test_gold_page(
        self, generation: Generation, documents: tuple[str, ...], pages: tuple[int, ...], pictured: bool | None
    ) -> None:
        (failure,) = find_failures([result("b", "wrong", documents=documents, pages=pages)], generation).kinds["wrong"]
        assert (failure.gold.picture is not None if failure.gold else None) is pictured


class TestPage:
    def test_complete(self, generation: Generation) -> None:
        page = Parsed(page_of(RUN, generation))
        assert "5 of 7 questions went wrong" in page.text
        assert len(page.all("article")) == 5
        assert len(page.all("svg")) == 2
        assert len(page.all("img")) == 4
        assert "The warranty is 24 months from delivery." in page.text
        assert "right page is passage 7" in page.text
        for metric in (*RETRIEVAL, *ANSWERS, *COMPLETENESS, *CONFIDENCE, *COST):
            assert metric.name in page.text or summarise(RUN, model="m", index="i")[metric.name] is None

    def test_makes_no_requests(self, generation: Generation) -> None:
        html = page_of(RUN, generation)
        page = Parsed(html)
        assert "default-src 'none'" in html
        assert not page.all("script")
        assert not page.all("a")
        assert all((image["src"] or "").startswith("data:") for image in page.all("img"))
        assert set(re.findall(r"https?://[^\s\"'<]+", html)) == {"http://www.w3.org/2000/svg"}

    def test_hostile_texts(self, generation: Generation) -> None:
        hostile = result(
            HOSTILE, "wrong", question=HOSTILE, answer=HOSTILE, answers=(HOSTILE,), form=HOSTILE, documents=(HOSTILE,),
            kind=HOSTILE, nuggets=(GradedNugget(True, (HOSTILE,), HOSTILE, found=False),), short_answer=HOSTILE,
            cited=(CitedQuote(HOSTILE, 1, HOSTILE, gold=True),),
            retrieved=(RetrievedPassage(HOSTILE, 1, 0.0, gold=False),),
        )  # fmt: skip
        html = page_of([hostile], generation, compared([hostile], [result(HOSTILE, "right", question=HOSTILE)]))
        page = Parsed(html)
        assert not page.all("script")
        assert not page.all("img")
        assert "5929" not in page.text
        assert HOSTILE in page.text

    def test_missing_facts(self, generation: Generation) -> None:
        page = Parsed(page_of(RUN, generation))
        for shown in ("when it begins", "1 of 2 vital facts", "in short: 24", "how_to"):
            assert shown in page.text
        assert "its colour" not in page.text
        assert "The warranty is 24 months from delivery." in Parsed(page_of(RUN[6:], generation)).text

    def test_the_gold_page_of_a_document_with_its_own_pages(self, generation: Generation) -> None:
        nuggets = (GradedNugget(True, ("re:red",), "the red valve", found=False),)
        lost = result("h", "false_abstention", documents=("a.pdf", "notes.txt"), pages=(9,), answers=(),
                      evidence={"a.pdf": (1,), "notes.txt": (1,)}, nuggets=nuggets)  # fmt: skip
        (failure,) = find_failures([lost], generation).kinds["false_abstention"]
        assert failure.gold
        assert (failure.gold.document, failure.gold.sentence) == ("notes.txt", "The valve is red.")

    def test_retrieval_only(self, generation: Generation) -> None:
        page = Parsed(page_of([result("a", None), result("b", None, page_rank=None)], generation))
        assert not page.all("svg")
        assert len(page.all("article")) == 1

    def test_nothing_went_wrong(self, generation: Generation) -> None:
        page = Parsed(page_of([result("a", "right")], generation))
        assert "Nothing went wrong in 1 question" in page.text
        assert not page.all("article")

    def test_left_out_pictures_are_counted(self, generation: Generation) -> None:
        page = Parsed(page_of([result("b", "wrong"), result("c", "wrong")], generation, picture_bytes=1))
        assert "1 picture of pages is left out" in page.text

    def test_compared(self, generation: Generation) -> None:
        now = [result(str(number), "wrong" if number < 8 else "right") for number in range(20)]
        before = [result(str(number), "right", answer="24 months") for number in range(20)]
        page = Parsed(page_of(now, generation, compared(now, before)))
        assert "20 questions are in both runs" in page.text
        assert "Became wrong" in page.text
        assert "worse" in page.text

    def test_written(self, generation: Generation, tmp_path: Path) -> None:
        summary = summarise(RUN, model="m", index="i")
        write_report(tmp_path / "run.html", RUN, summary, None, generation)
        assert (tmp_path / "run.html").read_text(encoding="utf-8").startswith("<!doctype html>")


class TestPlots:
    def test_well_formed_and_complete(self, tmp_path: Path) -> None:
        results = [
            result(str(number), "right" if number % 3 else "wrong", confidence=number / 40) for number in range(40)
        ]
        write_plots(tmp_path / "plot.svg", results)
        root = ElementTree.parse(tmp_path / "plot.svg").getroot()  # noqa: S314 - our own
        texts = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
        assert texts.count("4") == 10  # ten bins with four answers each
        for label in ("confidence", "share of answers that are right", "coverage: share of questions answered"):
            assert label in texts
        (line,) = root.iter("{http://www.w3.org/2000/svg}polyline")
        assert len((line.get("points") or "").split()) == 40

    def test_a_bar_is_as_high_as_its_share(self, tmp_path: Path) -> None:
        """196 units are 1: three of four right are 147."""
        results = [result(str(number), "right" if number else "wrong") for number in range(4)]
        write_plots(tmp_path / "plot.svg", results)
        assert 'height="147.0"' in (tmp_path / "plot.svg").read_text()

    @pytest.mark.parametrize("outcome", ["abstained", "false_abstention"])
    def test_nothing_answered(self, tmp_path: Path, outcome: str) -> None:
        write_plots(tmp_path / "plot.svg", [result("a", outcome), result("b", outcome, confidence=0.1)])
        assert "no answer with a confidence" in (tmp_path / "plot.svg").read_text()

    def test_no_answer_is_calibrated(self, generation: Generation, tmp_path: Path) -> None:
        results = [result("a", "right", confidence=None), result("b", "wrong", confidence=None)]
        write_plots(tmp_path / "plot.svg", results)
        assert (tmp_path / "plot.svg").read_text().count("no answer with a confidence") == 2
        assert len(Parsed(page_of(results, generation)).all("svg")) == 2


class TestConsole:
    def test_every_metric_has_a_group(self) -> None:
        shown = [name for names in GROUPS.values() for name in names]
        assert sorted(shown) == sorted(
            metric.name for metric in (*RETRIEVAL, *ANSWERS, *COMPLETENESS, *CONFIDENCE, *COST)
        )
        assert _MEANINGS.keys() == set(shown)

    def test_metrics_and_forms(self) -> None:
        text = printed(RUN)
        assert "7 questions: 5 answerable, 2 not" in text
        assert re.search(r"page_hit@1 +0\.800 +0\.\d{3} – 1\.000", text)
        assert re.search(r"Numeric +1 +0\.000", text)
        assert re.search(r"vital_recall +0\.500 +0\.500 – 0\.500", text)
        assert re.search(r"mean_words +2\.0 ", text)
        assert re.search(r"how_to +1 +1\.000 +1\.000 .*0\.500 +0\.000", text)

    def test_a_run_without_nuggets_says_nothing_of_them(self) -> None:
        assert "vital" not in printed(RUN[:6])

    @pytest.mark.parametrize(
        ("fields", "columns", "width"),
        [
            pytest.param({"f1": 1.0}, 7, 80, id="answers"),
            pytest.param({"nuggets": NUGGETS}, 7, 80, id="nuggets"),
            pytest.param({"f1": 1.0, "nuggets": NUGGETS}, 9, 100, id="both"),
        ],
    )
    def test_a_breakdown_fits(self, fields: dict[str, Any], columns: int, width: int) -> None:
        labelled = [result(str(number), "right", form="Numeric", **fields) for number in range(2)]
        text = printed([*labelled, result("n", "abstained", form="Numeric")], width=width)
        assert "…" not in text
        assert re.search(rf"Numeric +3( +\d\.\d{{3}}){{{columns}}}\n", text)

    def test_missing_facts(self) -> None:
        file = io.StringIO()
        results = [*RUN, result("i", "false_abstention", nuggets=NUGGETS)]
        print_missing_facts(Console(file=file, width=40), results)
        assert file.getvalue() == (
            "h  Question h?\n  missing: when it begins\ni  Question i?  not answered\n  missing: when it begins\n\n"
        )

    def test_no_missing_facts(self) -> None:
        file = io.StringIO()
        print_missing_facts(Console(file=file), RUN[:6])
        assert file.getvalue() == ""

    def test_compared(self) -> None:
        before = [result(str(number), "right", answer="24 months") for number in range(20)]
        now = [*(result(str(number), "wrong") for number in range(8)), *before[8:]]
        text = printed(now, compared(now, before))
        assert re.search(r"right +1\.000 +0\.600 +−0\.400 +0\.00\d +worse", text)
        assert "became wrong: 8" in text
        assert "worse: right was 1.000, is 0.600 (p = 0.00" in text

    def test_a_page_of_changes_is_enough(self) -> None:
        now = [result(str(number), "wrong") for number in range(15)]
        before = [result(str(number), "right", answer="24 months") for number in range(15)]
        assert "and 5 more; --json or --html has them all" in printed(now, compared(now, before))

    def test_not_paired(self) -> None:
        comparison = compare([result("a", "right")], {"right": 0.5}, {"right": 0.9})
        assert "no question is in both runs" in printed([result("a", "right")], comparison)
