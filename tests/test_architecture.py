"""Architecture: imports go down between folders, modules form no cycle, each heavy library has one home, no pickle."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# A folder of rag (or a module directly in it) may import only from lower layers, never from another of its own layer.
# `rag` itself is at the bottom: it imports nothing when it is imported (tests/unit/rag/test_library.py).
LAYERS = [
    ["rag"],
    ["rag.errors"],
    ["rag.domain"],
    ["rag.text", "rag.runtime"],
    ["rag.settings", "rag.pdf"],
    ["rag.models"],
    ["rag.index"],
    ["rag.retrieval"],
    ["rag.query"],
    ["rag.answering"],
    ["rag.evaluation", "rag.composition", "rag.testing"],
    ["rag.service"],
    ["rag.cli", "rag.langchain"],
    ["rag.__main__", "rag.cluster", "ingest"],
    ["pageproof"],
]

HOMES: dict[str, tuple[str, ...]] = {
    "faiss": ("rag.index",),
    # Its lists of stop words are data of languages.
    "bm25s": ("rag.index", "rag.text.languages.stemming"),
    "Stemmer": ("rag.text",),
    "sqlite3": ("rag.index",),
    "psycopg": ("rag.index.search.pgvector",),
    "fsspec": ("rag.index.storage.object_storage",),
    "botocore": ("rag.index.storage.object_storage",),
    "aiohttp": ("rag.index.storage.object_storage",),
    "sentence_transformers": ("rag.models.embedding",),
    "transformers": ("rag.models.embedding",),
    "torch": ("rag.models.embedding",),
    "onnxruntime": ("rag.models.embedding",),
    "tokenizers": ("rag.models.embedding",),
    "openvino": ("rag.models.embedding",),
    "safetensors": ("rag.models.embedding",),
    "llama_cpp": ("rag.models.llm",),
    "rapidfuzz": ("rag.text",),
    "pypdfium2": ("rag.pdf", "ingest.pdf"),  # draws pages, and reads them
    "PIL": ("rag.pdf",),
    "fastapi": ("rag.service",),
    "starlette": ("rag.service",),
    "uvicorn": ("rag.service",),
    "prometheus_client": ("rag.service",),
    "httpx": ("rag.models.weights", "rag.models.llm"),  # for files, and for servers that run models
    "pypdf": ("ingest.readers.pypdf_fallback",),
    "markdown_it": ("ingest.readers.markdown",),
    "selectolax": ("ingest.readers.html", "ingest.markup"),  # parses, and walks over the tree
    "charset_normalizer": ("ingest.readers.text",),
    "docx": ("ingest.readers.docx", "ingest.markup"),  # opens the package, and walks over its XML
    "langchain_text_splitters": ("ingest.chunking",),
    "langchain_core": ("rag.langchain",),
    "jinja2": ("rag.text.templates",),
    "ray": ("rag.cluster", "ingest.cluster"),
}

# Users import from these, whatever their modules are called.
DOCUMENTED_PACKAGES = {"rag", "rag.settings"}
FORBIDDEN = {"pickle", "joblib", "shelve", "dill", "langchain_community"}
MOST_ENTRIES_IN_RAG = 20
MOST_MODULES_IN_A_FOLDER = 17


def modules() -> Iterator[tuple[str, Path]]:
    for package in ("rag", "ingest"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield name, path
    yield "pageproof", ROOT / "pageproof.py"


MODULES = dict(modules())


@cache
def imports(path: Path) -> frozenset[str]:
    """Every name that a file imports; of ``from a import b`` it is ``a.b`` where that is a module, else ``a``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            named = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in named}
    return frozenset(found)


def folder_of(module: str) -> str:
    """``rag.text`` for ``rag.text.dates``, ``ingest`` for all of ingest."""
    top, *rest = module.split(".")
    return f"rag.{rest[0]}" if top == "rag" and rest else top


def own_imports(module: str) -> set[str]:
    return set() if module == "rag" else set(imports(MODULES[module])) & MODULES.keys()


LEVEL = {folder: level for level, folders in enumerate(LAYERS) for folder in folders}


# What `rag` has under TYPE_CHECKING it loads on first use.
@pytest.mark.parametrize("name", sorted(MODULES.keys() - {"rag"}))
def test_imports_go_down(name: str) -> None:
    own = folder_of(name)
    assert own in LEVEL, f"{own} has no place in LAYERS"
    for imported in own_imports(name):
        other = folder_of(imported)
        assert other == own or LEVEL[other] < LEVEL[own], f"{name} imports {imported}"


def test_every_folder_of_layers_exists() -> None:
    assert {folder_of(name) for name in MODULES} == LEVEL.keys()


def test_modules_form_no_cycle() -> None:
    # Raises CycleError, which names the modules.
    TopologicalSorter({name: own_imports(name) - {name} for name in MODULES}).prepare()


@pytest.mark.parametrize(
    "name", [name for name, path in MODULES.items() if path.name == "__init__.py" and name not in DOCUMENTED_PACKAGES]
)
def test_packages_import_nothing(name: str) -> None:
    """A name is imported from the module that defines it; and importing one module does not load its neighbours."""
    assert not imports(MODULES[name])


@pytest.mark.parametrize("library", HOMES)
def test_library_has_one_home(library: str) -> None:
    users = {name for name, path in MODULES.items() if library in {found.split(".")[0] for found in imports(path)}}
    assert users, f"{library} is not used any more: take it out of HOMES"
    assert all(any(user == home or user.startswith(f"{home}.") for home in HOMES[library]) for user in users), users


def test_nothing_is_pickled() -> None:
    for name, path in MODULES.items():
        assert not {found.split(".")[0] for found in imports(path)} & FORBIDDEN, name


def test_only_the_entry_points_read_the_environment() -> None:
    readers = {name for name, path in MODULES.items() if "os.environ" in path.read_text()}
    # The last does not read settings: it says which few variables a confined process may know.
    settings = {"rag.settings.environment", "rag.settings.general"}
    assert readers == settings | {"rag.runtime.native", "rag.runtime.subprocess_pool"}
    callers = {name for name, path in MODULES.items() if "read_settings()" in path.read_text()}
    assert callers == {"rag.cli.main", "rag.cluster", "ingest.__main__"}


def test_no_class_name_occurs_twice() -> None:
    trees = [ast.parse(path.read_text()) for path in MODULES.values()]
    names = Counter(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    assert not [name for name, count in names.items() if count > 1]


def test_folders_stay_small() -> None:
    entries = {path.name for path in (ROOT / "rag").iterdir() if not path.name.startswith("__")} - {"py.typed"}
    assert len(entries) <= MOST_ENTRIES_IN_RAG
    for folder, count in Counter(path.parent for path in MODULES.values() if path.name != "__init__.py").items():
        assert count <= MOST_MODULES_IN_A_FOLDER, folder


def test_every_folder_of_sources_has_its_tests() -> None:
    """``rag/query/spelling.py`` is tested in ``tests/unit/rag/query/``; a test of a module that has gone is moved."""
    for path in (ROOT / "tests" / "unit").rglob("test_*.py"):
        assert (ROOT / path.relative_to(ROOT / "tests" / "unit").parent).is_dir(), path
