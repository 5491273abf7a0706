"""How a request's body is read: the key first, then its form, then what it says, beside the event loop.

FastAPI reads a body before any dependency is asked, validates it on the event loop, and names every wrong item: a body
of a megabyte can hold so many that everybody else would wait for seconds.
"""

import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from email.message import Message
from typing import Annotated, Any, ClassVar

from anyio.to_thread import run_sync
from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect

from api.http.dependencies import BEARER, Services, authorized
from api.http.errors import BodyIncomplete, UnsupportedMediaType
from core.settings import Settings
from gradlab.errors import Invalid, Problem
from gradlab.spec.bounds import context
from gradlab.spec.problems import invalid

THE_BODY = "(the whole body)"
# Lists and objects in one another: 30 blocks, one within the other, and what is in them.
MAX_DEPTH = 64
# Fields of one object: several times as many as the largest of ours has.
MAX_FIELDS = 500
# Values of a body, lists and objects among them, each of which may be wrong in some way: to say of 50,000 what is wrong
# with them holds the interpreter's lock for an eighth of a second. A spec within the usual bounds has a tenth of them.
MAX_VALUES = 50_000
# Of series, which are numbers that are taken as they come: the numbers, and the lists and objects that they are in.
MAX_NUMBERS, MAX_LISTS = 10_000_000, 200_000

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True)
class Limits:
    """How much a body may hold.

    Attributes:
        values: numbers, texts, lists, objects and so on, all together.
        lists: lists and objects among them.
    """

    values: int
    lists: int


class BodyRoute(APIRoute):
    """A route whose body, where it has one, is read and validated in a thread, once the key has been shown."""

    limits: ClassVar[Limits] = Limits(values=MAX_VALUES, lists=MAX_VALUES)

    def get_route_handler(self) -> Handler:
        """FastAPI's own handler, which is given the validated value instead of the text."""
        handler = super().get_route_handler()
        if self.body_field is None:
            return handler
        info = self.body_field.field_info
        kind: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
        adapter: TypeAdapter[Any] = TypeAdapter(kind)

        async def read_first(request: Request) -> Response:
            services: Services = request.app.state.services
            authorized(services.settings, await BEARER(request))
            if body := await _received(request):
                _check_media_type(request)
                value = await run_sync(
                    read, body, adapter, services.settings, self.limits, limiter=services.body_readers
                )
                request = _Read(request, body, value)
            return await handler(request)

        return read_first


class NumbersRoute(BodyRoute):
    """A route whose body is mostly numbers, and may have as many as its length allows."""

    limits = Limits(values=MAX_NUMBERS, lists=MAX_LISTS)


class _Read(Request):
    """A request whose body has been read: FastAPI takes the validated value as it is."""

    def __init__(self, request: Request, body: bytes, value: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._text, self._value = body, value

    async def body(self) -> bytes:
        return self._text

    async def json(self) -> Any:
        return self._value


async def _received(request: Request) -> bytes:
    try:
        return await request.body()
    except ClientDisconnect as gone:
        raise BodyIncomplete("the caller has gone before its body was there") from gone


def _check_media_type(request: Request) -> None:
    message = Message()
    message["Content-Type"] = request.headers.get("Content-Type", "")
    subtype = message.get_content_subtype()
    if message.get_content_maintype() != "application" or not (subtype == "json" or subtype.endswith("+json")):
        raise UnsupportedMediaType("send the body as JSON, with `Content-Type: application/json`")


def read(text: bytes, adapter: TypeAdapter[Any], settings: Settings, limits: Limits) -> Any:
    """The value that a body says.

    Raises:
        Invalid: it is no JSON, has too many values or too deep ones, or is not what is asked for; the first problems
            are named, the rest is counted.
    """
    if text.count(b"[") + text.count(b"{") > limits.lists:  # before they are made
        raise Invalid(Problem(THE_BODY, f"at most {limits.lists:,} lists and objects", "more"))
    value = _json(text)
    _check_size(value, limits.values)
    try:
        return adapter.validate_python(value, context=context(settings))
    except ValidationError as error:
        raise invalid(error, value) from None  # the error holds all that is wrong: nobody needs it any more


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        received = f"something else at character {error.pos}"
        raise Invalid(Problem(THE_BODY, f"JSON ({error.msg})", received)) from error
    except (ValueError, RecursionError) as error:  # no text in UTF-8; a number of thousands of digits
        expected = "JSON, not nested too deeply, without endless numbers"
        raise Invalid(Problem(THE_BODY, expected, "something else")) from error


def _check_size(value: Any, max_values: int) -> None:
    """Refuse what is too deep, too wide or too much, level by level, before anything else looks at it."""
    level, count = [value], 0
    for _ in range(MAX_DEPTH):
        count += len(level)
        if count > max_values:
            raise Invalid(Problem(THE_BODY, f"at most {max_values:,} values", "more"))
        inner: list[Any] = []
        for each in level:
            if isinstance(each, list):
                inner += each
            elif isinstance(each, dict):
                if len(each) > MAX_FIELDS:
                    first = ", ".join(list(each)[:3])
                    received = f"{len(each):,} fields: {first[:80]} …"
                    raise Invalid(Problem(THE_BODY, f"objects of at most {MAX_FIELDS} fields", received))
                inner += each.values()
        if not inner:
            return
        level = inner
    raise Invalid(Problem(THE_BODY, f"JSON, not nested too deeply: {MAX_DEPTH} levels at most", "more levels"))
