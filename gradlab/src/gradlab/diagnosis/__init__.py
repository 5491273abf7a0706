"""Diagnosis of an experiment: rules that read its runs, and the theory that predicts what they compare with.

`diagnose` applies every rule of `gradlab.diagnosis.rules` to every run, sorts the findings into risks, symptoms and
failures, puts them in causal order and names one root cause. Everything here is a pure function of specs and histories.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradlab.diagnosis.conclusion import Diagnosis, SeedOutcome, Unjudged, conclude
from gradlab.diagnosis.evidence import ExternalRun, Run
from gradlab.diagnosis.finding import Finding, Measure, Sighting
from gradlab.diagnosis.outcome import Outcome, outcome
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.settling import Settling
from gradlab.diagnosis.unknown import Unknown

if TYPE_CHECKING:
    from gradlab.spec import AnySpec


def diagnose(spec: "AnySpec", runs: Sequence[Run]) -> Diagnosis:
    """Diagnose an experiment from its runs as far as they are recorded.

    Args:
        spec: the experiment's spec.
        runs: one run for each seed. A seed without a run, or without an epoch, is undecided.
    """
    # Imported at the first diagnosis: a client that only reads findings needs none of the rules.
    from gradlab.diagnosis.rules import RULES

    return conclude(spec, runs, RULES)


__all__ = [
    "Diagnosis",
    "ExternalRun",
    "Finding",
    "Measure",
    "Outcome",
    "Rule",
    "Run",
    "SeedOutcome",
    "Settling",
    "Sighting",
    "Unjudged",
    "Unknown",
    "diagnose",
    "outcome",
]
