from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.exceptions import HTTPException

from rag.errors import KeyFileFault, RateExceeded
from rag.service.access.access_key import SCOPES, AccessKey, KeyScope, digest_of
from rag.service.access.key_changes import add_key, remove_key
from rag.service.access.watched_keys import WatchedKeys
from rag.service.auth import Keys, open_key_file
from rag.settings import Settings

TODAY = date(2026, 11, 30)
SECRET = "the secret of alice"


def request(**headers: str) -> dict[str, Any]:
    """The ASGI scope of a request from 192.0.2.7 with these headers."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "headers": raw, "client": ("192.0.2.7", 40000), "state": {}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def keys_of(path: Path) -> Callable[..., Keys]:
    """Keys with one of a file, alice, that has these scopes and properties."""

    def make(scopes: set[KeyScope], settings: dict[str, Any] | None = None, **properties: Any) -> Keys:
        add_key(path, AccessKey("alice", digest_of(SECRET.encode()), frozenset(scopes), TODAY, **properties))
        return Keys(file=WatchedKeys(path), today=lambda: TODAY, **(settings or {}))

    return make


@pytest.mark.parametrize("needed", SCOPES)
@pytest.mark.parametrize("has", SCOPES)
def test_a_key_opens_what_it_has_the_scope_for_and_nothing_else(
    keys_of: Callable[..., Keys], has: KeyScope, needed: KeyScope
) -> None:
    keys = keys_of({has})
    sent = request(x_api_key=SECRET)
    if has == needed:
        assert keys.admit(sent, needed) == "alice"
        return
    with pytest.raises(HTTPException) as caught:
        keys.admit(sent, needed)
    assert caught.value.status_code == 403
    assert f"it lacks the scope '{needed}', and has {has}" in caught.value.detail
    assert caught.value.headers == {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{needed}"'}


def test_any_key_opens_what_needs_no_scope(keys_of: Callable[..., Keys]) -> None:
    assert keys_of({"metrics"}).admit(request(x_api_key=SECRET), None) == "alice"


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        pytest.param({}, "an access key is needed: send it as", id="none"),
        pytest.param({"x_api_key": ""}, "an access key is needed: send it as", id="empty"),
        pytest.param({"authorization": "Bearer "}, "an access key is needed: send it as", id="empty bearer"),
        pytest.param({"authorization": f"Basic {SECRET}"}, "an access key is needed: send it as", id="another scheme"),
        pytest.param({"x_api_key": "no-such-key"}, "is not one of those that are accepted", id="unknown"),
        pytest.param({"x_api_key": digest_of(SECRET.encode())}, "is not one of those", id="the digest"),
        pytest.param({"x_api_key": "alice"}, "is not one of those", id="the id"),
    ],
)
def test_other_requests_are_refused(keys_of: Callable[..., Keys], headers: dict[str, str], said: str) -> None:
    sent = request(**headers)
    with pytest.raises(HTTPException) as caught:
        keys_of(set(SCOPES)).admit(sent, "ask")
    assert caught.value.status_code == 401
    assert said in caught.value.detail
    assert caught.value.headers == {"WWW-Authenticate": "Bearer"}
    assert "key_id" not in sent["state"]
    for secret in (SECRET, "no-such-key", digest_of(SECRET.encode())):
        assert secret not in caught.value.detail


def test_an_expired_key_is_named_as_such(keys_of: Callable[..., Keys]) -> None:
    keys = keys_of({"ask"}, expires=date(2026, 11, 29))
    sent = request(authorization=f"Bearer {SECRET}")
    with pytest.raises(HTTPException, match="the key alice expired with 2026-11-29: have the operator make") as caught:
        keys.admit(sent, "ask")
    assert caught.value.status_code == 401
    assert sent["state"]["key_id"] == "alice"


def test_a_key_is_accepted_on_its_last_day(keys_of: Callable[..., Keys]) -> None:
    assert keys_of({"ask"}, expires=TODAY).admit(request(x_api_key=SECRET), "ask") == "alice"


@pytest.mark.parametrize("needed", [None, "ask", "admin"])
def test_the_id_of_the_key_is_left_for_the_log(keys_of: Callable[..., Keys], needed: KeyScope | None) -> None:
    """Refused requests have it, too."""
    sent = request(x_api_key=SECRET)
    keys = keys_of({"ask"})
    if needed == "admin":
        with pytest.raises(HTTPException):
            keys.admit(sent, needed)
    else:
        keys.admit(sent, needed)
    assert sent["state"]["key_id"] == "alice"


def test_a_file_without_keys_lets_nobody_in(keys_of: Callable[..., Keys], path: Path) -> None:
    keys = keys_of({"ask"})
    remove_key(path, "alice")
    for needed in (None, *SCOPES):
        for sent in (request(), request(x_api_key=SECRET)):
            with pytest.raises(HTTPException) as caught:
                keys.admit(sent, needed)
            assert caught.value.status_code == 401


class TestRate:
    def test_requests_beyond_the_limit_are_told_when_to_come_again(self, keys_of: Callable[..., Keys]) -> None:
        now = [0.0]
        keys = keys_of({"ask"}, {"clock": lambda: now[0]}, requests_per_minute=2)
        for _ in range(2):
            keys.admit(request(x_api_key=SECRET), "ask")
        sent = request(x_api_key=SECRET)
        with pytest.raises(RateExceeded, match=r"this key may send 2 requests a minute; try again in 30 s") as caught:
            keys.admit(sent, "ask")
        assert caught.value.retry_after_seconds == 30
        assert sent["state"]["key_id"] == "alice"
        now[0] += caught.value.retry_after_seconds
        assert keys.admit(request(x_api_key=SECRET), "ask") == "alice"

    @pytest.mark.parametrize(
        ("own", "served"),
        [
            pytest.param(None, 3, id="none of its own"),
            pytest.param(1, 1, id="a smaller one"),
            pytest.param(5, 5, id="a larger one"),
            pytest.param(0, 10, id="no limit"),
        ],
    )
    def test_a_keys_own_limit_goes_before_that_of_the_settings(
        self, keys_of: Callable[..., Keys], own: int | None, served: int
    ) -> None:
        keys = keys_of({"ask"}, {"clock": lambda: 0.0, "requests_per_minute": 3}, requests_per_minute=own)
        count = 0
        for _ in range(10):
            try:
                keys.admit(request(x_api_key=SECRET), "ask")
            except RateExceeded:
                continue
            count += 1
        assert count == served

    def test_requests_without_the_scope_count(self, keys_of: Callable[..., Keys]) -> None:
        keys = keys_of({"ask"}, {"clock": lambda: 0.0}, requests_per_minute=1)
        with pytest.raises(HTTPException):
            keys.admit(request(x_api_key=SECRET), "admin")
        with pytest.raises(RateExceeded):
            keys.admit(request(x_api_key=SECRET), "admin")

    def test_keys_of_the_settings_have_that_limit_each(self) -> None:
        keys = Keys([SecretStr("first"), SecretStr("second")], requests_per_minute=1, clock=lambda: 0.0)
        for name in ("first", "second"):
            keys.admit(request(x_api_key=name), "ask")
            with pytest.raises(RateExceeded):
                keys.admit(request(x_api_key=name), "ask")

    def test_clients_without_a_key_have_none(self) -> None:
        keys = Keys(admin_keys=[SecretStr("admin")], requests_per_minute=1, clock=lambda: 0.0)
        assert {keys.admit(request(), "ask") for _ in range(10)} == {"192.0.2.7"}


class TestKeysOfTheSettings:
    KEYS = ([SecretStr("asker"), SecretStr("other")], [SecretStr("boss")])

    @pytest.mark.parametrize("needed", [None, "ask", "documents", "metrics"])
    def test_each_opens_what_it_did_before_there_were_scopes(self, needed: KeyScope | None) -> None:
        keys = Keys(*self.KEYS)
        names = {secret: keys.admit(request(x_api_key=secret), needed) for secret in ("asker", "other", "boss")}
        assert names == {"asker": "api#1", "other": "api#2", "boss": "admin#1"}

    def test_only_admin_keys_add_documents(self) -> None:
        keys = Keys(*self.KEYS)
        assert keys.admit(request(x_api_key="boss"), "admin") == "admin#1"
        with pytest.raises(HTTPException, match=r"lacks the scope 'admin', and has ask, documents, feedback, metrics"):
            keys.admit(request(x_api_key="asker"), "admin")

    def test_without_access_keys_all_but_adding_is_open(self) -> None:
        keys = Keys(admin_keys=[SecretStr("boss")])
        assert not keys.are_needed
        assert {keys.admit(request(), needed) for needed in (None, "ask", "documents", "metrics")} == {"192.0.2.7"}
        with pytest.raises(HTTPException, match="an admin key is needed"):
            keys.admit(request(), "admin")

    def test_a_key_file_closes_it_beside_admin_keys(self, keys_of: Callable[..., Keys]) -> None:
        keys = keys_of({"ask"}, {"admin_keys": [SecretStr("boss")]})
        assert keys.are_needed
        assert keys.admit(request(x_api_key="boss"), "admin") == "admin#1"
        with pytest.raises(HTTPException, match="an access key is needed"):
            keys.admit(request(), "ask")

    def test_no_secret_is_in_what_is_kept(self) -> None:
        keys = Keys(*self.KEYS)
        shown = f"{keys!r} {vars(keys)!r}"
        assert not any(secret in shown for secret in ("asker", "boss", digest_of(b"boss")))


class TestOpening:
    def test_without_a_file(self) -> None:
        assert open_key_file(Settings()) is None

    def test_a_missing_one_has_the_remedy(self, path: Path) -> None:
        with pytest.raises(KeyFileFault, match=r"there is no key file .*`python -m rag keys new ID` makes it"):
            open_key_file(Settings(key_file=path))

    @pytest.mark.parametrize(
        "settings", [Settings(api_keys=(SecretStr(SECRET),)), Settings(admin_keys=(SecretStr(SECRET),))]
    )
    def test_a_secret_in_two_places_is_refused(self, path: Path, settings: Settings) -> None:
        add_key(path, AccessKey("alice", digest_of(SECRET.encode()), frozenset({"ask"}), TODAY))
        with pytest.raises(KeyFileFault, match=r"the key alice is in RAG_API_KEYS or RAG_ADMIN_KEYS, too"):
            open_key_file(settings.model_copy(update={"key_file": path}))
