"""A pull that ends at any of its operations on the disk: the index is the old one or the new one, and it goes on."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from rag.index.layout import IndexLayout
from rag.index.maintenance import verify_generation
from rag.index.reading import open_current, read_current
from rag.index.storage.object_storage import ObjectStorage, open_storage
from rag.index.storage.pull import pull
from rag.index.storage.push import push
from rag.runtime import files
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import publish, quick_folder

ENCODER = BagOfWordsEncoder()
KILLED = 9


def add(root: Path, text: str) -> str:
    return publish(root, {"a.pdf": [text]}, ENCODER, {"a.pdf": f"a.pdf\f{text}".encode()})


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A storage with two generations, and an index that has pulled the first."""
    with quick_folder() as folder:
        storage = open_storage(f"file://{folder}/storage")
        add(folder / "index", "The pump is blue.")
        push(storage, folder / "index")
        pull(storage, folder / "replica", keep=3)
        add(folder / "index", "The pump is red.")
        push(storage, folder / "index")
        yield folder


@pytest.fixture
def storage(folder: Path) -> ObjectStorage:
    return open_storage(f"file://{folder}/storage")


def state(root: Path) -> str:
    """The name of the current generation, every byte of which is right."""
    name = read_current(IndexLayout(root))[0]
    verify_generation(root, name)
    with closing(open_current(root, ENCODER.identity)) as generation:
        return generation.id


def pull_until(storage: ObjectStorage, root: Path, last: int) -> int:
    """Pulls in a process that ends before its operation of this number; returns the process's exit code."""
    process = os.fork()
    if not process:
        with suppress(BaseException):
            count_operations(last)
            pull(storage, root, keep=3)
            os._exit(0)
        os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def count_operations(last: int) -> None:
    """Makes this process end before the operation of this number that changes or syncs a file or folder."""
    done = iter(range(1, last + 1))

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if next(done, last) == last:
                os._exit(KILLED)
            return function(*arguments, **options)

        return call

    for owner, name in [
        (files, "sync"), (shutil, "rmtree"), (Path, "rename"), (Path, "replace"), (Path, "mkdir"), (Path, "unlink"),
    ]:  # fmt: skip
        setattr(owner, name, counted(getattr(owner, name)))
    opened = Path.open
    written = counted(opened)

    def open_path(path: Path, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        return (written if "w" in mode else opened)(path, mode, *arguments, **options)

    Path.open = open_path  # type: ignore[assignment,method-assign]


def test_killed_at_each_operation(folder: Path, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.index.storage.object_storage._AT_A_TIME", 1)
    old, new = state(folder / "replica"), state(folder / "index")
    states: Counter[str] = Counter()
    for last in range(1, 1000):
        root = shutil.copytree(folder / "replica", folder / f"killed {last}")
        code = pull_until(storage, root, last)
        states[state(root)] += 1
        pull(storage, root, keep=3)
        assert state(root) == new
        assert not [*(root / "tmp").iterdir(), *(root / "trash").iterdir()]
        shutil.rmtree(root)
        if code == 0:
            break
        assert code == KILLED
    assert states.keys() == {old, new}
    assert states[old] > 30
    assert states[new] > 1


def test_a_damaged_generation_is_replaced_or_fetched_again(
    folder: Path, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be served while it is replaced, but it could not be before, either; the next pull mends it."""
    monkeypatch.setattr("rag.index.storage.object_storage._AT_A_TIME", 1)
    damaged = shutil.copytree(folder / "replica", folder / "damaged")
    pull(storage, damaged, keep=3)
    new = state(damaged)
    (damaged / "gen" / new / "docstore.sqlite").write_bytes(b"damaged")
    for last in range(1, 1000, 5):
        root = shutil.copytree(damaged, folder / f"damaged {last}")
        code = pull_until(storage, root, last)
        pull(storage, root, keep=3)
        assert state(root) == new
        shutil.rmtree(root)
        if code == 0:
            break
