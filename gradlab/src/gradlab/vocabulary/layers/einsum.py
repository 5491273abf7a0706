"""A product of the inputs with a kernel along axes that an equation names."""

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from gradlab.frozen import impossible
from gradlab.vocabulary.activations import Activation, Linear
from gradlab.vocabulary.constraints import Constraint
from gradlab.vocabulary.initializers import GlorotUniform, Initializer, Zeros
from gradlab.vocabulary.layers.layer import LayerSpec, Shape, ShapeMismatch, expect_suited
from gradlab.vocabulary.regularizers import Regularizer

EQUATION = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")
FORM = '"ab,bc->ac", "...b,bc->...c" or "ab...,bc->ac...", each axis of a part by a letter of its own'
MAX_LETTERS = 100
Size = Annotated[int, Field(ge=1, le=1_000_000)]


@dataclass(frozen=True)
class _Axes:
    """The axes of an equation: a letter for each.

    Attributes:
        inputs, kernel, outputs: of each part; the batch axis is the first of inputs and outputs, unless `left`.
        left, right: True if further axes stand before, or behind, those of inputs and outputs.
    """

    inputs: str
    kernel: str
    outputs: str
    left: bool
    right: bool

    @classmethod
    def of(cls, equation: str) -> "_Axes | None":
        """Return the axes of an equation; None if it has another form."""
        match = EQUATION.fullmatch(equation)
        if match is None:
            return None
        before, inputs, behind, kernel, out_before, outputs, out_behind = match.groups()
        is_alike = (before, behind) == (out_before, out_behind) and not (before and behind)
        is_once = all(len({*part}) == len(part) for part in (inputs, kernel, outputs))
        return cls(inputs, kernel, outputs, bool(before), bool(behind)) if is_alike and is_once else None

    @property
    def batch(self) -> str:
        """The letter of the batch axis; "" if it is among the further axes."""
        return "" if self.left else self.inputs[0]

    @property
    def sized(self) -> str:
        """The letters of the outputs that have a size: all but the batch axis's."""
        return self.outputs if self.left else self.outputs[1:]


def _as_axes(value: Any) -> Any:
    """Turn one size into a tuple of it, as Keras keeps it."""
    return (value,) if isinstance(value, int) and not isinstance(value, bool) else value


class EinsumDense(LayerSpec):
    """activation(einsum(equation, x, kernel) + bias): a dense layer along the axes that an equation names."""

    model_config = ConfigDict(serialize_by_alias=True)

    kind: Literal["einsum_dense"] = "einsum_dense"
    equation: str = Field(min_length=1, max_length=MAX_LETTERS)
    """Axes of the inputs with the batch axis, of the kernel and of the outputs: "abc,cd->abd"; ... is further axes."""
    # `output_shape` is the method that every layer has.
    output_sizes: Annotated[
        tuple[Size | None, ...], Field(strict=False, min_length=0, max_length=MAX_LETTERS), BeforeValidator(_as_axes)
    ] = Field(alias="output_shape")
    """Sizes of the outputs' axes, without the batch axis and those behind ...; null where the inputs give it."""
    activation: Activation = Linear()
    """Activation, applied to the product with the bias added."""
    bias_axes: Annotated[str, Field(min_length=1, max_length=MAX_LETTERS)] | None = None
    """Axes of the outputs along which the bias differs, by their letters; null for no bias."""
    kernel_initializer: Initializer = GlorotUniform()
    """Initialiser of the kernel."""
    bias_initializer: Initializer = Zeros()
    """Initialiser of the bias."""
    kernel_regularizer: Regularizer | None = None
    """Penalty on the kernel, added to the loss; none by default."""
    bias_regularizer: Regularizer | None = None
    """Penalty on the bias, added to the loss; none by default."""
    kernel_constraint: Constraint | None = None
    """Constraint on the kernel, applied after every update; none by default."""
    bias_constraint: Constraint | None = None
    """Constraint on the bias, applied after every update; none by default."""

    # The gradient of an einsum sums along axes that it computes, which `tf.vectorized_map` does not convert.
    vectorizes = False

    @model_validator(mode="after")
    def _check_rules(self) -> "EinsumDense":
        """Check the equation. The rules of the kernel are checked with the inputs' shape, which decides its axes."""
        axes = _Axes.of(self.equation)
        if axes is None:
            raise impossible("equation", f"an equation such as {FORM}", self.equation)
        if axes.batch and (axes.outputs[0] != axes.batch or axes.batch in axes.kernel):
            expected = f"{axes.batch}, the batch axis, first in the outputs and not in the kernel"
            raise impossible("equation", expected, self.equation)
        if lost := {*axes.kernel} - {*axes.inputs, *axes.outputs}:
            raise impossible("equation", f"{min(lost)}, of the kernel, in the inputs or the outputs", self.equation)
        if unknown := {*axes.outputs} - {*axes.inputs, *axes.kernel}:
            raise impossible("equation", f"{min(unknown)}, of the outputs, in the inputs or the kernel", self.equation)
        self._check_sizes(axes)
        return self

    def _check_sizes(self, axes: _Axes) -> None:
        if len(self.output_sizes) != len(axes.sized):
            expected = f"{len(axes.sized)} sizes, of the axes {axes.sized or 'none'} of {self.equation}"
            raise impossible("output_shape", expected, str(list(self.output_sizes)))
        if others := {*(self.bias_axes or "")} - {*axes.sized}:
            expected = f"axes of the outputs without the batch axis: {axes.sized}"
            raise impossible("bias_axes", expected, min(others))
        for letter, size in zip(axes.sized, self.output_sizes, strict=True):
            if size is None and letter in axes.kernel + (self.bias_axes or ""):
                expected = f"a size for {letter}, an axis of the kernel or the bias"
                raise impossible("output_shape", expected, str(list(self.output_sizes)))

    @property
    def _axes(self) -> _Axes:
        axes = _Axes.of(self.equation)
        assert axes is not None, "checked when it was made"
        return axes

    def _sizes(self, shape: Shape) -> tuple[dict[str, int], Shape]:
        """Return the size of each letter, and those of the further axes. Raises ShapeMismatch."""
        axes = self._axes
        own = axes.inputs if axes.left else axes.inputs[1:]
        further = len(shape) - len(own)
        if further < 0 or (further and not (axes.left or axes.right)):
            least = "at least " if axes.left or axes.right else ""
            raise ShapeMismatch(f"inputs of {least}{len(own)} axes for {self.equation}", str(shape))
        beyond = shape[:further] if axes.left else shape[len(own) :]
        sizes = dict(zip(own, shape[further:] if axes.left else shape, strict=False))
        for letter, size in zip(axes.sized, self.output_sizes, strict=True):
            if size is not None and sizes.setdefault(letter, size) != size:
                raise ShapeMismatch(f"inputs with a size of {size} along {letter} of {self.equation}", str(shape))
        return sizes, beyond

    @property
    def side_by_side(self) -> bool:
        # Keras adds a bias along an axis before the last by an operation that `tf.vectorized_map` converts wrongly.
        axes, bias = self._axes, self.bias_axes or ""
        return super().side_by_side and not (bias and (axes.right or axes.outputs[-1] not in bias))

    def output_shape(self, shape: Shape) -> Shape:
        sizes, beyond = self._sizes(shape)
        expect_suited(self, shape)
        own = tuple(sizes[letter] for letter in self._axes.sized)
        return (*beyond, *own) if self._axes.left else (*own, *beyond)

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        sizes, beyond = self._sizes(shape)
        tensors: dict[str, Shape] = {"kernel": tuple(sizes[letter] for letter in self._axes.kernel)}
        if self.bias_axes is None:
            return tensors
        first = min(map(self._axes.sized.index, self.bias_axes))
        bias = [sizes[letter] if letter in self.bias_axes else 1 for letter in self._axes.sized[first:]]
        return tensors | {"bias": (*bias, *(1 for _ in beyond if not self._axes.left))}

    def operations(self, shape: Shape) -> float:
        sizes, beyond = self._sizes(shape)
        return float(math.prod(sizes.values()) * math.prod(beyond))

    def call(self, layer: Any, x: Any, training: bool) -> Any:
        sizes, _ = self._sizes(tuple(x.shape[1:]))
        # Keras would leave open for the layers behind it what the inputs give.
        layer.partial_output_shape = tuple(sizes[letter] for letter in self._axes.sized)
        return layer(x)

    @property
    def function(self) -> Activation:
        return self.activation
