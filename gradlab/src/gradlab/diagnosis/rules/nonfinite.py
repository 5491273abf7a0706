"""A run whose losses, gradients, weights or activations are no longer finite."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import DATA, DRAW, EXPLOSIONS, GROWTHS, STEPS
from gradlab.diagnosis.nonfinite_origin import GROWN, origin
from gradlab.diagnosis.rule import Rule


def detect(run: Run) -> Sighting | None:
    """Find the origin of non-finite values: the engine's culprit, else the first epoch in which any was counted."""
    first = origin(run)
    if first is None:
        return None
    explanation, remedies = STORIES[first.story]
    culprit = run.culprit
    if culprit is not None:
        where = "The first was in the " + (f"{culprit.where} of {{layers}}" if culprit.layer else culprit.where)
        place = f"{where}, in epoch {culprit.epoch}, mini-batch {culprit.batch}: {culprit.kind}. "
    else:
        place = "The first were in the gradients of {layers}. " if first.layers else ""
    measures = [measure("nonfinite_values", max(1.0, first.count), ">", 0, "values")]
    if first.story == "explosion" and first.growth > GROWN:
        measures.append(measure("growth", first.growth, ">", GROWN, "times the first"))
        place += "Before, loss or gradients had grown to {growth} times what they were at first. "
    explanation = explanation.replace("{first}", f"in epoch {first.epoch}. {place}")
    return Sighting(first.layers, first.epoch, tuple(measures), explanation=explanation, remedies=remedies)


BEGINNING = "The run has left the finite numbers: NaN or infinite values, {nonfinite_values} at first, {first}"
EXPLOSION = (
    BEGINNING + "From there nothing can be learnt any more. NaN is where an explosion ends, seldom where it begins: "
    "look at what grew before. Scaled inputs, a lower learning rate and a limit on the gradient's norm are the first "
    "things to try."
)
BAD_DATA = (
    BEGINNING + "They were there before anything could have grown, and no function that is known to make such values "
    "was trained: so they came with the samples. Ask whether all inputs and all targets are finite numbers "
    "(np.isfinite(x).all(), and the same of y), and drop or fill in those that are not; look at divisions by a "
    "feature's spread, which is 0 where the feature is constant, and at missing values in what was read. A lower "
    "learning rate or a limit on the gradient's norm changes nothing: the first sample that is met does it again."
)
FIRST_EPOCH = (
    BEGINNING + "It happened within the first epoch, after some mini-batches that were finite, so what grew in it was "
    "not recorded. Two things look like that. A single sample may be no number: ask whether all inputs and targets are "
    "finite (np.isfinite(x).all(), and the same of y). If they are, the updates overshot at once: scale the inputs and "
    "the targets, and lower the learning rate by a factor of ten."
)
SINGULAR = (
    BEGINNING + "Nothing had grown before: loss and gradients were of their usual size. So a function was met at a "
    "point where it has no slope or no value: a square root or a norm at 0, whose slope is infinite, a logarithm at 0, "
    "a division by 0. Look at the loss and at layers of one's own, and keep their arguments away from such points: add "
    "a small number inside (√(x + 1e-10), log(x + 1e-7)), or take the function that the framework offers for it. A "
    "limit on the gradient's norm does not help, NaN has no norm, nor does a lower learning rate."
)

REMEDIES = (
    "input_scaling",
    "learning_rate_lower",
    "clip_by_global_norm",
    "initializer_for_activation",
    "batch_normalization",
)
STORIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "explosion": (EXPLOSION, REMEDIES),
    "data": (BAD_DATA, ()),
    "first_epoch": (FIRST_EPOCH, ("input_scaling", "target_scaling", "learning_rate_lower", "learning_rate_usual")),
    "singular": (SINGULAR, ("output_matched_to_task",)),
}

RULE = Rule(
    name="nonfinite",
    title="The run left the finite numbers",
    kind="failure",
    severity="critical",
    formula=(
        "#{NaN or ±∞ in losses, gradients, weights, activations} > 0; an explosion where one is infinite, or loss or "
        "gradient had grown by more than `grown`; bad data where all are NaN from the first mini-batch on, or those of "
        "the first kernel alone; else a function without a slope"
    ),
    thresholds={"nonfinite": 0.0, "grown": GROWN},
    source="Amazon SageMaker Debugger, ExplodingTensor; keras.callbacks.TerminateOnNaN; growth as in gradient_spike",
    explanation=EXPLOSION.replace("{first}", ""),
    remedies=REMEDIES,
    also=(
        "target_scaling",
        "output_matched_to_task",
        "activation_tanh",
        "learning_rate_usual",
    ),
    causes=(*DATA, *DRAW, *GROWTHS, "initial_loss", *STEPS, *EXPLOSIONS),
    detect=detect,
)
