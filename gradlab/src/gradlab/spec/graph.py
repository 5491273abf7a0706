"""GraphSpec: a network whose layers have names and inputs. A chain is the short way to write one.

A node is a layer, another use of an earlier node's weights, or a graph of its own. Nested graphs are written out when
the network is walked (`gradlab.spec.network`): the node ``left`` inside ``encoder`` is the layer ``encoder.left``.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Annotated

from pydantic import Field, ValidationInfo, model_validator

from gradlab.frozen import MAX_NAMED, Frozen, PathName, impossible
from gradlab.spec.bounds import refused_layers
from gradlab.spec.problems import among, at_most
from gradlab.vocabulary.layers import Layer, LayerSpec

# Far above any service's own bounds. They limit the time that the check itself takes.
MAX_LAYERS, MAX_NODES, MAX_INPUTS = 10_000, 10_000, MAX_NAMED
# The name of a graph's input where it names none itself.
INPUT = "input"

# Keras forbids slashes in a layer's name, TensorFlow a first character that is neither letter nor digit. A dot is what
# stands between a nested graph's name and those of its nodes.
MAX_NODE_NAME, NODE_NAME = 100, r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
NodeName = Annotated[str, Field(min_length=1, max_length=MAX_NODE_NAME, pattern=NODE_NAME)]
Sources = Annotated[tuple[PathName, ...], Field(strict=False, min_length=1, max_length=MAX_INPUTS), at_most(MAX_INPUTS)]


class Node(Frozen):
    """One node of a graph: a layer, a second use of another node, or a graph. Exactly one of the three is given."""

    name: NodeName
    """Its name, by which other nodes take its output: letters, digits, - and _."""
    inputs: Sources
    """The nodes, or the graph's inputs, whose outputs it takes, in this order. A node that is a graph with several
    outputs is named with one of them: ``encoder.left``."""
    layer: Layer | None = None
    """The layer; its `repeat` is 1."""
    shares: NodeName | None = None
    """The node whose layer or graph is used here a second time, with the same weights."""
    graph: "Graph | None" = None
    """A graph inside this one."""

    @model_validator(mode="after")
    def _one_of_three(self) -> "Node":
        given = [field for field in ("layer", "shares", "graph") if getattr(self, field) is not None]
        if len(given) != 1:
            raise impossible("", "one of layer, shares and graph", " and ".join(given) or "none of them")
        if self.layer is not None and self.layer.repeat != 1:
            raise impossible("layer.repeat", "1: a node is one layer", str(self.layer.repeat))
        return self


class Graph(Frozen):
    """Nodes with their inputs and outputs. Every node leads to an output, and none to itself."""

    nodes: Annotated[tuple[Node, ...], Field(strict=False, min_length=1, max_length=MAX_NODES), at_most(MAX_NODES)]
    """The nodes, in any order."""
    inputs: Annotated[
        tuple[NodeName, ...], Field(strict=False, min_length=1, max_length=MAX_INPUTS), at_most(MAX_INPUTS)
    ] = (INPUT,)
    """The names of its inputs."""
    outputs: Sources
    """The nodes whose outputs are the graph's."""

    @model_validator(mode="after")
    def _check_graph(self) -> "Graph":
        _check_names(self)
        _check_shared(self)
        _check_sources(self)
        _check_used(self)
        self.order  # noqa: B018  (raises where nodes wait for one another)
        return self

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """The nodes by name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def order(self) -> tuple[Node, ...]:
        """The nodes in the order of the forward pass: each behind its inputs, otherwise as they are listed."""
        return _ordered(self)

    def origin(self, node: Node) -> Node:
        """Return the node whose layer or graph `node` uses: itself, or the one that it shares."""
        while node.shares is not None:
            node = self.by_name[node.shares]
        return node

    @cached_property
    def layer_count(self) -> int:
        """The number of layers with nested graphs and blocks written out."""
        counts: dict[str, int] = {}  # each graph is counted once, however often it is used
        for node in self.nodes:
            if node.graph is not None:
                counts[node.name] = node.graph.layer_count
            elif node.layer is not None:
                counts[node.name] = layer_count((node.layer,))
        return sum(counts[self.origin(node).name] for node in self.nodes)


class GraphSpec(Graph):
    """The network, as a graph. One input is called ``input`` unless it is named; an output has the name of its node."""

    @model_validator(mode="after")
    def _check_whole(self, info: ValidationInfo) -> "GraphSpec":
        check_count(self.layer_count, info)
        return self


Node.model_rebuild(_types_namespace={"Graph": Graph, "Layer": Layer})


def layer_count(layers: Sequence[LayerSpec]) -> int:
    """Return the number of layers with repeats written out, including those inside blocks."""
    return sum(layer.repeat * (1 + layer_count(layer.inner)) for layer in layers)


def check_count(count: int, info: ValidationInfo) -> None:
    """Refuse too many layers before they are walked, also by the service's bound if the context has one."""
    if count > MAX_LAYERS:
        expected = f"at most {MAX_LAYERS} layers, repeats counted"
        raise impossible("", expected, f"{count} layers, {count - MAX_LAYERS} too many")
    if problem := refused_layers(count, info):
        raise impossible("", problem.expected, problem.received)


def is_node_name(text: str) -> bool:
    """True if a node of a graph may have this name."""
    return len(text) <= MAX_NODE_NAME and re.fullmatch(NODE_NAME, text) is not None


def split_source(source: str) -> tuple[str, str]:
    """Split the name of an input, ``encoder.left``, into the node's name and that of the graph's output, or ""."""
    node, _, output = source.partition(".")
    return node, output


def _check_names(graph: Graph) -> None:
    seen = set(graph.inputs)
    if len(seen) < len(graph.inputs):
        raise impossible("inputs", "each name once", ", ".join(graph.inputs))
    for place, node in enumerate(graph.nodes):
        if node.name in seen:
            raise impossible(f"nodes[{place}].name", "a name that no other node and no input has", node.name)
        seen.add(node.name)
    if len(set(graph.outputs)) < len(graph.outputs):
        raise impossible("outputs", "each output once", ", ".join(graph.outputs))


def _check_shared(graph: Graph) -> None:
    for place, node in enumerate(graph.nodes):
        if node.shares is None:
            continue
        owner = graph.by_name.get(node.shares)
        if owner is None or owner.shares is not None:
            owners = [each.name for each in graph.nodes if each.shares is None]
            expected = f"a node with a layer or graph of its own: {among(owners, node.shares)}"
            raise impossible(f"nodes[{place}].shares", expected, node.shares)


def _check_sources(graph: Graph) -> None:
    for place, node in enumerate(graph.nodes):
        for number, source in enumerate(node.inputs):
            _check_source(graph, source, f"nodes[{place}].inputs[{number}]", f"an input of {node.name}")
        inside = graph.origin(node).graph
        if inside is not None and len(inside.inputs) != len(node.inputs):
            expected = f"{len(inside.inputs)} for the graph {node.name}: {', '.join(inside.inputs)}"
            raise impossible(f"nodes[{place}].inputs", expected, f"{len(node.inputs)}: {', '.join(node.inputs)}")
    for number, source in enumerate(graph.outputs):
        _check_source(graph, source, f"outputs[{number}]", "an output", inputs=())


def _check_source(graph: Graph, source: str, field: str, what: str, inputs: Sequence[str] | None = None) -> None:
    """Refuse a name that is neither a node nor an input, and a graph of several outputs without saying which."""
    name, output = split_source(source)
    inputs = graph.inputs if inputs is None else inputs
    node = graph.by_name.get(name)
    if node is None and (output or name not in inputs):
        raise impossible(field, f"the name of {what}: {among([*inputs, *graph.by_name], source)}", source)
    inside = graph.origin(node).graph if node is not None else None
    outputs = inside.outputs if inside is not None else ()
    if output and output not in outputs:
        expected = among([f"{name}.{each}" for each in outputs], source) if outputs else f"{name}: it is no graph"
        raise impossible(field, expected, source)
    if not output and len(outputs) > 1:
        named = ", ".join(f"{name}.{each}" for each in outputs)
        raise impossible(field, f"one of the outputs of {name}: {named}", source)


def _check_used(graph: Graph) -> None:
    """Refuse nodes from which no output follows, and inputs that no node takes."""
    used: set[str] = set()
    waiting = [split_source(source)[0] for source in graph.outputs]
    while waiting:
        name = waiting.pop()
        if name not in used:
            used.add(name)
            node = graph.by_name.get(name)
            waiting.extend(split_source(source)[0] for source in (node.inputs if node is not None else ()))
    for place, node in enumerate(graph.nodes):
        if node.name not in used:
            expected = f"a node that leads to an output ({', '.join(graph.outputs)})"
            raise impossible(f"nodes[{place}]", expected, f"{node.name}, which no node takes that does")
    for place, name in enumerate(graph.inputs):
        if name not in used:
            raise impossible(f"inputs[{place}]", "an input that a node takes", name)


def _ordered(graph: Graph) -> tuple[Node, ...]:
    """Order the nodes by depth-first search, each behind its inputs. Raises pydantic's error for a cycle."""
    done: dict[str, Node] = {}
    for first in graph.nodes:
        path: dict[str, Iterator[str]] = {first.name: _before(graph, first)} if first.name not in done else {}
        while path:
            name = next(reversed(path))
            source = next(path[name], None)
            if source is None:
                done[name] = graph.by_name[name]
                del path[name]
            elif source in path:
                circle = [*list(path)[list(path).index(source) :], source]
                place = graph.nodes.index(graph.by_name[source])
                received = " takes ".join(reversed(circle)) if len(circle) > 2 else f"{source} takes {source}"
                raise impossible(f"nodes[{place}].inputs", "nodes that do not wait for one another", received)
            elif source not in done:
                path[source] = _before(graph, graph.by_name[source])
    return tuple(done.values())


def _before(graph: Graph, node: Node) -> Iterator[str]:
    """Yield the names of the nodes whose outputs a node takes."""
    names = (split_source(source)[0] for source in node.inputs)
    return (name for name in names if name in graph.by_name)
