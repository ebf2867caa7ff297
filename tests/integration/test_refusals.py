"""Error messages of the commands, in one line, for wrong settings and missing parts. Real processes, no weights."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")} | settings
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        pytest.param({"RAG_MODLE": "x"}, "unknown setting RAG_MODLE", id="unknown setting"),
        pytest.param({"RAG_API_KEYS": ""}, "RAG_API_KEYS is wrong: it is set, but blank", id="blank keys"),
        pytest.param({"RAG_API_KEYS": "a-long-key,b"}, "RAG_API_KEYS is wrong: key 2 has fewer", id="one-letter key"),
        pytest.param({"RAG_API_KEYS": "both-keys", "RAG_ADMIN_KEYS": "both-keys"}, "in common", id="one key for both"),
        pytest.param({"RAG_KEY_FILE": ""}, "RAG_KEY_FILE is wrong: it is blank; name a file", id="blank key file"),
        pytest.param({"RAG_KEY_FILE": "{}"}, "RAG_KEY_FILE is wrong: it has the contents", id="contents as key file"),
        pytest.param({"RAG_OPEN": "yes"}, "RAG_OPEN='yes' is wrong", id="unknown word for open"),
        pytest.param({"RAG_PORT": "many"}, "RAG_PORT='many' is wrong", id="wrong value"),
        pytest.param({"RAG_DOCUMENTS": "documents"}, "set RAG_ADMIN_KEYS too", id="adding without a key"),
        pytest.param({"RAG_MODELS": "/nonexistent"}, "python -m rag models fetch", id="missing model"),
        pytest.param({"RAG_MODEL": "gpt-17"}, "qwen2.5-coder-1.5b-instruct-q4_k_m", id="unknown model"),
        pytest.param({"RAG_MODEL": "http://127.0.0.1:1/v1"}, "http://127.0.0.1:1/v1 cannot be reached", id="no server"),
    ],
)
@pytest.mark.parametrize("command", ["serve", "ask"])
def test_refuses_in_one_line(command: str, settings: dict[str, str], remedy: str, tmp_path: Path) -> None:
    arguments = ["rag", command] if command == "serve" else ["rag", command, "Why?"]
    result = run(*arguments, **({"RAG_MODELS": str(tmp_path)} | settings))
    assert result.returncode == 1
    assert result.stdout == ""
    assert remedy in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: ")


def test_a_corrupt_model_is_refused_and_named(tmp_path: Path) -> None:
    digest = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
    folder = tmp_path / digest
    folder.mkdir()
    (folder / "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf").write_bytes(b"GGUF, but not the right one")
    result = run("rag", "serve", RAG_MODELS=str(tmp_path))
    assert result.returncode == 1
    assert digest in result.stderr
    assert "python -m rag models fetch" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_port_in_use_is_reported_before_anything_is_loaded(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("rag", "serve", "--port", str(port), RAG_MODELS=str(tmp_path))
    assert result.returncode == 1
    assert result.stderr == (
        f"error: cannot listen on 127.0.0.1 port {port}: Address already in use; set RAG_HOST, RAG_PORT\n"
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_service_that_others_reach_does_not_start_without_keys(host: str, tmp_path: Path) -> None:
    result = run("rag", "serve", "--host", host, "--port", str(free_port()), RAG_MODELS=str(tmp_path))
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: there are no access keys, and other machines may reach {host}: ")
    assert "RAG_OPEN=local" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("settings", [{"RAG_OPEN": "local"}, {"RAG_OPEN": "everyone"}, {"RAG_API_KEYS": "a-long-key"}])
def test_with_keys_or_a_word_it_goes_on_to_the_models(settings: dict[str, str], tmp_path: Path) -> None:
    result = run("rag", "serve", "--port", str(free_port()), RAG_HOST="0.0.0.0", RAG_MODELS=str(tmp_path), **settings)
    assert "python -m rag models fetch" in result.stderr


def test_an_upload_folder_that_cannot_be_used_is_reported_before_anything_is_loaded(tmp_path: Path) -> None:
    folder = str(tmp_path / "nowhere")
    result = run("rag", "serve", RAG_MODELS=str(tmp_path), RAG_DOCUMENTS=folder, RAG_ADMIN_KEYS="an-admin-key")
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: RAG_DOCUMENTS={folder} is no folder that can be written")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        pytest.param(None, "there is no key file", id="missing"),
        pytest.param("", "is no key file: Invalid JSON", id="empty"),
        pytest.param('{"format": 1, "keys": []}', "has no keys, so nobody would be answered", id="without keys"),
    ],
)
def test_a_key_file_that_cannot_be_used_is_reported_before_anything_is_loaded(
    tmp_path: Path, contents: str | None, said: str
) -> None:
    file = tmp_path / "keys.json"
    if contents is not None:
        file.write_text(contents)
    result = run("rag", "serve", RAG_MODELS=str(tmp_path), RAG_HOST="0.0.0.0", RAG_KEY_FILE=str(file))
    assert result.returncode == 1
    assert said in result.stderr
    assert "`python -m rag keys new ID`" in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_invalid_port_is_wrong_usage() -> None:
    assert run("rag", "serve", "--port", "99999").returncode == 2


def test_bytes_that_are_no_text_are_a_question_all_the_same(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "rag", "ask", b"caf\xe9?"],
        cwd=ROOT,
        env={**os.environ, "RAG_MODELS": str(tmp_path)},
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert b"Traceback" not in result.stderr


def test_help_lists_the_exit_codes() -> None:
    result = run("ingest", "--help")
    assert result.returncode == 0
    assert "75" in result.stdout


def test_no_command_is_wrong_usage() -> None:
    assert run("rag").returncode == 2
