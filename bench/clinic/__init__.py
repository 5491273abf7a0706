"""A clinic for the rules: specs that are healthy or ill because they were made so.

Each healthy network and dataset of `bench.clinic.grounds` makes a family: a healthy twin, its equals with other good
initialisers, and what one change each of `bench.clinic.changes` makes of it. Families go by chance, whole, to the half
on which thresholds are tuned or to that which only the final figures touch. Whether a case really is what it was made
to be decides `bench.clinic.criterion`, by what it learns beside its twin and beside independent learners, and without
asking a rule; a case that is not does not count. `bench.clinic.judging` holds what the diagnosis says against it.
"""

from bench.clinic.case import BY_NAME, ILLNESSES, Case, Half, Illness
from bench.clinic.construction import cases

__all__ = ["BY_NAME", "ILLNESSES", "Case", "Half", "Illness", "cases"]
