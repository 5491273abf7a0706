"""Keras models of the clinic's specs, as a user writes them: plain layers, compiled with names and Keras's objects."""

from collections.abc import Sequence
from itertools import count
from typing import Any

import keras

from bench.clinic.by_fit.record import NotByFit
from core.training.network import initial_values
from gradlab.spec import ExperimentSpec, NamedLayer
from gradlab.vocabulary.layers.attention import MultiHeadAttention
from gradlab.vocabulary.layers.blocks import Residual


def model_of(spec: ExperimentSpec, seed: int) -> Any:
    """Return the compiled Keras model of a spec, with the first weights of the service's run of a seed.

    It is a `Sequential` where the layers form a chain, else a functional model.

    Raises:
        NotByFit: the spec has something that a plain `fit` cannot do.
    """
    if spec.training.pretraining is not None:
        raise NotByFit(f"it is pre-trained: {spec.training.pretraining.kind}")
    layers = {named.name: _layer(named) for named in spec.layers}
    model = _sequential(spec, layers) if _is_chain(spec) else _functional(spec, layers)
    for named, values in zip(spec.layers, initial_values(spec, seed), strict=True):
        for variable, value in zip(layers[named.name].trainable_variables, values.trainable, strict=True):
            variable.assign(value)
    model.compile(optimizer=spec.training.optimizer.build(keras), loss=_loss(spec), metrics=_metrics(spec))
    return model


def _layer(named: NamedLayer) -> Any:
    layer = named.spec
    if not isinstance(layer, MultiHeadAttention):
        return layer.build(keras, name=named.name, seeds=count(1))
    arguments = layer.weight_arguments(keras, count(1))
    return keras.layers.MultiHeadAttention(
        layer.num_heads, layer.key_dim, value_dim=layer.value_dim, dropout=layer.dropout, name=named.name, **arguments
    )


def _is_chain(spec: ExperimentSpec) -> bool:
    return not any(named.inner or isinstance(named.spec, MultiHeadAttention) for named in spec.network)


def _sequential(spec: ExperimentSpec, layers: dict[str, Any]) -> Any:
    return keras.Sequential([keras.Input(spec.dataset.feature_shape), *(layers[each.name] for each in spec.network)])


def _functional(spec: ExperimentSpec, layers: dict[str, Any]) -> Any:
    entry = keras.Input(spec.dataset.feature_shape)
    return keras.Model(entry, _after(entry, spec.network, layers))


def _after(x: Any, network: Sequence[NamedLayer], layers: dict[str, Any]) -> Any:
    """Return the output of some layers for an input."""
    for named in network:
        layer = layers[named.name]
        if isinstance(named.spec, Residual):
            inside = _after(x, named.inner, layers)
            x = layer([x, inside if named.spec.scale == 1 else inside * named.spec.scale])
        elif isinstance(named.spec, MultiHeadAttention):
            x = layer(x, x, use_causal_mask=True) if named.spec.causal else layer(x, x)
        else:
            x = layer(x)
    return x


def _loss(spec: ExperimentSpec) -> Any:
    """Return the loss's name, or Keras's object where it has other parameters than the usual ones."""
    loss = spec.only_output.loss
    parameters = loss.model_dump(exclude={"kind"}, exclude_defaults=True)
    if not parameters:
        return loss.kind
    return getattr(keras.losses, "".join(word.capitalize() for word in loss.kind.split("_")))(**parameters)


def _metrics(spec: ExperimentSpec) -> list[Any]:
    binary = spec.dataset.target.kind == "labels" or not spec.one_hot
    threshold = spec.only_output.loss.threshold
    return [_metric(name, threshold if binary else None) for name in spec.metric_names]


def _metric(name: str, threshold: float | None) -> Any:
    """Return a metric of Keras. Its "accuracy" of several units is that of the largest one, also for labels."""
    if name == "accuracy" and threshold is not None:
        return keras.metrics.BinaryAccuracy(name, threshold=threshold)
    return keras.metrics.R2Score(name=name) if name == "r2_score" else name
