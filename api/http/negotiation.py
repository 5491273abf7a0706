"""What a caller accepts: wishes with qualities (RFC 9110, 12.4.2), and which coding of an answer they choose."""

from dataclasses import dataclass


def wishes(header: str) -> list[tuple[str, float]]:
    """What a header like `Accept` lists, in lower case, each with its quality; 0 where that is no number."""
    return [_wish(part) for part in header.split(",")]


def _wish(part: str) -> tuple[str, float]:
    name, *parameters = (each.strip() for each in part.split(";"))
    named = dict(each.split("=", 1) for each in parameters if "=" in each)
    quality = named.get("q", "1")
    return name.lower(), float(quality) if quality.replace(".", "", 1).isdecimal() else 0.0


@dataclass(frozen=True)
class Coding:
    """How an answer is coded on its way.

    Attributes:
        name: ``gzip``, ``zstd``, or None for as it is.
        is_required: whether the caller refuses an answer as it is, however short.
    """

    name: str | None
    is_required: bool

    @classmethod
    def of(cls, header: str) -> "Coding":
        """The coding that an `Accept-Encoding` likes best: of equals zstd, but only where it is named.

        Where none is acceptable the answer goes out as it is: better than none.
        """
        if not header.strip():
            return cls(None, False)
        qualities = dict(wishes(header))
        any_other = qualities.get("*", 0.0)
        zstd, gzip = qualities.get("zstd", 0.0), qualities.get("gzip", qualities.get("x-gzip", any_other))
        best, name = max((zstd, "zstd"), (gzip, "gzip"))
        is_required = best > 0 and qualities.get("identity", qualities.get("*", 1.0)) == 0
        if best <= 0 or qualities.get("identity", 0.0) > best:
            return cls(None, False)
        return cls(name, is_required)
