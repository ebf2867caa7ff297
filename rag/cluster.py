"""Ray Serve application, ``serve run rag.cluster:app``: replicas of the service over one index on shared storage.

The only module of ``rag`` that imports ray. A relay takes the requests (two of it, as it costs little), and has
replicas respond, each of them the whole application with models of its own, or with the address of a model server. Ray
Serve starts replicas and ends them by the number of requests that wait. A generation that is published is opened by
each replica by itself, while the questions at work keep theirs. docs/cluster.md
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ray import serve
from ray.exceptions import NodeDiedError, ObjectLostError, RayActorError, WorkerCrashedError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError

from rag.cli.console import configure_logging
from rag.composition import open_answerer, open_records
from rag.errors import SettingsError
from rag.service.allowed_hosts import check_open
from rag.service.auth import open_key_file
from rag.service.replicas.asgi_request import AsgiMessage, AsgiRequest
from rag.service.replicas.hosted_app import HostedApp, OpenApp
from rag.service.replicas.relay import ReplicaLost, ReplicasFull, RetryingRelay
from rag.service.server import admission_limits, configured_app
from rag.settings import Settings, read_settings

# What a caller sees of a replica that has ended with its process or its node.
_LOST: Final = (RayActorError, ObjectLostError, NodeDiedError, WorkerCrashedError)
# Requests that a relay passes on at a time; it waits, and computes nothing.
_RELAYED_AT_A_TIME: Final = 1000
# For answers at work when a replica is to end.
_GRACE_SECONDS: Final = 60.0
# A proxy of Ray Serve may listen on any address.
_ANY_ADDRESS: Final = "0.0.0.0"  # noqa: S104 - to be checked, not to listen on


class ClusterShape(BaseModel):
    """Arguments of the application, as in ``serve run rag.cluster:app most_replicas=8 processors=4``.

    Attributes:
        least_replicas: that are kept even if nothing is asked.
        most_replicas: that are started where many requests wait.
        processors: of each replica, and threads of its models; ``RAG_THREADS`` goes before it.
        waiting: requests that may wait for a replica; more are refused with 503.
        relays: that pass requests on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    least_replicas: Annotated[int, Field(ge=1)] = 1
    most_replicas: Annotated[int, Field(ge=1)] = 4
    processors: Annotated[float, Field(gt=0)] = 1
    waiting: Annotated[int, Field(ge=1)] = 256
    relays: Annotated[int, Field(ge=1)] = 2


class Replica:
    """Replica of the service's application, in a process of its own. An actor of Ray Serve."""

    def __init__(self, open_app: OpenApp) -> None:
        self._hosted = HostedApp(open_app)

    async def reconfigure(self, _: object) -> None:
        """Called by Ray Serve before the first request: opens the application, which loads the models."""
        await self._hosted.open()

    async def respond(self, request: AsgiRequest) -> AsyncGenerator[AsgiMessage, None]:
        """The messages of the response, as ASGI defines them; whoever closes this generator has gone."""
        async with aclosing(self._hosted.respond(request)) as messages:
            async for message in messages:
                yield message

    async def __del__(self) -> None:
        """Called by Ray Serve when no request is at work any more."""
        await self._hosted.close()


@serve.ingress()
class Relay:
    """Relay in front of the replicas. An actor of Ray Serve; see :class:`RetryingRelay`."""

    def __init__(self, replicas: Any) -> None:  # noqa: ANN401 - a DeploymentHandle
        self._replicas = replicas

    def __serve_build_asgi_app__(self) -> RetryingRelay:
        """Called by Ray Serve once."""
        return RetryingRelay(partial(_ask, self._replicas))


async def _ask(replicas: Any, request: AsgiRequest) -> AsyncGenerator[AsgiMessage, None]:  # noqa: ANN401
    """Has the replica respond for which the fewest requests are at work."""
    response = replicas.options(stream=True).respond.remote(request)
    try:
        async for message in response:
            yield message
    except _LOST as error:
        raise ReplicaLost(type(error).__name__) from error
    except (BackPressureError, DeploymentUnavailableError) as error:
        raise ReplicasFull(type(error).__name__) from error
    finally:
        response.cancel()


def application(open_app: OpenApp, shape: ClusterShape, *, at_a_time: int, queued: int) -> Any:  # noqa: ANN401
    """The application for Ray Serve, a ``serve.Application``.

    Args:
        open_app: opens the service's application in a replica; is pickled.
        shape: numbers of replicas and of what they have.
        at_a_time: answers at a time of a replica; where more requests wait for one, another replica is started.
        queued: requests that a replica may have beside those.
    """
    replicas = serve.deployment(Replica).options(
        name="replica",
        max_ongoing_requests=at_a_time + queued,
        max_queued_requests=shape.waiting,
        autoscaling_config={
            "min_replicas": shape.least_replicas,
            "max_replicas": max(shape.least_replicas, shape.most_replicas),
            "target_ongoing_requests": at_a_time,
        },
        ray_actor_options={"num_cpus": shape.processors},
        graceful_shutdown_timeout_s=_GRACE_SECONDS,
        user_config={},
    )
    relays = serve.deployment(Relay).options(
        name="relay",
        num_replicas=shape.relays,
        max_ongoing_requests=_RELAYED_AT_A_TIME,
        ray_actor_options={"num_cpus": 0},
        graceful_shutdown_timeout_s=_GRACE_SECONDS,
    )
    return relays.bind(replicas.bind(open_app))


def app(arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a serve.Application
    """Builds the application from the settings of this process, for ``serve run`` and ``serve deploy``.

    Args:
        arguments: those of :class:`ClusterShape`.

    Raises:
        SettingsError: an argument or a setting is wrong; or there are no access keys, and nobody has said that
            everyone may ask.
    """
    try:
        shape = ClusterShape.model_validate(dict(arguments))
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"argument {'.'.join(map(str, first['loc']))} is wrong: {first['msg']}") from None
    settings = _for_replicas(read_settings(), shape)
    check_open(settings, _ANY_ADDRESS)
    if settings.records:
        open_records(settings).check()
    return application(partial(_open_app, settings), shape, at_a_time=settings.parallel, queued=settings.max_queue)


def _for_replicas(settings: Settings, shape: ClusterShape) -> Settings:
    """The settings with absolute paths, for a replica has another working directory, and with its threads."""
    paths = {name: value.resolve() for name, value in settings if isinstance(value, Path)}
    threads = settings.threads or max(1, int(shape.processors))
    # Documents are added by ingest alone: replicas would each write to the index.
    return settings.model_copy(update={**paths, "threads": threads, "documents": None})


def _open_app(settings: Settings) -> Any:  # noqa: ANN401 - fastapi.FastAPI, whose home is the service
    """The service's application in a replica, without uploads, guides and tuning."""
    configure_logging(settings.log)
    answerer = open_answerer(settings, recorded=True)
    return configured_app(
        lambda: answerer, settings, admission_limits(settings, None), key_file=open_key_file(settings)
    )
