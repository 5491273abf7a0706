"""Validation samples of other classes than the training samples."""

import math

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule

# Total variation distance of the classes. Training samples that are balanced on purpose, of classes of 95 % and 5 %,
# have a distance of 0.45 to validation samples as they come.
DISTANCE = 0.5
# Chance that two parts drawn at random are so far apart.
CHANCE = 1e-3


def detect(run: Run) -> Sighting | None:
    """Compare the distance of the classes with what parts drawn at random have."""
    distance, facts = run.view.faults.class_distance, run.view.facts
    if distance is None or facts is None or not facts.val_count:
        return None
    samples = min(facts.val_count, facts.train_count or facts.val_count)
    limit = max(DISTANCE, distance_by_chance(len(run.view.class_shares), samples))
    if not distance > limit:
        return None
    measures = (
        measure("class_distance", distance, ">", limit, "of the samples"),
        measure("val_samples", facts.val_count, ">", None, "samples"),
    )
    return Sighting((), 0, measures)


def distance_by_chance(classes: int, samples: int) -> float:
    """Return the total variation distance that shares of classes in drawn samples exceed with a chance of CHANCE.

    Its mean is at most √(classes/samples)/2. One sample moves it by at most 1/samples, so that (McDiarmid 1989) it
    exceeds its mean by t with a chance of at most exp(−2·samples·t²).

    Args:
        classes: number of classes.
        samples: number of samples, 1 or more.
    """
    return math.sqrt(classes / samples) / 2 + math.sqrt(-math.log(CHANCE) / (2 * samples))


RULE = Rule(
    name="split_by_class",
    title="Training and validation samples are of different classes",
    kind="risk",
    severity="warning",
    formula=(
        "total variation distance of the classes of training and validation samples > distance, and > what parts drawn "
        "at random have with probability chance"
    ),
    thresholds={"distance": DISTANCE, "chance": CHANCE},
    source="McDiarmid 1989 (bounded differences); Keras: `validation_split` takes the last samples, before a shuffle",
    explanation=(
        "Of the validation samples {class_distance:%} would have to change their class for the parts to be alike. The "
        "network is validated on classes that it has hardly met, so the validation loss rises while it learns. Mostly "
        "the samples are sorted by class and the last ones are held out (`validation_split` of Keras, a split "
        "`in_order`). Shuffle before dividing, or divide each class (`stratify=`, the split `stratified`)."
    ),
    remedies=(),
    causes=(),
    detect=detect,
    of_output=True,
)
