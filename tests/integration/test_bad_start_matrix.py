"""Bad starts by the table: each ends with a code other than 0 and one line that has the remedy.

They run in this process, with stand-ins for the models where those come first; tests/integration/test_bad_starts.py and
test_refusals.py start real processes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

import rag.cli.main
import rag.cli.serve
import rag.composition
from ingest.discovery import discover
from rag.answering.records import ModelIdentity
from rag.cli.main import main
from rag.index.layout import IndexLayout
from rag.settings import read_settings
from rag.testing import BagOfWordsEncoder, OverlapReranker, ScriptedModel
from tests.fakes import ingest_job, tiny_pdf

LONG = "a" * 300
KEY = "an-admin-key"
DIGEST = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
STARTED = 99
# Of this process, so that other programs do not count.
MOST_SECONDS = 10.0


@dataclass(frozen=True)
class BadStart:
    """A start that must fail.

    Attributes:
        settings: with ``{}`` for a folder of the case, which has ``indexes`` and ``secrets``.
        change: what is done to that folder before.
        fakes: whether models are stand-ins, so that what comes after them is reached.
    """

    name: str
    remedy: str
    settings: dict[str, str] = field(default_factory=dict)
    change: Callable[[Path], object] = lambda _: None
    fakes: bool = False


def wrong(name: str, value: str, remedy: str = "is wrong") -> BadStart:
    return BadStart(f"{name}={value[:20]}", remedy, {f"RAG_{name}": value})


SETTINGS = [
    wrong("PORT", "many"), wrong("PORT", "0"), wrong("PORT", "70000"), wrong("PARALLEL", "0"), wrong("PARALLEL", "65"),
    wrong("MAX_QUEUE", "-1"), wrong("ANSWER_SECONDS", "0"), wrong("ANSWER_SECONDS", "nan"), wrong("TEMPERATURE", "3"),
    wrong("THREADS", "-1"), wrong("THREADS", "1.5"), wrong("CONTEXT_TOKENS", "10"), wrong("GPU_LAYERS", "-2"),
    wrong("FALSE_ANSWERS", "1"), wrong("KEEP_RECORDS", "0"), wrong("MAX_TOKENS", "5000"), wrong("PROXIES", "near"),
    wrong("HOSTS", "http://a", "without http://"), wrong("OPEN", "maybe"), wrong("TUNE", "on"), wrong("REPACK", "1"),
    wrong("MODEL", "http://"), wrong("MODEL", "http://user:word@host/v1", "RAG_MODEL_KEY is for them"),
    wrong("REGISTRY", "models", "http://127.0.0.1:5000"), wrong("REGISTRY", "http://a:b@c", "RAG_REGISTRY_KEY is for"),
    wrong("VECTOR_DATABASE", "mysql://a"), wrong("VECTOR_DATABASE", "postgresql://a:b@c/d", "PGPASSWORD"),
    wrong("MODEL_KEY", "schlüssel", "printable ASCII"), wrong("API_KEYS", " , ", "it is set, but blank"),
    wrong("API_KEYS", "short", "openssl rand"), wrong("API_KEYS", "with\x07a-bell", "control characters"),
    wrong("INDEX", "", "name a directory"), wrong("MODELS", " ", "name a directory"), wrong("TRUST_MODEL", "maybe"),
    wrong("MODLE", "x", "did you mean RAG_MODEL?"), wrong("XYZZY", "x", "the settings are"),
    wrong("DOCUMENTS", "documents", "set RAG_ADMIN_KEYS too"),
    BadStart("one key for both", "give each its own", {"RAG_API_KEYS": KEY, "RAG_ADMIN_KEYS": KEY}),
]  # fmt: skip


def secret(name: str, content: bytes | None) -> Callable[[Path], object]:
    """Writes a secret file; without content it is a folder."""
    return lambda root: (
        (root / "secrets" / name).mkdir() if content is None else (root / "secrets" / name).write_bytes(content)
    )


SECRETS = [
    BadStart("blank secret", "remove the secret file", change=secret("rag_api_keys", b"\n")),
    BadStart("misspelt secret", "did you mean RAG_API_KEYS?", change=secret("rag_api_key", b"a-long-key")),
    BadStart("secret that is a folder", "a secret cannot be read", change=secret("rag_api_keys", None)),
    BadStart("secret that is no text", "a secret cannot be read", change=secret("rag_api_keys", b"\xff\xfe\xff" * 9)),
]

ADDRESSES = [
    wrong("HOST", LONG, "set RAG_HOST"), wrong("HOST", "a..b", "set RAG_HOST"),
    BadStart("another machine's address", "set RAG_HOST", {"RAG_HOST": "192.0.2.1", "RAG_OPEN": "everyone"}),
    wrong("HOST", "0.0.0.0", "RAG_OPEN=local"), wrong("HOST", "::", "RAG_OPEN=local"),
    BadStart("local and any host", "name the hosts", {"RAG_OPEN": "local", "RAG_HOSTS": "*"}),
]  # fmt: skip

FOLDERS = [
    wrong("RECORDS", "/etc/passwd", "cannot be written"), wrong("RECORDS", "/proc/records", "cannot be written"),
    wrong("RECORDS", f"/{LONG}", "File name too long"), wrong("RECORDS", "/sys/kernel/records", "cannot be written"),
    BadStart("no folder for uploads", "no folder", {"RAG_DOCUMENTS": "{}/x", "RAG_ADMIN_KEYS": KEY}),
    BadStart("uploads into a file", "no folder", {"RAG_DOCUMENTS": "/etc/passwd", "RAG_ADMIN_KEYS": KEY}),
    BadStart("uploads into /proc", "no folder", {"RAG_DOCUMENTS": "/proc", "RAG_ADMIN_KEYS": KEY}),
]  # fmt: skip


def written(name: str, data: bytes) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    return change


def own(data: bytes | None, remedy: str, name: str, **settings: str) -> BadStart:
    """A GGUF file of one's own; without data there is none."""
    change = written("m.gguf", data) if data is not None else (lambda _: None)
    return BadStart(name, remedy, {"RAG_MODEL": "{}/m.gguf", **settings}, change)


TRUSTED = {"RAG_TRUST_MODEL": "yes"}
MODELS = [
    BadStart("no weights", "python -m rag models fetch"),
    BadStart(
        "wrong digest",
        f"instead of {DIGEST}; run: python -m rag models fetch",
        change=written(f"models/{DIGEST}/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf", b"GGUF, but not the right one"),
    ),
    wrong("MODELS", "/etc/passwd", "Not a directory"),
    wrong("MODELS", f"/{LONG}", "File name too long"),
    wrong("MODEL", "gpt-17", "known models: "),
    wrong("MODEL", "", "known models: "),
    wrong("MODEL", "/etc/passwd", "is not a .gguf file"),
    wrong("MODEL", f"/{LONG}.gguf", "cannot be read: File name too long"),
    wrong("MODEL", "all-minilm-l6-v2", "known models: "),
    wrong("MODEL", "http://127.0.0.1:1/v1", "see whether the server runs there"),
    own(None, "there is no file", "no file"),
    own(b"GGUF", "set RAG_TRUST_MODEL=yes", "not trusted"),
    own(b"GGUF" + bytes(100), "get the file again", "truncated", **TRUSTED),
    own(b"<html>not found</html>", "get the file again", "not GGUF", **TRUSTED),
    own(b"", "get the file again", "empty", **TRUSTED),
    BadStart(
        "a folder named .gguf",
        "is not a .gguf file",
        {"RAG_MODEL": "{}/m.gguf", **TRUSTED},
        lambda root: (root / "m.gguf").mkdir(),
    ),
    BadStart(
        "a link to nothing",
        "there is no file",
        {"RAG_MODEL": "{}/m.gguf", **TRUSTED},
        lambda root: (root / "m.gguf").symlink_to(root / "gone"),
    ),
]


def generation(root: Path) -> Path:
    layout = IndexLayout(root / "indexes")
    (folder,) = layout.generations.iterdir()
    return folder


def gone(name: str) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        path = generation(root) / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return change


def flipped(name: str) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        path = generation(root) / name
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.chmod(0o644)
        path.write_bytes(data)

    return change


def cut(name: str) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        path = generation(root) / name
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-10])

    return change


def remade(**fields: object) -> Callable[[Path], object]:
    """Writes other fields into the manifest, as a version that has them would have published it."""

    def change(root: Path) -> None:
        path = generation(root) / "manifest.json"
        path.chmod(0o644)
        path.write_text(json.dumps(json.loads(path.read_text()) | fields))
        current = json.loads((root / "indexes/CURRENT").read_text())
        current["manifest_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        (root / "indexes/CURRENT").write_text(json.dumps(current))

    return change


def a_folder(root: Path) -> None:
    (root / "indexes/CURRENT").unlink()
    (root / "indexes/CURRENT").mkdir()


def unrecoverable(change: Callable[[Path], object]) -> Callable[[Path], object]:
    """With no generation left that is whole; else that one is served."""

    def both(root: Path) -> None:
        gone("vectors.faiss")(root)
        change(root)

    return both


def pointing(to: str) -> bytes:
    return json.dumps({"generation": to, "manifest_sha256": "0" * 64}).encode()


def bad_index(name: str, remedy: str, change: Callable[[Path], object], **settings: str) -> BadStart:
    return BadStart(name, remedy, settings, change, fakes=True)


AGAIN = "python -m ingest"
INDEXES = [
    bad_index("index is a file", "Not a directory", lambda _: None, RAG_INDEX="/etc/passwd"),
    bad_index("index with a long name", "File name too long", lambda _: None, RAG_INDEX=f"/{LONG}"),
    bad_index("CURRENT empty", AGAIN, unrecoverable(written("indexes/CURRENT", b""))),
    bad_index("CURRENT no JSON", AGAIN, unrecoverable(written("indexes/CURRENT", b"\xff\xfe"))),
    bad_index("CURRENT a list", AGAIN, unrecoverable(written("indexes/CURRENT", b"[]"))),
    bad_index("CURRENT a folder", AGAIN, unrecoverable(a_folder)),
    bad_index("CURRENT names none", AGAIN, unrecoverable(written("indexes/CURRENT", pointing("000009-0")))),
    bad_index("CURRENT points out", AGAIN, unrecoverable(written("indexes/CURRENT", pointing("../../etc")))),
    bad_index("manifest gone", AGAIN, gone("manifest.json")),
    bad_index("manifest cut", AGAIN, cut("manifest.json")),
    bad_index("newer format", "has another format than this version reads", remade(format=3)),
    bad_index("manifest without files", AGAIN, remade(files=None)),
    bad_index("manifest names a path", AGAIN, remade(files=[{"name": "../../x", "size": 1, "sha256": "0" * 64}])),
    bad_index("another encoder", AGAIN, remade(encoder={"name": "other"})),
    bad_index("vectors gone", AGAIN, gone("vectors.faiss")),
    bad_index("vectors cut", AGAIN, cut("vectors.faiss")),
    bad_index("vectors with a flipped bit", AGAIN, flipped("vectors.faiss")),
    bad_index("docstore gone", AGAIN, gone("docstore.sqlite")),
    bad_index("docstore with a flipped bit", AGAIN, flipped("docstore.sqlite")),
    bad_index("docstore cut", AGAIN, cut("docstore.sqlite")),
    bad_index("lexical index gone", AGAIN, gone("lexical")),
]

MATRIX = [*SETTINGS, *SECRETS, *ADDRESSES, *FOLDERS, *MODELS, *INDEXES]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index, made once."""
    root = tmp_path_factory.mktemp("template")
    (root / "documents").mkdir()
    (root / "documents" / "a.pdf").write_bytes(tiny_pdf(["A berth costs 24 euros for each night."]))
    ingest_job(root / "indexes", BagOfWordsEncoder()).run(discover([root / "documents"]))
    return root / "indexes"


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "indexes")
    (tmp_path / "secrets").mkdir()
    return tmp_path


@pytest.fixture(autouse=True)
def _in_process(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command without what concerns the whole process, and with an end instead of a service."""
    for name in [name for name in os.environ if name.startswith("RAG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RAG_MODELS", str(root / "models"))
    monkeypatch.setenv("RAG_INDEX", str(root / "indexes"))
    monkeypatch.setattr(rag.cli.main, "configure_logging", lambda *_, **__: None)
    monkeypatch.setattr(rag.cli.main, "read_settings", partial(read_settings, root / "secrets"))
    monkeypatch.setattr("rag.service.server.serve_forever", lambda *_, **__: STARTED)


def put_fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = {
        "model_identity": ModelIdentity(name="fake", sha256="0" * 64),
        "probe_own_model": None,
        "open_encoder": BagOfWordsEncoder(),
        "open_reranker": OverlapReranker(),
        "model_digests": (),
        "generator_weights": None,
        "open_language_model": ScriptedModel([""]),
    }
    for name, value in fakes.items():
        monkeypatch.setattr(rag.composition, name, lambda *_, value=value: value)
    monkeypatch.setattr("rag.cli.serve.generator_weights", lambda _: None)


def started(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, float]:
    """Exit code, standard error, and seconds of processor time."""
    start = time.process_time()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = main(["serve", "--port", str(port), *arguments])
    shown = capsys.readouterr()
    assert not shown.out
    return code, shown.err, time.process_time() - start


def assert_refused(code: int, error: str, seconds: float, remedy: str) -> None:
    assert error.startswith("error: "), error
    assert remedy in error
    assert error.count("\n") == 1
    assert "Traceback" not in error
    assert code not in (0, STARTED)
    assert seconds < MOST_SECONDS


@pytest.mark.parametrize("case", MATRIX, ids=lambda case: case.name)
def test_each_is_one_line_with_the_remedy(
    case: BadStart, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case.change(root)
    for name, value in case.settings.items():
        if name != "RAG_PORT":
            monkeypatch.setenv(name, value.replace("{}", str(root)))
        else:
            monkeypatch.setenv(name, value)
    if case.fakes:
        put_fakes(monkeypatch)
    assert_refused(*started(capsys), case.remedy)


def test_the_table_is_whole() -> None:
    assert len({case.name for case in MATRIX}) == len(MATRIX) >= 60


def test_the_same_start_without_a_fault_succeeds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So what the table changes is what each error is about."""
    put_fakes(monkeypatch)
    assert started(capsys)[:2] == (STARTED, "")


@pytest.mark.parametrize("content", [b"", b"[]", pointing("000009-0"), pointing("../../etc")])
def test_a_damaged_pointer_alone_is_told_and_the_newest_whole_generation_served(
    content: bytes,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    put_fakes(monkeypatch)
    (root / "indexes/CURRENT").write_bytes(content)
    assert started(capsys)[0] == STARTED
    assert "the current generation cannot be served, and another one stays" in caplog.text
    assert AGAIN in caplog.text


@pytest.fixture
def read_only_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system needs root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        pytest.param({"RAG_RECORDS": "{}/records"}, "Read-only file system", id="records"),
        pytest.param({"RAG_DOCUMENTS": "{}", "RAG_ADMIN_KEYS": KEY}, "no folder that can be written", id="uploads"),
    ],
)
def test_a_read_only_disk(
    settings: dict[str, str],
    remedy: str,
    read_only_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value.replace("{}", str(read_only_disk)))
    assert_refused(*started(capsys), remedy)
