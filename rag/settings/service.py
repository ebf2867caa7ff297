"""Settings of the HTTP service: its address, its log, and how many questions it takes at a time."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from rag.settings.values import blank_is_none, is_address

# First segments of the service's own paths that have others below them: with one of these as a prefix, it could not be
# told whether a proxy has taken the prefix away.
OWN_PATHS: Final = frozenset({"answers", "docs", "documents", "ingest", "v1", "web"})
# Segments of the unreserved characters of RFC 3986, none of them "." or "..".
_PATH: Final = re.compile(r"(/(?!\.\.?(/|$))[A-Za-z0-9._~-]+)+/?")


def _path_prefix(value: str) -> str:
    """The path without a slash at its end."""
    if value.strip("/") and not _PATH.fullmatch(value):
        raise ValueError("it is no path; one is /pageproof: letters, digits and -._~ between slashes")
    first = value.lstrip("/").partition("/")[0]
    if first in OWN_PATHS:
        raise ValueError(f"/{first} is a path of the service itself; name another one")
    return value.rstrip("/")


def _collector(value: str) -> str:
    if value and not is_address(value):
        raise ValueError("it is no address of a collector; one is http://127.0.0.1:4318")
    return value


def _addresses(value: str) -> str:
    for part in filter(None, value.split(",")):
        ip_network(part.strip())  # uvicorn accepts a malformed address, and then trusts no proxy
    return value


class ServiceSettings(BaseModel):
    """Where the service listens, what it logs, and how many questions it takes at a time."""

    model_config = ConfigDict(frozen=True)

    host: Annotated[
        str, Field(description="address that the service listens on; the Docker image sets `0.0.0.0`, all interfaces")
    ] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535, description="TCP port that the service listens on")] = 8000
    root_path: Annotated[
        str,
        AfterValidator(_path_prefix),
        Field(
            description="path under which a proxy offers the service, such as `/pageproof`; the proxy may take it away "
            "from the requests that it passes on, or leave it. Empty: `/`"
        ),
    ] = ""
    drain_seconds: Annotated[
        float,
        Field(
            ge=0,
            le=600,
            description="after SIGTERM, seconds for which questions are still taken while `/readyz` says 503, so that "
            "load balancers turn away first; then the port is closed",
        ),
    ] = 2.0
    log: Annotated[
        Literal["text", "json"], Field(description="lines of the log: `text` for people, `json` for programs")
    ] = "text"
    traces: Annotated[
        str,
        AfterValidator(_collector),
        Field(
            description="address of an OpenTelemetry collector (OTLP over HTTP), such as `http://127.0.0.1:4318`, that "
            "gets the times of each answer and no text; empty: none. Needs `requirements-otel.txt`"
        ),
    ] = ""
    parallel: Annotated[int, Field(ge=1, le=64, description="most questions that are answered at a time")] = 8
    # Twice `parallel`: an admitted request then ends within three times what an answer takes.
    max_queue: Annotated[
        int, Field(ge=0, le=10_000, description="most questions that wait behind those; one more gets a 503")
    ] = 16
    answer_seconds: Annotated[
        float | None,
        Field(
            gt=0,
            le=86_400,
            description="longest time of a request, in seconds from the end of its body, waiting included; then it "
            "gets a 503; empty: 120, or what a full queue takes on a slower machine, at most 600",
        ),
        BeforeValidator(blank_is_none),
    ] = None
    proxies: Annotated[
        str,
        AfterValidator(_addresses),
        Field(description="addresses or networks of proxies, separated by commas, whose X-Forwarded-For is trusted"),
    ] = "127.0.0.1"
