"""The network of an external training, as far as its sender describes it in the vocabulary of this service."""

from collections.abc import Sequence

from gradlab.spec.external_layer import ExternalLayer
from gradlab.spec.network import NamedLayer


def named_layers(layers: Sequence[ExternalLayer]) -> dict[str, NamedLayer]:
    """Return the layers by name that have a configuration and complete shapes. A block holds those listed before it."""
    named: dict[str, NamedLayer] = {}
    waiting: list[NamedLayer | None] = []  # the layers of the chain so far, each block as one; None: not described
    for layer in layers:
        inner: tuple[NamedLayer, ...] | None = ()
        if layer.configuration is not None and layer.configuration.inner:
            inner = _taken(waiting, sum(each.repeat for each in layer.configuration.inner))
        shapes = layer.input_axes, layer.output_axes
        described = None
        if layer.configuration is not None and inner is not None and shapes[0] is not None and shapes[1] is not None:
            described = NamedLayer(layer.name, layer.configuration, shapes[0], shapes[1], inner)
            named[layer.name] = described
        waiting.append(described)
    return named


def _taken(waiting: list[NamedLayer | None], count: int) -> tuple[NamedLayer, ...] | None:
    """Take the last `count` layers; None if there are fewer, or one is not described."""
    taken, waiting[-count:] = waiting[-count:], []
    return tuple(each for each in taken if each) if len(taken) == count and all(taken) else None


def sources_of(layers: Sequence[ExternalLayer]) -> dict[str, tuple[str, ...]]:
    """Return the layers that each layer takes, by its name and in order: the one before it where none is described."""
    before = [(), *((layer.name,) for layer in layers)]
    return {
        layer.name: previous if layer.inbound is None else layer.inbound
        for layer, previous in zip(layers, before, strict=False)
    }


def chain(layers: Sequence[ExternalLayer]) -> tuple[NamedLayer, ...]:
    """Return the network from the input to the output, each block as one layer; () if its layers form no chain.

    Raises:
        LookupError: a layer has no configuration or no complete shapes; its argument is the layer's name.
    """
    named = named_layers(layers)
    for layer in layers:
        if layer.name not in named:
            raise LookupError(layer.name)
    inside = {inner.name for each in named.values() for inner in _all_inside(each)}
    outer = [layer for layer in layers if layer.name not in inside]
    for before, layer in zip([None, *outer], outer, strict=False):
        if layer.inbound is not None and not named[layer.name].inner:
            expected = () if before is None else (before.name,)
            if layer.inbound != expected:
                return ()
    return tuple(named[layer.name] for layer in outer)


def _all_inside(layer: NamedLayer) -> list[NamedLayer]:
    return [each for inner in layer.inner for each in (inner, *_all_inside(inner))]
