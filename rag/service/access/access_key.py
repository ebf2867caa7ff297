"""Access keys: who sends a request, and what it may do. Only the SHA-256 of a secret is kept.

A fast hash is right for secrets that were drawn at random from 2^256: they cannot be guessed, so there is nothing for a
slow one to protect (https://pages.nist.gov/800-63-3/sp800-63b.html, 5.1.2.2).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, TypeAlias, get_args

KeyScope: TypeAlias = Literal["ask", "documents", "feedback", "admin", "metrics"]

SCOPES: Final[tuple[KeyScope, ...]] = get_args(KeyScope)
# Recognised by scanners for leaked secrets, and by people.
_PREFIX: Final = "pageproof_"
_SECRET_BYTES: Final = 32


@dataclass(frozen=True)
class AccessKey:
    """A key that is accepted.

    Attributes:
        id: name of the key, which is no secret: it is in the log.
        sha256: digest of the secret, in hex.
        scopes: what the key may do.
        created: when it was made; None if that is not known.
        expires: the last day on which it is accepted, in UTC; None if it does not expire.
        requests_per_minute: its own limit, 0 for none; None if that of the settings holds.
        collections: names of those that it opens; None if it opens all, also those that are made later.
    """

    id: str
    sha256: str = field(repr=False)
    scopes: frozenset[KeyScope]
    created: date | None = None
    expires: date | None = None
    requests_per_minute: int | None = None
    collections: frozenset[str] | None = None

    def has_expired(self, today: date) -> bool:
        """True from the day after ``expires`` on; ``today`` is that of UTC."""
        return self.expires is not None and today > self.expires


def new_secret() -> str:
    """A secret of 256 bits from the system's source of randomness, in printable ASCII."""
    return _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def digest_of(secret: bytes) -> str:
    """SHA-256 of a secret, in hex."""
    return hashlib.sha256(secret).hexdigest()


def matching(secret: bytes, keys: Iterable[AccessKey]) -> AccessKey | None:
    """The key with this secret; None if there is none, or the secret is empty.

    All keys are compared, each in constant time, so that the time reveals nothing about them.
    """
    digest = digest_of(secret)
    found = [key for key in keys if hmac.compare_digest(digest, key.sha256)]
    return found[0] if found and secret else None
