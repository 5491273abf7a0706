"""The pieces of an ExternalSpec: layers, parameters, loss and target of a training that runs elsewhere."""

import math
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from gradlab.errors import shorten
from gradlab.frozen import Frozen, Name, Tightened, impossible, is_stored
from gradlab.measurement.history import Tensor
from gradlab.measurement.kinds import MeasuredLayer
from gradlab.measurement.roles import Role, role_in
from gradlab.spec.problems import at_most
from gradlab.vocabulary.initializers import Initializer
from gradlab.vocabulary.layers import Layer, LayerSpec, ShapeMismatch
from gradlab.vocabulary.losses import BY_KIND, LossFunction
from gradlab.vocabulary.targets import Target

# Far above any network that a person reads layer by layer. It limits the size of the layout.
MAX_PARAMETERS = 10_000
# Layers whose outputs one layer takes: the longest concatenations have a few hundred.
MAX_INBOUND = 1_000
# TensorFlow's bound on the number of axes, the largest int32, and the largest count that float64 represents exactly.
MAX_AXES, MAX_AXIS, MAX_ENTRIES = 254, 2**31 - 1, 2**53
# Axes over which a sample has a target at each place: a volume over time has four.
MAX_STEPS = 8
# Samples in a batch, and batches in an epoch: the largest int32.
MAX_SAMPLES = 2**31 - 1
# Keras's recurrent layers: their inputs are (time, features).
RECURRENT_CLASSES = ("SimpleRNN", "GRU", "LSTM", "Bidirectional")

Axis = Annotated[int, Field(ge=0, le=MAX_AXIS), Tightened]


def _countable(shape: tuple[int | None, ...], info: ValidationInfo) -> tuple[int | None, ...]:
    if not is_stored(info) and math.prod(size for size in shape if size) > MAX_ENTRIES:
        raise impossible("", f"a shape of at most {MAX_ENTRIES:,} numbers in all", shorten(shape))
    return shape


Axes = Annotated[
    tuple[Axis, ...], Field(strict=False, max_length=MAX_AXES), at_most(MAX_AXES), AfterValidator(_countable)
]
OutputAxes = Annotated[
    tuple[Axis | None, ...], Field(strict=False, max_length=MAX_AXES), at_most(MAX_AXES), AfterValidator(_countable)
]


class ExternalParameter(Frozen):
    """One trainable tensor of a layer."""

    name: Name
    """The tensor's name or path in its layer: ``kernel``, ``bias``, ``gamma``, ``self_attn.out_proj.weight`` ..."""
    shape: Axes
    """The tensor's shape, in Keras's order of axes."""
    role: Role | None = None
    """The use that the layer makes of it. Null: its name shows it, as in the common frameworks, or nothing does."""


class ExternalLayer(Frozen):
    """One layer of a network that is trained elsewhere."""

    name: Name
    """The layer's name or path, unique in its model."""
    class_name: Name
    """The layer's class: ``Dense``, ``Conv2D``, ``Linear`` ..."""
    output_shape: OutputAxes | None = None
    """The output's shape without the batch axis. An axis of unknown size is null; null for an unknown shape."""
    activation: Name | None = None
    """The activation's name: ``relu``, ``softmax`` ...; null if the layer has none or it is unknown."""
    normalized_values: int | None = Field(default=None, ge=1, le=MAX_SAMPLES)
    """For a normalisation: the number of a sample's values that share one mean. Null for other layers."""
    parameters: Annotated[
        tuple[ExternalParameter, ...], Field(strict=False, max_length=MAX_PARAMETERS), at_most(MAX_PARAMETERS)
    ] = ()
    """The layer's trainable tensors, in Keras's order; empty for a layer without any."""
    configuration: Layer | None = None
    """The layer as a spec of this service has it, with its initialisers; null if it cannot be expressed so."""
    inbound: Annotated[tuple[Name, ...], Field(strict=False, max_length=MAX_INBOUND), at_most(MAX_INBOUND)] | None = (
        None
    )
    """Names of the layers whose outputs it takes; [] for the model's input. Null: the layer listed before it."""
    input_shape: OutputAxes | None = None
    """The input's shape without the batch axis. An axis of unknown size is null; null for an unknown shape."""
    units: int | None = Field(default=None, ge=1, le=MAX_SAMPLES)
    """Number of units, filters or channels of its output."""
    initializers: Annotated[dict[Name, Initializer], Field(max_length=MAX_PARAMETERS), at_most(MAX_PARAMETERS)] = Field(
        default={}
    )
    """Initialisers by the name of the parameter that they draw. Those of a `configuration` need no entry here."""

    @field_validator("parameters")
    @classmethod
    def _each_once(cls, parameters: tuple[ExternalParameter, ...]) -> tuple[ExternalParameter, ...]:
        check_distinct([each.name for each in parameters], "each parameter's name once")
        return parameters

    @field_validator("configuration")
    @classmethod
    def _one_layer(cls, layer: LayerSpec | None) -> LayerSpec | None:
        if layer is not None and layer.repeat > 1:
            raise impossible("repeat", "1: each layer of a training elsewhere is listed by itself", str(layer.repeat))
        return layer

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Its trainable tensors, with the roles that the sender, the layer's class or their names give them."""
        return tuple(Tensor(self.name, each.name, each.shape, self._role(each)) for each in self.parameters)

    def _role(self, parameter: ExternalParameter) -> Role | None:
        return parameter.role or role_in(self.class_name, self.name, parameter.name, len(parameter.shape))

    @property
    def input_axes(self) -> tuple[int, ...] | None:
        """The input's shape if all of its axes are known; else None."""
        return complete(self.input_shape)

    @property
    def output_axes(self) -> tuple[int, ...] | None:
        """The output's shape if all of its axes are known; else None."""
        return complete(self.output_shape)

    def measured(self) -> MeasuredLayer:
        """Return the properties that decide which series it has.

        With `configuration` and `input_shape` they are those of the same layer in this service: its activations and
        signals have the same shape, and a recurrent layer has signals of each time step. Else every layer with a
        complete `output_shape` has activations and signals.
        """
        flow, steps, axes = self.output_axes, 0, self.input_axes
        if axes is not None and self.configuration is not None:
            with suppress(ShapeMismatch):  # where the two do not fit, only the output's shape is taken
                self.configuration.output_shape(axes)
                flow, steps = self.configuration.watched(axes), self.configuration.time_steps(axes) or 0
        elif axes is not None and self.class_name in RECURRENT_CLASSES and len(axes) == 2:
            steps = axes[0] if flow is not None else 0
        return MeasuredLayer(self.name, self.tensors, flow, steps, (self.output_axes or (0,))[-1])


class ExternalLoss(Frozen):
    """The loss of a training that runs elsewhere."""

    kind: Name
    """The loss's name in Keras: ``binary_crossentropy`` ...; for a custom function, the function's name."""
    from_logits: bool = False
    """True if the loss treats the network's output as logits."""

    @property
    def function(self) -> LossFunction | None:
        """The loss as a member of the registry, with its default parameters; None if it is no member.

        A sparse loss counts as its dense form: it differs in the encoding of the classes alone.
        """
        member = BY_KIND.get(self.kind.removeprefix("sparse_"))
        if member is None:
            return None
        fields = member.model_fields
        if any(field.is_required() for field in fields.values()):  # a parameter that the sender does not name
            return None
        return member.model_validate({"from_logits": self.from_logits} if "from_logits" in fields else {})


class ExternalTarget(Frozen):
    """The form of a sample's target in a training that runs elsewhere."""

    kind: Literal["classes", "labels", "values"]
    """``classes``: one of `count`; ``labels``: each of `count` present or not; ``values``: `count` real numbers."""
    count: int = Field(ge=1, le=MAX_SAMPLES)
    """Number of classes, labels or values."""
    steps: Annotated[tuple[Axis, ...], Field(strict=False, max_length=MAX_STEPS), at_most(MAX_STEPS)] = ()
    """[] if a sample has one target, [time] if it has one at every time step, [height, width] at every pixel."""

    @property
    def form(self) -> Target:
        """The target as a dataset of this service has it."""
        return Target(self.kind, self.count, self.steps)


class ExternalOutput(Frozen):
    """One of several outputs of a network that is trained elsewhere."""

    name: Name
    """Its name, with which those of its metrics begin: ``price`` of ``price_loss``."""
    layer: Name | None = None
    """The layer that makes it; null if unknown."""
    loss: ExternalLoss | None = None
    """Its loss; null if unknown."""
    weight: float = Field(default=1.0, ge=0, le=1e9)
    """The weight of its loss in the sum that is minimised."""
    target: ExternalTarget | None = None
    """The form of its targets; null if unknown."""


def complete(axes: tuple[int | None, ...] | None) -> tuple[int, ...] | None:
    """Return a shape whose axes are all known; else None."""
    return None if axes is None or None in axes else tuple(size for size in axes if size is not None)


def check_distinct(names: Iterable[str] | Iterable[int], expected: str) -> None:
    """Raise pydantic's error if a name or number is repeated."""
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise impossible("", expected, f"{repeated[0]} again")
