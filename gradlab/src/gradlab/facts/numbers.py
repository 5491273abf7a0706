"""Number: a float that may be NaN or infinite, which JSON writes as a word; and the bound of what travels as JSON."""

import math
from typing import Annotated, Any, TypeVar

from pydantic import AllowInfNan, BaseModel, BeforeValidator, PlainSerializer, WithJsonSchema

from gradlab.frozen import impossible

Sent = TypeVar("Sent", bound=BaseModel)

# Text for the numbers that JSON cannot express.
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def _read(value: Any) -> Any:
    return WORDS.get(value, value) if isinstance(value, str) else value


def _written(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


# It is read back bit for bit.
Number = Annotated[
    float,
    AllowInfNan(True),
    BeforeValidator(_read),
    PlainSerializer(_written, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "enum": list(WORDS)}]}),
]


def bounded(sent: Sent, max_bytes: int) -> Sent:
    """Return what is sent. Raises pydantic's error if it takes more than `max_bytes` as JSON."""
    size = len(sent.model_dump_json().encode())
    if size > max_bytes:
        raise impossible("", f"at most {max_bytes:,} bytes as JSON", f"{size:,} bytes")
    return sent
