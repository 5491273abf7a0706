"""A rewrite of all hidden layers of a network by one function, in a chain and in a graph.

In a graph the first layer that replaces a node keeps its name. Further ones are new nodes behind it, and whatever took
the node's output takes that of the last one. Further uses of the node's weights use those of the new nodes, too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from gradlab.errors import Invalid, Problem
from gradlab.remedies.rewriting.layers import Layers, Place, Rewrite, places
from gradlab.spec import ExperimentSpec, ModelSpec, NamedLayer
from gradlab.spec.graph import Graph, GraphSpec, Node
from gradlab.vocabulary.layers import LayerSpec


def rewritten(spec: ExperimentSpec, change: Rewrite, *, only_hidden: bool = True) -> ModelSpec | GraphSpec:
    """Return the network with each hidden layer replaced by the layers that `change` returns for it.

    Inner layers are replaced before their block. Equal neighbours that were written as a repeat become one again, if
    each was replaced by one layer.

    Args:
        spec: the experiment.
        change: a function from a layer to those that replace it.
        only_hidden: False to replace the output layer and the layers behind it as well.

    Raises:
        Invalid: a layer of several inputs was left out.
    """
    by_name = {place.name: place if only_hidden else replace(place, hidden=True) for place in places(spec)}
    if isinstance(spec.model, GraphSpec):
        network = {named.name: named for named in spec.network}
        return spec.model.model_copy(update=_GraphRewrite(spec.model, "", _Layers(network, by_name, change)).fields())
    return spec.model.model_copy(update={"layers": _rewritten(spec.model.layers, spec.network, by_name, change)})


def _rewritten(layers: Layers, network: Sequence[NamedLayer], by_name: dict[str, Place], change: Rewrite) -> Layers:
    named = iter(network)
    result: list[LayerSpec] = []
    for layer in layers:
        replaced = [_replaced(next(named), by_name, change) for _ in range(layer.repeat)]
        result.extend(_with_repeats(replaced))
    return tuple(result)


def _replaced(named: NamedLayer, by_name: dict[str, Place], change: Rewrite) -> Layers:
    place = by_name[named.name]
    if named.inner:
        inner = _rewritten(named.spec.inner, named.inner, by_name, change)
        place = replace(place, layer=place.layer.model_copy(update={"layers": inner}))
    return tuple(change(place)) if place.hidden else (place.layer,)


def _with_repeats(replaced: Sequence[Layers]) -> Iterator[LayerSpec]:
    for layers, equal in groupby(replaced):
        count = len(list(equal))
        if len(layers) == 1:
            yield layers[0].model_copy(update={"repeat": count * layers[0].repeat})
        else:
            yield from layers * count


@dataclass(frozen=True)
class _Layers:
    """The layers of a graph, nested graphs written out, and what is done to them."""

    network: dict[str, NamedLayer]
    by_name: dict[str, Place]
    change: Rewrite

    def replaced(self, name: str) -> Layers:
        return _replaced(self.network[name], self.by_name, self.change)


class _GraphRewrite:
    """The rewrite of one graph, and of the graphs inside it."""

    def __init__(self, graph: Graph, prefix: str, layers: _Layers) -> None:
        self._graph = graph
        self._replaced: dict[str, Layers] = {}
        self._inside: dict[str, _GraphRewrite] = {}
        for node in graph.nodes:
            if node.graph is not None:
                self._inside[node.name] = _GraphRewrite(node.graph, f"{prefix}{node.name}.", layers)
            elif node.layer is not None:
                self._replaced[node.name] = layers.replaced(f"{prefix}{node.name}")
        self._names = self._new_names()
        self._sources: dict[str, str] = {}  # what a node takes -> what it takes afterwards
        self._nodes = {node.name: self._after(node) for node in graph.order}
        self.outputs = tuple(map(self._source, graph.outputs))

    def fields(self) -> dict[str, Any]:
        """Return the graph's fields that change, its nodes in the order in which they are listed."""
        nodes = tuple(each for node in self._graph.nodes for each in self._nodes[node.name])
        return {"nodes": nodes, "outputs": self.outputs}

    def _new_names(self) -> dict[str, list[str]]:
        """The names of the nodes that replace each node with a layer: its own, and new ones."""
        taken = {*self._graph.inputs, *self._graph.by_name}
        names: dict[str, list[str]] = {}
        for node in self._graph.nodes:
            layers = self._replaced.get(self._graph.origin(node).name, ())
            names[node.name] = [node.name] if layers else []
            for layer in layers[1:]:
                free = (f"{node.name}_{layer.kind}{number or ''}" for number in range(len(taken) + 1))
                names[node.name].append(next(name for name in free if name not in taken))
                taken.add(names[node.name][-1])
        return names

    def _source(self, name: str) -> str:
        return self._sources.get(name, name)

    def _after(self, node: Node) -> list[Node]:
        """The nodes that replace a node; notes what takes its output afterwards."""
        taken, origin = tuple(map(self._source, node.inputs)), self._graph.origin(node)
        if origin.graph is not None:
            inside = self._inside[origin.name]
            pairs = zip(origin.graph.outputs, inside.outputs, strict=True)
            self._sources |= {f"{node.name}.{before}": f"{node.name}.{after}" for before, after in pairs}
            graph = node.graph and node.graph.model_copy(update=inside.fields())
            return [node.model_copy(update={"inputs": taken, "graph": graph})]
        layers, names, nodes = self._replaced[origin.name], self._names[node.name], []
        if not layers and len(taken) > 1:
            raise Invalid(Problem("model", f"a layer of one input in place of {node.name}", f"{len(taken)} inputs"))
        for name, owner, layer in zip(names, self._names[origin.name], layers, strict=True):
            own = {"layer": layer, "shares": None} if node.shares is None else {"layer": None, "shares": owner}
            nodes.append(node.model_copy(update={"name": name, "inputs": taken, **own}))
            taken = (name,)
        self._sources[node.name] = taken[0] if not layers else names[-1]
        return nodes
