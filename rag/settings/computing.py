"""Settings of how the models are computed: threads, batches, GPU, context and temperature."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from rag.settings.values import Choice, blank_is_none


class ComputingSettings(BaseModel):
    """How the models are computed."""

    model_config = ConfigDict(frozen=True)

    threads: Annotated[
        int,
        Field(
            ge=0,
            le=512,
            description="CPU threads of the models, in ingest those of the embedding model; 0: as measured by the "
            "tuning, else all cores that the process may use (a container's CPU limit counts)",
        ),
    ] = 0
    micro_batch: Annotated[
        int,
        Field(
            ge=0,
            le=4096,
            description="most tokens that the language model computes in one batch; 0: as measured by the tuning, "
            "else 512",
        ),
    ] = 0
    flash_attention: Annotated[
        Choice, Field(description="fused attention (flash attention); `auto`: as measured by the tuning, else `on`")
    ] = "auto"
    repack: Annotated[
        Choice,
        Field(
            description="rearrange the weights for the processor's vector units when they are loaded; `auto`: as "
            "measured by the tuning, else `on`"
        ),
    ] = "auto"
    tune: Annotated[
        Literal["auto", "off"],
        Field(
            description="`auto`: a new service measures in the background, for about 25 s, which way of running the "
            "language model is fastest on this machine; `off`: it measures nothing"
        ),
    ] = "auto"
    tuning: Annotated[
        Path | None,
        BeforeValidator(blank_is_none),
        Field(description="directory of `tuning.json`, the result of that measurement; empty: that of `RAG_MODELS`"),
    ] = None
    gpu_layers: Annotated[
        int, Field(ge=-1, le=1000, description="layers of the language model that a GPU computes; -1: all")
    ] = 0
    context_tokens: Annotated[
        int,
        Field(
            ge=512,
            le=131_072,
            description="context window of the language model, in tokens; of a model on a server, where the server "
            "does not report its own",
        ),
    ] = 4096
    temperature: Annotated[
        float, Field(ge=0, le=2, description="sampling temperature; 0: greedy decoding, which is repeatable")
    ] = 0.0
