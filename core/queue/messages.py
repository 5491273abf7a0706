"""The service's one kind of message, and its validation.

A full disk, a power cut or another program may leave items in a broker that no worker can read. Everything that is not
exactly a message of this service is put aside: the sweep sends a new message about every experiment that waits.
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
# Messages of this service have about 1,500 bytes. Larger items are rejected, and not read to their end.
MAX_MESSAGE_BYTES = 65_536


class _Part(BaseModel):
    """A part of a message. Fields that are not declared are dropped, so that none of another program reach Celery."""

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


# Arguments, keyword arguments, and callbacks, which are empty.
_BODY = TypeAdapter(tuple[tuple[UUID], dict[str, None], dict[str, None]])


def decode(content: bytes) -> dict[str, Any]:
    """Parse a message for kombu. Raises ValueError, with the reason, if it is not one of this service."""
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
    """Return the validated message for kombu. Raises ValueError unless it requests the training of one experiment."""
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
