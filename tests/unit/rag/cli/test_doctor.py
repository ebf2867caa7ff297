"""``rag doctor``: findings and remedies of each check, and the command, which never fails itself."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from rich.console import Console

from rag.cli import doctor, doctor_checks
from rag.cli.doctor import print_findings
from rag.cli.doctor_checks import Finding
from rag.cli.main import main
from rag.index.layout import IndexLayout
from rag.index.manifest import Manifest
from rag.index.reading import read_current, read_manifest
from rag.models.llm.tuning.autotune import ChosenTuning
from rag.models.llm.tuning.parameters import Tuning
from rag.models.llm.tuning.store import TokensPerSecond
from rag.models.weights.catalogue import Catalogue
from rag.models.weights.recommendation import recommend
from rag.models.weights.store import Status
from rag.runtime.processor import Processor
from rag.service.access.access_key import AccessKey, KeyScope, digest_of
from rag.service.access.key_file import serialized
from rag.settings import Settings, read_settings
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import publish
from tests.unit.rag.models.llm.tuning.test_store import SPEED, measured

ENCODER = BagOfWordsEncoder()
GIGABYTE = 10**9


@pytest.fixture(autouse=True)
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in os.environ:
        if name.upper().startswith("RAG_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RAG_INDEX", str(tmp_path / "index"))
    monkeypatch.setenv("RAG_MODELS", str(tmp_path / "models"))
    return tmp_path / "index"


@pytest.mark.parametrize(
    ("finding", "state", "part"),
    [
        pytest.param(
            doctor_checks.check_processor(Processor("X", frozenset(), 64, 32, 2.0)),
            "ok",
            "X, 2 of 64 logical processors to be used, on 32 cores",
            id="a part of a large processor",
        ),
        pytest.param(
            doctor_checks.check_processor(Processor("X", frozenset(), 1, 1, None)),
            "ok",
            "X, 1 logical processor to be used",
            id="a small one",
        ),
        pytest.param(doctor_checks.check_memory(8 * GIGABYTE, GIGABYTE), "ok", "8.0 GB", id="enough memory"),
        pytest.param(doctor_checks.check_memory(2 * GIGABYTE, GIGABYTE), "warning", "take 1.0 GB", id="little memory"),
        pytest.param(doctor_checks.check_memory(None, GIGABYTE), "warning", "cannot be found out", id="unknown memory"),
        pytest.param(doctor_checks.check_disk("disk", "x", 5 * GIGABYTE), "ok", "5.0 GB free for x", id="room"),
        pytest.param(doctor_checks.check_disk("disk", "x", GIGABYTE // 2), "warning", "0.5 GB", id="little room"),
        pytest.param(
            doctor_checks.check_llama_cpp("1", frozenset(), (), "make"), "ok", "built for this", id="built for it"
        ),
        pytest.param(
            doctor_checks.check_llama_cpp("1", frozenset(), ("AVX2",), "make"),
            "warning",
            "without AVX2",
            id="built for all",
        ),
        pytest.param(
            doctor_checks.check_llama_cpp("1", frozenset({"AMX_INT8"}), ("AVX2",), "make"),
            "warning",
            "may crash",
            id="built with kernels that crash",
        ),
        pytest.param(doctor_checks.check_accelerators([], 0), "ok", "none", id="no GPU"),
        pytest.param(doctor_checks.check_accelerators([], -1), "warning", "sees none", id="no GPU, and one is wanted"),
        pytest.param(doctor_checks.check_ocr(["eng", "osd"]), "ok", "installed", id="OCR"),
        pytest.param(doctor_checks.check_ocr(["deu"]), "warning", "no data for eng", id="OCR of another language"),
        pytest.param(doctor_checks.check_ocr(["eng", "deu"], "deu+eng"), "ok", "installed", id="OCR of two languages"),
        pytest.param(doctor_checks.check_ocr(["eng"], "auto"), "warning", "no data for osd", id="OCR by script"),
        pytest.param(doctor_checks.check_ocr(None), "warning", "not installed", id="no OCR"),
        pytest.param(doctor_checks.check_port("h", 1, None), "ok", "1 on h is free", id="a free port"),
        pytest.param(doctor_checks.check_port("h", 1, "taken"), "warning", "taken", id="a port that is taken"),
        pytest.param(doctor_checks.check_documents("docs"), "ok", "docs", id="a folder to add to"),
        pytest.param(doctor_checks.check_server("http://h/v1"), "ok", "http://h/v1", id="a model elsewhere"),
    ],
)
def test_findings(finding: Finding, state: str, part: str) -> None:
    assert finding.state == state
    assert part in finding.text
    assert finding.state == "ok" or finding.remedy or "found out" in finding.text
    json.dumps(finding.to_json())


def test_a_gpu_is_used_or_could_be() -> None:
    device = {"name": "CUDA0", "description": "A GPU", "free_memory": 8 * GIGABYTE, "total_memory": 9 * GIGABYTE}
    idle, used = doctor_checks.check_accelerators([device], 0), doctor_checks.check_accelerators([device], -1)
    assert (idle.text, idle.remedy) == ("A GPU (8.0 GB free), not used", "RAG_GPU_LAYERS=-1 uses it")
    assert (used.text, used.remedy) == ("A GPU (8.0 GB free), computes all layers", None)


LOCK = """\
numpy==2.4.1 \\
    --hash=sha256:00
torch==2.13.0
Py_Stemmer==3.1.0 ; sys_platform == 'linux'
colorama==0.4.6 ; sys_platform == 'win32'
    # via
"""


@pytest.mark.parametrize(
    ("installed", "state", "text"),
    [
        pytest.param({"numpy": "2.4.1", "torch": "2.13.0+cpu"}, "ok", "all 2 as they are locked", id="the same"),
        pytest.param({"numpy": "2.4.2", "torch": "2.13.0"}, "warning", "numpy 2.4.2 instead of 2.4.1", id="another"),
        pytest.param({"numpy": "2.4.1"}, "missing", "torch missing instead of 2.13.0", id="missing"),
        pytest.param(
            {"numpy": "2.4.1", "torch": "2.13.0", "py-stemmer": "3"}, "warning", "py-stemmer 3", id="of some systems"
        ),
    ],
)
def test_libraries(installed: dict[str, str], state: str, text: str) -> None:
    finding = doctor_checks.check_libraries("3.11.7", LOCK, installed)
    assert finding.state == state
    assert text in finding.text
    assert doctor_checks.check_libraries("3.11.7", None, installed).state == "ok"


@pytest.mark.parametrize(
    ("status", "state"), [("present", "ok"), ("missing", "missing"), ("partial", "missing"), ("corrupt", "missing")]
)
def test_weights(status: Status, state: str) -> None:
    finding = doctor_checks.check_weights("model", "small", status, verified=False)
    assert finding.state == state
    assert finding.remedy == (None if state == "ok" else "python -m rag models fetch small")


@pytest.mark.parametrize(
    ("memory", "cores", "text", "recommended"),
    [
        pytest.param(8, 2, "qwen3-4b-instruct-2507-q4_k_m fits too, not measured here", True, id="another"),
        pytest.param(4, 2, "no other model of the catalogue is recommended here", False, id="the same"),
        pytest.param(None, 2, "no other model of the catalogue is recommended here", False, id="unknown memory"),
    ],
)
def test_choice(memory: int | None, cores: int, text: str, recommended: bool) -> None:
    size = None if memory is None else memory * GIGABYTE
    advice = recommend(Catalogue.load(), memory=size, cores=cores, context_tokens=4096)
    finding = doctor_checks.check_choice("qwen2.5-coder-1.5b-instruct-q4_k_m", advice)
    assert (finding.state, finding.text) == ("ok", text)
    assert ("models recommend" in (finding.remedy or "")) == recommended


class TestIndex:
    @pytest.fixture
    def manifest(self, index: Path) -> Manifest:
        publish(index, {"a.pdf": ["The pump is blue."]}, ENCODER)
        name, digest = read_current(IndexLayout(index))
        return read_manifest(IndexLayout(index).generation(name), digest)

    def test_of_this_encoder(self, manifest: Manifest) -> None:
        finding = doctor_checks.check_index("i", manifest, ENCODER.identity, verified=False)
        assert (finding.state, finding.details["documents"]) == ("ok", 1)
        assert doctor_checks.check_index("i", manifest, None, verified=True).state == "ok"

    def test_of_another_encoder(self, manifest: Manifest) -> None:
        finding = doctor_checks.check_index("i", manifest, {"name": "other"}, verified=False)
        assert finding.state == "missing"
        assert "not with other" in finding.text


class TestTuning:
    def test_not_measured(self) -> None:
        finding = doctor_checks.check_tuning(ChosenTuning(Tuning(2, 2), None, ()))
        assert finding.state == "ok"
        assert "has not been measured" in finding.text
        assert "doctor --tune" in (finding.remedy or "")

    def test_no_model(self) -> None:
        assert doctor_checks.check_tuning(None).state == "ok"

    def test_measured(self) -> None:
        finding = doctor_checks.check_tuning(ChosenTuning(Tuning(2, 2), measured(), ("RAG_THREADS",)))
        assert finding.state == "ok"
        assert "(RAG_THREADS set)" in finding.text
        assert "250 tokens/s read, 29.1 written, 37.0 by four" in finding.text
        assert "default" not in finding.text

    def test_faster_than_the_default(self) -> None:
        default = TokensPerSecond(reading=170.0, writing=41.0, writing_four=51.0)
        chosen = ChosenTuning(Tuning(2, 2), measured().model_copy(update={"default_speed": default}), ())
        assert "(default: 170, 41.0, 51.0)" in doctor_checks.check_tuning(chosen).text
        assert chosen.measured
        assert chosen.measured.speed == SPEED

    def test_on_a_busy_machine(self) -> None:
        finding = doctor_checks.check_tuning(
            ChosenTuning(Tuning(2, 2), measured().model_copy(update={"busy": 0.7}), ())
        )
        assert finding.state == "warning"
        assert "70%" in finding.text


def test_settings_show_no_secret() -> None:
    assert doctor_checks.check_settings(Settings(index=Path("indexes"), models=Path("models"))).text == "all defaults"
    keys = (SecretStr("hush"), SecretStr("hush2"))
    finding = doctor_checks.check_settings(Settings(port=9000, hosts=("rag", "*"), api_keys=keys))
    assert "RAG_PORT=9000" in finding.text
    assert "RAG_HOSTS=rag,*" in finding.text
    assert "RAG_API_KEYS=2 set" in finding.text
    assert "hush" not in json.dumps(finding.to_json())


def run(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    code = main(["doctor", "--json", *options])
    report = json.loads(capsys.readouterr().out)
    return code, {finding["subject"]: finding for finding in report["findings"]} | {"ok": report["ok"]}


class TestCommand:
    @pytest.fixture(autouse=True)
    def _libraries(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """To look through the metadata of all that is installed takes a second."""
        monkeypatch.setattr("rag.cli.doctor._libraries", lambda: doctor_checks.check_libraries("3", None, {}))

    def test_where_there_is_nothing(
        self, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        code, found = run(capsys)
        assert (code, found["ok"]) == (1, False)
        missing = [name for name, row in found.items() if name != "ok" and row["state"] == "missing"]
        assert missing == ["model", "encoder", "reranker", "index"]
        assert found["index"]["text"] == f"no index in {index}; make one: python -m ingest PATH"
        assert found["ocr"]["state"] == "warning"
        assert found["processor"]["usable"] >= 1
        assert list(tmp_path.iterdir()) == []  # it looks, and leaves nothing

    def test_tuning_without_a_model_prints_an_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["doctor", "--tune"]) == 1
        captured = capsys.readouterr()
        assert "is not on this machine" in captured.err
        assert "✗" in captured.out

    def test_an_index_and_a_model_elsewhere(
        self, index: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        publish(index, {"a.pdf": ["The pump is blue."]}, ENCODER)
        monkeypatch.setenv("RAG_MODEL", "http://127.0.0.1:1/v1")
        _, found = run(capsys)
        assert found["index"]["documents"] == 1
        assert found["model"]["state"] == "ok"
        assert "tuning" not in found
        (index / "CURRENT").write_text("{")
        code, found = run(capsys)
        assert (code, found["index"]["state"]) == (1, "missing")

    def test_a_newer_index_is_missing(self, index: Path, capsys: pytest.CaptureFixture[str]) -> None:
        name = publish(index, {"a.pdf": ["The pump is blue."]}, ENCODER)
        path = index / "gen" / name / "manifest.json"
        path.write_bytes(path.read_bytes().replace(b'"format": 2', b'"format": 9'))
        assert run(capsys)[1]["index"]["state"] == "missing"

    def test_verify_reads_the_index(self, index: Path, capsys: pytest.CaptureFixture[str]) -> None:
        name = publish(index, {"a.pdf": ["The pump is blue."]}, ENCODER)
        path = index / "gen" / name / "vectors.faiss"
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        assert run(capsys)[1]["index"]["state"] == "ok"
        finding = run(capsys, "--verify")[1]["index"]
        assert finding["state"] == "missing"
        assert "vectors.faiss" in finding["text"]

    def test_a_port_that_is_taken(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            monkeypatch.setenv("RAG_PORT", str(listener.getsockname()[1]))
            _, found = run(capsys)
        assert (found["port"]["state"], found["port"]["free"]) == ("warning", False)

    def test_an_address_that_others_reach_needs_keys_or_a_word(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        monkeypatch.setenv("RAG_HOST", "0.0.0.0")
        monkeypatch.setenv("RAG_PORT", str(port))
        finding = run(capsys)[1]["port"]
        assert (finding["state"], finding["text"][:28]) == ("missing", "there are no access keys, an")
        monkeypatch.setenv("RAG_OPEN", "local")
        assert run(capsys)[1]["port"]["state"] == "ok"

    def test_the_folder_that_documents_are_added_to(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert "documents" not in run(capsys)[1]
        monkeypatch.setenv("RAG_ADMIN_KEYS", "an-admin-key")
        monkeypatch.setenv("RAG_DOCUMENTS", str(tmp_path))
        assert run(capsys)[1]["documents"]["state"] == "ok"
        monkeypatch.setenv("RAG_DOCUMENTS", str(tmp_path / "nowhere"))
        finding = run(capsys)[1]["documents"]
        assert finding["state"] == "missing"
        assert finding["text"].startswith(f"RAG_DOCUMENTS={tmp_path / 'nowhere'} is no folder that can be written")

    def test_a_library_that_does_not_load(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def broken() -> None:
            raise ImportError("libllama.so: cannot open shared object file")

        monkeypatch.setattr("rag.cli.doctor._llama_cpp", broken)
        assert run(capsys)[1]["llama.cpp"]["text"] == "libllama.so: cannot open shared object file"


def test_the_libraries_of_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    finding = run(capsys)[1]["libraries"]
    assert finding["state"] in ("ok", "warning")
    assert finding["python"].startswith("3.")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_it_fits_the_terminal(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    findings: Sequence[Finding] = (
        Finding("index", "missing", "word " * 60, "python -m ingest " + "x" * 120),
        Finding("ocr", "warning", "x", "y"),
        Finding("port", "ok", "free"),
    )
    print_findings(Console(width=width, highlight=False), findings)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert [line[0] for line in lines if line[0] != " "] == ["✗", "!", "✓"]


TODAY = date(2026, 11, 30)


def access_key(key_id: str, *scopes: KeyScope, expires: date | None = None) -> AccessKey:
    return AccessKey(key_id, digest_of(key_id.encode()), frozenset(scopes), TODAY, expires)


class TestKeyFile:
    @pytest.mark.parametrize(
        ("keys", "state", "part"),
        [
            pytest.param([access_key("a", "ask")], "ok", "1 valid key in", id="a key that may ask"),
            pytest.param([access_key("a", "metrics")], "missing", "none of them may ask", id="none may ask"),
            pytest.param(
                [access_key("a", "ask", expires=date(2026, 11, 29))],
                "missing",
                "0 valid keys",
                id="the only one expired",
            ),
            pytest.param(
                [access_key("a", "ask"), access_key("old", "ask", expires=date(2026, 1, 1))],
                "warning",
                "expired: old",
                id="one expired",
            ),
            pytest.param(
                [access_key("a", "ask", expires=date(2026, 12, 14))], "warning", "within 14 days: a", id="expires soon"
            ),
            pytest.param([access_key("a", "ask", expires=date(2026, 12, 15))], "ok", "1 valid", id="expires later"),
        ],
    )
    def test_what_the_keys_are_good_for(self, keys: list[AccessKey], state: str, part: str) -> None:
        finding = doctor_checks.check_key_file(Path("keys.json"), keys, TODAY, None, others_may_ask=False)
        assert (finding.state, part in finding.text) == (state, True), finding
        assert (finding.remedy is None) == (state == "ok")

    def test_keys_of_the_settings_may_ask(self) -> None:
        keys = [access_key("a", "metrics")]
        finding = doctor_checks.check_key_file(Path("keys.json"), keys, TODAY, None, others_may_ask=True)
        assert finding.state == "ok"

    @pytest.fixture
    def path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("RAG_KEY_FILE", str(tmp_path / "keys.json"))
        (tmp_path / "keys.json").write_bytes(serialized([access_key("a", "ask")]))
        (tmp_path / "keys.json").chmod(0o600)
        return tmp_path / "keys.json"

    @pytest.mark.parametrize(
        ("change", "state", "part"),
        [
            pytest.param(lambda path: path.chmod(0o600), "ok", "1 valid key", id="as it should be"),
            pytest.param(lambda path: path.unlink(), "missing", "there is no key file", id="gone"),
            pytest.param(lambda path: path.write_text("{"), "missing", "is no key file", id="damaged"),
            pytest.param(lambda path: path.chmod(0o606), "missing", "every user", id="everyone may write it"),
            pytest.param(
                lambda path: path.chmod(0o660), "warning", "the group of the file", id="its group may write it"
            ),
            pytest.param(
                lambda path: path.parent.chmod(0o777), "warning", "whoever may write in", id="in an open folder"
            ),
        ],
    )
    def test_the_file(self, path: Path, change: Callable[[Path], object], state: str, part: str) -> None:
        change(path)
        (finding,) = [each for each in doctor.findings_of(read_settings(), verify=False) if each.subject == "keys"]
        assert (finding.state, part in finding.text) == (state, True), finding
