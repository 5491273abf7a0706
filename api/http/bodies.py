"""Request bodies: check of the API key, then of size and nesting, then validation in a thread.

FastAPI reads a body before it calls any dependency, validates it on the event loop, and reports every wrong item. A
body of a megabyte can contain so many wrong items that all other requests would wait for seconds.
"""

import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, ClassVar

from anyio.to_thread import run_sync
from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect

from api.http.dependencies import SERVICE_KEY, Services
from api.http.errors import BodyIncomplete, UnsupportedMediaType
from api.http.negotiation import media_type
from core.settings import Settings
from core.use_cases.samples import fill_in
from gradlab.errors import Invalid, Problem
from gradlab.facts.wiring import MAX_TENSORS
from gradlab.spec.bounds import context
from gradlab.spec.problems import THE_BODY, invalid

# Nesting of lists and objects. 30 nested blocks of layers, with their contents, fit in.
MAX_DEPTH = 64
# Fields of one object: several times as many as the largest model has.
MAX_FIELDS = 500
# Values of a body, lists and objects included. To report 50,000 wrong values takes an eighth of a second, and holds the
# interpreter's lock meanwhile. A spec within the default bounds has a tenth of them.
MAX_VALUES = 50_000
# Bodies with series: numbers are not validated one by one. Numbers, and lists and objects that contain them.
MAX_NUMBERS, MAX_LISTS = 10_000_000, 200_000

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True)
class Limits:
    """Limits on the contents of a body.

    Attributes:
        values: maximum number of values of any type.
        lists: maximum number of lists and objects among them.
        fields: maximum number of fields of one object.
    """

    values: int
    lists: int
    fields: int = MAX_FIELDS


class BodyRoute(APIRoute):
    """Route whose body is parsed and validated in a thread, after the check of the API key."""

    limits: ClassVar[Limits] = Limits(values=MAX_VALUES, lists=MAX_VALUES)

    @classmethod
    def read(cls, body: bytes, adapter: TypeAdapter[Any], services: Services) -> Any:
        """Parse and validate a body; see `read`."""
        return read(body, adapter, services.settings, cls.limits)

    def get_route_handler(self) -> Handler:
        """Wrap FastAPI's handler, so that it receives the validated value instead of the text."""
        handler = super().get_route_handler()
        if self.body_field is None:
            return handler
        info = self.body_field.field_info
        kind: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
        adapter: TypeAdapter[Any] = TypeAdapter(kind)

        async def read_first(request: Request) -> Response:
            services: Services = request.app.state.services
            await SERVICE_KEY(request)
            if body := await _received(request):
                _check_media_type(request)
                value = await run_sync(self.read, body, adapter, services, limiter=services.body_readers)
                request = _Read(request, body, value)
            return await handler(request)

        return read_first


class NumbersRoute(BodyRoute):
    """Route whose body consists mostly of numbers; the length of the body bounds their count."""

    limits = Limits(values=MAX_NUMBERS, lists=MAX_LISTS, fields=MAX_TENSORS)


class SpecRoute(BodyRoute):
    """Route whose body is a spec. What follows from an uploaded dataset is filled in before it is validated."""

    @classmethod
    def read(cls, body: bytes, adapter: TypeAdapter[Any], services: Services) -> Any:
        """Parse, complete and validate a spec.

        Raises:
            Invalid: the spec is wrong, or names a dataset that is not there.
            Conflict: it names a dataset that is not ready yet.
        """
        return read(body, adapter, services.settings, cls.limits, partial(fill_in, store=services.store))


class StudyRoute(BodyRoute):
    """Route whose body has a spec as its `base`, which is completed as by `SpecRoute`."""

    @classmethod
    def read(cls, body: bytes, adapter: TypeAdapter[Any], services: Services) -> Any:
        """Parse, complete and validate a body; see `SpecRoute`."""

        def complete(value: Any) -> Any:
            if not isinstance(value, dict) or "base" not in value:
                return value
            try:
                return value | {"base": fill_in(value["base"], store=services.store)}
            except Invalid as error:
                problems = (replace(each, field=f"base.{each.field}") for each in error.problems)
                raise Invalid(*problems, omitted=error.omitted) from None

        return read(body, adapter, services.settings, cls.limits, complete)


class _Read(Request):
    """Request with a validated body, which FastAPI uses as it is."""

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
    except ClientDisconnect as error:
        raise BodyIncomplete("the client disconnected before its body was complete") from error


def _check_media_type(request: Request) -> None:
    kind, subtype = media_type(request.headers.get("Content-Type", "")).split("/")
    if kind != "application" or not (subtype == "json" or subtype.endswith("+json")):
        raise UnsupportedMediaType("send the body as JSON, with `Content-Type: application/json`")


def read(
    text: bytes,
    adapter: TypeAdapter[Any],
    settings: Settings,
    limits: Limits,
    complete: Callable[[Any], Any] = lambda value: value,
) -> Any:
    """Parse and validate a body; `complete` is called with the parsed value, and returns the one to validate.

    Raises:
        Invalid: it is not JSON, has too many values, is nested too deeply, or does not fit the model. The first
            problems are listed, the others are counted.
    """
    if text.count(b"[") + text.count(b"{") > limits.lists:  # checked before they are allocated
        raise Invalid(Problem(THE_BODY, f"at most {limits.lists:,} lists and objects", "more"))
    value = _json(text)
    _check_size(value, limits)
    try:
        return adapter.validate_python(complete(value), context=context(settings))
    except ValidationError as error:
        raise invalid(error, value) from None  # the original error holds every wrong value, and is not needed


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        received = f"something else at character {error.pos}"
        raise Invalid(Problem(THE_BODY, f"JSON ({error.msg})", received)) from error
    except (ValueError, RecursionError) as error:  # not UTF-8; a number of thousands of digits
        expected = "JSON, not nested too deeply, without endless numbers"
        raise Invalid(Problem(THE_BODY, expected, "something else")) from error


def _check_size(value: Any, limits: Limits) -> None:
    """Check depth, width and number of values, level by level, before validation.

    Raises:
        Invalid: the body is nested too deeply, has too many values, or an object has too many fields.
    """
    level, count = [value], 0
    for _ in range(MAX_DEPTH):
        count += len(level)
        if count > limits.values:
            raise Invalid(Problem(THE_BODY, f"at most {limits.values:,} values", "more"))
        inner: list[Any] = []
        for node in level:
            if isinstance(node, list):
                inner += node
            elif isinstance(node, dict):
                if len(node) > limits.fields:
                    first = ", ".join(list(node)[:3])
                    received = f"{len(node):,} fields: {first[:80]} …"
                    raise Invalid(Problem(THE_BODY, f"objects of at most {limits.fields} fields", received))
                inner += node.values()
        if not inner:
            return
        level = inner
    raise Invalid(Problem(THE_BODY, f"JSON, not nested too deeply: {MAX_DEPTH} levels at most", "more levels"))
