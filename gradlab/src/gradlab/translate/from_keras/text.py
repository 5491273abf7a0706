"""The text of a Keras configuration, read within bounds: no object is made from it."""

import json
from collections.abc import Iterator
from typing import Any

from gradlab.errors import Invalid, Problem, shorten
from gradlab.spec.problems import THE_BODY

# The configuration of a network of 200 layers has 0.2 MB, and one of the longest lists that a spec may have, 20 MB.
MAX_CHARACTERS = 8_000_000
# Lists and objects inside one another. A nested model takes five levels; the functions that read it recurse as deep.
MAX_DEPTH = 64


def parse(text: str | bytes) -> dict[str, Any]:
    """Parse the text of a configuration.

    Raises:
        Invalid: it is too long, no JSON object, or nested too deeply.
    """
    if len(text) > MAX_CHARACTERS:
        raise Invalid(Problem(THE_BODY, f"at most {MAX_CHARACTERS:,} characters", f"{len(text):,}"))
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise Invalid(Problem(THE_BODY, f"JSON ({error.msg})", f"something else at character {error.pos}")) from error
    except (ValueError, RecursionError) as error:  # not UTF-8; a number of thousands of digits
        raise Invalid(
            Problem(THE_BODY, "JSON, not nested too deeply, without endless numbers", "other text")
        ) from error
    return check(value)


def check(value: Any) -> dict[str, Any]:
    """Return a parsed configuration, if it is an object of bounded depth whose texts can be written.

    Raises:
        Invalid: it is no object, nested too deeply, or a text in it is not Unicode.
    """
    if not isinstance(value, dict):
        expected = "the JSON object that `model.to_json()` returns, or that stands in config.json of a .keras file"
        raise Invalid(Problem(THE_BODY, expected, shorten(value)))
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for node in level for inner in _inside(node)]
        if not level:
            return value
        if any(isinstance(node, str) and not _is_whole(node) for node in level):
            raise Invalid(Problem(THE_BODY, "texts of whole characters", "half of a surrogate pair"))
    raise Invalid(Problem(THE_BODY, f"JSON of at most {MAX_DEPTH} levels", "more levels"))


def _inside(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from node
        yield from node.values()
    elif isinstance(node, list | tuple):
        yield from node


def _is_whole(text: str) -> bool:
    """False for a text with half of a surrogate pair, which JSON can escape and UTF-8 cannot write."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
