"""A feature that determines the target by itself."""

import re

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule
from gradlab.facts import Leak

MIN_LEAKS = 1
FORMS = {
    "equal": "is the target",
    "linear": "is a linear function of the target",
    "monotone": "rises or falls with the target, sample by sample",
    "one_to_one": "has one value for each class",
}
# A name that fits into a sentence.
PLAIN = re.compile(r"[\w -]{1,60}")


def detect(run: Run) -> Sighting | None:
    """Read how many features determine the target."""
    faults = run.view.faults
    if faults.leak is None or faults.leaks is None or not faults.leaks >= MIN_LEAKS:
        return None
    leaks = measure("leaks", faults.leaks, ">", MIN_LEAKS, "features")
    return Sighting((), 0, (leaks,), explanation=f"{_named(faults.leak)} {FORMS[faults.leak.form]}. {MEANING}")


def _named(leak: Leak) -> str:
    """The feature by its name, or by its number where a name would not fit into a sentence."""
    named = leak.name is not None and PLAIN.fullmatch(leak.name)
    return f"The feature {leak.name}" if named else f"Feature {leak.feature}, counted from 0,"


MEANING = (
    "{leaks:feature determines|features determine} the target alone, so what the network learns is to copy it, and its "
    "scores say nothing about the others. Often such a feature is known only after the answer is: an outcome, a code "
    "given with the diagnosis, the target itself left in the table. Leave it out if it is not there when an answer is "
    "needed."
)

RULE = Rule(
    name="target_leak",
    title="A feature determines the target",
    kind="risk",
    severity="warning",
    formula=(
        "features with |correlation with the target| ≥ 1 − 1e-6, or in the same or opposite order, or with one value "
        "in each class, ≥ leaks; not every feature is one"
    ),
    thresholds={"leaks": MIN_LEAKS},
    source="Kaufman, Rosset, Perlich & Stitelman 2012, Leakage in data mining; no measurement is so exact",
    explanation=MEANING,
    remedies=(),
    causes=(),
    detect=detect,
    of_output=True,
)
