from __future__ import annotations

import logging
from pathlib import Path

import pytest

from rag.errors import KeyFileFault
from rag.service.access import watched_keys
from rag.service.access.access_key import AccessKey, digest_of
from rag.service.access.key_changes import add_key, remove_key
from rag.service.access.key_file import FileVersion, serialized
from rag.service.access.watched_keys import WatchedKeys

ALICE = AccessKey("alice", digest_of(b"alice"), frozenset({"ask"}))
BOB = AccessKey("bob", digest_of(b"bob"), frozenset({"admin"}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    add_key(path, ALICE)
    return path


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def ids(keys: WatchedKeys) -> list[str]:
    return [key.id for key in keys.current()]


def age(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the file counts as unchanged for a long time, whatever this test takes."""
    changed = path.stat().st_ctime_ns
    monkeypatch.setattr(watched_keys, "time_ns", lambda: changed + 10**12)


def test_new_and_revoked_keys_are_known_at_once(path: Path, log: pytest.LogCaptureFixture) -> None:
    keys = WatchedKeys(path)
    assert ids(keys) == ["alice"]
    add_key(path, BOB)
    assert ids(keys) == ["alice", "bob"]
    remove_key(path, "alice")
    assert ids(keys) == ["bob"]
    assert log.messages == [
        f"{path} is in force: 2 keys; new bob",
        f"{path} is in force: 1 key; revoked alice",
    ]


def test_all_keys_can_be_revoked_while_it_runs(path: Path) -> None:
    keys = WatchedKeys(path)
    remove_key(path, "alice")
    assert ids(keys) == []


def test_a_file_without_keys_is_none_to_start_with(path: Path) -> None:
    remove_key(path, "alice")
    with pytest.raises(KeyFileFault, match=r"has no keys, so nobody would be answered; `python -m rag keys new ID`"):
        WatchedKeys(path)


def test_a_file_that_has_not_changed_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    age(path, monkeypatch)
    keys = WatchedKeys(path)
    monkeypatch.setattr(watched_keys, "read_keys", lambda *_: pytest.fail("it was read"))
    assert ids(keys) == ["alice"]


def test_a_change_that_leaves_no_trace_in_the_times_is_seen(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two writes within one tick of the file system's clock, of the same size: the second must not be missed."""
    monkeypatch.setattr(watched_keys, "time_ns", lambda: path.stat().st_ctime_ns)
    keys = WatchedKeys(path)
    version = FileVersion.of(path.stat())
    monkeypatch.setattr(FileVersion, "of", lambda _: version)
    path.write_bytes(path.read_bytes().replace(b"alice", b"malic"))
    assert ids(keys) == ["malic"]


@pytest.mark.parametrize("harm", ["damaged", "half written", "gone", "a folder", "open to everyone"])
def test_a_file_that_cannot_be_used_leaves_the_keys_as_they_were(
    path: Path, harm: str, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = WatchedKeys(path)
    intact = path.read_bytes()
    if harm == "damaged":
        path.write_text("{}")
    elif harm == "half written":
        path.write_bytes(intact[:50])
    elif harm == "open to everyone":
        path.chmod(0o666)
    else:
        path.unlink()
        if harm == "a folder":
            path.mkdir()
    age(path.parent, monkeypatch)
    assert [ids(keys) for _ in range(5)] == [["alice"]] * 5
    fault = keys.fault
    assert fault
    assert [record.levelname for record in log.records] == ["ERROR"]
    assert log.messages[0].startswith("the keys stay as they were before, revoked ones included: ")

    if path.is_dir():
        path.rmdir()
    path.write_bytes(serialized([BOB]))
    path.chmod(0o600)
    assert ids(keys) == ["bob"]
    assert keys.fault is None
    assert log.messages[1:] == [f"{path} is in force: 1 key; new bob; revoked alice"]


def test_a_fault_is_told_each_minute(path: Path, log: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    keys = WatchedKeys(path, clock=clock)
    path.write_text("{}")
    for clock.now in (1.0, 2.0, 60.0, 61.0, 62.0, 121.0):
        keys.current()
    assert len(log.records) == 3


def test_a_secret_of_the_settings_that_comes_into_the_file_is_not_taken(path: Path) -> None:
    keys = WatchedKeys(path, [BOB.sha256])
    add_key(path, BOB)
    assert ids(keys) == ["alice"]
    assert keys.fault
    assert "in RAG_API_KEYS or RAG_ADMIN_KEYS, too" in keys.fault


def test_a_link_that_is_turned_to_another_file_is_followed(path: Path, tmp_path: Path) -> None:
    """So Kubernetes replaces the files of a secret."""
    link = tmp_path / "link"
    link.symlink_to(path)
    keys = WatchedKeys(link)
    other = tmp_path / "other.json"
    add_key(other, BOB)
    draft = tmp_path / "draft"
    draft.symlink_to(other)
    draft.replace(link)
    assert ids(keys) == ["bob"]
