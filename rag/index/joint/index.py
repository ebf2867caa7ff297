"""Joint index: several indexes that are asked as one, each following its own generations."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from rag.index.current_index import ServingState
from rag.index.generation import Generation
from rag.index.joint.generation import JointGeneration
from rag.index.joint.interfaces import ServedIndex


class JointIndex:
    """Several indexes by the names of their collections, asked as one. Thread-safe."""

    def __init__(self, indexes: Mapping[str, ServedIndex]) -> None:
        """Opens none of them."""
        self._indexes = dict(indexes)
        self._lock = threading.Lock()
        self._joined: tuple[Sequence[Generation], JointGeneration] | None = None

    @property
    def state(self) -> ServingState:
        """Counts over all of them, and the first fault."""
        states = [index.state for index in self._indexes.values()]
        fault = next((state.fault for state in states if state.fault), None)
        return ServingState(sum(state.swaps for state in states), sum(state.refused for state in states), fault)

    def generation(self) -> JointGeneration:
        """The current generations as one, the same object as long as these are; IndexFault where one has none."""
        current = {name: index.generation() for name, index in self._indexes.items()}
        with self._lock:
            known = self._joined
            if known is None or any(one is not other for one, other in zip(known[0], current.values(), strict=True)):
                self._joined = known = (list(current.values()), JointGeneration(current))
            return known[1]

    def refresh(self) -> None:
        """Takes new generations, as each index does."""
        for index in self._indexes.values():
            index.refresh()

    @contextmanager
    def followed(self) -> Iterator[None]:
        """A context in which each index switches to new generations as they are published."""
        with ExitStack() as stack:
            for index in self._indexes.values():
                stack.enter_context(index.followed())
            yield

    def close(self) -> None:
        """Releases the generations of all of them."""
        with self._lock:
            self._joined = None
        for index in self._indexes.values():
            index.close()
