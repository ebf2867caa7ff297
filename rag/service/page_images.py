"""Page images: PNGs of PDF pages, rendered in a process pool of their own, with a bounded queue."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from rag.domain.values import Box
from rag.errors import ServiceBusy
from rag.pdf.render_pool import RenderPool

# A page takes a tenth of a second, so the last in the queue waits about a second; 160 s if each reaches its time limit.
MOST_WAITING: Final = 32
_RETRY_SECONDS: Final = 2


class PageImages:
    """Renders pages for one application. For use in one event loop."""

    def __init__(self, render_pool: RenderPool) -> None:
        """Empty queue. The pool is closed by :meth:`close`."""
        self._render_pool = render_pool
        # Threads of its own, so that no other work waits for a thread that waits for a page.
        self._threads = ThreadPoolExecutor(render_pool.processes, thread_name_prefix="picture")
        self._held = 0

    async def draw(self, path: Path, number: int, boxes: Sequence[Box]) -> bytes:
        """A page as a PNG. A cancelled request leaves the queue; a page that is being rendered is rendered to its end.

        Raises:
            ServiceBusy: the queue is full.
            FileFault: the page cannot be rendered; see :meth:`RenderPool.draw`.
        """
        if self._held >= self._render_pool.processes + MOST_WAITING:
            raise ServiceBusy(
                f"{MOST_WAITING} pictures of pages are queued already; try again in {_RETRY_SECONDS} s",
                _RETRY_SECONDS,
            )
        self._held += 1
        work = self._threads.submit(self._render_pool.draw, path, number, boxes)
        loop = asyncio.get_running_loop()
        # When the work has ended, not when its request is cancelled: until then it holds a thread.
        work.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        return await asyncio.wrap_future(work)

    def close(self) -> None:
        """Drops the queue, ends the pool, and returns when nothing is being rendered."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._render_pool.close()
        self._threads.shutdown(wait=True)

    def _leave(self) -> None:
        self._held -= 1
