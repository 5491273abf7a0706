"""Turn pydantic's validation errors into problems: the field, the expected value, the received value."""

from collections.abc import Iterable, Mapping, Sequence, Sized
from typing import Any

from pydantic import BeforeValidator, ValidationError

from gradlab.errors import MAX_PROBLEMS, Invalid, Problem, shorten
from gradlab.frozen import BY_NAME, FOR_ALL, PRINTABLE, impossible

# Characters of a problem's field, expected text and received text, each. Our longest text lists all kinds of layers.
MAX_CHARACTERS = 2_000
# Characters of a list of valid names: some fifty kinds. An answer names them twice, and is to be read at a glance.
MAX_LISTED = 700
# Stands for a field where the text is no JSON, or the value no object.
THE_BODY = "(the whole body)"
# Longer names are not misspelt ones, and the time of a comparison grows with the square of their length.
MAX_COMPARED = 100


def from_pydantic(errors: Iterable[Mapping[str, Any]]) -> tuple[Problem, ...]:
    """Return the problems for pydantic's error dictionaries, without errors that only follow from others."""
    return tuple(_problem(error) for error in errors if not _only_follows(error))


def invalid(error: ValidationError, body: Any) -> Invalid:
    """Return the error of an invalid body, each problem once: the first `MAX_PROBLEMS`, and the number of the rest.

    Args:
        error: pydantic's error.
        body: the JSON value that was validated.
    """
    named: dict[Problem, None] = {}
    errors = [each for each in error.errors(include_url=False) if not _only_follows(each)]
    for place, each in enumerate(errors):
        if len(named) == MAX_PROBLEMS:
            return Invalid(*named, omitted=len(errors) - place)
        named.setdefault(_problem({**each, "loc": without_tags(each["loc"], body)}))
    return Invalid(*named)


def at_most(limit: int) -> Any:
    """Return a validator that checks a list's length before its items are validated.

    Pydantic's `max_length` counts valid items only, so it would report every item of a long list of invalid ones.
    """

    def check(value: Any) -> Any:
        if isinstance(value, Sized) and not isinstance(value, str | bytes) and len(value) > limit:
            raise impossible("", f"a length of at most {limit}", f"{len(value):,} items")
        return value

    return BeforeValidator(check)


def _only_follows(error: Mapping[str, Any]) -> bool:
    """True for "too short" about a list whose items are invalid: pydantic counts only the valid items."""
    return bool(error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"])


def _problem(error: Mapping[str, Any]) -> Problem:
    context, loc = error.get("ctx", {}), error["loc"]
    field = ".".join(part for part in (_path(loc), context.get("field", "")) if part) or THE_BODY
    return Problem(*(_cut(text) for text in (field, _expected(error, context), _received(error, context))))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 1]}…"


def _path(loc: tuple[int | str, ...]) -> str:
    """Write ("model", "layers", 0, "units") as model.layers[0].units."""
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


def without_tags(loc: tuple[int | str, ...], body: Any) -> tuple[int | str, ...]:
    """Return `loc` without names that are not fields: pydantic also lists the union members that it tried."""
    kept: list[int | str] = []
    for part in loc:
        if isinstance(part, str) and (not isinstance(body, dict) or (part not in body and part in _tags(body))):
            continue
        kept.append(part)
        try:
            body = body[part]
        except (KeyError, IndexError, TypeError):
            body = None if isinstance(part, int) else {}
    return tuple(kept)


def _tags(body: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the discriminators of a JSON object: its kind, a spec's source, the form of a network or of a field."""
    source = "external" if body.get("source") == "external" else "service"
    return body.get("kind"), source, "graph" if "nodes" in body else "chain", FOR_ALL, BY_NAME


def _received(error: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    if "received" in context:
        return str(context["received"])
    if error["type"] == "missing":
        return "nothing"
    if error["type"] == "union_tag_invalid":
        return shorten(context["tag"])
    return shorten(error.get("input"))


def _expected(error: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    match error["type"]:
        case "impossible":
            return str(context["expected"])
        case "value_error":
            return str(context["error"])
        case "missing":
            return "a value: the field is required"
        case "extra_forbidden":
            return "no such field"
        case "union_tag_invalid":
            names = [kind.strip("' ") for kind in str(context["expected_tags"]).split(",")]
            return among(names, str(context["tag"]))
        case "union_tag_not_found" | "model_type" | "model_attributes_type":
            return "a name, or an object with `kind`"
        case "greater_than":
            return f"a number above {context['gt']}"
        case "greater_than_equal":
            return f"a number of at least {context['ge']}"
        case "less_than":
            return f"a number below {context['lt']}"
        case "less_than_equal":
            return f"a number of at most {context['le']}"
        case "finite_number":
            return "a finite number"
        case "too_short" | "string_too_short":
            return f"a length of at least {context['min_length']}"
        case "too_long" | "string_too_long":
            return f"a length of at most {context['max_length']}"
        case "string_pattern_mismatch":
            pattern = str(context["pattern"])
            return "text without control characters" if pattern == PRINTABLE else f"text of the form {pattern}"
        case "json_invalid":
            return f"JSON ({context['error']})"
        case _:
            message = str(error["msg"])
            return message.removeprefix("Input should be ").removeprefix("Value error, ")


def among(names: Sequence[str], name: str) -> str:
    """Return the expected text for a `name` that is none of `names`: all of them, and the closest match."""
    from difflib import get_close_matches

    close = get_close_matches(name, names, n=1) if len(name) <= MAX_COMPARED else []
    hint = f" (did you mean {close[0]}?)" if close else ""
    listed = ", ".join(names)
    if len(listed) > MAX_LISTED:
        shown = listed[:MAX_LISTED].rsplit(", ", 1)[0]
        listed = f"{shown} and {len(names) - shown.count(', ') - 1:,} more"
    return f"one of {listed}{hint}"
