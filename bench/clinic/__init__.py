"""A clinic for the rules: specs that are healthy or ill because they were made so.

Each healthy network and dataset of `bench.clinic.grounds` makes a family: a healthy twin, its equals with other good
initialisers, and what one change each of `bench.clinic.changes` makes of it. A family goes, whole, to the half of
its name (`bench.clinic.construction.side`): nothing that is added moves it. Thresholds have met cases of both halves.
`bench.clinic.unseen` is a third set, of networks and datasets that occur in neither half: no threshold has met it.

`bench.clinic.criterion` decides, without asking a rule, whether a case is what it was made to be: by what it learns
beside its twin and beside independent learners. A case that is not does not count (`bench.clinic.check` names
them). `bench.clinic.judging` compares what the diagnosis says with what was made.
"""

from bench.clinic.case import BY_NAME, ILLNESSES, Case, Illness, Part
from bench.clinic.construction import cases

__all__ = ["BY_NAME", "ILLNESSES", "Case", "Illness", "Part", "cases"]
