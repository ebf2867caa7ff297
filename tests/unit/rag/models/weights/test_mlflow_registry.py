"""Models of an MLflow registry, from a server that speaks its REST paths: fetched, recorded, and checked from then on.

The real server: tests/integration/test_mlflow_server.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from rag.cli.main import main
from rag.errors import Cancelled, DownloadFailed, ModelCorrupt, ModelMissing, ModelUnknown, ModelUntrusted
from rag.models.opening import generator_weights
from rag.models.weights.catalogue import Catalogue, MlflowSource, ModelEntry, WeightFile
from rag.models.weights.mlflow_registry import MlflowRegistry, source_of
from rag.models.weights.store import FetchProgress, ModelStore
from rag.settings import Settings

GGUF = b"GGUF" + bytes(range(256)) * 2000
DIGEST = hashlib.sha256(GGUF).hexdigest()
NAME = "mlflow:answers/3"
API = "/api/2.0/"


class Mlflow(ThreadingHTTPServer):
    """A stand-in for a tracking server with one version of one model.

    Attributes:
        files: the artifacts by path below the model version.
        listed: sizes that it lists, where they are not those of the files.
        broken: answers by path, in place of its own.
        break_after: bytes of a file after which the connection ends.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), MlflowHandler)
        self.uri = "mlflow-artifacts:/0/run 1/artifacts/model"
        self.files = {"MLmodel": b"flavors: {}", "artifacts/tiny.gguf": GGUF}
        self.listed: dict[str, int] = {}
        self.broken: dict[str, tuple[int, bytes]] = {}
        self.break_after: int | None = None
        self.key = ""
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, path: str, query: dict[str, str]) -> bytes | dict[str, Any] | None:
        root = urlsplit(self.uri).path.strip("/")
        if path == "mlflow/model-versions/get-download-uri":
            return {"artifact_uri": self.uri} if query == {"name": "answers", "version": "3"} else None
        if path == "mlflow-artifacts/artifacts":
            folder = query["path"].removeprefix(root).strip("/")
            return {"files": list(self.rows(f"{folder}/" if folder else ""))}
        return self.files.get(path.removeprefix(f"mlflow-artifacts/artifacts/{root}/"))

    def rows(self, folder: str) -> Iterator[dict[str, Any]]:
        below = sorted({name.removeprefix(folder) for name in self.files if name.startswith(folder)})
        for name in dict.fromkeys(name.partition("/")[0] for name in below):
            if name in below:
                size = self.listed.get(folder + name, len(self.files[folder + name]))
                yield {"path": name, "is_dir": False, "file_size": size}
            else:
                yield {"path": name, "is_dir": True}


class MlflowHandler(BaseHTTPRequestHandler):
    server: Mlflow

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        path = unquote(parts.path).removeprefix(API)
        self.server.asked.append(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        found = self.server.answer(path, query)
        status, content = 200, found if isinstance(found, bytes) else json.dumps(found).encode()
        if self.server.key and self.headers["Authorization"] != self.server.key:
            status, content = 401, b"no"
        elif path in self.server.broken:
            status, content = self.server.broken[path]
        elif found is None:
            status, content = 404, b'{"error_code": "RESOURCE_DOES_NOT_EXIST"}'
        start = 0
        if wanted := self.headers["Range"]:
            status, start = 206, int(wanted.split("=")[1].rstrip("-"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        is_file = isinstance(found, bytes)
        self.wfile.write(content[start : self.server.break_after if is_file else None])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def mlflow() -> Iterator[Mlflow]:
    server = Mlflow()
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def store(tmp_path: Path, mlflow: Mlflow) -> ModelStore:
    return store_of(tmp_path, mlflow)


def store_of(folder: Path, mlflow: Mlflow, *entries: ModelEntry, key: str = "") -> ModelStore:
    return ModelStore(folder / "models", Catalogue(entries), registry=MlflowRegistry(mlflow.url, key))


def record(store: ModelStore) -> Any:
    return json.loads((store.directory / "registered.json").read_text())


class TestTheFirstTime:
    def test_it_is_kept_by_its_digest_and_recorded(self, store: ModelStore) -> None:
        told: list[FetchProgress] = []
        weights = store.fetch_registered(NAME, told.append)
        assert weights.file == store.directory / DIGEST / "artifacts" / "tiny.gguf"
        assert weights.file.read_bytes() == GGUF
        assert (weights.name, weights.kind, weights.digest) == (NAME, "generator", DIGEST)
        assert record(store) == {NAME: {"name": "artifacts/tiny.gguf", "size": len(GGUF), "sha256": DIGEST}}
        assert store.locate(NAME, "generator") == weights
        assert told[-1] == FetchProgress(NAME, NAME, len(GGUF), len(GGUF))
        assert not list((store.directory / ".partial").iterdir())

    def test_then_the_server_is_not_asked(self, store: ModelStore, mlflow: Mlflow) -> None:
        weights = store.fetch_registered(NAME)
        mlflow.asked.clear()
        assert store.fetch_registered(NAME) == store.locate(NAME) == weights
        assert mlflow.asked == []

    def test_it_is_hashed_once(self, store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
        store.fetch_registered(NAME)
        monkeypatch.setattr("rag.models.weights.digests.sha256_of_file", lambda _: "0" * 64)
        assert store.locate(NAME).digest == DIGEST

    @pytest.mark.parametrize("files", [{}, {"a.gguf": GGUF, "b.gguf": GGUF}, {"model.bin": GGUF}])
    def test_there_must_be_one_file(self, store: ModelStore, mlflow: Mlflow, files: dict[str, bytes]) -> None:
        mlflow.files = files
        with pytest.raises(DownloadFailed, match="register a version with exactly one"):
            store.fetch_registered(NAME)

    @pytest.mark.parametrize("name", ["..gguf", "-x.gguf", "a b.gguf", "a\\b.gguf", ".gguf"])
    def test_other_names_are_not_taken(self, store: ModelStore, mlflow: Mlflow, name: str) -> None:
        mlflow.files = {name: GGUF}
        with pytest.raises(DownloadFailed, match="has no GGUF files"):
            store.fetch_registered(NAME)

    def test_names_that_lead_elsewhere(self, store: ModelStore, mlflow: Mlflow) -> None:
        rows = {"files": [{"path": "../../x.gguf", "is_dir": False, "file_size": 1}, {"path": "..", "is_dir": True}, 7]}
        mlflow.broken["mlflow-artifacts/artifacts"] = (200, json.dumps(rows).encode())
        with pytest.raises(DownloadFailed, match="has no GGUF files"):
            store.fetch_registered(NAME)

    @pytest.mark.parametrize("size", [len(GGUF) - 1, len(GGUF) + 1])
    def test_the_size_must_be_as_listed(self, store: ModelStore, mlflow: Mlflow, size: int) -> None:
        mlflow.listed["artifacts/tiny.gguf"] = size
        with pytest.raises(DownloadFailed, match="try again"):
            store.fetch_registered(NAME)
        assert not (store.directory / "registered.json").exists()

    def test_a_connection_that_breaks(self, store: ModelStore, mlflow: Mlflow) -> None:
        mlflow.break_after = 1000
        with pytest.raises(DownloadFailed):
            store.fetch_registered(NAME)
        assert not (store.directory / "registered.json").exists()
        mlflow.break_after = None
        assert store.fetch_registered(NAME).digest == DIGEST

    def test_it_can_be_stopped(self, store: ModelStore) -> None:
        with pytest.raises(Cancelled):
            store.fetch_registered(NAME, cancelled=lambda: True)
        assert not (store.directory / "registered.json").exists()


class TestFromThenOn:
    def test_other_bytes_are_refused(self, store: ModelStore, mlflow: Mlflow) -> None:
        file = store.fetch_registered(NAME).file
        file.unlink()
        with pytest.raises(ModelMissing, match=rf"python -m rag models fetch {NAME}"):
            store.locate(NAME)
        mlflow.files["artifacts/tiny.gguf"] = GGUF[:-1] + b"!"
        with pytest.raises(ModelCorrupt, match="instead of"):
            store.fetch_registered(NAME)
        assert not file.exists()
        mlflow.files["artifacts/tiny.gguf"] = GGUF
        assert store.fetch_registered(NAME).file.read_bytes() == GGUF

    def test_a_damaged_file_is_noticed_and_repaired(self, store: ModelStore) -> None:
        file = store.fetch_registered(NAME).file
        file.write_bytes(b"damaged")
        with pytest.raises(ModelCorrupt):
            store.locate(NAME)
        assert store.fetch_registered(NAME).file.read_bytes() == GGUF

    @pytest.mark.parametrize(
        "text",
        [
            "{",
            "[]",
            "[" * 100_000,
            '{"mlflow:answers/3": 7}',
            '{"mlflow:answers/3": {"name": "x"}}',
            '{"mlflow:answers/3": {"name": 1, "size": 1, "sha256": ""}}',
            f'{{"mlflow:answers/3": {{"name": "../x", "size": 1, "sha256": "{DIGEST}"}}}}',
            f'{{"mlflow:answers/3": {{"name": "x", "size": "1", "sha256": "{DIGEST}"}}}}',
            '{"mlflow:answers/3": {"name": "x", "size": 1, "sha256": "../.."}}',
        ],
    )
    def test_a_damaged_record(self, store: ModelStore, text: str) -> None:
        store.fetch_registered(NAME)
        (store.directory / "registered.json").write_text(text)
        with pytest.raises(ModelMissing, match=r"registered\.json.*fetch them again"):
            store.locate(NAME)

    def test_without_a_server(self, store: ModelStore) -> None:
        store.fetch_registered(NAME)
        assert ModelStore(store.directory, store.catalogue).locate(NAME).digest == DIGEST


class TestCatalogue:
    def entry(self, content: bytes = GGUF) -> ModelEntry:
        file = WeightFile("artifacts/tiny.gguf", hashlib.sha256(content).hexdigest(), len(content))
        return ModelEntry("tiny", "generator", "Tiny", "MIT", (file,), (MlflowSource("answers", "3"),))

    def test_a_source_of_the_catalogue(self, tmp_path: Path, mlflow: Mlflow) -> None:
        store = store_of(tmp_path, mlflow, self.entry())
        assert store.fetch(store.catalogue.get("tiny")).file.read_bytes() == GGUF

    def test_it_is_resumed(self, tmp_path: Path, mlflow: Mlflow) -> None:
        store, mlflow.break_after = store_of(tmp_path, mlflow, self.entry()), 1000
        with pytest.raises(DownloadFailed):
            store.fetch(store.catalogue.get("tiny"))
        mlflow.break_after = None
        assert store.fetch(store.catalogue.get("tiny")).digest == DIGEST

    def test_the_digest_is_that_of_the_catalogue(self, tmp_path: Path, mlflow: Mlflow) -> None:
        store = store_of(tmp_path, mlflow, self.entry(GGUF[:-1] + b"!"))
        with pytest.raises(ModelCorrupt, match="mlflow:answers/3"):
            store.fetch(store.catalogue.get("tiny"))

    def test_how_it_is_written(self, tmp_path: Path) -> None:
        (tmp_path / "catalogue.toml").write_text(
            '[[model]]\nname = "tiny"\nkind = "generator"\ntitle = "Tiny"\nlicence = "MIT"\n'
            f'files = [{{ name = "tiny.gguf", sha256 = "{DIGEST}", size = 4 }}]\n'
            '[[model.source]]\nmlflow = "answers/3"\n'
        )
        (entry,) = Catalogue.load(tmp_path / "catalogue.toml")
        assert [str(source) for source in entry.sources] == [NAME]


class TestFaults:
    @pytest.mark.parametrize(
        "name", ["mlflow:", "mlflow:answers", "mlflow:answers/latest", "mlflow:a/b/1", "mlflow:/1"]
    )
    def test_a_name_of_no_version(self, store: ModelStore, name: str) -> None:
        for use in (store.fetch_registered, store.locate):
            with pytest.raises(ModelUnknown, match="mlflow:NAME/1"):
                use(name)

    def test_it_is_no_encoder(self, store: ModelStore) -> None:
        store.fetch_registered(NAME)
        with pytest.raises(ModelUnknown, match="is a language model"):
            store.locate(NAME, "encoder")

    def test_a_version_that_is_not_there(self, store: ModelStore) -> None:
        with pytest.raises(DownloadFailed, match="has no mlflow:answers/4"):
            store.fetch_registered("mlflow:answers/4")

    @pytest.mark.parametrize(
        ("status", "content", "message"),
        [
            (500, b"{}", "answers 500"),
            (200, b"<html>", "not as MLflow does"),
            (200, b"[]", "not as MLflow does"),
            (200, b"{}", "no: address"),
            (200, b'{"artifact_uri": "s3://bucket/x"}', "s3: address.*artifacts-destination"),
            (302, b"", "answers 302"),
            (403, b"", "set RAG_REGISTRY_KEY"),
        ],
    )
    def test_another_server(self, store: ModelStore, mlflow: Mlflow, status: int, content: bytes, message: str) -> None:
        mlflow.broken["mlflow/model-versions/get-download-uri"] = (status, content)
        with pytest.raises(DownloadFailed, match=message):
            store.fetch_registered(NAME)

    def test_no_server(self, tmp_path: Path) -> None:
        catalogue = Catalogue([])
        with pytest.raises(DownloadFailed, match="RAG_REGISTRY is not set"):
            ModelStore(tmp_path, catalogue).fetch_registered(NAME)
        with pytest.raises(DownloadFailed, match="cannot be reached"):
            ModelStore(tmp_path, catalogue, registry=MlflowRegistry("http://127.0.0.1:1")).fetch_registered(NAME)

    @pytest.mark.parametrize(
        ("key", "header"), [("a-token", "Bearer a-token"), ("me:secret", "Basic bWU6c2VjcmV0"), ("", "")]
    )
    def test_the_key(self, tmp_path: Path, mlflow: Mlflow, key: str, header: str) -> None:
        mlflow.key = header
        assert store_of(tmp_path, mlflow, key=key).fetch_registered(NAME).digest == DIGEST

    def test_a_wrong_key_is_not_shown(self, tmp_path: Path, mlflow: Mlflow) -> None:
        mlflow.key = "Bearer right"
        store = store_of(tmp_path, mlflow, key="a-wrong-one")
        with pytest.raises(DownloadFailed, match="set RAG_REGISTRY_KEY") as raised:
            store.fetch_registered(NAME)
        assert "a-wrong-one" not in f"{raised.value} {MlflowRegistry('http://x', 'a-wrong-one')}"


class TestSettings:
    @pytest.fixture
    def settings(self, store: ModelStore, mlflow: Mlflow) -> Settings:
        return Settings(model=NAME, models=store.directory, registry=f"{mlflow.url}/", trust_model="yes")

    def test_it_needs_a_word(self, store: ModelStore, settings: Settings) -> None:
        store.fetch_registered(NAME)
        weights = generator_weights(settings)
        assert weights is not None
        assert weights.digest == DIGEST
        with pytest.raises(ModelUntrusted, match="set RAG_TRUST_MODEL=yes"):
            generator_weights(settings.model_copy(update={"trust_model": ""}))

    def test_it_is_not_fetched_by_itself(self, settings: Settings) -> None:
        with pytest.raises(ModelMissing, match=f"models fetch {NAME}"):
            generator_weights(settings)

    def test_the_command(
        self,
        settings: Settings,
        mlflow: Mlflow,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        for name, value in {"MODELS": settings.models, "REGISTRY": mlflow.url, "REGISTRY_KEY": "a-token"}.items():
            monkeypatch.setenv(f"RAG_{name}", str(value))
        assert main(["models", "verify", NAME]) == 1
        assert f"models fetch {NAME}" in capsys.readouterr().err
        assert main(["models", "fetch", NAME]) == 0
        assert "in place" in capsys.readouterr().err
        assert main(["models", "list", NAME]) == 0
        listed = capsys.readouterr().out
        assert DIGEST in listed
        assert "not known here" in listed
        assert "accept-licence" not in listed
        assert "context" not in listed
        assert main(["models", "verify", NAME]) == 0
        assert main(["models", "verify"]) == 0
        assert capsys.readouterr().out == f"{NAME}  verified  {DIGEST}\n" * 2
        assert main(["models", "list"]) == 0
        assert NAME in capsys.readouterr().out
        (settings.models / DIGEST / "artifacts" / "tiny.gguf").write_bytes(b"damaged")
        assert main(["models", "verify", NAME]) == 1


def test_a_source_is_named_as_it_is_written() -> None:
    assert str(source_of(NAME)) == NAME
