"""Base class of pydantic models of stored files: immutable, and without unknown fields.

A module of its own, because the sandboxed readers import ``values`` without pydantic.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class FrozenModel(BaseModel):
    """Part of a file that Pageproof writes.

    Raises:
        pydantic.ValidationError: the data has unknown, missing or invalid fields.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
