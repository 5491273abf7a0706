"""Axes of a study: a field of the base spec, or a named knob, with the values that it takes."""

import json
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, JsonValue, field_validator, model_validator

from gradlab.errors import shorten
from gradlab.frozen import Frozen, Name, impossible

Knob = Literal["depth", "width", "activation", "initializer", "optimizer", "learning_rate", "batch_size", "noise"]
KNOBS: tuple[Knob, ...] = get_args(Knob)
# Values of one axis: a line of a map that a person can still read has fewer.
MAX_VALUES = 1_000
# A pointer names a field at most some ten levels down.
MAX_POINTER = 1_000
# The tokens of a JSON Pointer: "~" stands only before 0 or 1 (RFC 6901, section 3).
POINTER = r"^(/([^/~\x00-\x1f]|~[01])*)+$"

# Whole numbers stay whole, so that they can be sizes. 64-bit floats hold each of them up to here exactly.
MAX_NUMBER = 10**15
Number = Annotated[int, Field(ge=-MAX_NUMBER, le=MAX_NUMBER)] | Annotated[float, Field(ge=-MAX_NUMBER, le=MAX_NUMBER)]
Bounds = Annotated[tuple[Number, Number], Field(strict=False)]
# The fields of an axis that say which values it takes, one of which it has.
CHOICES = ("values", "range", "uniform", "log_uniform")


class Range(Frozen):
    """Numbers from the first to the last, both included: whole ones in steps of 1, or as many as `count` says."""

    first: Number
    """The first value."""
    last: Number
    """The last value, above the first."""
    count: int | None = Field(default=None, ge=2, le=MAX_VALUES)
    """The number of values; null for every whole number between them."""
    spacing: Literal["linear", "log"] = "linear"
    """Equal differences, or equal ratios between neighbours."""

    @model_validator(mode="after")
    def _check_together(self) -> "Range":
        if self.last <= self.first:
            raise impossible("last", f"a number above `first`, {self.first}", str(self.last))
        if self.spacing == "log" and self.first <= 0:
            raise impossible("first", "a number above 0, where ratios are equal", str(self.first))
        if self.count is None:
            if self.spacing == "log" or not (isinstance(self.first, int) and isinstance(self.last, int)):
                raise impossible("count", "the number of values: only whole numbers have steps of 1", "null")
            if (size := self.last - self.first + 1) > MAX_VALUES:
                raise impossible("last", f"at most {MAX_VALUES:,} values", f"{size:,} values")
        return self

    @property
    def values(self) -> tuple[int | float, ...]:
        """The numbers in rising order; the first and the last are exact."""
        if self.count is None:
            return tuple(range(int(self.first), int(self.last) + 1))
        shares = [i / (self.count - 1) for i in range(1, self.count - 1)]
        if self.spacing == "log":
            between = [self.first * (self.last / self.first) ** share for share in shares]
        elif (step := self._whole_step) is not None:
            between = [self.first + step * i for i in range(1, self.count - 1)]
        else:
            between = [self.first + (self.last - self.first) * share for share in shares]
        return (self.first, *between, self.last)

    @property
    def _whole_step(self) -> int | None:
        """The step between whole numbers that are evenly apart: fields such as a width take no others."""
        if self.count is None or not (isinstance(self.first, int) and isinstance(self.last, int)):
            return None
        step, rest = divmod(self.last - self.first, self.count - 1)
        return None if rest else step


class Axis(Frozen):
    """Axis of a study: one field of the base spec, by a JSON Pointer, or a knob, and the values that it takes."""

    knob: Knob | None = None
    """A named knob in place of a pointer. depth: the number of hidden layers, where all with weights have one form;
    width: the units of every hidden layer; activation: of every hidden layer; initializer: of every kernel, the output
    layer's included; optimizer; learning_rate; batch_size; noise: of the dataset."""
    pointer: str | None = Field(default=None, min_length=1, max_length=MAX_POINTER, pattern=POINTER)
    """A JSON Pointer (RFC 6901) into the base spec with every default written out:
    `/model/layers/0/kernel_initializer/scale`."""
    name: Name | None = None
    """The axis's name in tables and charts; by default the knob or the pointer."""
    values: Annotated[tuple[JsonValue, ...], Field(strict=False, min_length=1, max_length=MAX_VALUES)] | None = Field(
        default=None
    )
    """The values, as a spec may have them: numbers, names, objects."""
    range: Range | None = None
    """Numbers at equal steps."""
    uniform: Bounds | None = None
    """Lowest and highest number, equally likely between; whole numbers if both are. Not for a grid."""
    log_uniform: Bounds | None = None
    """Lowest and highest number, their logarithm equally likely between; whole numbers if both are. Not for a grid."""

    @field_validator("values", mode="before")
    @classmethod
    def _countable(cls, values: Any) -> Any:
        if isinstance(values, list | tuple) and len(values) > MAX_VALUES:
            raise impossible("", f"at most {MAX_VALUES:,} values", f"{len(values):,} values")
        return values

    @field_validator("values")
    @classmethod
    def _each_once(cls, values: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        texts = [written(value) for value in values or ()]
        if repeated := next((text for i, text in enumerate(texts) if text in texts[:i]), None):
            raise impossible("", "each value once", f"{shorten(repeated)} twice")
        return values

    @model_validator(mode="after")
    def _check_together(self) -> "Axis":
        if (self.knob is None) == (self.pointer is None):
            received = "neither" if self.knob is None else "both"
            raise impossible("", "a `pointer` into the base spec, or a `knob`", received)
        chosen = [name for name in CHOICES if getattr(self, name) is not None]
        if len(chosen) != 1:
            raise impossible("", f"one of {', '.join(CHOICES)}", " and ".join(chosen) or "none of them")
        if bounds := self.bounds:
            if bounds[1] <= bounds[0]:
                raise impossible(chosen[0], f"a highest number above the lowest, {bounds[0]}", str(bounds[1]))
            if self.log_uniform and bounds[0] <= 0:
                raise impossible(chosen[0], "numbers above 0", str(bounds[0]))
        return self

    @property
    def label(self) -> str:
        """Its name in tables and charts."""
        return self.name or self.knob or str(self.pointer)

    @property
    def choice(self) -> str:
        """The name of the field that says which values it takes."""
        return next(name for name in CHOICES if getattr(self, name) is not None)

    @property
    def listed(self) -> tuple[Any, ...] | None:
        """All values in order; None for a distribution."""
        return self.range.values if self.range else self.values

    @property
    def bounds(self) -> tuple[int | float, int | float] | None:
        """The lowest and the highest number of a distribution; None for a list."""
        return self.uniform or self.log_uniform

    @property
    def is_whole(self) -> bool:
        """True if a distribution draws whole numbers."""
        return self.bounds is not None and all(isinstance(bound, int) for bound in self.bounds)

    @property
    def is_log(self) -> bool:
        """True if equal ratios are equally far apart on a chart of this axis."""
        return self.log_uniform is not None or bool(self.range and self.range.spacing == "log")


def written(value: Any) -> str:
    """Return a value of an axis as canonical JSON, by which two values are the same."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
