"""Replay of a recorded answer: the same text, or the difference and the changes since."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import rag.cli.main as program
from rag.answering.answerer import Answerer
from rag.answering.prompt import NOT_FOUND
from rag.answering.record_folder import FolderRecorder, RecordFolder
from rag.answering.records import AnswerRecord, ModelIdentity, SentenceRecord, Setup
from rag.answering.replay import Replay, replay
from rag.cli import ask
from rag.domain.values import Question
from rag.errors import IndexCorrupt, RequestFault
from rag.index.current_index import CurrentIndex
from rag.index.layout import IndexLayout
from rag.index.maintenance import collect_garbage
from rag.index.writer import open_writer
from rag.retrieval.retriever import Retriever
from rag.testing import PLAIN_CONFIDENCE_MODEL, BagOfWordsEncoder, OverlapReranker, ScriptedModel
from tests.unit.conftest import publish
from tests.unit.rag.answering.test_records import SETUP, id_of, record_of

PAGES = ["The pump has a blue lid.", "The valve opens to the left."]
QUESTION = Question("Which lid has the pump?")
REPLY = "The pump has a blue lid."


def open_answerer(root: Path, *replies: str, encoder: BagOfWordsEncoder | None = None) -> Answerer:
    encoder = encoder or BagOfWordsEncoder()
    model = ScriptedModel(list(replies) or [REPLY])
    index, retriever = CurrentIndex(root, encoder.identity), Retriever(encoder, OverlapReranker())
    return Answerer(
        index, retriever, model, passages=3, evidence_tokens=300, max_tokens=64, confidence_model=PLAIN_CONFIDENCE_MODEL
    )


@pytest.fixture
def index(tmp_path: Path) -> Path:
    publish(tmp_path / "index", {"a.pdf": PAGES}, BagOfWordsEncoder())
    return tmp_path / "index"


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    return RecordFolder(tmp_path / "records", keep=9)


@pytest.fixture
def record(index: Path, folder: RecordFolder) -> AnswerRecord:
    answerer = replace(open_answerer(index), recorder=FolderRecorder(folder, SETUP))
    return folder.read(answerer.ask(QUESTION).id)


def changed(replayed: Replay) -> list[str]:
    return [change.what for change in replayed.changes]


def test_what_is_recorded(record: AnswerRecord, index: Path) -> None:
    assert record.question.to_domain() == QUESTION
    assert record.generation == CurrentIndex(index, BagOfWordsEncoder().identity).generation().id
    assert (record.passages[0].document, record.passages[0].page) == ("a.pdf", 1)
    assert record.draft.strip() == record.answer == REPLY
    assert [(sentence.text, sentence.verdict) for sentence in record.sentences] == [(REPLY, "supported")]
    assert record.prompt_sha256


def test_nothing_has_changed(record: AnswerRecord, index: Path) -> None:
    replayed = replay(record, open_answerer(index), SETUP, index)
    assert replayed.first_difference is None
    assert replayed.changes == ()
    assert replayed.now.answer == REPLY


def test_a_record_with_the_certainty_in_its_text(index: Path, folder: RecordFolder) -> None:
    """Pageproof 0.1 wrote "Possibly: " into the answer: no difference for that alone."""
    unsure = replace(open_answerer(index), model=ScriptedModel([REPLY], assent=0.4))
    record = folder.read(replace(unsure, recorder=FolderRecorder(folder, SETUP)).ask(QUESTION).id)
    assert (record.answer, record.certainty) == (REPLY, "possible")
    contents = json.loads(record.to_bytes())
    del contents["certainty"]
    old = AnswerRecord.from_bytes(json.dumps({**contents, "format": 3, "answer": f"Possibly: {REPLY}"}).encode())
    replayed = replay(old, replace(unsure, model=ScriptedModel([REPLY], assent=0.4)), SETUP, index)
    assert (replayed.first_difference, replayed.changes) == (None, ())


def test_another_certainty_is_a_change_of_the_same_text(record: AnswerRecord, index: Path) -> None:
    unsure = replace(open_answerer(index), model=ScriptedModel([REPLY], assent=0.4))
    replayed = replay(record, unsure, SETUP, index)
    assert replayed.first_difference is None
    # The first sentence carries the confidence of the answer.
    verification, certainty = map(str, replayed.changes)
    assert verification.startswith("verification: supported: lead 0.9")
    assert certainty == "certainty: stated → possible"


class TestToday:
    """A question such as "Which lid is current?" is put to the model with the date."""

    CURRENT = Question("Which lid is the current one of the pump?")

    def recorded(self, index: Path, folder: RecordFolder, question: Question) -> AnswerRecord:
        answerer = replace(open_answerer(index), today=lambda: date(2026, 3, 4))
        return folder.read(replace(answerer, recorder=FolderRecorder(folder, SETUP)).ask(question).id)

    def test_a_replay_is_as_of_the_same_day(self, index: Path, folder: RecordFolder) -> None:
        record = self.recorded(index, folder, self.CURRENT)
        assert record.today == date(2026, 3, 4)
        later = replace(open_answerer(index), today=lambda: date(2027, 1, 1))
        replayed = replay(record, later, SETUP, index)
        assert (replayed.first_difference, replayed.changes) == (None, ())
        assert isinstance(later.model, ScriptedModel)
        said = [message.text for chat in later.model.chats for message in chat]
        assert any("Today is 04 March 2026." in text for text in said)
        assert not any("2027" in text for text in said)

    def test_another_day_is_another_prompt(self, index: Path, folder: RecordFolder) -> None:
        record = self.recorded(index, folder, self.CURRENT).model_copy(update={"today": date(2026, 3, 5)})
        assert changed(replay(record, open_answerer(index), SETUP, index)) == ["prompt"]

    def test_other_questions_have_no_date(self, index: Path, folder: RecordFolder) -> None:
        assert self.recorded(index, folder, QUESTION).today is None


def test_where_the_model_is_not_asked(index: Path, folder: RecordFolder) -> None:
    answerer = replace(open_answerer(index), recorder=FolderRecorder(folder, SETUP))
    record = folder.read(answerer.ask(Question("Who is the mayor of Skarholm?")).id)
    assert record.prompt_sha256 is None
    assert (record.draft, record.reason) == ("", "not_in_documents")
    replayed = replay(record, open_answerer(index), SETUP, index)
    assert (replayed.first_difference, replayed.changes) == (None, ())


class TestChanges:
    @pytest.mark.parametrize(
        ("update", "change"),
        [
            pytest.param(
                {"versions": {"pageproof": "0.2.0"}}, "program: pageproof 0.1.0 → pageproof 0.2.0", id="program"
            ),
            pytest.param(
                {"model": ModelIdentity(name="other", sha256="f" * 64)},
                f"model: scripted ({'a' * 12}) → other ({'f' * 12})",
                id="model",
            ),
            pytest.param(
                {"reranker": ModelIdentity(name="other", sha256="e" * 64)},
                f"reranker: none → other ({'e' * 12})",
                id="reranker",
            ),
            pytest.param(
                {"confidence_model": "1" * 64}, f"confidence model: {'d' * 12} → {'1' * 12}", id="confidence model"
            ),
            pytest.param(
                {"whole_confidence_model": "1" * 64},
                f"confidence model: {'e' * 12} → {'1' * 12}",
                id="confidence model of whole answers",
            ),
            pytest.param(
                {"settings": {"RAG_PASSAGES": 4, "RAG_TEMPERATURE": 0.5}},
                "settings: RAG_TEMPERATURE 0.0 → RAG_TEMPERATURE 0.5",
                id="a setting",
            ),
            pytest.param(
                {"settings": {"RAG_PASSAGES": 4}},
                "settings: RAG_TEMPERATURE 0.0 → RAG_TEMPERATURE unknown",
                id="no more",
            ),
        ],
    )
    def test_of_the_setup(self, record: AnswerRecord, index: Path, update: dict[str, Any], change: str) -> None:
        """The text may be the same even so: both are reported."""
        replayed = replay(record, open_answerer(index), Setup(**{**dict(SETUP), **update}), index)
        assert [str(found) for found in replayed.changes] == [change]
        assert replayed.first_difference is None

    def test_of_the_confidence_model(self, record: AnswerRecord, index: Path) -> None:
        """A model that withholds the same draft now is reported, with the verdicts."""
        strict = replace(PLAIN_CONFIDENCE_MODEL, thresholds=(1.0, 1.0))
        setup = SETUP.model_copy(update={"confidence_model": strict.digest})
        replayed = replay(record, replace(open_answerer(index), confidence_model=strict), setup, index)
        assert (replayed.now.draft, replayed.now.reason) == (record.draft, "not_in_documents")
        assert changed(replayed) == ["confidence model", "verification"]

    def test_of_the_draft(self, record: AnswerRecord, index: Path) -> None:
        replayed = replay(record, open_answerer(index, "The pump has a lid."), SETUP, index)
        assert replayed.first_difference == len("The pump has a ")
        assert changed(replayed) == ["draft", "verification", "short answer"]

    def test_of_the_verdict_only(self, record: AnswerRecord, index: Path) -> None:
        other = record.model_copy(update={"sentences": (), "answer": "Blue."})
        replayed = replay(other, open_answerer(index), SETUP, index)
        assert changed(replayed) == ["verification"]

    @pytest.mark.parametrize(
        ("update", "change"),
        [
            pytest.param({"form": "list"}, "form: list → fact", id="form"),
            pytest.param({"short_answer": "Blue"}, f"short answer: Blue → {REPLY}", id="short answer"),
            pytest.param({"missing": ("its price",)}, "missing: its price → nothing", id="missing"),
            pytest.param({"certainty": "possible"}, "certainty: possible → stated", id="certainty"),
        ],
    )
    def test_of_a_field_beside_the_text(
        self, record: AnswerRecord, index: Path, update: dict[str, Any], change: str
    ) -> None:
        replayed = replay(record.model_copy(update=update), open_answerer(index), SETUP, index)
        assert [str(found) for found in replayed.changes] == [change]
        assert replayed.first_difference is None

    @pytest.mark.parametrize("update", [{"kind": "step"}, {"confidence": 0.5}, {"quotes": ()}], ids=str)
    def test_of_a_sentence_of_the_same_text(self, record: AnswerRecord, index: Path, update: dict[str, Any]) -> None:
        sentence = record.sentences[0].model_copy(update=update)
        replayed = replay(record.model_copy(update={"sentences": (sentence,)}), open_answerer(index), SETUP, index)
        (change,) = replayed.changes
        assert change.what == "verification"
        assert change.recorded != change.now

    def test_an_older_record_is_compared_by_what_it_has(self, record: AnswerRecord, index: Path) -> None:
        """Records of 0.2 have no form, and no kinds and confidences of sentences."""
        old = {
            "format": 4,
            "form": None,
            "short_answer": None,
            "setup": SETUP.model_copy(update={"whole_confidence_model": None}),
            "sentences": tuple(SentenceRecord(text=each.text, verdict=each.verdict) for each in record.sentences),
        }
        replayed = replay(record.model_copy(update=old), open_answerer(index), SETUP, index)
        assert (replayed.first_difference, replayed.changes) == (None, ())

    def test_of_the_passages(self, record: AnswerRecord, index: Path) -> None:
        replayed = replay(record, replace(open_answerer(index, NOT_FOUND), passages=1), SETUP, index)
        retrieval = replayed.changes[0]
        assert changed(replayed) == ["retrieval", "prompt", "draft", "verification"]
        assert (retrieval.recorded, retrieval.now) == ("a.pdf, page 2, 0-28", "none")
        assert replayed.first_difference == 4  # "The documents do not answer this question."

    def test_of_their_order(self, record: AnswerRecord, index: Path) -> None:
        other = record.model_copy(update={"passages": record.passages[::-1]})
        (change,) = replay(other, open_answerer(index), SETUP, index).changes
        assert str(change) == "retrieval: the same passages → in another order"

    @pytest.mark.parametrize(
        ("recorded", "now", "position"),
        [("same", "same", None), ("abc", "abd", 2), ("abc", "ab", 2), ("", "a", 0), ("x", "", 0)],
    )
    def test_the_first_difference(self, recorded: str, now: str, position: int | None) -> None:
        assert Replay(record_of(answer=recorded), record_of(answer=now), ()).first_difference == position


class TestGenerations:
    def test_the_recorded_one_answers_while_it_is_kept(self, record: AnswerRecord, index: Path) -> None:
        publish(index, {"a.pdf": ["The pump has a red lid."]}, BagOfWordsEncoder())
        replayed = replay(record, open_answerer(index), SETUP, index)
        assert replayed.now.generation == record.generation
        assert (replayed.first_difference, replayed.changes) == (None, ())

    def test_the_current_one_answers_when_it_is_gone(self, record: AnswerRecord, index: Path) -> None:
        second = publish(index, {"a.pdf": ["The pump has a red lid."]}, BagOfWordsEncoder())
        with open_writer(index) as writer:
            collect_garbage(writer.layout, keep=1)
        replayed = replay(record, open_answerer(index, "The pump has a red lid."), SETUP, index)
        assert replayed.now.generation == second
        gone = f"index: {record.generation} → {second}, because that one is not kept any more"
        assert str(replayed.changes[0]) == gone
        assert changed(replayed)[1:] == ["retrieval", "prompt", "draft", "verification", "short answer"]
        assert replayed.first_difference == len("The pump has a ")

    def test_the_current_one_answers_when_it_is_of_another_encoder(self, record: AnswerRecord, index: Path) -> None:
        encoder = BagOfWordsEncoder(name="other")
        publish(index, {"a.pdf": PAGES}, encoder)
        setup = SETUP.model_copy(update={"encoder": encoder.identity})
        replayed = replay(record, open_answerer(index, encoder=encoder), setup, index)
        assert changed(replayed) == ["encoder", "index"]
        assert "another encoder" in replayed.changes[1].now
        assert replayed.first_difference is None

    def test_a_damaged_one_is_an_error(self, record: AnswerRecord, index: Path) -> None:
        answerer = open_answerer(index)
        (IndexLayout(index).generation(record.generation) / "docstore.sqlite").write_bytes(b"x")
        with pytest.raises(IndexCorrupt, match="docstore"):
            replay(record, answerer, SETUP, index)

    @pytest.mark.parametrize("name", ["../../etc", "000009-00000000"], ids=["a path", "unknown"])
    def test_an_unknown_one_is_not_opened(self, record: AnswerRecord, index: Path, name: str) -> None:
        replayed = replay(record.model_copy(update={"generation": name}), open_answerer(index), SETUP, index)
        assert changed(replayed) == ["index"]


def test_a_question_that_is_no_longer_accepted_reports_the_changes(record: AnswerRecord, index: Path) -> None:
    answerer = replace(open_answerer(index), max_tokens=10_000)
    setup = SETUP.model_copy(update={"settings": {"RAG_PASSAGES": 4, "RAG_TEMPERATURE": 0.5}})
    with pytest.raises(RequestFault, match=r"tokens.*Changed since .*RAG_TEMPERATURE 0\.5"):
        replay(record, answerer, setup, index)


class TestCommand:
    @pytest.fixture(autouse=True)
    def _settings(self, monkeypatch: pytest.MonkeyPatch, index: Path, folder: RecordFolder) -> None:
        for name in os.environ:
            if name.upper().startswith("RAG_"):
                monkeypatch.delenv(name)
        monkeypatch.setenv("RAG_INDEX", str(index))
        monkeypatch.setenv("RAG_RECORDS", str(folder.root))
        monkeypatch.setattr(ask, "open_answerer", lambda settings: open_answerer(settings.index))
        monkeypatch.setattr(ask, "setup_of", lambda _settings, _retriever, _confidence_model: SETUP)

    def test_the_same_text(self, record: AnswerRecord, capsys: pytest.CaptureFixture[str]) -> None:
        assert program.main(["ask", "--replay", record.id]) == 0
        out = capsys.readouterr().out
        assert "the same text: The pump has a blue lid." in out
        assert "Nothing that is recorded has changed." in out

    def test_another_text(self, record: AnswerRecord, index: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = next(index.parent.glob("records/*.json"))
        path.write_bytes(path.read_bytes().replace(b"blue", b"grey"))
        assert program.main(["ask", "--replay", record.id]) == 5
        out = capsys.readouterr().out
        assert "another text, from character 15 on" in out
        assert "changed draft: The pump has a grey lid. → The pump has a blue lid." in " ".join(out.split())

    def test_json(self, record: AnswerRecord, capsys: pytest.CaptureFixture[str]) -> None:
        assert program.main(["ask", "--replay", record.id, "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {
            "id": record.id,
            "time": record.time,
            "question": QUESTION.text,
            "same": True,
            "first_difference": None,
            "recorded": REPLY,
            "now": REPLY,
            "index": record.generation,
            "changes": [],
        }

    def test_a_replay_is_not_recorded(self, record: AnswerRecord, folder: RecordFolder) -> None:
        program.main(["ask", "--replay", record.id])
        assert [path.stem for path in folder.root.iterdir()] == [record.id]

    def test_an_unknown_one(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert program.main(["ask", "--replay", id_of(1)]) == 1
        assert "no record of" in capsys.readouterr().err

    def test_where_nothing_is_kept(
        self, record: AnswerRecord, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("RAG_RECORDS", "")
        assert program.main(["ask", "--replay", record.id]) == 1
        assert "RAG_RECORDS is not set" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "arguments",
        [
            pytest.param([], id="nothing"),
            pytest.param(["--replay", "../x"], id="a path"),
            pytest.param(["--replay", id_of(1), "and a question"], id="both"),
        ],
    )
    def test_wrong_usage(self, arguments: list[str]) -> None:
        with pytest.raises(SystemExit) as caught:
            program.main(["ask", *arguments])
        assert caught.value.code == 2
