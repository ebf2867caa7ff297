"""Background job that makes the guides of documents, while nobody asks anything."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rag.errors import IndexFault, ModelError
from rag.runtime.background import BackgroundJob, BackgroundTurn, Later
from rag.service.guides.maker import GuideMaker

_log = logging.getLogger(__name__)

# After all that somebody waits for.
_PRIORITY: Final = 9
# Seconds until it is seen whether there are other documents.
_LOOK_AGAIN: Final = 10.0
# Seconds after a fault of the index or the model, which may pass.
_TRY_AGAIN: Final = 60.0


def guides_job(maker: GuideMaker, is_wanted: Callable[[], bool] = lambda: True) -> BackgroundJob:
    """The job, which ends when it is not wanted any more, and not before: documents come and go."""
    return BackgroundJob("guides", _GuidesJob(maker, is_wanted).run, priority=_PRIORITY)


@dataclass(frozen=True)
class _GuidesJob:
    maker: GuideMaker
    is_wanted: Callable[[], bool]

    def run(self, turn: BackgroundTurn) -> Later | None:
        """Makes what is left to make; raises Cancelled where a question comes."""
        if not self.is_wanted():
            return None
        try:
            turn.progress(*self.maker.progress())
            while self.is_wanted() and self.maker.step(turn.cancellation):
                turn.cancellation.check()
                turn.progress(*self.maker.progress())
        except (IndexFault, ModelError) as fault:
            _log.warning("no guides of documents can be made now: %s", fault)
            return Later(_TRY_AGAIN)
        return Later(_LOOK_AGAIN)
