"""Attacks of slow clients, against a socket that does as little as a service without limits."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from benchmarks.slow_clients import ATTACKS, Attack, Endured, Healthy, Tally, _goes_on, _open

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


def test_a_client_that_keeps_its_speed_is_no_fault() -> None:
    outcome = Endured(ATTACKS[0], Tally(1300, 0, [10.0, 12.0]), (0.010, 0.0105, 0.010), [], 0.004, 100)
    assert outcome.faults == []
    assert outcome.row == "| 1300 half-open | 1300 | 2 | 11.0 / 12.0 | 10.0 → 10.5 → 10.0 | 95 % | 0 | 4 | 100 |"


def test_what_an_attack_does_to_others_are_faults() -> None:
    outcome = Endured(ATTACKS[0], Tally(), (0.010, 0.020, 0.010), ["503", "503"], 0.004, 101)
    assert outcome.faults == ["the client that behaves kept 50 % of its speed", "503", "101 lines of log"]
