"""HTTP with a provider: one request, its stream of chunks, and every way it can fail."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from flowstudio.errors import ModelError
from flowstudio.llm.answer import Answer
from flowstudio.llm.errors import (
    AnswerError,
    BrokenAnswerError,
    RefusedError,
    UnreachableError,
)
from flowstudio.llm.failures import KEY_SETTING, as_error, read_failure
from flowstudio.llm.sse import EventParser

_MAX_BODY = 100_000_000
_MAX_ERROR_BODY = 100_000
_DONE = b"[DONE]"
_END_S = 0.1
_MISSHAPEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Wire:
    """A connection to one provider.

    Attributes:
        name: of the provider, for people.
        headers: sent with every request; the key is among them, so they are never shown.
        secret: hidden wherever the provider repeats it.
        hint: what a person can do when it is out of reach.
        silence_s: the longest wait for the next sign of life.
        key_place: where a person finds the key when it is refused.
    """

    http: httpx.AsyncClient
    name: str
    base_url: str
    headers: Mapping[str, str]
    secret: str
    hint: str
    silence_s: float
    key_place: str = KEY_SETTING

    def __repr__(self) -> str:
        return f"Wire({self.name!r}, {self.base_url!r})"

    async def chat(
        self, body: Mapping[str, Any], answer: Answer, on_text: Callable[[str], None]
    ) -> None:
        """Stream one answer into `answer`, telling `on_text` each piece of text as it comes.

        Raises:
            ModelError: whatever went wrong; `answer` keeps what had come by then.
        """
        async with self._request("POST", "/chat/completions", answer.model, body) as response:
            answer.generation_id = response.headers.get("x-generation-id")
            if response.headers.get("content-type", "").startswith("text/event-stream"):
                await self._read_events(response, answer, on_text)
            else:
                data = await _read(response, _MAX_BODY)
                if text := self._take(data, answer):
                    on_text(text)
        self._check_end(answer)

    async def call(
        self, method: str, path: str, model: str = "", body: Mapping[str, Any] | None = None
    ) -> Any:
        """One request that is answered by one JSON object.

        Raises:
            ModelError: whatever went wrong.
        """
        async with self._request(method, path, model, body) as response:
            data = await _read(response, _MAX_BODY)
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise self._garbled(data) from error
        if not isinstance(value, dict):
            raise self._garbled(data)
        if "error" in value and "data" not in value:
            raise self._failure(model, 0, {}, data)
        return value

    @asynccontextmanager
    async def _request(
        self, method: str, path: str, model: str, body: Mapping[str, Any] | None
    ) -> AsyncIterator[httpx.Response]:
        content = None if body is None else orjson.dumps(body)
        timeout = httpx.Timeout(self.silence_s, connect=10, write=30, pool=None)
        try:
            async with self.http.stream(
                method,
                self.base_url + path,
                content=content,
                headers=self.headers,
                timeout=timeout,
            ) as response:
                if response.status_code != 200:
                    data = await _read(response, _MAX_ERROR_BODY)
                    raise self._failure(model, response.status_code, response.headers, data)
                yield response
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._unreachable(error) from error

    async def _read_events(
        self, response: httpx.Response, answer: Answer, on_text: Callable[[str], None]
    ) -> None:
        parser = EventParser()
        take = self._take
        chunks = response.aiter_bytes()
        async for chunk in chunks:
            for data in parser.feed(chunk):
                if data == _DONE:
                    await _read_off(chunks)
                    return
                if text := take(data, answer):
                    on_text(text)

    def _take(self, data: bytes, answer: Answer) -> str:
        try:
            chunk = orjson.loads(data)
            error = chunk.get("error")
            text = answer.add(chunk)
        except _MISSHAPEN as problem:
            raise self._garbled(data) from problem
        if error:
            raise self._failure(answer.model, 0, {}, data)
        return text

    def _check_end(self, answer: Answer) -> None:
        match answer.finish_reason:
            case None:
                raise BrokenAnswerError(
                    f"{self.name} closed the connection before {answer.model} had finished."
                )
            case "error":
                raise BrokenAnswerError(f"{answer.model} broke off with an error, at {self.name}.")
            case "content_filter":
                raise RefusedError(
                    f"{self.name} held the answer of {answer.model} back: its content filter "
                    "did not let it pass."
                )
        if not answer.has_begun and answer.finish_reason == "length":
            raise AnswerError(
                f"{answer.model} used up max_tokens before it said anything. Raise max_tokens.",
                retryable=False,
            )

    def _failure(
        self, model: str, status: int, headers: Mapping[str, str], data: bytes
    ) -> ModelError:
        if self.secret:
            data = data.replace(self.secret.encode(), b"***")
        return as_error(read_failure(self.name, model, status, headers, data), self.key_place)

    def _garbled(self, data: bytes) -> BrokenAnswerError:
        start = data[:80].decode(errors="replace")
        if self.secret:
            start = start.replace(self.secret, "***")
        return BrokenAnswerError(f"{self.name} sent something that is no answer: {start!r}")

    def _unreachable(self, error: Exception) -> ModelError:
        host = httpx.URL(self.base_url).netloc.decode() if _is_url(self.base_url) else self.base_url
        reason = str(error) or type(error).__name__
        match error:
            case httpx.InvalidURL() | httpx.UnsupportedProtocol():
                return UnreachableError(
                    f"{self.base_url!r} is no address of {self.name}. {self.hint}", retryable=False
                )
            case httpx.ReadTimeout():
                return UnreachableError(
                    f"{self.name} at {host} was silent for {self.silence_s:g} seconds; "
                    "the call was ended."
                )
            case httpx.RemoteProtocolError() | httpx.ReadError() | httpx.WriteError():
                return BrokenAnswerError(f"{self.name} at {host} cut the connection: {reason}")
        return UnreachableError(f"{self.name} cannot be reached at {host}: {reason}. {self.hint}")


def _is_url(text: str) -> bool:
    try:
        return bool(httpx.URL(text).host)
    except httpx.InvalidURL:
        return False


async def _read_off(chunks: AsyncIterator[bytes]) -> None:
    # A connection can be used again only when its answer has been read to the end, which follows
    # the end mark at once.
    with suppress(TimeoutError):
        async with asyncio.timeout(_END_S):
            async for _ in chunks:
                pass


async def _read(response: httpx.Response, limit: int) -> bytes:
    data = bytearray()
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > limit:
            break
    return bytes(data[:limit])
