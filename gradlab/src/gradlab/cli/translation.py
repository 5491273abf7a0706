"""The translation of a Keras model in the terminal."""

from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gradlab.frozen import ByName
from gradlab.schemas.translation import TranslationResponse
from gradlab.spec.graph import Graph
from gradlab.translate.keras_code import layer_code, loss_code, optimizer_code


def render_translation(translation: TranslationResponse) -> Group:
    """Render the layers, what the model was compiled with, and what was left out."""
    table = Table("layer", "in Keras", "means")
    for name, meaning in _layers(translation.model):
        table.add_row(name, translation.names.get(name, ""), Text(meaning))
    parts: list[RenderableType] = [table]
    shapes = _shapes(translation.input_shapes), _shapes(translation.output_shapes)
    parts.append(Text(f"inputs {shapes[0]}, outputs {shapes[1]}"))
    if training := translation.training:
        loss, optimizer = _by_output(training.loss, loss_code), optimizer_code(training.optimizer)
        metrics = f", metrics {_by_output(training.metrics, ', '.join)}" if training.metrics else ""
        weights = f", loss weights {_by_output(training.loss_weights, str)}" if training.loss_weights else ""
        parts.append(Text(f"loss {loss}{weights}, optimizer {optimizer}{metrics}"))
    parts += [Text(f"left out: {each}", style="dim") for each in translation.dropped]
    return Group(*parts, *(Text(each) for each in translation.notes))


def _by_output(value: Any, write: Callable[[Any], str]) -> str:
    """Return a value as text, or those of several outputs with their names."""
    if not isinstance(value, ByName):
        return write(value)
    return "; ".join(f"{name}: {write(each)}" for name, each in value.items())


def _layers(model: Any) -> Iterator[tuple[str, str]]:
    """Yield the name of each layer in the spec, and the call that makes it in Keras."""
    if isinstance(model, Graph):
        yield from _nodes(model, "")
        return
    counts: dict[str, int] = {}
    for layer in model.layers:
        counts[layer.kind] = counts.get(layer.kind, 0) + 1
        yield f"{layer.kind}_{counts[layer.kind]}", layer_code(layer)


def _nodes(graph: Graph, prefix: str) -> Iterator[tuple[str, str]]:
    for node in graph.order:
        sources = ", ".join(f"{prefix}{source}" for source in node.inputs)
        name = f"{prefix}{node.name}"
        if node.graph is not None:
            yield name, f"the layers of {name} on {sources}"
            yield from _nodes(node.graph, f"{name}.")
        else:
            yield name, f"{layer_code(node.layer) if node.layer else f'{prefix}{node.shares}'} on {sources}"


def _shapes(shapes: list[Any]) -> str:
    return ", ".join("unknown" if each is None else str(tuple(each)).replace("None", "any") for each in shapes)
