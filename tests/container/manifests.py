"""The manifests of deploy/, each read as the containers that it describes, in terms of ``docker run``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SECRET = "a secret of the platform"


@dataclass(frozen=True)
class Mount:
    """A place in the file system of a container.

    Attributes:
        source: name of the volume in the manifest; None for memory.
        options: of memory, as ``docker run --tmpfs`` takes them.
        group: that the platform gives the volume to; None where a volume is as the image has it.
    """

    path: str
    source: str | None
    read_only: bool = False
    options: str = ""
    group: int | None = None


@dataclass(frozen=True)
class Container:
    """One container. None, as a user or a command, means the image's.

    Attributes:
        cpus: cores that it may use.
        memory: in MiB.
        health: command of the health check that the platform runs in the container.
    """

    variables: Mapping[str, str]
    cpus: float
    memory: int
    user: str | None = None
    command: tuple[str, ...] | None = None
    read_only: bool = False
    no_capabilities: bool = False
    no_new_privileges: bool = False
    init: bool = False
    mounts: tuple[Mount, ...] = ()
    health: tuple[str, ...] | None = None

    def docker_options(self, sources: Mapping[str, str], cores: int) -> list[str]:
        """Options of ``docker run``, and of the health check.

        Args:
            sources: folder or Docker volume for each volume of the manifest.
            cores: of this machine; Docker refuses more.
        """
        options = [f"--cpus={min(self.cpus, cores)}", f"--memory={self.memory}m", f"--memory-swap={self.memory}m"]
        options += [f"--env={name}={value}" for name, value in self.variables.items()]
        options += [f"--user={self.user}"] if self.user else []
        options += ["--read-only"] if self.read_only else []
        options += ["--cap-drop=ALL"] if self.no_capabilities else []
        options += ["--security-opt=no-new-privileges"] if self.no_new_privileges else []
        options += ["--init"] if self.init else []
        for mount in self.mounts:
            if mount.source is None:
                options.append(f"--tmpfs={mount.path}:{mount.options}")
            else:
                options.append(f"--volume={sources[mount.source]}:{mount.path}:{'ro' if mount.read_only else 'rw'}")
        return options


@dataclass(frozen=True)
class Deployed:
    """All that a manifest says of the service.

    Attributes:
        service: its container.
        port: that the platform sends requests to.
        probes: paths.
        job: container that ends before the service starts; None where the image has the index in it.
        grace_seconds: between SIGTERM and SIGKILL; None where the platform decides.
        dockerfile: of the image, on top of the project's own; None where that one is used.
    """

    service: Container
    port: int
    probes: tuple[str, ...]
    job: Container | None = None
    grace_seconds: int | None = None
    dockerfile: Path | None = None


def kubernetes() -> Deployed:
    objects = {each["kind"]: each for each in yaml.safe_load_all((DEPLOY / "kubernetes/pageproof.yaml").read_text())}
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (job,) = pod["initContainers"]
    (port,) = container["ports"]
    (published,) = objects["Service"]["spec"]["ports"]
    assert published["targetPort"] == port["name"]
    probes = [container[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")]
    assert {probe["port"] for probe in probes} == {port["name"]}
    return Deployed(
        _of_a_pod(container, pod),
        port["containerPort"],
        tuple(probe["path"] for probe in probes),
        job=_of_a_pod(job, pod),
        grace_seconds=pod["terminationGracePeriodSeconds"],
    )


def _of_a_pod(container: dict[str, Any], pod: dict[str, Any]) -> Container:
    context, own = pod["securityContext"], container["securityContext"]
    limits = container["resources"]["limits"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    return Container(
        {each["name"]: each["value"] for each in container["env"]},
        float(limits["cpu"]),
        _megabytes(limits["memory"]),
        user=f"{context['runAsUser']}:{context['runAsGroup']}",
        command=tuple(container["command"]) if "command" in container else None,
        read_only=own["readOnlyRootFilesystem"],
        no_capabilities=own["capabilities"] == {"drop": ["ALL"]},
        no_new_privileges=own["allowPrivilegeEscalation"] is False,
        mounts=tuple(
            _of_a_volume(mount, volumes[mount["name"]], context["fsGroup"]) for mount in container["volumeMounts"]
        ),
    )


def _of_a_volume(mount: dict[str, Any], volume: dict[str, Any], group: int) -> Mount:
    if "emptyDir" in volume:
        assert volume["emptyDir"]["medium"] == "Memory"
        options = f"size={_megabytes(volume['emptyDir']['sizeLimit'])}m,mode=1777,exec"
        return Mount(mount["mountPath"], None, options=options)
    return Mount(mount["mountPath"], volume["name"], bool(mount.get("readOnly")), group=group)


def cloud_run() -> Deployed:
    manifest = yaml.safe_load((DEPLOY / "cloud-run/service.yaml").read_text())
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    (port,) = container["ports"]
    probes = [container[name]["httpGet"] for name in ("startupProbe", "livenessProbe")]
    assert {probe["port"] for probe in probes} == {port["containerPort"]}
    # Set by the platform, which leaves 10 s after SIGTERM: https://cloud.google.com/run/docs/container-contract
    given = {"PORT": str(port["containerPort"]), "K_SERVICE": "pageproof", "K_REVISION": "1", "K_CONFIGURATION": "1"}
    variables = given | {each["name"]: each.get("value", SECRET) for each in container["env"]}
    limits = container["resources"]["limits"]
    return Deployed(
        Container(variables, float(limits["cpu"]), _megabytes(limits["memory"])),
        port["containerPort"],
        tuple(probe["path"] for probe in probes),
        dockerfile=DEPLOY / "cloud-run/Dockerfile",
    )


def ecs() -> Deployed:
    task = json.loads((DEPLOY / "ecs/task.json").read_text())
    job, container = task["containerDefinitions"]
    assert container["dependsOn"] == [{"containerName": job["name"], "condition": "SUCCESS"}]
    (port,) = container["portMappings"]
    service = _of_a_task(container, task)
    kind, *command = container["healthCheck"]["command"]
    assert kind == "CMD"
    (probe,) = re.findall(r"'GET', '([^']+)'", " ".join(command))
    return Deployed(
        replace(service, health=tuple(command)),
        port["containerPort"],
        (probe,),
        job=_of_a_task(job, task),
        grace_seconds=container["stopTimeout"],
    )


def _of_a_task(container: dict[str, Any], task: dict[str, Any]) -> Container:
    """Processors and memory are the task's, of all its containers together."""
    linux = container["linuxParameters"]
    mounts = [
        Mount(each["containerPath"], each["sourceVolume"], each.get("readOnly", False))
        for each in container["mountPoints"]
    ]
    mounts += [
        Mount(each["containerPath"], None, options=",".join([f"size={each['size']}m", *each["mountOptions"]]))
        for each in linux["tmpfs"]
    ]
    variables = {each["name"]: each["value"] for each in container["environment"]}
    entrypoint = [*container.get("entryPoint", []), *container.get("command", [])]
    return Container(
        variables | {each["name"]: SECRET for each in container.get("secrets", [])},
        int(task["cpu"]) / 1024,
        int(task["memory"]),
        user=container["user"],
        command=tuple(entrypoint) or None,
        read_only=container["readonlyRootFilesystem"],
        no_capabilities=linux["capabilities"] == {"drop": ["ALL"]},
        no_new_privileges="no-new-privileges" in container["dockerSecurityOptions"],
        init=linux.get("initProcessEnabled", False),
        mounts=tuple(mounts),
    )


def hugging_face() -> Deployed:
    """User and settings are in the image; the free hardware has 2 cores and 16 GB."""
    path = DEPLOY / "hugging-face/Dockerfile"
    text = path.read_text()
    front = yaml.safe_load((DEPLOY / "hugging-face/README.md").read_text().split("---")[1])
    assert front["sdk"] == "docker"
    (exposed,) = re.findall(r"^EXPOSE (\d+)$", text, re.MULTILINE)
    assert int(exposed) == front["app_port"]
    *_, user = re.findall(r"^USER (\d+:\d+)$", text, re.MULTILINE)
    variables = dict(re.findall(r"\b(RAG_\w+)=(\S+)", text))
    return Deployed(Container(variables, 2, 16 * 1024, user=user), front["app_port"], ("/readyz",), dockerfile=path)


MANIFESTS: dict[str, Callable[[], Deployed]] = {
    make.__name__: make for make in (kubernetes, cloud_run, ecs, hugging_face)
}


def _megabytes(quantity: str) -> int:
    """MiB of a quantity of Kubernetes."""
    number, unit = re.fullmatch(r"(\d+)(Mi|Gi)", quantity).groups()  # type: ignore[union-attr]
    return int(number) * {"Mi": 1, "Gi": 1024}[unit]
