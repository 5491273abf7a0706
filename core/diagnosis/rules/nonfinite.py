"""The run has left the finite numbers."""

import numpy as np

from core.diagnosis.evidence import Run
from core.diagnosis.finding import Sighting, measure
from core.diagnosis.groups import DATA, DRAW, EXPLOSIONS, GROWTHS, STEPS
from core.diagnosis.rule import Rule


def look(run: Run) -> Sighting | None:
    """Ask the engine's own finding, the losses, and the counts of weights and activations."""
    since, count = _first(run)
    if since is None and run.stopped_by != "nonfinite":
        return None
    culprit = run.culprit
    if culprit is not None:
        since, count = culprit.epoch, culprit.count
        where = "The first was in the " + (f"{culprit.where} of {{layers}}" if culprit.layer else culprit.where)
        told = f"{where}, in epoch {culprit.epoch}, mini-batch {culprit.batch}: {culprit.kind}. "
    else:
        told = ""
    layers = (culprit.layer,) if culprit is not None and culprit.layer else ()
    since = run.history.last_epoch if since is None else since
    measures = (measure("nonfinite_values", max(1, count), ">", 0, "values"),)
    return Sighting(layers, since, measures, explanation=EXPLANATION.replace("{first}", told))


def _first(run: Run) -> tuple[int | None, int]:
    """The first epoch with a value that is not finite, and how many it has."""
    found: list[tuple[int, int]] = []
    for name in ("loss", "val_loss"):
        values = run.metric(name)
        if values is not None and (lost := np.nonzero(~np.isfinite(values))[0]).size:
            found.append((int(run.epochs[lost[0]]), 1))
    for kind in ("weights", "activations"):
        counted = run.series(kind, "nonfinite")
        if counted is not None:
            total = np.where(np.isnan(counted.values), 0.0, counted.values).sum(axis=1)
            epoch = counted.first(total > 0)
            if epoch is not None:
                found.append((epoch, int(min(total[total > 0][0], 1e9))))
    if not found:
        return None, 0
    epoch = min(epoch for epoch, _ in found)
    return epoch, max(count for each, count in found if each == epoch)


EXPLANATION = (
    "The run has left the finite numbers: NaN or infinite values, {nonfinite_values} at first. {first}From there every "
    "result is NaN, and nothing can be learnt any more. NaN is where an explosion ends, seldom where it begins: look "
    "at what grew before. Scaled inputs, a lower learning rate and a limit on the gradient's norm are the first things "
    "to try."
)

RULE = Rule(
    name="nonfinite",
    title="The run left the finite numbers",
    kind="failure",
    severity="critical",
    formula="#{NaN or ±∞ in losses, weights, activations} > 0",
    thresholds={"nonfinite": 0.0},
    source="Amazon SageMaker Debugger, ExplodingTensor; keras.callbacks.TerminateOnNaN",
    explanation=EXPLANATION.replace("{first}", ""),
    remedies=(
        "input_scaling",
        "learning_rate_lower",
        "clip_by_global_norm",
        "initializer_for_activation",
        "batch_normalization",
    ),
    causes=(*DATA, *DRAW, *GROWTHS, "initial_loss", *STEPS, *EXPLOSIONS),
    look=look,
)
