"""Random graphs: a random chain with a layer of several inputs somewhere between its layers."""

from collections.abc import Sequence
from random import Random
from typing import Any

from gradlab.spec import ModelSpec
from gradlab.spec.graph import INPUT
from gradlab.spec.network import walk
from gradlab.vocabulary.layers import Shape

Fields = dict[str, Any]
# Probability that the second input of the merge is a second use of the layer before it, where the shapes allow it.
SHARES = 0.5


def merging_graph(random: Random, layers: Sequence[Fields], merge: Fields, shape: Shape) -> Fields:
    """Return the fields of a network of `layers` with the layer `merge` behind one of them.

    Args:
        random: the source of chance.
        layers: the fields of a chain's layers, the last of which makes the output.
        merge: the fields of the layer that takes several inputs.
        shape: of the network's inputs.
    """
    written = [{**layer, "repeat": 1} for layer in layers for _ in range(layer.get("repeat", 1))]
    chain = walk(ModelSpec.model_validate({"layers": written}).layers, shape)
    place = random.randrange(len(written))  # the merge stands before this layer
    names = [INPUT, *(f"node-{number}" for number in range(1, len(written) + 1))]
    shapes = [shape, *(layer.output_shape for layer in chain)]
    nodes = [
        {"name": name, "layer": layer, "inputs": [source]}
        for name, source, layer in zip(names[1:], names, written, strict=False)
    ]
    alike = [name for name, each in zip(names[: place + 1], shapes, strict=False) if each == shapes[place]]
    other = random.choice(alike)
    if place and shapes[place - 1] == shapes[place] and random.random() < SHARES:
        other = "again"
        nodes.append({"name": other, "shares": names[place], "inputs": [names[place]]})
    nodes.append({"name": "merged", "layer": {**merge, "repeat": 1}, "inputs": [names[place], other]})
    nodes[place]["inputs"] = ["merged"]
    random.shuffle(nodes)
    return {"nodes": nodes, "outputs": [names[-1]]}
