"""Facts about each of a network's several outputs, and the size of each of its several inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from gradlab.facts.faults import faults_of
from gradlab.facts.inputs import inputs_of
from gradlab.facts.learnable import neighbours_of
from gradlab.facts.measurement import fields_of_targets, flat, in_form, measure, parted
from gradlab.facts.model import MAX_ENDS, MAX_FEATURES, MAX_SHARES, DataFaults, Facts, Inputs, OutputFacts
from gradlab.spec import NamedLayer
from gradlab.spec.external_layer import ExternalTarget
from gradlab.vocabulary.losses import LossFunction
from gradlab.vocabulary.targets import Target

Array = np.ndarray
Arrays = Mapping[str, Array]
# Faults of the inputs alone, which all outputs share.
OF_INPUTS = ("nonfinite_inputs", "repeated", "repeated_in_training", "discrete")


@dataclass(frozen=True)
class Ending:
    """One output of a network, as far as the facts about its targets rest on it.

    Attributes:
        name: its name, by which its targets are found.
        target: the form of its targets; None if unknown.
        loss: its loss; None if it is unknown or not in the vocabulary.
        units: number of its units; None if unknown.
        mask: the layer that masks the time steps that its loss leaves out; None for none.
    """

    name: str
    target: Target | None
    loss: LossFunction | None
    units: int | None
    mask: NamedLayer | None = None


def measure_outputs(
    train_x: Arrays,
    train_y: Arrays,
    val_x: Arrays | None,
    val_y: Arrays | None,
    *,
    outputs: Sequence[Ending],
    network: Sequence[NamedLayer] | None = None,
    feature_names: Sequence[str] = (),
    weights: Array | None = None,
) -> Facts:
    """Work out the facts of a training with several outputs. No sample is among them.

    Args:
        train_x: (samples, *features) training samples of each input, in the order of the network.
        train_y: their targets of each output, as `gradlab.facts.measure` takes them. One that is missing is unknown.
        val_x, val_y: those of the validation samples; None without any.
        outputs: the outputs.
        network: the layers from the inputs to the outputs; None if they are not described.
        feature_names: names of the features of all inputs, one after another.
        weights: (samples,) of the training samples in every loss; None for equal ones.
    """
    x, held = _joined(train_x), None if val_x is None else _joined(val_x)
    whole = measure(x, None, held, None, target=None, network=network, feature_names=feature_names)
    parts = flat(x), None if held is None else flat(held)
    of_outputs, limit = {}, MAX_SHARES // max(1, min(len(outputs), MAX_ENDS))
    for output in outputs[:MAX_ENDS]:
        if output.target is None or output.name not in train_y:
            continue
        own = train_y[output.name], None if val_y is None else val_y.get(output.name)
        facts = _of_output(output, parts, own, weights, feature_names, limit)
        of_outputs[output.name] = facts.model_copy(update=_faults(facts, whole))
    faults = whole.faults or DataFaults()
    # Of each output the share of samples is known, not which they are: the largest one is a lower bound of all.
    bad = [each.faults.nonfinite_targets or 0.0 for each in of_outputs.values() if each.faults is not None]
    faults = faults.model_copy(update={"nonfinite_targets": max(bad, default=None)})
    return whole.model_copy(update={"outputs": of_outputs, "faults": faults, "by_input": sizes_by_input(train_x)})


def sizes_by_input(train_x: Arrays) -> dict[str, Inputs] | None:
    """Return the size of each input by its name, of the first `MAX_ENDS`; None for a single one.

    Args:
        train_x: (samples, *features) training samples of each input.
    """
    if len(train_x) < 2:
        return None
    limit = MAX_FEATURES // min(len(train_x), MAX_ENDS)
    return {name: inputs_of(flat(part), max_listed=limit) for name, part in islice(train_x.items(), MAX_ENDS)}


def _joined(x: Arrays) -> Array:
    """A single input as it is; the features of several one after another."""
    return next(iter(x.values())) if len(x) == 1 else flat(x)


def _of_output(
    output: Ending,
    x: tuple[Array, Array | None],
    y: tuple[Array, Array | None],
    weights: Array | None,
    names: Sequence[str],
    max_shares: int,
) -> OutputFacts:
    """The facts that rest on an output's targets; x and y are training and validation samples."""
    target = output.target
    assert target is not None
    form = ExternalTarget(kind=target.kind, count=target.count, steps=target.steps)
    train_y, val_y = in_form(y[0], target), None if y[1] is None else in_form(y[1], target)
    units = output.units or target.count
    fields = fields_of_targets(train_y, target, output.loss, units, weights, max_shares=max_shares)
    val = None if x[1] is None or val_y is None else (x[1], val_y)
    with np.errstate(all="ignore"):
        neighbours = neighbours_of(parted(x[0], train_y, val), target)
        faults = faults_of(x[0], train_y, None, val_y, target=target, raw_y=y[0], names=names)
    compared = {"compared": neighbours.compared, "contradicted": neighbours.contradicted}
    reachable = neighbours.score if weights is None else float("nan")
    return OutputFacts(target=form, reachable=reachable, faults=faults.model_copy(update=compared), **fields)


def _faults(facts: OutputFacts, whole: Facts) -> dict[str, object]:
    """The faults of an output's targets, with those of the inputs."""
    if facts.faults is None or whole.faults is None:
        return {}
    of_inputs = {name: getattr(whole.faults, name) for name in OF_INPUTS}
    return {"faults": facts.faults.model_copy(update=of_inputs)}
