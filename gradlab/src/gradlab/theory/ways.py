"""Ways through a network with several inputs or outputs, which theory follows where they are chains."""

import math

from gradlab.spec import ExperimentSpec, NamedLayer
from gradlab.spec.network import is_chain, leading_to


def ways_of(spec: ExperimentSpec) -> dict[str, tuple[NamedLayer, ...]]:
    """Return the layers from the inputs to each output, of the outputs before which they form a chain.

    A concatenation of all inputs at the beginning is left out: the next layer takes the inputs one after another.

    Args:
        spec: the experiment.

    Returns:
        The ways by the names of the outputs; that of a single output is "".
    """
    if len(spec.inputs) == len(spec.outputs) == 1:
        return {"": spec.network}
    inputs, size = {each.name for each in spec.inputs}, sum(math.prod(each.shape) for each in spec.inputs)
    ways = {}
    for output in spec.outputs:
        before = leading_to(spec.network, {output.layer.name}) | {output.layer.name}
        way = tuple(layer for layer in spec.network if layer.name in before)
        if way[0].spec.kind == "concatenate" and {*way[0].inputs} == inputs and len(way[0].output_shape) == 1:
            way = way[1:]
        if way and is_chain(way) and math.prod(way[0].input_shape) == size:
            ways[output.name] = way
    return ways
