"""Specs of experiments, checked before anything is trained."""

from gradlab.spec.any import ANY_SPEC, EXTERNAL, SERVICE, AnySpec, source_of
from gradlab.spec.experiment import ExperimentSpec, ModelSpec
from gradlab.spec.external import ExternalSpec
from gradlab.spec.network import NamedLayer
from gradlab.spec.training import TrainingSpec

__all__ = [
    "ANY_SPEC",
    "EXTERNAL",
    "SERVICE",
    "AnySpec",
    "ExperimentSpec",
    "ExternalSpec",
    "ModelSpec",
    "NamedLayer",
    "TrainingSpec",
    "source_of",
]
