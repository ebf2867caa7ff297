"""The image and the compose project, as a user runs them, asked through the port that is published."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.container.conftest import BROKEN
from tests.container.engine import CONTAINER, LIMITS, QUESTION, ROOT, Project

pytestmark = CONTAINER


def test_ready_with_the_index_that_ingest_made(project: Project) -> None:
    response = project.ask("/readyz")
    assert response.status == 200
    assert response.json()["status"] == "ready"
    documents = {document["name"] for document in project.ask("/documents").json()["documents"]}
    assert documents == {path.name for path in (ROOT / "knowledge_base").glob("*.pdf")}


def test_a_file_that_cannot_be_read_is_named_and_keeps_nothing_from_starting(project: Project) -> None:
    assert project.inspect("ingest")["State"]["ExitCode"] == 0
    assert BROKEN in project.run("logs", "--no-color", "ingest")


def test_an_answer_is_proved_on_its_page(project: Project, answer: dict[str, Any]) -> None:
    assert answer["answered"] is True
    assert "10 months" in answer["answer"]
    proofs = [c for c in answer["citations"] if c["document"] == "member_handbook.pdf" and c["page"] == 3]
    assert proofs, answer["citations"]
    for citation in answer["citations"]:
        page = project.ask(f"/documents/{citation['document_id']}/pages/{citation['page']}").json()
        assert page["text"][citation["start"] : citation["end"]] == citation["quote"]
    picture = project.ask(proofs[0]["url"])
    assert (picture.status, picture.type) == (200, "image/png")
    assert picture.data.startswith(b"\x89PNG\r\n\x1a\n")


def test_the_page_and_all_that_it_is_made_of(project: Project) -> None:
    """Also what setuptools might leave out of a package."""
    page = project.ask("/")
    assert (page.status, page.type) == (200, "text/html; charset=utf-8")
    static = ROOT / "rag" / "service" / "static"
    assert page.data == (static / "index.html").read_bytes()
    for path in (path for path in static.rglob("*") if path.is_file()):
        assert project.ask(f"/web/{path.relative_to(static).as_posix()}").data == path.read_bytes()


def test_clients_of_openai(project: Project) -> None:
    assert [each["id"] for each in project.ask("/v1/models").json()["data"]] == ["pageproof"]
    asked = {"model": "pageproof", "messages": [{"role": "user", "content": "What is the boiling point of mercury?"}]}
    message = project.ask("/v1/chat/completions", asked).json()["choices"][0]["message"]
    assert message["pageproof"]["reason"] == "not_in_documents"


def test_a_question_the_documents_do_not_answer(project: Project) -> None:
    answer = project.ask("/ask", {"question": "What is the boiling point of mercury?"}).json()
    assert answer["answered"] is False
    assert answer["reason"] == "not_in_documents"


def test_llama_cpp_runs_the_kernels_made_for_this_cpu(project: Project, tell: Callable[[str], None]) -> None:
    # The service's own process: which of the libggml-cpu-*.so it has mapped.
    code = r"import re; print(*sorted(set(re.findall(r'libggml-cpu-\w+', open('/proc/%d/maps' % PID).read()))))"
    find = (
        "import pathlib; PID = next(int(p.parent.name) for p in pathlib.Path('/proc').glob('[0-9]*/cmdline')"
        " if p.read_bytes().startswith(b'python\\0-m\\0rag\\0serve'));"
    )
    (loaded,) = project.inside(find + code).split()
    tell(f"kernels: {loaded}")
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    if " avx2 " in flags:
        assert loaded not in (
            "libggml-cpu-x64",
            "libggml-cpu-sse42",
            "libggml-cpu-sandybridge",
            "libggml-cpu-ivybridge",
        )


def test_the_doctor_finds_everything(project: Project, tell: Callable[[str], None]) -> None:
    told = json.loads(project.run("exec", "-T", "rag", "python", "-m", "rag", "doctor", "--json"))
    found = {finding["subject"]: finding for finding in told["findings"]}
    tell(f"llama.cpp: {found['llama.cpp']['text']}; libraries: {found['libraries']['text']}")
    assert told["ok"], told
    assert found["llama.cpp"]["unused"] == []
    assert found["libraries"]["state"] == found["ocr"]["state"] == "ok"


def test_the_profile_of_the_gpu_is_whole(project: Project) -> None:
    """No GPU is needed to read it."""
    services = json.loads(project.run("--profile", "cuda", "config", "--format", "json"))["services"]
    plain = json.loads(project.run("config", "--format", "json"))["services"]
    assert set(plain) == {"ingest", "proxy", "rag"}
    cuda = services["cuda"]
    assert cuda["build"]["args"] == {"ACCELERATOR": "cuda"}
    assert cuda["environment"]["RAG_GPU_LAYERS"] == "-1"
    (device,) = cuda["deploy"]["resources"]["reservations"]["devices"]
    assert "gpu" in device["capabilities"]
    assert cuda["volumes"] == plain["rag"]["volumes"]
    assert cuda["networks"] == plain["rag"]["networks"]


def test_the_profile_of_adding_is_whole(project: Project) -> None:
    services = json.loads(project.run("--profile", "adding", "config", "--format", "json"))["services"]
    adding, rag, ingest = services["adding"], services["rag"], services["ingest"]
    assert adding["environment"]["RAG_DOCUMENTS"] == "/knowledge_base"
    assert {"RAG_ADMIN_KEYS", "RAG_UPLOAD_BYTES", *rag["environment"], *ingest["environment"]} <= {
        *adding["environment"]
    }
    assert "RAG_DOCUMENTS" not in rag["environment"]
    writable = {volume["target"] for volume in adding["volumes"] if not volume.get("read_only")}
    assert writable == {"/knowledge_base", *(volume["target"] for volume in rag["volumes"])}


def test_not_root_and_nothing_can_be_written_but_tmp(project: Project) -> None:
    status = project.inside("print(open('/proc/1/status').read(), open('/proc/self/status').read())")
    assert "Uid:\t10001\t10001\t10001\t10001" in status
    assert status.count("CapEff:\t0000000000000000") == 2
    assert status.count("NoNewPrivs:\t1") == 2
    code = """
import sys
for place in ("/", "/app", "/opt/pageproof/models", "/data/indexes", "/tmp"):
    try:
        open(place + "/test", "w").close()
        print(place)
    except OSError:
        pass
"""
    assert project.inside(code).split() == ["/tmp"]  # noqa: S108


def test_limits_are_those_that_the_models_go_by(project: Project) -> None:
    """A part of a core is not counted, for a thread that is throttled makes the others wait."""
    cores = os.cpu_count() or 1
    limited = project.using(PAGEPROOF_CPUS=str(cores - 0.5), PAGEPROOF_MEMORY="1g")
    for chosen, limits in ((project, (cores, 6 * 2**30)), (limited, (max(1, cores - 1), 2**30))):
        once = ("run", "--rm", "--no-deps", "-T", "--entrypoint", "python", "ingest", "-c", LIMITS)
        usable, memory = map(int, chosen.run(*once).split())
        assert usable == limits[0]
        assert memory <= limits[1]  # less where the machine has less


def test_the_same_answer_after_a_restart(project: Project, answer: dict[str, Any], tell: Callable[[str], None]) -> None:
    before = project.inspect("rag")["State"]["StartedAt"]
    project.run("restart", "rag")
    tell(f"healthy again after {project.wait_until_healthy():.0f} s")
    state = project.inspect("rag")["State"]
    assert state["StartedAt"] != before
    again = project.ask("/ask", {"question": QUESTION}).json()
    for field in ("answer", "answered", "sentences", "citations", "index", "model"):
        assert again[field] == answer[field]


def test_ingest_again_changes_nothing(project: Project) -> None:
    command = ("run", "--rm", "--no-deps", "-T", "--entrypoint", "python", "ingest", "-m", "ingest", "--json")
    report = json.loads(project.run(*command, "/knowledge_base", check=False))
    statuses = {row["path"]: row["status"] for row in report["files"] if row["path"].endswith(".pdf")}
    assert statuses.pop(BROKEN) == "malformed"
    assert set(statuses.values()) == {"unchanged"}
    assert report["embedded"] == 0
