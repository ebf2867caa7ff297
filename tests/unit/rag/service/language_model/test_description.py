"""What clients are told of the language model, for settings and machines that are handed in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rag.models.weights.catalogue import Catalogue
from rag.runtime.processor import read_processor
from rag.service.language_model import description
from rag.service.language_model.description import ModelDescription, describe_model
from rag.settings import Settings
from rag.testing import ScriptedModel
from tests.integration.conftest import make_answerer

GIGABYTE = 10**9
DEFAULT = "qwen2.5-coder-1.5b-instruct-q4_k_m"
BEST = "qwen3-4b-instruct-2507-q4_k_m"


@pytest.fixture
def workstation(monkeypatch: pytest.MonkeyPatch) -> None:
    processor = replace(read_processor(), logical=8, physical=8, quota=None)
    monkeypatch.setattr(description, "read_processor", lambda: processor)
    monkeypatch.setattr(description, "usable_memory", lambda: 64 * GIGABYTE)


@pytest.mark.usefixtures("workstation")
@pytest.mark.parametrize(
    ("model", "entry", "is_remote", "better"),
    [
        pytest.param(DEFAULT, DEFAULT, False, BEST, id="the default, and one ranked above it"),
        pytest.param(BEST, BEST, False, None, id="the best that fits"),
        pytest.param("smollm2-135m-instruct-q4_1", "smollm2-135m-instruct-q4_1", False, BEST, id="one for tests"),
        pytest.param("/models/own.gguf", None, False, None, id="a file of one's own has no rank"),
        pytest.param("http://127.0.0.1:8080/v1", None, True, None, id="a model server"),
    ],
)
def test_the_model_of_the_settings_is_described(
    model: str, entry: str | None, is_remote: bool, better: str | None
) -> None:
    told = describe_model(Settings(model=model))
    assert told.entry == (Catalogue.load().get(entry) if entry else None)
    assert told.is_remote is is_remote
    assert told.better == (Catalogue.load().get(better) if better else None)


@pytest.mark.parametrize(
    ("is_masked", "is_remote", "kind"),
    [
        pytest.param(True, False, "small", id="small"),
        pytest.param(False, False, "large", id="large"),
        pytest.param(False, True, "server", id="on a server"),
    ],
)
def test_its_kind_is_how_it_answers(tmp_path: Path, is_masked: bool, is_remote: bool, kind: str) -> None:
    answerer = replace(make_answerer(tmp_path, ScriptedModel([""])), is_masked=is_masked)
    assert ModelDescription(is_remote=is_remote).body(answerer).kind == kind


def test_a_better_one_comes_with_the_commands_that_try_it(tmp_path: Path) -> None:
    catalogue = Catalogue.load()
    told = ModelDescription(catalogue.get(DEFAULT), better=catalogue.get(BEST)).body(
        make_answerer(tmp_path, ScriptedModel([""]))
    )
    assert (told.title, told.licence, told.measured) == ("Qwen2.5-Coder 1.5B Instruct, Q4_K_M", "Apache-2.0", True)
    assert told.better is not None
    assert told.better.measured is False
    assert told.better.commands == (
        f"python -m rag models fetch {BEST}",
        f"export RAG_MODEL={BEST}",
        "python -m rag calibrate",
    )
