"""Cursors of lists: positions as opaque text."""

import base64
import binascii

from gradlab.errors import Invalid, Problem, shorten


def write_cursor(position: int) -> str:
    """Encode a position in the list."""
    return base64.urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> int | None:
    """Decode the position in a cursor; None for the beginning of the list.

    Raises:
        Invalid: `write_cursor` did not write the cursor.
    """
    if cursor is None:
        return None
    try:
        digits = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        digits = ""
    # More digits do not fit into the database's integers.
    if not digits.isdecimal() or len(digits) > 18:
        raise Invalid(Problem("cursor", "the `cursor` of an earlier page's `next`", shorten(cursor)))
    return int(digits)
