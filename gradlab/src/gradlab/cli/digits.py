"""Ids of uploaded files on the command line: beginnings of their digits."""

from collections.abc import Iterable

from gradlab.errors import Invalid, Problem
from gradlab.schemas.datasets import ID_PREFIX

# Digits that lists show; commands take them.
SHORT_ID = 12
ID_DIGITS = 64
# Of the files that share a beginning.
MAX_NAMED = 3


def short(id: str) -> str:
    """Return the digits of an id that lists show."""
    return id.removeprefix(ID_PREFIX)[:SHORT_ID]


def beginning_with(text: str, ids: Iterable[str], what: str, command: str) -> str:
    """Return the one id whose digits begin with `text`. A whole id is returned unasked.

    Args:
        text: digits, perhaps with the name of the hash before them.
        ids: all ids.
        what: what they are ids of, for an error's message.
        command: the command that lists them.

    Raises:
        Invalid: `text` begins no id, or several.
    """
    digits = text.removeprefix(ID_PREFIX)
    if len(digits) == ID_DIGITS:
        return ID_PREFIX + digits
    matches = [each for each in ids if digits and each.startswith(ID_PREFIX + digits)]
    if len(matches) != 1:
        received = ", ".join(matches[:MAX_NAMED]) or text or "nothing"
        expected = f"the id of {what}, or a beginning of its digits that no other shares; `{command}` has them"
        raise Invalid(Problem("id", expected, received))
    return matches[0]
