"""``rag models``: the table of the catalogue, the details of a model, the recommendation, and licences."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from rag.cli.main import main
from rag.cli.models_view import print_models, print_recommendation
from rag.models.weights.catalogue import Catalogue
from rag.models.weights.recommendation import recommend

DEFAULT = "qwen2.5-coder-1.5b-instruct-q4_k_m"
GIGABYTE = 10**9


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in os.environ:
        if name.upper().startswith("RAG_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RAG_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "models"


def test_models_are_listed_whole_in_80_columns() -> None:
    entries = list(Catalogue.load())
    out = io.StringIO()
    print_models(Console(file=out, width=80), [(entry, "present") for entry in entries], {entries[0].name}, 4096)
    rows = out.getvalue().splitlines()
    assert rows[0].split() == ["name", "size", "memory", "state", "licence"]
    for entry in entries:
        (row,) = (row for row in rows if row.startswith(f"{entry.name} "))
        assert row.split()[-2:] == ["present", entry.licence]
        assert (" * " in row) == (entry is entries[0])
    groups = ("generator", "generator, not measured here", "encoder", "reranker")
    assert [row.strip() for row in rows if row.strip() in groups] == list(groups)


def advice(memory: float | None, cores: int, current: str = DEFAULT) -> str:
    size = None if memory is None else int(memory * GIGABYTE)
    out = io.StringIO()
    found = recommend(Catalogue.load(), memory=size, cores=cores, context_tokens=4096)
    print_recommendation(Console(file=out, width=200), found, memory=size, cores=cores, current=current)
    return out.getvalue()


def test_a_recommendation_says_why_and_what_is_not_measured() -> None:
    text = advice(8, 2)
    assert text.startswith("This machine: 8.0 GB of memory, 2 cores.\nqwen3-4b-instruct-2507-q4_k_m: ")
    assert "it needs 6.2 GB, and answers are not measured here" in text
    assert "  python -m rag models fetch qwen3-4b-instruct-2507-q4_k_m\n" in text
    assert "only the default's answers are measured" in text


def test_a_recommendation_of_the_current_model_asks_for_nothing() -> None:
    text = advice(4, 2)
    assert "answers are measured (docs/measured.md)" in text
    assert "nothing is to be done" in text
    assert "models fetch" not in text


@pytest.mark.parametrize(
    ("memory", "why"), [pytest.param(1, "no model of the catalogue fits", id="little"), (None, "the memory is unknown")]
)
def test_no_recommendation_says_why(memory: float | None, why: str) -> None:
    assert f"No recommendation: {why}. RAG_MODEL can be the address of a model server" in advice(memory, 1)


def test_the_command_recommends_for_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "recommend"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("This machine: ")
    assert DEFAULT in out


def test_the_details_of_a_model_have_licence_digest_and_source(capsys: pytest.CaptureFixture[str]) -> None:
    entry = Catalogue.load().get("gemma-3-1b-it-q4_k_m")
    assert main(["models", "list", entry.name]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert f"Gemma, sets conditions: {entry.licence_url}; a download needs --accept-licence Gemma" in out
    assert entry.digest in out
    assert f"{entry.sources[0]}{entry.files[0].name}" in out
    assert "not measured here" in out


@pytest.mark.parametrize("accepted", [[], ["--accept-licence", "MIT"]], ids=["none", "another"])
def test_a_licence_with_conditions_is_accepted_before_the_download(
    accepted: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "fetch", "llama-3.2-1b-instruct-q4_k_m", *accepted]) == 1
    error = capsys.readouterr().err
    assert "has the licence Llama-3.2, which sets conditions: read https://www.llama.com/llama3_2/license/" in error
    assert "run: python -m rag models fetch llama-3.2-1b-instruct-q4_k_m --accept-licence Llama-3.2" in error
    assert not folder.exists()
