"""Page rendering in processes of its own, which a hostile page may block or crash without effect on other requests."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx
import pytest

from ingest.discovery import discover
from rag.domain.values import Box
from rag.errors import FileFault
from rag.pdf.document import render_page
from rag.pdf.render_pool import RenderPool
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.fakes import ingest_job, make_pdf
from tests.hostile.parts import SOUND, one_page, packed
from tests.integration.conftest import Running, post, wait_until

BOX = Box(70, 60, 200, 90)


@pytest.fixture(scope="module")
def render_pool() -> Iterator[RenderPool]:
    render_pool = RenderPool(processes=1, seconds=60.0)
    render_pool.prepare()
    yield render_pool
    render_pool.close()


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return make_pdf(tmp_path / "sound.pdf", ["# Fees\nA berth costs 24 euros.", "More."])


def slow_page() -> bytes:
    """A page that takes minutes to render in a single object, within which pdfium cannot be interrupted."""
    function = b"<</FunctionType 2/Domain[0 1]/C0[1 1 1]/C1[.9 .9 1]/N 1>>"
    place = b"/Coords[306 396 0 306 396 400]/Extend[true true]"
    resources = b"/Resources<</Shading<</S1<</ShadingType 3/ColorSpace/DeviceRGB%b/Function %b>>>>>>" % (
        place,
        function,
    )
    form = packed(b"/S1 sh\n" * 20_000, b"/Type/XObject/Subtype/Form/BBox[0 0 612 792]" + resources)
    return one_page(SOUND + b"/X10 Do", resources=b"/XObject<</X10 10 0 R>>", more={10: form})


def process_of(render_pool: RenderPool) -> int:
    (process,) = render_pool._pool.processes
    return process.pid


def cpu_ticks(process: int) -> int:
    """Processor time that it has taken, in hundredths of a second."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def rejection_reason(render_pool: RenderPool, path: Path) -> tuple[str, str]:
    with pytest.raises(FileFault) as caught:
        render_pool.draw(path, 1)
    return caught.value.status, caught.value.reason


class TestRenderPool:
    def test_renders_as_in_this_process(self, render_pool: RenderPool, sound: Path) -> None:
        first = render_pool.draw(sound, 1, [BOX], scale=1.0)
        process = process_of(render_pool)
        assert first == render_page(sound, 1, [BOX], scale=1.0)
        assert render_pool.draw(sound, 2) == render_page(sound, 2)
        assert process_of(render_pool) == process

    def test_a_page_of_the_most_pixels(self, render_pool: RenderPool, tmp_path: Path) -> None:
        path = tmp_path / "plan.pdf"
        path.write_bytes(one_page(box=b"[0 0 4000 4000]"))
        assert render_pool.draw(path, 1, [BOX]).startswith(b"\x89PNG")

    def test_a_page_that_takes_too_long(
        self, render_pool: RenderPool, sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "slow.pdf"
        path.write_bytes(slow_page())
        before, start = process_of(render_pool), time.monotonic()
        with monkeypatch.context() as short:  # only for the page that takes minutes
            short.setattr(render_pool, "_seconds", 1.0)
            assert rejection_reason(render_pool, path) == ("timeout", "page 1 cannot be drawn: it takes more than 1 s")
        assert time.monotonic() - start < 30
        assert process_of(render_pool) != before
        assert render_pool.draw(sound, 1).startswith(b"\x89PNG")

    def test_files_that_cannot_be_read(self, render_pool: RenderPool, tmp_path: Path) -> None:
        locked, broken = make_pdf(tmp_path / "locked.pdf", ["x"], password="secret"), tmp_path / "broken.pdf"
        broken.write_bytes(b"no PDF")
        process = process_of(render_pool)
        assert rejection_reason(render_pool, locked) == ("encrypted", "needs a password; save a copy without one")
        assert rejection_reason(render_pool, broken)[0] == "malformed"
        assert rejection_reason(render_pool, tmp_path / "nothing.pdf") == (
            "unreadable",
            "the file is not there any more",
        )
        assert process_of(render_pool) == process

    def test_a_process_that_has_ended_is_replaced(self, render_pool: RenderPool, sound: Path) -> None:
        before = process_of(render_pool)
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: render_pool._pool.processes[0].has_ended)
        assert render_pool.draw(sound, 1).startswith(b"\x89PNG")
        assert process_of(render_pool) != before

    def test_a_process_that_ends_at_work(self, render_pool: RenderPool, sound: Path, tmp_path: Path) -> None:
        path = tmp_path / "slow.pdf"
        path.write_bytes(slow_page())
        render_pool.draw(sound, 1)  # it has started
        process = process_of(render_pool)
        before = cpu_ticks(process)
        with ThreadPoolExecutor(1) as pool:
            fault = pool.submit(rejection_reason, render_pool, path)
            wait_until(lambda: cpu_ticks(process) > before + 10)
            os.kill(process, signal.SIGKILL)
            assert fault.result() == ("crashed", "page 1 cannot be drawn: the renderer ended with -9")

    def test_has_no_settings_in_its_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RAG_API_KEYS", "secret")
        render_pool = RenderPool()
        render_pool.prepare()
        assert b"RAG_" not in Path(f"/proc/{process_of(render_pool)}/environ").read_bytes()
        render_pool.close()

    def test_closed(self, sound: Path) -> None:
        render_pool = RenderPool()
        render_pool.draw(sound, 1)
        process = process_of(render_pool)
        render_pool.close()
        assert not Path(f"/proc/{process}").exists()
        assert rejection_reason(render_pool, sound)[0] == "crashed"


def test_nothing_waits_for_pages_that_take_long(serve: Callable[..., Running], documents: Path, index: Path) -> None:
    (documents / "slow.pdf").write_bytes(slow_page())
    ingest_job(index, BagOfWordsEncoder()).run(discover([documents]))
    render_pool = RenderPool(seconds=6.0)
    service = serve(ScriptedModel(["A berth costs 24 euros for each night."]), render_pool=render_pool)
    ids = {row["name"]: row["id"] for row in httpx.get(f"{service.url}/documents", timeout=60).json()["documents"]}

    def picture(name: str, timeout: float = 120.0) -> httpx.Response:
        return client.get(f"{service.url}/documents/{ids[name]}/pages/1.png", timeout=timeout)

    def given_up(_: int) -> bool:
        try:
            refused = picture("slow.pdf", timeout=0.5)
        except httpx.TimeoutException:
            return True
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        return False

    with httpx.Client() as client, ThreadPoolExecutor(60) as pool:
        assert sum(pool.map(given_up, range(60))) >= 34  # the others were refused: 2 at work, 32 in line
        start, at_work = time.monotonic(), render_pool._pool.processes
        assert httpx.get(f"{service.url}/readyz", timeout=60).status_code == 200
        assert post(service.url, "What does a berth cost for each night?").json()["answered"] is True
        assert len(at_work) == 2
        assert not any(process.has_ended for process in at_work)  # it waited for neither
        # Those who have gone have left the line: this one waits for the two at work alone.
        assert picture("ferry.pdf").status_code == 200
        assert time.monotonic() - start < 50  # and not 100 s
        slow, ferry = pool.submit(picture, "slow.pdf"), pool.submit(picture, "ferry.pdf")
        assert ferry.result().status_code == 200
        assert slow.result().status_code == 422
        assert slow.result().json()["detail"] == "timeout: page 1 cannot be drawn: it takes more than 6 s"
