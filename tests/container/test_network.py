"""The network of the compose project: the port answers, and from the service nothing leads out.

A machine without internet would pass by itself. So each thing that the service must not do is done by the container of
the proxy first, which may.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.container.engine import CONTAINER, READY_SECONDS, Project, docker, request

pytestmark = CONTAINER

# Sends a datagram to each place, and connects to it. Prints those that were connected to.
REACH = """
import json, socket, sys
for host, port in json.loads(sys.argv[1]):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(sys.argv[2].encode(), (host, port))
        except OSError:
            pass
    try:
        socket.create_connection((host, port), timeout=3).close()
        print(host, port)
    except OSError:
        pass
"""
RESOLVE = """
import socket, sys, time
start = time.monotonic()
try:
    print(socket.gethostbyname(sys.argv[1]))
except OSError:
    print("unknown")
print(time.monotonic() - start)
"""


@dataclass(frozen=True)
class Machine:
    """A port of this machine where connections and datagrams are taken, and the addresses that lead to it.

    Attributes:
        inner: the address that the bridge of the service's network would have.
    """

    port: int
    addresses: tuple[str, ...]
    inner: str
    datagrams: socket.socket

    def heard(self) -> set[str]:
        """Services whose datagrams have arrived since the last call."""
        senders = set()
        with contextlib.suppress(TimeoutError):
            while True:
                senders.add(self.datagrams.recv(100).decode())
        return senders


@pytest.fixture
def machine(project: Project) -> Iterator[Machine]:
    outer, inner, bridge = (
        first_address(network) for network in (project.network("outside"), project.network("inside"), "bridge")
    )
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("0.0.0.0", 0)))
        port = listener.getsockname()[1]
        datagrams = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        datagrams.bind(("0.0.0.0", port))
        datagrams.settimeout(1)
        yield Machine(port, (outer, bridge), inner, datagrams)


def first_address(network: str) -> str:
    """That which Docker gives to the bridge of a network."""
    (configured,) = json.loads(docker("network", "inspect", network))[0]["IPAM"]["Config"]
    return str(ipaddress.ip_network(configured["Subnet"])[1])


def reached(project: Project, service: str, places: list[tuple[str, int]]) -> set[tuple[str, int]]:
    """The places that the container of a service connected to."""
    lines = project.inside(REACH, json.dumps(places), service, service=service).splitlines()
    return {(host, int(port)) for host, port in (line.split() for line in lines)}


def test_the_port_is_published_on_this_machine_alone_and_by_the_proxy_alone(project: Project) -> None:
    assert project.address().startswith("http://127.0.0.1:")
    assert project.ask("/readyz").status == 200
    for service in ("rag", "ingest"):
        assert not any((project.inspect(service)["NetworkSettings"]["Ports"] or {}).values())


def test_the_service_reaches_nothing_outside(project: Project, machine: Machine) -> None:
    """Neither this machine, by any of its addresses, nor the proxy's other side, nor the internet."""
    other_side = project.inspect("proxy")["NetworkSettings"]["Networks"][project.network("outside")]["IPAddress"]
    places = [*((address, machine.port) for address in machine.addresses), (other_side, 8000)]
    assert reached(project, "proxy", places) == set(places)
    assert machine.heard() == {"proxy"}
    assert reached(project, "rag", [*places, (machine.inner, machine.port), ("1.1.1.1", 443)]) == set()
    assert machine.heard() == set()


def test_the_job_has_no_network_at_all(project: Project) -> None:
    assert project.inspect("ingest")["HostConfig"]["NetworkMode"] == "none"


def test_names_outside_are_asked_of_nobody(project: Project) -> None:
    """Names travel even where connections do not: an engine's own resolver may forward them (CVE-2024-29018)."""
    assert project.inside(RESOLVE, "proxy").split()[0] != "unknown"
    found, seconds = project.inside(RESOLVE, "pypi.org").split()
    assert found == "unknown"
    assert float(seconds) < 30
    assert project.inspect("rag")["HostConfig"]["Dns"] == ["127.0.0.1"]
    # onnxruntime reports to its maker unless it is forbidden, and complains where it cannot.
    assert "telemetry" not in project.run("logs", "--no-color", "rag").lower()


def test_the_proxy_has_nothing_to_tell(project: Project) -> None:
    """It has neither documents nor keys, and is confined as the service is."""
    proxy, rag = project.inspect("proxy"), project.inspect("rag")
    assert [mount for mount in proxy["Mounts"] if mount["Type"] != "tmpfs"] == []
    given = {each.partition("=")[0] for each in proxy["Config"]["Env"]}
    assert given <= {each.partition("=")[0] for each in json.loads(docker("inspect", "pageproof"))[0]["Config"]["Env"]}
    assert proxy["Config"]["User"] == rag["Config"]["User"] == "10001:10001"
    for name in ("ReadonlyRootfs", "CapDrop", "SecurityOpt", "PidsLimit"):
        assert proxy["HostConfig"][name] == rag["HostConfig"][name]


def test_a_thousand_silent_connections_keep_nobody_out(project: Project) -> None:
    """More than the service holds, and more than the proxy does: the rest waits until the service has closed some."""
    host, port = project.address().removeprefix("http://").split(":")
    with contextlib.ExitStack() as stack:
        for _ in range(1000):
            silent = stack.enter_context(socket.create_connection((host, int(port)), timeout=60))
            silent.sendall(b"GET / HTTP/1.1\r\n")
        start = time.monotonic()
        assert request(f"{project.address()}/livez", seconds=READY_SECONDS).status == 200
        assert time.monotonic() - start < READY_SECONDS
    assert project.inspect("proxy")["State"]["OOMKilled"] is False
    assert project.inspect("proxy")["RestartCount"] == 0
