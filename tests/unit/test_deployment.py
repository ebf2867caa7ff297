"""Manifests of deploy/: user, port, probes, settings and grace periods are those of the image and the service."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from rag.service.middleware import _PROBES
from rag.service.server import _GRACE_SECONDS
from rag.settings import PREFIX, Settings, read_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
IMAGE = (ROOT / "Dockerfile").read_text()
IMAGE_USER = 10001
# Seconds that a platform leaves for what is neither draining nor answering.
MARGIN = 5


@dataclass(frozen=True)
class Deployed:
    """What a manifest says of the container of the service.

    Attributes:
        user: number; None where it is the image's.
        port: that the platform sends requests to.
        variables: with their values; of secrets, a stand-in.
        probes: paths.
        grace_seconds: between SIGTERM and SIGKILL; None where the platform decides.
    """

    user: int | None
    port: int
    variables: dict[str, str]
    probes: tuple[str, ...]
    grace_seconds: int | None


SECRET = "a secret of the platform"


def kubernetes() -> Deployed:
    objects = {each["kind"]: each for each in yaml.safe_load_all((DEPLOY / "kubernetes/pageproof.yaml").read_text())}
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (port,) = container["ports"]
    (published,) = objects["Service"]["spec"]["ports"]
    assert published["targetPort"] == port["name"]
    probes = [container[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")]
    assert {probe["port"] for probe in probes} == {port["name"]}
    return Deployed(
        pod["securityContext"]["runAsUser"],
        port["containerPort"],
        {each["name"]: each["value"] for each in container["env"]} | {"RAG_API_KEYS": SECRET},
        tuple(probe["path"] for probe in probes),
        pod["terminationGracePeriodSeconds"],
    )


def cloud_run() -> Deployed:
    manifest = yaml.safe_load((DEPLOY / "cloud-run/service.yaml").read_text())
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    (port,) = container["ports"]
    probes = [container[name]["httpGet"] for name in ("startupProbe", "livenessProbe")]
    assert {probe["port"] for probe in probes} == {port["containerPort"]}
    variables = {each["name"]: each.get("value", SECRET) for each in container["env"]}
    # https://cloud.google.com/run/docs/container-contract: 10 s after SIGTERM.
    return Deployed(None, port["containerPort"], variables, tuple(probe["path"] for probe in probes), None)


def ecs() -> Deployed:
    task = json.loads((DEPLOY / "ecs/task.json").read_text())
    (container,) = (each for each in task["containerDefinitions"] if each["essential"])
    (port,) = container["portMappings"]
    variables = {each["name"]: each["value"] for each in container["environment"]}
    variables |= {each["name"]: SECRET for each in container["secrets"]}
    (probe,) = re.findall(r"'GET', '([^']+)'", " ".join(container["healthCheck"]["command"]))
    user, _, group = container["user"].partition(":")
    assert user == group
    return Deployed(int(user), port["containerPort"], variables, (probe,), container["stopTimeout"])


def hugging_face() -> Deployed:
    text = (DEPLOY / "hugging-face/Dockerfile").read_text()
    front = yaml.safe_load((DEPLOY / "hugging-face/README.md").read_text().split("---")[1])
    assert front["sdk"] == "docker"
    (exposed,) = re.findall(r"^EXPOSE (\d+)$", text, re.MULTILINE)
    assert int(exposed) == front["app_port"]
    *_, user = re.findall(r"^USER (\d+)", text, re.MULTILINE)
    return Deployed(int(user), front["app_port"], dict(re.findall(r"\b(RAG_\w+)=(\S+)", text)), ("/readyz",), None)


def compose() -> Deployed:
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["rag"]
    (port,) = service["ports"]
    return Deployed(None, int(port.rpartition(":")[2]), {}, ("/readyz",), int(service["stop_grace_period"].rstrip("s")))


ALL = {make.__name__: make for make in (kubernetes, cloud_run, ecs, hugging_face, compose)}
EVERY = pytest.mark.parametrize("name", ALL)


@EVERY
def test_the_user_is_the_images(name: str) -> None:
    assert f"USER {IMAGE_USER}:{IMAGE_USER}\n" in IMAGE
    user = ALL[name]().user
    assert user in ((1000,) if name == "hugging_face" else (None, IMAGE_USER))


@EVERY
def test_settings_exist_and_are_accepted(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in [variable for variable in os.environ if variable.startswith(PREFIX)]:
        monkeypatch.delenv(variable)
    deployed = ALL[name]()
    for variable, value in deployed.variables.items():
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
    drain = float(deployed.variables.get("RAG_DRAIN_SECONDS", Settings.model_fields["drain_seconds"].default))
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


def containers() -> Iterator[tuple[str, dict[str, Any]]]:
    for document in yaml.safe_load_all((DEPLOY / "kubernetes/pageproof.yaml").read_text()):
        if document["kind"] == "Deployment":
            pod = document["spec"]["template"]["spec"]
            for container in (*pod["initContainers"], *pod["containers"]):
                yield container["name"], container


@pytest.mark.parametrize(("name", "container"), [*containers()], ids=[name for name, _ in containers()])
def test_containers_of_kubernetes_are_confined(name: str, container: dict[str, Any]) -> None:
    context = container["securityContext"]
    assert context["readOnlyRootFilesystem"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"].keys() == {"cpu", "memory"}
    writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {"/data", "/tmp"}  # noqa: S108 - the name of a mount


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
