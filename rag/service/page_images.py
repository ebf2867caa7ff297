"""Pictures of pages, drawn beside everything else: two at a time, some wait, and the others are refused at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from rag.domain.values import Box
from rag.errors import ServiceBusy
from rag.pdf.render_pool import RenderPool

# A page takes a tenth of a second, so who waits last waits about a second; 160 s if each takes as long as it may.
MOST_WAITING: Final = 32
_RETRY_SECONDS: Final = 2


class PageImages:
    """Draws pages for one application. For one event loop."""

    def __init__(self, drawers: RenderPool) -> None:
        """Nobody waits yet; the drawers end with this."""
        self._drawers = drawers
        # Its own, so that nothing else waits for a thread that waits for a page.
        self._threads = ThreadPoolExecutor(drawers.processes, thread_name_prefix="picture")
        self._held = 0

    async def draw(self, path: Path, number: int, boxes: Sequence[Box]) -> bytes:
        """A page as a PNG. Who is cancelled leaves the line; what is being drawn is drawn to its end.

        Raises:
            ServiceBusy: as many wait as may.
            FileFault: it cannot be drawn; see :meth:`RenderPool.draw`.
        """
        if self._held >= self._drawers.processes + MOST_WAITING:
            raise ServiceBusy(
                f"{MOST_WAITING} pictures of pages are waited for already; try again in {_RETRY_SECONDS} s",
                _RETRY_SECONDS,
            )
        self._held += 1
        work = self._threads.submit(self._drawers.draw, path, number, boxes)
        loop = asyncio.get_running_loop()
        # When the work has ended, not when nobody waits for it any more: until then it holds a thread.
        work.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        return await asyncio.wrap_future(work)

    def close(self) -> None:
        """Draws nothing any more; returns when nothing is being drawn."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._drawers.close()
        self._threads.shutdown(wait=True)

    def _leave(self) -> None:
        self._held -= 1
