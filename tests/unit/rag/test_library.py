"""The library face: ``import rag`` is cheap, its names are there, and the example of the README runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import rag
from rag.answering.answerer import Answerer
from rag.index.current_index import CurrentIndex
from rag.retrieval.retriever import Retriever
from rag.testing import PLAIN_CONFIDENCE_MODEL, BagOfWordsEncoder, OverlapReranker, ScriptedModel
from tests.unit.conftest import publish

ROOT = Path(__file__).parents[3]


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_importing_it_loads_nothing_beyond_the_standard_library() -> None:
    code = (
        "import sys; before = set(sys.modules); import rag; rag.__version__; dir(rag); "
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names))"
    )
    assert python(code).split() == ["rag"]


@pytest.mark.parametrize("name", rag.__all__)
def test_each_name_is_what_its_module_defines(name: str) -> None:
    assert getattr(rag, name) is not None
    assert name in dir(rag)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'rag' has no attribute 'answers'"):
        _ = rag.answers


def test_the_example_of_the_readme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (ROOT / "README.md").read_text()
    (block,) = re.findall(r"<!-- library example -->\s*```python\n(.*?)```", readme, re.DOTALL)
    assert len(block.splitlines()) <= 12
    publish(tmp_path, {"handbook.pdf": ["A candidate becomes a member after 10 months."]}, BagOfWordsEncoder())
    opened: list[rag.Settings] = []

    def open_answerer(settings: rag.Settings) -> Answerer:
        opened.append(settings)
        encoder = BagOfWordsEncoder()
        return Answerer(
            index=CurrentIndex(tmp_path, encoder.identity),
            retriever=Retriever(encoder, OverlapReranker()),
            model=ScriptedModel(["10 months"]),
            passages=6,
            evidence_tokens=350,
            max_tokens=50,
            confidence_model=PLAIN_CONFIDENCE_MODEL,
        )

    monkeypatch.setattr(rag, "open_answerer", open_answerer)
    exec(block, {})  # noqa: S102 - it is ours
    printed = capsys.readouterr().out
    assert opened
    assert "10 months" in printed
    assert "handbook.pdf" in printed
