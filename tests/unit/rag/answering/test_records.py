"""Answer records: round trip, permissions, and failures to write, which never cost an answer."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.record_folder import FolderRecorder, RecordFolder
from rag.answering.records import (
    AnswerRecord,
    ModelIdentity,
    PlaceRecord,
    QuestionRecord,
    SentenceRecord,
    Setup,
    prompt_digest,
)
from rag.answering.trace import AnswerTrace
from rag.composition import SHAPING
from rag.domain.values import Answer, Citation, Form, Length, Question, Sentence, SentenceKind, Turn, Verdict
from rag.errors import RecordDamaged, RecordUnknown
from rag.index.reading import open_current
from rag.models.llm.language_model import Message, Prompt
from rag.settings import Settings
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import files_of_at_most, publish

ENCODER = BagOfWordsEncoder()
SETUP = Setup(
    versions={"pageproof": "0.1.0"},
    model=ModelIdentity(name="scripted", sha256="a" * 64),
    encoder=ENCODER.identity,
    reranker=None,
    confidence_model="d" * 64,
    whole_confidence_model="e" * 64,
    settings={"RAG_PASSAGES": 4, "RAG_TEMPERATURE": 0.0},
)
PLACE = PlaceRecord(document="a.pdf", document_id="d" * 64, page=1, start=0, end=24, score=0.5)


def id_of(number: int) -> str:
    return f"{number:032x}"


def record_of(number: int = 1, answer: str = "The pump is blue.") -> AnswerRecord:
    return AnswerRecord(
        id=id_of(number),
        time="2026-01-02T03:04:05+00:00",
        question=QuestionRecord(text="Which colour?"),
        setup=SETUP,
        generation="000001-00000000",
        manifest_sha256="b" * 64,
        prompt_sha256="c" * 64,
        passages=(PLACE,),
        draft="The pump is blue [1].",
        answer=answer,
        reason=None,
        form="fact",
        sentences=(SentenceRecord(text=answer, verdict="supported"),),
        quotes=(PLACE,),
    )


def trace_of(root: Path) -> AnswerTrace:
    """The trace of an answer from an index of one page."""
    publish(root, {"a.pdf": ["The pump is blue."]}, ENCODER)
    sentences = (
        Sentence("The pump is blue.", "supported", (1,), "lead", 0.99),
        Sentence("It is new.", "unsupported", kind="detail"),
    )
    quote = Citation(1, "a.pdf", "d" * 64, 1, "The pump is blue.", 0, 17, (), 1.0, label="iv")
    answer = Answer(
        id_of(7), "Which colour?", "The pump is blue.", True, None, 0.8, sentences, (quote,), "scripted", "x"
    )
    answer = replace(answer, certainty="stated", form="parts", short_answer="blue", missing=("its price",))
    generation, question = (
        open_current(root, ENCODER.identity),
        Question("Which colour?", length="full", strictness="strict"),
    )
    return AnswerTrace(question, generation, (), Prompt((1, 2)), "Blue.", answer, today=date(2026, 3, 4))


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    return RecordFolder(tmp_path / "records", keep=3)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
numbers = st.integers(0, 10**9)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
places = st.builds(
    PlaceRecord,
    document=texts,
    document_id=digests,
    page=numbers,
    start=numbers,
    end=numbers,
    score=st.floats(allow_nan=False, allow_infinity=False),
    label=st.none() | texts,
)
sentences = st.builds(
    SentenceRecord,
    text=texts,
    verdict=st.sampled_from(get_args(Verdict)),
    kind=st.sampled_from(get_args(SentenceKind)),
    confidence=st.none() | st.floats(0, 1),
    quotes=st.lists(numbers, max_size=3).map(tuple),
)
questions = st.builds(
    Question,
    text=texts,
    documents=st.lists(texts, max_size=2).map(tuple),
    history=st.lists(st.builds(Turn, texts, texts), max_size=2).map(tuple),
    max_tokens=st.none() | numbers,
    length=st.sampled_from(get_args(Length)),
)


class TestRoundTrip:
    @given(
        questions.map(QuestionRecord.of), digests, st.none() | digests, st.lists(places, max_size=3), texts, st.data()
    )
    def test_what_is_written_is_read(
        self,
        question: QuestionRecord,
        digest: str,
        prompt: str | None,
        found: list[PlaceRecord],
        text: str,
        data: st.DataObject,
    ) -> None:
        changes = {
            "question": question,
            "manifest_sha256": digest,
            "prompt_sha256": prompt,
            "passages": tuple(found),
            "draft": text,
            "answer": text,
            "today": data.draw(st.none() | st.dates()),
            "form": data.draw(st.sampled_from(get_args(Form))),
            "short_answer": data.draw(st.none() | texts),
            "missing": tuple(data.draw(st.lists(texts, max_size=2))),
            "sentences": tuple(data.draw(st.lists(sentences, max_size=3))),
        }
        record = record_of().model_copy(update=changes)
        assert AnswerRecord.from_bytes(record.to_bytes()) == record

    @given(questions)
    def test_of_a_question(self, question: Question) -> None:
        assert QuestionRecord.of(question).to_domain() == question

    def test_on_the_disk(self, folder: RecordFolder) -> None:
        folder.write(record_of())
        assert folder.read(id_of(1)) == record_of()
        assert [path.name for path in folder.root.iterdir()] == [f"{id_of(1)}.json"]


def test_the_digest_of_a_prompt() -> None:
    chat = Prompt((), (Message("user", "Why?"),), 9)
    assert prompt_digest(chat) == hashlib.sha256(b'[["user", "Why?"]]').hexdigest()
    assert prompt_digest(Prompt((1, 70_000))) == hashlib.sha256(struct.pack("<ii", 1, 70_000)).hexdigest()


def test_only_the_owner_may_read_it(folder: RecordFolder) -> None:
    before = os.umask(0)
    try:
        folder.write(record_of())
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder.root / f"{id_of(1)}.json").stat().st_mode) == 0o600


class TestRead:
    @pytest.mark.parametrize(
        "record_id",
        [
            pytest.param("", id="empty"),
            pytest.param("../" + "a" * 29, id="a path"),
            pytest.param("A" * 32, id="capitals"),
            pytest.param("a" * 31, id="too short"),
            pytest.param("a" * 33, id="too long"),
            pytest.param("a" * 32 + "\n", id="a line break"),
            pytest.param("a" * 31 + "١", id="a digit of another script"),
        ],
    )
    def test_a_malformed_id_is_not_used_as_a_path(self, folder: RecordFolder, record_id: str) -> None:
        folder.write(record_of())
        with pytest.raises(RecordUnknown, match="no id of an answer"):
            folder.read(record_id)

    def test_an_unknown_one(self, folder: RecordFolder) -> None:
        with pytest.raises(RecordUnknown, match="RAG_KEEP_RECORDS=3"):
            folder.read(id_of(2))

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"", id="empty"),
            pytest.param(record_of().to_bytes()[:-9], id="cut"),
            pytest.param(b"[]", id="a list"),
            pytest.param(b"\xff", id="no text"),
            pytest.param(record_of().to_bytes().replace(b'"format": 5', b'"format": 1'), id="another format"),
            pytest.param(record_of().to_bytes().replace(b'"draft"', b'"draught"'), id="an unknown field"),
        ],
    )
    def test_a_damaged_one(self, folder: RecordFolder, data: bytes) -> None:
        folder.write(record_of())
        (folder.root / f"{id_of(1)}.json").write_bytes(data)
        with pytest.raises(RecordDamaged, match="not a record of format 5"):
            folder.read(id_of(1))

    def test_one_under_the_name_of_another(self, folder: RecordFolder) -> None:
        folder.write(record_of())
        (folder.root / f"{id_of(1)}.json").rename(folder.root / f"{id_of(2)}.json")
        with pytest.raises(RecordDamaged, match=id_of(1)):
            folder.read(id_of(2))

    def test_one_that_cannot_be_read(self, folder: RecordFolder) -> None:
        (folder.root / f"{id_of(1)}.json").mkdir(parents=True)
        with pytest.raises(RecordDamaged, match="cannot be read"):
            folder.read(id_of(1))


class TestBound:
    def test_the_oldest_go(self, folder: RecordFolder) -> None:
        for number in range(1, 6):
            folder.write(record_of(number))
            os.utime(folder.root / f"{id_of(number)}.json", (number, number))
        assert sorted(path.stem for path in folder.root.iterdir()) == [id_of(number) for number in (3, 4, 5)]

    def test_drafts_of_a_crash_go_too_and_other_files_stay(self, folder: RecordFolder) -> None:
        folder.root.mkdir()
        for name in (f"{id_of(9)}.draft", "notes.json"):
            (folder.root / name).write_bytes(b"x")
            os.utime(folder.root / name, (1, 1))
        for number in (1, 2, 3):
            folder.write(record_of(number))
        assert sorted(path.stem for path in folder.root.iterdir()) == [*map(id_of, (1, 2, 3)), "notes"]


class TestWriteFailures:
    """An answer is given in any case."""

    def test_a_full_disk(self, tmp_path: Path, folder: RecordFolder, caplog: pytest.LogCaptureFixture) -> None:
        trace = trace_of(tmp_path / "index")
        with files_of_at_most(100):
            FolderRecorder(folder, SETUP).keep(trace)
        assert id_of(7) in caplog.text
        assert "File too large" in caplog.text
        assert "Which colour" not in caplog.text
        assert list(folder.root.iterdir()) == []

    def test_a_failing_fsync(
        self, tmp_path: Path, folder: RecordFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def refuse(_descriptor: int) -> None:
            raise OSError(5, "Input/output error")

        trace = trace_of(tmp_path / "index")
        monkeypatch.setattr(os, "fsync", refuse)
        FolderRecorder(folder, SETUP).keep(trace)
        assert "Input/output error" in caplog.text
        assert list(folder.root.iterdir()) == []

    def test_a_place_that_is_no_folder(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        (tmp_path / "file").write_bytes(b"")
        FolderRecorder(RecordFolder(tmp_path / "file", 3), SETUP).keep(trace_of(tmp_path / "index"))
        assert "could not be kept" in caplog.text

    def test_a_link_is_not_followed(self, folder: RecordFolder, tmp_path: Path) -> None:
        folder.root.mkdir()
        (folder.root / f"{id_of(1)}.draft").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(FileExistsError):
            folder.write(record_of())
        assert not (tmp_path / "elsewhere").exists()


def test_every_setting_either_shapes_answers_or_does_not() -> None:
    """A new setting must be listed here: a replay compares those that shape answers."""
    in_digests = {"model", "model_id", "profile", "encoder", "reranker"}
    in_versions = {"threads"}
    in_tuning = {"micro_batch", "flash_attention", "repack"}
    elsewhere = {"index", "models", "model_key", "model_seconds", "tune", "tuning", "records", "keep_records"}
    elsewhere |= {"host", "port", "parallel", "max_queue", "answer_seconds", "proxies", "hosts", "api_keys", "open"}
    elsewhere |= {"documents", "admin_keys", "upload_bytes", "history", "key_file", "requests_per_minute"}
    elsewhere |= {"log", "root_path", "traces", "trust_model", "drain_seconds", "guides", "registry", "registry_key"}
    elsewhere |= {"vector_database"}
    ingest = {"workers", "keep_generations", "ocr_languages"} | {
        name for name in Settings.model_fields if name.startswith(("file_", "page_", "reader_"))
    }
    compared = set(SHAPING) | in_digests | in_versions | in_tuning
    assert set(Settings.model_fields) == compared | elsewhere | ingest


def test_what_is_kept_of_an_answer(tmp_path: Path, folder: RecordFolder) -> None:
    FolderRecorder(folder, SETUP).keep(trace_of(tmp_path / "index"))
    record = folder.read(id_of(7))
    assert (record.format, record.today, record.question.length) == (5, date(2026, 3, 4), "full")
    assert (record.form, record.short_answer, record.missing) == ("parts", "blue", ("its price",))
    assert (record.answer, record.certainty) == ("The pump is blue.", "stated")
    assert record.sentences == (
        SentenceRecord(text="The pump is blue.", verdict="supported", kind="lead", confidence=0.99, quotes=(1,)),
        SentenceRecord(text="It is new.", verdict="unsupported", kind="detail"),
    )
    assert [(quote.document, quote.start, quote.end, quote.label) for quote in record.quotes] == [
        ("a.pdf", 0, 17, "iv")
    ]


class TestOlderFormats:
    """Records of 0.2 (format 4) and 0.1 (format 3, which called the confidence model the judge)."""

    NEW = ("today", "form", "short_answer", "missing")

    def old(self, number: int) -> dict[str, Any]:
        contents = json.loads(record_of().to_bytes())
        old = {name: value for name, value in contents.items() if name not in self.NEW}
        del old["setup"]["whole_confidence_model"]
        del old["question"]["length"]
        old["sentences"] = [{"text": each["text"], "verdict": each["verdict"]} for each in old["sentences"]]
        for place in (*old["passages"], *old["quotes"]):
            del place["label"]
        if number == 3:
            old["setup"]["judge"] = old["setup"].pop("confidence_model")
        return {**old, "format": number}

    @pytest.mark.parametrize("number", [3, 4])
    def test_read(self, number: int) -> None:
        record = AnswerRecord.from_bytes(json.dumps(self.old(number)).encode())
        assert record.setup == SETUP.model_copy(update={"whole_confidence_model": None})
        assert (record.format, record.form, record.short_answer) == (number, None, None)
        assert (record.today, record.missing) == (None, ())
        assert record.question.to_domain() == Question("Which colour?")
        assert record.sentences == record_of().sentences


class TestCertaintyInTheText:
    """Pageproof 0.1 wrote "Possibly: " into the answer of a record, which had no certainty."""

    @pytest.mark.parametrize(
        ("answer", "reason", "text", "certainty"),
        [
            pytest.param("Possibly: Blue.", None, "Blue.", "possible", id="possible"),
            pytest.param("Possibly: Blue", "length", "Blue", "possible", id="cut off"),
            pytest.param("Blue.", None, "Blue.", "stated", id="stated"),
            pytest.param("Not here.", "not_in_documents", "Not here.", None, id="abstention"),
            pytest.param("Possibly: yours?", "not_a_question", "Possibly: yours?", None, id="reply"),
        ],
    )
    def test_read(self, answer: str, reason: str | None, text: str, certainty: str | None) -> None:
        contents = json.loads(record_of().to_bytes())
        del contents["certainty"]
        old = {**contents, "format": 3, "answer": answer, "reason": reason}
        record = AnswerRecord.from_bytes(json.dumps(old).encode())
        assert (record.answer, record.certainty) == (text, certainty)

    def test_with_certainty_the_text_stays(self) -> None:
        contents = {**json.loads(record_of().to_bytes()), "answer": "Possibly: Blue."}
        assert AnswerRecord.model_validate(contents).answer == "Possibly: Blue."
