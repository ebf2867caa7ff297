"""The house rules that a machine can check: imports point down, each heavy library has one home, no pickle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# A module may import only from layers below its own. A package stands for all of its modules.
LAYERS = [
    ["rag", "rag.errors"],
    [
        "rag.domain.values",
        "rag.text.sentences",
        "rag.text.characters",
        "rag.runtime.cancellation",
        "rag.runtime.native",
        "rag.runtime.interpreter",
        "rag.cli.arguments",
        "ingest.readers.limits",
        "rag.runtime.processor",
        "rag.runtime.cpu_gate",
    ],
    [
        "rag.text.templates",
        "rag.text.normalization",
        "rag.text.prompt_injection",
        "rag.runtime.single_flight_cache",
        "rag.cli.document_picker",
    ],
    ["ingest.pdf.lines", "rag.domain.stored", "rag.cli.line_editor"],
    ["ingest.pdf.columns", "ingest.pdf.running_headers", "ingest.pdf.tables"],
    ["ingest.pdf.rows"],
    ["ingest.pdf.page_text"],
    ["rag.models.weights.catalogue", "rag.models.weights.digests"],
    ["rag.models.weights.fetching"],
    ["rag.settings", "rag.models.weights.store", "rag.pdf", "rag.models.embedding", "rag.models.llm"],
    ["rag.answering.confidence", "rag.answering.span_completion"],
    ["rag.index", "rag.answering.prompt", "rag.answering.grounding", "rag.evaluation.logistic_regression"],
    [
        "rag.retrieval.scoring",
        "rag.retrieval.near_duplicates",
        "rag.query",
        "rag.answering.draft",
        "rag.answering.conflicts",
    ],
    [
        "rag.retrieval.retriever",
        "rag.answering.records",
        "rag.evaluation.synthetic",
        "rag.answering.answer_builder",
        "rag.answering.extractive_summary",
    ],
    [
        "rag.answering.features",
        "rag.answering.calibration_store",
        "rag.models.llm.tuning.store",
        "rag.retrieval.cached",
    ],
    ["rag.answering.answerer", "rag.models.llm.tuning.autotune"],
    ["rag.evaluation", "rag.service", "rag.answering.replay"],
    ["rag.evaluation.calibrate", "rag.cli.doctor_checks"],
    ["rag.cli.console", "rag.composition", "rag.cli.index", "rag.cli.answer_view", "rag.cli.live_answer"],
    ["rag.cli.make_questions", "rag.cli.calibrate", "rag.cli.doctor", "rag.cli.repl", "rag.langchain"],
    ["rag.cli.evaluate", "rag.cli.ask"],
    ["rag.__main__", "ingest"],
]

HOMES: dict[str, str | tuple[str, ...]] = {
    "faiss": "rag.index",
    "bm25s": "rag.index",
    "Stemmer": "rag.index",
    "sqlite3": "rag.index",
    "sentence_transformers": "rag.models.embedding",
    "transformers": "rag.models.embedding",
    "torch": "rag.models.embedding",
    "onnxruntime": "rag.models.embedding",
    "tokenizers": "rag.models.embedding",
    "openvino": "rag.models.embedding",
    "safetensors": "rag.models.embedding",
    "llama_cpp": "rag.models.llm",
    "pypdfium2": "rag.pdf",
    "PIL": "rag.pdf",
    "fastapi": "rag.service",
    "starlette": "rag.service",
    "uvicorn": "rag.service",
    "prometheus_client": "rag.service",
    "httpx": ("rag.models.weights.fetching", "rag.models.llm"),  # for files, and for servers that run models
    "pypdf": "ingest.readers.pypdf_fallback",
    "markdown_it": "ingest.readers.markdown",
    "selectolax": "ingest.readers.html",
    "charset_normalizer": "ingest.readers.text",
    "docx": "ingest.readers.docx",
    "langchain_text_splitters": "ingest.chunking",
    "langchain_core": "rag.langchain",
    "jinja2": "rag.text.templates",
}

FORBIDDEN = {"pickle", "joblib", "shelve", "dill", "langchain_community"}


def modules() -> Iterator[tuple[str, Path]]:
    for package in ("rag", "ingest"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield name, path


@cache
def imports(path: Path) -> tuple[str, ...]:
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            yield node.module
            # `from rag import settings` imports rag.settings.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer_of(module: str) -> int | None:
    """The layer of the longest name in LAYERS that the module is or is in."""
    best = max(
        (name for layer in LAYERS for name in layer if module == name or module.startswith(name + ".")),
        key=len,
        default=None,
    )
    return next((number for number, layer in enumerate(LAYERS) if best in layer), None)


MODULES = dict(modules())


@pytest.mark.parametrize("name", MODULES)
def test_every_module_has_a_layer(name: str) -> None:
    assert name == "rag" or layer_of(name) not in (None, 0) or name == "rag.errors"


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_down(name: str) -> None:
    own = layer_of(name)
    assert own is not None
    for imported in set(imports(MODULES[name])) & MODULES.keys():
        other = layer_of(imported)
        assert other is not None
        same_package = name.partition(".")[0] == "ingest" or name.rpartition(".")[0] == imported.rpartition(".")[0]
        inside = name.startswith(imported + ".") or same_package or imported.startswith(name + ".")
        assert other < own or (other == own and inside), f"{name} imports {imported}"


def test_rag_does_not_import_ingest() -> None:
    for name, path in MODULES.items():
        if name.startswith("rag"):
            assert not [imported for imported in imports(path) if imported.split(".")[0] == "ingest"], name


@pytest.mark.parametrize("library", HOMES)
def test_library_has_one_home(library: str) -> None:
    users = {name for name, path in MODULES.items() if library in {found.split(".")[0] for found in imports(path)}}
    assert users, f"{library} is not used any more: take it out of HOMES"
    home = HOMES[library]
    homes = (home,) if isinstance(home, str) else home
    assert all(any(user == home or user.startswith(f"{home}.") for home in homes) for user in users)


def test_nothing_is_pickled() -> None:
    for name, path in MODULES.items():
        assert not {found.split(".")[0] for found in imports(path)} & FORBIDDEN, name


def test_only_the_entry_points_read_the_environment() -> None:
    readers = {name for name, path in MODULES.items() if "os.environ" in path.read_text()}
    # The last two do not read settings: they say which few variables their processes may know.
    assert readers == {"rag.settings", "rag.runtime.native", "rag.pdf.render_pool", "ingest.sandbox.pool"}
    callers = {name for name, path in MODULES.items() if "read_settings()" in path.read_text()}
    assert callers == {"rag.__main__", "ingest.__main__"}
