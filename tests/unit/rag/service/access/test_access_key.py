from __future__ import annotations

from datetime import date
from hashlib import sha256

import pytest

from rag.service.access.access_key import AccessKey, digest_of, matching, new_secret

ALICE = AccessKey("alice", digest_of(b"secret of alice"), frozenset({"ask"}))
BOB = AccessKey("bob", digest_of(b"secret of bob"), frozenset({"ask"}))


@pytest.mark.parametrize(
    ("expires", "today", "expired"),
    [
        pytest.param(date(2027, 3, 1), date(2027, 3, 1), False, id="on its last day"),
        pytest.param(date(2027, 3, 1), date(2027, 3, 2), True, id="on the day after"),
        pytest.param(None, date(9999, 12, 31), False, id="never"),
    ],
)
def test_a_key_is_accepted_on_its_last_day(expires: date | None, today: date, expired: bool) -> None:
    assert AccessKey("a", digest_of(b"x"), frozenset({"ask"}), expires=expires).has_expired(today) is expired


def test_the_key_with_the_secret_is_found() -> None:
    assert matching(b"secret of bob", [ALICE, BOB]) is BOB
    assert matching(b"secret of bo", [ALICE, BOB]) is None
    assert matching(b"secret of bob ", [ALICE, BOB]) is None
    assert matching(BOB.sha256.encode(), [ALICE, BOB]) is None


def test_nothing_is_no_secret_even_if_a_key_has_its_digest() -> None:
    assert matching(b"", [AccessKey("hole", digest_of(b""), frozenset({"admin"}))]) is None


def test_a_digest_is_sha256_and_is_not_shown() -> None:
    assert ALICE.sha256 == sha256(b"secret of alice").hexdigest()
    assert ALICE.sha256 not in repr(ALICE)


def test_secrets_are_long_printable_and_differ() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    for secret in secrets:
        assert secret.startswith("pageproof_")
        assert len(secret) == len("pageproof_") + 43  # 256 bits in base64 without padding
        assert secret.isascii()
        assert not set(secret) & set(" ,\"'\\:")  # of headers, lists of keys, and shells
