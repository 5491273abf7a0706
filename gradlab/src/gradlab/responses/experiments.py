"""Responses about the layers of specs."""

import math

from gradlab.schemas.experiments import LayerResponse, TensorResponse
from gradlab.spec import AnySpec, ExperimentSpec, ExternalSpec

TURNED = (
    "in Keras's order of axes, with the names of PyTorch: a weight is (inputs, units) and not (units, inputs), an "
    "image (height, width, channels) and not (channels, height, width)"
)


def layer_responses(spec: ExperimentSpec) -> list[LayerResponse]:
    """Build the responses for the layers of a spec's network, in the order of the forward pass."""
    return [
        LayerResponse(
            layer=layer.name,
            input_shape=layer.input_shape,
            output_shape=layer.output_shape,
            inputs=layer.inputs,
            shares=layer.shares or None,
            tensors=[
                TensorResponse(parameter=tensor.parameter, shape=tensor.shape, count=math.prod(tensor.shape))
                for tensor in layer.tensors
            ],
            parameters=layer.parameter_count,
        )
        for layer in spec.layers
    ]


def order_of_axes(spec: AnySpec) -> str | None:
    """Return the order of axes in a spec's shapes, in words; None where the framework has that order itself."""
    return TURNED if isinstance(spec, ExternalSpec) and spec.framework == "torch" else None
