"""Manifests of deploy/: user, port, probes, settings and grace periods are those of the image and the service."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from rag.service.middleware import _PROBES
from rag.service.server import _GRACE_SECONDS
from rag.settings import PREFIX, Settings, read_settings
from tests.container.manifests import DEPLOY, MANIFESTS, ROOT, SECRET, Container, Deployed, Mount

IMAGE = (ROOT / "Dockerfile").read_text()
IMAGE_USER = 10001
# Seconds that a platform leaves for what is neither draining nor answering.
MARGIN = 5


def compose() -> Deployed:
    """The service of the compose file, as far as it is told here; the port is the one that the proxy connects to."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    port = int(services["proxy"]["command"][-1].rpartition(":")[2])
    grace = int(services["rag"]["stop_grace_period"].rstrip("s"))
    return Deployed(Container({}, 0, 0), port, ("/readyz",), grace_seconds=grace)


ALL = {**MANIFESTS, "compose": compose}
EVERY = pytest.mark.parametrize("name", ALL)


@EVERY
def test_the_user_is_the_images(name: str) -> None:
    assert f"USER {IMAGE_USER}:{IMAGE_USER}\n" in IMAGE
    user = ALL[name]().service.user
    assert user in (("1000:1000",) if name == "hugging_face" else (None, f"{IMAGE_USER}:{IMAGE_USER}"))


@EVERY
def test_settings_exist_and_are_accepted(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in [variable for variable in os.environ if variable.startswith(PREFIX)]:
        monkeypatch.delenv(variable)
    deployed = ALL[name]()
    variables = dict(deployed.service.variables)
    if any(mount.source == "keys" for mount in deployed.service.mounts):
        variables["RAG_API_KEYS"] = SECRET
    for variable, value in variables.items():
        if variable.startswith(PREFIX):
            monkeypatch.setenv(variable, value)
    settings = read_settings(tmp_path)
    assert settings.port == deployed.port
    assert f"EXPOSE {Settings.model_fields['port'].default}\n" in IMAGE
    # The image listens on all addresses: it does not start without keys or a word.
    assert settings.api_keys or settings.open or name == "compose"


@EVERY
def test_probes_are_those_that_need_no_key(name: str) -> None:
    assert set(ALL[name]().probes) <= set(_PROBES)


@EVERY
def test_the_grace_period_is_longer_than_the_services_own(name: str) -> None:
    deployed = ALL[name]()
    drain = float(deployed.service.variables.get("RAG_DRAIN_SECONDS", Settings.model_fields["drain_seconds"].default))
    if deployed.grace_seconds is None:
        assert drain <= 2
    else:
        assert deployed.grace_seconds >= drain + _GRACE_SECONDS + MARGIN


def test_a_secret_of_kubernetes_is_read_as_a_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the kubelet lays it out: links to a folder that a change replaces."""
    (tmp_path / "..2026_11_30").mkdir()
    (tmp_path / "..2026_11_30" / "rag_api_keys").write_text(f"{SECRET}\n")
    (tmp_path / "..data").symlink_to("..2026_11_30")
    (tmp_path / "rag_api_keys").symlink_to("..data/rag_api_keys")
    monkeypatch.delenv("RAG_API_KEYS", raising=False)
    assert [key.get_secret_value() for key in read_settings(tmp_path).api_keys] == [SECRET]


@pytest.mark.parametrize("name", ["kubernetes", "ecs"])
def test_what_it_describes_is_confined(name: str) -> None:
    deployed = ALL[name]()
    for container in (deployed.job, deployed.service):
        assert container
        assert container.read_only
        assert container.no_capabilities
        assert container.no_new_privileges
        writable = {mount.path for mount in container.mounts if not mount.read_only}
        assert writable == {"/data", "/tmp"}  # noqa: S108 - the name of a mount


def test_options_of_docker_run() -> None:
    """Tests of the container start what this says; more cores than the machine has are refused by Docker."""
    mounts = (Mount("/data", "data"), Mount("/run/secrets", "keys", True), Mount("/tmp", None, options="size=1m"))  # noqa: S108
    container = Container({"A": "b"}, 4, 256, "1:2", None, True, True, True, True, mounts)
    assert container.docker_options({"data": "volume", "keys": "/keys"}, cores=2) == [
        "--cpus=2",
        "--memory=256m",
        "--memory-swap=256m",
        "--env=A=b",
        "--user=1:2",
        "--read-only",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--init",
        "--volume=volume:/data:rw",
        "--volume=/keys:/run/secrets:ro",
        "--tmpfs=/tmp:size=1m",
    ]
    assert Container({}, 1, 64).docker_options({}, cores=2) == ["--cpus=1", "--memory=64m", "--memory-swap=64m"]


def test_each_folder_has_a_paragraph() -> None:
    told = re.findall(r"^## .*?\(`(\w[\w-]*)/`\)$", (DEPLOY / "README.md").read_text(), re.MULTILINE)
    assert sorted(told) == sorted(folder.name for folder in DEPLOY.iterdir() if folder.is_dir())


def test_torch_is_the_wheel_of_the_lock() -> None:
    def torch(text: str) -> list[str]:
        return re.findall(r"^torch==(\S+) \\\n((?:    --hash=\S+(?: \\)?\n)+)", text, re.MULTILINE)

    assert torch((ROOT / "requirements-torch.txt").read_text()) == torch((ROOT / "requirements.txt").read_text()) != []


@pytest.fixture
def pinning(tmp_path: Path) -> Path:
    """A folder in which ``make pin-base`` runs, with a ``docker`` that knows the digests in ``digests``."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "Dockerfile", tmp_path)
    (tmp_path / "bin").mkdir()
    docker = tmp_path / "bin" / "docker"
    docker.write_text('#!/bin/sh\necho "$@" >> calls\ntest "$1" = pull || cat digests\n')
    docker.chmod(0o755)
    return tmp_path


def pin(folder: Path, digests: str) -> subprocess.CompletedProcess[str]:
    (folder / "digests").write_text(digests)
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        ["make", "pin-base"], cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )


def test_pin_base_writes_the_digest_and_again_a_newer_one(pinning: Path) -> None:
    for digest in (f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"):
        done = pin(pinning, f"python@{digest}\n")
        assert done.returncode == 0, done.stderr
        assert f"\nARG BASE_IMAGE=python:3.11-slim-bookworm@{digest}\n" in (pinning / "Dockerfile").read_text()
    assert "pull --quiet python:3.11-slim-bookworm\n" in (pinning / "calls").read_text()


def test_pin_base_of_an_image_without_a_digest_changes_nothing(pinning: Path) -> None:
    done = pin(pinning, "")
    assert done.returncode != 0
    assert "has no digest" in done.stdout
    assert (pinning / "Dockerfile").read_text() == IMAGE
