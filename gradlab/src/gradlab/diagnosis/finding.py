"""What a diagnosis is made of: measures, what was seen of one run, what was found over all seeds. All are plain
data."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["risk", "symptom", "failure"]
Severity = Literal["info", "warning", "critical"]
Comparison = Literal["<", ">", "=="]

AVOIDABLE_LOSS, AVOIDABLE_ERRORS = "of the avoidable loss", "of the avoidable errors"
# So many decimals of a number in a unit are shown; of other units as many as `shown` gives. A thousandth of what could
# be avoided is nothing.
DECIMALS: Mapping[str, int] = {AVOIDABLE_LOSS: 3, AVOIDABLE_ERRORS: 3}

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")


@dataclass(frozen=True)
class Measure:
    """A number that a finding rests on, beside the threshold that it was held against.

    Attributes:
        name: what was measured, as the rule's formula calls it.
        value: the number; None where it is not finite.
        comparison: how value and threshold compare where the rule speaks up.
        threshold: what it was held against, and which it lies beyond; None for a number that only tells more, such as
            that of an alternative that does not hold.
        unit: in what both are measured; empty for a bare number.
    """

    name: str
    value: float | None
    comparison: Comparison
    threshold: float | None
    unit: str = ""

    def __str__(self) -> str:
        if self.value is None:
            return "unknown"
        decimals = DECIMALS.get(self.unit)
        return shown(self.value if decimals is None else round(self.value, decimals) + 0.0)

    def __format__(self, form: str) -> str:
        """In a sentence: as it is, ``%`` as a percentage, ``layer is|layers are`` as a count of those.

        With ``!`` in front the sentence is left out unless the measure lies beyond its threshold.
        """
        form = form.removeprefix("!")
        if self.value is None or not form:
            return str(self)
        if form == "%":
            return percentage(self.value)
        one, several = form.split("|")
        count = shown(self.value) if self.value else "no"
        return f"{count} {one if count == '1' else several}"


def measure(name: str, value: float, comparison: Comparison, threshold: float | None, unit: str = "") -> Measure:
    """A measure of any float, as JSON can carry it; without the threshold where it does not lie beyond it."""
    lies_beyond = threshold is not None and {"<": value <= threshold, ">": value >= threshold, "==": True}[comparison]
    bound = float(threshold) if threshold is not None and lies_beyond and math.isfinite(threshold) else None
    return Measure(name, float(value) if math.isfinite(value) else None, comparison, bound, unit)


def percentage(share: float) -> str:
    """A share of a whole, which has 0 to 100 % of it; more where it can be more."""
    if share <= 0:
        return "0 %"
    if share < 0.001:
        return "less than 0.1 %"
    return "more than 99.9 %" if 0.999 < share < 1 else f"{shown(100 * share)} %"


def shown(value: float) -> str:
    """A number as a sentence carries it: two or three digits."""
    size = abs(value)
    if size and not 1e-3 <= size < 1e4:
        return f"{value:.1e}"
    return f"{value:.0f}" if size >= 100 or value == int(value) else f"{value:.3g}"


@dataclass(frozen=True)
class Sighting:
    """What a rule says of one run.

    Attributes:
        layers: where, input side first; () where it concerns the whole network.
        since_epoch: since when; 0 before the first update.
        measures: the numbers that it rests on, the decisive one first.
        severity: where it is another one than the rule's; `kind`, `explanation` and `remedies` likewise.
    """

    layers: tuple[str, ...]
    since_epoch: int
    measures: tuple[Measure, ...]
    severity: Severity | None = None
    kind: Kind | None = None
    explanation: str | None = None
    remedies: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Finding:
    """What a rule says of an experiment.

    Attributes:
        rule: its name.
        title: what is wrong, in a few words.
        kind: ``risk``, seen before the first update; ``symptom``, seen in runs that fail; ``failure``, what failed.
        severity: ``info``, ``warning`` or ``critical``.
        layers: where, input side first.
        seeds: those in whose runs it was seen.
        of_seeds: out of how many.
        since_epoch: in the first of these runs in which it was seen.
        measures: the numbers that it rests on, with their thresholds, of the run in the middle.
        explanation: one paragraph for a reader who meets this for the first time, with these numbers.
        remedies: names of remedies, best first.
        caused_by: the findings, by rule, that this one follows from.
    """

    rule: str
    title: str
    kind: Kind
    severity: Severity
    layers: tuple[str, ...]
    seeds: tuple[int, ...]
    of_seeds: int
    since_epoch: int
    measures: tuple[Measure, ...]
    explanation: str
    remedies: tuple[str, ...]
    caused_by: tuple[str, ...] = ()
