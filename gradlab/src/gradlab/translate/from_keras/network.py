"""A translated network: nodes with their inputs, as a chain where it is one, else as a graph."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gradlab.spec.graph import INPUT, is_node_name
from gradlab.vocabulary.layers import LayerSpec, Shape
from gradlab.vocabulary.layers.merging import Merging


@dataclass
class Placed:
    """A node of a network.

    Attributes:
        name: its name in the graph.
        keras_name: its name in Keras.
        inputs: the nodes whose outputs it takes, a nested graph's output with its name behind a dot.
        layer: the layer; None for a second use and for a nested model.
        shares: the node whose weights it uses.
        inside: the nested model.
    """

    name: str
    keras_name: str
    inputs: tuple[str, ...]
    layer: LayerSpec | None = None
    shares: str | None = None
    inside: "Network | None" = None

    @property
    def chain(self) -> list[tuple[str, LayerSpec]] | None:
        """The layers that stand for the node in a chain, with their paths in Keras; None if it cannot stand in one."""
        if self.layer is not None:
            return None if isinstance(self.layer, Merging) else [(self.keras_name, self.layer)]
        inside = self.inside.chain if self.inside is not None else None
        return None if inside is None else [(f"{self.keras_name}/{path}", layer) for path, layer in inside]

    def fields(self) -> dict[str, Any]:
        """Return the node as it stands in a spec."""
        if self.layer is not None:
            own: dict[str, Any] = {"layer": self.layer.model_dump(mode="json")}
        elif self.inside is not None:
            own = {"graph": self.inside.graph()}
        else:
            own = {"shares": self.shares}
        return {"name": self.name, **own, "inputs": list(self.inputs)}


@dataclass
class Network:
    """A translated model.

    Attributes:
        inputs: names of its inputs.
        input_names: names that Keras has for the inputs.
        input_shapes: their shapes without the batch axis; None for an axis, or a shape, that is unknown.
        nodes: in the order of the forward pass.
        outputs: the nodes whose outputs are the model's.
        output_names: names that Keras's `compile` has for the outputs: those of layers, or of an object of outputs.
        output_shapes: their shapes without the batch axis; None for one that is unknown.
    """

    inputs: list[str] = field(default_factory=list)
    input_names: list[str] = field(default_factory=list)
    input_shapes: list[tuple[int | None, ...] | None] = field(default_factory=list)
    nodes: list[Placed] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    output_names: list[str] = field(default_factory=list)
    output_shapes: list[Shape | None] = field(default_factory=list)

    @property
    def named_outputs(self) -> list[tuple[str, str]]:
        """The name that Keras has for each output, and its name in the spec."""
        return list(zip(self.output_names, self.outputs, strict=True))

    def rename(self, names: Mapping[str, str]) -> None:
        """Give nodes and inputs other names, where they are valid and not taken."""
        taken = {*self.inputs, *(node.name for node in self.nodes)}
        valid = {old: new for old, new in names.items() if is_node_name(new) and new not in taken - {old}}

        def renamed(source: str) -> str:
            node, dot, output = source.partition(".")
            return f"{valid.get(node, node)}{dot}{output}"

        for node in self.nodes:
            node.name, node.inputs = renamed(node.name), tuple(map(renamed, node.inputs))
            node.shares = node.shares and renamed(node.shares)
        self.inputs, self.outputs = list(map(renamed, self.inputs)), list(map(renamed, self.outputs))

    def graph(self) -> dict[str, Any]:
        """Return the network as a graph of a spec."""
        named = {} if self.inputs == [INPUT] else {"inputs": self.inputs}
        return {**named, "nodes": [node.fields() for node in self.nodes], "outputs": self.outputs}

    @property
    def chain(self) -> list[tuple[str, LayerSpec]] | None:
        """The layers with their paths in Keras if each takes the output of the one before it; else None.

        Chains inside it are written out.
        """
        if len(self.inputs) != 1 or len(self.outputs) != 1:
            return None
        before, layers = self.inputs[0], list[tuple[str, LayerSpec]]()
        for node in self.nodes:
            inside = node.chain
            if inside is None or node.inputs != (before,):
                return None
            layers += inside
            before = node.name if node.inside is None else f"{node.name}.{node.inside.outputs[0]}"
        return layers if layers and before == self.outputs[0] else None

    def model(self) -> dict[str, Any]:
        """Return the network as it stands in a spec: a chain where it is one, else a graph."""
        chain = self.chain
        if chain is None:
            return self.graph()
        return {"layers": [layer.model_dump(mode="json") for _, layer in chain]}

    def names(self, path: str = "", keras_path: str = "") -> Iterator[tuple[str, str]]:
        """Yield each layer's name in the spec and its path in Keras, as in ``encoder/dense``; shared ones once."""
        if not path and (chain := self.chain) is not None:
            counts: dict[str, int] = {}
            for keras_name, layer in chain:
                counts[layer.kind] = counts.get(layer.kind, 0) + 1
                yield f"{layer.kind}_{counts[layer.kind]}", keras_name
            return
        for node in self.nodes:
            if node.layer is not None:
                yield f"{path}{node.name}", f"{keras_path}{node.keras_name}"
            elif node.inside is not None:
                yield from node.inside.names(f"{path}{node.name}.", f"{keras_path}{node.keras_name}/")
