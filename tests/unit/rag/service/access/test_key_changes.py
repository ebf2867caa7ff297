from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from rag.errors import KeyFileFault
from rag.service.access.access_key import AccessKey, digest_of
from rag.service.access.key_changes import add_key, remove_key
from rag.service.access.key_file import MAX_KEYS, read_keys, serialized


def key_of(name: str) -> AccessKey:
    return AccessKey(name, digest_of(name.encode()), frozenset({"ask"}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def ids(path: Path) -> list[str]:
    return [key.id for key in read_keys(path)[0]]


def test_the_first_key_makes_the_file_for_its_owner_alone(path: Path) -> None:
    umask = os.umask(0)
    try:
        add_key(path, key_of("alice"))
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ids(path) == ["alice"]
    assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]


def test_keys_are_added_and_removed(path: Path) -> None:
    for name in ("alice", "bob", "carol"):
        add_key(path, key_of(name))
    remove_key(path, "bob")
    assert ids(path) == ["alice", "carol"]
    add_key(path, key_of("bob"))
    assert ids(path) == ["alice", "carol", "bob"]


def test_an_id_is_given_once(path: Path) -> None:
    add_key(path, key_of("alice"))
    other = AccessKey("alice", digest_of(b"other"), frozenset({"admin"}))
    with pytest.raises(KeyFileFault, match=r"has a key alice already; .*`python -m rag keys revoke alice`"):
        add_key(path, other)
    assert read_keys(path)[0][0].sha256 == digest_of(b"alice")


@pytest.mark.parametrize("name", ["", "Alice", "api#1", "a b", "a" * 65, "-a", "ä", "a\n", "\ud800"])
def test_an_id_is_short_and_plain(path: Path, name: str) -> None:
    with pytest.raises(KeyFileFault, match=r"cannot name a key: an id has at most 64"):
        add_key(path, AccessKey(name, digest_of(b"x"), frozenset({"ask"})))
    assert not path.exists()


def test_an_unknown_key_is_answered_with_those_there_are(path: Path) -> None:
    add_key(path, key_of("alice"))
    with pytest.raises(KeyFileFault, match=r"has no key 'bob'; the keys are: alice$"):
        remove_key(path, "bob")


def test_there_are_only_so_many(path: Path) -> None:
    path.write_bytes(serialized([key_of(f"key-{number}") for number in range(MAX_KEYS)]))
    with pytest.raises(KeyFileFault, match=r"has 1,000 keys, which is the most"):
        add_key(path, key_of("one-more"))


def test_a_damaged_file_is_not_written_over(path: Path) -> None:
    path.write_text("{")
    for change in (partial(add_key, path, key_of("alice")), partial(remove_key, path, "alice")):
        with pytest.raises(KeyFileFault, match="is no key file"):
            change()
    assert path.read_text() == "{"


def test_a_missing_folder_has_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(KeyFileFault, match=r"nowhere of the key file cannot be used: .*; make it, or set RAG_KEY_FILE"):
        add_key(tmp_path / "nowhere" / "keys.json", key_of("alice"))


def test_readers_stay_as_they_were_but_none_may_write(path: Path) -> None:
    """The service may run as another user of the file's group."""
    add_key(path, key_of("alice"))
    path.chmod(0o660)
    add_key(path, key_of("bob"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_owner_stays_when_root_changes_it(path: Path) -> None:
    add_key(path, key_of("alice"))
    os.chown(path, 12345, 54321)
    add_key(path, key_of("bob"))
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)


def test_a_link_stays_one(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    path.symlink_to(folder / "real.json")
    add_key(path, key_of("alice"))
    assert path.is_symlink()
    assert ids(folder / "real.json") == ["alice"]


class TestCrash:
    """A file is as before or as after, whatever fails, and what a killed run has left is no hindrance."""

    @pytest.mark.parametrize("call", ["fsync", "fchown"])
    def test_a_disk_that_refuses(self, path: Path, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
        add_key(path, key_of("alice"))
        before = path.read_bytes()

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, call, fail)
            with pytest.raises(KeyFileFault, match=r"cannot be written, and is as it was: No space left on device"):
                add_key(path, key_of("bob"))
        assert path.read_bytes() == before
        assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]

    def test_a_draft_of_a_killed_run(self, path: Path) -> None:
        add_key(path, key_of("alice"))
        (path.parent / ".keys.json.draft").write_text("half of")
        add_key(path, key_of("bob"))
        assert ids(path) == ["alice", "bob"]
        assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]


def test_changes_at_the_same_time_are_all_made(path: Path) -> None:
    names = [f"key-{number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: add_key(path, key_of(name)), names))
    assert sorted(ids(path)) == sorted(names)
