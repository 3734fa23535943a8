"""An end for requests whose body does not come: each would hold a connection for as long as it likes."""

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flowstudio.api.problems import door_problem
from flowstudio.graph.ids import new_id

#: For a whole body; the largest one that is taken needs 100 kB a second.
LONGEST_S = 60.0


class SlowBodies:
    """Answers 408 when a body has not come in time; what is inside sees a client that has gone."""

    def __init__(self, app: ASGIApp, longest_s: float = LONGEST_S) -> None:
        self._app = app
        self._longest_s = longest_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with a time until which its body may come."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        end = asyncio.get_running_loop().time() + self._longest_s
        is_whole = is_late = is_answered = False

        async def receive_in_time() -> Message:
            nonlocal is_whole, is_late
            if is_whole:
                # What comes now is that the client has gone, and that may take any time.
                return await receive()
            try:
                async with asyncio.timeout_at(end):
                    message = await receive()
            except TimeoutError:
                is_whole = is_late = True
                return {"type": "http.disconnect"}
            is_whole = not message.get("more_body", False)
            return message

        async def send_noting(message: Message) -> None:
            nonlocal is_answered
            # What is said to a client that has gone is not for one that is only late.
            if is_answered or not is_late:
                is_answered = True
                await send(message)

        try:
            await self._app(scope, receive_in_time, send_noting)
        except ClientDisconnect:
            if not is_late:
                raise
        if is_late and not is_answered:
            detail = f"The body did not come within {self._longest_s:g} seconds."
            await door_problem(408, detail, new_id())(scope, receive, send)
