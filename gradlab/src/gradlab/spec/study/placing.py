"""The spec of one point of a study: the base spec with a value at each axis."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from gradlab.errors import Invalid, Problem, shorten
from gradlab.frozen import MAX_NAME
from gradlab.spec.experiment import ExperimentSpec
from gradlab.spec.problems import invalid
from gradlab.spec.study.axes import Axis, written
from gradlab.spec.study.knobs import Misplaced, turn

# A problem's text about a field that a kind does not have.
NO_FIELD = "no such field"
# A point of a study: one value for each axis, in their order.
Point = tuple[Any, ...]


@dataclass(frozen=True)
class _Written:
    """The fields of a point's spec, and for each axis the paths that it wrote, as problems name them."""

    fields: dict[str, Any]
    paths: tuple[tuple[str, ...], ...]


def place(
    base: Mapping[str, Any],
    axes: Sequence[Axis],
    point: Point,
    seeds: Sequence[int],
    context: Mapping[str, Any] | None = None,
) -> ExperimentSpec:
    """Return the spec of a point. Its name is the base's with the values behind it.

    Args:
        base: the base spec as JSON, every default written out.
        axes: the study's axes.
        point: a value for each of them.
        seeds: the seeds of the spec.
        context: pydantic's context, such as the service's bounds.

    Raises:
        Invalid: an axis names no field, or the fields do not take the values; one problem, which names the axis and
            the value.
    """
    written_at = _write(base, axes, point)
    fields = written_at.fields | {"name": named(base["name"], axes, point), "seeds": list(seeds)}
    try:
        return ExperimentSpec.model_validate(fields, context=context)
    except ValidationError as error:
        raise Invalid(_blamed(invalid(error, fields).problems[0], axes, point, written_at.paths)) from error


def named(name: str, axes: Sequence[Axis], point: Point) -> str:
    """Return the name of a cell: ``deep tanh (depth 3, width 5)``, cut where it is too long for a spec."""
    whole = f"{name} ({described(axes, point)})"
    return whole if len(whole) <= MAX_NAME else f"{whole[: MAX_NAME - 1]}…"


def described(axes: Sequence[Axis], point: Point) -> str:
    """Return a point in words: ``depth 3, width 5``."""
    return ", ".join(f"{axis.label} {shown(value)}" for axis, value in zip(axes, point, strict=True))


def shown(value: Any) -> str:
    """Return a value of an axis in a few characters; of an object with a kind the kind, and what else it has."""
    if isinstance(value, dict) and isinstance(kind := value.get("kind"), str):
        others = [f"{name}={shown(each)}" for name, each in value.items() if name != "kind"]
        return f"{kind}({', '.join(others)})" if others else kind
    return value if isinstance(value, str) else f"{value:.6g}" if isinstance(value, float) else written(value)


def _write(base: Mapping[str, Any], axes: Sequence[Axis], point: Point) -> _Written:
    fields, paths = deepcopy(dict(base)), []
    for i, (axis, value) in enumerate(zip(axes, point, strict=True)):
        try:
            if axis.knob:
                paths.append(turn(axis.knob, fields, value))
            else:
                paths.append((_set(fields, str(axis.pointer), value),))
        except Misplaced as misplaced:
            field = f"axes[{i}].{'knob' if axis.knob else 'pointer'}"
            raise Invalid(Problem(field, misplaced.expected, misplaced.received)) from misplaced
        except (AttributeError, IndexError, KeyError, TypeError) as broken:
            if not i:
                raise
            before = shorten(described(axes[:i], point[:i]))
            raise Invalid(Problem(f"axes[{i}].knob", f"a spec that has what `{axis.knob}` changes", before)) from broken
    return _Written(fields, tuple(paths))


def tokens(pointer: str) -> list[str]:
    """Return the tokens of a JSON Pointer, unescaped (RFC 6901, section 4)."""
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _set(fields: dict[str, Any], pointer: str, value: Any) -> str:
    """Write a value where a pointer says. Return the path as problems name it. Raises Misplaced."""
    place: Any = fields
    path, (*parents, last) = "", tokens(pointer)
    for token in parents:
        key = _key(place, token, pointer, path)
        if isinstance(place[key], str):  # a kind with all its defaults
            place[key] = {"kind": place[key]}
        place, path = place[key], _join(path, key)
    key = _key(place, last, pointer, path, new=True)
    place[key] = deepcopy(value)
    return _join(path, key)


def _key(place: Any, token: str, pointer: str, path: str, *, new: bool = False) -> str | int:
    """Return the key of a token in an object or a list. `new`: the last token may name a field that is left out."""
    where = path or "the base spec"
    if isinstance(place, list):
        is_index = token.isascii() and token.isdecimal() and (token == "0" or token[0] != "0")
        if is_index and int(token) < len(place):
            return int(token)
        raise Misplaced(f"a pointer to a field: {where} has the items 0 to {len(place) - 1}", pointer)
    if isinstance(place, dict) and (new or token in place):
        return token
    fields = f"the fields {', '.join(sorted(place))}" if isinstance(place, dict) else "no fields"
    raise Misplaced(f"a pointer to a field: {where} has {fields}", pointer)


def _join(path: str, key: str | int) -> str:
    return f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}" if path else key


def _blamed(problem: Problem, axes: Sequence[Axis], point: Point, paths: Sequence[Sequence[str]]) -> Problem:
    """Return the problem of a point's spec as one of the axis that wrote the field, or of all axes together."""
    expected = f"{problem.expected} ({problem.field} of the spec)"
    within = [i for i, each in enumerate(paths) if any(_is_inside(problem.field, path) for path in each)]
    around = [i for i, each in enumerate(paths) if any(_is_inside(path, problem.field) for path in each)]
    if within or len(around) == 1:
        i = (within or around)[-1]
        if problem.expected == NO_FIELD and axes[i].pointer:
            return Problem(f"axes[{i}].pointer", f"a pointer to a field: {expected}", str(axes[i].pointer))
        return Problem(place_of(i, axes[i], point[i]), expected, shorten(point[i]))
    return Problem("axes", expected, f"{problem.received}, with {described(axes, point)}")


def place_of(i: int, axis: Axis, value: Any) -> str:
    """Return the field of a request that holds a value: ``axes[1].values[2]``."""
    where = f"axes[{i}].{axis.choice}"
    if axis.values is None:
        return where
    texts = [written(each) for each in axis.values]
    return f"{where}[{texts.index(written(value))}]" if written(value) in texts else where


def _is_inside(field: str, path: str) -> bool:
    """True if a field is what a path names, or lies inside it."""
    return field == path or (field.startswith(path) and field[len(path)] in ".[")
