"""Push and pull over a folder as object storage: nothing twice, pointers last, every byte verified, and no path out."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from rag.errors import (
    IndexBusy,
    IndexCorrupt,
    IndexForeign,
    IndexMissing,
    IndexUnfinished,
    PublishFailed,
    StorageCorrupt,
    StorageMissing,
    StorageUnreachable,
)
from rag.index.current_index import CurrentIndex
from rag.index.layout import IndexLayout
from rag.index.maintenance import roll_back, verify_generation
from rag.index.reading import open_current, read_current
from rag.index.storage.object_storage import ObjectStorage, open_storage
from rag.index.storage.pull import pull
from rag.index.storage.push import push
from rag.index.writer import open_writer
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import files_of_at_most, id_of, publish, quick_folder

ENCODER = BagOfWordsEncoder()
TEXTS = {"pump.pdf": ["The pump is blue."], "valve.pdf": ["The valve is red."], "tank.pdf": ["The tank is full."]}
PUMP, VALVE, TANK = (id_of(name, texts) for name, texts in TEXTS.items())


def add(root: Path, *names: str) -> str:
    sources = {name: "\f".join([name, *TEXTS[name]]).encode() for name in names}
    return publish(root, {name: TEXTS[name] for name in names}, ENCODER, sources)


@pytest.fixture(scope="module")
def original() -> Iterator[Path]:
    with quick_folder() as folder:
        add(folder / "index", "pump.pdf")
        add(folder / "index", "pump.pdf", "valve.pdf")
        yield folder / "index"


@pytest.fixture
def index(original: Path, tmp_path: Path) -> Path:
    """An index of two generations, the second with one document more."""
    return shutil.copytree(original, tmp_path / "index")


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it is known what has come before a connection is lost."""
    monkeypatch.setattr("rag.index.storage.object_storage._AT_A_TIME", 1)


@pytest.fixture
def replica(tmp_path: Path) -> Path:
    return tmp_path / "replica"


@pytest.fixture
def storage(tmp_path: Path) -> ObjectStorage:
    return open_storage(f"file://{tmp_path}/storage")


@pytest.fixture
def pushed(storage: ObjectStorage, index: Path, tmp_path: Path) -> Path:
    """The folder of a storage that has the current generation."""
    push(storage, index)
    return tmp_path / "storage"


def current(root: Path) -> str:
    return read_current(IndexLayout(root))[0]


def generations(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "gen").iterdir())


def files_of(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def intact(root: Path) -> str:
    """The name of the current generation, of which every byte is right, and which opens; nothing is left over."""
    name = current(root)
    verify_generation(root, name)
    with closing(open_current(root, ENCODER.identity)) as generation:
        assert generation.id == name
    assert not [*(root / "tmp").iterdir(), *(root / "trash").iterdir()]
    return name


def take(storage: ObjectStorage, root: Path, name: str | None = None, keep: int = 3) -> int:
    return pull(storage, root, name, keep=keep).received


def change_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Replaces the manifest in a storage by another one, with pointers that are right for it."""
    pointer = json.loads((folder / "CURRENT").read_text())
    manifest = json.loads((folder / "objects" / pointer["manifest_sha256"]).read_bytes())
    change(manifest)
    data = json.dumps(manifest).encode()
    pointer["manifest_sha256"] = hashlib.sha256(data).hexdigest()
    (folder / "objects" / pointer["manifest_sha256"]).write_bytes(data)
    (folder / "CURRENT").write_text(json.dumps(pointer))


class Interrupted(ObjectStorage):
    """Storage whose connection is lost after so many objects."""

    left = 0

    def count(self) -> None:
        if not self.left:
            raise StorageUnreachable("the connection was lost")
        object.__setattr__(self, "left", self.left - 1)

    def put(self, digest: str, path: Path) -> None:
        self.count()
        super().put(digest, path)

    def read(self, digest: str, size: int) -> Iterator[bytes]:
        self.count()
        yield from super().read(digest, size)


def lost_after(storage: ObjectStorage, objects: int) -> Interrupted:
    interrupted = Interrupted(storage.url, storage.filesystem, storage.root)
    object.__setattr__(interrupted, "left", objects)
    return interrupted


class TestPush:
    def test_objects_are_named_by_their_content(self, pushed: Path, index: Path) -> None:
        objects = files_of(pushed / "objects")
        assert all(hashlib.sha256(data).hexdigest() == name for name, data in objects.items())
        generation = files_of(index / "gen" / current(index))
        assert set(generation.values()) - {generation["manifest.sha256"]} <= set(objects.values())
        assert {PUMP, VALVE} < objects.keys()
        assert (pushed / "CURRENT").read_bytes() == (pushed / "generations" / current(index)).read_bytes()
        assert json.loads((pushed / "CURRENT").read_bytes()) == json.loads((index / "CURRENT").read_bytes())

    def test_nothing_is_sent_twice(self, storage: ObjectStorage, index: Path) -> None:
        first = push(storage, index)
        assert (first.generation, first.sent) == (current(index), first.objects)
        again = push(storage, index)
        assert (again.objects, again.sent, again.sent_bytes) == (first.objects, 0, 0)
        name = add(index, "pump.pdf", "valve.pdf", "tank.pdf")
        more = push(storage, index)
        assert more.generation == name
        # Two of the three sources are there, and files of BM25 that are the same.
        assert more.sent <= more.objects - 2

    def test_a_generation_by_name(self, storage: ObjectStorage, index: Path) -> None:
        first, _ = generations(index)
        push(storage, index)
        push(storage, index, first)
        assert storage.pointer().generation == first

    def test_pointers_come_last_and_it_goes_on(self, storage: ObjectStorage, index: Path, tmp_path: Path) -> None:
        total = push(open_storage(f"file://{tmp_path}/other"), index).objects
        for sent in range(1, total):
            with pytest.raises(StorageUnreachable):
                push(lost_after(storage, 1), index)
            assert not (tmp_path / "storage" / "CURRENT").exists()
            assert len(storage.sizes()) == sent
        assert push(lost_after(storage, 1), index).sent == 1
        assert files_of(tmp_path / "storage") == files_of(tmp_path / "other")

    def test_half_an_object_is_sent_again(self, storage: ObjectStorage, index: Path, pushed: Path) -> None:
        (pushed / "objects" / PUMP).write_bytes(b"half")
        assert push(storage, index).sent == 1

    def test_progress(self, storage: ObjectStorage, index: Path) -> None:
        told: list[tuple[int, int]] = []
        objects = push(storage, index, report=lambda done, total: told.append((done, total))).objects
        assert told == [(number, objects) for number in range(1, objects + 1)]

    def test_a_damaged_generation_is_not_sent(self, storage: ObjectStorage, index: Path, tmp_path: Path) -> None:
        (index / "sources" / PUMP).write_bytes(b"other")
        with pytest.raises(IndexCorrupt):
            push(storage, index)
        assert not (tmp_path / "storage").exists()

    def test_an_unfinished_generation_is_not_sent(self, storage: ObjectStorage, index: Path, tmp_path: Path) -> None:
        folder = index / "gen" / current(index)
        manifest = json.loads((folder / "manifest.json").read_bytes()) | {"provisional": True}
        data = json.dumps(manifest).encode()
        (folder / "manifest.json").write_bytes(data)
        (folder / "manifest.sha256").write_text(hashlib.sha256(data).hexdigest())
        with pytest.raises(IndexUnfinished, match="no vectors yet"):
            push(storage, index)
        assert not (tmp_path / "storage").exists()

    @pytest.mark.parametrize("name", [None, "000009-00000000", "../index"])
    def test_no_index_and_no_generation(self, storage: ObjectStorage, tmp_path: Path, name: str | None) -> None:
        with pytest.raises(IndexMissing):
            push(storage, tmp_path / "nowhere", name)

    def test_a_folder_that_may_not_be_written(self, index: Path, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StorageUnreachable, match="goes on from there"):
            push(open_storage(f"file://{tmp_path}/file/storage"), index)


@pytest.mark.usefixtures("pushed")
class TestPull:
    def test_the_index_is_the_same(self, storage: ObjectStorage, index: Path, replica: Path) -> None:
        assert take(storage, replica)
        assert intact(replica) == current(index)
        name = current(index)
        assert files_of(replica / "gen" / name) == files_of(index / "gen" / name)
        assert files_of(replica / "sources") == files_of(index / "sources")

    def test_again_brings_nothing(self, storage: ObjectStorage, replica: Path) -> None:
        take(storage, replica)
        before = files_of(replica)
        assert take(storage, replica) == 0
        assert files_of(replica) == before

    def test_sources_that_are_here_do_not_come_again(self, storage: ObjectStorage, index: Path, replica: Path) -> None:
        first, second = generations(index)
        push(storage, index, first)
        files = take(storage, replica, first) - 1
        assert take(storage, replica, second) == files + 1
        assert intact(replica) == second
        assert generations(replica) == [first, second]
        # As a rollback: it is here.
        assert take(storage, replica, first) == 0
        assert intact(replica) == first

    def test_old_generations_go(self, storage: ObjectStorage, index: Path, replica: Path) -> None:
        take(storage, replica)
        name = add(index, "pump.pdf")
        push(storage, index)
        take(storage, replica, keep=1)
        assert generations(replica) == [intact(replica)] == [name]
        assert files_of(replica / "sources").keys() == {PUMP}

    def test_a_reader_follows(self, storage: ObjectStorage, index: Path, replica: Path) -> None:
        take(storage, replica)
        served = CurrentIndex(replica, ENCODER.identity)
        before = served.generation().id
        name = add(index, "tank.pdf")
        push(storage, index)
        take(storage, replica)
        served.refresh()
        assert served.generation().id == name != before

    def test_an_ingest_goes_on_from_it(self, storage: ObjectStorage, index: Path, replica: Path) -> None:
        take(storage, replica)
        name = add(replica, "tank.pdf")
        assert name[:6] == "000003"
        assert roll_back(replica) == current(index)

    def test_what_is_damaged_here_is_replaced(self, storage: ObjectStorage, replica: Path) -> None:
        take(storage, replica)
        (replica / "gen" / current(replica) / "docstore.sqlite").write_bytes(b"damaged")
        (replica / "sources" / VALVE).unlink()
        (replica / "sources" / PUMP).write_bytes(b"damaged")
        (replica / "CURRENT").unlink()
        assert take(storage, replica)
        intact(replica)

    def test_an_interrupted_one_changes_nothing(self, storage: ObjectStorage, index: Path, replica: Path) -> None:
        take(storage, replica)
        before = current(replica)
        add(index, "pump.pdf", "valve.pdf", "tank.pdf")
        objects = push(storage, index).objects
        # The manifest, a source that is new, and the files.
        for received in range(objects - 2):
            root = shutil.copytree(replica, replica.with_name(f"replica {received}"))
            with pytest.raises(StorageUnreachable):
                take(lost_after(storage, received), root)
            assert intact(root) == before
            assert generations(root) == [before]
        take(storage, replica)
        assert intact(replica) == current(index)

    def test_sources_of_an_interrupted_one_stay(self, storage: ObjectStorage, replica: Path) -> None:
        with pytest.raises(StorageUnreachable):
            take(lost_after(storage, 3), replica)
        assert files_of(replica / "sources").keys() == {PUMP, VALVE}
        with pytest.raises(IndexMissing):
            current(replica)

    @pytest.mark.parametrize("harm", ["flip", "remove", "shorten", "lengthen"])
    def test_each_object_is_verified(self, storage: ObjectStorage, pushed: Path, replica: Path, harm: str) -> None:
        for path in sorted((pushed / "objects").iterdir()):
            data = path.read_bytes()
            if harm == "flip":
                path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
            elif harm == "remove":
                path.unlink()
            else:
                path.write_bytes(data[:-1] if harm == "shorten" else data + b"\0")
            with pytest.raises(StorageCorrupt, match=r"push again from an intact index$"):
                take(storage, replica)
            with pytest.raises(IndexMissing):
                current(replica)
            shutil.rmtree(replica, ignore_errors=True)  # sources that came before stay
            path.write_bytes(data)
        take(storage, replica)
        intact(replica)

    @pytest.mark.parametrize(
        "name",
        ["../../CURRENT", "/etc/passwd", "lexical/../../../CURRENT", "manifest.json", "manifest.sha256", "lexical",
         "lexical/a/b", "other", ".hidden", "lexical/.hidden", "a\\b", ""],
    )  # fmt: skip
    def test_no_name_leads_elsewhere(self, storage: ObjectStorage, pushed: Path, replica: Path, name: str) -> None:
        def rename(manifest: dict[str, Any]) -> None:
            manifest["files"][0]["name"] = name

        change_manifest(pushed, rename)
        with pytest.raises(StorageCorrupt):
            take(storage, replica)
        assert not replica.exists()

    def test_a_document_is_named_by_its_digest(self, storage: ObjectStorage, pushed: Path, replica: Path) -> None:
        change_manifest(pushed, lambda manifest: manifest["sources"][0].update(sha256="../../CURRENT"))
        with pytest.raises(StorageCorrupt, match="is none"):
            take(storage, replica)

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda manifest: manifest["files"].append(manifest["files"][0]), id="twice"),
            pytest.param(lambda manifest: manifest.update(generation="000009-00000000"), id="another generation"),
            pytest.param(lambda manifest: manifest.pop("files"), id="no files"),
        ],
    )
    def test_a_wrong_manifest(
        self, storage: ObjectStorage, pushed: Path, replica: Path, change: Callable[[dict[str, Any]], object]
    ) -> None:
        change_manifest(pushed, change)
        with pytest.raises(StorageCorrupt):
            take(storage, replica)
        assert not replica.exists()

    @pytest.mark.parametrize("left", [0, 1])
    def test_a_manifest_that_leaves_files_out(
        self, storage: ObjectStorage, pushed: Path, replica: Path, left: int
    ) -> None:
        change_manifest(pushed, lambda manifest: manifest.update(files=manifest["files"][:left]))
        with pytest.raises(PublishFailed, match="nothing was published"):
            take(storage, replica)
        with pytest.raises(IndexMissing):
            current(replica)

    def test_another_format(self, storage: ObjectStorage, pushed: Path, replica: Path) -> None:
        change_manifest(pushed, lambda manifest: manifest.update(format=9))
        with pytest.raises(IndexForeign):
            take(storage, replica)

    @pytest.mark.parametrize(
        "text", ["", "{}", "[" * 10000, '{"generation": "../x", "manifest_sha256": "' + "0" * 64 + '"}', "\0" * 99999]
    )
    def test_a_wrong_pointer(self, storage: ObjectStorage, pushed: Path, replica: Path, text: str) -> None:
        (pushed / "CURRENT").write_text(text)
        with pytest.raises(StorageCorrupt, match="CURRENT is damaged"):
            take(storage, replica)

    def test_a_pointer_to_another_generation(self, storage: ObjectStorage, pushed: Path, replica: Path) -> None:
        name = current(pushed)
        (pushed / "generations" / "000009-00000000").write_bytes((pushed / "generations" / name).read_bytes())
        with pytest.raises(StorageCorrupt):
            take(storage, replica, "000009-00000000")

    @pytest.mark.parametrize("name", ["000009-00000000", "../CURRENT", ""])
    def test_a_generation_that_was_not_pushed(self, storage: ObjectStorage, replica: Path, name: str) -> None:
        if name:
            with pytest.raises(StorageMissing):
                take(storage, replica, name)
            assert not replica.exists()
        else:
            with pytest.raises(StorageMissing, match="index push"):
                take(open_storage(f"{storage.url}/elsewhere"), replica)

    def test_a_full_disk(self, storage: ObjectStorage, replica: Path) -> None:
        with files_of_at_most(1000), pytest.raises(PublishFailed, match="nothing was published"):
            take(storage, replica)

    def test_one_writer(self, storage: ObjectStorage, replica: Path) -> None:
        with open_writer(replica), pytest.raises(IndexBusy):
            take(storage, replica)
