"""Trial of a GGUF file in a process of its own, and who may be loaded at all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rag.errors import ModelUntrusted, ModelUnusable
from rag.models.llm.probe import probe
from rag.models.opening import generator_weights, probe_own_model
from rag.settings import Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.gguf"
    path.write_bytes(b"GGUF" + bytes(100))
    return path


@pytest.mark.parametrize(
    ("code", "message"),
    [
        pytest.param(
            "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
            r"llama\.cpp crashed with .*mine\.gguf \(SIGSEGV\), in a trial",
            id="crash",
        ),
        pytest.param("import os; os.abort()", r"SIGABRT", id="abort"),
        pytest.param("1 / 0", r"ZeroDivisionError: division by zero, in a trial: get the file again", id="traceback"),
        pytest.param("print('no\\nodd; verify it'); raise SystemExit(1)", r"^odd, in a trial: get", id="reason"),
        pytest.param("raise SystemExit(3)", r"exit code 3, in a trial", id="without a word"),
        pytest.param("import time; time.sleep(60)", r"mine\.gguf was not loaded within 2 s", id="hang"),
    ],
)
def test_a_trial_that_fails(file: Path, code: str, message: str) -> None:
    with pytest.raises(ModelUnusable, match=message) as caught:
        probe(file, command=[sys.executable, "-S", "-c", code], seconds=2 if "sleep" in code else 60)
    assert "\n" not in str(caught.value)


def test_a_trial_that_succeeds_says_nothing(file: Path) -> None:
    probe(file, command=[sys.executable, "-S", "-c", "import sys; sys.exit(sys.argv[2] != '0')"])


def test_a_damaged_file_fails_the_real_trial(file: Path) -> None:
    with pytest.raises(ModelUnusable, match=r"llama\.cpp cannot load .*mine\.gguf, in a trial: get the file again"):
        probe(file)


def test_a_file_of_ones_own_needs_a_word(file: Path, tmp_path: Path) -> None:
    settings = Settings(model=str(file), models=tmp_path / "models")
    with pytest.raises(ModelUntrusted, match=r"mine\.gguf is not in the catalogue.*set RAG_TRUST_MODEL=yes"):
        generator_weights(settings)
    assert not (tmp_path / "models").exists()  # it was not even hashed


def test_with_the_word_it_is_tried(file: Path, tmp_path: Path) -> None:
    settings = Settings(model=str(file), models=tmp_path / "models", trust_model="yes")
    with pytest.raises(ModelUnusable, match="in a trial"):
        probe_own_model(settings)


def test_models_of_the_catalogue_and_of_servers_need_none(tmp_path: Path) -> None:
    probe_own_model(Settings(model="http://127.0.0.1:1/v1", models=tmp_path))
