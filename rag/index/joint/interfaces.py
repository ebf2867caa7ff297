"""Interface of an index that answers questions: one on disk, or several that are asked as one."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from rag.index.current_index import ServingState
from rag.index.generation import Generation


class ServedIndex(Protocol):
    """An index that is served while new generations of it are published."""

    @property
    def state(self) -> ServingState:
        """Counts of the generations that were switched to and refused, and why the newest is not served."""

    def generation(self) -> Generation:
        """The current generation; IndexFault where there is none that can be served."""

    def refresh(self) -> None:
        """Checks now for a new generation, and switches to it."""

    def followed(self) -> AbstractContextManager[None]:
        """A context in which the index switches to new generations as they are published."""

    def close(self) -> None:
        """Releases the generation, which is freed when its last user is done."""
