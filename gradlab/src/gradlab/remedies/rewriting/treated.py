"""A spec with some of its parts replaced, checked like any other."""

import json
from collections.abc import Iterable
from typing import Any

from gradlab.errors import Invalid, Problem
from gradlab.remedies.rewriting.layers import hidden_places, weighted
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from gradlab.vocabulary.layers import LayerSpec

LONGEST_NAME = 200


def treated(
    spec: ExperimentSpec,
    remedy: str,
    refusal: Problem,
    *,
    layers: Iterable[LayerSpec] | None = None,
    dataset: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
) -> ExperimentSpec:
    """`spec` with other layers, and with the fields of dataset and training that are given; its name says so.

    Args:
        spec: what is treated.
        remedy: the remedy's name.
        refusal: what to say where nothing changes.
        layers: the whole network.
        dataset: fields of the dataset.
        training: fields of the training.

    Raises:
        Invalid: nothing has changed, or what came out cannot be trained.
    """
    data = json.loads(spec.canonical())
    if layers is not None:
        data["model"]["layers"] = [layer.model_dump(mode="json") for layer in layers]
    data["dataset"] |= dataset or {}
    data["training"] |= training or {}
    try:
        after = parse(json.dumps(data))
    except Invalid as refused:
        raise Invalid(*(_broken(problem, remedy) for problem in refused.problems)) from refused
    if after == spec:
        raise Invalid(refusal)
    data["name"] = _named(spec.name, remedy)
    return parse(json.dumps(data))


def _broken(problem: Problem, remedy: str) -> Problem:
    """What is wrong with the treated spec, said of the one that cannot be treated so."""
    return Problem(problem.field, f"what {remedy} leaves in order: {problem.expected}", problem.received)


def _named(name: str, remedy: str) -> str:
    """The name with the remedy behind it; what is too long loses some of its middle."""
    longer = f"{name} + {remedy}"
    if len(longer) <= LONGEST_NAME:
        return longer
    begin = LONGEST_NAME // 2
    return f"{longer[:begin]}…{longer[begin + 1 - LONGEST_NAME :]}"


def in_words(spec: ExperimentSpec) -> str:
    """The hidden layers with weights, said in a line: ``5 × dense tanh random_uniform``."""
    counted: dict[str, int] = {}
    for place in hidden_places(spec):
        if layer := weighted(place.layer):
            words = f"{layer.kind} {place.activation.kind} {layer.kernel_initializer.kind}"
            counted[words] = counted.get(words, 0) + 1
    return ", ".join(f"{count} × {words}" for words, count in counted.items()) or "no hidden layer with weights"
