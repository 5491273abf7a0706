"""A network's layers in the order of the forward pass, with their names, their inputs, and the shapes between them.

Chains and graphs are walked to one structure. Repeats, blocks and nested graphs are written out: a block's layers stand
before it, and the block takes its own input and their output. So the forward pass of any network is one loop over
`in_order`, in which each layer takes the outputs of those that it names.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from gradlab.measurement.history import Tensor
from gradlab.spec.graph import INPUT, Graph, Node
from gradlab.vocabulary.layers import LayerSpec, Shape, ShapeMismatch


@dataclass(frozen=True)
class NamedLayer:
    """One layer of a network, repeats written out.

    Attributes:
        name: in a chain its kind, and its number among the layers of that kind, counted from the input: ``dense_1``; in
            a graph the name of its node, with that of the nested graph or block before it: ``encoder.left``.
        spec: the layer as the spec has it.
        input_shape: the shape of its first input, without the batch axis.
        output_shape: without the batch axis.
        inner: the layers inside a block, first to last; empty for other layers.
        inputs: the names of the layers, or of the network's input, whose outputs it takes. A block takes its input and
            the output of its inner layers. Empty for a training elsewhere, where only the order is known.
        input_shapes: the shapes of all its inputs; empty like `inputs`.
        shares: the name of the layer whose weights it uses; "" for a layer with weights of its own.
        path: its place in the spec: ``layers[2].layers[0]``, ``nodes[1].layer``.
    """

    name: str
    spec: LayerSpec
    input_shape: Shape
    output_shape: Shape
    inner: tuple["NamedLayer", ...] = ()
    inputs: tuple[str, ...] = ()
    input_shapes: tuple[Shape, ...] = ()
    shares: str = ""
    path: str = ""

    @cached_property
    def tensors(self) -> tuple[Tensor, ...]:
        """Its own trainable tensors, in Keras's order, without those of inner layers; () if it shares another's."""
        if self.shares:
            return ()
        shapes = self.spec.parameters(self.input_shape)
        return tuple(Tensor(self.name, parameter, shape) for parameter, shape in shapes.items())

    @property
    def parameter_count(self) -> int:
        """Number of its own trainable parameters, without those of inner layers."""
        return sum(math.prod(tensor.shape) for tensor in self.tensors)

    @property
    def averages(self) -> dict[str, Shape]:
        """The shapes of its running averages, by name and in Keras's order; empty if it shares another's weights."""
        return {} if self.shares else self.spec.averages(self.input_shape)

    @property
    def state_size(self) -> int:
        """Number of its own numbers that are not trained by gradients; 0 if it shares another's."""
        return 0 if self.shares else self.spec.state_size(self.input_shape)


class Misfit(Exception):
    """A layer cannot take its inputs.

    Attributes:
        path: the layer's place in the spec: ``layers[2]``, ``layers[2].layers[0]``, ``nodes[1].layer``.
        name: the layer's name in the network: ``dense_3``.
        mismatch: the expected and the received shapes.
    """

    def __init__(self, path: str, name: str, mismatch: ShapeMismatch) -> None:
        super().__init__(f"{path}: {mismatch}")
        self.path = path
        self.name = name
        self.mismatch = mismatch


@dataclass(frozen=True)
class _Source:
    """An input of a layer: the output of the layer `name`, or the network's input `name`."""

    name: str
    shape: Shape


def walk(layers: Sequence[LayerSpec], input_shape: Shape) -> tuple[NamedLayer, ...]:
    """Compute the shapes through the layers of a chain, repeats written out.

    Raises:
        Misfit: a layer cannot take the output of the layer before it.
    """
    return _chain(layers, _Source(INPUT, input_shape), Counter(), "layers")


def _chain(
    layers: Sequence[LayerSpec], source: _Source, counted: Counter[str], path: str, prefix: str = "", shared: str = ""
) -> tuple[NamedLayer, ...]:
    named = []
    for place, layer in enumerate(layers):
        where = f"{path}[{place}]"
        for _ in range(layer.repeat):
            inner = _chain(layer.inner, source, counted, f"{where}.layers", prefix, shared)
            counted[layer.kind] += 1
            name = f"{layer.kind}_{counted[layer.kind]}"
            sources = (source, _output(inner[-1])) if inner else (source,)
            owner = f"{shared}{name}" if shared else ""
            named.append(_named(f"{prefix}{name}", layer, sources, where, inner, owner))
            source = _output(named[-1])
    return tuple(named)


def _output(layer: NamedLayer) -> _Source:
    return _Source(layer.name, layer.output_shape)


def _named(
    name: str, layer: LayerSpec, sources: Sequence[_Source], path: str, inner: tuple[NamedLayer, ...], shares: str
) -> NamedLayer:
    shapes = tuple(source.shape for source in sources)
    try:
        output_shape = layer.merged_shape(shapes)
    except ShapeMismatch as mismatch:
        raise Misfit(path, name, mismatch) from mismatch
    inputs = tuple(source.name for source in sources)
    return NamedLayer(name, layer, shapes[0], output_shape, inner, inputs, shapes, shares, path)


def walk_graph(graph: Graph, input_shapes: Sequence[Shape]) -> tuple[NamedLayer, ...]:
    """Compute the shapes through a graph, nested graphs written out; the order is that of the forward pass.

    Args:
        graph: the whole network.
        input_shapes: the shape of each of its inputs, without the batch axis.

    Raises:
        Misfit: a layer cannot take its inputs.
    """
    walked = _GraphWalk()
    walked.through(graph, [_Source(*each) for each in zip(graph.inputs, input_shapes, strict=True)], "nodes", "", "")
    return tuple(walked.layers)


class _GraphWalk:
    """The layers of a graph, nested graphs written out, as they are reached."""

    def __init__(self) -> None:
        self.layers: list[NamedLayer] = []

    def through(
        self, graph: Graph, sources: Sequence[_Source], path: str, prefix: str, shared: str
    ) -> dict[str, _Source]:
        """Walk a graph.

        Args:
            graph: the graph.
            sources: what its inputs are.
            path: the place of its nodes in the spec.
            prefix: what stands before the names of its layers.
            shared: what stands before the names of the layers whose weights these use; "" if they have their own.

        Returns:
            The graph's outputs, by their names in it.
        """
        outputs = dict(zip(graph.inputs, sources, strict=True))
        places = {node.name: place for place, node in enumerate(graph.nodes)}
        for node in graph.order:
            origin = graph.origin(node)
            where = f"{path}[{places[node.name]}]"
            owner = f"{shared or prefix}{origin.name}" if shared or node.shares else ""
            taken = [outputs[source] for source in node.inputs]
            if origin.graph is None:
                place = where if node.shares else f"{where}.layer"
                outputs[node.name] = self._layer(origin, taken, place, f"{prefix}{node.name}", owner)
                continue
            inside = f"{path}[{places[origin.name]}].graph.nodes"
            before = f"{prefix}{node.name}."
            made = self.through(origin.graph, taken, inside, before, f"{owner}." if owner else "")
            outputs |= {f"{node.name}.{name}": source for name, source in made.items()}
            if len(made) == 1:
                outputs[node.name] = next(iter(made.values()))
        return {output: outputs[output] for output in graph.outputs}

    def _layer(self, node: Node, sources: Sequence[_Source], path: str, name: str, owner: str) -> _Source:
        layer = node.layer
        assert layer is not None  # `Node` has checked it
        inside = f"{owner}." if owner else ""
        inner = _chain(layer.inner, sources[0], Counter(), f"{path}.layers", f"{name}.", inside)
        if inner and len(sources) > 1:
            mismatch = ShapeMismatch("one input", f"{len(sources)}: {', '.join(str(each.shape) for each in sources)}")
            raise Misfit(path, name, mismatch)
        named = _named(name, layer, [*sources, *map(_output, inner[-1:])], path, inner, owner)
        self.layers.append(named)
        return _output(named)


def check_shared(layers: Sequence[NamedLayer]) -> None:
    """Check that every use of a layer takes inputs of the shapes for which its weights are made.

    Raises:
        Misfit: a use takes others.
    """
    by_name = {layer.name: layer for layer in layers}
    for layer in layers:
        if layer.shares and (expected := by_name[layer.shares].input_shapes) != layer.input_shapes:
            shapes, received = (", ".join(map(str, each)) for each in (expected, layer.input_shapes))
            raise Misfit(layer.path, layer.name, ShapeMismatch(f"{shapes}, as {layer.shares} takes", received))


def in_order(layers: Sequence[NamedLayer]) -> Iterator[NamedLayer]:
    """Yield every layer in the order of the forward pass: those inside a block, then the block."""
    for layer in layers:
        yield from in_order(layer.inner)
        yield layer


def leading_to(layers: Sequence[NamedLayer], names: Collection[str]) -> frozenset[str]:
    """Return the names of the layers from which one of `names` follows.

    Args:
        layers: all layers in the order of the forward pass, with their inputs.
        names: the layers that are led to.
    """
    leading: set[str] = set()
    for layer in reversed(layers):
        if layer.name in names or layer.name in leading:
            leading.update(layer.inputs)
    return frozenset(leading)


def foremost(layers: Sequence[NamedLayer], names: Sequence[str]) -> list[int]:
    """Return the places in `names` of the layers before which none of the others stands; of a name's places the first.

    Args:
        layers: all layers in the order of the forward pass, with their inputs.
        names: names of some of them.
    """
    behind: set[str] = set()
    for layer in layers:
        if any(name in names or name in behind for name in layer.inputs):
            behind.add(layer.name)
    return [names.index(name) for name in dict.fromkeys(names) if name not in behind]


def last_before(names: Sequence[str], before: Iterable[Collection[str]]) -> list[int]:
    """Return the places in `names` of the last one before each output; where none is, the last place.

    Args:
        names: names of some layers, in the order of the forward pass.
        before: for each output the names of the layers from which it follows, with the layer that makes it.
    """
    last = len(names) - 1
    return sorted({max((place for place, name in enumerate(names) if name in each), default=last) for each in before})


def is_chain(network: Sequence[NamedLayer]) -> bool:
    """True if each layer takes the output of the one before it alone, and no two share weights.

    Args:
        network: the layers from the input to the output, each block as one layer.
    """
    before = network[0].inputs[:1] if network else ()
    for layer in network:
        if layer.shares or layer.inputs[:1] != before or len(layer.inputs) > 1 + bool(layer.inner):
            return False
        before = (layer.name,) if layer.inputs else ()
    return True


def depths(layers: Sequence[NamedLayer], names: Collection[str]) -> dict[str, int]:
    """Return for each layer the largest number of `names` on a way from the input to it, itself counted.

    Args:
        layers: all layers in the order of the forward pass, with their inputs.
        names: the layers that are counted.
    """
    depth: dict[str, int] = {}
    for layer in layers:
        before = max((depth.get(name, 0) for name in layer.inputs), default=0)
        depth[layer.name] = before + (layer.name in names)
    return depth
