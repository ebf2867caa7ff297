"""Each manifest of deploy/, started once as the containers that it describes, on a network that leads nowhere.

User, port, file system, mounts, settings, limits, probes and grace periods are read from the manifest. What is not done
here is the platform's: its scheduler, its load balancer, its registry, its rights.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.container.engine import (
    BUILD_SECONDS,
    CONTAINER,
    LIMITS,
    QUESTION,
    READY_SECONDS,
    ROOT,
    docker,
    inspect,
    request,
)
from tests.container.manifests import MANIFESTS, SECRET, Container, Deployed

pytestmark = CONTAINER

DOCUMENT = ROOT / "knowledge_base" / "member_handbook.pdf"
# Of platforms that say none in their manifests; Cloud Run has the shortest of all.
GRACE_SECONDS = 10
KEYS = {"rag_api_keys": SECRET}


class Host:
    """What a platform has around the containers: a network, volumes, an image. All of it is removed at the end."""

    def __init__(self, image: str, deployed: Deployed, folder: Path, stack: ExitStack) -> None:
        self._name = f"pageproof-test-{uuid.uuid4().hex[:8]}"
        self._stack = stack
        self._folder = folder
        (folder / "documents").mkdir()
        shutil.copy(DOCUMENT, folder / "documents")
        for path in (folder, folder / "documents"):
            path.chmod(0o755)  # the user of the image is another than ours
        docker("network", "create", "--internal", self._name)
        stack.callback(docker, "network", "rm", self._name, check=False)
        self._image = self._built(deployed.dockerfile, image) if deployed.dockerfile else image
        mounts = [mount for each in (deployed.job, deployed.service) if each for mount in each.mounts if mount.source]
        self._sources = {
            str(mount.source): str(folder / "documents")
            if mount.source == "documents"
            else self._volume(image, mount.group, KEYS if mount.source == "keys" else {})
            for mount in mounts
        }

    def _built(self, dockerfile: Path, image: str) -> str:
        built = f"{self._name}-image"
        options = ["--tag", built, "--build-arg", f"PAGEPROOF={image}", "--file", str(dockerfile), str(self._folder)]
        docker("build", "--quiet", "--network=none", *options, timeout=BUILD_SECONDS)
        self._stack.callback(docker, "image", "rm", built, check=False)
        return built

    def _volume(self, image: str, group: int | None, files: dict[str, str]) -> str:
        """An empty volume, which takes over what the image has there; or one of a group, as Kubernetes makes them."""
        volume = docker("volume", "create").strip()
        self._stack.callback(docker, "volume", "rm", volume, check=False)
        if group is not None:
            steps = [f"printf %s '{text}' > /v/{name} && chmod 440 /v/{name}" for name, text in files.items()]
            steps += [f"chgrp -R {group} /v", "chmod 2775 /v"]
            once = ["run", "--rm", "--network=none", "--user=0", f"--volume={volume}:/v", "--entrypoint=sh", image]
            docker(*once, "-c", " && ".join(steps))
        return volume

    def run(self, container: Container, *, grace_seconds: int = GRACE_SECONDS) -> str:
        """Starts a container, and returns its id."""
        options = ["--network", self._name, *container.docker_options(self._sources, os.cpu_count() or 1)]
        command: tuple[str, ...] = ()
        if container.command:
            options.append(f"--entrypoint={container.command[0]}")
            command = container.command[1:]
        started = docker("run", "--detach", f"--stop-timeout={grace_seconds}", *options, self._image, *command).strip()
        self._stack.callback(docker, "rm", "--force", started, check=False)
        return started

    def url(self, container: str, port: int) -> str:
        """From this machine to the container itself, as the kubelet and load balancers go."""
        return f"http://{inspect(container)['NetworkSettings']['Networks'][self._name]['IPAddress']}:{port}"


@pytest.fixture
def host_of(image: str, tmp_path: Path) -> Iterator[Callable[[Deployed], Host]]:
    with ExitStack() as stack:
        yield lambda deployed: Host(image, deployed, tmp_path, stack)


def wait_until_ready(container: str, url: str, probe: str) -> float:
    """Seconds until a probe is answered with 200."""
    start = time.monotonic()
    while time.monotonic() - start < READY_SECONDS:
        if inspect(container)["State"]["Status"] != "running":
            break
        try:
            if request(url + probe, seconds=5).status == 200:
                return time.monotonic() - start
        except OSError:
            pass
        time.sleep(0.5)
    pytest.fail(f"not ready: {docker('logs', '--tail=50', container)}")


def check_confinement(container: str, described: Container) -> None:
    """As seen from inside, not as it was asked for."""
    status = docker("exec", container, "cat", "/proc/1/status", "/proc/self/status")
    user, _, group = (described.user or "10001:10001").partition(":")
    assert f"Uid:\t{user}\t{user}\t{user}\t{user}\n" in status
    assert f"Gid:\t{group}\t{group}\t{group}\t{group}\n" in status
    if described.no_capabilities:
        assert "CapBnd:\t0000000000000000" in status
    if described.no_new_privileges:
        assert "NoNewPrivs:\t1" in status
    tried = "for place in / /app /opt/pageproof/models /tmp; do touch $place/test 2>&- && echo $place; done; true"
    usable, memory = map(int, docker("exec", container, "python", "-c", LIMITS).split())
    assert usable == min(described.cpus, os.cpu_count() or 1)
    assert memory <= described.memory * 2**20
    assert docker("exec", container, "sh", "-c", tried).split() == ["/tmp"]  # noqa: S108 - a folder of the container


@pytest.mark.parametrize("name", MANIFESTS)
def test_it_starts_answers_and_stops(
    name: str, host_of: Callable[[Deployed], Host], tell: Callable[[str], None]
) -> None:
    deployed = MANIFESTS[name]()
    host = host_of(deployed)
    if deployed.job:
        job = host.run(deployed.job)
        ended = docker("wait", job, timeout=READY_SECONDS).strip()
        assert ended == "0", docker("logs", job)
    grace = deployed.grace_seconds or GRACE_SECONDS
    container = host.run(deployed.service, grace_seconds=grace)
    url = host.url(container, deployed.port)
    for probe in deployed.probes:
        tell(f"{name}: {probe} after {wait_until_ready(container, url, probe):.0f} s")
    if deployed.service.health:
        docker("exec", container, *deployed.service.health)
    check_confinement(container, deployed.service)

    keyless = "RAG_OPEN" in deployed.service.variables
    body = {"question": QUESTION}
    assert request(f"{url}/info").status == (200 if keyless else 401)
    answer = request(f"{url}/ask", body, {} if keyless else {"X-API-Key": SECRET}).json()
    assert "10 months" in answer["answer"]
    (citation, *_) = answer["citations"]
    assert (citation["document"], citation["page"]) == (DOCUMENT.name, 3)

    start = time.monotonic()
    docker("stop", f"--time={grace}", container, timeout=grace + 60)
    state = inspect(container)["State"]
    tell(f"{name}: stopped after {time.monotonic() - start:.0f} s of {grace}")
    assert (state["ExitCode"], state["OOMKilled"]) == (0, False), docker("logs", "--tail=20", container)
