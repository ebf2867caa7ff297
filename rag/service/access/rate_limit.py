"""Rate limit of each key, by token buckets (https://en.wikipedia.org/wiki/Token_bucket)."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

# Buckets are kept for keys, so there are few; the full ones, which are as new ones, are dropped beyond this.
_MOST_BUCKETS: Final = 4096


class TokenBucket:
    """Bucket that holds a minute's requests and is filled evenly."""

    def __init__(self, per_minute: int, now: float) -> None:
        """A full bucket at the time ``now``, in seconds; ``per_minute`` is at least 1."""
        self.per_minute = per_minute
        self._tokens = float(per_minute)
        self._filled = now

    def take(self, now: float) -> float:
        """Takes a token; returns 0, or without taking one the seconds until there is one."""
        self._fill(now)
        if self._tokens < 1:
            return (1 - self._tokens) * 60 / self.per_minute
        self._tokens -= 1
        return 0.0

    def is_full(self, now: float) -> bool:
        """True if nothing was taken for long enough."""
        self._fill(now)
        return self._tokens >= self.per_minute

    def _fill(self, now: float) -> None:
        self._tokens = min(self.per_minute, self._tokens + (now - self._filled) * self.per_minute / 60)
        self._filled = now


class RateLimits:
    """A bucket for each key. For use in one thread."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """No requests yet; ``clock`` is monotonic, in seconds."""
        self._clock = clock
        self._buckets: dict[str, TokenBucket] = {}

    def take(self, key: str, per_minute: int) -> float:
        """Counts a request of a key; returns 0 if it may be served, else the seconds until one may.

        Args:
            key: id of the key.
            per_minute: its limit; 0 for none. With another limit than before the key gets a full bucket.
        """
        if not per_minute:
            return 0.0
        now = self._clock()
        bucket = self._buckets.get(key)
        if bucket is None or bucket.per_minute != per_minute:
            self._drop_full(now)
            bucket = self._buckets[key] = TokenBucket(per_minute, now)
        return bucket.take(now)

    def _drop_full(self, now: float) -> None:
        if len(self._buckets) >= _MOST_BUCKETS:
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.is_full(now)}
