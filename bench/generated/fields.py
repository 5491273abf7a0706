"""Values for the fields of a pydantic model, drawn from its annotations and bounds."""

import math
import types
from collections.abc import Callable, Mapping
from random import Random
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from gradlab.frozen import Frozen, kind_of

# Probability that a field with a default is left out, and that a number is one of its bounds.
DEFAULTS, EDGES = 0.5, 0.03
# Items of a list without an upper bound.
MAX_ITEMS = 3

Fields = dict[str, Any]


class FieldDrawer:
    """Draws values of a spec, field by field. Conditions between several fields are left to the caller.

    Args:
        random: the source of chance.
        size: the usual upper bound of integers.
        special: values for fields that depend on their surroundings, by the field's name.
    """

    def __init__(self, random: Random, size: int, special: Mapping[str, Callable[[type[Frozen]], Any]] = {}) -> None:
        self._random, self._size, self._special = random, size, special

    def model(self, member: type[Frozen], **given: Any) -> Fields:
        """Draw the fields of one kind; the given ones are taken as they are."""
        fields = {"kind": kind_of(member)} if "kind" in member.model_fields else {}
        for name, field in member.model_fields.items():
            if name == "kind":
                continue
            argument = field.alias or name
            if argument in given:
                fields[argument] = given[argument]
            elif argument in self._special:
                fields[argument] = self._special[argument](member)
            elif field.is_required() or self._random.random() > DEFAULTS:
                fields[argument] = self._value(field.annotation, field.metadata, field.default)
        return fields

    def _value(self, annotation: Any, metadata: list[Any], default: Any = PydanticUndefined) -> Any:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            inside, *more = arguments
            return self._value(inside, metadata + _flat(more), default)
        if origin in (Union, types.UnionType):
            return self._value(self._random.choice(arguments), metadata, default)
        if origin is Literal:
            return self._random.choice(arguments)
        if origin is tuple:
            return self._items(arguments, metadata)
        if annotation is types.NoneType:
            return None
        if annotation is bool:
            return self._random.random() < 0.5
        if annotation in (int, float):
            return self._number(annotation, metadata, default)
        if isinstance(annotation, type) and issubclass(annotation, Frozen):
            return self.model(annotation)
        raise TypeError(
            f"annotation of a field: expected a number, bool, literal, tuple or model, received {annotation}"
        )

    def _items(self, arguments: tuple[Any, ...], metadata: list[Any]) -> list[Any]:
        if arguments[-1] is not Ellipsis:
            return [self._value(each, []) for each in arguments]
        least = max((each.min_length for each in metadata if isinstance(each, MinLen)), default=0)
        most = min((each.max_length for each in metadata if isinstance(each, MaxLen)), default=MAX_ITEMS)
        count = self._random.randint(least, max(least, min(most, MAX_ITEMS)))
        return [self._value(arguments[0], []) for _ in range(count)]

    def _number(self, kind: type[int] | type[float], metadata: list[Any], default: Any) -> float:
        low, high = _bounds(metadata, kind)
        if self._random.random() < EDGES:
            return kind(self._random.choice([each for each in (low, high) if math.isfinite(each)] or [0]))
        if kind is int:
            top = max(low, min(high, self._size))
            return self._whole(int(low) if math.isfinite(low) else -self._size, int(top))
        return min(high, max(low, self._real(low, high, default)))

    def _whole(self, low: int, high: int) -> int:
        """Draw an integer, log-uniform: each order of magnitude has equal probability."""
        return low - 1 + int(math.exp(self._random.uniform(0, math.log(high - low + 2)))) if high > low else low

    def _real(self, low: float, high: float, default: Any) -> float:
        """Draw a number within a factor of ten of the default; without one, between -1 and 1 within the bounds."""
        if isinstance(default, float) and default:
            return default * 10 ** self._random.uniform(-1, 1)
        return self._random.uniform(max(low, -1.0), min(high, max(low, 0.0) + 1.0))


def _flat(metadata: list[Any]) -> list[Any]:
    return [part for each in metadata for part in (each.metadata if isinstance(each, FieldInfo) else [each])]


def _bounds(metadata: list[Any], kind: type) -> tuple[float, float]:
    """Return the lowest and the highest allowed number; an exclusive bound is replaced by the next number inside."""
    low, high = -math.inf, math.inf
    for each in metadata:
        bound: Any = next((getattr(each, name) for name in ("ge", "gt", "le", "lt") if hasattr(each, name)), None)
        if isinstance(each, Ge):
            low = max(low, bound)
        elif isinstance(each, Gt):
            low = max(low, bound + 1 if kind is int else math.nextafter(bound, math.inf) or 0)
        elif isinstance(each, Le):
            high = min(high, bound)
        elif isinstance(each, Lt):
            high = min(high, bound - 1 if kind is int else math.nextafter(bound, -math.inf))
    return low, high
