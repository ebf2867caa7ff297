from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.errors import KeyFileFault
from rag.service.access.access_key import SCOPES, AccessKey, digest_of
from rag.service.access.key_file import MAX_BYTES, MAX_KEYS, FileVersion, parse_keys, read_keys, serialized

# Stands where a person may have put a secret by mistake: no message may quote it.
CANARY = "pageproof_CANARY"
ROW: dict[str, Any] = {
    "id": "alice",
    "sha256": digest_of(b"alice"),
    "scopes": ["ask", "documents"],
    "created": "2026-11-30",
    "expires": "2027-11-30",
    "requests_per_minute": 60,
}


def file_of(*rows: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"format": 1, "keys": rows, **more}).encode()


def test_a_key_has_what_its_row_says() -> None:
    assert parse_keys(file_of(ROW), "keys.json") == (
        AccessKey(
            "alice",
            digest_of(b"alice"),
            frozenset({"ask", "documents"}),
            date(2026, 11, 30),
            date(2027, 11, 30),
            60,
        ),
    )


def test_a_key_need_not_expire_nor_have_a_limit_of_its_own() -> None:
    row = {name: value for name, value in ROW.items() if name != "requests_per_minute"} | {"expires": None}
    (key,) = parse_keys(file_of(row), "keys.json")
    assert (key.expires, key.requests_per_minute) == (None, None)


def test_no_keys_are_a_key_file() -> None:
    assert parse_keys(file_of(), "keys.json") == ()


def without(name: str) -> dict[str, Any]:
    return {field: value for field, value in ROW.items() if field != name}


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        pytest.param(b"", "Invalid JSON", id="nothing"),
        pytest.param(b" \n", "Invalid JSON", id="blank"),
        pytest.param(file_of(ROW)[:-20], "Invalid JSON", id="half of it"),
        pytest.param(b"\xff\xfe", "Invalid JSON", id="no text"),
        pytest.param(b"[" * 100_000, "Invalid JSON", id="deeply nested"),
        pytest.param(b"[]", "should be an object", id="a list"),
        pytest.param(f"{CANARY}\n".encode(), "Invalid JSON", id="a plain secret"),
        pytest.param(file_of(format=2), "format: ", id="another format"),
        pytest.param(json.dumps({"keys": []}).encode(), "format: Field required", id="without format"),
        pytest.param(json.dumps({"format": 1}).encode(), "keys: Field required", id="without keys"),
        pytest.param(file_of({**ROW, CANARY: 1}), r"keys.0.\(unknown member\): Extra", id="unknown member"),
        pytest.param(file_of(ROW, **{CANARY: 1}), r"\(unknown member\): Extra", id="unknown member at the top"),
        pytest.param(file_of({**ROW, "id": ""}), "keys.0.id", id="empty id"),
        pytest.param(file_of({**ROW, "id": f"{CANARY}"}), "keys.0.id", id="capitals in the id"),
        pytest.param(file_of({**ROW, "id": "a" * 65}), "keys.0.id", id="long id"),
        pytest.param(file_of({**ROW, "id": "a\n"}), "keys.0.id", id="line end in the id"),
        pytest.param(file_of({**ROW, "id": "api#1"}), "keys.0.id", id="id of a key of the settings"),
        pytest.param(file_of({**ROW, "sha256": CANARY}), "keys.0.sha256", id="the secret in place of its digest"),
        pytest.param(file_of({**ROW, "sha256": digest_of(b"a").upper()}), "keys.0.sha256", id="digest in capitals"),
        pytest.param(file_of({**ROW, "sha256": digest_of(b"a") + "\n"}), "keys.0.sha256", id="digest and a line end"),
        pytest.param(file_of({**ROW, "sha256": digest_of(b"")}), "the secret of alice is empty", id="no secret"),
        pytest.param(file_of({**ROW, "scopes": []}), "keys.0.scopes", id="no scope"),
        pytest.param(file_of({**ROW, "scopes": ["root"]}), "keys.0.scopes.0", id="unknown scope"),
        pytest.param(file_of({**ROW, "scopes": "ask"}), "keys.0.scopes", id="scopes as text"),
        pytest.param(file_of({**ROW, "scopes": ["ask"] * 6}), "keys.0.scopes", id="too many scopes"),
        pytest.param(file_of(without("expires")), "keys.0.expires: Field required", id="expiry left out"),
        pytest.param(file_of({**ROW, "expires": ""}), "keys.0.expires", id="blank expiry"),
        pytest.param(file_of({**ROW, "expires": "2027-02-30"}), "keys.0.expires", id="no such day"),
        pytest.param(file_of({**ROW, "expires": 4_000_000_000}), "keys.0.expires", id="expiry as a number"),
        pytest.param(file_of(without("created")), "keys.0.created: Field required", id="date left out"),
        pytest.param(file_of({**ROW, "requests_per_minute": -1}), "requests_per_minute", id="negative limit"),
        pytest.param(file_of({**ROW, "requests_per_minute": 1.5}), "requests_per_minute", id="fraction as limit"),
        pytest.param(file_of({**ROW, "requests_per_minute": "9"}), "requests_per_minute", id="limit as text"),
        pytest.param(file_of({**ROW, "requests_per_minute": 10**400}), "requests_per_minute", id="endless limit"),
        pytest.param(file_of(ROW, {**ROW, "sha256": digest_of(b"b")}), "two keys with the id alice", id="one id twice"),
        pytest.param(file_of(ROW, {**ROW, "id": "b", "scopes": ["admin"]}), "one secret under", id="one secret twice"),
        pytest.param(
            file_of(*({**ROW, "id": f"a{n}", "sha256": digest_of(b"%d" % n)} for n in range(MAX_KEYS + 1))),
            "keys: Tuple should have at most 1000 items",
            id="too many keys",
        ),
    ],
)
def test_what_is_no_key_file_is_named_without_quoting_it(data: bytes, fault: str) -> None:
    with pytest.raises(KeyFileFault, match=fault) as caught:
        parse_keys(data, "/etc/keys.json")
    message = str(caught.value)
    assert message.startswith("/etc/keys.json")
    assert "CANARY" not in message
    assert digest_of(b"alice") not in message
    assert "\n" not in message
    assert caught.value.__context__ is None or caught.value.__suppress_context__


keys = st.builds(
    AccessKey,
    st.text("az09._-", max_size=63).map(lambda rest: f"a{rest}"),
    st.binary(min_size=1).map(digest_of),
    st.frozensets(st.sampled_from(SCOPES), min_size=1),
    st.none() | st.dates(),
    st.none() | st.dates(),
    st.none() | st.integers(0, 1_000_000),
)


@given(st.lists(keys, max_size=6, unique_by=(lambda key: key.id, lambda key: key.sha256)))
def test_what_is_written_is_read(written: list[AccessKey]) -> None:
    assert parse_keys(serialized(written), "keys.json") == tuple(written)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*SCOPES, "2026-01-01", 1]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*ROW, "keys", "format", CANARY]) | st.text(), inner, max_size=7)
    ),
    max_leaves=20,
)


def parsed_or_refused(data: bytes) -> None:
    """Any bytes are a list of keys that can be written again, or are refused in one line that quotes no secret."""
    try:
        found = parse_keys(data, "keys.json")
    except KeyFileFault as fault:
        found, message = None, str(fault)
    if found is None:
        assert "\n" not in message
        assert "CANARY" not in message
        assert len(message) < 400
    else:
        assert parse_keys(serialized(found), "keys.json") == found
        assert all(key.scopes and key.sha256 != digest_of(b"") for key in found)


@given(st.binary(max_size=300))
def test_fuzz_bytes(data: bytes) -> None:
    parsed_or_refused(data)


@given(json_values)
@example({"format": True, "keys": []})
@example({"format": 1.0, "keys": []})
def test_fuzz_json(value: Any) -> None:
    parsed_or_refused(json.dumps(value).encode())


@given(
    st.lists(keys, min_size=1, max_size=3, unique_by=(lambda key: key.id, lambda key: key.sha256)),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=5),
)
def test_fuzz_damage(written: list[AccessKey], damage: list[tuple[int, int]]) -> None:
    """A key file with some bytes changed: it is refused, or still means keys."""
    data = bytearray(serialized(written))
    for place, byte in damage:
        data[place % len(data)] = byte
    parsed_or_refused(bytes(data))


@given(
    st.fixed_dictionaries(
        {}, optional={name: st.sampled_from([value, CANARY]) | json_values for name, value in ROW.items()}
    )
)
def test_fuzz_rows(row: dict[str, Any]) -> None:
    parsed_or_refused(file_of(row))


class TestReading:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "keys.json"
        path.write_bytes(file_of(ROW))
        path.chmod(0o600)
        return path

    def test_keys_come_with_the_version_that_was_read(self, path: Path) -> None:
        keys, version = read_keys(path)
        assert [key.id for key in keys] == ["alice"]
        assert version == FileVersion.of(path.stat())

    def test_a_missing_file_has_the_remedy(self, tmp_path: Path) -> None:
        for path in (tmp_path / "keys.json", tmp_path / "nowhere" / "keys.json"):
            with pytest.raises(KeyFileFault, match=r"^there is no key file .*`python -m rag keys new ID` makes it"):
                read_keys(path)

    def test_a_folder_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(KeyFileFault, match=r"is no file|Is a directory"):
            read_keys(tmp_path)

    def test_a_named_pipe_is_none_and_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(KeyFileFault, match=r"is no file, so no key file"):
            read_keys(tmp_path / "pipe")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
    def test_one_that_may_not_be_read_names_the_user(self, path: Path) -> None:
        path.chmod(0)
        with pytest.raises(KeyFileFault, match=rf"cannot be read: Permission denied; .*uid {os.geteuid()}"):
            read_keys(path)

    def test_one_that_everyone_may_write_is_refused(self, path: Path) -> None:
        path.chmod(0o602)
        with pytest.raises(KeyFileFault, match=r"every user of this machine may write keys .*chmod 600"):
            read_keys(path)

    def test_a_huge_file_is_not_read(self, path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(10 * MAX_BYTES)
        with pytest.raises(KeyFileFault, match=r"more than 524,288 bytes"):
            read_keys(path)

    def test_as_many_keys_as_are_allowed_fit(self, path: Path) -> None:
        widest = [
            AccessKey(
                f"{n:064d}", digest_of(b"%d" % n), frozenset(SCOPES), date(2026, 1, 1), date(2027, 1, 1), 1_000_000
            )
            for n in range(MAX_KEYS)
        ]
        path.write_bytes(serialized(widest))
        assert len(read_keys(path)[0]) == MAX_KEYS

    def test_a_secret_that_the_settings_have_too_is_refused(self, path: Path) -> None:
        with pytest.raises(KeyFileFault, match=r"the key alice is in RAG_API_KEYS or RAG_ADMIN_KEYS, too"):
            read_keys(path, elsewhere=[digest_of(b"alice")])


def test_a_key_may_be_bound_to_collections() -> None:
    (key,) = parse_keys(file_of(ROW | {"collections": ["contracts", "default"]}), "keys.json")
    assert key.collections == frozenset({"contracts", "default"})
    assert parse_keys(serialized([key]), "keys.json") == (key,)
    (plain,) = parse_keys(file_of(ROW), "keys.json")
    assert plain.collections is None
    # Earlier versions refuse members that they do not know.
    assert b"collections" not in serialized([plain])


@pytest.mark.parametrize("collections", [[], ["Contracts"], ["../x"], ["a"] * 101, "contracts", [1]])
def test_a_key_that_is_bound_to_what_is_no_collection_is_refused(collections: object) -> None:
    with pytest.raises(KeyFileFault, match=r"keys\.0\.collections"):
        parse_keys(file_of(ROW | {"collections": collections}), "keys.json")
