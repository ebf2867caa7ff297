"""Guides of documents: made in the background, kept step by step, and given over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from ingest.discovery import discover
from rag.answering.answerer import Answerer
from rag.errors import Cancelled, ModelUnusable
from rag.index.generation import Generation
from rag.index.layout import IndexLayout
from rag.models.llm.language_model import Generated, Prompt, Token
from rag.runtime.background import BackgroundTurn, Later
from rag.runtime.cancellation import Cancellation
from rag.service.app import create_app
from rag.service.guides.job import guides_job
from rag.service.guides.maker import GuideMaker
from rag.service.guides.opening import open_guides
from rag.service.guides.store import GuideStore
from rag.settings import Settings
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.fakes import ingest_job, make_pdf
from tests.integration.conftest import make_answerer, wait_until
from tests.integration.test_asking import assert_problem

RULES = [
    "# Opening hours\n\nThe office of the harbour opens at 8 in the morning for all skippers of boats.",
    "# Fees\n\nA berth of the harbour costs 24 euros for each night between May and September.\n\n# Ice\n\nThe harbour "
    "master of Skarholm breaks the ice on the first Monday of January.",
    "# Cranes\n\nThe blue crane of the harbour lifts boats of up to 12 tons for their owners.",
]
MADE = "What does a berth of the harbour cost each night in summer?"


class AskingModel(ScriptedModel):
    """Makes a question of each fact, and answers it from its passages; what it says otherwise is in a document."""

    facts: int = 0

    def generate(self, prompt: Prompt, **options: Any) -> Iterator[Generated]:
        last = self.chats[-1][-1].text
        if last.startswith("Document: "):
            self.facts += 1
            self.replies = [f"Question: {MADE}" if "24 euros" in last else "I cannot say."]
        else:
            self.replies = ["24 euros" if MADE in last else "The blue crane of the harbour lifts boats."]
        yield from super().generate(prompt, **options)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    make_pdf(folder / "rules.pdf", RULES, title="Harbour regulations")
    return folder


@pytest.fixture
def index(documents: Path, tmp_path: Path) -> Path:
    root = tmp_path / "indexes"
    ingest_job(root, BagOfWordsEncoder()).run(discover([documents]))
    return root


def answerer_for(index: Path, model: ScriptedModel | None = None) -> Answerer:
    return make_answerer(index, model or AskingModel([""]))


def maker_for(index: Path, model: ScriptedModel | None = None) -> GuideMaker:
    return GuideMaker(answerer_for(index, model), GuideStore(IndexLayout(index)))


def steps(maker: GuideMaker) -> int:
    count = 0
    while maker.step(Cancellation()):
        count += 1
        assert count < 100
    return count


def kept(index: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((index / "guides").glob("*/guide.json"))]


def test_a_guide(index: Path) -> None:
    maker = maker_for(index)
    assert steps(maker) > 3
    [guide] = kept(index)
    assert (guide["kind"], guide["language"], guide["is_whole"]) == ("policy", "English", True)
    assert [topic["text"] for topic in guide["topics"]] == ["Opening hours", "Fees", "Ice", "Cranes"]
    assert guide["questions"][0] == {"question": MADE, "page": 2}
    generation = maker.answerer.generation()
    quotes = [quote for sentence in guide["summary"] for quote in sentence["quotes"]]
    assert quotes
    for quote in quotes:
        page = generation.page(guide["document_id"], quote["page"])
        assert page.text[quote["start"] : quote["end"]] == quote["text"]
    assert maker.progress() == (1, 1)


def test_a_question_that_is_not_answered_right_is_left_out(index: Path) -> None:
    class Wrong(AskingModel):
        def generate(self, prompt: Prompt, **options: Any) -> Iterator[Generated]:
            for token in super().generate(prompt, **options):
                yield replace(token, text=token.text.replace("24", "12")) if isinstance(token, Token) else token

    steps(maker_for(index, Wrong([""])))
    [guide] = kept(index)
    assert guide["is_whole"]
    assert MADE not in {each["question"] for each in guide["questions"]}


def test_it_goes_on_where_it_was(index: Path) -> None:
    model = AskingModel([""])
    for _ in range(60):  # a service that is started anew for each step
        if not maker_for(index, model).step(Cancellation()):
            break
    resumed, made = kept(index), model.facts
    (IndexLayout(index).guide(resumed[0]["document_id"]) / "guide.json").unlink()
    whole = AskingModel([""])
    steps(maker_for(index, whole))
    assert kept(index) == resumed
    assert made == whole.facts


def test_of_many_documents_the_newest_and_the_one_that_is_opened(documents: Path, tmp_path: Path) -> None:
    for name in ("fees", "ice"):
        make_pdf(documents / f"{name}.pdf", [f"# {name}\n\nThe harbour has its own {name}, as the master says."])
    root = tmp_path / "indexes"
    ingest_job(root, BagOfWordsEncoder()).run(discover([documents]))
    maker = replace(maker_for(root), most_ahead=1)
    steps(maker)
    [first] = kept(root)
    assert maker.progress() == (1, 1)
    ids = [each.id for each in maker.answerer.generation().documents if each.id != first["document_id"]]
    maker.wanted = ids[-1]
    steps(maker)
    assert {each["document_id"] for each in kept(root)} == {first["document_id"], ids[-1]}


def test_a_step_that_is_cancelled_keeps_what_was_there(index: Path) -> None:
    maker = maker_for(index)
    maker.step(Cancellation())
    before = kept(index)
    cancelled = Cancellation()
    cancelled.cancel()
    with pytest.raises(Cancelled):
        maker.step(cancelled)
    assert kept(index) == before
    assert steps(maker) > 1


def test_new_documents_get_theirs_and_old_ones_keep_theirs(index: Path, documents: Path) -> None:
    model = AskingModel([""])
    maker = maker_for(index, model)
    steps(maker)
    [first] = kept(index)
    make_pdf(documents / "ferry.pdf", ["# Ferry\n\nThe ferry to Skarholm leaves twice a day, at 9 and at 15 hours."])
    ingest_job(index, BagOfWordsEncoder()).run(discover([documents]))
    again = maker_for(index, model)
    assert again.step(Cancellation())
    assert len(kept(index)) == 2
    assert first in kept(index)
    assert first["is_whole"]


def test_without_vectors_it_waits(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Generation, "has_vectors", False)
    assert steps(maker_for(index)) == 0
    assert kept(index) == []


class TestTheJob:
    def test_it_looks_again_when_all_are_made(self, index: Path) -> None:
        maker = maker_for(index)
        job = guides_job(maker)
        turn = BackgroundTurn(job)
        assert isinstance(job.run(turn), Later)
        assert (turn.done, turn.total) == (1, 1)

    def test_a_question_stops_it(self, index: Path) -> None:
        job = guides_job(maker_for(index))
        turn = BackgroundTurn(job)
        turn.hold()
        with pytest.raises(Cancelled):
            job.run(turn)

    def test_a_model_that_fails_is_tried_again_later(self, index: Path, caplog: pytest.LogCaptureFixture) -> None:
        class Broken(ScriptedModel):
            def generate(self, *_: Any, **__: Any) -> Iterator[Generated]:
                raise ModelUnusable("it is broken")

        job = guides_job(maker_for(index, Broken([""])))
        later = job.run(BackgroundTurn(job))
        assert later is not None
        assert later.seconds >= 60
        assert "it is broken" in caplog.text

    def test_where_it_is_off(self, index: Path) -> None:
        def opened(**settings: Any) -> GuideMaker | None:
            return open_guides(Settings(index=index, **settings), answerer_for(index))

        assert opened()
        assert opened(guides="off") is None
        assert opened(model="http://127.0.0.1:9/v1") is None
        assert opened(model="http://127.0.0.1:9/v1", guides="on")


@contextmanager
def client_for(index: Path, guides: Callable[[Answerer], GuideMaker | None] | None) -> Iterator[TestClient]:
    model = AskingModel([""])
    with TestClient(create_app(lambda: answerer_for(index, model), guides=guides)) as client:
        yield client


def made(index: Path) -> Callable[[Answerer], GuideMaker | None]:
    return lambda answerer: GuideMaker(answerer, GuideStore(IndexLayout(index)))


class TestOverHttp:
    def test_they_are_made_while_nothing_is_asked(self, index: Path) -> None:
        with client_for(index, made(index)) as client:
            [document] = client.get("/documents").json()["documents"]
            path = f"/documents/{document['id']}/guide"
            wait_until(lambda: client.get(path).json()["state"] == "ready")
            guide = client.get(path).json()
            assert (guide["title"], guide["kind"], guide["language"]) == ("Harbour regulations", "policy", "English")
            assert guide["questions"][0]["question"] == MADE
            numbers = [number for sentence in guide["summary"] for number in sentence["citations"]]
            assert sorted(numbers) == [citation["id"] for citation in guide["citations"]]
            for citation in guide["citations"]:
                page = client.get(f"/documents/{document['id']}/pages/{citation['page']}").json()
                assert page["text"][citation["start"] : citation["end"]] == citation["quote"]
                assert client.get(citation["url"]).status_code == 200
            whole = client.get("/guide").json()
            assert (whole["state"], whole["documents"], whole["ready"], whole["pages"]) == ("ready", 1, 1, 3)
            assert whole["kinds"] == [{"name": "policy", "count": 1}]
            assert whole["questions"] == guide["questions"]
            assert len(whole["summary"]) == 1

    def test_before_they_are_made(self, index: Path) -> None:
        maker = maker_for(index)
        with client_for(index, None) as client:
            [document] = client.get("/documents").json()["documents"]
            off = client.get(f"/documents/{document['id']}/guide").json()
            assert (off["state"], off["summary"], off["questions"]) == ("off", [], [])
            assert client.get("/guide").json()["state"] == "off"
            assert_problem(client.get(f"/documents/{'0' * 64}/guide"), 404)
        assert maker.progress() == (0, 1)

    def test_of_another_text_it_is_made_anew(self, index: Path) -> None:
        """Another version of the reader has read the same file otherwise."""
        steps(maker_for(index))
        [guide] = kept(index)
        guide["summary"][0]["quotes"][0]["start"] += 1
        (IndexLayout(index).guide(guide["document_id"]) / "guide.json").write_text(json.dumps(guide))
        maker = maker_for(index)
        generation = maker.answerer.generation()
        assert maker.guide(generation, generation.documents[0]) is None
        steps(maker)
        assert maker.guide(generation, generation.documents[0])

    def test_one_that_is_asked_for_is_made_first(self, index: Path, documents: Path) -> None:
        make_pdf(
            documents / "ferry.pdf", ["# Ferry\n\nThe ferry to Skarholm leaves twice a day, at 9 and at 15 hours."]
        )
        ingest_job(index, BagOfWordsEncoder()).run(discover([documents]))
        maker = maker_for(index)
        rules = next(each for each in maker.answerer.generation().documents if each.name == "rules.pdf")
        maker.wanted = rules.id
        maker.step(Cancellation())
        assert [guide["document_id"] for guide in kept(index)] == [rules.id]
