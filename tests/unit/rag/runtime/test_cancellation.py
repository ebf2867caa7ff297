"""Cancellation: once, from any thread, and callbacks only while their context lasts."""

from __future__ import annotations

from contextlib import ExitStack
from threading import Event, Thread

import pytest

from rag.errors import Cancelled
from rag.runtime.cancellation import Cancellation


def test_check_passes_until_cancelled() -> None:
    cancellation = Cancellation()
    cancellation.check()
    cancellation.cancel()
    for _ in range(2):
        with pytest.raises(Cancelled):
            cancellation.check()


def test_cancelling_again_does_nothing_to_check() -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    cancellation.cancel()
    with pytest.raises(Cancelled):
        cancellation.check()


def test_callback_is_called_while_inside() -> None:
    cancellation, calls = Cancellation(), list[str]()
    with cancellation.calling(lambda: calls.append("called")):
        assert calls == []
        cancellation.cancel()
        assert calls == ["called"]
    assert calls == ["called"]


def test_callback_is_not_called_afterwards() -> None:
    cancellation, calls = Cancellation(), list[str]()
    with cancellation.calling(lambda: calls.append("called")):
        pass
    cancellation.cancel()
    assert calls == []


def test_callback_is_called_at_once_if_cancelled_before() -> None:
    cancellation, calls = Cancellation(), list[str]()
    cancellation.cancel()
    with cancellation.calling(lambda: calls.append("called")):
        assert calls == ["called"]
    assert calls == ["called"]


def test_callback_is_taken_out_after_an_error() -> None:
    cancellation, calls = Cancellation(), list[str]()
    with pytest.raises(RuntimeError), cancellation.calling(lambda: calls.append("called")):
        raise RuntimeError
    cancellation.cancel()
    assert calls == []


def test_every_callback_is_called() -> None:
    cancellation, calls = Cancellation(), list[str]()
    with cancellation.calling(lambda: calls.append("outer")), cancellation.calling(lambda: calls.append("inner")):
        cancellation.cancel()
    assert sorted(calls) == ["inner", "outer"]


def test_the_same_callback_twice_is_taken_out_once_each() -> None:
    cancellation, calls = Cancellation(), list[str]()

    def callback() -> None:
        calls.append("called")

    with cancellation.calling(callback):
        with cancellation.calling(callback):
            pass
        cancellation.cancel()
    assert calls == ["called"]


def test_a_callback_that_has_ended_meanwhile_is_not_called() -> None:
    """Its work is over; what it would stop may belong to other work by now."""
    cancellation, calls = Cancellation(), list[str]()
    with ExitStack() as second, cancellation.calling(second.close):
        second.enter_context(cancellation.calling(lambda: calls.append("called")))
        cancellation.cancel()
    assert calls == []


def test_from_another_thread() -> None:
    cancellation, stopped = Cancellation(), Event()
    with cancellation.calling(stopped.set):
        thread = Thread(target=cancellation.cancel)
        thread.start()
        assert stopped.wait(2.0)
        thread.join()
