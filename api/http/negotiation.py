"""Content negotiation: preferences with qualities (RFC 9110, 12.4.2), media types, and the coding of a response."""

from dataclasses import dataclass
from email.message import Message


def media_type(header: str) -> str:
    """Return the lower-case media type in a `Content-Type`, without parameters; text/plain if it names none."""
    message = Message()
    message["Content-Type"] = header
    return message.get_content_type()


def parse_preferences(header: str) -> list[tuple[str, float]]:
    """Parse a header such as `Accept`: lower-case names, each with its quality; 0 if that is not a number."""
    return [_preference(part) for part in header.split(",")]


def _preference(part: str) -> tuple[str, float]:
    name, *parameters = (field.strip() for field in part.split(";"))
    values = dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)
    quality = values.get("q", "1")
    return name.lower(), float(quality) if quality.replace(".", "", 1).isdecimal() else 0.0


@dataclass(frozen=True)
class Coding:
    """Content coding of a response.

    Attributes:
        name: ``gzip``, ``zstd``, or None for no coding.
        is_required: True if the client refuses an uncoded response, however short.
    """

    name: str | None
    is_required: bool

    @classmethod
    def of(cls, header: str) -> "Coding":
        """Choose the coding that an `Accept-Encoding` prefers. Of equals it is zstd, if the header names it.

        If the client accepts none, the response is sent uncoded.
        """
        if not header.strip():
            return cls(None, False)
        qualities = dict(parse_preferences(header))
        any_other = qualities.get("*", 0.0)
        zstd, gzip = qualities.get("zstd", 0.0), qualities.get("gzip", qualities.get("x-gzip", any_other))
        best, name = max((zstd, "zstd"), (gzip, "gzip"))
        is_required = best > 0 and qualities.get("identity", qualities.get("*", 1.0)) == 0
        if best <= 0 or qualities.get("identity", 0.0) > best:
            return cls(None, False)
        return cls(name, is_required)
