"""Bad starts: a service that cannot start, or not whole, says so in one line. Real processes, weights not needed."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from rag.answering.record_folder import RecordFolder
from rag.errors import IndexCorrupt, IndexForeign, SettingsError
from rag.index.reading import open_current
from rag.service.app import create_app
from rag.service.server import reserve
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.integration.conftest import make_answerer
from tests.integration.test_refusals import ROOT, free_port

LONG = "a" * 300


def start(settings: dict[str, str], limit: tuple[int, int] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs ``serve`` to its end; ``limit``: a resource, and how much of it the process may use."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
    return subprocess.run(
        [sys.executable, "-m", "rag", "serve", "--port", str(free_port())],
        cwd=ROOT,
        env=environment | settings,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        preexec_fn=partial(resource.setrlimit, limit[0], (limit[1], limit[1])) if limit else None,
    )


def assert_refused(result: subprocess.CompletedProcess[str], remedy: str) -> None:
    assert result.stderr.startswith("error: "), result.stderr
    assert remedy in result.stderr
    assert result.stderr.count("\n") == 1
    assert (result.returncode, result.stdout) == (1, "")


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        pytest.param({"RAG_INDEX": ""}, "RAG_INDEX='' is wrong: it is blank", id="blank index"),
        pytest.param({"RAG_INDEX": "  "}, "RAG_INDEX='  ' is wrong: it is blank", id="index of blanks"),
        pytest.param({"RAG_MODELS": ""}, "RAG_MODELS='' is wrong: it is blank", id="blank models"),
        pytest.param({"RAG_MODELS": "/etc/passwd"}, "Not a directory", id="models is a file"),
        pytest.param({"RAG_MODELS": f"/{LONG}"}, "File name too long", id="models with a long name"),
        pytest.param({"RAG_HOST": LONG}, "is no host name; set RAG_HOST", id="long host"),
        pytest.param({"RAG_HOST": "a..b"}, "is no host name; set RAG_HOST", id="host with an empty label"),
        pytest.param({"RAG_HOST": "nowhere.invalid"}, "set RAG_HOST", id="unknown host"),
        pytest.param({"RAG_HOST": "192.0.2.1", "RAG_OPEN": "everyone"}, "set RAG_HOST", id="host of another machine"),
        pytest.param(
            {"RAG_RECORDS": "/etc/passwd"}, "RAG_RECORDS=/etc/passwd cannot be written", id="records is a file"
        ),
        pytest.param(
            {"RAG_RECORDS": "/proc/records"}, "RAG_RECORDS=/proc/records cannot be written", id="records in /proc"
        ),
        pytest.param({"RAG_RECORDS": f"/{LONG}"}, "File name too long", id="records with a long name"),
        pytest.param({"RAG_TUNING": f"/{LONG}"}, "models fetch", id="tuning with a long name, which is not needed"),
    ],
)
def test_settings(settings: dict[str, str], remedy: str, tmp_path: Path) -> None:
    assert_refused(start({"RAG_MODELS": str(tmp_path)} | settings), remedy)


@pytest.mark.parametrize(
    ("limit", "remedy"),
    [
        pytest.param((resource.RLIMIT_NOFILE, 16), "may open 16 files, and needs 64: raise `ulimit -n`", id="16 files"),
        pytest.param((resource.RLIMIT_NOFILE, 100), "may open 100 files, and the service needs 192", id="100 files"),
        pytest.param((resource.RLIMIT_AS, 800_000 << 10), "MiB of address space, and needs 1200", id="800 MB"),
        pytest.param((resource.RLIMIT_AS, 300_000 << 10), "raise `ulimit -v`", id="300 MB"),
    ],
)
def test_limits_of_the_process(limit: tuple[int, int], remedy: str, tmp_path: Path) -> None:
    assert_refused(start({"RAG_MODELS": str(tmp_path)}, limit), remedy)


@pytest.mark.parametrize("host", [LONG, "a..b", "\udcff"])
def test_what_is_no_host_name(host: str) -> None:
    with pytest.raises(SettingsError, match="is no host name; set RAG_HOST"):
        reserve(host, free_port())


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed")
def test_an_index_that_may_not_be_entered(index: Path) -> None:
    locked = index / "locked"
    locked.mkdir()
    shutil.move(index / "gen", locked / "gen")
    shutil.move(index / "CURRENT", locked / "CURRENT")
    locked.chmod(0)
    for folder in (index, *index.parents):
        if folder.stat().st_uid == os.geteuid() and "pytest" in str(folder):
            folder.chmod(0o755)
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[2]); "
        "from rag.index.current_index import CurrentIndex; from pathlib import Path; os.setuid(65534)\n"
        "try: CurrentIndex(Path(sys.argv[1]), {}).open_if_there()\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(locked), str(ROOT)], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.startswith(f"IndexCorrupt {locked}/CURRENT cannot be read: Permission denied")


def rewrite_manifest(index: Path, change: Callable[[dict[str, object]], object]) -> None:
    """Changes the manifest of the current generation, as a version that writes it so would have published it."""
    current = json.loads((index / "CURRENT").read_text())
    path = index / "gen" / current["generation"] / "manifest.json"
    fields = json.loads(path.read_text())
    change(fields)
    path.chmod(0o644)
    path.write_text(json.dumps(fields))
    current["manifest_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (index / "CURRENT").write_text(json.dumps(current))


def test_an_index_of_a_newer_format_is_not_called_damaged(index: Path) -> None:
    rewrite_manifest(index, lambda fields: (fields.update(format=3, shards=[]), fields.pop("files")))
    with pytest.raises(IndexForeign, match="has another format than this version reads"):
        open_current(index, BagOfWordsEncoder().identity)


def test_a_newer_form_of_current_is_not_called_damaged_alone(index: Path) -> None:
    (index / "CURRENT").write_text('{"format": 3, "segments": []}')
    with pytest.raises(IndexCorrupt, match="is damaged, or of a newer version of this program"):
        open_current(index, BagOfWordsEncoder().identity)


def test_an_encoder_of_another_dimension_is_named_by_it(index: Path) -> None:
    with pytest.raises(IndexForeign, match="used otherwise: dimension 256, not 128; make it anew") as caught:
        open_current(index, BagOfWordsEncoder(dimension=128).identity)
    assert "0000" not in str(caught.value)  # the digest, which is the same


def test_an_index_without_its_sources_is_served_and_the_log_says_so(
    index: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(index / "sources")
    with TestClient(create_app(lambda: make_answerer(index, ScriptedModel([""])))) as client:
        assert client.get("/readyz").json()["status"] == "ready"
    assert "the stored files of 2 of 2 documents are missing" in caplog.text


def test_records_that_can_be_written_leave_nothing_behind(tmp_path: Path) -> None:
    RecordFolder(tmp_path / "records", 10).check()
    assert list((tmp_path / "records").iterdir()) == []
