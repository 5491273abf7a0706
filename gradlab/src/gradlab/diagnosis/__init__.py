"""What is wrong with an experiment, on what evidence: rules that read its runs, and theory that says what to expect.

`diagnose` asks every rule of `RULES` about every seed, keeps risks, symptoms and failures apart, puts what was found in
causal order and names one root cause. Everything here is a pure function of specs and histories.
"""

from collections.abc import Sequence

from gradlab.diagnosis.conclusion import Diagnosis, SeedOutcome, Unjudged, conclude
from gradlab.diagnosis.evidence import ExternalRun, Run
from gradlab.diagnosis.finding import Finding, Measure, Sighting
from gradlab.diagnosis.outcome import Outcome, outcome
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.rules import RULES
from gradlab.spec import ExperimentSpec, ExternalSpec


def diagnose(spec: ExperimentSpec | ExternalSpec, runs: Sequence[Run]) -> Diagnosis:
    """What is wrong with an experiment, from what is recorded of its runs so far.

    Args:
        spec: the experiment.
        runs: its seeds' runs; a seed that is missing, or has no epoch yet, is undecided.
    """
    return conclude(spec, runs, RULES)


__all__ = [
    "RULES",
    "Diagnosis",
    "ExternalRun",
    "Finding",
    "Measure",
    "Outcome",
    "Rule",
    "Run",
    "SeedOutcome",
    "Sighting",
    "Unjudged",
    "diagnose",
    "outcome",
]
