"""Measure, Sighting and Finding: the plain data of a diagnosis."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

Kind = Literal["risk", "symptom", "failure"]
Severity = Literal["info", "warning", "critical"]
Comparison = Literal["<", ">", "=="]

AVOIDABLE_LOSS, AVOIDABLE_ERRORS = "of the avoidable loss", "of the avoidable errors"
# Decimals that are shown of numbers in these units: less than a thousandth of the avoidable is practically 0. Numbers
# in other units have the digits of `shown`.
DECIMALS: Mapping[str, int] = {AVOIDABLE_LOSS: 3, AVOIDABLE_ERRORS: 3}

# The name of an output, which JSON leaves out where it is "".
OutputName = Annotated[str, Field(exclude_if=lambda name: not name)]

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")


@dataclass(frozen=True)
class Measure:
    """A number that a finding rests on, with the threshold that it lies beyond.

    Attributes:
        name: the name in the rule's formula.
        value: the number; None where it is not finite.
        comparison: the relation of value and threshold that the rule detects.
        threshold: the threshold that the value lies beyond; None for a number that is only added for the reader.
        unit: the unit of both; empty for a bare number.
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
        """The measure in a sentence: as a number, with ``%`` as a percentage, with ``layer is|layers are`` as a count.

        A ``!`` in front drops the sentence unless the measure lies beyond its threshold.
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
    """Build a measure from any float: None for NaN and infinities, no threshold unless the value lies beyond it."""
    lies_beyond = threshold is not None and {"<": value <= threshold, ">": value >= threshold, "==": True}[comparison]
    bound = float(threshold) if threshold is not None and lies_beyond and math.isfinite(threshold) else None
    return Measure(name, float(value) if math.isfinite(value) else None, comparison, bound, unit)


def percentage(share: float) -> str:
    """Format a share as a percentage: "0 %" for negative ones, and "100 %" only for exactly 1."""
    if share <= 0:
        return "0 %"
    if share < 0.001:
        return "less than 0.1 %"
    return "more than 99.9 %" if 0.999 < share < 1 else f"{shown(100 * share)} %"


def shown(value: float) -> str:
    """Format a number for a sentence, with two or three digits."""
    size = abs(value)
    if size and not 1e-3 <= size < 1e4:
        return f"{value:.1e}"
    return f"{value:.0f}" if size >= 100 or value == int(value) else f"{value:.3g}"


@dataclass(frozen=True)
class Sighting:
    """A rule's detection in one run.

    Attributes:
        layers: the layers concerned, input side first; () for the whole network.
        since_epoch: the first epoch concerned; 0 is the state before the first update.
        measures: the numbers that it rests on, the decisive one first.
        severity, kind, explanation, remedies: those of the rule where None.
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
    """A rule's sightings over all seeds of an experiment.

    Attributes:
        rule: the rule's name.
        title: the problem in a few words.
        kind: ``risk``: seen before the first update; ``symptom``: seen in runs that fail; ``failure``: the failure
            itself.
        severity: ``info``, ``warning`` or ``critical``.
        layers: the layers concerned in any of the runs, input side first; () for the whole network.
        seeds: the seeds with a sighting.
        of_seeds: the number of seeds that were read.
        since_epoch: the earliest epoch in any of these runs.
        measures: the numbers that it rests on, with their thresholds, from the run with the median first measure.
        explanation: one paragraph for a first-time reader, with these numbers.
        remedies: names of remedies, best first.
        caused_by: the names of the rules whose findings this one directly follows from.
        output: the name of the output, of several, that it concerns; "" for the whole network.
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
    output: OutputName = ""


# Findings about one output that are felt in others: its gradients flow through the layers that they share.
SPREADING = ("target_range", "initial_loss", "loss_blow_up", "negative_crossentropy")


def concerns(cause: Finding, effect: Finding) -> bool:
    """True if the effect can follow from the cause: both concern one output, or one of them the whole network."""
    return cause.output in ("", effect.output) or not effect.output or cause.rule in SPREADING


def causes_of(effect: Finding, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that `caused_by` of a finding names, of several outputs those that concern it."""
    return [each for each in findings if each.rule in effect.caused_by and concerns(each, effect)]
