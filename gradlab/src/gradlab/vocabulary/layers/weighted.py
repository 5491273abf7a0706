"""WeightedLayer: the initialisers, regularisers and constraints of layers with a kernel."""

from collections.abc import Iterator
from typing import Any

from gradlab.vocabulary.constraints import Constraint
from gradlab.vocabulary.initializers import GlorotUniform, Initializer, Zeros
from gradlab.vocabulary.layers.layer import LayerSpec
from gradlab.vocabulary.regularizers import Regularizer


class WeightedLayer(LayerSpec):
    """A layer with a kernel and perhaps a bias."""

    use_bias: bool = True
    """Add a bias to each unit."""
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

    def weight_arguments(self, keras: Any, seeds: Iterator[int], *tensors: str) -> dict[str, Any]:
        """Return Keras's arguments for `tensors`, by default kernel and bias. Each initialiser has its own seed."""
        tensors = tensors or ("kernel", "bias")
        arguments: dict[str, Any] = {"use_bias": self.use_bias}
        for tensor in tensors:
            arguments[f"{tensor}_initializer"] = getattr(self, f"{tensor}_initializer").build(keras, next(seeds))
            for rule in ("regularizer", "constraint"):
                chosen = getattr(self, f"{tensor}_{rule}")
                arguments[f"{tensor}_{rule}"] = chosen and chosen.build(keras)
        return arguments
