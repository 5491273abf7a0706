"""Facts of this service's experiments, from the samples of their datasets."""

from functools import lru_cache
from typing import Any

import numpy as np

from gradlab.facts.expectation import theory_of, theory_of_ways
from gradlab.facts.measurement import Load, drawn, flat, measure
from gradlab.facts.model import Facts, Theory
from gradlab.facts.outputs import Ending, measure_outputs, sizes_by_input
from gradlab.spec import ExperimentSpec
from gradlab.spec.masks import steps_that_count
from gradlab.spec.recording import PROBE_SAMPLES
from gradlab.spec.weights import ClassWeight, loss_weights
from gradlab.theory.ways import ways_of
from gradlab.vocabulary.datasets import Dataset, DatasetSpec

Array = np.ndarray
Names = tuple[str, ...]


def of_spec(spec: ExperimentSpec, load: Load = drawn) -> Facts:
    """Return the facts of an experiment of this service, from the samples of its dataset; the last 32 are cached.

    Pre-training and everything else that follows the first weights leaves them as they are.

    Args:
        spec: the experiment.
        load: loads the samples.
    """
    facts, _ = _of_data(*_data_key(spec), load)
    return facts.model_copy(update={"theory": _theory(spec, load)})


def endings_of(spec: ExperimentSpec) -> tuple[Ending, ...]:
    """Return the outputs of an experiment, as far as the facts about their targets rest on them."""
    ends = ((each.name, each.target, each.loss, each.layer.output_shape[-1], each.mask) for each in spec.outputs)
    return tuple(Ending(*end) for end in ends)


def _data_key(spec: ExperimentSpec) -> tuple[DatasetSpec, Names, tuple[Ending, ...], ClassWeight]:
    """The parts of a spec that the facts without those of the network rest on."""
    return spec.dataset, tuple(each.name for each in spec.inputs), endings_of(spec), spec.training.class_weight


@lru_cache(maxsize=32)
def _of_data(
    dataset: DatasetSpec, inputs: Names, outputs: tuple[Ending, ...], class_weight: ClassWeight, load: Load
) -> tuple[Facts, Array]:
    """The facts without those of the network, and the inputs of the probe batch."""
    data = load(dataset)
    weights = loss_weights(dataset, class_weight, data)
    own, names = None if weights is None else weights[0], _feature_names(dataset, inputs)
    if len(outputs) == 1:
        facts = _of_one(data, inputs, outputs[0], own, names)
    else:
        train_x, val_x = _by_name(inputs, data.train_x), _by_name(inputs, data.val_x)
        ends = [each.name for each in outputs]
        train_y, val_y = _by_name(ends, data.train_y), _by_name(ends, data.val_y)
        facts = measure_outputs(train_x, train_y, val_x, val_y, outputs=outputs, feature_names=names, weights=own)
    if len(inputs) == 1:
        return facts, data.train_x[:PROBE_SAMPLES].copy()  # a view would keep all samples in memory
    return facts, flat([part[:PROBE_SAMPLES] for part in data.train_x])


def _of_one(data: Dataset, inputs: Names, output: Ending, weights: Array | None, names: Names) -> Facts:
    """The facts of a training with one output."""
    parts = data.train_x, data.train_y, data.val_x, data.val_y
    by_name, mask = _by_name(inputs, data.train_x), output.mask
    facts = measure(
        *parts,
        target=output.target,
        loss=output.loss,
        units=output.units,
        weights=weights,
        feature_names=names,
        counted=None if mask is None else steps_that_count(mask, by_name[mask.inputs[0]]),
    )
    if len(inputs) == 1:
        return facts
    return facts.model_copy(update={"by_input": sizes_by_input(by_name)})


def _by_name(names: Names | list[str], arrays: Any) -> dict[str, Array]:
    """Arrays of inputs or outputs by their names: one array, or a tuple of several."""
    return dict(zip(names, [arrays] if len(names) == 1 else arrays, strict=True))


def _feature_names(dataset: DatasetSpec, inputs: Names) -> Names:
    """The columns of an uploaded table that no step widens; () for other samples.

    Of several inputs they stand one after another. Where one is no list of columns there is none.
    """
    features = getattr(dataset, "features", None)
    if isinstance(features, tuple):
        return features
    own = [features.get(name) for name in inputs] if len(inputs) > 1 and features is not None else []
    if not own or not all(isinstance(each, tuple) for each in own):
        return ()
    return tuple(name for each in own for name in each)


@lru_cache(maxsize=64)
def _theory(spec: ExperimentSpec, load: Load) -> Theory:
    _, probe = _of_data(*_data_key(spec), load)
    if len(spec.inputs) == len(spec.outputs) == 1:
        return theory_of(spec.network, probe.astype(np.float64))
    return theory_of_ways(ways_of(spec), probe.astype(np.float64))
