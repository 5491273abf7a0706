"""Responses about the layers of specs."""

import math

from gradlab.schemas.experiments import LayerResponse, TensorResponse
from gradlab.spec import ExperimentSpec


def layer_responses(spec: ExperimentSpec) -> list[LayerResponse]:
    """Build the responses for the layers of a spec's network, in the order of the forward pass."""
    return [
        LayerResponse(
            layer=layer.name,
            input_shape=layer.input_shape,
            output_shape=layer.output_shape,
            tensors=[
                TensorResponse(parameter=tensor.parameter, shape=tensor.shape, count=math.prod(tensor.shape))
                for tensor in layer.tensors
            ],
            parameters=layer.parameter_count,
        )
        for layer in spec.layers
    ]
