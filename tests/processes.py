"""Child processes that can be interrupted, in whatever way the tests were started."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def default_sigint() -> Iterator[None]:
    """Child processes that are started inside have SIGINT at its default, so that Ctrl-C ends them.

    Otherwise they inherit that it is ignored where the tests run in the background of a shell without job control
    (https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_11), and Python then installs no
    handler of its own. A handler, unlike SIG_IGN, is not inherited by a new program. Main thread only.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
