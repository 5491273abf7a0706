"""The one kind of message there is, and how anything else is recognised.

A broker is a shared place: a full disk, a power cut or another program may leave in it what no worker can read. A
message is only a hint, so whatever is not exactly one of ours is put aside: the sweep sends a new one about any row
that waits.
"""

import base64
import binascii
import json
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gradlab.errors import shorten

# The one task, and the queue in which it waits.
TRAIN = "gradlab.train"
QUEUE = "gradlab"
# What we publish takes about 1,500 bytes; what is larger is not read to its end.
MAX_MESSAGE_BYTES = 65_536


class _Part(BaseModel):
    """Of a message only what is read here is handed on: another program's fields reach nobody."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Headers(_Part):
    lang: Literal["py"] = "py"
    task: Literal["gradlab.train"]
    id: str
    root_id: str | None = None
    parent_id: str | None = None
    eta: None = None
    expires: None = None
    group: None = None
    retries: Literal[0] = 0
    timelimit: tuple[None, None] = (None, None)
    argsrepr: str = ""
    kwargsrepr: str = ""
    origin: str | None = None


class _Destination(_Part):
    exchange: str = ""
    routing_key: str


class _Properties(_Part):
    delivery_tag: str
    delivery_info: _Destination
    delivery_mode: int = 2
    priority: int = 0
    body_encoding: Literal["base64"]
    correlation_id: str | None = None
    reply_to: str | None = None


class _Message(_Part):
    body: str
    headers: _Headers
    properties: _Properties
    content_type: Literal["application/json"] = Field(alias="content-type")
    content_encoding: Literal["utf-8"] = Field(alias="content-encoding")


# Arguments, keyword arguments, and what is to follow: nothing.
_BODY = TypeAdapter(tuple[tuple[UUID], dict[str, None], dict[str, None]])


def decode(content: bytes) -> dict[str, Any]:
    """The message as kombu hands it on. Raises ValueError, with the reason, if it is none of ours."""
    if len(content) > MAX_MESSAGE_BYTES:
        raise ValueError(f"expected at most {MAX_MESSAGE_BYTES:,} bytes; received more")
    if not content:
        raise ValueError("expected a message; received an empty one")
    try:
        message = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"expected JSON; received {shorten(content)} ({type(error).__name__})") from error
    return checked(message)


def checked(message: object) -> dict[str, Any]:
    """The message as kombu hands it on. Raises ValueError unless it asks for the training of one experiment."""
    if not isinstance(message, dict):
        raise ValueError(f"expected a Celery message; received {shorten(message)}")
    try:
        read = _Message.model_validate(message)
        _BODY.validate_json(base64.b64decode(read.body, validate=True))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "body"
        raise ValueError(f"{where}: {first['msg']}; received {shorten(first['input'])}") from error
    except binascii.Error as error:
        raise ValueError(f"body: expected base64; received {shorten(message['body'])}") from error
    return read.model_dump(by_alias=True)
