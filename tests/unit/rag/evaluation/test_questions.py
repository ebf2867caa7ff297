"""Labelled questions: lines of a questions file, and the errors that name them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rag.errors import QuestionsInvalid
from rag.evaluation.nuggets import Nugget
from rag.evaluation.questions import LabelledQuestion, absent_documents, read_questions

GOOD = {"id": "q1", "question": "How long?", "answers": ["24 months"], "document": "a.pdf", "pages": [2]}
FACT = {"vital": True, "any": ["24 months", "re:two.years?"], "fact": "its length"}


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


class TestQuestions:
    def test_read(self, tmp_path: Path) -> None:
        more = {"id": "q2", "question": "Why?", "answers": [], "documents": ["a.pdf", "b.pdf"], "note": "extra"}
        first, second = read_questions(lines(tmp_path / "q.jsonl", GOOD, "", "  ", more))
        assert (first.id, first.answers, first.pages) == ("q1", ("24 months",), (2,))
        assert first.answerable
        assert not second.answerable
        assert first.gold_documents == {"a.pdf"}
        assert second.gold_documents == {"a.pdf", "b.pdf"}
        assert (first.form, first.source) == (None, None)

    def test_form_and_source(self, tmp_path: Path) -> None:
        rows = {**GOOD, "form": "Numeric", "source": "table"}, {**GOOD, "form": 3, "source": {"url": "x"}}
        named, foreign = read_questions(lines(tmp_path / "q.jsonl", *rows))
        assert (named.form, named.source) == ("Numeric", "table")
        assert (foreign.form, foreign.source) == (None, None)

    @pytest.mark.parametrize(
        ("row", "where"),
        [
            pytest.param("{", "JSON", id="no JSON"),
            pytest.param("[]", "JSON", id="no object"),
            pytest.param({**GOOD, "answers": "24"}, "answers", id="answers are no list"),
            pytest.param({**GOOD, "question": ""}, "question", id="empty question"),
            pytest.param({"id": "q", "question": "Why?"}, "answers", id="no answers"),
            pytest.param({**GOOD, "pages": [1, "two"]}, "pages.1", id="page is no number"),
        ],
    )
    def test_an_error_names_its_line(self, tmp_path: Path, row: object, where: str) -> None:
        path = lines(tmp_path / "q.jsonl", GOOD, "", row, GOOD)
        with pytest.raises(QuestionsInvalid, match=rf"q\.jsonl, line 3: {where}: "):
            read_questions(path)

    @pytest.mark.parametrize("separator", ["\u2028", "\u0085"])
    def test_a_line_ends_where_json_lines_end(self, tmp_path: Path, separator: str) -> None:
        """Unicode's own line breaks are ordinary characters of a JSON string."""
        row = json.dumps({**GOOD, "question": f"How{separator}long?"}, ensure_ascii=False)
        (question,) = read_questions(lines(tmp_path / "q.jsonl", row))
        assert question.question == f"How{separator}long?"

    def test_absent_documents(self, tmp_path: Path) -> None:
        rows = (
            {**GOOD, "id": "here", "document": "a.pdf"},
            {**GOOD, "id": "gone", "document": "z.pdf"},
            {**GOOD, "id": "one gone", "documents": ["z.pdf", "a.pdf", "b.pdf"]},
            {**GOOD, "id": "none needed", "answers": [], "document": "y.pdf"},
        )
        questions = read_questions(lines(tmp_path / "q.jsonl", *rows))
        assert absent_documents(questions, {"a.pdf"}) == {"b.pdf": ["one gone"], "z.pdf": ["gone", "one gone"]}

    def test_line_ends_of_windows(self, tmp_path: Path) -> None:
        (tmp_path / "q.jsonl").write_bytes(f"{json.dumps(GOOD)}\r\n{json.dumps(GOOD)}\r\n".encode())
        assert len(read_questions(tmp_path / "q.jsonl")) == 2

    def test_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(QuestionsInvalid, match=r"gone\.jsonl cannot be read"):
            read_questions(tmp_path / "gone.jsonl")

    def test_no_text(self, tmp_path: Path) -> None:
        (tmp_path / "q.jsonl").write_bytes(b"\xff\xfe")
        with pytest.raises(QuestionsInvalid, match="cannot be read"):
            read_questions(tmp_path / "q.jsonl")

    def test_no_question(self, tmp_path: Path) -> None:
        with pytest.raises(QuestionsInvalid, match="holds no question"):
            read_questions(lines(tmp_path / "q.jsonl", "", " "))

    def test_nuggets(self, tmp_path: Path) -> None:
        rows = (
            {"id": "open", "question": "How?", "nuggets": [FACT, {"vital": False, "any": ["lid"]}], "kind": "how_to",
             "answer": "For 24 months."},
            {"id": "both", "question": "How?", "answers": ["24"], "nuggets": [FACT], "kind": 3},
            {"id": "neither", "question": "How?", "nuggets": []},
        )  # fmt: skip
        alone, both, neither = read_questions(lines(tmp_path / "q.jsonl", *rows))
        assert alone.nuggets == (Nugget(True, ("24 months", "re:two.years?"), "its length"), Nugget(False, ("lid",)))
        assert (alone.answers, alone.answerable, alone.kind) == ((), True, "how_to")
        assert (both.answers, both.answerable, both.kind) == (("24",), True, None)
        assert not neither.answerable

    @pytest.mark.parametrize(
        ("nugget", "where"),
        [
            pytest.param({"any": ["lid"]}, "nuggets.1.vital: Field required", id="vital is missing"),
            pytest.param({"vital": True}, "nuggets.1.any: Field required", id="no wordings"),
            pytest.param({"vital": True, "any": []}, "nuggets.1.any: no alternative has a word", id="empty wordings"),
            pytest.param({"vital": True, "any": ["the", "!"]}, "nuggets.1.any: no alternative has", id="no word"),
            pytest.param({"vital": True, "any": ["lid", "re:(lid"]},
                         "nuggets.1.any.1: the pattern 're:(lid' is no regular expression: missing )", id="pattern"),
            pytest.param({"vital": True, "any": ["re:a{99999999999}"]},
                         "nuggets.1.any.0: the pattern 're:a{99999999999}' is no regular expression", id="too large"),
            pytest.param("lid", "nuggets.1: ", id="no object"),
        ],
    )  # fmt: skip
    def test_an_error_names_its_nugget(self, tmp_path: Path, nugget: object, where: str) -> None:
        path = lines(tmp_path / "q.jsonl", GOOD, {"id": "q", "question": "How?", "nuggets": [FACT, nugget]})
        with pytest.raises(QuestionsInvalid, match=re.escape(f"q.jsonl, line 2: {where}")):
            read_questions(path)

    @pytest.mark.parametrize(
        "evidence",
        [
            pytest.param({"b.pdf": [7, 8], "c.pdf": [1]}, id="by name"),
            pytest.param(
                [{"document": "b.pdf", "pages": [7]}, {"document": "c.pdf", "pages": [1]},
                 {"document": "b.pdf", "pages": 8}], id="as a list",
            ),
        ],
    )  # fmt: skip
    def test_evidence_gives_each_document_its_pages(self, evidence: object) -> None:
        question = LabelledQuestion.model_validate({**GOOD, "documents": ["a.pdf", "b.pdf"], "evidence": evidence})
        assert question.gold_documents == {"a.pdf", "b.pdf", "c.pdf"}
        gold = [(name, page) for name in ("a.pdf", "b.pdf", "c.pdf", "d.pdf") for page in range(9)
                if question.is_gold([name, "copy of it.pdf"], page)]  # fmt: skip
        assert gold == [("a.pdf", 2), ("b.pdf", 7), ("b.pdf", 8), ("c.pdf", 1)]

    @pytest.mark.parametrize(
        "evidence",
        [
            pytest.param("The warranty is 24 months.", id="a quote"),
            pytest.param(["The warranty is 24 months."], id="quotes"),
            pytest.param([{"text": "The warranty is 24 months."}], id="objects without pages"),
            pytest.param([], id="nothing"),
            pytest.param(None, id="null"),
        ],
    )
    def test_evidence_of_other_programs_is_ignored(self, evidence: object) -> None:
        question = LabelledQuestion.model_validate({**GOOD, "evidence": evidence})
        assert not question.evidence
        assert question.gold_documents == {"a.pdf"}
        assert question.paged

    def test_pages_that_are_no_numbers(self, tmp_path: Path) -> None:
        path = lines(tmp_path / "q.jsonl", {**GOOD, "evidence": {"a.pdf": ["two"]}})
        with pytest.raises(QuestionsInvalid, match=r"line 1: evidence\.a\.pdf\.0: "):
            read_questions(path)

    @pytest.mark.parametrize(
        ("fields", "paged"),
        [
            pytest.param({}, True, id="pages"),
            pytest.param({"pages": []}, False, id="no pages"),
            pytest.param({"pages": [], "evidence": {"a.pdf": [3]}}, True, id="evidence"),
            pytest.param({"pages": [], "evidence": {"a.pdf": []}}, False, id="evidence without pages"),
            pytest.param({"answers": []}, False, id="unanswerable"),
        ],
    )
    def test_paged(self, fields: dict[str, object], paged: bool) -> None:
        assert LabelledQuestion.model_validate({**GOOD, **fields}).paged is paged
