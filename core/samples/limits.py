"""Bounds on uploaded files, and the names that their columns and texts may have."""

import re

from gradlab.errors import Invalid, Problem, shorten

# Columns of a table, several times those of a small colour image with one column for each of its numbers.
MAX_COLUMNS = 5_000
# Arrays of an NPZ file: `x` and `y`, for training and validation, are four.
MAX_ARRAYS = 1_000
# Axes of an array: a video has four, with its rows five.
MAX_AXES = 8
# Characters of a name, as of all names in a spec; control characters would break terminals and tables.
NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
# A text that a spreadsheet would execute: a formula that calls, refers or pipes something, a function behind @, or a
# program behind a sign, as in +cmd|' /C calc'!A0. Phone numbers and mentions, +1 (555) and @user, are texts.
FORMULA = re.compile(r"\s*(=[^|!(]*[|!(]|@[A-Za-z_][\w.]*\(|[+\-@][^|]*\w\|[^!]*!)")
# A file's name in problems, where a problem is none of one column.
THE_FILE = "(the whole file)"


def refusal(expected: str, received: str, field: str = THE_FILE) -> Invalid:
    """Return the error that refuses a file."""
    return Invalid(Problem(field, expected, received))


def check_names(names: list[str]) -> None:
    """Check the names of a file's columns.

    Raises:
        Invalid: there are none, too many, two of one name, or one is no name.
    """
    if not 1 <= len(names) <= MAX_COLUMNS:
        raise refusal(f"1 to {MAX_COLUMNS:,} columns", f"{len(names):,} columns")
    seen: set[str] = set()
    for number, name in enumerate(names, 1):
        if not NAME.fullmatch(name):
            expected = "a name of 1 to 200 characters without control characters"
            raise refusal(expected, shorten(name), f"column {number}")
        if name in seen:
            raise refusal("a name that no other column has", shorten(name), f"column {number}")
        seen.add(name)
        check_formula(name, f"column {number}")


def check_formula(text: str, field: str) -> None:
    """Raise Invalid for a text that spreadsheets would execute."""
    if FORMULA.match(text):
        raise refusal("texts that are no formulas of a spreadsheet", shorten(text), field)


def check_size(size: int, max_bytes: int, what: str = "the file's values") -> None:
    """Raise Invalid if values take more memory than allowed."""
    if size > max_bytes:
        raise refusal(f"at most {max_bytes:,} bytes, unpacked", f"{size:,} bytes of {what}")
