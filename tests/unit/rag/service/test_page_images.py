"""Page images: bounded queue, cancelled requests, and pages that cannot be rendered."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from rag.domain.values import Box
from rag.errors import FileFault, ServiceBusy
from rag.pdf.render_pool import RenderPool
from rag.service.page_images import MOST_WAITING, PageImages


class BlockedRenderPool(RenderPool):
    """Renders nothing until ``let`` is set; page 0 cannot be rendered."""

    def __init__(self) -> None:
        super().__init__(processes=2)
        self.let = threading.Event()
        self.begun: list[int] = []

    def draw(self, path: Path, number: int, boxes: Sequence[Box] = (), *, scale: float = 2.0) -> bytes:  # noqa: ARG002
        self.begun.append(number)
        self.let.wait(5)
        if not number:
            raise FileFault("timeout", "it takes more than 10 s")
        return b"PNG"

    def close(self) -> None:
        self.let.set()


@pytest.fixture
def render_pool() -> BlockedRenderPool:
    return BlockedRenderPool()


@pytest.fixture
async def page_images(render_pool: BlockedRenderPool) -> AsyncIterator[PageImages]:
    page_images = PageImages(render_pool)
    yield page_images
    await asyncio.to_thread(page_images.close)


def ask(page_images: PageImages, numbers: Sequence[int]) -> list[asyncio.Task[bytes]]:
    return [asyncio.create_task(page_images.draw(Path("a.pdf"), number, ())) for number in numbers]


async def test_the_queue_is_bounded(page_images: PageImages, render_pool: BlockedRenderPool) -> None:
    asked = ask(page_images, range(1, 2 + MOST_WAITING + 1))
    await asyncio.sleep(0)
    with pytest.raises(ServiceBusy, match="32 pictures of pages are queued already; try again in 2 s") as refused:
        await page_images.draw(Path("a.pdf"), 99, ())
    assert refused.value.retry_after_seconds == 2
    render_pool.let.set()
    assert await asyncio.gather(*asked) == [b"PNG"] * 34
    assert await page_images.draw(Path("a.pdf"), 99, ()) == b"PNG"


async def test_a_cancelled_request_leaves_the_queue(page_images: PageImages, render_pool: BlockedRenderPool) -> None:
    gone = ask(page_images, range(1, 2 + MOST_WAITING + 1))
    while len(render_pool.begun) < render_pool.processes:
        await asyncio.sleep(0.001)
    for task in gone:
        task.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    # Those that are being rendered still hold their places.
    stay = ask(page_images, [98] * MOST_WAITING)
    await asyncio.sleep(0)
    with pytest.raises(ServiceBusy):
        await page_images.draw(Path("a.pdf"), 99, ())
    render_pool.let.set()
    await asyncio.gather(*stay)
    assert sorted(render_pool.begun) == [1, 2, *[98] * MOST_WAITING]


async def test_a_page_that_cannot_be_drawn_gives_its_place_up(
    page_images: PageImages, render_pool: BlockedRenderPool
) -> None:
    render_pool.let.set()
    for _ in range(2 * MOST_WAITING):
        with pytest.raises(FileFault):
            await page_images.draw(Path("a.pdf"), 0, ())
