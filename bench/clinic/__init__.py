"""The clinic: a benchmark of the diagnosis on specs that are healthy or ill by construction.

Each healthy network of `bench.clinic.networks` forms a family with each of its datasets. A family has a healthy twin,
further healthy cases with other suitable initialisers, and ill cases, each by one change of `bench.clinic.changes`. The
name of a family decides its half (`bench.clinic.construction.side`), so additions move no other family. Thresholds were
tuned on both halves. `bench.clinic.unseen` is a third set, of networks and datasets that occur in neither half: no
threshold was tuned on it.

`bench.clinic.criterion` confirms the state of a case by its scores, compared with its twin and with independent
learners, without any rule. Cases that it does not confirm do not count; `bench.clinic.check` lists them.
`bench.clinic.judging` compares the diagnosis with the construction.
"""

from bench.clinic.case import BY_NAME, ILLNESSES, Case, Illness, Part
from bench.clinic.construction import cases

__all__ = ["BY_NAME", "ILLNESSES", "Case", "Illness", "Part", "cases"]
