"""Generations in S3, over HTTP to moto's server: broken connections, wrong bytes, a kill, a service that follows."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ingest.discovery import discover
from rag.cli.main import main
from rag.errors import IndexMissing, StorageCorrupt, StorageMissing, StorageUnreachable
from rag.index.layout import IndexLayout
from rag.index.maintenance import verify_generation
from rag.index.reading import open_current, read_current
from rag.index.storage.object_storage import ObjectStorage, open_storage
from rag.index.storage.pull import pull
from rag.index.storage.push import push
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.fakes import ingest_job, make_pdf
from tests.integration.conftest import Running, post, wait_until
from tests.integration.storage_proxy import Proxy, proxy_before

BUCKET, URL = "backups", "s3://backups/pageproof"
# Of no one; they are looked for in what is printed and logged.
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY"


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """The port of a server that speaks S3."""
    pytest.importorskip("s3fs", reason="requirements-s3.txt is not installed")
    moto = pytest.importorskip("moto.server", reason="moto[s3,server] is not installed")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def proxy(server: int) -> Iterator[Proxy]:
    with proxy_before(server) as proxy:
        yield proxy


@pytest.fixture
def bucket(server: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The objects in the storage; the bucket is empty when the test begins."""
    import boto3

    for name in [name for name in os.environ if name.startswith(("AWS_", "RAG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # s3fs tries five times anyway
    bucket = boto3.resource("s3", endpoint_url=f"http://127.0.0.1:{server}").Bucket(BUCKET)
    bucket.create()
    yield bucket
    bucket.objects.all().delete()
    bucket.delete()


@pytest.fixture
def storage(proxy: Proxy, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> ObjectStorage:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.port}")
    return open_storage(URL)


@pytest.fixture
def replica(tmp_path: Path) -> Path:
    return tmp_path / "replica"


def ingest(index: Path, documents: Path) -> str:
    return ingest_job(index, BagOfWordsEncoder()).run(discover([documents])).generation


def current(root: Path) -> str:
    return read_current(IndexLayout(root))[0]


def intact(root: Path) -> str:
    """The name of the current generation, of which every byte is right, and which opens."""
    verify_generation(root, current(root))
    with closing(open_current(root, BagOfWordsEncoder().identity)) as generation:
        return generation.id


def stored(bucket: Any) -> dict[str, bytes]:
    return {each.key.removeprefix("pageproof/"): each.get()["Body"].read() for each in bucket.objects.all()}


def put(bucket: Any, name: str, data: bytes) -> None:
    bucket.put_object(Key=f"pageproof/{name}", Body=data)


def test_a_running_service_takes_what_is_pulled(
    serve: Callable[..., Running], index: Path, documents: Path, storage: ObjectStorage, tmp_path: Path
) -> None:
    service = serve(ScriptedModel(["The ferry to Uvholm leaves at 6."]))
    question = "When does the ferry to Uvholm leave?"
    before = post(service.url, question).json()["index"]
    push(storage, index)
    elsewhere = tmp_path / "elsewhere"
    pull(storage, elsewhere, keep=3)
    make_pdf(documents / "uvholm.pdf", ["# Uvholm\nThe ferry to Uvholm leaves at 6."])
    name = ingest(elsewhere, documents)
    assert push(storage, elsewhere).generation == name != before
    pull(storage, index, keep=3)
    wait_until(lambda: post(service.url, question).json()["index"] == name)
    answer = post(service.url, question).json()
    assert answer["citations"][0]["document"] == "uvholm.pdf"
    picture = post(service.url, question).json()["citations"][0]["document_id"]
    assert (index / "sources" / picture).read_bytes() == (documents / "uvholm.pdf").read_bytes()


def test_nothing_is_sent_twice(
    index: Path, documents: Path, storage: ObjectStorage, proxy: Proxy, bucket: Any, replica: Path
) -> None:
    first = push(storage, index)
    assert sorted(proxy.puts()) == sorted([*storage.sizes(), first.generation, "CURRENT"])
    assert proxy.puts()[-2:] == [first.generation, "CURRENT"]
    objects = {name: data for name, data in stored(bucket).items() if name.startswith("objects/")}
    assert all(hashlib.sha256(data).hexdigest() == name.removeprefix("objects/") for name, data in objects.items())
    proxy.requests.clear()
    assert push(storage, index).sent == 0
    assert proxy.puts() == [first.generation, "CURRENT"]
    make_pdf(documents / "uvholm.pdf", ["# Uvholm\nThe ferry to Uvholm leaves at 6."])
    ingest(index, documents)
    proxy.requests.clear()
    push(storage, index)
    assert not {name.removeprefix("objects/") for name in objects} & set(proxy.puts())
    pull(storage, replica, keep=3)
    assert intact(replica) == current(index)


def test_a_push_whose_connection_breaks_goes_on(
    index: Path, storage: ObjectStorage, proxy: Proxy, bucket: Any, replica: Path
) -> None:
    proxy.sent = 20_000
    with pytest.raises(StorageUnreachable, match="goes on from there"):
        push(storage, index)
    assert not [name for name in stored(bucket) if not name.startswith("objects/")]
    proxy.sent = None
    arrived = set(storage.sizes())
    proxy.requests.clear()
    push(storage, index)
    assert not arrived & set(proxy.puts())
    pull(storage, replica, keep=3)
    assert intact(replica) == current(index)


@pytest.mark.parametrize("received", [0, 300, 5_000, 20_000])
def test_a_pull_whose_connection_breaks_changes_nothing(
    index: Path, documents: Path, storage: ObjectStorage, proxy: Proxy, replica: Path, received: int
) -> None:
    push(storage, index)
    pull(storage, replica, keep=3)
    before = current(replica)
    make_pdf(documents / "uvholm.pdf", ["# Uvholm\nThe ferry to Uvholm leaves at 6."])
    ingest(index, documents)
    push(storage, index)
    proxy.received = received
    with pytest.raises(StorageUnreachable, match="goes on from there"):
        pull(storage, replica, keep=3)
    assert intact(replica) == before
    proxy.received = None
    pull(storage, replica, keep=3)
    assert intact(replica) == current(index)


def test_a_pull_that_is_killed_changes_nothing(
    index: Path, documents: Path, storage: ObjectStorage, proxy: Proxy, replica: Path
) -> None:
    push(storage, index)
    pull(storage, replica, keep=3)
    before = current(replica)
    make_pdf(documents / "uvholm.pdf", ["# Uvholm\nThe ferry to Uvholm leaves at 6."])
    ingest(index, documents)
    push(storage, index)
    proxy.received, proxy.stalls = 25_000, True
    command = [sys.executable, "-m", "rag", "index", "pull", URL]
    with subprocess.Popen(command, env=os.environ | {"RAG_INDEX": str(replica)}) as process:
        assert proxy.reached.wait(60)
        wait_until(lambda: bool(list((replica / "tmp").iterdir())))
        process.send_signal(signal.SIGKILL)
    assert intact(replica) == before
    proxy.received, proxy.stalls = None, False
    pull(storage, replica, keep=3)
    assert intact(replica) == current(index)
    assert not list((replica / "tmp").iterdir())


@pytest.mark.parametrize(
    ("checksums", "error"), [("when_supported", StorageUnreachable), ("when_required", StorageCorrupt)]
)
def test_bytes_that_change_on_the_way(
    index: Path,
    storage: ObjectStorage,
    proxy: Proxy,
    replica: Path,
    monkeypatch: pytest.MonkeyPatch,
    checksums: str,
    error: type[Exception],
) -> None:
    """By S3's own checksums, where the storage has them, and by the digests of the manifest."""
    push(storage, index)
    monkeypatch.setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", checksums)
    proxy.changed = (b"%PDF-1.", b"%PDF-2.")
    with pytest.raises(error):
        pull(open_storage(URL), replica, keep=3)
    with pytest.raises(IndexMissing):
        current(replica)


def test_objects_that_are_wrong_or_missing(index: Path, storage: ObjectStorage, bucket: Any, replica: Path) -> None:
    push(storage, index)
    for name, data in stored(bucket).items():
        if not name.startswith("objects/"):
            continue
        put(bucket, name, bytes([data[0] ^ 1]) + data[1:])
        with pytest.raises(StorageCorrupt):
            pull(storage, replica / "flipped" / name, keep=3)
        bucket.Object(f"pageproof/{name}").delete()
        with pytest.raises(StorageCorrupt):
            pull(storage, replica / "missing" / name, keep=3)
        put(bucket, name, data)
    assert not list(replica.rglob("CURRENT"))
    pull(storage, replica, keep=3)
    assert intact(replica) == current(index)


def test_a_manifest_of_someone_else(index: Path, storage: ObjectStorage, bucket: Any, replica: Path) -> None:
    push(storage, index)
    pointer = json.loads(stored(bucket)["CURRENT"])
    manifest = json.loads(stored(bucket)[f"objects/{pointer['manifest_sha256']}"])
    manifest["files"][0]["name"] = "../../../escaped"
    data = json.dumps(manifest).encode()
    pointer["manifest_sha256"] = hashlib.sha256(data).hexdigest()
    put(bucket, f"objects/{pointer['manifest_sha256']}", data)
    put(bucket, "CURRENT", json.dumps(pointer).encode())
    with pytest.raises(StorageCorrupt):
        pull(storage, replica, keep=3)
    assert not replica.exists()


def test_no_bucket(index: Path, storage: ObjectStorage, bucket: Any, replica: Path) -> None:
    other = open_storage("s3://no-such-bucket/pageproof")
    with pytest.raises(StorageMissing, match="make the bucket"):
        push(other, index)
    with pytest.raises(StorageMissing, match="index push"):
        pull(other, replica, keep=3)
    with pytest.raises(StorageMissing, match="index push"):
        pull(storage, replica, keep=3)


def test_credentials_are_shown_nowhere(
    index: Path,
    storage: ObjectStorage,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("RAG_INDEX", str(index))
    assert main(["index", "push", storage.url]) == 0
    assert main(["index", "pull", storage.url]) == 0
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{KEY}:{SECRET}@127.0.0.1:1")
    assert main(["index", "push", storage.url]) == 1
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert main(["index", "pull", storage.url]) == 1
    shown = "".join(capfd.readouterr()) + caplog.text
    assert shown.count("cannot be used") == 2
    assert KEY not in shown
    assert SECRET not in shown
