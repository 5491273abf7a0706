"""Where a list goes on, as a text that promises nothing about what is inside."""

import base64
import binascii

from gradlab.errors import Invalid, Problem, shorten


def write_cursor(position: int) -> str:
    """A place in the list as text."""
    return base64.urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> int | None:
    """The place that `write_cursor` wrote down; None for the beginning of the list.

    Raises:
        Invalid: it was not written by `write_cursor`.
    """
    if cursor is None:
        return None
    try:
        digits = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        digits = ""
    # The limit is that of the database's integers.
    if not digits.isdecimal() or len(digits) > 18:
        raise Invalid(Problem("cursor", "the `cursor` of an earlier page's `next`", shorten(cursor)))
    return int(digits)
