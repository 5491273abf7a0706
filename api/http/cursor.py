"""Cursors of lists: positions as opaque text, and the addresses of the pages that they begin."""

import base64
import binascii
from typing import Annotated

from fastapi import Query, Request

from gradlab.errors import Invalid, Problem, shorten

Cursor = Annotated[str | None, Query(description="`cursor` in the `next` of the previous page")]


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


def next_page(request: Request, position: int | None) -> str | None:
    """Return path and query of the page that begins at a position; None after the last page."""
    if position is None:
        return None
    url = request.url.include_query_params(cursor=write_cursor(position))
    return f"{url.path}?{url.query}"
