"""Application of the service in a replica: opened once, asked by values, and closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing

from fastapi import FastAPI
from starlette.types import Message

from rag.service.replicas.asgi_request import AsgiRequest, responses

OpenApp = Callable[[], FastAPI]


class HostedApp:
    """An application that is not served on a socket; the first request opens it, if nobody has before."""

    def __init__(self, open_app: OpenApp) -> None:
        self._open_app = open_app
        self._app: FastAPI | None = None
        self._opening = asyncio.Lock()
        self._lifespan = AsyncExitStack()

    async def open(self) -> FastAPI:
        """Opens the application in a thread, and begins its lifespan, once. Raises what these raise."""
        async with self._opening:
            if self._app is None:
                app = await asyncio.to_thread(self._open_app)
                await self._lifespan.enter_async_context(app.router.lifespan_context(app))
                self._app = app
            return self._app

    async def respond(self, request: AsgiRequest) -> AsyncGenerator[Message, None]:
        """The messages of the response, as ASGI defines them; whoever closes this generator has gone."""
        async with aclosing(responses(await self.open(), request)) as messages:
            async for message in messages:
                yield message

    async def close(self) -> None:
        """Ends the lifespan, if it has begun."""
        await self._lifespan.aclose()
