"""Attacks of slow clients, against a socket that does as little as a service without limits."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from benchmarks.slow_clients import ATTACKS, Attack, Healthy, _goes_on, _open

DRIPPING = Attack("slowloris", 1, b"GET / HT", b"TP/1.1")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def test_the_first_bytes_are_sent_at_once_and_the_others_one_each_second(listener: socket.socket) -> None:
    held = _open(listener.getsockname()[1], DRIPPING)
    with held.socket, listener.accept()[0] as accepted:
        assert accepted.recv(100) == b"GET / HT"
        assert _goes_on(held, DRIPPING, held.opened + 0.5)
        assert _goes_on(held, DRIPPING, held.opened + 1.5)
        assert _goes_on(held, DRIPPING, held.opened + 1.6)
        assert accepted.recv(100) == b"T"


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_a_connection_that_was_closed_is_noticed(listener: socket.socket, attack: Attack) -> None:
    held = _open(listener.getsockname()[1], attack)
    accepted, _ = listener.accept()
    with held.socket:
        assert _goes_on(held, attack, held.opened)
        accepted.close()
        end = time.monotonic() + 30
        while _goes_on(held, attack, held.opened):
            assert time.monotonic() < end


def test_requests_that_fail_are_counted() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        healthy = Healthy()
        healthy.ask(nobody.getsockname()[1], 0.05)
    assert len(healthy.faults) == len(healthy.seconds) > 0
    assert "refused" in healthy.faults[0]
