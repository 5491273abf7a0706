"""What layers with a kernel can be asked for: how it is drawn, penalised and limited."""

from collections.abc import Iterator
from typing import Any

from gradlab.vocabulary.constraints import Constraint
from gradlab.vocabulary.initializers import GlorotUniform, Initializer, Zeros
from gradlab.vocabulary.layers.layer import LayerSpec, Shape, ShapeMismatch, unsuited
from gradlab.vocabulary.regularizers import Regularizer


class WeightedLayer(LayerSpec):
    """A layer with a kernel and perhaps a bias."""

    use_bias: bool = True
    """Add a bias to each unit."""
    kernel_initializer: Initializer = GlorotUniform()
    """How the kernel is drawn."""
    bias_initializer: Initializer = Zeros()
    """How the bias is drawn."""
    kernel_regularizer: Regularizer | None = None
    """What the kernel adds to the loss."""
    bias_regularizer: Regularizer | None = None
    """What the bias adds to the loss."""
    kernel_constraint: Constraint | None = None
    """What the kernel is brought back to after every update."""
    bias_constraint: Constraint | None = None
    """What the bias is brought back to after every update."""

    def expect_suited(self, shape: Shape) -> None:
        """Raise ShapeMismatch where inputs of `shape` make a tensor that what was chosen for it cannot take."""
        for field, tensor, size, needed in unsuited(self, shape):
            raise ShapeMismatch(f"inputs that make {tensor} {needed}, for {field}", f"{shape}, which make it {size}")

    def weight_arguments(self, keras: Any, seeds: Iterator[int], *tensors: str) -> dict[str, Any]:
        """Keras's arguments for the tensors named, by default kernel and bias; each draw has its seed."""
        tensors = tensors or ("kernel", "bias")
        arguments: dict[str, Any] = {"use_bias": self.use_bias}
        for tensor in tensors:
            arguments[f"{tensor}_initializer"] = getattr(self, f"{tensor}_initializer").build(keras, next(seeds))
            for rule in ("regularizer", "constraint"):
                chosen = getattr(self, f"{tensor}_{rule}")
                arguments[f"{tensor}_{rule}"] = chosen and chosen.build(keras)
        return arguments
