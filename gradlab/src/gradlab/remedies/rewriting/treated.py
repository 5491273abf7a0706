"""Replacement of parts of a spec, with the validation of the result."""

import json
from typing import Any

from gradlab.errors import Invalid, Problem
from gradlab.remedies.rewriting.layers import hidden_places, weighted
from gradlab.remedies.rewriting.start import with_carried_weights
from gradlab.spec import ExperimentSpec, ModelSpec
from gradlab.spec.experiment import parse
from gradlab.spec.graph import GraphSpec

MAX_NAME_LENGTH = 200


def treated(
    spec: ExperimentSpec,
    remedy: str,
    refusal: Problem,
    *,
    model: ModelSpec | GraphSpec | None = None,
    dataset: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
) -> ExperimentSpec:
    """Return `spec` with another network and other fields of dataset and training; its name gets the remedy's appended.

    Layers that the change leaves alike begin with the weights that they began with.

    Args:
        spec: the spec to treat.
        remedy: the remedy's name.
        refusal: the problem that is raised where nothing changes.
        model: the whole network; None to keep it.
        dataset: the fields of the dataset to replace.
        training: the fields of the training to replace.

    Raises:
        Invalid: nothing has changed, or the result cannot be trained.
    """
    data = spec.model_dump(mode="json") | {"name": _named(spec.name, remedy)}
    if model is not None:
        data["model"] = model.model_dump(mode="json")
    data["dataset"] |= dataset or {}
    data["training"] |= (training or {}) | {"initial_weights": None}
    try:
        after = with_carried_weights(spec, parse(json.dumps(data)))
    except Invalid as refused:
        raise Invalid(*(_broken(problem, remedy) for problem in refused.problems)) from refused
    if (after.model, after.dataset, after.training) == (spec.model, spec.dataset, spec.training):
        raise Invalid(refusal)
    return after


def _broken(problem: Problem, remedy: str) -> Problem:
    """The problem of the treated spec as a problem of the untreated one."""
    return Problem(problem.field, f"a spec that {remedy} leaves valid: {problem.expected}", problem.received)


def _named(name: str, remedy: str) -> str:
    """The name with the remedy's appended; a name that is too long loses its middle."""
    longer = f"{name} + {remedy}"
    if len(longer) <= MAX_NAME_LENGTH:
        return longer
    begin = MAX_NAME_LENGTH // 2
    return f"{longer[:begin]}…{longer[begin + 1 - MAX_NAME_LENGTH :]}"


def in_words(spec: ExperimentSpec) -> str:
    """Return the hidden layers with weights as one line: ``5 × dense tanh random_uniform``."""
    counted: dict[str, int] = {}
    for place in hidden_places(spec):
        if layer := weighted(place.layer):
            words = f"{layer.kind} {place.activation.kind} {layer.kernel_initializer.kind}"
            counted[words] = counted.get(words, 0) + 1
    return ", ".join(f"{count} × {words}" for words, count in counted.items()) or "no hidden layer with weights"
