"""LayerView: what rules ask of a layer, of a network of this service as of one that is trained elsewhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gradlab.diagnosis.unknown import CONFIGURATION, Unknown
from gradlab.frozen import kind_of
from gradlab.measurement.history import Tensor
from gradlab.measurement.roles import Role
from gradlab.spec import NamedLayer
from gradlab.spec.external_layer import ExternalLayer
from gradlab.theory.slopes import activation_of, can_saturate, steepest_of, turns_off
from gradlab.vocabulary.activations import ACTIVATIONS, ActivationFunction
from gradlab.vocabulary.initializers import WeightInitializer
from gradlab.vocabulary.layers import LAYERS, LayerSpec, Shape

RECURRENT = ("simple_rnn", "gru", "lstm", "bidirectional")
GATED = ("gru", "lstm")
# Kinds of layers with weights and an activation of their own.
ACTIVATED = (
    *RECURRENT, "dense", "conv1d", "conv2d", "conv3d", "conv1d_transpose", "conv2d_transpose", "conv3d_transpose",
    "depthwise_conv1d", "depthwise_conv2d", "separable_conv1d", "separable_conv2d",
)  # fmt: skip
ACTIVATION_KINDS = {kind_of(member): member for member in ACTIVATIONS}
# A spec's field for the initialiser of a tensor with this role.
INITIALIZERS: Mapping[Role, str] = {
    "kernel": "kernel_initializer",
    "recurrent_kernel": "recurrent_initializer",
    "bias": "bias_initializer",
    "scale": "gamma_initializer",
    "offset": "beta_initializer",
    "embedding": "embeddings_initializer",
}
LAYER_KINDS = {kind_of(member) for member in LAYERS}
# Kinds of PyTorch's classes that have another name than Keras's.
KINDS_BY_CLASS = {
    "linear": "dense",
    "rnn": "simple_rnn",
    "batch_norm1d": "batch_normalization",
    "batch_norm2d": "batch_normalization",
    "batch_norm3d": "batch_normalization",
    "layer_norm": "layer_normalization",
    "multihead_attention": "multi_head_attention",
}


@dataclass(frozen=True)
class LayerView:
    """One layer, as far as it is known. What is not known raises Unknown.

    Attributes:
        name: the layer's name or path.
        tensors: its own trainable tensors, with their roles.
        own: the layer as the spec of an experiment has it; None if a sender does not describe it so.
        sent: the layer as the sender of a training elsewhere describes it; None for a layer of this service.
    """

    name: str
    tensors: tuple[Tensor, ...]
    own: NamedLayer | None = None
    sent: ExternalLayer | None = None

    @property
    def spec(self) -> LayerSpec:
        """The layer's configuration in the vocabulary of this service."""
        if self.own is not None:
            return self.own.spec
        raise Unknown(f"how {self.name} is configured is not known", CONFIGURATION)

    @property
    def kind(self) -> str:
        """The layer's kind in the vocabulary, from its configuration or its class; a custom class's name."""
        if self.own is not None:
            return self.own.spec.kind
        assert self.sent is not None
        snake = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", self.sent.class_name).lower()
        return KINDS_BY_CLASS.get(snake, snake)

    @property
    def function(self) -> ActivationFunction | None:
        """The activation that the layer applies to its result; None if there is none."""
        return self.own.spec.function if self.own is not None else self._sent_function()

    @property
    def activation(self) -> ActivationFunction | None:
        """The activation, of a simple recurrent layer that of each time step; None for layers with gates."""
        if self.own is not None:
            return activation_of(self.own)
        return None if self.kind in GATED else self._sent_function()

    def _sent_function(self) -> ActivationFunction | None:
        assert self.sent is not None
        name = self.sent.activation
        if name is None and self.tensors and self.kind in ACTIVATED:
            raise Unknown(f"which activation {self.name} has is not known", CONFIGURATION)
        if name is None:
            if self.tensors and self.kind not in LAYER_KINDS:
                raise Unknown(f"which activation {self.name} has is not known", CONFIGURATION)
            return None
        if name not in ACTIVATION_KINDS:
            raise Unknown(f"the activation {name} of {self.name} is none that the rules know", "")
        return ACTIVATION_KINDS[name].model_validate({})

    @property
    def input_shape(self) -> Shape:
        """The input's shape without the batch axis."""
        sent = self.sent.input_axes if self.sent is not None else None
        shape = self.own.input_shape if self.own is not None else sent
        if shape is None:
            raise Unknown(f"the shape of the input of {self.name} is not known", "`input_shape` of the layer")
        return shape

    @property
    def output_shape(self) -> Shape:
        """The output's shape without the batch axis."""
        sent = self.sent.output_axes if self.sent is not None else None
        shape = self.own.output_shape if self.own is not None else sent
        if shape is None:
            raise Unknown(f"the shape of the output of {self.name} is not known", "`output_shape` of the layer")
        return shape

    @property
    def kernel(self) -> Tensor | None:
        """The tensor that the layer multiplies its inputs by, if it has exactly one; else None."""
        kernels = [tensor for tensor in self.tensors if tensor.role == "kernel"]
        return kernels[0] if len(kernels) == 1 else None

    def initializer(self, tensor: Tensor) -> WeightInitializer | None:
        """Return the initialiser of one of its tensors; None if the layer's kind has none for this role."""
        if self.sent is not None and tensor.parameter in self.sent.initializers:
            return self.sent.initializers[tensor.parameter]
        if self.own is None:
            raise Unknown(f"how the initial weights of {self.name} are drawn is not known", CONFIGURATION)
        field = INITIALIZERS.get(tensor.role) if tensor.role else None
        return getattr(self.own.spec, field, None) if field else None

    @property
    def can_saturate(self) -> bool:
        """True if its activation has a largest slope, and is not a relu."""
        return can_saturate(self.activation)

    @property
    def is_relu(self) -> bool:
        """True if its units can be off for every sample: a relu without a slope below zero."""
        return turns_off(self.activation)

    @property
    def steepest(self) -> float:
        """The largest slope of its activation; 1 without one."""
        return steepest_of(self.activation)
