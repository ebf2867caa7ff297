"""Store of guides: on disk, in memory where that cannot be written, and none that is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.index.layout import IndexLayout
from rag.service.guides.guide import GuideQuestion, SourceGuide
from rag.service.guides.store import GuideStore

ID = "a" * 64
GUIDE = SourceGuide(document_id=ID, model="m", questions=(GuideQuestion(question="Why?", page=2),), tried=3)


def store(root: Path) -> GuideStore:
    return GuideStore(IndexLayout(root))


def test_what_is_written_is_read_by_another_process(tmp_path: Path) -> None:
    store(tmp_path).write(GUIDE)
    assert store(tmp_path).read(ID) == GUIDE
    assert [path.name for path in (tmp_path / "guides" / ID).iterdir()] == ["guide.json"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{}", id="without fields"),
        pytest.param(GUIDE.model_dump_json().encode()[:-5], id="cut"),
        pytest.param(GUIDE.model_copy(update={"version": 0}).model_dump_json().encode(), id="another version"),
        pytest.param(GUIDE.model_copy(update={"document_id": "b" * 64}).model_dump_json().encode(), id="another one"),
        pytest.param(b" " * 1_000_001 + GUIDE.model_dump_json().encode(), id="too large"),
    ],
)
def test_others_are_none(tmp_path: Path, data: bytes) -> None:
    path = IndexLayout(tmp_path).guide(ID) / "guide.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    assert store(tmp_path).read(ID) is None
    store(tmp_path).write(GUIDE)
    assert store(tmp_path).read(ID) == GUIDE


def test_where_nothing_can_be_written_they_are_kept_in_memory(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "guides").write_bytes(b"a file is in the way")
    caplog.set_level("INFO")
    kept = store(tmp_path)
    kept.write(GUIDE)
    kept.write(GUIDE)
    assert kept.read(ID) == GUIDE
    assert len([record for record in caplog.records if "in memory only" in record.message]) == 1


def test_what_is_dropped_is_gone(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.write(GUIDE)
    kept.drop(ID)
    assert kept.read(ID) is None
    assert store(tmp_path).read(ID) is None
    kept.write(GUIDE)
    assert store(tmp_path).read(ID) == GUIDE
