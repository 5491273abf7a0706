"""Recurrent layers, which process a sequence step by step and keep a state."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, field_validator

from gradlab.frozen import added, one_of
from gradlab.vocabulary.activations import Activation, Sigmoid, Tanh
from gradlab.vocabulary.constraints import Constraint
from gradlab.vocabulary.initializers import Initializer, Orthogonal
from gradlab.vocabulary.layers.layer import LayerSpec, Shape, expect_rank, expect_suited
from gradlab.vocabulary.layers.weighted import WeightedLayer
from gradlab.vocabulary.regularizers import Regularizer


class Recurrent(WeightedLayer):
    """A layer whose state at each time step depends on its state at the step before."""

    keras_name: ClassVar[str]
    gates: ClassVar[int]
    units: int = Field(ge=1, le=100_000)
    """Number of units of the state."""
    activation: Activation = Tanh()
    """Activation of the new state, or of its candidate in a layer with gates."""
    return_sequences: bool = False
    """Return the state after every time step, not only after the last one."""
    recurrent_initializer: Initializer = Orthogonal()
    """Initialiser of the recurrent kernel, from the state to itself."""
    recurrent_regularizer: Regularizer | None = None
    """Penalty on the recurrent kernel, added to the loss; none by default."""
    recurrent_constraint: Constraint | None = None
    """Constraint on the recurrent kernel, applied after every update; none by default."""
    dropout: float = added(0.0, ge=0, lt=1)
    """Share of the inputs that is dropped while training, the same ones at every time step (Gal & Ghahramani 2016)."""
    recurrent_dropout: float = added(0.0, ge=0, lt=1)
    """Share of the state that is dropped while training, the same units at every time step."""
    go_backwards: bool = added(False)
    """Read the sequence from its end. A sequence of states then begins with the last time step's."""

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, "time", "features")
        expect_suited(self, shape)
        return (shape[0], self.units) if self.return_sequences else (self.units,)

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        width = self.gates * self.units
        tensors: dict[str, Shape] = {"kernel": (shape[-1], width), "recurrent_kernel": (self.units, width)}
        return tensors | {"bias": self.bias_shape} if self.use_bias else tensors

    @property
    def bias_shape(self) -> Shape:
        """The shape of the bias."""
        return (self.gates * self.units,)

    def operations(self, shape: Shape) -> float:
        return shape[0] * super().operations(shape)

    def state_size(self, shape: Shape) -> int:
        return 2  # the seed generator of Keras's dropout, which is created also where it is not used

    def watched(self, shape: Shape) -> Shape:
        return shape[0], self.units

    def time_steps(self, shape: Shape) -> int:
        return shape[0]

    def call(self, layer: Any, x: Any, training: bool) -> Any:
        return layer(x, training=training) if self.dropout or self.recurrent_dropout else layer(x)

    def build(self, keras: Any, *, name: str, seeds: Iterator[int], go_backwards: bool = False) -> Any:
        weights = self.weight_arguments(keras, seeds, "kernel", "recurrent", "bias")
        return getattr(keras.layers, self.keras_name)(
            self.units,
            activation=self.activation.build(keras),
            return_sequences=self.return_sequences,
            go_backwards=go_backwards or self.go_backwards,
            dropout=self.dropout,
            recurrent_dropout=self.recurrent_dropout,
            seed=next(seeds),
            name=name,
            **weights,
            **self.gate_arguments(keras),
        )

    def gate_arguments(self, keras: Any) -> dict[str, Any]:
        """Return Keras's further arguments for a layer with gates; empty for other layers."""
        return {}


class SimpleRNN(Recurrent):
    """h_t = activation(x_t·kernel + h_{t−1}·recurrent_kernel + bias) (Elman 1990)."""

    kind: Literal["simple_rnn"] = "simple_rnn"
    keras_name = "SimpleRNN"
    gates = 1


class GRU(Recurrent):
    """h_t = z⊙h_{t−1} + (1 − z)⊙candidate, with an update gate z and a reset gate (Cho et al. 2014)."""

    kind: Literal["gru"] = "gru"
    keras_name = "GRU"
    gates = 3
    recurrent_activation: Activation = Sigmoid()
    """Activation of the gates."""
    reset_after: bool = True
    """Apply the reset gate after the recurrent product rather than before it."""

    @property
    def bias_shape(self) -> Shape:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def gate_arguments(self, keras: Any) -> dict[str, Any]:
        return {"recurrent_activation": self.recurrent_activation.build(keras), "reset_after": self.reset_after}


class LSTM(Recurrent):
    """A cell with gates for writing, keeping and reading it (Hochreiter & Schmidhuber 1997; Gers et al. 2000)."""

    kind: Literal["lstm"] = "lstm"
    keras_name = "LSTM"
    gates = 4
    recurrent_activation: Activation = Sigmoid()
    """Activation of the gates."""
    unit_forget_bias: bool = True
    """Initialise the bias of the forget gates to 1 (Jozefowicz et al. 2015)."""

    def gate_arguments(self, keras: Any) -> dict[str, Any]:
        gate = self.recurrent_activation.build(keras)
        return {"recurrent_activation": gate, "unit_forget_bias": self.unit_forget_bias}


RECURRENT: tuple[type[Recurrent], ...] = (SimpleRNN, GRU, LSTM)

if TYPE_CHECKING:
    RecurrentLayer = Recurrent
else:
    RecurrentLayer = one_of(RECURRENT)


class Bidirectional(LayerSpec):
    """Two recurrent layers of one kind, one forwards in time and one backwards (Schuster & Paliwal 1997)."""

    kind: Literal["bidirectional"] = "bidirectional"
    layer: RecurrentLayer
    """The spec of both layers; each has its own weights."""
    merge_mode: Literal["concat", "sum", "ave", "mul"] = "concat"
    """The combination of the two outputs: concatenation, sum, mean or product."""

    @field_validator("layer")
    @classmethod
    def _one_layer(cls, layer: Recurrent) -> Recurrent:
        if layer.repeat > 1:
            raise ValueError("one layer, with repeat 1: set the bidirectional layer's own repeat instead")
        if layer.go_backwards:
            raise ValueError("a layer that goes forwards: its twin goes backwards")
        return layer

    def output_shape(self, shape: Shape) -> Shape:
        *steps, units = self.layer.output_shape(shape)
        return (*steps, 2 * units if self.merge_mode == "concat" else units)

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        tensors = self.layer.parameters(shape)
        return {f"{way}_{name}": size for way in ("forward", "backward") for name, size in tensors.items()}

    def state_size(self, shape: Shape) -> int:
        return 4

    def operations(self, shape: Shape) -> float:
        return float(2 * self.layer.operations(shape))

    def watched(self, shape: Shape) -> Shape:
        return shape[0], 2 * self.layer.units

    def time_steps(self, shape: Shape) -> int:
        return shape[0]

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        forward = self.layer.build(keras, name=f"{name}_forward", seeds=seeds)
        backward = self.layer.build(keras, name=f"{name}_backward", seeds=seeds, go_backwards=True)
        both = keras.layers.Bidirectional(forward, backward_layer=backward, merge_mode=self.merge_mode, name=name)
        if self.layer.dropout or self.layer.recurrent_dropout:
            # Keras copies the layers, and forgets the seeds of their cells.
            for copy in (both.forward_layer, both.backward_layer):
                copy.cell.seed_generator.state.assign(keras.ops.convert_to_tensor([next(seeds), 0], "uint32"))
        return both

    def call(self, layer: Any, x: Any, training: bool) -> Any:
        return layer(x, training=training) if self.layer.dropout or self.layer.recurrent_dropout else layer(x)
